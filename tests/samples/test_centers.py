"""Statistics about one center agree with exact statistics, and are used only if they do."""

from __future__ import annotations

import numpy as np
import pytest

from gmmx.model.covariance import STRUCTURES
from gmmx.model.parameters import MixtureParameters
from gmmx.samples.array_source import ArraySource
from gmmx.samples.kernel_parameters import FARTHEST_WHITENED_MEAN, KernelParameters
from gmmx.samples.moments import statistics_about_means, statistics_of_labels
from moments import assert_same_statistics

CENTERED = sorted(STRUCTURES)


def example(name, spread, n_features, offset=0.0):
    """Return samples, and a mixture with means `spread` standard deviations from its center."""
    random = np.random.default_rng(n_features)
    means = np.concatenate([-np.ones((1, n_features)), np.ones((1, n_features))]) * spread
    n_samples = 200 + (1 << 17) // n_features**2  # enough for a long pass with each structure
    X = offset + np.repeat(means, n_samples, axis=0)
    X += random.normal(size=X.shape)
    structure = STRUCTURES[name]
    shape = structure.covariance_shape(2, n_features)
    precisions = np.ones(shape)
    if structure.are_matrices:
        precisions = np.broadcast_to(np.eye(n_features), shape)
    covariance = structure.from_precisions(precisions, 2, n_features)
    return X, MixtureParameters(np.array([0.5, 0.5]), offset + means, covariance)


@pytest.mark.parametrize("name", CENTERED)
@pytest.mark.parametrize("n_features", [1, 5, 8, 11, 33])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_moments_about_a_center_are_the_exact_ones(name, n_features, offset):
    X, mixture = example(name, 0.3, n_features, offset)
    assert KernelParameters(mixture).has_near_means
    exact = ArraySource(X, 1).statistics(mixture, mixture.means)
    assert_same_statistics(ArraySource(X, 1).statistics(mixture), exact, 1e-9 if offset else 1e-12)


@pytest.mark.parametrize("name", CENTERED)
def test_far_means_are_not_measured_from_their_center(name):
    _, near = example(name, 0.9 * FARTHEST_WHITENED_MEAN, 3)
    X, far = example(name, 1e8, 3)
    assert KernelParameters(near).has_near_means
    assert not KernelParameters(far).has_near_means
    exact = ArraySource(X, 1).statistics(far, far.means)
    assert_same_statistics(ArraySource(X, 1).statistics(far), exact, 1e-12)


def test_total_moments_are_those_of_all_samples():
    X, _ = example("tied", 1.0, 4)
    for layout in ("dense", "diagonal"):
        total = ArraySource(X, 1).total(layout)
        np.testing.assert_allclose(total.means[0], X.mean(axis=0), rtol=1e-12, atol=1e-12)
        variances = total.about(total.means).second / len(X)
        expected = np.cov(X.T, bias=True) if layout == "dense" else X.var(axis=0)
        np.testing.assert_allclose(variances[0], expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("layout", ["dense", "shared", "diagonal", "isotropic"])
def test_clusters_with_inexact_means_have_exact_moments(layout):
    X = np.random.default_rng(0).normal(size=(200, 3))
    labels = np.arange(200) % 2
    inexact = np.array([[0.0, 1e9, 0.0], [1e3, 0.0, -1e12]])
    statistics = statistics_about_means(X, labels, inexact, layout, 1)
    exact = statistics_of_labels(X, labels, 2, layout, 1)
    np.testing.assert_allclose(statistics.means, exact.means, rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        statistics.about(exact.means).second, exact.about(exact.means).second, rtol=0, atol=1e-3
    )
