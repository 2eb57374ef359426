"""Covariance type `VVE`: own volumes and shapes, common orientation."""

from __future__ import annotations

from gmmx.model.covariance.eigen.constrained import ConstrainedCovariance


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
    has_compiled_m_step = True

    @staticmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        return n_components * n_features + n_features * (n_features - 1) // 2
