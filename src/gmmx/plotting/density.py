"""DensityDisplay: contours, an image or highest-density regions of the density of a mixture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from gmmx.checks.samples import check_samples
from gmmx.estimators.component_covariances import component_covariances
from gmmx.plotting.ellipses import check_levels
from gmmx.plotting.pairs import (
    chosen_features,
    feature_axes,
    features_of_axes,
    legend_beside,
    note_below_features,
    part_drawn,
)
from gmmx.plotting.regions import (
    MarginalDensity,
    MixtureDensity,
    check_mixture,
    fitted_mixture,
    smallest_eigenvalue,
)
from gmmx.plotting.style import COLORS, draw_histogram, drawn_rows, names_of_features

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.colorbar import Colorbar
    from matplotlib.contour import QuadContourSet
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.legend import Legend
    from matplotlib.text import Text

    from gmmx.arrays import Array, ArrayLike, FloatArray, NDArray
    from gmmx.estimators.base import Mixture
    from gmmx.selection.gaussian_mixture_ic import GaussianMixtureIC

KINDS = ("contour", "image", "hdr")
LEVELS = (0.25, 0.5, 0.75)
# The lighter part of a colormap, on which dark points are visible.
COLORMAP = ListedColormap(colormaps["Blues"](np.linspace(0.0, 0.75, 256)), name="light blues")
VISIBLE = 0.99  # contours and images show the density in the region of this probability
# In the only axes, and in those of a matrix.
N_POSITIONS = (200, 80)  # evenly spaced
N_CONTOURS = (10, 6)


class DensityDisplay:
    """The density of a mixture: contours, an image or highest-density regions.

    One feature: the density as a curve. Two features: the picture that `kind` names. More features:
    the marginal densities of all features and of pairs of features, in a matrix. A marginal density
    is exact: it is the mixture of the means and covariances of these features.

    The density is that of the weights, means and covariances. For a `GaussianMixture` its logarithm
    is `score_samples`. For a `BayesianGaussianMixture` it has integral 1, which `score_samples`, an
    expectation over the posterior of the parameters, has not.

    Use `from_estimator`, or the constructor with stored numbers.

    Parameters
    ----------
    weights : array-like of shape (n_components,)
        Probabilities of the components, with sum 1.
    means : array-like of shape (n_components, n_features)
        Means of the components.
    covariances : array-like of shape (n_components, n_features, n_features)
        Covariance matrices of the components.
    X : array-like or data frame of shape (n_samples, n_features), default=None
        Samples to draw. A random sample of 5,000 is drawn if there are more.
    n_samples : int or None, default=None
        Number of samples that X was drawn from, for the note; None: the rows of X.
    feature_names : sequence of str or None, default=None
        Names of the features; None: the columns of X, or x0, x1, ...

    Attributes
    ----------
    ax_ : Axes
        The axes, or the hidden axes that the matrix divides.
    axes_ : ndarray of Axes, shape (1, 1) or (n_drawn_features, n_drawn_features)
        In `axes_[i, j]` of a matrix, feature j is x and feature i is y.
    figure_ : Figure or SubFigure
        Their figure.
    surfaces_ : ndarray of artists, the shape of `axes_`
        For two features a `QuadContourSet` of filled contours or a `QuadMesh`, of the log density
        in nats; for one feature the `Line2D` of the density.
    log_thresholds_ : ndarray of shape (`*axes_.shape`, n_levels)
        Log density in nats on the boundaries of the highest-density regions, of which the largest
        is first.
    probabilities_ : ndarray of shape (n_levels,)
        Probabilities of these regions.
    legend_ : Legend or None
        The legend of the regions.
    colorbar_ : Colorbar or None
        The scale of contours or an image of two features.
    note_ : Text
        The note on the features and samples that are drawn, below the axes.

    Raises
    ------
    ValueError
        If the shapes do not agree, numbers are not finite, weights are negative or have another sum
        than 1, or covariances are not positive definite.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from gmmx.plotting import DensityDisplay
    >>> display = DensityDisplay(
    ...     weights=[0.5, 0.5], means=[[0.0], [9.0]], covariances=[[[1.0]], [[4.0]]])
    >>> display.plot(Figure().subplots()).surfaces_[0, 0].get_ydata().max().round(3)
    np.float64(0.199)
    """

    ax_: Axes
    axes_: NDArray[np.object_]
    figure_: Figure | SubFigure
    surfaces_: NDArray[np.object_]
    log_thresholds_: Array
    probabilities_: Array
    legend_: Legend | None
    colorbar_: Colorbar | None
    note_: Text

    def __init__(
        self,
        *,
        weights: ArrayLike,
        means: ArrayLike,
        covariances: ArrayLike,
        X: ArrayLike | None = None,
        n_samples: int | None = None,
        feature_names: Sequence[str] | None = None,
    ) -> None:
        self.weights, self.means, self.covariances = check_mixture(weights, means, covariances)
        if smallest_eigenvalue(self.covariances) <= 0:
            raise ValueError("covariances must be positive definite: others have no density")
        D = self.means.shape[1]
        self.X = None if X is None else check_samples(X, type(self).__name__)
        if self.X is not None and self.X.shape[1] != D:
            raise ValueError(f"X has {self.X.shape[1]} features, but means has {D}")
        n_rows = 0 if self.X is None else len(self.X)
        self.n_samples = n_rows if n_samples is None else n_samples
        self.feature_names = names_of_features(D, feature_names, None, X)

    @classmethod
    def from_estimator(
        cls,
        model: Mixture | GaussianMixtureIC,
        X: ArrayLike | None = None,
        *,
        kind: str = "contour",
        levels: Sequence[float] = LEVELS,
        features: Sequence[int | str] | None = None,
        feature_names: Sequence[str] | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the density of a fitted mixture.

        Parameters
        ----------
        model : GaussianMixture, BayesianGaussianMixture or GaussianMixtureIC
            A fitted mixture, or a search, whose best mixture is drawn.
        X : array-like or data frame of shape (n_samples, n_features), default=None
            Samples to draw: points, or for one feature a histogram, or a rug if `kind='hdr'`. A
            random sample of 5,000 is drawn if there are more.
        kind : {'contour', 'image', 'hdr'}, default='contour'
            Contours or an image of the log density where it is larger than outside of the region
            that holds 99 % of the probability; or highest-density regions. With one feature, 'hdr'
            shades the regions below the curve.
        levels : sequence of float, default=(0.25, 0.5, 0.75)
            Probabilities of the highest-density regions. A region of a probability is the smallest
            that has it. Regions are computed from 100,000 random samples of the mixture, so that
            their probability has a standard error of at most 0.0016.
        features : sequence of int or str or None, default=None
            Indices or names of the features to draw; None: the first six.
        feature_names : sequence of str or None, default=None
            Names of the features of the mixture; None: the names seen in `fit`, the columns of X,
            or x0, x1, ...
        ax : Axes or None, default=None
            Axes to draw in; None: those of a new figure of pyplot.

        Returns
        -------
        DensityDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If the model is no mixture or search of gmmx.
        NotFittedError
            If the model is not fitted.
        ValueError
            If a kind or a feature does not exist, levels are not probabilities, or X does
            not fit the model.

        References
        ----------
        Hyndman (1996), "Computing and graphing highest density regions", The American Statistician
        50, 120-126.

        Examples
        --------
        >>> import numpy as np
        >>> from matplotlib.figure import Figure
        >>> from gmmx import GaussianMixture
        >>> from gmmx.plotting import DensityDisplay
        >>> X = np.random.default_rng(0).normal(size=(200, 2))
        >>> model = GaussianMixture(2, random_state=0).fit(X)
        >>> display = DensityDisplay.from_estimator(
        ...     model, X, kind="hdr", levels=(0.5, 0.9), ax=Figure().subplots())
        >>> [text.get_text() for text in display.legend_.get_texts()]
        ['90 %', '50 %']
        """
        mixture = fitted_mixture(model, cls.__name__)
        samples = None if X is None else model._check_new_samples(X)
        display = cls(
            weights=mixture.weights_,
            means=mixture.means_,
            covariances=component_covariances(mixture),
            X=None if samples is None else samples[drawn_rows(len(samples))],
            n_samples=None if samples is None else len(samples),
            feature_names=names_of_features(mixture.means_.shape[1], feature_names, model, X),
        )
        return display.plot(ax, kind=kind, levels=levels, features=features)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        kind: str = "contour",
        levels: Sequence[float] = LEVELS,
        features: Sequence[int | str] | None = None,
    ) -> Self:
        """Draw the density.

        Parameters
        ----------
        ax : Axes or None, default=None
            Axes to draw in; None: those of a new figure of pyplot.
        kind : {'contour', 'image', 'hdr'}, default='contour'
            The picture, see `from_estimator`.
        levels : sequence of float, default=(0.25, 0.5, 0.75)
            Probabilities of the highest-density regions.
        features : sequence of int or str or None, default=None
            Indices or names of the features to draw; None: the first six.

        Returns
        -------
        DensityDisplay
            This display.

        Raises
        ------
        ValueError
            If a kind or a feature does not exist, or levels are not probabilities.
        """
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}; got {kind!r}")
        self.probabilities_ = np.array(check_levels(levels, "levels")[::-1])
        chosen = chosen_features(features, self.feature_names)
        drawn = None if self.X is None else self.X[drawn_rows(len(self.X))][:, chosen]
        is_matrix = int(len(chosen) > 2)
        density = MixtureDensity(
            self.weights, self.means[:, chosen], self.covariances[:, chosen][:, :, chosen], drawn,
            N_POSITIONS[is_matrix],
        )  # fmt: skip
        names = [self.feature_names[d] for d in chosen]
        self.ax_, self.axes_ = feature_axes(ax, names, "density")
        self.figure_ = self.ax_.figure
        self.surfaces_ = np.empty(self.axes_.shape, dtype=object)
        self.log_thresholds_ = np.empty((*self.axes_.shape, len(self.probabilities_)))
        marginals: dict[tuple[int, int], MarginalDensity] = {}
        for i, j in np.ndindex(self.axes_.shape):
            shown = features_of_axes(i, j, len(chosen))
            marginal = marginals[i, j] = (
                marginals[j, i].transposed() if j < i else density.marginal(shown)
            )
            self.log_thresholds_[i, j] = marginal.log_thresholds(self.probabilities_)
            draw = self._draw_curve if len(shown) == 1 else self._draw_surface
            axes: Any = self.axes_[i, j]
            self.surfaces_[i, j] = draw(
                axes, marginal, kind, None if drawn is None else drawn[:, shown]
            )
        self._draw_key(kind)
        parts = part_drawn(len(chosen), len(self.feature_names), "features")
        if drawn is not None:
            parts += part_drawn(len(drawn), self.n_samples, "samples")
        self.note_ = note_below_features(self.ax_, self.axes_, "; ".join(parts))
        return self

    def _draw_surface(
        self, axes: Axes, marginal: MarginalDensity, kind: str, X: FloatArray | None
    ) -> Artist:
        """Draw the density of two features, and points over it."""
        is_matrix = int(len(self.axes_) > 1)
        if kind == "hdr":
            surface: Artist = _draw_regions(axes, marginal, self.probabilities_)
        elif kind == "image":
            surface = _draw_image(axes, marginal)
        else:
            surface = _draw_contours(axes, marginal, N_CONTOURS[is_matrix])
        if X is not None:
            # Points show where samples are, but do not hide the density below them.
            few = float(np.interp(len(X), (200, 5000), (1.0, 0.0)))
            size = (2.0 + 6.0 * few) / len(self.axes_) ** 0.5
            axes.scatter(X[:, 0], X[:, 1], s=size, color="0.1", alpha=0.2 + 0.2 * few, linewidths=0)
        x, y = marginal.positions
        axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
        return surface

    def _draw_curve(
        self, axes: Axes, marginal: MarginalDensity, kind: str, X: FloatArray | None
    ) -> Artist:
        """Draw the density of one feature: over a histogram, or over regions and a rug."""
        (x,), density = marginal.positions, np.exp(marginal.log_density)
        if kind == "hdr":
            _shade_intervals(axes, marginal, self.probabilities_)
        if X is not None and kind == "hdr":
            rug = np.full(len(X), 0.02)  # of the height of the axes
            transform = axes.get_xaxis_transform()
            axes.plot(X[:, 0], rug, "|", color="0.1", alpha=0.3, transform=transform)
        elif X is not None:
            draw_histogram(axes, X[:, 0])
        (curve,) = axes.plot(x, density, color=COLORS[0], linewidth=1.5)
        axes.set(xlim=(x[0], x[-1]), ylim=(0, None))
        return curve

    def _draw_key(self, kind: str) -> None:
        """Draw the legend of regions or the scale of the density at the right of the axes."""
        self.legend_ = self.colorbar_ = None
        surface = self.surfaces_[0, -1]
        if kind == "hdr":
            colors = _colors_of_regions(len(self.probabilities_))
            handles = [
                Patch(color=color, label=f"{100 * probability:.4g} %")
                for color, probability in zip(colors, self.probabilities_, strict=True)
            ]
            self.legend_ = legend_beside(self.axes_, handles, "probability")
        elif len(self.axes_) == 1 and not isinstance(surface, Line2D):
            self.colorbar_ = self.figure_.colorbar(surface, ax=self.ax_)
            self.colorbar_.set_label("log density (nats)")


def _draw_contours(axes: Axes, marginal: MarginalDensity, n_levels: int) -> QuadContourSet:
    """Draw filled contours of the log density, and lines between them."""
    (x, y), log_density = marginal.positions, marginal.log_density
    locator = MaxNLocator(n_levels, steps=[1, 2, 5, 10])
    levels = locator.tick_values(_smallest_visible(marginal), log_density.max())
    filled = axes.contourf(x, y, log_density, levels, cmap=COLORMAP)
    axes.contour(x, y, log_density, levels, colors="white", linewidths=0.6, linestyles="-")
    return filled


def _draw_image(axes: Axes, marginal: MarginalDensity) -> QuadMesh:
    """Draw the log density as an image."""
    (x, y), log_density = marginal.positions, marginal.log_density
    # A mesh may have uneven positions, and keeps them in float64 unlike images of matplotlib.
    return axes.pcolormesh(
        x, y, log_density, shading="nearest", cmap=COLORMAP, rasterized=True,
        vmin=_smallest_visible(marginal), vmax=log_density.max(),
    )  # fmt: skip


def _smallest_visible(marginal: MarginalDensity) -> float:
    """Return the smallest log density that contours and images show."""
    return float(marginal.log_thresholds(np.array([VISIBLE]))[0])


def _draw_regions(axes: Axes, marginal: MarginalDensity, probabilities: Array) -> QuadContourSet:
    """Draw the highest-density regions of two features."""
    (x, y), log_density = marginal.positions, marginal.log_density
    thresholds = marginal.log_thresholds(probabilities)
    levels = [*thresholds, max(log_density.max(), thresholds[-1]) + 1.0]
    colors = _colors_of_regions(len(probabilities))
    return axes.contourf(x, y, log_density, levels, colors=colors)


def _shade_intervals(axes: Axes, marginal: MarginalDensity, probabilities: Array) -> None:
    """Shade the highest-density regions of one feature below the curve of its density."""
    x, density = marginal.positions[0], np.exp(marginal.log_density)
    thresholds = marginal.log_thresholds(probabilities)
    for threshold, color in zip(thresholds, _colors_of_regions(len(thresholds)), strict=True):
        for low, high in marginal.intervals(threshold):
            inside = np.concatenate([[low], x[(x > low) & (x < high)], [high]])
            axes.fill_between(inside, np.interp(inside, x, density), color=color, linewidth=0)


def _colors_of_regions(n: int) -> Array:
    """Return the colors of regions, (n, 4), the lightest first."""
    return np.asarray(COLORMAP(np.linspace(0.35, 1.0, n)))
