"""Triangular factors of covariance matrices and of their inverses, for all components at once.

Matrices are first scaled to diagonals near 1, so that features may have any scale within the
range of floating-point numbers. No linear algebra library is called for the factors, because its
threads spin after a call and would slow down the next pass over the samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx._core.interface import components, passes

if TYPE_CHECKING:
    from gmmx.arrays import Array


EPS = float(np.finfo(np.float64).eps)
SMALLEST_SHARE = 1e-3  # smallest coefficient of a direction that counts


class DegenerateCovarianceError(ValueError):
    """A covariance matrix is singular to working precision.

    Attributes
    ----------
    component : int or None
        Index of the component; None for a shared covariance.
    feature : int or None
        Index of the feature without variance, or without variance given the features before it.
        None if the variances of the structure do not depend on the feature.
    direction : ndarray of shape (n_features,), or None
        Coefficients of the linear combination of standardized features without variance. None if
        it has only one feature.
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
    """Return upper triangular U = L^-T with U U^T = covariance^-1, covariance = L L^T.

    Matrices are (..., n_features, n_features). A pivot is the variance of a feature given the
    features before it. If rounding makes a pivot meaningless, `DegenerateCovarianceError` is
    raised.
    """
    return _factorize(covariances, smallest_pivot(covariances.shape[-1]), True, n_threads)


def smallest_pivot(n_features: int) -> float:
    """Return the share of a feature's variance below which a pivot is lost in rounding."""
    return 4 * n_features * EPS


def square(factors: Array) -> Array:
    """Return U U^T of upper triangular factors U, (..., n_features, n_features)."""
    matrices = factors.reshape(-1, *factors.shape[-2:])
    return components.squares_of_factors(matrices).reshape(factors.shape)


def _factorize(matrices: Array, smallest: float, invert: bool, n_threads: int = 1) -> Array:
    """Return R, or R^-1 if `invert`, of matrices R^T R.

    Raise `DegenerateCovarianceError` if a pivot is less than `smallest` times its diagonal
    element.
    """
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
    """Return the combination of standardized features up to `feature` with the least variance.

    None if it consists of one feature only, or if a feature has no variance and cannot be
    standardized.
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
    """Return covariances, and upper triangular U with U U^T = precision.

    U is computed as a Cholesky factor of the precision with its features in reverse order.
    """
    inverse = precision_cholesky(precisions)
    reversed_factors = _factorize(precisions[..., ::-1, ::-1], 0.0, False)
    upper = np.swapaxes(reversed_factors, -1, -2)[..., ::-1, ::-1]
    return square(inverse), np.ascontiguousarray(upper)
