"""Covariance type `full`: each component has its own covariance matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gmmx.model.covariance.base import MatrixCovariance
from gmmx.model.covariance.conjugate import ConjugateStructure

if TYPE_CHECKING:
    from gmmx.arrays import Array


class Full(ConjugateStructure, MatrixCovariance):
    """A covariance matrix for each component, (n_components, n_features, n_features).

    The M-step returns S_k / n_k, with the scatter S_k = sum_i r_ik (x_i - mean_k) (x_i - mean_k)^T.
    """

    name = "full"
    sklearn_name = "full"
    layout = "dense"
    axes = ("component", "feature", "feature")

    @staticmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        return n_components * n_features * (n_features + 1) // 2

    def dense(self) -> Array:
        return self.covariances
