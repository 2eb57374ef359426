"""Pictures of merged components: the entropies, and the tree of the merges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from scipy.cluster.hierarchy import dendrogram

from gmmx.plotting.style import (
    COLORS,
    axes_to_draw_in,
    count_along_x,
    legend_above,
    name_axes,
    styles,
    tidy,
)
from gmmx.uncertainty.merge_components import MergedComponents, merge_components

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.lines import Line2D

    from gmmx.arrays import Array, ArrayLike
    from gmmx.estimators.prediction import Predictions

UNDECIDED = "0.6"  # the color of merges that the suggestion does not make
ROUNDING = 1e-12  # of entropies, as a part of the entropy of all components


class EntropyDisplay:
    """Entropy of the assignment over the number of clusters, with the suggested number.

    Of all pairs of lines, one up to some number of clusters and one from it on, the pair that is
    drawn fits the entropies best. The number that both share is suggested: merges down to it
    remove much entropy, since they merge components that overlap, further merges remove little.

    Parameters
    ----------
    merged : MergedComponents
        The result of `merge_components`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curve.
    figure_ : matplotlib Figure or SubFigure
        Figure of the axes.
    line_ : matplotlib Line2D
        Entropies in nats over the number of clusters.
    fits_ : list of matplotlib Line2D
        The two lines, none if there are fewer than three components.
    suggestion_ : matplotlib Line2D
        Ring around the suggested number of clusters.

    References
    ----------
    Baudry, Raftery, Celeux, Lo, Gottardo (2010), "Combining mixture components for clustering",
    Journal of Computational and Graphical Statistics 19.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from gmmx import GaussianMixture
    >>> from gmmx.plotting import EntropyDisplay
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> mixture = GaussianMixture(4, random_state=0).fit(X)
    >>> display = EntropyDisplay.from_estimator(mixture, X, ax=Figure().subplots())
    >>> display.line_.get_xdata()
    array([1., 2., 3., 4.])
    """

    ax_: Axes
    figure_: Figure | SubFigure
    line_: Line2D
    fits_: list[Line2D]
    suggestion_: Line2D

    def __init__(self, merged: MergedComponents) -> None:
        self.merged = merged

    @classmethod
    def from_estimator(
        cls,
        model: Predictions,
        X: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Merge the components of a fitted mixture and draw the entropies.

        Parameters
        ----------
        model : GaussianMixture or BayesianGaussianMixture
            A fitted mixture.
        X : array-like of shape (n_samples, n_features)
            Samples, usually those of the fit.
        sample_weight : array-like of shape (n_samples,), number or None, default=None
            Weights of the samples, as `merge_components` takes them.
        ax : matplotlib Axes or None, default=None
            Axes to draw in; None: those of a new figure of pyplot.

        Returns
        -------
        EntropyDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError
            If the mixture is not fitted.
        TypeError, ValueError
            If `model` is no mixture of gmmx, or X or the weights are invalid.
        """
        return cls(merge_components(model, X, sample_weight)).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the entropies.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw in; None: those of a new figure of pyplot.

        Returns
        -------
        EntropyDisplay
            This display.
        """
        self.ax_ = axes_to_draw_in(ax, figsize=(6.0, 4.0))
        self.figure_ = self.ax_.figure
        entropies, suggested = self.merged.entropies, self.merged.n_clusters
        counts = np.arange(1.0, len(entropies) + 1)
        self.fits_ = self._draw_fits(counts)
        (self.line_,) = self.ax_.plot(
            counts, entropies, color=COLORS[0], marker="o", linestyle="none", label="entropy"
        )
        (self.suggestion_,) = self.ax_.plot(
            suggested, entropies[suggested - 1], "o", color="black", fillstyle="none",
            markersize=13, linestyle="none", label=f"suggested number: {suggested}",
        )  # fmt: skip
        count_along_x(self.ax_)
        name_axes(self.ax_, "number of clusters", "entropy (nats)")
        tidy(self.ax_)
        legend_above(self.ax_, [self.line_, *self.fits_[:1], self.suggestion_])
        return self

    def _draw_fits(self, counts: Array) -> list[Line2D]:
        """Draw the lines of least squares up to the suggestion and from it on."""
        if len(counts) < 3:
            return []
        lines, bend = [], self.merged.n_clusters
        for part in (slice(bend), slice(bend - 1, None)):
            x, y = counts[part], self.merged.entropies[part]
            fitted = np.polynomial.Polynomial.fit(x, y, 1)(x)
            lines += self.ax_.plot(x, fitted, color=COLORS[1], linewidth=1.5, label="fitted lines")
        return lines


class MergeTreeDisplay:
    """Tree of the merges of components, with the suggested clusters in colors.

    The height of a merge is the entropy that this merge and all before it remove. The dashed line
    cuts the tree into the suggested clusters. There is no line if no height does: components that
    do not overlap are merged at the same height.

    Parameters
    ----------
    merged : MergedComponents
        The result of `merge_components`, of two or more components.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the tree.
    figure_ : matplotlib Figure or SubFigure
        Figure of the axes.
    links_ : matplotlib LineCollection
        One path of four points for each merge.
    leaves_ : list of matplotlib Line2D
        Markers of the components of each suggested cluster.
    cut_ : matplotlib Line2D or None
        The dashed line; None if no height separates the suggested clusters.

    Raises
    ------
    ValueError
        If there is only one component.

    References
    ----------
    Baudry, Raftery, Celeux, Lo, Gottardo (2010), "Combining mixture components for clustering",
    Journal of Computational and Graphical Statistics 19.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from gmmx import GaussianMixture
    >>> from gmmx.plotting import MergeTreeDisplay
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> mixture = GaussianMixture(4, random_state=0).fit(X)
    >>> display = MergeTreeDisplay.from_estimator(mixture, X, ax=Figure().subplots())
    >>> len(display.links_.get_segments())
    3
    """

    ax_: Axes
    figure_: Figure | SubFigure
    links_: LineCollection
    leaves_: list[Line2D]
    cut_: Line2D | None

    def __init__(self, merged: MergedComponents) -> None:
        if len(merged.entropies) < 2:
            raise ValueError("a mixture of one component has no merges to draw")
        self.merged = merged

    @classmethod
    def from_estimator(
        cls,
        model: Predictions,
        X: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Merge the components of a fitted mixture and draw the tree.

        Parameters
        ----------
        model : GaussianMixture or BayesianGaussianMixture
            A fitted mixture of two or more components.
        X : array-like of shape (n_samples, n_features)
            Samples, usually those of the fit.
        sample_weight : array-like of shape (n_samples,), number or None, default=None
            Weights of the samples, as `merge_components` takes them.
        ax : matplotlib Axes or None, default=None
            Axes to draw in; None: those of a new figure of pyplot.

        Returns
        -------
        MergeTreeDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError
            If the mixture is not fitted.
        TypeError, ValueError
            If `model` is no mixture of gmmx or has one component, or X or the weights are invalid.
        """
        return cls(merge_components(model, X, sample_weight)).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the tree.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw in; None: those of a new figure of pyplot.

        Returns
        -------
        MergeTreeDisplay
            This display.
        """
        self.ax_ = axes_to_draw_in(ax, figsize=(6.0, 4.0))
        self.figure_ = self.ax_.figure
        tree = dendrogram(self._linkage(), no_plot=True, link_color_func=self._color)
        # `dendrogram` places leaves at 5, 15, 25, ...
        x, y = (np.array(tree["icoord"]) - 5.0) / 10.0, np.array(tree["dcoord"])
        self.links_ = LineCollection([*np.stack([x, y], axis=2)], colors=tree["color_list"])
        self.ax_.add_collection(self.links_)
        self._draw_leaves([int(label) for label in tree["ivl"]])
        self.cut_ = self._draw_cut(y.max())
        name_axes(self.ax_, "component", "entropy removed (nats)")
        tidy(self.ax_)
        self.ax_.grid(visible=False, axis="x")
        if self.cut_ is not None:
            legend_above(self.ax_, [self.cut_])
        return self

    def _heights(self) -> Array:
        """Return the entropy that the merges up to each one have removed."""
        entropies = self.merged.entropies
        # Rounding may leave differences below 0 where nothing overlaps.
        return np.asarray(np.maximum.accumulate(np.maximum(entropies[-1] - entropies[-2::-1], 0.0)))

    def _linkage(self) -> Array:
        """Return the merges as SciPy writes them: two clusters, a height, a number of leaves."""
        heights, children = self._heights(), self.merged.children.tolist()
        sizes = [1] * len(self.merged.entropies)
        for a, b in children:
            sizes.append(sizes[a] + sizes[b])
        return np.column_stack((children, heights, sizes[len(self.merged.entropies) :]))

    def _color(self, node: int) -> str:
        """Return the color of a merge: that of its suggested cluster, or gray between clusters."""
        n_components, clusters = len(self.merged.entropies), self.merged.components()
        if node >= 2 * n_components - len(clusters):
            return UNDECIDED
        while node >= n_components:
            node = int(self.merged.children[node - n_components, 0])
        (cluster,) = (c for c, components in enumerate(clusters) if node in components)
        return styles(len(clusters))[cluster][0]

    def _draw_leaves(self, order: list[int]) -> None:
        """Draw the components in the order of the tree, with a marker for each cluster."""
        clusters, self.leaves_ = self.merged.components(), []
        for components, (color, marker) in zip(clusters, styles(len(clusters)), strict=True):
            places = [order.index(component) for component in components]
            self.leaves_ += self.ax_.plot(
                places, np.zeros(len(places)), color=color, marker=marker, linestyle="none",
                clip_on=False, zorder=3,
            )  # fmt: skip
        self.ax_.set_xticks(range(len(order)), [str(component) for component in order])

    def _draw_cut(self, top: float) -> Line2D | None:
        """Draw the line below the first merge that the suggestion leaves out, if it is higher."""
        self.ax_.set_ylim(0.0, 1.1 * top if top > 0 else 1.0)
        n_merges = len(self.merged.entropies) - self.merged.n_clusters
        bounds = [0.0, *self._heights(), 1.1 * top][n_merges : n_merges + 2]
        # Entropies that differ by rounding are equal.
        if bounds[1] - bounds[0] <= ROUNDING * max(self.merged.entropies[-1], 1.0):
            return None
        return self.ax_.axhline(
            sum(bounds) / 2, color="black", linestyle="--", linewidth=1.0,
            label=f"suggested number of clusters: {self.merged.n_clusters}",
        )  # fmt: skip
