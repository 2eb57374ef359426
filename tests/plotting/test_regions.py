"""Densities of features, and their highest-density regions."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure

from gmmx.plotting import DensityDisplay, MixtureDisplay
from gmmx.plotting.regions import MixtureDensity, positions

WEIGHTS = np.array([0.5, 0.3, 0.2])
MEANS = np.array([[0.0, 0.0, 1.0], [4.0, 1.0, -2.0], [2.0, -3.0, 0.0]])
COVARIANCES = np.array(
    [
        [[1.0, 0.6, 0.2], [0.6, 2.0, 0.0], [0.2, 0.0, 0.5]],
        [[0.5, 0.0, 0.1], [0.0, 0.3, 0.1], [0.1, 0.1, 0.4]],
        [[1e-6, 0.0, 0.0], [0.0, 4.0, 1.0], [0.0, 1.0, 1.0]],
    ]
)
PROBABILITIES = np.array([0.95, 0.75, 0.5, 0.25])


def density_of(x, features):
    pairs = np.ix_(range(3), features, features)
    parts = zip(WEIGHTS, MEANS[:, features], COVARIANCES[pairs], strict=True)
    return sum(w * multivariate_normal(mean, cov).pdf(x) for w, mean, cov in parts)


def mixture(n_positions=100):
    return MixtureDensity(WEIGHTS, MEANS, COVARIANCES, None, n_positions)


def single(covariance, mean):
    return MixtureDensity(np.ones(1), np.array([mean]), np.array([covariance]), None, 200)


def test_thresholds_of_a_gaussian_in_two_features_are_its_peak_times_the_rest():
    covariance = [[2.0, 1.2], [1.2, 1.0]]
    marginal = single(covariance, [3.0, -1.0]).marginal([0, 1])
    peak = 1 / (2 * np.pi * np.sqrt(np.linalg.det(covariance)))
    thresholds = np.exp(marginal.log_thresholds(PROBABILITIES))
    # The density at samples is uniform between 0 and its peak: 4 standard errors are 0.0063.
    np.testing.assert_allclose(thresholds / peak, 1 - PROBABILITIES, rtol=0, atol=0.007)


def test_intervals_of_a_gaussian_in_one_feature_are_its_quantiles():
    marginal = single([[4.0]], [10.0]).marginal([0])
    for probability, threshold in zip(
        PROBABILITIES, marginal.log_thresholds(PROBABILITIES), strict=True
    ):
        (interval,) = marginal.intervals(threshold)
        expected = norm.interval(probability, 10.0, 2.0)
        np.testing.assert_allclose(interval, expected, rtol=0, atol=0.05)


@pytest.mark.parametrize("features", [[0], [2], [0, 1], [2, 1]])
def test_regions_hold_their_probability(features):
    rng = np.random.default_rng(5)
    component = rng.choice(3, 100_000, p=WEIGHTS)
    factors = np.linalg.cholesky(COVARIANCES)[component]
    noise = rng.normal(size=(100_000, 3, 1))
    X = (MEANS[component] + (factors @ noise)[..., 0])[:, features]
    thresholds = np.exp(mixture().marginal(features).log_thresholds(PROBABILITIES))
    held = [(density_of(X, features) >= threshold).mean() for threshold in thresholds]
    np.testing.assert_allclose(held, PROBABILITIES, rtol=0, atol=0.01)


def test_intervals_hold_the_probability_of_their_region():
    marginal = mixture(1000).marginal([1])
    for probability, threshold in zip(
        PROBABILITIES, marginal.log_thresholds(PROBABILITIES), strict=True
    ):
        ends = np.array(marginal.intervals(threshold))
        assert (np.diff(ends.ravel()) > 0).all()
        deviations = np.sqrt(COVARIANCES[:, 1, 1])
        below = norm.cdf(ends[..., np.newaxis], MEANS[:, 1], deviations) @ WEIGHTS
        assert abs(np.diff(below, axis=1).sum() - probability) < 0.01


@pytest.mark.parametrize("features", [[1], [0, 1], [1, 2]])
def test_the_density_at_positions_is_that_of_scipy(features):
    marginal = mixture(20).marginal(features)
    grid = np.stack(np.meshgrid(*marginal.positions), axis=-1)
    assert marginal.log_density.shape == grid.shape[:-1]
    np.testing.assert_allclose(np.exp(marginal.log_density), density_of(grid, features), rtol=1e-9)


@pytest.mark.parametrize("features", [[1], [2], [1, 2]])
def test_the_density_at_positions_integrates_to_one(features):
    marginal = mixture().marginal(features)
    total = np.exp(marginal.log_density)
    for axis in marginal.positions:
        total = np.trapezoid(total, axis, axis=-1)
    assert abs(total - 1) < 0.01


def test_a_component_narrower_than_the_spacing_is_seen():
    marginal = mixture(20).marginal([0])
    x, density = marginal.positions[0], np.exp(marginal.log_density)
    assert x[density.argmax()] == 2.0
    assert density.max() > 0.2 * norm(scale=1e-3).pdf(0)


def test_positions_enclose_the_samples_and_are_few_for_many_components():
    X = np.array([[-50.0, 0.0, 0.0], [0.0, 60.0, 0.0]])
    density = MixtureDensity(WEIGHTS, MEANS, COVARIANCES, X, 50)
    x, y = density.marginal([0, 1]).positions
    assert x[0] < -50
    assert y[-1] > 60
    rng = np.random.default_rng(0)
    many = positions(0.0, 1.0, rng.random(5000), np.full(5000, 1e-3), 50)
    assert len(many) <= 4 * 50 + 1
    assert (np.diff(many) > 0).all()
    assert (many[0], many[-1]) == (0.0, 1.0)


def test_an_interval_that_positions_cut_ends_there():
    marginal = single([[1.0]], [0.0]).marginal([0])
    x = marginal.positions[0]
    assert marginal.intervals(-1000.0) == [(x[0], x[-1])]
    assert marginal.intervals(0.0) == []


def test_the_global_random_state_does_not_change():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the state that must not change
    first = mixture().marginal([0]).log_thresholds(PROBABILITIES)
    second = mixture().marginal([0]).log_thresholds(PROBABILITIES)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    assert (first == second).all()


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"weights": [-1.0, 2.0]}, "weights must be at least 0 and have the sum 1"),
        ({"weights": [3.0, 3.0]}, "the sum 6"),
        ({"weights": [1.0]}, r"weights has the shape \(1,\); expected \(2,\)"),
        ({"means": np.zeros((0, 2))}, r"means has the shape \(0, 2\)"),
        ({"means": [[0.0, np.inf], [0.0, 0.0]]}, "means"),
        ({"covariances": [[[1.0, 5.0], [5.0, 1.0]]] * 2}, "positive semidefinite"),
        ({"covariances": [[[1.0, 0.5], [0.1, 1.0]]] * 2}, "symmetric"),
        ({"covariances": np.zeros((2, 2, 2))}, "positive variances"),
    ],
)
@pytest.mark.parametrize("display", [DensityDisplay, MixtureDisplay])
def test_stored_numbers_that_are_no_mixture_are_refused(display, numbers, message):
    good = {"weights": [0.5, 0.5], "means": np.zeros((2, 2)), "covariances": [np.eye(2)] * 2}
    samples = {} if display is DensityDisplay else {"X": np.zeros((1, 2)), "labels": [0]}
    display(**good, **samples)
    with pytest.raises(ValueError, match=message):
        display(**{**good, **numbers}, **samples)


def test_a_singular_covariance_has_a_flat_ellipse_but_no_density():
    numbers = {"weights": [1.0], "means": [[0.0, 0.0]], "covariances": [[[1.0, 3.0], [3.0, 9.0]]]}
    drawn = MixtureDisplay(**numbers, X=np.zeros((1, 2)), labels=[0]).plot(Figure().subplots())
    assert [ellipse.height for ellipse in drawn.ellipses_] == pytest.approx([0.0, 0.0], abs=1e-6)
    with pytest.raises(ValueError, match="positive definite"):
        DensityDisplay(**numbers)
