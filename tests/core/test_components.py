"""Computations on components between the passes of a fit, compared with NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from gmmx._core.interface import components
from moments import factors_shape, in_matrices

LAYOUTS = ["dense", "shared", "diagonal", "isotropic"]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("n_components", "n_features"), [(1, 1), (3, 1), (3, 3), (2, 5)])
def test_the_scale_is_the_density_at_the_mean(layout, n_components, n_features):
    random = np.random.default_rng(0)
    weights = random.dirichlet(np.ones(n_components))
    factors = random.uniform(0.5, 2.0, factors_shape(layout, n_components, n_features))
    upper = np.triu(in_matrices(factors, layout, n_components, n_features))
    actual = components.log_scale(weights, factors.ravel(), layout, n_features)
    for k, factor in enumerate(upper):
        covariance = np.linalg.inv(factor @ factor.T)
        density = multivariate_normal(cov=covariance).logpdf(np.zeros(n_features))
        assert actual[k] == pytest.approx(np.log(weights[k]) + density, rel=1e-12)


def test_weight_0_has_no_density():
    assert components.log_scale(np.zeros(1), np.ones(1), "diagonal", 1)[0] == -np.inf


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("n_components", "n_features"), [(1, 1), (3, 4), (2, 9)])
def test_shifts_are_whitened_by_the_factors(layout, n_components, n_features):
    random = np.random.default_rng(0)
    factors = random.uniform(0.5, 2.0, factors_shape(layout, n_components, n_features))
    if layout in ("dense", "shared"):
        factors = np.triu(factors)
    shift = random.normal(size=(n_components, n_features))
    upper = in_matrices(factors, layout, n_components, n_features)
    actual = components.whiten(shift, factors.ravel(), layout)
    expected = np.einsum("kd,kdj->kj", shift, upper)
    np.testing.assert_allclose(actual, expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(("n_components", "n_features"), [(1, 1), (3, 4), (2, 33)])
def test_shared_cross_products_are_symmetric_sums(n_components, n_features):
    first, shift = np.random.default_rng(0).normal(size=(2, n_components, n_features))
    products = components.shared_cross_products(first, shift)
    np.testing.assert_allclose(products, first.T @ shift + shift.T @ first, atol=1e-13)
    np.testing.assert_array_equal(products, products.T)
    with pytest.raises(ValueError, match="expected"):
        components.shared_cross_products(first, shift[:, :-1].copy())


def test_components_without_samples_do_not_move():
    shift = components.mean_shift(np.array([2.0, 0.0, 1e-300]), np.ones((3, 2)), 1e-280)
    np.testing.assert_array_equal(shift, [[0.5, 0.5], [0, 0], [0, 0]])


@pytest.mark.parametrize("are_matrices", [True, False])
def test_what_is_no_number_stays(are_matrices):
    covariances = np.empty(1)
    components.average_scatter(
        np.ones(1), np.zeros((1, 1)), np.array([np.nan]), are_matrices, 1.0, covariances
    )
    assert np.isnan(covariances[0])


@pytest.mark.parametrize(
    ("counts", "shift", "second", "are_matrices", "covariances"),
    [
        (3, (2, 4), 8, False, 8),
        (2, (2, 4), 7, False, 8),
        (2, (2, 4), 8, False, 7),
        (2, (2, 4), 0, False, 8),
        (2, (2, 4), 8, False, 0),
        (2, (2, 4), 16, True, 32),
        (2, (2, 4), 32, True, 16),
        (2, (2, 4), 8, True, 8),
        (0, (0, 4), 0, False, 0),
        (2, (2, 0), 0, True, 0),
    ],
)
def test_arrays_of_a_wrong_size_are_refused(counts, shift, second, are_matrices, covariances):
    with pytest.raises(ValueError, match="expected"):
        components.average_scatter(
            np.ones(counts), np.ones(shift), np.ones(second), are_matrices, 0.0,
            np.ones(covariances),
        )  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_factors_of_a_wrong_size_are_refused(layout):
    for n_components, n_features, n_factors in ((2, 3, 5), (0, 3, 0), (2, 0, 0)):
        with pytest.raises(ValueError, match="expected"):
            components.log_scale(np.ones(n_components), np.ones(n_factors), layout, n_features)
    with pytest.raises(ValueError, match="expected"):
        components.mean_shift(np.ones(2), np.ones((3, 2)), 0.0)


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 16, 127, 128, 129, 256, 1000, 1031])
def test_sums_have_the_bits_of_numpy(size):
    random = np.random.default_rng(size)
    counts = random.lognormal(sigma=5.0, size=size)
    assert np.array_equal(components.shares(counts), counts / counts.sum())
    second = random.lognormal(sigma=5.0, size=(3, size))
    assert np.array_equal(components.traces(second), second.sum(axis=1, keepdims=True))
    for n_features in (1, 2, 3):
        matrices = random.normal(size=(size, n_features, n_features))
        assert np.array_equal(components.sum_of_components(matrices), matrices.sum(axis=0))


def test_sums_of_nothing_are_refused():
    for summed in (components.shares, components.traces, components.sum_of_components):
        with pytest.raises(ValueError, match="expected at least 1"):
            summed(np.ones((0,) * {"shares": 1, "traces": 2}.get(summed.__name__, 3)))
