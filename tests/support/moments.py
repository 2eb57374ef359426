"""Sufficient statistics computed by their definition, for tests."""

from __future__ import annotations

import numpy as np

from gmmx.model.layouts import Layout
from gmmx.model.statistics import SufficientStatistics
from twin import Array


def statistics_of(
    X: Array, resp: Array, layout: Layout, origin: Array, log_likelihood: float = 0.0
) -> SufficientStatistics:
    """Return the statistics of samples X (n, D), responsibilities (n, K), about origin (K, D)."""
    X, resp = np.asarray(X, dtype=np.float64), np.asarray(resp, dtype=np.float64)
    first, second = [], []
    blocks = [slice(start, start + 64) for start in range(0, len(X), 64)]
    for weights, point in zip(resp.T, origin, strict=True):
        centred = X - point
        weighted = weights[:, np.newaxis] * centred
        # One long sum would have larger rounding errors than the many short sums of the kernels.
        product = sum(weighted[rows].T @ centred[rows] for rows in blocks)
        first.append(sum(weights[rows] @ centred[rows] for rows in blocks))
        second.append((product + product.T) / 2.0)
    return SufficientStatistics(
        layout,
        sum(resp[rows].sum(axis=0) for rows in blocks),
        np.stack(first),
        in_layout(np.stack(second), layout),
        np.asarray(origin, dtype=np.float64),
        log_likelihood,
    )


def squares_of(X: Array, resp: Array, origin: Array) -> tuple[Array, Array, Array]:
    """Return counts (K,), first moments and sums of squares (K, D), without matrices (D, D)."""
    X, resp = np.asarray(X, dtype=np.float64), np.asarray(resp, dtype=np.float64)
    counts, first, squares = 0.0, 0.0, 0.0
    for start in range(0, len(X), 64):  # short sums, as above
        weights = resp[start : start + 64]
        centred = X[start : start + 64, np.newaxis] - origin
        counts = counts + weights.sum(axis=0)
        first = first + np.einsum("nk,nkd->kd", weights, centred)
        squares = squares + np.einsum("nk,nkd->kd", weights, centred**2)
    return counts, first, squares


def in_layout(second: Array, layout: Layout) -> Array:
    """Return second moments (K, D, D) in the shape of a layout."""
    if layout == "dense":
        return second
    if layout == "shared":
        return second.sum(axis=0)
    variances = np.einsum("kdd->kd", second).copy()
    return variances if layout == "diagonal" else variances.sum(axis=1, keepdims=True)


def factors_shape(layout: Layout, n_components: int, n_features: int) -> tuple[int, ...]:
    """Return the shape of factors in a layout."""
    return {
        "dense": (n_components, n_features, n_features),
        "shared": (n_features, n_features),
        "diagonal": (n_components, n_features),
        "isotropic": (n_components, 1),
    }[layout]


def in_matrices(factors: Array, layout: Layout, n_components: int, n_features: int) -> Array:
    """Return factors in the shape of a layout as matrices (K, D, D)."""
    if layout == "dense":
        return factors
    if layout == "shared":
        return np.repeat(factors[np.newaxis], n_components, axis=0)
    return factors[:, :, np.newaxis] * np.eye(n_features)


def assert_same_statistics(
    actual: SufficientStatistics, expected: SufficientStatistics, tolerance: float
) -> None:
    """Assert that moments agree, relative to the features' root mean squares about the origin."""
    assert actual.layout == expected.layout
    np.testing.assert_array_equal(actual.origin, expected.origin)
    np.testing.assert_allclose(actual.counts, expected.counts, rtol=tolerance)
    np.testing.assert_allclose(actual.log_likelihood, expected.log_likelihood, rtol=tolerance)
    squares = {
        "dense": lambda second: np.einsum("kdd->kd", second),
        "shared": lambda second: np.diag(second)[np.newaxis],
        "diagonal": lambda second: second,
        "isotropic": lambda second: second,
    }[expected.layout](expected.second)
    roots = np.sqrt(squares)
    limits = tolerance * roots * np.sqrt(expected.counts)[:, np.newaxis]
    assert np.all(np.abs(actual.first - expected.first) <= limits)
    products = squares
    if expected.layout in ("dense", "shared"):
        products = roots[:, :, np.newaxis] * roots[:, np.newaxis, :]
    errors = np.abs(actual.second - expected.second)
    assert np.all(errors <= tolerance * products.reshape(errors.shape))
