"""Triangular factors of covariance matrices and of their inverses, many at a time.

Matrices are scaled to diagonals near 1 first: features may differ in scale as far as
floating-point numbers reach. No library of linear algebra is called: its threads would go on
waiting for work beside those of the next pass over the samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx._core.interface import components, passes

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
    return _factorize(covariances, 4 * covariances.shape[-1] * EPS, True, n_threads)


def square(factors: Array) -> Array:
    """U U^T of upper triangular factors, (..., n_features, n_features)."""
    matrices = factors.reshape(-1, *factors.shape[-2:])
    return components.squares_of_factors(matrices).reshape(factors.shape)


def _factorize(matrices: Array, smallest: float, invert: bool, n_threads: int = 1) -> Array:
    """R^-1, or R itself, of matrices R^T R with pivots of a smallest share of their diagonals."""
    n_features = matrices.shape[-1]
    flat = np.ascontiguousarray(matrices).reshape(-1, n_features, n_features)
    factors = np.empty_like(flat)
    failed = passes.factorize(flat, smallest, invert, factors, n_threads)
    if failed >= 0:
        component, feature = divmod(failed, n_features)
        raise DegenerateCovarianceError(
            None if matrices.ndim == 2 else component, feature,
            _flat_direction(flat[component], feature),
        )  # fmt: skip
    return factors.reshape(matrices.shape)


def _flat_direction(matrix: Array, feature: int) -> Array | None:
    """The combination of the features up to one that has the least variance, in deviations.

    None if that is this feature alone, or if another has no variance to measure it by.
    """
    n_features = len(matrix)
    known = matrix[: feature + 1, : feature + 1]
    variances = np.diagonal(known)
    if not (variances > 0).all():
        return None
    deviations = np.sqrt(variances)
    with np.errstate(all="ignore"):
        correlations = known / deviations[:, np.newaxis] / deviations
    if not np.isfinite(correlations).all():
        return None
    direction = np.zeros(n_features)
    direction[: feature + 1] = np.linalg.eigh(correlations)[1][:, 0]
    direction *= np.sign(direction[np.argmax(np.abs(direction))])
    return direction if np.count_nonzero(np.abs(direction) > SMALLEST_SHARE) > 1 else None


def factors_of_precisions(precisions: Array) -> tuple[Array, Array]:
    """Covariances, and upper triangular U with U U^T = precision.

    U is the Cholesky factor with features reversed.
    """
    inverse = precision_cholesky(precisions)
    reversed_factors = _factorize(precisions[..., ::-1, ::-1], 0.0, False)
    upper = np.swapaxes(reversed_factors, -1, -2)[..., ::-1, ::-1]
    return square(inverse), np.ascontiguousarray(upper)
