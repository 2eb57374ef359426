"""Covariance type `VEV`: own volumes and orientations, common shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.model.covariance.eigen.constrained import ConstrainedCovariance
from gmmx.model.covariance.eigen.decomposition import (
    check_volumes,
    composed,
    have_converged,
    log_volumes,
    updates,
)

if TYPE_CHECKING:
    from gmmx.arrays import Array


class VEV(ConstrainedCovariance):
    """Matrices volume_k orientation_k diag(shape) orientation_k^T.

    The M-step takes the eigenvectors of S_k as orientation_k. With the eigenvalues e_kd, which are
    in ascending order in each component, it computes the volumes and the shape in turns, starting
    from the shape of the E-step:

        volume_k = mean over d of e_kd / shape_d,
        shape_d = b_d / (prod_d b_d)^(1/D) with b_d = sum_k p_k e_kd / volume_k.

    References
    ----------
    Celeux, Govaert (1995), the model [lambda_k D_k A D_k'].
    """

    name = "VEV"
    has_equal_volumes = False

    @staticmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        own = 1 + n_features * (n_features - 1) // 2
        return n_features - 1 + n_components * own

    def fewest_rows(self) -> int:
        """Return at least n_features: as many rows determine all axes. A volume needs two rows."""
        return max(self.n_features, 2)

    @classmethod
    def constrained(cls, covariances: Array, shares: Array, previous: Array | None) -> Array:
        eigenvalues, orientations = np.linalg.eigh(covariances)
        shape = shares @ eigenvalues
        cls.check_variances(shape, covariances)
        if previous is not None:
            shape = np.linalg.eigvalsh(previous[np.argmax(shares)])
        shape = _with_unit_product(shape)
        volumes = None
        for _ in updates(previous):
            before, volumes = volumes, (eigenvalues / shape).mean(axis=1)
            check_volumes(volumes)
            shape = _with_unit_product((shares / volumes) @ eigenvalues)
            if have_converged(volumes, before):
                break
        volumes = (eigenvalues / shape).mean(axis=1)
        return composed(orientations, np.multiply.outer(volumes, shape))


def _with_unit_product(variances: Array) -> Array:
    """Return variances divided by their geometric mean."""
    return np.asarray(variances / np.exp(log_volumes(variances)))
