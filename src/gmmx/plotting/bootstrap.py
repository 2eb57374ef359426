"""Histograms of the draws of a bootstrap, and of the bootstrap test of the number of components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from matplotlib.axes import Axes

from gmmx.estimators.gaussian_mixture import GaussianMixture
from gmmx.model.covariance import STRUCTURES_BY_NAME
from gmmx.plotting.pairs import MAX_FEATURES, note_below_pairs
from gmmx.plotting.style import (
    COLORS,
    bin_edges,
    check_in_grid,
    legend_above,
    name_axes,
    names_of_features,
    panels,
    tidy,
)
from gmmx.uncertainty.bootstrap import bootstrap
from gmmx.uncertainty.bootstrap_lrt import BootstrapLRT, bootstrap_lrt, critical_values
from gmmx.uncertainty.bootstrap_result import BootstrapResult, ParameterUncertainty

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch, StepPatch

    from gmmx.arrays import Array, ArrayLike, NDArray

Parameter = Literal["weights", "means", "covariances"]
NOUNS = {"weights": "weight", "means": "mean", "covariances": "variance"}

N_COLUMNS = 4  # of panels, where there is no column for each feature
N_BINS = 30
PANEL = (2.4, 1.9)  # width and height in inches


class BootstrapDisplay:
    """Histograms of a mixture's parameters in the refits of a bootstrap or jackknife.

    There is a panel for each parameter, with the estimate and the interval. Parameters of features
    after the sixth are left out, as the picture says.

    Parameters
    ----------
    result : BootstrapResult
        The result of `bootstrap`.
    feature_names : sequence of str or None, default=None
        Names of the features; None: x0, x1, ...

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes that the panels divide; they hold the legend.
    axes_ : ndarray of matplotlib Axes, shape (n_panels,)
        The panels.
    figure_ : matplotlib Figure or SubFigure
        Figure of the axes.
    histograms_ : list of matplotlib StepPatch
        Numbers of draws, for each panel.
    estimates_ : list of matplotlib Line2D
        Vertical lines at the estimates.
    intervals_ : list of matplotlib Patch
        Areas between the ends of the intervals.

    Raises
    ------
    ValueError
        If the number of feature names is wrong.

    References
    ----------
    O'Hagan, Murphy, Scrucca, Gormley (2019), "Investigation of parameter uncertainty in clustering
    using a Gaussian mixture model via jackknife, bootstrap and weighted likelihood bootstrap",
    Computational Statistics 34.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from gmmx import GaussianMixture, bootstrap
    >>> from gmmx.plotting import BootstrapDisplay
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> result = bootstrap(GaussianMixture().fit(X), X, n_bootstrap=50, random_state=0)
    >>> display = BootstrapDisplay(result).plot(Figure().subplots(), parameter="means")
    >>> display.axes_.shape
    (2,)
    """

    ax_: Axes
    axes_: NDArray[np.object_]
    figure_: Figure | SubFigure
    histograms_: list[StepPatch]
    estimates_: list[Line2D]
    intervals_: list[Patch]

    def __init__(
        self, result: BootstrapResult, *, feature_names: Sequence[str] | None = None
    ) -> None:
        self.result = result
        n_features = result.means.estimate.shape[1]
        self.feature_names = names_of_features(n_features, feature_names, None, None)

    @classmethod
    def from_estimator(
        cls,
        model: GaussianMixture,
        X: ArrayLike,
        *,
        parameter: Parameter = "weights",
        feature_names: Sequence[str] | None = None,
        ax: Axes | None = None,
        **options: Any,
    ) -> Self:
        """Make a bootstrap of a fitted mixture and draw it.

        Parameters
        ----------
        model : GaussianMixture
            A fitted mixture.
        X : array-like of shape (n_samples, n_features)
            The samples of its fit.
        parameter : {'weights', 'means', 'covariances'}, default='weights'
            The parameters to draw; of covariance matrices the variances.
        feature_names : sequence of str or None, default=None
            Names of the features; None: those of the mixture or of the columns of X, or x0, x1, ...
        ax : matplotlib Axes or None, default=None
            Axes to divide into panels; None: those of a new figure of pyplot.
        **options
            Keyword arguments of `bootstrap`.

        Returns
        -------
        BootstrapDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError
            If the mixture is not fitted.
        DegenerateMixtureError
            If a component collapses in too many draws.
        TypeError, ValueError
            If an argument is invalid.
        """
        _check_parameter(parameter)
        # The bootstrap takes long, so names and axes are checked before it.
        if isinstance(model, GaussianMixture):  # `bootstrap` refuses others
            model._check_is_fitted()
            names = names_of_features(model.means_.shape[1], feature_names, model, X)
        if ax is not None:
            check_in_grid(ax)
        result = bootstrap(model, X, **options)
        return cls(result, feature_names=names).plot(ax, parameter=parameter)

    def plot(self, ax: Axes | None = None, *, parameter: Parameter = "weights") -> Self:
        """Draw the histograms.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to divide into panels; None: those of a new figure of pyplot.
        parameter : {'weights', 'means', 'covariances'}, default='weights'
            The parameters to draw; of covariance matrices the variances.

        Returns
        -------
        BootstrapDisplay
            This display.

        Raises
        ------
        ValueError
            If `parameter` is unknown, or `ax` is not part of a grid of axes.
        """
        _check_parameter(parameter)
        axes, values = _with_axes(self.result, parameter)
        kept = [
            index
            for index in np.ndindex(values.estimate.shape)
            if dict(zip(axes, index, strict=True)).get("feature", 0) < MAX_FEATURES
        ]
        n_features = len(self.feature_names)
        n_shown = min(n_features, MAX_FEATURES)
        n_columns = n_shown if len(axes) == 2 else min(len(kept), N_COLUMNS)
        self.ax_, *drawn_in = panels(ax, len(kept), n_columns, PANEL)
        self.axes_, self.figure_ = np.array(drawn_in, dtype=object), self.ax_.figure
        self.histograms_, self.estimates_, self.intervals_ = [], [], []
        for panel, index in zip(drawn_in, kept, strict=True):
            title = self._title(parameter, **dict(zip(axes, index, strict=True)))
            self._draw_panel(panel, title, values, index)
        legend_above(self.ax_, [self.histograms_[0], self.estimates_[0], self.intervals_[0]])
        if "feature" in axes and n_shown < n_features:
            note_below_pairs(self.ax_, f"{n_shown} of {n_features} features")
        return self

    def _draw_panel(
        self, panel: Axes, title: str, values: ParameterUncertainty, index: tuple[int, ...]
    ) -> None:
        """Draw the histogram, the estimate and the interval of one parameter."""
        draws = np.moveaxis(values.draws, 0, -1)[index]
        self.histograms_.append(_draw_histogram(panel, draws, title, "refits"))
        line = panel.axvline(values.estimate[index], color=COLORS[5], label="estimate")
        self.estimates_.append(line)
        area = panel.axvspan(
            values.lower[index], values.upper[index], color=COLORS[4], alpha=0.25, zorder=0,
            label=f"{100 * self.result.level:g} % interval",
        )  # fmt: skip
        self.intervals_.append(area)

    def _title(
        self, parameter: Parameter, *, component: int | None = None, feature: int | None = None
    ) -> str:
        """Return the name of one parameter."""
        parts = [] if feature is None else [self.feature_names[feature]]
        parts += [] if component is None else [f"component {component}"]
        return f"{NOUNS[parameter]} of " + "\n".join(parts) if parts else NOUNS[parameter]


class BootstrapLRTDisplay:
    """Histograms of the bootstrap test of the number of components, a panel for each test.

    A test rejects its number of components if the likelihood ratio of the samples is larger than
    most likelihood ratios of samples drawn from the mixture of this number.

    Parameters
    ----------
    tested : BootstrapLRT
        The result of `bootstrap_lrt`, of one or more tests.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes that the panels divide; they hold the legend.
    axes_ : ndarray of matplotlib Axes, shape (n_tests,)
        The panels.
    figure_ : matplotlib Figure or SubFigure
        Figure of the axes.
    histograms_ : list of matplotlib StepPatch
        Numbers of draws, for each panel.
    statistics_ : list of matplotlib Line2D
        Vertical lines at the likelihood ratios of the samples.
    quantiles_ : list of matplotlib Line2D
        Vertical lines at the draws that the likelihood ratios of the samples must exceed to reject;
        none if there are too few draws to reject at the level of the tests.

    Raises
    ------
    ValueError
        If no number of components was tested.

    References
    ----------
    McLachlan (1987), "On bootstrapping the likelihood ratio test statistic for the number of
    components in a normal mixture", Applied Statistics 36.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from gmmx import GaussianMixture
    >>> from gmmx.plotting import BootstrapLRTDisplay
    >>> X = np.random.default_rng(0).normal(size=(60, 1))
    >>> display = BootstrapLRTDisplay.from_estimator(
    ...     GaussianMixture(covariance_type="tied"), X, ax=Figure().subplots(),
    ...     max_components=2, n_bootstrap=19, random_state=0)
    >>> display.axes_.shape
    (1,)
    """

    ax_: Axes
    axes_: NDArray[np.object_]
    figure_: Figure | SubFigure
    histograms_: list[StepPatch]
    statistics_: list[Line2D]
    quantiles_: list[Line2D]

    def __init__(self, tested: BootstrapLRT) -> None:
        if len(tested.tested) == 0:
            raise ValueError("there are no tests to draw; test with max_components of 2 or more")
        self.tested = tested

    @classmethod
    def from_estimator(
        cls, model: GaussianMixture, X: ArrayLike, *, ax: Axes | None = None, **options: Any
    ) -> Self:
        """Test the number of components and draw the tests.

        Parameters
        ----------
        model : GaussianMixture
            A mixture, which need not be fitted. The tests use its `covariance_type` and
            `reg_covar`.
        X : array-like of shape (n_samples, n_features)
            Samples.
        ax : matplotlib Axes or None, default=None
            Axes to divide into panels; None: those of a new figure of pyplot.
        **options
            Other keyword arguments of `bootstrap_lrt`.

        Returns
        -------
        BootstrapLRTDisplay
            The display, drawn.

        Raises
        ------
        DegenerateMixtureError
            If a component collapses in every start of a fit to X or to a draw.
        TypeError, ValueError
            If an argument is invalid.
        """
        if not isinstance(model, GaussianMixture):
            raise TypeError(
                f"BootstrapLRTDisplay needs a GaussianMixture, got {type(model).__name__}: the "
                "test is one of maximum likelihood"
            )
        if ax is not None:
            check_in_grid(ax)
        given = {"covariance_type": model.covariance_type, "reg_covar": model.reg_covar}
        return cls(bootstrap_lrt(X, **{**given, **options})).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the histograms.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to divide into panels; None: those of a new figure of pyplot.

        Returns
        -------
        BootstrapLRTDisplay
            This display.

        Raises
        ------
        ValueError
            If `ax` is not part of a grid of axes.
        """
        result = self.tested
        n_tests = len(result.tested)
        self.ax_, *axes = panels(ax, n_tests, min(n_tests, N_COLUMNS), PANEL)
        self.axes_, self.figure_ = np.array(axes, dtype=object), self.ax_.figure
        self.histograms_, self.statistics_, self.quantiles_ = [], [], []
        critical = critical_values(result.draws, result.level)
        for t, (panel, k) in enumerate(zip(axes, result.tested.tolist(), strict=True)):
            title = f"{k} against {k + 1}\np = {result.p_value[t]:.3g}"
            bars = _draw_histogram(panel, result.draws[:, t], title, "likelihood ratios of draws")
            statistic = panel.axvline(result.statistic[t], color=COLORS[5], label="of the samples")
            self.histograms_.append(bars)
            self.statistics_.append(statistic)
            if critical is not None:
                line = panel.axvline(
                    critical[t], color="black", linestyle="--", linewidth=1.0,
                    label=f"critical value, level {result.level:g}",
                )  # fmt: skip
                self.quantiles_.append(line)
        legend_above(self.ax_, [self.histograms_[0], self.statistics_[0], *self.quantiles_[:1]])
        return self


def _check_parameter(parameter: str) -> None:
    """Raise ValueError unless the parameter is one that `bootstrap` has draws of."""
    if parameter not in NOUNS:
        raise ValueError(f"parameter must be one of {', '.join(NOUNS)}; got {parameter!r}")


def _with_axes(
    result: BootstrapResult, parameter: Parameter
) -> tuple[tuple[str, ...], ParameterUncertainty]:
    """Return the meaning of each axis, and the values; of matrices those on the diagonal."""
    values: ParameterUncertainty = getattr(result, parameter)
    structure = STRUCTURES_BY_NAME[result.covariance_type]
    axes = {"weights": ("component",), "means": ("component", "feature")}
    if parameter in axes:
        return axes[parameter], values
    if not structure.are_matrices:
        return structure.axes, values
    diagonals = {
        field.name: np.diagonal(getattr(values, field.name), axis1=-2, axis2=-1)
        for field in fields(values)
    }
    return structure.axes[:-1], ParameterUncertainty(**diagonals)


def _draw_histogram(panel: Axes, draws: Array, title: str, label: str) -> StepPatch:
    """Draw the histogram of some draws, without ticks of their numbers."""
    counts, edges = np.histogram(draws, bins=bin_edges(draws, N_BINS))
    histogram = panel.stairs(counts, edges, fill=True, color="0.75", label=label)
    name_axes(panel, title, "")
    panel.xaxis.label.set_fontsize("small")
    tidy(panel)
    panel.grid(visible=False, axis="y")
    panel.spines["left"].set_visible(False)
    panel.set_yticks([])
    return histogram
