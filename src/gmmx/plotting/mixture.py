"""MixtureDisplay: samples with their classes, and the components that hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse
from matplotlib.patheffects import withStroke

from gmmx.checks.samples import check_samples
from gmmx.estimators.bayesian_gaussian_mixture import BayesianGaussianMixture
from gmmx.estimators.component_covariances import component_covariances
from gmmx.estimators.posterior_attributes import components_in_use
from gmmx.plotting.ellipses import check_levels, ellipse_scale, inverse_map, principal_axes
from gmmx.plotting.pairs import (
    chosen_features,
    feature_axes,
    features_of_axes,
    legend_beside,
    note_below_features,
    part_drawn,
)
from gmmx.plotting.regions import REACH, check_mixture, fitted_mixture, positions
from gmmx.plotting.style import (
    MAX_IN_LEGEND,
    draw_histogram,
    drawn_rows,
    names_of_features,
    styles,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.legend import Legend
    from matplotlib.text import Text

    from gmmx.arrays import Array, ArrayLike, NDArray
    from gmmx.estimators.base import Mixture
    from gmmx.selection.gaussian_mixture_ic import GaussianMixtureIC

LEVELS = (0.5, 0.95)
N_POSITIONS = 400  # evenly spaced, of a density
SCALE_IN_A_MATRIX = 0.7  # of lines and markers


class MixtureDisplay:
    """Samples in the colors of their components, with an ellipse for each component.

    One feature: a histogram of the samples, the density of the mixture and, below it, the densities
    of the components times their weights. Two features: the samples with the color and the marker
    of their most probable component, the means, and ellipses with their principal axes (dashed).
    More features: both for all features and pairs of features, in a matrix.

    An ellipse of `level` 0.95 holds 95 % of the probability of its component in the two features
    that are drawn. The levels are 0.5 and 0.95 unless given: compare with other pictures with care,
    since R's mclust draws the ellipse of one standard deviation, which holds 39 %, and
    scikit-learn's gallery that of the square root of 2 standard deviations, which holds 63 %.

    Use `from_estimator`, or the constructor with stored numbers.

    Parameters
    ----------
    weights : array-like of shape (n_components,)
        Probabilities of the components, with sum 1.
    means : array-like of shape (n_components, n_features)
        Means of the components.
    covariances : array-like of shape (n_components, n_features, n_features)
        Covariance matrices of the components. The ellipse of a singular one has no width
        and holds more than its level.
    X : array-like of shape (n_samples, n_features)
        Samples, in the same units. A random sample of 5,000 is drawn if there are more.
    labels : array-like of int, shape (n_samples,)
        Component of each sample.
    n_samples : int or None, default=None
        Number of samples that X was chosen from; None: the length of X.
    components : array-like of int or None, default=None
        The components to draw; None: all.
    feature_names : sequence of str or None, default=None
        Names of the features; None: the columns of X, or x0, x1, ...

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes, or the axes that the matrix divides.
    figure_ : matplotlib Figure or SubFigure
        Figure of the axes.
    axes_ : ndarray of Axes, shape (1, 1) or (n_drawn_features, n_drawn_features)
        In `axes_[i, j]` of a matrix, feature j is x and feature i is y.
    points_ : list of matplotlib Line2D
        Samples of each component and pair of features.
    ellipses_ : list of matplotlib Ellipse
        Ellipses of each component and level, the smallest level first.
    centers_, principal_axes_ : list of matplotlib Line2D
        Mean, and principal axes of the largest ellipse, of each component.
    curves_ : list of matplotlib Line2D
        Densities of the components times their weights, and then of the mixture, of each feature.
    legend_ : matplotlib Legend or None
        Legend at the right of the axes; None if there are more than 12 components.
    note_ : matplotlib Text
        Text below the axes, which explains the picture and says how many samples are drawn.

    Raises
    ------
    ValueError
        If the shapes do not agree, labels are no components, numbers are not finite, weights are
        negative or have another sum than 1, variances are not positive, or covariances are not
        positive semidefinite.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from gmmx.plotting import MixtureDisplay
    >>> display = MixtureDisplay(
    ...     weights=[0.5, 0.5], means=[[0, 0], [5, 5]], covariances=[np.eye(2), np.eye(2)],
    ...     X=[[0, 1], [4, 5], [5, 6]], labels=[0, 1, 1])
    >>> display.plot(Figure().subplots(), level=0.9).note_.get_text()
    'ellipses hold 90 % of each component'
    """

    ax_: Axes
    figure_: Figure | SubFigure
    axes_: NDArray[Any]
    points_: list[Line2D]
    ellipses_: list[Ellipse]
    centers_: list[Line2D]
    principal_axes_: list[Line2D]
    curves_: list[Line2D]
    legend_: Legend | None
    note_: Text

    def __init__(
        self,
        *,
        weights: ArrayLike,
        means: ArrayLike,
        covariances: ArrayLike,
        X: ArrayLike,
        labels: ArrayLike,
        n_samples: int | None = None,
        components: ArrayLike | None = None,
        feature_names: Sequence[str] | None = None,
    ) -> None:
        samples = check_samples(X, type(self).__name__)
        self.X = samples
        self.n_samples = len(samples) if n_samples is None else n_samples
        self.weights, self.means, self.covariances = check_mixture(weights, means, covariances)
        K, D = self.means.shape
        if samples.shape[1] != D:
            raise ValueError(f"X has {samples.shape[1]} features, but means has {D}")
        self.labels = _component_numbers(labels, "labels", K)
        if self.labels.shape != (len(samples),):
            shape = self.labels.shape
            raise ValueError(f"labels has the shape {shape}; expected {(len(samples),)}")
        chosen = range(K) if components is None else components
        self.components = _component_numbers(chosen, "components", K)
        if self.components.ndim != 1 or self.components.size == 0:
            raise ValueError(f"components = {components!r}; expected a list of one or more")
        self.feature_names = names_of_features(D, feature_names, None, X)

    @classmethod
    def from_estimator(
        cls,
        model: Mixture | GaussianMixtureIC,
        X: ArrayLike,
        *,
        level: float | Sequence[float] = LEVELS,
        features: Sequence[int | str] | None = None,
        scaler: Any = None,
        feature_names: Sequence[str] | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw a fitted mixture and samples.

        The components that a `BayesianGaussianMixture` does not use are left out.

        Parameters
        ----------
        model : GaussianMixture, BayesianGaussianMixture or GaussianMixtureIC
            A fitted mixture, or a search, whose best mixture is drawn.
        X : array-like or data frame of shape (n_samples, n_features)
            Samples, in the original units if there is a scaler. A random sample of 5,000 is drawn
            if there are more.
        level : float or sequence of float, default=(0.5, 0.95)
            Probabilities of a component that its ellipses hold.
        features : sequence of int or str or None, default=None
            Indices or names of the features to draw; None: the first six.
        scaler : object or None, default=None
            The fitted scaler whose `transform(X)` the mixture was fitted to: a `StandardScaler`,
            `MinMaxScaler`, `RobustScaler`, a `Pipeline` of scalers, or any object whose
            `inverse_transform` is an affine map. The mixture is drawn in the units of X.
        feature_names : sequence of str or None, default=None
            Names of the features of X; None: the names seen in `fit`, the columns of X, or x0, x1,
            ...
        ax : matplotlib Axes or None, default=None
            Axes to draw in; None: those of a new figure of pyplot.

        Returns
        -------
        MixtureDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If the model is no mixture or search of gmmx.
        NotFittedError
            If the model is not fitted.
        ValueError
            If a level or a feature does not exist, X does not fit the model, or the map of the
            scaler is not affine.

        Examples
        --------
        >>> import numpy as np
        >>> from matplotlib.figure import Figure
        >>> from gmmx import GaussianMixture
        >>> from gmmx.plotting import MixtureDisplay
        >>> X = np.random.default_rng(0).normal(size=(200, 2))
        >>> model = GaussianMixture(2, random_state=0).fit(X)
        >>> display = MixtureDisplay.from_estimator(model, X, level=0.9, ax=Figure().subplots())
        >>> len(display.ellipses_)
        2
        """
        mixture = fitted_mixture(model, cls.__name__)
        samples = check_samples(X, cls.__name__)
        rows = drawn_rows(len(samples))
        shown = _rows_of(X, rows)
        means, covariances = mixture.means_, component_covariances(mixture)
        if scaler is not None:
            shown = scaler.transform(shown)
            matrix, offset = inverse_map(scaler, means.shape[1])
            means, covariances = means @ matrix + offset, matrix.T @ covariances @ matrix
        display = cls(
            weights=mixture.weights_,
            means=means,
            covariances=covariances,
            X=samples[rows],
            labels=model.predict(shown),
            n_samples=len(samples),
            components=_components_in_use(mixture),
            feature_names=names_of_features(
                samples.shape[1], feature_names, model if scaler is None else scaler, X
            ),
        )
        return display.plot(ax, level=level, features=features)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        level: float | Sequence[float] = LEVELS,
        features: Sequence[int | str] | None = None,
    ) -> Self:
        """Draw the samples and the components.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw in; None: those of a new figure of pyplot.
        level : float or sequence of float, default=(0.5, 0.95)
            Probabilities of a component that its ellipses hold.
        features : sequence of int or str or None, default=None
            Indices or names of the features to draw; None: the first six.

        Returns
        -------
        MixtureDisplay
            This display.

        Raises
        ------
        ValueError
            If a level is not between 0 and 1, or a feature does not exist.
        """
        levels = check_levels(level, "level")
        chosen = chosen_features(features, self.feature_names)
        self.points_, self.ellipses_, self.curves_ = [], [], []
        self.centers_, self.principal_axes_ = [], []
        self._styles = styles(len(self.weights))
        self._scale = 1.0 if len(chosen) < 3 else SCALE_IN_A_MATRIX
        self._rows = drawn_rows(len(self.X))
        names = [self.feature_names[d] for d in chosen]
        self.ax_, self.axes_ = feature_axes(ax, names, "density")
        self.figure_ = self.ax_.figure
        for (i, j), axes in np.ndenumerate(self.axes_):
            shown = [chosen[d] for d in features_of_axes(i, j, len(chosen))]
            if len(shown) == 1:
                self._draw_densities(axes, shown[0])
            else:
                self._draw_pair(axes, shown, levels)
        self._draw_legend()
        explanation = self._explanation(levels, len(chosen))
        self.note_ = note_below_features(self.ax_, self.axes_, explanation)
        return self

    def _draw_pair(self, axes: Axes, features: list[int], levels: Sequence[float]) -> None:
        """Draw samples in two features, with the means and the ellipses of the components."""
        labels = self.labels[self._rows]
        X = self.X[self._rows][:, features]
        size = float(np.interp(len(X), (200, 5000), (4.7, 2.8))) * self._scale
        alpha = float(np.interp(len(X), (200, 5000), (0.6, 0.35)))
        for k in self.components:
            color, marker = self._styles[k]
            points = Line2D(
                *X[labels == k].T, color=color, marker=marker, markersize=size, alpha=alpha,
                linestyle="none", markeredgewidth=0,
            )  # fmt: skip
            self.points_.append(points)
            axes.add_artist(points)
        for k in self.components:
            covariance = self.covariances[k][np.ix_(features, features)]
            self._draw_component(axes, k, self.means[k, features], covariance, levels)
        # The limits are found once: `add_line` and `add_patch` would find them for each artist.
        means = self.means[self.components][:, features]
        variances = np.diagonal(self.covariances, axis1=1, axis2=2)[self.components][:, features]
        reach = ellipse_scale(levels[-1]) * np.sqrt(variances)
        drawn = X[np.isin(labels, self.components)]
        axes.update_datalim(np.concatenate([drawn, means - reach, means + reach]))
        axes.autoscale_view()

    def _draw_component(
        self, axes: Axes, k: int, mean: Array, covariance: Array, levels: Sequence[float]
    ) -> None:
        """Draw the ellipses, the principal axes and the mean of a component."""
        color, marker = self._styles[k]
        half_axes = principal_axes(covariance)
        width, height = 2 * np.linalg.norm(half_axes, axis=1)
        angle = float(np.degrees(np.arctan2(half_axes[0, 1], half_axes[0, 0])))
        scales = [ellipse_scale(level) for level in levels]
        for scale in scales:
            ellipse = Ellipse(
                (mean[0], mean[1]), scale * width, scale * height, angle=angle, fill=False,
                edgecolor=color, linewidth=1.5 * self._scale, zorder=3,
                path_effects=[withStroke(linewidth=2.2 * self._scale, foreground="white")],
            )  # fmt: skip
            self.ellipses_.append(ellipse)
            axes.add_artist(ellipse)
        ends = scales[-1] * half_axes
        cross = mean + np.array([-ends[0], ends[0], [np.nan, np.nan], -ends[1], ends[1]])
        dashes = Line2D(*cross.T, color=color, linestyle="--", linewidth=0.8 * self._scale)
        self.principal_axes_.append(dashes)
        axes.add_artist(dashes)
        center = Line2D(
            mean[:1], mean[1:], color=color, marker=marker, markersize=7 * self._scale,
            markeredgecolor="white", markeredgewidth=self._scale, zorder=4,
        )  # fmt: skip
        self.centers_.append(center)
        axes.add_artist(center)

    def _draw_densities(self, axes: Axes, feature: int) -> None:
        """Draw a histogram of a feature, and the densities of the components and the mixture."""
        values = self.X[self._rows, feature]
        draw_histogram(axes, values)
        means = self.means[:, feature]
        deviations = np.sqrt(self.covariances[:, feature, feature])
        low = min(values.min(), (means - REACH * deviations).min())
        high = max(values.max(), (means + REACH * deviations).max())
        x = positions(low, high, means, deviations, N_POSITIONS)
        means, deviations = means[:, np.newaxis], deviations[:, np.newaxis]
        densities = np.exp(-0.5 * ((x - means) / deviations) ** 2)
        densities *= self.weights[:, np.newaxis] / (np.sqrt(2 * np.pi) * deviations)
        for k in self.components:
            color, _ = self._styles[k]
            axes.fill_between(x, densities[k], color=color, alpha=0.2, linewidth=0)
            self.curves_ += axes.plot(x, densities[k], color=color, linewidth=1.5 * self._scale)
        total = densities.sum(axis=0)
        self.curves_ += axes.plot(x, total, color="0.2", linewidth=1.3 * self._scale)
        axes.set_ylim(bottom=0)

    def _draw_legend(self) -> None:
        """Draw the legend of the components at the right of the axes, unless there are too many."""
        self.legend_ = None
        if len(self.components) > MAX_IN_LEGEND:
            return
        handles = []
        for k in self.components:
            color, marker = self._styles[k]
            label = f"{k} ({100 * self.weights[k]:.0f} %)"
            shown = marker if self.points_ else "none"
            handles.append(Line2D([], [], color=color, marker=shown, label=label))
        if self.curves_:
            handles.append(Line2D([], [], color="0.2", linewidth=1.2, label="mixture"))
        self.legend_ = legend_beside(self.axes_, handles, "component")

    def _explanation(self, levels: Sequence[float], n_features: int) -> str:
        """Return the meaning of the lines, and the parts that are drawn."""
        shares = " and ".join(f"{100 * level:g} %" for level in levels)
        parts = [f"ellipses hold {shares} of each component"] if n_features > 1 else []
        if self.legend_ is None:
            parts.append(f"{len(self.components)} components")
        parts += part_drawn(n_features, len(self.feature_names), "features")
        parts += part_drawn(len(self._rows), self.n_samples, "samples")
        return "; ".join(parts)


def _component_numbers(numbers: Any, name: str, n_components: int) -> NDArray[np.int64]:
    """Return numbers of components; raise unless all are integers from 0 to n_components - 1."""
    array = np.asarray(numbers)
    if array.dtype.kind not in "iu" or not ((array >= 0) & (array < n_components)).all():
        raise ValueError(f"{name} must be integers from 0 to {n_components - 1}; got {numbers!r}")
    return array.astype(np.int64)


def _components_in_use(mixture: Any) -> NDArray[np.int64]:
    """Return the components that hold samples: all, except of a Bayesian mixture."""
    if not isinstance(mixture, BayesianGaussianMixture):
        return np.arange(len(mixture.weights_))
    in_use = components_in_use(mixture.mean_precision_, mixture.mean_precision_prior_)
    return np.flatnonzero(in_use)


def _rows_of(X: Any, rows: NDArray[np.int64]) -> Any:
    """Return rows of an array or a data frame, which keeps its names."""
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    return X[rows] if hasattr(X, "columns") else np.asarray(X)[rows]
