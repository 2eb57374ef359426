"""Covariance type `tied`: all components share one covariance matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.model.covariance.base import MatrixCovariance
from gmmx.model.covariance.conjugate import ConjugateStructure

if TYPE_CHECKING:
    from gmmx.arrays import Array


class Tied(ConjugateStructure, MatrixCovariance):
    """One covariance matrix for all components, (n_features, n_features).

    The M-step returns sum_k S_k / n, with the scatter
    S_k = sum_i r_ik (x_i - mean_k) (x_i - mean_k)^T.
    """

    name = "tied"
    sklearn_name = "tied"
    layout = "shared"
    axes = ("feature", "feature")

    @staticmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        return n_features * (n_features + 1) // 2

    def dense(self) -> Array:
        shape = self.n_components, self.n_features, self.n_features
        return np.broadcast_to(self.covariances, shape)
