"""Standard errors and intervals of a mixture's parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from gmmx.contract.tables import Table
from gmmx.model.covariance import STRUCTURES_BY_NAME

if TYPE_CHECKING:
    from gmmx.arrays import Array

MOST_ROWS = 40  # of the table


@dataclass(frozen=True, eq=False)
class ParameterUncertainty:
    """Uncertainty of one array of parameters; all arrays but `draws` have its shape.

    Attributes
    ----------
    estimate : ndarray
        The parameters that the refits start from.
    standard_error : ndarray
        Standard errors.
    lower, upper : ndarray
        Ends of the intervals.
    draws : ndarray of shape (n_draws, ...)
        The parameters of each refit.
    """

    estimate: Array
    standard_error: Array
    lower: Array
    upper: Array
    draws: Array

    @classmethod
    def of_bootstrap(cls, estimate: Array, draws: Array, level: float) -> ParameterUncertainty:
        """Return the standard deviations and percentiles of the draws of a bootstrap."""
        lower, upper = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
        deviations = np.asarray(draws.std(axis=0, ddof=1))
        return cls(estimate, deviations, np.asarray(lower), np.asarray(upper), draws)

    @classmethod
    def of_jackknife(cls, estimate: Array, draws: Array, level: float) -> ParameterUncertainty:
        """Return the standard errors of the jackknife, and intervals of a normal distribution."""
        n_draws = len(draws)
        deviations = np.asarray((n_draws - 1) / np.sqrt(n_draws) * draws.std(axis=0, ddof=1))
        margin = np.asarray(ndtri((1 + level) / 2) * deviations)
        lower, upper = np.asarray(estimate - margin), np.asarray(estimate + margin)
        return cls(estimate, deviations, lower, upper, draws)


@dataclass(frozen=True, eq=False, repr=False)
class BootstrapResult:
    """Uncertainty of a mixture's parameters; the result of `bootstrap`.

    Attributes
    ----------
    kind : {'nonparametric', 'weighted', 'parametric', 'jackknife'}
        How samples were drawn.
    covariance_type : str
        Covariance structure of the mixture.
    level : float
        Level of the intervals.
    n_failed : int
        Number of draws in which a component collapsed or lost all samples. The jackknife leaves
        them out, the other kinds drew again.
    weights, means, covariances : ParameterUncertainty
        Uncertainty of `weights_`, `means_` and `covariances_`, in their shapes.
    """

    kind: str
    covariance_type: str
    level: float
    n_failed: int
    weights: ParameterUncertainty
    means: ParameterUncertainty
    covariances: ParameterUncertainty

    @property
    def n_draws(self) -> int:
        """Number of refits that the results are computed from."""
        return len(self.weights.draws)

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        """Return estimates, standard errors and intervals, of the first parameters of many."""
        rows = list(self._rows())
        caption = f"{self.kind}: {self.n_draws} refits, {self.n_failed} more failed"
        if len(rows) > MOST_ROWS:
            caption += f", the first {MOST_ROWS} of {len(rows)} parameters"
        percent = f"{100 * self.level:g} %"
        header = ("parameter", "estimate", "standard error", f"{percent} from", f"{percent} to")
        return Table(caption, header, rows[:MOST_ROWS])

    def _rows(self) -> Iterator[tuple[str, ...]]:
        """Yield a row for each parameter, without the lower halves of symmetric matrices."""
        are_matrices = STRUCTURES_BY_NAME[self.covariance_type].are_matrices
        for name in ("weights", "means", "covariances"):
            one: ParameterUncertainty = getattr(self, name)
            for index in np.ndindex(one.estimate.shape):
                if are_matrices and name == "covariances" and index[-2] > index[-1]:
                    continue
                values = (one.estimate, one.standard_error, one.lower, one.upper)
                position = f"[{', '.join(map(str, index))}]" if index else ""
                yield f"{name}_{position}", *(f"{value[index]:.4g}" for value in values)
