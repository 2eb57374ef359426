"""UncertaintyDisplay: how sure a mixture is of the component of each sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.transforms import IdentityTransform

from gmmx.checks.samples import check_samples
from gmmx.plotting.pairs import (
    chosen_features,
    feature_axes,
    features_of_axes,
    legend_beside,
    note_below_features,
    part_drawn,
)
from gmmx.plotting.regions import fitted_mixture
from gmmx.plotting.style import (
    COLORS,
    MAX_IN_LEGEND,
    MAX_POINTS,
    axes_to_draw_in,
    drawn_rows,
    name_axes,
    names_of_features,
    note_below,
    styles,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.legend import Legend
    from matplotlib.text import Text

    from gmmx.arrays import Array, ArrayLike, NDArray
    from gmmx.estimators.base import Mixture
    from gmmx.selection.gaussian_mixture_ic import GaussianMixtureIC

KINDS = ("map", "curve")
LARGEST = 0.5  # the uncertainty from which on points are largest: a toss-up of two components
IN_LEGEND = {0.0: "0", 0.25: "0.25", 0.5: "0.5 or more"}
MARKS = np.array([0.75, 0.95])  # the quantiles that R's mclust marks
MAX_IN_A_MATRIX = 2000  # points: points of different sizes take long to draw
MAX_VERTICES = 1000  # of the curve, evenly spaced in x, and as many in y


class UncertaintyDisplay:
    """How sure a mixture is: 1 - probability of the most probable component of each sample.

    A map shows the samples, larger and less transparent the more uncertain they are: from an
    uncertainty of 0 to one of 0.5 and more, where another component is as probable. One feature:
    the uncertainty over the feature; two features: points; more features: all pairs of features in
    a matrix, with the uncertainty over each feature on the diagonal.

    A curve shows the uncertainties of all samples in ascending order. It marks the quantiles 75 %
    and 95 %, which divide the symbols in the pictures of R's mclust.

    Use `from_estimator`, or the constructor with stored numbers.

    Parameters
    ----------
    uncertainty : array-like of shape (n_samples,)
        Uncertainties, from 0 to 1.
    X : array-like or data frame of shape (n_samples, n_features), default=None
        The samples; a map needs them. A random sample of 5,000, in a matrix 2,000, is drawn if
        there are more.
    labels : array-like of int of shape (n_samples,), default=None
        Components of the samples, from 0, which give colors and markers; None: one color.
    feature_names : sequence of str or None, default=None
        Names of the features; None: the columns of X, or x0, x1, ...

    Attributes
    ----------
    ax_ : Axes
        The axes, or those that the matrix divides.
    axes_ : ndarray of Axes, shape (1, 1) or (n_drawn_features, n_drawn_features)
        In `axes_[i, j]` of a matrix, feature j is x and feature i is y.
    figure_ : Figure or SubFigure
        Their figure.
    points_ : list of PathCollection
        The samples of each component, for all axes one after another; empty for a curve.
    curve_ : Line2D or None
        The curve, over the share of the samples in percent.
    quantiles_ : ndarray of shape (2,)
        The quantiles 75 % and 95 % of all uncertainties.
    legend_ : Legend or None
        The legend of the sizes, and of up to 12 components.
    note_ : Text
        The note on the number of features and samples, below the axes.

    References
    ----------
    Fraley, Raftery (2002), "Model-based clustering, discriminant analysis, and density estimation",
    Journal of the American Statistical Association 97, 611-631.

    Examples
    --------
    >>> from gmmx.plotting import UncertaintyDisplay
    >>> from matplotlib.figure import Figure
    >>> display = UncertaintyDisplay(uncertainty=[0.4, 0.0, 0.1])
    >>> display.plot(Figure().subplots(), kind="curve").curve_.get_ydata()
    array([0. , 0.1, 0.4])
    """

    ax_: Axes
    axes_: NDArray[np.object_]
    figure_: Figure | SubFigure
    points_: list[PathCollection]
    curve_: Line2D | None
    quantiles_: Array
    legend_: Legend | None
    note_: Text

    def __init__(
        self,
        *,
        uncertainty: ArrayLike,
        X: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        feature_names: Sequence[str] | None = None,
    ) -> None:
        self.uncertainty = np.asarray(uncertainty, dtype=np.float64)
        if self.uncertainty.ndim != 1 or not self.uncertainty.size:
            shape = self.uncertainty.shape
            raise ValueError(f"uncertainty has the shape {shape}; expected one number a sample")
        if not ((self.uncertainty >= 0) & (self.uncertainty <= 1)).all():
            raise ValueError("uncertainty must be from 0 to 1: give 1 - the largest probability")
        n_samples = len(self.uncertainty)
        self.X = None if X is None else check_samples(X, type(self).__name__)
        self.labels = np.zeros(n_samples, np.int64) if labels is None else np.asarray(labels)
        if self.labels.dtype.kind not in "iu" or self.labels.min(initial=0) < 0:
            raise ValueError(f"labels must be integers from 0; got {labels!r}")
        if self.labels.ndim != 1:
            raise ValueError(f"labels has the shape {self.labels.shape}; expected {(n_samples,)}")
        for name, values in {"X": self.X, "labels": self.labels}.items():
            if values is not None and len(values) != n_samples:
                raise ValueError(
                    f"{name} has {len(values)} rows, but there are {n_samples} uncertainties"
                )
        self.feature_names = (
            [] if self.X is None else names_of_features(self.X.shape[1], feature_names, None, X)
        )

    @classmethod
    def from_estimator(
        cls,
        model: Mixture | GaussianMixtureIC,
        X: ArrayLike,
        *,
        kind: str = "map",
        features: Sequence[int | str] | None = None,
        feature_names: Sequence[str] | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the uncertainty of a fitted mixture about samples.

        Parameters
        ----------
        model : GaussianMixture, BayesianGaussianMixture or GaussianMixtureIC
            A fitted mixture, or a search, whose best mixture predicts.
        X : array-like or data frame of shape (n_samples, n_features)
            Samples. A map draws a random sample of 5,000, in a matrix 2,000, if there are more; a
            curve shows all.
        kind : {'map', 'curve'}, default='map'
            The samples in the sizes of their uncertainties, or the sorted uncertainties.
        features : sequence of int or str or None, default=None
            Indices or names of the features of the map; None: the first six. The uncertainties are
            those of all features.
        feature_names : sequence of str or None, default=None
            Names of the features of X; None: the names seen in `fit`, the columns of X, or x0, x1,
            ...
        ax : Axes or None, default=None
            Axes to draw in; None: those of a new figure of pyplot.

        Returns
        -------
        UncertaintyDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If the model is no mixture or search of gmmx.
        NotFittedError
            If the model is not fitted.
        ValueError
            If a kind or a feature does not exist, or X does not fit the model.

        Examples
        --------
        >>> import numpy as np
        >>> from matplotlib.figure import Figure
        >>> from gmmx import GaussianMixture
        >>> from gmmx.plotting import UncertaintyDisplay
        >>> model = GaussianMixture.from_parameters(
        ...     [0.5, 0.5], [[0.0], [4.0]], [[1.0], [1.0]], covariance_type="diag")
        >>> display = UncertaintyDisplay.from_estimator(
        ...     model, [[0.0], [2.0], [4.0]], ax=Figure().subplots())
        >>> display.uncertainty.round(3)
        array([0. , 0.5, 0. ])
        """
        fitted_mixture(model, cls.__name__)
        samples = model._check_new_samples(X)
        uncertainties, labels = [], []
        for probabilities in model.iter_predict_proba(X):
            uncertainties.append(1.0 - probabilities.max(axis=1))
            labels.append(probabilities.argmax(axis=1))
        display = cls(
            # The largest of rounded probabilities may exceed 1 by a rounding error.
            uncertainty=np.maximum(np.concatenate(uncertainties), 0.0),
            X=samples,
            labels=np.concatenate(labels),
            feature_names=names_of_features(samples.shape[1], feature_names, model, X),
        )
        return display.plot(ax, kind=kind, features=features)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        kind: str = "map",
        features: Sequence[int | str] | None = None,
    ) -> Self:
        """Draw the uncertainties.

        Parameters
        ----------
        ax : Axes or None, default=None
            Axes to draw in; None: those of a new figure of pyplot.
        kind : {'map', 'curve'}, default='map'
            The samples in the sizes of their uncertainties, or the sorted uncertainties.
        features : sequence of int or str or None, default=None
            Indices or names of the features of the map; None: the first six.

        Returns
        -------
        UncertaintyDisplay
            This display.

        Raises
        ------
        ValueError
            If a kind or a feature does not exist, or there are no samples for a map.
        """
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}; got {kind!r}")
        self.points_, self.curve_, self.legend_ = [], None, None
        self.quantiles_ = np.quantile(self.uncertainty, MARKS)
        if kind == "curve":
            self._plot_curve(ax)
        else:
            self._plot_map(ax, features)
        return self

    def _plot_map(self, ax: Axes | None, features: Sequence[int | str] | None) -> None:
        """Draw the samples, or a sample of them, in the sizes of their uncertainties."""
        if self.X is None:
            raise ValueError("kind='map' needs the samples: give X, or draw kind='curve'")
        chosen = chosen_features(features, self.feature_names)
        names = [self.feature_names[d] for d in chosen]
        self.ax_, self.axes_ = feature_axes(ax, names, "uncertainty")
        self.figure_ = self.ax_.figure
        rows = drawn_rows(len(self.X), MAX_POINTS if len(chosen) < 3 else MAX_IN_A_MATRIX)
        rows = rows[np.argsort(self.uncertainty[rows], kind="stable")]  # the uncertain on top
        self._scale = float(np.interp(len(rows), (200, 5000), (1.0, 0.5))) / len(self.axes_) ** 0.5
        looks = self._looks(rows)
        for (i, j), axes in np.ndenumerate(self.axes_):
            shown = [self.X[rows, chosen[d]] for d in features_of_axes(i, j, len(chosen))]
            self._draw_points(axes, rows, looks, *shown)
        self._draw_legend()
        parts = part_drawn(len(chosen), len(self.feature_names), "features")
        parts += part_drawn(len(rows), len(self.X), "samples")
        self.note_ = note_below_features(self.ax_, self.axes_, "; ".join(parts))

    def _looks(self, rows: NDArray[np.int64]) -> dict[int, dict[str, Any]]:
        """Return properties of the points of each component, which are the same in all axes."""
        looks: dict[int, dict[str, Any]] = {}
        for k, (color, marker) in enumerate(styles(int(self.labels.max()) + 1)):
            uncertainty = self.uncertainty[rows][self.labels[rows] == k]
            if len(uncertainty):
                shape = MarkerStyle(marker)
                looks[k] = {
                    "paths": [shape.get_path().transformed(shape.get_transform())],
                    "sizes": self._scale * _areas(uncertainty),
                    "facecolors": _colors(color, _opacities(uncertainty)),
                    # White edges part the large points; edges of one width are drawn quickly.
                    "edgecolors": _colors("white", _share_of_largest(uncertainty)),
                    "linewidths": 0.5,
                }
        return looks

    def _draw_points(
        self, axes: Axes, rows: NDArray[np.int64], looks: dict[int, dict[str, Any]], x: Array,
        y: Array | None = None,
    ) -> None:  # fmt: skip
        """Draw samples in two features, or in one feature and their uncertainty."""
        positions = np.column_stack([x, self.uncertainty[rows] if y is None else y])
        for k, look in looks.items():
            points = PathCollection(
                **look, offsets=positions[self.labels[rows] == k], offset_transform=axes.transData
            )
            points.set_transform(IdentityTransform())
            self.points_.append(points)
            axes.add_collection(points, autolim=False)
        # The limits are found once: `scatter` would find them for each component.
        axes.update_datalim(positions)
        axes.autoscale_view()

    def _draw_legend(self) -> None:
        """Draw the legend of sizes and of components at the right of the axes."""
        handles = [
            Line2D(
                [], [], color="0.4", alpha=float(_opacities(uncertainty)), marker="o",
                markersize=float(np.sqrt(self._scale * _areas(uncertainty))), markeredgewidth=0,
                linestyle="none", label=label,
            )
            for uncertainty, label in IN_LEGEND.items()
        ]  # fmt: skip
        components = np.unique(self.labels)
        if 1 < len(components) <= MAX_IN_LEGEND:
            looks = styles(int(components[-1]) + 1)
            for k in components:
                color, marker = looks[k]
                label = f"component {k}"
                handles.append(
                    Line2D([], [], color=color, marker=marker, linestyle="none", label=label)
                )
        self.legend_ = legend_beside(self.axes_, handles, "uncertainty")

    def _plot_curve(self, ax: Axes | None) -> None:
        """Draw the sorted uncertainties of all samples, and mark two quantiles."""
        self.ax_ = axes_to_draw_in(ax, (6.4, 4.8))
        self.axes_ = np.array([[self.ax_]], dtype=object)
        self.figure_ = self.ax_.figure
        (self.curve_,) = self.ax_.plot(
            *_sorted_curve(self.uncertainty), color=COLORS[0], linewidth=1.5
        )
        for share, quantile in zip(MARKS, self.quantiles_, strict=True):
            x = 100 * share
            self.ax_.plot([x, x], [0, quantile], color="0.4", linewidth=0.8, linestyle="--")
            self.ax_.plot(x, quantile, "o", color=COLORS[0], markersize=5)
            self.ax_.annotate(
                f"{x:g} %: {quantile:.2g}", (x, quantile), xytext=(-6, 3), ha="right", va="bottom",
                textcoords="offset points", fontsize="small",
            )  # fmt: skip
        self.ax_.set(xlim=(0, 100), ylim=(0, None))
        name_axes(self.ax_, "samples in order of uncertainty (%)", "uncertainty")
        tidy(self.ax_)
        self.note_ = note_below(self.ax_, f"{len(self.uncertainty):,} samples")


def _share_of_largest(uncertainty: ArrayLike) -> Array:
    """Return uncertainties as shares, up to 1, of the uncertainty that is drawn largest."""
    return np.minimum(np.asarray(uncertainty, dtype=np.float64) / LARGEST, 1.0)


def _colors(color: str, opacities: Array) -> Array:
    """Return a color in several opacities, (n, 4)."""
    return np.column_stack([np.tile(to_rgb(color), (len(opacities), 1)), opacities])


def _areas(uncertainty: ArrayLike) -> Array:
    """Return the areas of symbols in square points."""
    return 6.0 + 60.0 * _share_of_largest(uncertainty)


def _opacities(uncertainty: ArrayLike) -> Array:
    """Return the opacities of symbols."""
    return 0.35 + 0.55 * _share_of_largest(uncertainty)


def _sorted_curve(uncertainty: Array) -> tuple[Array, Array]:
    """Return the shares of samples in percent and their sorted uncertainties.

    Of many samples only vertices at small steps of x or of y are returned: the curve is the same to
    the eye.
    """
    y = np.sort(uncertainty)
    n = len(y)
    steps = np.linspace(0, n - 1, min(n, MAX_VERTICES)).astype(np.int64)
    rises = np.searchsorted(y, np.linspace(y[0], y[-1], MAX_VERTICES))
    chosen = np.unique(np.concatenate([steps, rises, np.maximum(rises - 1, 0)]))
    return np.linspace(0.0, 100.0, n)[chosen], y[chosen]
