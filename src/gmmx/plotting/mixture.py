"""The picture of ``gmmx fit --plot``: the classification, and the criterion of every mixture.

Figures are made without pyplot, since pyplot keeps global state and may open a display.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Ellipse
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from gmmx.estimators.component_covariances import component_covariances
from gmmx.estimators.gaussian_mixture import GaussianMixture
from gmmx.selection.cells import Cell, Criterion

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

# The colors of Okabe and Ito, distinct for all kinds of color vision, without the light yellow.
# There are 7 colors and 8 markers, so that 56 components have distinct pairs.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "<", ">")
N_STYLES = len(COLORS) * len(MARKERS)
MAX_POINTS = 5000
MAX_FEATURES = 6  # in a scatter matrix
N_BINS = 30
DPI = 150


def supported_formats() -> list[str]:
    """Return the extensions of the supported file formats, without dots."""
    return sorted(FigureCanvasAgg(Figure()).get_supported_filetypes())


def save_plot(
    path: Path,
    X: Array,
    feature_names: Sequence[str],
    cells: Sequence[Cell],
    best: Cell,
    criterion: Criterion,
    *,
    title: str,
) -> None:
    """Draw the best mixture and the criterion's curves.

    Parameters
    ----------
    path : Path
        The file to write; its extension selects the format.
    X : ndarray of shape (n_samples, n_features)
        Samples.
    feature_names : sequence of str
        Names of the features.
    cells : sequence of Cell
        Results of the search.
    best : Cell
        The mixture to draw.
    criterion : {'bic', 'aic', 'icl'}
        The criterion that ranked the mixtures.
    title : str
        Name of the samples' source.
    """
    model = best.model
    assert model is not None, "a best cell has a model"
    n_shown = min(X.shape[1], MAX_FEATURES)
    side = 6.0 if n_shown <= 2 else 2.4 * n_shown
    figure = Figure(figsize=(side + 6.5, side), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subfigures(1, 2, width_ratios=(side, 6.5), squeeze=False)[0]
    shown = X[:: -(-len(X) // MAX_POINTS)]
    labels = model.predict(shown)
    if n_shown == 1:
        _draw_densities(left.subplots(), feature_names[0], shown, model)
    elif n_shown == 2:
        _draw_pair(left.subplots(), shown, labels, model, (0, 1))
        _name_axes(left.axes[0], *feature_names)
    else:
        _draw_matrix(left, tuple(feature_names[:n_shown]), shown, labels, model)
    left.suptitle(f"{title}: {best.covariance_type}, K = {best.n_components}")
    left.supxlabel(_caption(X.shape, n_shown, len(shown)), fontsize="small")
    _draw_criterion(right.subplots(), cells, best, criterion)
    right.suptitle(f"{criterion.upper()} (smaller is better)")
    figure.savefig(path, dpi=DPI)


def _caption(shape: tuple[int, int], n_shown: int, n_drawn: int) -> str:
    """Return the meaning of the lines, and the part of the samples that is drawn."""
    n_rows, n_columns = shape
    parts = ["ellipses: 1 (solid) and 2 (dashed) standard deviations"]
    if n_shown == 1:
        parts = ["lines: components (solid) and their sum (dotted)"]
    if n_shown < n_columns:
        parts.append(f"the first {n_shown} of {n_columns} columns")
    if n_drawn < n_rows:
        parts.append(f"{n_drawn} of {n_rows} rows")
    return "; ".join(parts)


def _styles() -> cycle[tuple[str, str]]:
    """Return pairs of colors and markers, which repeat after `N_STYLES` pairs."""
    pairs = zip(cycle(COLORS), cycle(MARKERS), strict=True)
    return cycle(islice(pairs, N_STYLES))


def _draw_pair(
    axes: Axes, X: Array, labels: Labels, model: GaussianMixture, features: tuple[int, int]
) -> None:
    """Draw samples in two features, with ellipses of one and two standard deviations."""
    pair = list(features)
    covariances = component_covariances(model)[:, pair][:, :, pair]
    for k, (color, marker) in zip(range(len(model.weights_)), _styles(), strict=False):
        x, y = X[labels == k][:, pair].T
        center = model.means_[k, pair]
        axes.scatter(x, y, s=14, color=color, marker=marker, alpha=0.6, linewidths=0)
        variances, directions = np.linalg.eigh(covariances[k])
        angle = np.degrees(np.arctan2(directions[1, 1], directions[0, 1]))
        for n_sigma, line in ((1, "-"), (2, "--")):
            height, width = 2 * n_sigma * np.sqrt(variances)
            axes.add_patch(
                Ellipse(
                    (center[0], center[1]), width, height, angle=angle,
                    fill=False, edgecolor=color, linestyle=line, linewidth=1.5,
                    zorder=3, path_effects=[withStroke(linewidth=2.5, foreground="white")],
                )
            )  # fmt: skip
    _tidy(axes)


def _draw_matrix(
    figure: SubFigure, names: Sequence[str], X: Array, labels: Labels, model: GaussianMixture
) -> None:
    """Draw each pair of features in a grid, with the features' densities on the diagonal."""
    size = len(names)
    grid = figure.subplots(size, size, sharex="col", squeeze=False)
    for i in range(size):
        for j in range(size):
            if i == j:
                _draw_densities(grid[i, i], names[i], X, model, feature=i)
            else:
                _draw_pair(grid[i, j], X, labels, model, (j, i))
            _name_axes(grid[i, j], names[j] if i == size - 1 else "", names[i] if j == 0 else "")


def _draw_densities(
    axes: Axes, name: str, X: Array, model: GaussianMixture, feature: int = 0
) -> None:
    """Draw a histogram of one feature, and the densities of the components and the mixture."""
    values = X[:, feature]
    axes.hist(values, bins=N_BINS, density=True, color="0.88")
    means = model.means_[:, feature]
    variances = component_covariances(model)[:, feature, feature]
    x = np.linspace(values.min(), values.max(), 400)
    total = np.zeros_like(x)
    parts = zip(model.weights_, means, variances, _styles(), strict=False)
    for weight, mean, variance, (color, _) in parts:
        density = weight * np.exp(-((x - mean) ** 2) / (2 * variance))
        density /= np.sqrt(2 * np.pi * variance)
        total += density
        axes.plot(x, density, color=color, linewidth=1.5)
    axes.plot(x, total, color="0.4", linewidth=1, linestyle=":")
    _name_axes(axes, name, "density")
    _tidy(axes)


def _draw_criterion(axes: Axes, cells: Sequence[Cell], best: Cell, criterion: Criterion) -> None:
    """Draw a curve for each covariance type; hollow points are left out of the ranking."""
    value = getattr(best, criterion)
    values = [getattr(cell, criterion) for cell in cells if cell.model is not None]
    # The range shows differences between the best mixtures; poor structures may lie outside.
    reach = max(2.5 * (np.median(values) - value), 1.0)
    top = value + reach
    names = dict.fromkeys(cell.covariance_type for cell in cells)
    for name, (color, marker) in zip(names, _styles(), strict=False):
        own = [cell for cell in cells if cell.covariance_type == name and cell.model is not None]
        ranked = _points([cell for cell in own if cell.reason is None], criterion)
        left_out = _points([cell for cell in own if cell.reason is not None], criterion)
        axes.plot(*ranked, color=color, marker=marker, label=_curve_title(name, ranked[1], top))
        axes.plot(*left_out, color=color, marker=marker, fillstyle="none", linestyle="none")
    if any(cell.model is not None and cell.reason is not None for cell in cells):
        (example,) = axes.plot([], [], "o", color="0.4", label="left out")
        example.set_fillstyle("none")
    axes.plot(best.n_components, value, marker="o", markersize=16, fillstyle="none", color="black")
    axes.set_ylim(min(values) - 0.1 * reach, top)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize="small", framealpha=0.9)
    _name_axes(axes, "number of components K", "")
    _tidy(axes)


def _curve_title(name: str, values: Sequence[float], top: float) -> str:
    """Return the name of a curve, with a note if the curve is not visible."""
    if not values:
        return f"{name} (left out)"
    return f"{name} (above)" if min(values) > top else name


def _points(cells: Sequence[Cell], criterion: Criterion) -> tuple[list[int], list[float]]:
    """Return the coordinates of the points of a curve."""
    return [cell.n_components for cell in cells], [getattr(cell, criterion) for cell in cells]


def _name_axes(axes: Axes, x: str, y: str) -> None:
    """Label both axes with plain text, not parsed as formulas."""
    axes.set_xlabel(x, parse_math=False)
    axes.set_ylabel(y, parse_math=False)


def _tidy(axes: Axes) -> None:
    """Draw a light grid, and remove the top and right border."""
    axes.grid(color="0.92", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
