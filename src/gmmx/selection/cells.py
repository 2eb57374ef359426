"""The results of a search: a cell for each pair of number of components and structure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from gmmx.estimators.gaussian_mixture import GaussianMixture
from gmmx.model import criteria

Criterion = Literal["aic", "bic", "icl"]
CRITERIA: tuple[Criterion, ...] = ("bic", "aic", "icl")


@dataclass(frozen=True)
class Cell:
    """The result of a search for one number of components and one covariance structure.

    Attributes
    ----------
    n_components : int
        Number of components.
    covariance_type : str
        Covariance structure.
    n_samples : int
        Number of samples, without those of weight 0.
    n_parameters : int
        Number of free parameters.
    log_likelihood : float
        Log-likelihood of all samples, times their weights, in nats; NaN without a model.
    model : GaussianMixture or None
        The fitted mixture, None if every start failed.
    reason : str or None
        Reason why this cell is left out of the ranking; None if it is ranked.
    n_started : int or None
        Number of components at the start of a Bayesian fit; None for other fits.
    total_weight : float or None
        Sum of the weights of the samples; None stands for `n_samples`.
    log_certainty : float
        sum_i log max_k p(k | x_i), times the weights, for ICL; NaN without a model.
    fit_time : float
        Seconds of the fit.
    """

    n_components: int
    covariance_type: str
    n_samples: int
    n_parameters: int
    log_likelihood: float = math.nan
    model: GaussianMixture | None = None
    reason: str | None = None
    n_started: int | None = None
    total_weight: float | None = None
    log_certainty: float = math.nan
    fit_time: float = 0.0

    @property
    def mixture(self) -> GaussianMixture:
        """The fitted mixture of a cell that has one."""
        assert self.model is not None, "a ranked cell has a model"
        return self.model

    @property
    def is_converged(self) -> bool:
        """Whether there is a model and its fit has converged."""
        return self.model is not None and self.model.converged_

    @property
    def aic(self) -> float:
        """Akaike information criterion; smaller is better."""
        return criteria.aic(self.log_likelihood, self.n_parameters)

    @property
    def bic(self) -> float:
        """Bayesian information criterion; smaller is better. A weight counts repetitions."""
        n_samples = self.n_samples if self.total_weight is None else self.total_weight
        return criteria.bic(self.log_likelihood, self.n_parameters, n_samples)

    @property
    def icl(self) -> float:
        """Criterion of the integrated completed likelihood; smaller is better."""
        return criteria.icl(self.bic, self.log_certainty)


def best_cell(cells: Iterable[Cell], criterion: Criterion = "bic") -> Cell | None:
    """Return the ranked cell with the smallest criterion, None if no cell is ranked.

    Of cells whose criteria are equal up to rounding it is the first one.
    """
    ranked = [cell for cell in cells if cell.reason is None]
    return min(ranked, key=lambda cell: rounded(getattr(cell, criterion)), default=None)


def rounded(criterion: float) -> float:
    """Return the value of a criterion to nine digits.

    Structures that are the same for one component may differ in the digits after them.
    """
    return float(f"{criterion:.9g}")


def larger_count(cells: Sequence[Cell], best: Cell) -> int | None:
    """Return the largest number of components for a next search, None if none is needed.

    Parameters
    ----------
    cells : sequence of Cell
        The results of a search.
    best : Cell
        The best of them.

    Returns
    -------
    int or None
        About twice the number of components of `best`, at most the number of samples, if `best`
        has the largest number of components in the search. Otherwise None.

    Examples
    --------
    >>> cells = [Cell(k, "full", 100, 6 * k - 1, -9000.0 / k) for k in range(1, 10)]
    >>> larger_count(cells, best_cell(cells)), larger_count(cells, cells[3])
    (20, None)
    """
    fewest, most = 1, best.n_started
    if most is None:
        fewest, most = (choose(cell.n_components for cell in cells) for choose in (min, max))
    larger = min(10 * math.ceil(2 * best.n_components / 10), best.n_samples)
    is_last = fewest < most == best.n_components
    return larger if is_last and larger > best.n_components else None
