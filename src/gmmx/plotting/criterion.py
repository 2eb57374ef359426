"""CriterionDisplay: the information criterion of every mixture of a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from gmmx.model.covariance import STRUCTURES
from gmmx.plotting.pairs import legend_beside
from gmmx.plotting.style import COLORS, axes_to_draw_in, count_along_x, name_axes, styles, tidy
from gmmx.selection.cells import CRITERIA, Criterion
from gmmx.selection.gaussian_mixture_ic import GaussianMixtureIC

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

    from gmmx.arrays import Array, ArrayLike, NDArray


class CriterionDisplay:
    """Information criterion over the number of components, a curve for each structure.

    A ring marks the best mixture. Hollow markers are mixtures that the search refused, for the
    reasons in `results_["refused"]`; crosses at the upper edge are numbers of components for which
    every start failed. A structure has the same color and marker in every picture.

    The vertical axis shows the differences between the good mixtures. The legend names the curves
    above its range and counts the refused mixtures below it.

    Parameters
    ----------
    results : mapping of str to array-like of shape (n_mixtures,)
        The columns `n_components`, `covariance_type`, `refused` and the criterion, as in
        `GaussianMixtureIC.results_`.
    criterion : {'bic', 'aic', 'icl'}, default='bic'
        The criterion to draw: -2 log-likelihood in nats, and a penalty.
    best : (int, str) or None, default=None
        Number of components and covariance structure of the mixture to mark. None: the mixture of
        the smallest criterion that is not refused.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure or SubFigure
        Figure of the axes.
    lines_ : dict of str to matplotlib Line2D
        Curve of each structure, with NaN where a mixture is refused or failed.
    refused_, failed_ : dict of str to matplotlib Line2D
        Markers of the refused and failed mixtures of the structures that have any.
    best_ : matplotlib Line2D
        Ring around the best mixture.

    Raises
    ------
    ValueError
        If a column is missing or has another length, the criterion or a structure is unknown,
        `best` is not in the results or failed, or all mixtures are refused or failed.

    References
    ----------
    Fraley, Raftery (2002), "Model-based clustering, discriminant analysis, and density estimation",
    Journal of the American Statistical Association 97.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from gmmx.plotting import CriterionDisplay
    >>> results = {
    ...     "n_components": [1, 2, 3], "covariance_type": ["full"] * 3,
    ...     "bic": [120.0, 100.0, 104.0], "refused": [None] * 3}
    >>> display = CriterionDisplay(results).plot(Figure().subplots())
    >>> display.best
    (2, 'full')
    """

    ax_: Axes
    figure_: Figure | SubFigure
    lines_: dict[str, Line2D]
    refused_: dict[str, Line2D]
    failed_: dict[str, Line2D]
    best_: Line2D

    def __init__(
        self,
        results: Mapping[str, ArrayLike],
        *,
        criterion: Criterion = "bic",
        best: tuple[int, str] | None = None,
    ) -> None:
        self.results = _checked_columns(results, criterion)
        self.criterion = criterion
        self._values = self.results[criterion].astype(np.float64)
        is_refused = [isinstance(reason, str) for reason in self.results["refused"]]
        self._is_failed = ~np.isfinite(self._values)
        self._is_refused = ~self._is_failed & is_refused
        self._is_ranked = ~self._is_failed & ~self._is_refused
        if not self._is_ranked.any():
            raise ValueError(
                "every mixture of the results is refused or failed; search again with fewer K"
            )
        self.best = self._smallest() if best is None else best
        self._best_value = self._value_of_best()
        if np.isnan(self._best_value):
            raise ValueError(
                f"best={best!r} is not in the results, or failed; expected a pair of n_components "
                "and covariance_type"
            )

    @classmethod
    def from_estimator(
        cls,
        search: GaussianMixtureIC,
        *,
        criterion: Criterion | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw a criterion of a fitted search.

        Parameters
        ----------
        search : GaussianMixtureIC
            A fitted search.
        criterion : {'bic', 'aic', 'icl'} or None, default=None
            The criterion to draw; None: the criterion of the search. The mixture that is best by
            this criterion is marked.
        ax : matplotlib Axes or None, default=None
            Axes to draw in; None: those of a new figure of pyplot.

        Returns
        -------
        CriterionDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If `search` is not a GaussianMixtureIC.
        NotFittedError
            If the search is not fitted.
        ValueError
            If the criterion is unknown.
        """
        if not isinstance(search, GaussianMixtureIC):
            raise TypeError(
                "CriterionDisplay needs a GaussianMixtureIC, which fits many mixtures; got "
                f"{type(search).__name__}"
            )
        search._check_is_fitted()
        drawn = search.criterion if criterion is None else criterion
        return cls(search.results_, criterion=drawn).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw in; None: those of a new figure of pyplot.

        Returns
        -------
        CriterionDisplay
            This display.
        """
        self.ax_ = axes_to_draw_in(ax, figsize=(7.5, 4.5))
        self.figure_ = self.ax_.figure
        self.lines_, self.refused_, self.failed_ = {}, {}, {}
        bottom, top = self._range()
        for name in dict.fromkeys(self.results["covariance_type"].tolist()):
            self._draw_structure(name, top)
        n_components, name = self.best
        (self.best_,) = self.ax_.plot(
            n_components, self._best_value, "o", color="black", fillstyle="none",
            markersize=13, zorder=4, label=f"best: {name}, K = {n_components}",
        )  # fmt: skip
        self.ax_.set_ylim(bottom, top)
        count_along_x(self.ax_)
        measure = f"{self.criterion.upper()} (smaller is better)"
        name_axes(self.ax_, "number of components K", measure)
        tidy(self.ax_)
        handles = [*self.lines_.values(), self.best_, *self._explanations(bottom)]
        legend_beside(np.array([[self.ax_]]), handles, "covariance type")
        return self

    def _smallest(self) -> tuple[int, str]:
        """Return number of components and structure of the ranked mixture that is best."""
        place = int(np.where(self._is_ranked, self._values, np.inf).argmin())
        name = str(self.results["covariance_type"][place])
        return int(self.results["n_components"][place]), name

    def _value_of_best(self) -> float:
        """Return the criterion of the mixture to mark; NaN if it is not there or failed."""
        if not isinstance(self.best, Sequence) or len(self.best) != 2:
            return np.nan
        n_components, name = self.best
        is_best = (self.results["covariance_type"] == name) & ~self._is_failed
        is_best &= self.results["n_components"] == n_components
        return float(min(self._values[is_best], default=np.nan))

    def _range(self) -> tuple[float, float]:
        """Return the range of the vertical axis, which poor and refused mixtures may leave."""
        ranked = self._values[self._is_ranked]
        best = ranked.min()
        reach = max(2.5 * (np.median(ranked) - best), 1.0)
        lowest = min(self._values[self._is_refused], default=best)
        top = max(min(ranked.max(), best + reach), self._best_value)
        bottom = min(best, max(lowest, best - reach / 2), self._best_value)
        margin = 0.07 * max(top - bottom, 1.0)
        return float(bottom - margin), float(top + margin)

    def _draw_structure(self, name: str, top: float) -> None:
        """Draw the curve of a structure and its refused and failed mixtures."""
        is_own = self.results["covariance_type"] == name
        counts = self.results["n_components"]
        color, marker, linestyle = look_of_structure(name)
        values = np.where(self._is_ranked, self._values, np.nan)[is_own]
        order = np.argsort(counts[is_own], kind="stable")
        (self.lines_[name],) = self.ax_.plot(
            counts[is_own][order], values[order], color=color, marker=marker, linestyle=linestyle,
            markersize=5, linewidth=1.3, label=_title(name, values, top),
        )  # fmt: skip
        is_refused = is_own & self._is_refused
        if is_refused.any():
            (self.refused_[name],) = self.ax_.plot(
                counts[is_refused], self._values[is_refused], color=color, marker=marker,
                linestyle="none", fillstyle="none", markersize=5,
            )  # fmt: skip
        is_failed = is_own & self._is_failed
        if is_failed.any():
            (self.failed_[name],) = self.ax_.plot(
                (counts + self._dodges())[is_failed], np.ones(is_failed.sum()), color=color,
                marker="x", linestyle="none", transform=self.ax_.get_xaxis_transform(),
                clip_on=False,
            )  # fmt: skip

    def _dodges(self) -> Array:
        """Return the horizontal shifts that separate mixtures that failed for the same K."""
        counts, shifts = self.results["n_components"], np.zeros(len(self._values))
        for count in set(counts[self._is_failed].tolist()):
            failed = np.flatnonzero(self._is_failed & (counts == count))
            shifts[failed] = 0.06 * (np.arange(len(failed)) - (len(failed) - 1) / 2)
        return shifts

    def _explanations(self, bottom: float) -> list[Line2D]:
        """Return the lines of the legend that explain refused and failed mixtures."""
        lines = []
        if self.refused_:
            n_below = int((self._values[self._is_refused] < bottom).sum())
            title = f"refused ({n_below} below)" if n_below else "refused"
            lines.append(Line2D([], [], marker="o", fillstyle="none", label=title))
        if self.failed_:
            lines.append(Line2D([], [], marker="x", label="failed"))
        for line in lines:
            line.set(color="0.4", linestyle="none", markersize=5)
        return lines


def look_of_structure(name: str) -> tuple[str, str, str]:
    """Return color, marker and line style of a covariance structure, the same in all pictures.

    The place of the structure in `STRUCTURES` determines them. No two structures share color and
    marker; the line is dashed from the place on at which the colors repeat.
    """
    place = [*STRUCTURES].index(name)
    color, marker = styles(place + 1)[place]
    return color, marker, "-" if place < len(COLORS) else "--"


def _checked_columns(
    results: Mapping[str, ArrayLike], criterion: Criterion
) -> dict[str, NDArray[Any]]:
    """Return the columns to draw as arrays; raise if a column or a structure is wrong."""
    if criterion not in CRITERIA:
        raise ValueError(f"criterion must be one of {', '.join(CRITERIA)}; got {criterion!r}")
    names = ("n_components", "covariance_type", "refused", criterion)
    missing = [name for name in names if name not in results]
    if missing:
        raise ValueError(
            f"the results lack {', '.join(missing)}; pass the results_ of a GaussianMixtureIC"
        )
    columns = {name: np.asarray(results[name]) for name in names}
    shapes = {name: column.shape for name, column in columns.items()}
    n_mixtures = columns["n_components"].size
    if n_mixtures == 0 or set(shapes.values()) != {(n_mixtures,)}:
        raise ValueError(
            f"the results have columns of the shapes {shapes}; expected one value a mixture"
        )
    unknown = set(columns["covariance_type"].tolist()) - STRUCTURES.keys()
    if unknown:
        raise ValueError(
            f"unknown covariance structures {sorted(unknown)}; expected some of {[*STRUCTURES]}"
        )
    return columns


def _title(name: str, values: Array, top: float) -> str:
    """Return the name of a curve, with the reason if no part of the curve is visible."""
    if np.isnan(values).all():
        return f"{name} (none ranked)"
    return f"{name} (above)" if np.nanmin(values) > top else name
