"""Covariance type `VEE`: own volumes, common shape and orientation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gmmx.model.covariance.cholesky import precision_cholesky, square
from gmmx.model.covariance.eigen.constrained import ConstrainedCovariance
from gmmx.model.covariance.eigen.decomposition import check_volumes, iteration

if TYPE_CHECKING:
    from gmmx.arrays import Array


class VEE(ConstrainedCovariance):
    """Matrices volume_k C, where C is the same for all components.

    The M-step computes the volumes and C in turns, starting from C of the E-step:

        volume_k = trace(S_k C^-1) / D,
        C = sum_k p_k S_k / volume_k.

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
        rows = covariances.reshape(len(shares), -1)
        common = shares @ rows if previous is None else previous[np.argmax(shares)].reshape(-1)
        bounds = iteration(previous)
        volumes = _volumes(rows, common)
        for _ in range(bounds.most_updates):
            before, common = volumes, (shares / volumes) @ rows
            volumes = _volumes(rows, common)
            if (np.abs(volumes - before) <= bounds.smallest_change * volumes).all():
                break
        return np.multiply.outer(volumes, common).reshape(covariances.shape)


def _volumes(rows: Array, common: Array) -> Array:
    """Return trace(S_k C^-1) / D, given S_k and C in the shape (D D,)."""
    n_features = math.isqrt(common.size)
    precision = square(precision_cholesky(common.reshape(n_features, n_features)))
    volumes = rows @ precision.reshape(-1) / n_features
    check_volumes(volumes)
    return np.asarray(volumes)
