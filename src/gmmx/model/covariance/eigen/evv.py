"""Covariance type `EVV`: equal volume, own shapes and orientations."""

from __future__ import annotations

from gmmx.model.covariance.eigen.constrained import ConstrainedCovariance


class EVV(ConstrainedCovariance):
    """Matrices volume C_k, where each C_k has determinant 1.

    The M-step is

        C_k = S_k / |S_k|^(1/D),
        volume = sum_k p_k |S_k|^(1/D).

    References
    ----------
    Celeux, Govaert (1995), the model [lambda D_k A_k D_k'].
    """

    name = "EVV"
    has_compiled_m_step = True

    @staticmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        return 1 - n_components + n_components * n_features * (n_features + 1) // 2
