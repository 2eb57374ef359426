"""A grid of axes with a row and a column for each feature, in the place of given axes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import index
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.legend import Legend
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import IdentityTransform
from numpy.typing import NDArray

from gmmx.plotting.style import (
    GRID_COLOR,
    GRID_WIDTH,
    axes_to_draw_in,
    frame_in,
    name_axes,
    note_below,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.backend_bases import RendererBase

MAX_FEATURES = 6  # that are drawn unless the user chooses
SIDE = 2.2  # of a pair of features in a new figure, in inches
LABELS = 28.0  # height of ticks and labels, in points


def chosen_features(features: Sequence[int | str] | None, names: Sequence[str]) -> list[int]:
    """Return the indices of features given by index or name; of the first six for None."""
    if features is None:
        return list(range(min(len(names), MAX_FEATURES)))
    if isinstance(features, str) or not isinstance(features, Iterable):
        raise TypeError(f"features = {features!r}; give a list of indices or names of features")
    chosen = [_index_of(feature, list(names)) for feature in features]
    if not chosen or len(set(chosen)) < len(chosen):
        raise ValueError(
            f"features = {list(features)}; expected at least one feature, and none twice"
        )
    return chosen


def _index_of(feature: int | str, names: list[str]) -> int:
    """Return the index of a feature, which is given by its index or its name."""
    if isinstance(feature, str):
        if feature not in names:
            raise ValueError(f"there is no feature {feature!r}; the features are {names}")
        return names.index(feature)
    if isinstance(feature, bool | np.bool_):
        raise TypeError("features holds True or False; give indices or names, not a mask")
    if not -len(names) <= index(feature) < len(names):
        raise ValueError(f"there is no feature {feature}; there are {len(names)} features")
    return index(feature) % len(names)


def pair_axes(ax: Axes | None, names: Sequence[str]) -> tuple[Axes, NDArray[np.object_]]:
    """Divide axes into a grid with a row and a column for each of two or more features.

    The axes of a column share x. The axes of a row share y, except those on the diagonal, which
    are for densities and have no ticks of y. Only the left and the bottom axes have labels; the
    ticks of the first row are at its right end, since the axes at its left end show a density.
    Elsewhere the x and y axes are hidden, and `GridLines` take the place of their grid. A legend
    has place at the right of `grid[1, -1]`.

    Parameters
    ----------
    ax : Axes or None
        The axes to divide; None makes a new figure of pyplot. They must be part of a grid, as of
        `plt.subplots`. They become a line above the grid, of which only the title is visible.
    names : sequence of str
        Names of the features.

    Returns
    -------
    outer : Axes
        The axes that were divided.
    grid : ndarray of Axes, shape (len(names), len(names))
        In `grid[i, j]`, feature j is x and feature i is y.
    """
    n = len(names)
    outer, frame = frame_in(ax, (SIDE * n, SIDE * n))
    cells = frame[1].subgridspec(n, n)
    grid = np.empty((n, n), dtype=object)
    for i, j in np.ndindex(n, n):
        above = grid[0, j] if i else None
        beside = None if i == j else next((grid[i, k] for k in range(j) if k != i), None)
        axes: Axes = outer.figure.add_subplot(cells[i, j], sharex=above, sharey=beside)
        tidy(axes)
        axes.xaxis.set_visible(i == n - 1)
        axes.yaxis.set_visible(j == 0 or (i, j) == (0, n - 1))
        name_axes(axes, names[j] if i == n - 1 else "", names[i] if j == 0 else "")
        if i == j:
            axes.tick_params(left=False, labelleft=False)
            axes.grid(visible=False, axis="y")
        at_x, at_y = not axes.xaxis.get_visible(), not axes.yaxis.get_visible() and i != j
        axes.add_artist(GridLines(axes, at_x=at_x, at_y=at_y))
        grid[i, j] = axes
    grid[0, -1].tick_params(left=False, labelleft=False, labelright=True)
    outer.figure.align_ylabels(list(grid[:, 0]))
    return outer, grid


class GridLines(Artist):
    """Grid lines at the ticks of an x or y axis that is hidden.

    Matplotlib draws a grid line as a part of a tick. The ticks of all axes in a grid, with their
    invisible labels, would take longer than the rest of the picture.

    Parameters
    ----------
    axes : Axes
        The axes of the lines.
    at_x, at_y : bool
        Whether to draw lines at the ticks of x, and at those of y.
    """

    def __init__(self, axes: Axes, *, at_x: bool, at_y: bool) -> None:
        super().__init__()
        self._grid_of, self._at_x, self._at_y = axes, at_x, at_y
        self.set_zorder(0.5)  # as the lines of a visible axis: below the samples

    def draw(self, renderer: RendererBase) -> None:
        """Draw the lines, with the look of the lines of a visible axis."""
        if not self.get_visible():
            return
        gc = renderer.new_gc()
        gc.set_clip_rectangle(self._grid_of.bbox)
        gc.set_foreground(GRID_COLOR)
        gc.set_linewidth(GRID_WIDTH)
        gc.set_capstyle("projecting")
        gc.set_snap(True)
        renderer.draw_path(gc, Path.make_compound_path(*self._lines()), IdentityTransform())
        gc.restore()

    def _lines(self) -> list[Path]:
        """Return the lines in pixels."""
        axes, lines = self._grid_of, []
        if self._at_x:
            across = axes.get_xaxis_transform()
            lines += [across.transform([(x, 0), (x, 1)]) for x in axes.xaxis.get_majorticklocs()]
        if self._at_y:
            across = axes.get_yaxis_transform()
            lines += [across.transform([(0, y), (1, y)]) for y in axes.yaxis.get_majorticklocs()]
        return [Path(line) for line in lines]


def feature_axes(ax: Axes | None, names: Sequence[str], y: str) -> tuple[Axes, NDArray[np.object_]]:
    """Return axes for one or two features, or a grid for more.

    Parameters
    ----------
    ax : Axes or None
        The axes to draw in, or to divide by `pair_axes`; None makes a new figure of pyplot.
    names : sequence of str
        Names of the features.
    y : str
        Name of the y axis of a single feature.

    Returns
    -------
    outer : Axes
        The axes, or those that were divided.
    grid : ndarray of Axes, shape (1, 1) or (len(names), len(names))
        The axes, for the features that `features_of_axes` returns.
    """
    if len(names) > 2:
        return pair_axes(ax, names)
    axes = axes_to_draw_in(ax, (6.4, 4.8))
    name_axes(axes, names[0], names[1] if len(names) == 2 else y)
    tidy(axes)
    return axes, np.array([[axes]], dtype=object)


def features_of_axes(i: int, j: int, n_features: int) -> list[int]:
    """Return the features in `grid[i, j]`: x and y, or a single one."""
    if n_features == 2:
        return [0, 1]
    return [i] if i == j else [j, i]


def legend_beside(grid: NDArray[np.object_], handles: Sequence[Artist], title: str) -> Legend:
    """Draw a legend at the right of the axes or the grid, where it hides nothing."""
    corner: Axes = grid[min(1, len(grid) - 1), -1]
    return corner.legend(
        handles=handles, title=title, loc="upper left", bbox_to_anchor=(1.02, 1.0),
        borderaxespad=0.0, frameon=False, fontsize="small", title_fontsize="small",
    )  # fmt: skip


def note_below_features(outer: Axes, grid: NDArray[np.object_], text: str) -> Text:
    """Write a note below the axes or the grid that `feature_axes` returned."""
    return note_below(outer, text) if len(grid) == 1 else note_below_pairs(outer, text)


def part_drawn(n_drawn: int, n: int, noun: str) -> list[str]:
    """Return the text "n_drawn of n noun" for a note, nothing if all are drawn."""
    return [f"{n_drawn:,} of {n:,} {noun}"] if n_drawn < n else []


def note_below_pairs(outer: Axes, text: str) -> Text:
    """Write a note below the grid of axes that `pair_axes` has divided."""
    frame = outer.get_gridspec()
    assert frame is not None, "pair_axes gives the axes a place in a grid"
    line = outer.figure.add_subplot(frame[2])
    line.set(xticks=[], yticks=[])
    line.patch.set_visible(False)
    line.spines[:].set_visible(False)
    # Without a layout engine no place is kept for the ticks and the labels of the grid.
    pad = 2.0 if outer.figure.get_layout_engine() is not None else LABELS
    return line.set_xlabel(text, fontsize="small", color="0.4", labelpad=pad, parse_math=False)
