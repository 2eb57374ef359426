"""Covariance type `VEV`: own volumes and orientations, common shape."""

from __future__ import annotations

from gmmx.model.covariance.eigen.constrained import ConstrainedCovariance


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
    has_compiled_m_step = True

    @staticmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        own = 1 + n_features * (n_features - 1) // 2
        return n_features - 1 + n_components * own

    def fewest_rows(self) -> int:
        """Return at least n_features: as many rows determine all axes. A volume needs two rows."""
        return max(self.n_features, 2)
