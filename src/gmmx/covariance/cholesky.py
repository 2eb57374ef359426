"""Triangular factors of covariance matrices and of their inverses, many at a time.

Matrices are scaled to diagonals near 1 first: features may differ in scale as far as
floating-point numbers reach.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx._core import core

if TYPE_CHECKING:
    from gmmx.arrays import Array


EPS = float(np.finfo(np.float64).eps)
SMALLEST_SHARE = 1e-3  # of a direction, below which a feature has no part in it


class DegenerateCovarianceError(ValueError):
    """A covariance matrix is singular to working precision.

    Attributes
    ----------
    component : int or None
        Whose covariance it is; None for a shared one.
    feature : int or None
        The feature that has no variance, or none given the features before it; None if the
        structure does not tell features apart.
    direction : ndarray of shape (n_features,), or None
        The combination of features, each in units of its own deviation, that has no variance,
        where that is more than one feature.
    """

    def __init__(
        self,
        component: int | None = None,
        feature: int | None = None,
        direction: Array | None = None,
    ) -> None:
        super().__init__(f"singular covariance: component {component}, feature {feature}")
        self.component = component
        self.feature = feature
        self.direction = direction


def precision_cholesky(covariances: Array, n_threads: int = 1) -> Array:
    """Upper triangular U = L^-T with U U^T = covariance^-1, covariance = L L^T.

    Matrices are (..., n_features, n_features). One whose pivot, the variance that a feature has
    left given the features before it, is lost in rounding raises `DegenerateCovarianceError`.
    """
    n_features = covariances.shape[-1]
    matrices = np.ascontiguousarray(covariances).reshape(-1, n_features, n_features)
    factors = np.empty_like(matrices)
    failed = core.precision_cholesky(matrices, 4 * n_features * EPS, factors, n_threads)
    if failed >= 0:
        component, feature = divmod(failed, n_features)
        raise DegenerateCovarianceError(
            None if covariances.ndim == 2 else component, feature,
            _flat_direction(matrices[component], feature),
        )  # fmt: skip
    return factors.reshape(covariances.shape)


def _flat_direction(matrix: Array, feature: int) -> Array | None:
    """The combination of the features up to one that has the least variance, in deviations.

    None if that is this feature alone, or if another has no variance to measure it by.
    """
    n_features = len(matrix)
    known = matrix[: feature + 1, : feature + 1]
    variances = np.diagonal(known)
    if not (np.isfinite(known).all() and (variances > 0).all()):
        return None
    deviations = np.sqrt(variances)
    correlations = known / deviations[:, np.newaxis] / deviations
    direction = np.zeros(n_features)
    direction[: feature + 1] = np.linalg.eigh(correlations)[1][:, 0]
    direction *= np.sign(direction[np.argmax(np.abs(direction))])
    return direction if np.count_nonzero(np.abs(direction) > SMALLEST_SHARE) > 1 else None


def factors_of_precisions(precisions: Array) -> tuple[Array, Array]:
    """Covariances, and upper triangular U with U U^T = precision.

    U is the Cholesky factor with features reversed, taken of matrices scaled to unit diagonal.
    """
    inverse = precision_cholesky(precisions)
    deviations = np.sqrt(np.einsum("...dd->...d", precisions))
    scale = deviations[..., :, np.newaxis]
    unit = precisions / scale / deviations[..., np.newaxis, :]
    upper = np.linalg.cholesky(unit[..., ::-1, ::-1])[..., ::-1, ::-1] * scale
    return inverse @ np.swapaxes(inverse, -1, -2), np.ascontiguousarray(upper, dtype=np.float64)
