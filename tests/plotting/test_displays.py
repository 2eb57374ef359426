"""The contract of all displays of results: figures, settings, and places in other figures."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from gmmx import GaussianMixture, GaussianMixtureIC

pytest.importorskip("matplotlib")
import matplotlib
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from gmmx import plotting

LRT_OPTIONS = {"max_components": 2, "n_bootstrap": 9, "random_state": 0}
DRAW = {
    "BootstrapDisplay": lambda cls, model, X, ax: cls.from_estimator(
        model, X, ax=ax, n_bootstrap=9, random_state=0
    ),
    "BootstrapLRTDisplay": lambda cls, model, X, ax: cls.from_estimator(
        model, X, ax=ax, **LRT_OPTIONS
    ),
    "ConvergenceDisplay": lambda cls, model, X, ax: cls.from_estimator(model, ax=ax),
    "CriterionDisplay": lambda cls, model, X, ax: cls.from_estimator(
        GaussianMixtureIC(1, 3, covariance_type="diag", n_init=1, random_state=0).fit(X), ax=ax
    ),
    "DensityDisplay": lambda cls, model, X, ax: cls.from_estimator(model, X, ax=ax),
    "EntropyDisplay": lambda cls, model, X, ax: cls.from_estimator(model, X, ax=ax),
    "MergeTreeDisplay": lambda cls, model, X, ax: cls.from_estimator(model, X, ax=ax),
    "MixtureDisplay": lambda cls, model, X, ax: cls.from_estimator(model, X, ax=ax),
    "UncertaintyDisplay": lambda cls, model, X, ax: cls.from_estimator(model, X, ax=ax),
}
# The numbers of points in the picture of a display that draws samples of two features.
COUNT_POINTS = {
    "DensityDisplay": lambda display: [len(display.ax_.collections[-1].get_offsets())],
    "MixtureDisplay": lambda display: [len(line.get_xdata()) for line in display.points_],
    "UncertaintyDisplay": lambda display: [len(dots.get_offsets()) for dots in display.points_],
}


# Of more features a matrix is drawn, or more panels; the other pictures have no axis of a feature.
HAS_FEATURES = {"BootstrapDisplay", *COUNT_POINTS}
PICTURES = [(name, 2) for name in DRAW] + [(name, 3) for name in DRAW if name in HAS_FEATURES]

for_every_picture = pytest.mark.parametrize(("name", "n_features"), PICTURES)


@cache
def fitted(n_features):
    """Return a data frame of samples, and a mixture that is fitted to them."""
    rng, shape = np.random.default_rng(0), (50, n_features)
    X = np.concatenate([rng.normal(0, 1, shape), rng.normal(7, 1, shape)])
    frame = pd.DataFrame(X, columns=["length", "width", "height"][:n_features])
    return GaussianMixture(2, random_state=0).fit(frame), frame


def draw(name, n_features, ax):
    model, frame = fitted(n_features)
    return DRAW[name](getattr(plotting, name), model, frame, ax)


@pytest.fixture
def backend():
    """Draw without a screen, and close all figures of pyplot at the end."""
    previous = matplotlib.get_backend()
    plt.switch_backend("agg")
    yield
    plt.close("all")
    plt.switch_backend(previous)


@for_every_picture
def test_without_axes_pyplot_makes_one_figure_and_settings_stay(backend, name, n_features):
    settings = dict(matplotlib.rcParams)
    display = draw(name, n_features, None)
    assert plt.get_fignums() == [display.figure_.number]
    assert display.ax_.figure is display.figure_
    display.figure_.draw_without_rendering()
    assert dict(matplotlib.rcParams) == settings


@for_every_picture
def test_a_display_keeps_to_a_part_of_a_figure_that_pyplot_does_not_know(name, n_features):
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subfigures(1, 2)
    other = right.subplots()
    display = draw(name, n_features, left.subplots())
    figure.draw_without_rendering()
    assert display.figure_ is left
    assert right.axes == [other]
    for axes in left.axes:
        box = axes.get_tightbbox()
        assert box is None or left.bbox.x0 - 1 <= box.x0 <= box.x1 <= left.bbox.x1 + 1
    assert plt.get_fignums() == []


@for_every_picture
def test_a_display_is_drawn_again_in_other_axes(name, n_features):
    display = draw(name, n_features, Figure().subplots())
    first, other = display.figure_, Figure().subplots()
    assert display.plot(other) is display
    assert display.ax_ is other
    assert display.figure_ is other.figure
    assert len(first.axes) == len(other.figure.axes)


@pytest.mark.parametrize("name", COUNT_POINTS)
def test_a_million_samples_are_drawn_as_five_thousand_points(name):
    model = GaussianMixture.from_parameters([0.5, 0.5], [[0.0, 0.0], [5.0, 5.0]], [np.eye(2)] * 2)
    X = np.random.default_rng(0).normal(size=(1_000_000, 2))
    X[::2] += 5.0
    display = getattr(plotting, name).from_estimator(model, X, ax=Figure().subplots())
    assert sum(COUNT_POINTS[name](display)) == 5000
    assert "5,000 of 1,000,000 samples" in display.note_.get_text()


@pytest.mark.parametrize("name", COUNT_POINTS)
def test_other_objects_than_mixtures_of_gmmx_are_refused(name):
    with pytest.raises(TypeError, match=f"{name} needs a GaussianMixture, .* got dict"):
        getattr(plotting, name).from_estimator({}, np.zeros((3, 2)))
