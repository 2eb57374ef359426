"""Covariance type `VEE`: own volumes, common shape and orientation."""

from __future__ import annotations

from gmmx.model.covariance.eigen.constrained import ConstrainedCovariance


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
    has_compiled_m_step = True

    @staticmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        return n_components - 1 + n_features * (n_features + 1) // 2

    def fewest_rows(self) -> int:
        """Return 2: a component has only a volume of its own."""
        return 2
