"""Covariance type `EVE`: equal volume, own shapes, common orientation."""

from __future__ import annotations

from gmmx.model.covariance.eigen.constrained import ConstrainedCovariance


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
    has_compiled_m_step = True

    @staticmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        return 1 + n_components * (n_features - 1) + n_features * (n_features - 1) // 2
