"""Covariance type `tied-diag`: all components share one variance for each feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.model.covariance.base import VarianceCovariance
from gmmx.model.covariance.conjugate import ConjugateStructure

if TYPE_CHECKING:
    from gmmx.arrays import Array


class TiedDiag(ConjugateStructure, VarianceCovariance):
    """A variance for each feature, (n_features,).

    The M-step returns sum_k S_kd / n, with the scatter S_kd = sum_i r_ik (x_id - mean_kd)^2.
    """

    name = "tied-diag"
    sklearn_name = "tied"  # scikit-learn's "diag" squares before it subtracts, and loses digits
    axes = ("feature",)

    @staticmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        return n_features

    def expand(self, variances: Array) -> Array:
        return np.tile(variances, (self.n_components, 1))
