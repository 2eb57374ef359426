"""Covariance type `EVE`: equal volume, own shapes, common orientation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.model.covariance.eigen.constrained import ConstrainedCovariance
from gmmx.model.covariance.eigen.decomposition import composed, log_volumes
from gmmx.model.covariance.eigen.orientation import common_orientation

if TYPE_CHECKING:
    from gmmx.arrays import Array


class EVE(ConstrainedCovariance):
    """Matrices volume orientation diag(shape_k) orientation^T.

    Let f_kd = q_d^T S_k q_d be the variance of component k along the common axis q_d. Given the
    axes, the M-step is

        volume = sum_k p_k (prod_d f_kd)^(1/D),
        shape_kd = f_kd / (prod_d f_kd)^(1/D).

    The axes are those of the smallest volume. They are computed iteratively, starting from the axes
    of the E-step.

    References
    ----------
    Celeux, Govaert (1995), the model [lambda D A_k D'].
    """

    name = "EVE"
    has_equal_volumes = True

    @staticmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        return 1 + n_components * (n_features - 1) + n_features * (n_features - 1) // 2

    @classmethod
    def constrained(cls, covariances: Array, shares: Array, previous: Array | None) -> Array:
        cls.factorize(covariances)
        axes, variances = common_orientation(covariances, shares, previous, _log_mean_volume)
        cls.check_variances(variances, covariances)
        logs = log_volumes(variances)
        common, _ = _log_mean_volume(logs, shares)
        return composed(axes, variances * np.exp(common - logs)[:, np.newaxis])


def _log_mean_volume(logs: Array, shares: Array) -> tuple[float, Array]:
    """Return the logarithm of the mean volume, and its gradient."""
    largest = logs.max()
    volumes = shares * np.exp(logs - largest)
    mean = volumes.sum()
    return float(largest + np.log(mean)), volumes / mean
