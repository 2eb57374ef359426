"""The picture of a density: curves, contours, images and highest-density regions."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.stats import chi2, multivariate_normal, norm

pytest.importorskip("matplotlib")

from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gmmx import BayesianGaussianMixture, GaussianMixture, GaussianMixtureIC, NotFittedError
from gmmx.model.covariance import STRUCTURES
from gmmx.plotting import DensityDisplay

MEAN = np.array([1.0, -2.0, 0.5])
COVARIANCE = np.array([[2.0, 0.8, 0.1], [0.8, 1.0, -0.3], [0.1, -0.3, 0.7]])


def new_axes():
    figure = Figure(figsize=(5, 4), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.subplots()


def samples(n_features=2, n_samples=300):
    rng = np.random.default_rng(0)
    labels = np.arange(n_samples) % 2
    return rng.normal(size=(n_samples, n_features)) + 4.0 * labels[:, np.newaxis]


def gaussian(n_features):
    return {
        "weights": [1.0],
        "means": [MEAN[:n_features]],
        "covariances": [COVARIANCE[:n_features, :n_features]],
    }


def vertices(contours):
    return [path.vertices for path in contours.get_paths()]


def distances(x, features):
    """Return the squared Mahalanobis distances to the Gaussian in two features."""
    centered = x - MEAN[features]
    precision = np.linalg.inv(COVARIANCE[np.ix_(features, features)])
    return np.einsum("ni,ij,nj->n", centered, precision, centered)


def assert_boundaries(contours, features, probabilities):
    """Assert that filled contours lie between the ellipses of probabilities, from the largest."""
    limits = [*chi2.ppf(probabilities, 2), 0.0]
    for path, outer, inner in zip(vertices(contours), limits[:-1], limits[1:], strict=True):
        d = distances(path, features)
        is_inner = np.abs(d - inner) < np.abs(d - outer)
        np.testing.assert_allclose(d[~is_inner], outer, rtol=0, atol=0.12)
        np.testing.assert_allclose(d[is_inner], inner, rtol=0, atol=0.12)
        assert is_inner.any() == (inner > 0)


# ---- numbers in the artists


@pytest.mark.parametrize("kind", ["contour", "image", "hdr"])
def test_the_curve_of_one_feature_is_the_density(kind):
    display = DensityDisplay(weights=[0.3, 0.7], means=[[0.0], [5.0]], covariances=[[[1]], [[4]]])
    x, density = display.plot(new_axes(), kind=kind).surfaces_[0, 0].get_data()
    expected = 0.3 * norm.pdf(x, 0, 1) + 0.7 * norm.pdf(x, 5, 2)
    np.testing.assert_allclose(density, expected, rtol=1e-9)


def test_regions_of_one_feature_are_shaded_below_the_curve():
    display = DensityDisplay(**gaussian(1)).plot(new_axes(), kind="hdr", levels=(0.5, 0.9))
    shades = display.ax_.collections
    assert len(shades) == 2
    for shade, probability in zip(shades, (0.9, 0.5), strict=True):
        (outline,) = vertices(shade)
        interval = norm.interval(probability, MEAN[0], np.sqrt(2.0))
        np.testing.assert_allclose(
            (outline[:, 0].min(), outline[:, 0].max()), interval, rtol=0, atol=0.03
        )
        assert outline[:, 1].min() == 0
        np.testing.assert_allclose(outline[:, 1].max(), norm(scale=np.sqrt(2.0)).pdf(0), rtol=1e-3)


def test_regions_of_two_features_are_ellipses_of_the_quantiles_of_chi2():
    display = DensityDisplay(**gaussian(2)).plot(new_axes(), kind="hdr", levels=(0.25, 0.5, 0.75))
    assert display.probabilities_.tolist() == [0.75, 0.5, 0.25]
    assert_boundaries(display.surfaces_[0, 0], [0, 1], (0.75, 0.5, 0.25))
    peak = multivariate_normal(MEAN[:2], COVARIANCE[:2, :2]).logpdf(MEAN[:2])
    shares = np.exp(display.log_thresholds_[0, 0] - peak)
    np.testing.assert_allclose(shares, (0.25, 0.5, 0.75), rtol=0, atol=0.007)


def test_lines_between_contours_are_where_the_log_density_has_their_levels():
    display = DensityDisplay(**gaussian(2)).plot(new_axes())
    lines = display.ax_.collections[1]
    density = multivariate_normal(MEAN[:2], COVARIANCE[:2, :2])
    n_drawn = 0
    for level, line in zip(lines.levels, vertices(lines), strict=True):
        np.testing.assert_allclose(density.logpdf(line), level, rtol=0, atol=0.02)
        n_drawn += len(line) > 0
    assert n_drawn >= 5


@pytest.mark.parametrize("covariance_type", STRUCTURES)
def test_the_image_is_the_log_density_of_the_model(covariance_type):
    X = samples()
    model = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(X)
    display = DensityDisplay.from_estimator(model, kind="image", ax=new_axes())
    image = display.surfaces_[0, 0]
    (left, right), (bottom, top) = display.ax_.get_xlim(), display.ax_.get_ylim()
    corners = model.score_samples([[left, bottom], [right, bottom], [left, top], [right, top]])
    values = image.get_array()
    np.testing.assert_allclose(values[[0, 0, -1, -1], [0, -1, 0, -1]], corners, rtol=1e-9)
    # The means are among the positions.
    means = model.score_samples(model.means_)
    assert np.abs(values[..., np.newaxis] - means).min(axis=(0, 1)).max() < 1e-9
    draws = model.set_params(random_state=1).sample(100_000)[0]
    held = (model.score_samples(draws) >= image.get_clim()[0]).mean()
    assert abs(held - 0.99) < 0.003


def test_a_matrix_shows_the_marginal_densities():
    probabilities = (0.75, 0.5, 0.25)
    display = DensityDisplay(**gaussian(3)).plot(new_axes(), kind="hdr", levels=probabilities)
    assert display.axes_.shape == display.surfaces_.shape == (3, 3)
    for i, j in np.ndindex(3, 3):
        if i != j:
            assert_boundaries(display.surfaces_[i, j], [j, i], probabilities)
            continue
        x, density = display.surfaces_[i, i].get_data()
        expected = norm.pdf(x, MEAN[i], np.sqrt(COVARIANCE[i, i]))
        np.testing.assert_allclose(density, expected, rtol=1e-9)


def test_chosen_features_are_drawn_in_their_order():
    display = DensityDisplay(**gaussian(3), feature_names=["a", "b", "c"])
    display.plot(new_axes(), kind="hdr", levels=[0.5], features=["c", 0])
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("c", "a")
    assert_boundaries(display.surfaces_[0, 0], [2, 0], [0.5])
    assert display.note_.get_text() == "2 of 3 features"


def test_the_density_of_a_bayesian_mixture_integrates_to_one():
    X = samples(1, 40)
    model = BayesianGaussianMixture(n_components=3, max_iter=500, random_state=0).fit(X)
    curve = DensityDisplay.from_estimator(model, X, ax=new_axes()).surfaces_[0, 0]
    assert abs(np.trapezoid(curve.get_ydata(), curve.get_xdata()) - 1) < 0.01


def test_mixtures_in_float32_are_drawn():
    for seed in range(6):
        X = np.random.default_rng(seed).normal(size=(200, 1)).astype(np.float32)
        model = GaussianMixture(3, random_state=seed).fit(X)
        assert model.weights_.dtype == np.float32
        display = DensityDisplay.from_estimator(model, ax=new_axes())
        x, y = display.surfaces_[0, 0].get_data()
        scores = model.score_samples(x[:, np.newaxis].astype(np.float32))
        np.testing.assert_allclose(y, np.exp(scores), rtol=1e-3, atol=1e-6)


def test_the_best_mixture_of_a_search_is_drawn():
    X = samples()
    search = GaussianMixtureIC(max_components=3, random_state=0).fit(X)
    image, best = (
        DensityDisplay.from_estimator(model, kind="image", ax=new_axes()).surfaces_[0, 0]
        for model in (search, search.best_estimator_)
    )
    assert (image.get_array() == best.get_array()).all()


# ---- samples


def test_points_are_the_samples():
    X = samples()
    model = GaussianMixture(2, random_state=0).fit(X)
    display = DensityDisplay.from_estimator(model, X, ax=new_axes(), kind="hdr")
    assert (np.asarray(display.ax_.collections[-1].get_offsets()) == X).all()
    assert not display.note_.get_text()
    low, high = np.transpose([display.ax_.get_xlim(), display.ax_.get_ylim()])
    assert (low < X.min(axis=0)).all()
    assert (high > X.max(axis=0)).all()


def test_a_sample_of_many_points_is_drawn_and_the_picture_says_so():
    X = samples(3, 12_000)
    model = GaussianMixture(2, random_state=0).fit(X)
    display = DensityDisplay.from_estimator(model, X, ax=new_axes())
    points = np.asarray(display.axes_[1, 0].collections[-1].get_offsets())
    assert len(points) == 5000
    assert {*map(tuple, points)} <= {*map(tuple, X[:, :2])}
    assert display.note_.get_text() == "5,000 of 12,000 samples"


def test_one_feature_has_a_histogram_or_a_rug():
    X = samples(1)
    model = GaussianMixture(2, random_state=0).fit(X)
    histogram = DensityDisplay.from_estimator(model, X, ax=new_axes()).ax_.patches
    area = sum(bar.get_width() * bar.get_height() for bar in histogram)
    np.testing.assert_allclose(area, 1.0)
    rug = DensityDisplay.from_estimator(model, X, kind="hdr", ax=new_axes()).ax_.lines[0]
    assert (rug.get_xdata() == X[:, 0]).all()


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_names_are_those_of_the_frame(frame):
    X = frame({"$x_{": samples()[:, 0], "height": samples()[:, 1]})
    model = GaussianMixture(2, random_state=0).fit(X)
    ax = DensityDisplay.from_estimator(model, X, ax=new_axes()).ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_{", "height")
    ax.figure.draw_without_rendering()
    given = DensityDisplay.from_estimator(model, feature_names=["a", "b"], ax=new_axes()).ax_
    assert given.get_xlabel() == "a"


# ---- the contract of a display


def test_the_display_draws_in_given_or_new_axes_and_leaves_settings_alone():
    settings, open_figures = dict(plt.rcParams), plt.get_fignums()
    ax = new_axes()
    display = DensityDisplay(**gaussian(2)).plot(ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert plt.get_fignums() == open_figures
    assert display.plot() is display
    assert len(plt.get_fignums()) == len(open_figures) + 1
    plt.close(display.figure_)
    assert dict(plt.rcParams) == settings


def test_regions_have_a_legend_and_contours_a_scale():
    display = DensityDisplay(**gaussian(2)).plot(new_axes(), kind="hdr", levels=(0.5, 0.125))
    assert [text.get_text() for text in display.legend_.get_texts()] == ["50 %", "12.5 %"]
    assert display.colorbar_ is None
    display.plot(new_axes(), kind="image")
    assert display.colorbar_.ax.get_ylabel() == "log density (nats)"
    assert display.legend_ is None


def test_unknown_kinds_and_wrong_numbers_are_refused():
    with pytest.raises(ValueError, match="kind must be one of contour, image, hdr; got 'lines'"):
        DensityDisplay(**gaussian(2)).plot(new_axes(), kind="lines")
    with pytest.raises(ValueError, match=r"covariances has the shape \(1, 2\); expected"):
        DensityDisplay(weights=[1.0], means=[[0.0, 0.0]], covariances=[[1.0, 1.0]])
    with pytest.raises(ValueError, match=r"means has the shape \(1,\); expected"):
        DensityDisplay(weights=[1.0], means=[0.0], covariances=[[[1.0]]])
    with pytest.raises(ValueError, match="X has 3 features, but means has 2"):
        DensityDisplay(**gaussian(2), X=samples(3))
    with pytest.raises(ValueError, match="there is no feature 'c'"):
        DensityDisplay(**gaussian(2)).plot(new_axes(), features=["c"])


def test_unfitted_models_and_other_samples_are_refused():
    with pytest.raises(NotFittedError):
        DensityDisplay.from_estimator(GaussianMixture(2))
    model = GaussianMixture(2, random_state=0).fit(samples())
    with pytest.raises(ValueError, match="3 features"):
        DensityDisplay.from_estimator(model, samples(3))
