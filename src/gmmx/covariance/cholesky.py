"""Triangular factors of covariance matrices and of their inverses, many at a time.

Matrices are scaled to diagonals near 1 by powers of two first, which rounds nothing: features
may differ in scale as far as floating-point numbers reach.
"""

from __future__ import annotations

import numpy as np

from gmmx._core import core
from gmmx.statistics import Array


class DegenerateCovarianceError(ValueError):
    """A covariance matrix is singular to working precision.

    Attributes
    ----------
    component : int or None
        Whose covariance it is; None for a shared one.
    feature : int or None
        The feature that has no variance, or none given the features before it; None if the
        structure does not tell features apart.
    """

    def __init__(self, component: int | None = None, feature: int | None = None) -> None:
        super().__init__(f"singular covariance: component {component}, feature {feature}")
        self.component = component
        self.feature = feature


def precision_cholesky(covariances: Array) -> Array:
    """Upper triangular U = L^-T with U U^T = covariance^-1, covariance = L L^T.

    Matrices are (..., n_features, n_features). One whose pivot, the variance that a feature has
    left given the features before it, is lost in rounding raises `DegenerateCovarianceError`.
    """
    n_features = covariances.shape[-1]
    matrices = covariances.reshape(-1, n_features, n_features)
    scale = _power_of_two_scale(matrices)
    try:
        lower = _cholesky(matrices * scale[:, :, np.newaxis] * scale[:, np.newaxis, :])
    except DegenerateCovarianceError as error:
        component = None if covariances.ndim == 2 else error.component
        raise DegenerateCovarianceError(component, error.feature) from None
    upper = np.empty_like(lower)
    core.invert_triangular(lower, upper)
    upper *= scale[:, :, np.newaxis]
    return np.asarray(upper.reshape(covariances.shape))


def precision_cholesky_from_precision(precisions: Array) -> Array:
    """Upper triangular U with U U^T = precision: the Cholesky factor with features reversed."""
    n_features = precisions.shape[-1]
    reversed_ = precisions.reshape(-1, n_features, n_features)[:, ::-1, ::-1]
    scale = _power_of_two_scale(reversed_)
    lower = np.linalg.cholesky(reversed_ * scale[:, :, np.newaxis] * scale[:, np.newaxis, :])
    upper = (lower / scale[:, :, np.newaxis])[:, ::-1, ::-1]
    return np.ascontiguousarray(upper).reshape(precisions.shape)


def covariance_from_precision_cholesky(factors: Array) -> Array:
    """(U U^T)^-1 = U^-T U^-1 for upper triangular U."""
    n_features = factors.shape[-1]
    reversed_ = np.ascontiguousarray(factors.reshape(-1, n_features, n_features)[:, ::-1, ::-1])
    inverse = np.empty_like(reversed_)
    core.invert_triangular(reversed_, inverse)
    lower = inverse[:, ::-1, ::-1]
    covariances = np.asarray(lower @ np.swapaxes(lower, 1, 2), dtype=np.float64)
    return covariances.reshape(factors.shape)


def _power_of_two_scale(matrices: Array) -> Array:
    """2^-e with e near log2 of each standard deviation; 1 where there is none."""
    variances = np.einsum("kdd->kd", matrices)
    exponent = np.frexp(np.where(variances > 0, variances, 1.0))[1] // 2
    return np.asarray(np.ldexp(1.0, -exponent), dtype=np.float64)


def _cholesky(matrices: Array) -> Array:
    """Lower Cholesky factors of matrices with diagonals near 1, each pivot checked."""
    n_features = matrices.shape[-1]
    try:
        lower = np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        lower = np.zeros_like(matrices)
        for k, matrix in enumerate(matrices):
            lower[k] = _cholesky_until_failure(matrix)
    pivots = np.einsum("kdd->kd", lower) ** 2
    variances = np.einsum("kdd->kd", matrices)
    smallest = 4 * n_features * np.finfo(np.float64).eps * variances
    singular = ~(pivots > smallest)
    if singular.any():
        k, d = (int(i) for i in np.argwhere(singular)[0])
        raise DegenerateCovarianceError(k, d)
    return lower


def _cholesky_until_failure(matrix: Array) -> Array:
    """Cholesky factor; a row that has no positive pivot and those below it are left 0."""
    lower = np.zeros_like(matrix)
    for size in range(1, len(matrix) + 1):
        try:
            lower[:size, :size] = np.linalg.cholesky(matrix[:size, :size])
        except np.linalg.LinAlgError:
            break
    return lower
