"""The look that all pictures share: colors, markers, axes, names of features, drawn samples."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.gridspec import GridSpecBase, SubplotSpec
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from gmmx.checks.feature_names import feature_names
from gmmx.contract.components import shown_names

# The colors of Okabe and Ito, distinct for all kinds of color vision, without the light yellow.
# There are 7 colors and 8 markers, so that 56 components have distinct pairs.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "<", ">")
MAX_POINTS = 5000
MAX_IN_LEGEND = 12  # components
GRID_COLOR, GRID_WIDTH = "0.92", 0.8
LINE = 1e-3  # height of the lines above and below a frame, which hold texts
LEGEND_WIDTH = 5.0  # of a figure in inches that has place for a legend above the axes


def styles(n: int) -> list[tuple[str, str]]:
    """Return n pairs of a color and a marker, which repeat after 56 pairs."""
    pairs = list(islice(zip(cycle(COLORS), cycle(MARKERS), strict=False), 56))
    return list(islice(cycle(pairs), n))


def axes_to_draw_in(ax: Axes | None, figsize: tuple[float, float] | None = None) -> Axes:
    """Return the given axes, or those of a new figure of pyplot; refuse axes that were divided."""
    if ax is not None:
        check_undivided(ax)
        return ax
    # pyplot is imported here, since it chooses a backend; the command line needs none.
    from matplotlib import pyplot as plt  # noqa: PLC0415

    return plt.subplots(figsize=figsize, layout="constrained")[1]


def check_undivided(ax: Axes) -> None:
    """Raise ValueError if another display has divided the axes, so that they are off."""
    if ax.get_subplotspec() is not None and not ax.axison:
        raise ValueError("ax was divided by another display, or is off; give new axes")


def check_in_grid(ax: Axes) -> SubplotSpec:
    """Return the place of the axes in their grid; raise ValueError if they cannot be divided."""
    place = ax.get_subplotspec()
    if place is None:
        raise ValueError("ax is not part of a grid of axes; make it by plt.subplots or add_subplot")
    check_undivided(ax)
    return place


def frame_in(ax: Axes | None, figsize: tuple[float, float]) -> tuple[Axes, GridSpecBase]:
    """Return the axes, which become a line at the top of a frame, and the three rows of the frame.

    The first row is the line: of the axes only the title and the legend are visible. The second row
    is the place for other axes, the third is a line for a note. The axes must be part of a grid,
    as of `plt.subplots`; None makes a new figure of pyplot.
    """
    outer = axes_to_draw_in(ax, figsize)
    frame = check_in_grid(outer).subgridspec(3, 1, height_ratios=(LINE, 1.0, LINE), hspace=0.0)
    outer.set_axis_off()
    outer.set_subplotspec(frame[0])
    return outer, frame


def panels(ax: Axes | None, n_panels: int, n_columns: int, size: tuple[float, float]) -> list[Axes]:
    """Divide axes into panels, from left to right and top to bottom; return these, then the panels.

    See `frame_in`. In a new figure a panel has the given width and height in inches, or more width
    if the legend needs it.
    """
    n_rows = -(-n_panels // n_columns)
    outer, frame = frame_in(ax, (max(size[0] * n_columns, LEGEND_WIDTH), size[1] * n_rows + 0.3))
    # Without a layout engine no place is kept for the labels between rows.
    hspace = None if outer.figure.get_layout_engine() is not None else 0.7
    cells = frame[1].subgridspec(n_rows, n_columns, hspace=hspace)
    places = [divmod(panel, n_columns) for panel in range(n_panels)]
    return [outer, *(outer.figure.add_subplot(cells[row, column]) for row, column in places)]


def legend_above(axes: Axes, handles: Sequence[Artist]) -> Legend:
    """Draw a legend above the axes, where it hides nothing, with plain text."""
    legend = axes.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=min(len(handles), 4),
        frameon=False, fontsize="small", borderaxespad=0.2,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)
    return legend


def drawn_rows(n_samples: int, max_points: int = MAX_POINTS) -> NDArray[np.int64]:
    """Return the sorted indices of the samples to draw: all, or a random sample of fixed seed."""
    if n_samples <= max_points:
        return np.arange(n_samples)
    chosen = np.random.default_rng(0).choice(n_samples, max_points, replace=False)
    return np.sort(chosen)


def bin_edges(values: NDArray[np.floating], n_bins: int) -> NDArray[np.float64]:
    """Return the edges of equal bins from the smallest value to the largest.

    The range of values that are constant up to rounding is widened, since it has no n_bins + 1
    different numbers.
    """
    low, high = float(values.min()), float(values.max())
    largest = max(abs(low), abs(high))
    if high - low <= 4 * n_bins * float(np.finfo(values.dtype).eps) * largest:
        half = 1e-3 * largest if largest > 0 else 0.5
        low, high = low - half, high + half
    return np.linspace(low, high, n_bins + 1)


def draw_histogram(axes: Axes, values: NDArray[np.floating]) -> None:
    """Draw a light histogram with area 1, below a density."""
    n_bins = int(np.clip(2 * np.cbrt(len(values)), 10, 60))
    axes.hist(values, bins=bin_edges(values, n_bins).tolist(), density=True, color="0.88")


def name_axes(axes: Axes, x: str, y: str) -> None:
    """Label both axes with plain text, not parsed as formulas."""
    axes.set_xlabel(x, parse_math=False)
    axes.set_ylabel(y, parse_math=False)


def count_along_x(axes: Axes) -> None:
    """Put the ticks of x at whole numbers, also if there is only one."""
    axes.xaxis.set_major_locator(
        MaxNLocator("auto", integer=True, min_n_ticks=1, steps=[1, 2, 5, 10])
    )


def note_below(axes: Axes, text: str) -> Text:
    """Write a note below the label of the x axis."""
    return axes.annotate(
        text, xy=(0.5, 0.0), xycoords=("axes fraction", axes.xaxis.label), xytext=(0, -3),
        textcoords="offset points", ha="center", va="top", fontsize="small", color="0.4",
        annotation_clip=False, parse_math=False,
    )  # fmt: skip


def tidy(axes: Axes) -> None:
    """Draw a light grid, and remove the top and right border."""
    axes.grid(color=GRID_COLOR, linewidth=GRID_WIDTH)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def names_of_features(
    n_features: int, given: Sequence[str] | None, model: object, X: object
) -> list[str]:
    """Return the names of the features: given, of the model, of a data frame, or x0, x1, ..."""
    return shown_names(
        n_features, given, getattr(model, "feature_names_in_", None), feature_names(X)
    )
