"""Covariance type `tied-spherical`: one variance for all components and features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.model.covariance.base import VarianceCovariance
from gmmx.model.covariance.conjugate import ConjugateStructure

if TYPE_CHECKING:
    from gmmx.arrays import Array


class TiedSpherical(ConjugateStructure, VarianceCovariance):
    """One variance, a zero-dimensional array.

    The M-step returns the mean over d of sum_k S_kd / n, with S_kd = sum_i r_ik (x_id - mean_kd)^2.
    """

    name = "tied-spherical"
    sklearn_name = "tied"  # scikit-learn's "diag" squares before it subtracts, and loses digits
    layout = "isotropic"
    axes = ()

    @staticmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        return 1

    def expand(self, variances: Array) -> Array:
        return np.full((self.n_components, 1), variances)
