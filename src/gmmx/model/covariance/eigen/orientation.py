"""A common orientation of covariance matrices: their common principal components."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from gmmx.model.covariance.cholesky import EPS
from gmmx.model.covariance.eigen.decomposition import START, eigen, iteration, log_volumes

if TYPE_CHECKING:
    from gmmx.arrays import Array

LARGEST_ANGLE = 0.5  # of a rotation in the plane of two axes, in radians
MOST_HALVINGS = 30
# A rotation of axes along which each component has equal variances changes nothing.
SMALLEST_CURVATURE = 1e-12
ROUNDING = 16 * EPS  # of the objective, relative

# Takes log volumes and shares of the components; returns the term of the M-step's objective that
# depends on them, divided by the number of features, and its gradient.
Objective = Callable[["Array", "Array"], tuple[float, "Array"]]


def common_orientation(
    covariances: Array, shares: Array, previous: Array | None, objective: Objective
) -> tuple[Array, Array]:
    """Return axes common to all components, and the components' variances along them.

    The axes q_d minimize `objective` of the log volumes mean over d of log(q_d^T S_k q_d). Each
    update rotates all pairs of axes (i, j) at once, by the Newton step

        angle_ij = sum_k g_k F_kij (1 / f_ki - 1 / f_kj) / sum_k g_k (f_ki - f_kj)^2 / (f_ki f_kj),

    where F_k = Q^T S_k Q, f_k is its diagonal and g_k the gradient of the objective. The Hessian
    is taken at diagonal F_k, where it is diagonal and not negative. The rotation therefore points
    downwards. It is halved until the objective falls.

    Parameters
    ----------
    covariances : ndarray of shape (n_components, n_features, n_features)
        The matrices S_k, positive definite.
    shares : ndarray of shape (n_components,)
        Shares of the components in the samples.
    previous : ndarray of shape (n_components, n_features, n_features) or None
        Matrices with the axes to start from; None for the axes of the pooled covariance.
    objective : callable
        See `Objective`.

    Returns
    -------
    orientation : ndarray of shape (n_features, n_features)
        The axes, as columns.
    variances : ndarray of shape (n_components, n_features)
        q_d^T S_k q_d.

    References
    ----------
    Flury (1984), "Common principal components in k groups", Journal of the American Statistical
    Association 79. Pham (2001), "Joint approximate diagonalization of positive definite Hermitian
    matrices", SIAM Journal on Matrix Analysis and Applications 22. Browne, McNicholas (2014),
    "Estimating common principal components in high dimensions", Advances in Data Analysis and
    Classification 8, reach the same optimum by majorization, in many more updates.
    """
    pooled = np.tensordot(shares, covariances, 1)
    axes = eigen(pooled)[1] if previous is None else _axes_of(previous)
    rotated, variances = _along(axes, covariances)
    value, gradient = objective(log_volumes(variances), shares)
    bounds = iteration(previous)
    for update in range(bounds.most_updates):
        angles, decrease = _newton_step(rotated, variances, gradient)
        if decrease <= (bounds.smallest_change if update else START.smallest_change) ** 2:
            break
        # The objective cannot judge a rotation that changes it by rounding only.
        is_rounding = decrease <= ROUNDING * (1 + abs(value))
        for _ in range(MOST_HALVINGS):
            turn = _rotation(angles)
            new_rotated, new_variances = _along(turn, rotated)
            new_value, new_gradient = objective(log_volumes(new_variances), shares)
            if new_value < value or is_rounding:
                break
            angles = 0.5 * angles
        else:
            break
        axes, rotated, variances = axes @ turn, new_rotated, new_variances
        value, gradient = new_value, new_gradient
    return axes, variances


def _axes_of(covariances: Array) -> Array:
    """Return the axes of matrices with common axes.

    They are the axes of a sum of the matrices. The weights of the sum are different, so that
    variances which are exchanged between components do not become equal in the sum.
    """
    traces = np.einsum("kdd->k", covariances)
    weights = np.sqrt(np.arange(1, len(traces) + 1)) / traces
    return eigen(np.tensordot(weights, covariances, 1))[1]


def _along(axes: Array, covariances: Array) -> tuple[Array, Array]:
    """Return the matrices in the coordinates of the axes, and their diagonals."""
    rotated = axes.T @ covariances @ axes
    return rotated, np.einsum("kdd->kd", rotated)


def _newton_step(rotated: Array, variances: Array, gradient: Array) -> tuple[Array, float]:
    """Return antisymmetric angles (n_features, n_features), and the decrease to expect of them."""
    precisions = gradient[:, np.newaxis] / variances
    slopes = np.einsum("kij,kj->ij", rotated, precisions)
    slopes = slopes.T - slopes
    ratios = variances.T @ precisions
    same = np.diagonal(ratios)
    curvatures = ratios + ratios.T - same - same[:, np.newaxis]
    flat = curvatures <= SMALLEST_CURVATURE
    angles = np.where(flat, 0, slopes / np.where(flat, 1, curvatures))
    angles = np.minimum(np.maximum(angles, -LARGEST_ANGLE), LARGEST_ANGLE)
    return angles, 0.5 * float(np.vdot(angles, slopes))


def _rotation(angles: Array) -> Array:
    """Return the Cayley transform of antisymmetric angles: an orthogonal matrix."""
    identity = np.eye(len(angles))
    return np.asarray(np.linalg.solve(identity - 0.5 * angles, identity + 0.5 * angles))
