"""The grid of axes for pairs of features."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gmmx.plotting.pairs import GridLines, chosen_features, feature_axes, pair_axes

NAMES = ["a", "$b_{", "c"]


def given_axes():
    figure = Figure(layout="constrained")
    FigureCanvasAgg(figure)
    return figure.subplots(1, 2)[1]


def test_the_grid_takes_the_place_of_the_given_axes():
    given = given_axes()
    left = given.figure.axes[0]
    outer, grid = pair_axes(given, NAMES)
    assert outer is given
    assert not given.axison
    assert grid.shape == (3, 3)
    given.figure.draw_without_rendering()
    assert all(axes.get_position().x0 > left.get_position().x1 for axes in grid.flat)


def test_only_outer_axes_have_labels_and_they_are_not_parsed():
    _, grid = pair_axes(given_axes(), NAMES)
    assert [axes.get_xlabel() for axes in grid[-1]] == NAMES
    assert [axes.get_ylabel() for axes in grid[:, 0]] == NAMES
    assert not any(axes.get_xlabel() for axes in grid[:-1].flat)
    assert not any(axes.get_ylabel() for axes in grid[:, 1:].flat)
    assert not grid[-1, 1].xaxis.label.get_parse_math()


def test_columns_share_x_and_rows_share_y_except_the_diagonal():
    _, grid = pair_axes(given_axes(), NAMES)
    for j in range(3):
        grid[(j + 1) % 3, j].set_xlim(j, j + 10)
        grid[j, (j + 1) % 3].set_ylim(j - 1, j + 20)
        grid[j, j].set_ylim(0, 0.5)
    for i, j in np.ndindex(3, 3):
        assert grid[i, j].get_xlim() == (j, j + 10)
        assert grid[i, j].get_ylim() == ((0, 0.5) if i == j else (i - 1, i + 20))


def test_axes_without_a_place_and_divided_axes_are_refused():
    given = given_axes()
    pair_axes(given, NAMES)
    with pytest.raises(ValueError, match="divided by another display"):
        pair_axes(given, NAMES)
    with pytest.raises(ValueError, match="divided by another display"):
        feature_axes(given, NAMES[:1], "density")
    with pytest.raises(ValueError, match="not part of a grid"):
        pair_axes(Figure().add_axes((0, 0, 1, 1)), NAMES)


def test_features_are_chosen_by_index_or_name():
    names = list("abcdefgh")
    assert chosen_features(None, names) == [0, 1, 2, 3, 4, 5]
    assert chosen_features(None, names[:2]) == [0, 1]
    assert chosen_features(["h", 0, np.int64(-2)], names) == [7, 0, 6]
    for wrong in (["z"], [8], [-9], [], ["a", 0]):
        with pytest.raises(ValueError, match="feature"):
            chosen_features(wrong, names)
    with pytest.raises(TypeError):
        chosen_features([1.5], names)
    for wrong in (0, "a"):
        with pytest.raises(TypeError, match="give a list of indices or names"):
            chosen_features(wrong, names)
    with pytest.raises(TypeError, match="not a mask"):
        chosen_features(np.arange(8) < 2, names)


def test_grid_lines_of_hidden_axes_are_at_the_ticks_of_the_outer_axes():
    _, grid = pair_axes(given_axes(), NAMES)
    for j in range(3):
        grid[-1, j].set_xlim(j, j + 10)
        grid[j, (j + 1) % 3].set_ylim(j - 1, j + 20)
    grid[0, 0].figure.draw_without_rendering()
    for i, j in np.ndindex(3, 3):
        axes = grid[i, j]
        (lines,) = (artist for artist in axes.artists if isinstance(artist, GridLines))
        ends = [line.vertices for line in lines._lines()]
        to_data = axes.transData.inverted().transform
        at_x = [to_data(end)[0, 0] for end in ends if end[0, 0] == end[1, 0]]
        at_y = [to_data(end)[0, 1] for end in ends if end[0, 1] == end[1, 1]]
        hidden_x, hidden_y = i < 2, i != j and j > 0 and (i, j) != (0, 2)
        np.testing.assert_allclose(at_x, grid[-1, j].get_xticks() if hidden_x else [], atol=1e-9)
        np.testing.assert_allclose(at_y, axes.get_yticks() if hidden_y else [], atol=1e-9)
        assert axes.xaxis.get_visible() == (not hidden_x)
