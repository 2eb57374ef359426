"""Covariance type `VEV`: own volumes and orientations, common shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.model.covariance.eigen.constrained import ConstrainedCovariance
from gmmx.model.covariance.eigen.decomposition import check_volumes, composed, eigen, iteration

if TYPE_CHECKING:
    from gmmx.arrays import Array


class VEV(ConstrainedCovariance):
    """Matrices volume_k orientation_k diag(shape) orientation_k^T.

    The M-step takes the eigenvectors of S_k as orientation_k. With the eigenvalues e_kd, which are
    in ascending order in each component, it computes the volumes and the shape in turns, starting
    from the shape of the E-step:

        volume_k = mean over d of e_kd / shape_d,
        shape_d = sum_k p_k e_kd / volume_k.

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
        eigenvalues, orientations = eigen(covariances)
        shape = shares @ eigenvalues
        cls.check_variances(shape, covariances)
        if previous is not None:
            shape = eigen(previous[np.argmax(shares)])[0]
        bounds = iteration(previous)
        volumes = _volumes(eigenvalues, shape)
        for _ in range(bounds.most_updates):
            before, shape = volumes, (shares / volumes) @ eigenvalues
            volumes = _volumes(eigenvalues, shape)
            if (np.abs(volumes - before) <= bounds.smallest_change * volumes).all():
                break
        return composed(orientations, np.multiply.outer(volumes, shape))


def _volumes(eigenvalues: Array, shape: Array) -> Array:
    """Return the mean over d of e_kd / shape_d."""
    volumes = (eigenvalues / shape).mean(axis=1)
    check_volumes(volumes)
    return np.asarray(volumes)
