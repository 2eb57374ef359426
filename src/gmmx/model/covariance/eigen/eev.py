"""Covariance type `EEV`: equal volume and shape, own orientations."""

from __future__ import annotations

from gmmx.model.covariance.eigen.constrained import ConstrainedCovariance


class EEV(ConstrainedCovariance):
    """Matrices orientation_k diag(volume shape) orientation_k^T.

    The M-step takes the eigenvectors of S_k as orientation_k and averages the eigenvalues e_kd,
    which are in ascending order in each component:

        volume shape_d = sum_k p_k e_kd.

    References
    ----------
    Celeux, Govaert (1995), the model [lambda D_k A D_k'].
    """

    name = "EEV"
    has_compiled_m_step = True

    @staticmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        return n_features + n_components * n_features * (n_features - 1) // 2

    def fewest_rows(self) -> int:
        """Return n_features: as many rows have n_features - 1 axes, which determine the last."""
        return self.n_features
