"""Covariance type `VVE`: own volumes and shapes, common orientation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gmmx.model.covariance.eigen.constrained import ConstrainedCovariance
from gmmx.model.covariance.eigen.decomposition import composed
from gmmx.model.covariance.eigen.orientation import common_orientation

if TYPE_CHECKING:
    from gmmx.arrays import Array


class VVE(ConstrainedCovariance):
    """Matrices volume_k orientation diag(shape_k) orientation^T: common principal components.

    Let q_d be the common axes. The M-step is

        volume_k shape_kd = q_d^T S_k q_d.

    The axes minimize sum_k p_k sum_d log(q_d^T S_k q_d). They are computed iteratively, starting
    from the axes of the E-step.

    References
    ----------
    Flury (1984), "Common principal components in k groups", Journal of the American Statistical
    Association 79. Celeux, Govaert (1995), the model [lambda_k D A_k D'].
    """

    name = "VVE"
    has_equal_volumes = False

    @staticmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        return n_components * n_features + n_features * (n_features - 1) // 2

    @classmethod
    def constrained(cls, covariances: Array, shares: Array, previous: Array | None) -> Array:
        cls.factorize(covariances)
        axes, variances = common_orientation(covariances, shares, previous, _mean_log_volume)
        cls.check_variances(variances, covariances)
        return composed(axes, variances)


def _mean_log_volume(logs: Array, shares: Array) -> tuple[float, Array]:
    """Return the mean of the logarithms of the volumes, and its gradient."""
    return float(shares @ logs), shares
