"""Covariance type `VEE`: own volumes, common shape and orientation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.model.covariance.cholesky import precision_cholesky
from gmmx.model.covariance.eigen.constrained import ConstrainedCovariance
from gmmx.model.covariance.eigen.decomposition import check_volumes, have_converged, updates

if TYPE_CHECKING:
    from gmmx.arrays import Array


class VEE(ConstrainedCovariance):
    """Matrices volume_k C, where C is one matrix of determinant 1.

    The M-step computes the volumes and C in turns, starting from C of the E-step:

        volume_k = trace(S_k C^-1) / D,
        C = B / |B|^(1/D) with B = sum_k p_k S_k / volume_k.

    References
    ----------
    Celeux, Govaert (1995), the model [lambda_k D A D'].
    """

    name = "VEE"
    has_equal_volumes = False

    @staticmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        return n_components - 1 + n_features * (n_features + 1) // 2

    def fewest_rows(self) -> int:
        """Return 2: a component has only a volume of its own."""
        return 2

    @classmethod
    def constrained(cls, covariances: Array, shares: Array, previous: Array | None) -> Array:
        pooled = np.tensordot(shares, covariances, 1)
        common = pooled if previous is None else previous[np.argmax(shares)]
        common, factor = _with_unit_determinant(common)
        volumes = None
        for _ in updates(previous):
            before, volumes = volumes, _mean_variances(covariances, factor)
            check_volumes(volumes)
            common, factor = _with_unit_determinant(np.tensordot(shares / volumes, covariances, 1))
            if have_converged(volumes, before):
                break
        volumes = _mean_variances(covariances, factor)
        return np.multiply.outer(volumes, common)


def _with_unit_determinant(matrix: Array) -> tuple[Array, Array]:
    """Return matrix / |matrix|^(1/D), and the factor of its inverse."""
    factor = precision_cholesky(matrix)
    log_root = -2 * np.log(np.diagonal(factor)).mean()
    return matrix / np.exp(log_root), factor * np.exp(0.5 * log_root)


def _mean_variances(covariances: Array, factor: Array) -> Array:
    """Return trace(S_k U U^T) / D, the mean variance of each component after whitening with U."""
    traces = np.einsum("id,kid->k", factor, covariances @ factor)
    return np.asarray(traces / len(factor))
