"""Inverse Cholesky factors of many matrices, compared with their definition."""

from __future__ import annotations

import numpy as np
import pytest

from gmmx.model.covariance.cholesky import (
    DegenerateCovarianceError,
    factors_of_precisions,
    precision_cholesky,
    square,
)


def covariances_of(n_matrices, n_features):
    random = np.random.default_rng(n_features)
    samples = random.normal(size=(n_matrices, 2 * n_features + 2, n_features))
    scale = 10.0 ** random.uniform(-3, 3, size=n_features)
    return np.swapaxes(samples, 1, 2) @ samples * scale[:, np.newaxis] * scale


@pytest.mark.parametrize("n_features", [*range(1, 14), 31, 32, 33, 70])
def test_factors_are_those_of_the_inverse(n_features):
    covariances = covariances_of(3, n_features)
    factors = precision_cholesky(covariances)
    np.testing.assert_array_equal(factors, np.triu(factors))
    assert np.all(np.einsum("kdd->kd", factors) > 0)
    # U^T covariance U is the identity, whatever the scale of the features.
    identity = np.swapaxes(factors, 1, 2) @ covariances @ factors
    np.testing.assert_allclose(
        identity, np.broadcast_to(np.eye(n_features), identity.shape), atol=1e-9
    )


@pytest.mark.parametrize("n_features", [*range(1, 10), 33])
def test_squares_are_symmetric_products(n_features):
    factors = np.triu(np.random.default_rng(0).normal(size=(3, n_features, n_features)))
    squares = square(factors)
    np.testing.assert_allclose(squares, factors @ np.swapaxes(factors, 1, 2), atol=1e-13)
    np.testing.assert_array_equal(squares, np.swapaxes(squares, 1, 2))
    np.testing.assert_array_equal(square(factors[0]), squares[0])


@pytest.mark.parametrize("n_features", [*range(1, 10), 33])
def test_precisions_give_their_upper_factors_and_inverses(n_features):
    precisions = covariances_of(3, n_features)
    covariances, factors = factors_of_precisions(precisions)
    np.testing.assert_array_equal(factors, np.triu(factors))
    deviations = np.sqrt(np.einsum("kdd->kd", precisions))
    sizes = deviations[:, :, np.newaxis] * deviations[:, np.newaxis]
    assert np.all(np.abs(square(factors) - precisions) <= 1e-13 * sizes)
    unit = np.broadcast_to(np.eye(n_features), precisions.shape)
    identity = precisions @ covariances / deviations[:, :, np.newaxis] * deviations[:, np.newaxis]
    np.testing.assert_allclose(identity, unit, atol=1e-9)


def test_threads_change_no_bit():
    covariances = covariances_of(41, 24)
    factors = precision_cholesky(covariances)
    for n_threads in (2, 3):
        np.testing.assert_array_equal(precision_cholesky(covariances, n_threads), factors)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_the_first_singular_matrix_is_named(n_threads):
    covariances = covariances_of(41, 24)
    covariances[[7, 20], :, 3] = covariances[[7, 20], 3] = 0.0
    with pytest.raises(DegenerateCovarianceError) as caught:
        precision_cholesky(covariances, n_threads)
    assert (caught.value.component, caught.value.feature) == (7, 3)
