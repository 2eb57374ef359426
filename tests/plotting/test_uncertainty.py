"""The picture of a mixture's uncertainty: the map and the sorted curve."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.stats import multivariate_normal

pytest.importorskip("matplotlib")

from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from gmmx import BayesianGaussianMixture, GaussianMixture, GaussianMixtureIC, NotFittedError
from gmmx.plotting import UncertaintyDisplay
from gmmx.plotting.style import styles

WEIGHTS = np.array([0.6, 0.4])


def new_axes():
    figure = Figure(figsize=(5, 4), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.subplots()


def model(n_features):
    means = np.array([[0.0] * n_features, [2.0] * n_features])
    covariances = np.array([np.eye(n_features), 0.5 * np.eye(n_features)])
    return GaussianMixture.from_parameters(WEIGHTS, means, covariances)


def samples(n_features=2, n_samples=300):
    return model(n_features).set_params(random_state=0).sample(n_samples)[0]


def posterior(X):
    """Return the probabilities of the components by scipy."""
    n_features = X.shape[1]
    joint = np.stack(
        [
            weight * multivariate_normal([mean] * n_features, variance * np.eye(n_features)).pdf(X)
            for weight, mean, variance in zip(WEIGHTS, (0, 2), (1, 0.5), strict=True)
        ],
        axis=1,
    )
    return joint / joint.sum(axis=1, keepdims=True)


def drawn_points(display, axes):
    """Return positions, areas and opacities of the points in axes, in the order of x."""
    points = [collection for collection in display.points_ if collection.axes is axes]
    positions = np.concatenate([np.asarray(p.get_offsets()) for p in points])
    areas = np.concatenate([p.get_sizes() for p in points])
    opacities = np.concatenate([p.get_facecolors()[:, 3] for p in points])
    order = np.lexsort(positions.T)
    return positions[order], areas[order], opacities[order]


# ---- the map


def test_size_and_opacity_grow_with_the_uncertainty_up_to_one_half():
    uncertainty = np.array([0.0, 0.1, 0.3, 0.5, 0.6])
    display = UncertaintyDisplay(uncertainty=uncertainty, X=np.arange(10.0).reshape(5, 2))
    display.plot(new_axes())
    positions, areas, opacities = drawn_points(display, display.ax_)
    assert (positions == display.X).all()
    for drawn in (areas, opacities):
        assert (np.diff(drawn[:4]) > 0).all()
        assert drawn[3] == drawn[4]
    share = np.minimum(uncertainty / 0.5, 1)
    np.testing.assert_allclose((areas - areas[0]) / (areas[3] - areas[0]), share)
    np.testing.assert_allclose(
        (opacities - opacities[0]) / (opacities[3] - opacities[0]), share, atol=1e-12
    )


def test_each_component_has_its_color_and_marker():
    X, proba = samples(), posterior(samples())
    display = UncertaintyDisplay.from_estimator(model(2), X, ax=new_axes())
    assert len(display.points_) == 2
    np.testing.assert_allclose(display.uncertainty, 1 - proba.max(axis=1), rtol=0, atol=1e-12)
    for k, (points, (color, _)) in enumerate(zip(display.points_, styles(2), strict=True)):
        own = X[proba.argmax(axis=1) == k]
        drawn = np.asarray(points.get_offsets())
        assert {*map(tuple, drawn)} == {*map(tuple, own)}
        assert (points.get_facecolors()[:, :3] == to_rgba(color)[:3]).all()
        # The most uncertain are on top.
        assert (np.diff(points.get_sizes()) >= 0).all()
    labels = [text.get_text() for text in display.legend_.get_texts()]
    assert labels == ["0", "0.25", "0.5 or more", "component 0", "component 1"]


def test_one_feature_is_drawn_below_its_uncertainty():
    X = samples(1)
    display = UncertaintyDisplay.from_estimator(model(1), X, ax=new_axes())
    positions, _, _ = drawn_points(display, display.ax_)
    expected = np.column_stack([X[:, 0], 1 - posterior(X).max(axis=1)])
    expected = expected[np.lexsort(expected.T)]
    np.testing.assert_allclose(positions, expected, rtol=0, atol=1e-12)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("x0", "uncertainty")


def test_more_features_are_drawn_in_a_matrix():
    X = samples(3)
    display = UncertaintyDisplay.from_estimator(model(3), X, ax=new_axes())
    assert display.axes_.shape == (3, 3)
    for (i, j), axes in np.ndenumerate(display.axes_):
        positions, _, _ = drawn_points(display, axes)
        y = display.uncertainty if i == j else X[:, i]
        expected = np.column_stack([X[:, j], y])
        np.testing.assert_array_equal(positions, expected[np.lexsort(expected.T)])


def test_chosen_features_keep_the_uncertainty_of_all():
    X = samples(3)
    display = UncertaintyDisplay.from_estimator(model(3), X, features=["x2", 0], ax=new_axes())
    positions, _, _ = drawn_points(display, display.ax_)
    expected = X[:, [2, 0]]
    np.testing.assert_array_equal(positions, expected[np.lexsort(expected.T)])
    np.testing.assert_allclose(display.uncertainty, 1 - posterior(X).max(axis=1), atol=1e-12)
    assert display.note_.get_text() == "2 of 3 features"


def test_a_sample_of_many_points_is_drawn_and_the_picture_says_so():
    X = samples(2, 20_000)
    display = UncertaintyDisplay.from_estimator(model(2), X, ax=new_axes())
    assert sum(len(points.get_offsets()) for points in display.points_) == 5000
    assert display.note_.get_text() == "5,000 of 20,000 samples"
    assert len(display.uncertainty) == 20_000


def test_a_matrix_of_many_points_draws_the_same_samples_in_all_axes():
    X = samples(3, 20_000)
    display = UncertaintyDisplay.from_estimator(model(3), X, ax=new_axes())
    assert display.note_.get_text() == "2,000 of 20,000 samples"
    x, _, _ = drawn_points(display, display.axes_[1, 0])
    y, _, _ = drawn_points(display, display.axes_[0, 1])
    assert len(x) == 2000
    assert {*map(tuple, x)} == {*map(tuple, y[:, ::-1])} <= {*map(tuple, X[:, :2])}


def test_many_components_have_no_legend():
    labels = np.arange(30) % 13
    display = UncertaintyDisplay(uncertainty=np.zeros(30), X=np.ones((30, 1)), labels=labels)
    legend = display.plot(new_axes()).legend_
    assert [text.get_text() for text in legend.get_texts()] == ["0", "0.25", "0.5 or more"]


# ---- the curve


def test_the_curve_is_the_sorted_uncertainty_of_all_samples():
    X = samples(2, 500)
    display = UncertaintyDisplay.from_estimator(model(2), X, kind="curve", ax=new_axes())
    share, uncertainty = display.curve_.get_data()
    np.testing.assert_array_equal(uncertainty, np.sort(display.uncertainty))
    np.testing.assert_allclose(share, np.linspace(0, 100, 500))
    quantiles = np.quantile(1 - posterior(X).max(axis=1), (0.75, 0.95))
    np.testing.assert_allclose(display.quantiles_, quantiles, atol=1e-12)
    texts = [text.get_text() for text in display.ax_.texts]
    assert f"75 %: {quantiles[0]:.2g}" in texts
    assert f"95 %: {quantiles[1]:.2g}" in texts
    assert display.note_.get_text() == "500 samples"


@pytest.mark.parametrize("power", [1, 8, 100])
def test_the_curve_of_many_samples_has_few_vertices_and_the_same_course(power):
    uncertainty = np.random.default_rng(0).random(200_000) ** power
    display = UncertaintyDisplay(uncertainty=uncertainty).plot(new_axes(), kind="curve")
    share, drawn = display.curve_.get_data()
    assert len(share) <= 3000
    y = np.sort(uncertainty)
    course = np.interp(np.linspace(0, 100, len(y)), share, drawn)
    assert np.abs(course - y).max() <= 0.0011 * (y[-1] - y[0])
    assert (drawn[0], drawn[-1]) == (y[0], y[-1])


def test_the_curve_passes_through_the_marks():
    uncertainty = np.random.default_rng(0).random(999)
    display = UncertaintyDisplay(uncertainty=uncertainty).plot(new_axes(), kind="curve")
    np.testing.assert_allclose(
        np.interp((75, 95), *display.curve_.get_data()), display.quantiles_, atol=1e-12
    )


def test_a_single_sample_has_a_curve():
    curve = UncertaintyDisplay(uncertainty=[0.2]).plot(new_axes(), kind="curve").curve_
    assert curve.get_ydata().tolist() == [0.2]


# ---- the contract of a display


def fitted_models():
    X = samples()
    bayesian = BayesianGaussianMixture(n_components=2, random_state=0, max_iter=500)
    search = GaussianMixtureIC(max_components=4, random_state=0)
    return X, [bayesian.fit(X), search.fit(X), GaussianMixture(2).fit(X.astype(np.float32))]


def test_all_models_are_drawn():
    X, models = fitted_models()
    for fitted in models:
        display = UncertaintyDisplay.from_estimator(fitted, X, kind="curve", ax=new_axes())
        expected = 1 - fitted.predict_proba(X).max(axis=1)
        np.testing.assert_allclose(display.uncertainty, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_names_are_those_of_the_frame(frame):
    X = frame({"$x_{": samples()[:, 0], "height": samples()[:, 1]})
    fitted = GaussianMixture(2, random_state=0).fit(X)
    ax = UncertaintyDisplay.from_estimator(fitted, X, ax=new_axes()).ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_{", "height")
    ax.figure.draw_without_rendering()


def test_the_display_draws_in_given_or_new_axes_and_leaves_settings_alone():
    settings, open_figures = dict(plt.rcParams), plt.get_fignums()
    ax = new_axes()
    display = UncertaintyDisplay(uncertainty=[0.1, 0.2], X=[[0.0, 1.0], [1.0, 0.0]]).plot(ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert plt.get_fignums() == open_figures
    for kind in ("map", "curve"):
        assert display.plot(kind=kind) is display
        assert len(plt.get_fignums()) == len(open_figures) + 1
        plt.close(display.figure_)
    assert display.points_ == []
    assert dict(plt.rcParams) == settings


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"uncertainty": [[0.1]]}, r"uncertainty has the shape \(1, 1\)"),
        ({"uncertainty": []}, r"uncertainty has the shape \(0,\)"),
        ({"uncertainty": [0.1, 1.5]}, "must be from 0 to 1"),
        ({"uncertainty": [np.nan]}, "must be from 0 to 1"),
        ({"uncertainty": [0.1], "X": [[1.0], [2.0]]}, "X has 2 rows, but there are 1"),
        ({"uncertainty": [0.1], "labels": [0, 1]}, "labels has 2 rows"),
        ({"uncertainty": [0.1], "labels": [[0]]}, r"labels has the shape \(1, 1\)"),
        ({"uncertainty": [0.1], "labels": [-1]}, "labels must be integers from 0"),
        ({"uncertainty": [0.1], "labels": [0.5]}, "labels must be integers from 0"),
    ],
)
def test_wrong_numbers_are_refused(numbers, message):
    with pytest.raises(ValueError, match=message):
        UncertaintyDisplay(**numbers)


def test_unknown_kinds_missing_samples_and_unfitted_models_are_refused():
    display = UncertaintyDisplay(uncertainty=[0.1])
    with pytest.raises(ValueError, match="kind must be one of map, curve; got 'image'"):
        display.plot(new_axes(), kind="image")
    with pytest.raises(ValueError, match="kind='map' needs the samples"):
        display.plot(new_axes())
    with pytest.raises(NotFittedError):
        UncertaintyDisplay.from_estimator(GaussianMixture(2), samples())
