"""ConvergenceDisplay: the bounds of fits over their iterations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from matplotlib.axes import Axes

from gmmx.estimators.base import Mixture
from gmmx.estimators.bayesian_gaussian_mixture import BayesianGaussianMixture
from gmmx.plotting.style import (
    axes_to_draw_in,
    count_along_x,
    legend_above,
    name_axes,
    styles,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.lines import Line2D

    from gmmx.arrays import Array, ArrayLike

LOG_LIKELIHOOD = "mean log-likelihood (nats per sample)"
EVIDENCE = "lower bound of the log evidence (nats)"


class ConvergenceDisplay:
    """Bounds of one or more fits over their iterations, a curve for each fit.

    The end of a curve has a full marker if the fit converged, a hollow one if it did not.

    Parameters
    ----------
    lower_bounds : mapping of str to array-like of shape (n_iter,)
        The bounds of each fit, by the name of its curve.
    converged : mapping of str to bool
        Whether each fit converged.
    bound_name : str, default='mean log-likelihood (nats per sample)'
        Label of the bounds with their unit.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure or SubFigure
        Figure of the axes.
    lines_ : dict of str to matplotlib Line2D
        Curve of each fit.

    Raises
    ------
    ValueError
        If there are no fits, a fit has no iterations or bounds that are not finite, or `converged`
        lacks a fit.

    Notes
    -----
    An iteration is one pass over the samples, also with `algorithm='squarem'`. The bounds of
    `partial_fit` are mean log-likelihoods of batches. A mixture that `prune` returns has the bounds
    of the Bayesian mixture: draw the latter.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from gmmx import GaussianMixture
    >>> from gmmx.plotting import ConvergenceDisplay
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> models = {
    ...     name: GaussianMixture(2, algorithm=name, max_iter=500, random_state=0).fit(X)
    ...     for name in ("em", "squarem")}
    >>> display = ConvergenceDisplay.from_estimator(models, ax=Figure().subplots())
    >>> len(display.lines_["em"].get_xdata()) == models["em"].n_iter_
    True
    """

    ax_: Axes
    figure_: Figure | SubFigure
    lines_: dict[str, Line2D]

    def __init__(
        self,
        lower_bounds: Mapping[str, ArrayLike],
        converged: Mapping[str, bool],
        *,
        bound_name: str = LOG_LIKELIHOOD,
    ) -> None:
        self.lower_bounds = {
            name: np.asarray(bounds, dtype=np.float64) for name, bounds in lower_bounds.items()
        }
        if not self.lower_bounds:
            raise ValueError("there are no fits to draw; give at least one")
        for name, bounds in self.lower_bounds.items():
            if bounds.ndim != 1 or bounds.size == 0 or not np.isfinite(bounds).all():
                raise ValueError(
                    f"the bounds of {name!r} are not a list of one or more finite numbers; draw "
                    "a mixture after fit or partial_fit"
                )
        missing = [name for name in self.lower_bounds if name not in converged]
        if missing:
            raise ValueError(f"converged lacks {missing}; give True or False for each fit")
        self.converged = {name: bool(converged[name]) for name in self.lower_bounds}
        self.bound_name = bound_name

    @classmethod
    def from_estimator(
        cls,
        model: Mixture | Sequence[Mixture] | Mapping[str, Mixture],
        *,
        difference: bool = False,
        ax: Axes | None = None,
    ) -> Self:
        """Draw `lower_bounds_` of one or more fitted mixtures.

        Parameters
        ----------
        model : mixture, list of mixtures or dict of str to mixture
            Fitted mixtures, all `BayesianGaussianMixture` or none. The keys of a dict are the names
            of the curves. By default a curve has the name of the class, numbered in a list.
        difference : bool, default=False
            Whether to draw the difference to the largest bound of all fits, on a logarithmic axis.
        ax : matplotlib Axes or None, default=None
            Axes to draw in; None: those of a new figure of pyplot.

        Returns
        -------
        ConvergenceDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If a model is no mixture of gmmx.
        NotFittedError
            If a mixture is not fitted.
        ValueError
            If there is no mixture, if a mixture has no iterations, or if the bounds of the mixtures
            have different meanings.
        """
        models = _named(model)
        for one in models.values():
            if not isinstance(one, Mixture):
                raise TypeError(
                    "ConvergenceDisplay needs a GaussianMixture or BayesianGaussianMixture; got "
                    f"{type(one).__name__}. Of a GaussianMixtureIC, pass its best_estimator_"
                )
            one._check_is_fitted()
        kinds = {isinstance(one, BayesianGaussianMixture) for one in models.values()}
        if len(kinds) == 2:
            raise ValueError(
                "the bounds of a BayesianGaussianMixture and of a GaussianMixture have different "
                "meanings; draw them in two displays"
            )
        return cls(
            {name: one.lower_bounds_ for name, one in models.items()},
            {name: one.converged_ for name, one in models.items()},
            bound_name=EVIDENCE if True in kinds else LOG_LIKELIHOOD,
        ).plot(ax, difference=difference)

    def plot(self, ax: Axes | None = None, *, difference: bool = False) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw in; None: those of a new figure of pyplot.
        difference : bool, default=False
            Whether to draw the difference to the largest bound of all fits, on a logarithmic axis.
            A difference of 0 is drawn at the lower edge.

        Returns
        -------
        ConvergenceDisplay
            This display.
        """
        self.ax_ = axes_to_draw_in(ax, figsize=(6.0, 4.0))
        self.figure_ = self.ax_.figure
        self.lines_ = {}
        curves = self._differences() if difference else self.lower_bounds
        looks = styles(len(curves))
        for (name, values), (color, marker) in zip(curves.items(), looks, strict=True):
            is_converged = self.converged[name]
            (self.lines_[name],) = self.ax_.plot(
                np.arange(1, len(values) + 1), values, color=color, marker=marker, markevery=[-1],
                fillstyle="full" if is_converged else "none", linewidth=1.5, clip_on=False,
                label=name if is_converged else f"{name} (not converged)",
            )  # fmt: skip
        if difference:
            self.ax_.set_yscale("log")
            self.ax_.set_ylim(bottom=self._smallest_difference())
        count_along_x(self.ax_)
        name = f"difference to the largest\n{self.bound_name}" if difference else self.bound_name
        name_axes(self.ax_, "iteration", name)
        tidy(self.ax_)
        legend_above(self.ax_, [*self.lines_.values()])
        return self

    def _differences(self) -> dict[str, Array]:
        """Return the differences to the largest bound, with 0 replaced by the lower edge."""
        largest = max(bounds.max() for bounds in self.lower_bounds.values())
        edge = self._smallest_difference()
        return {
            name: np.maximum(largest - bounds, edge) for name, bounds in self.lower_bounds.items()
        }

    def _smallest_difference(self) -> float:
        """Return half the smallest difference to the largest bound that is not 0."""
        bounds = np.concatenate([*self.lower_bounds.values()])
        differences = bounds.max() - bounds
        return float(min(differences[differences > 0], default=1.0)) / 2


def _named(model: Mixture | Sequence[Mixture] | Mapping[str, Mixture]) -> dict[str, Mixture]:
    """Return the mixtures by the names of their curves."""
    if isinstance(model, Mapping):
        return {str(name): one for name, one in model.items()}
    if isinstance(model, Sequence):
        return {f"{type(one).__name__} {i}": one for i, one in enumerate(model)}
    return {type(model).__name__: model}
