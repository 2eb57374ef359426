"""Covariance type `diag`: each component has one variance for each feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gmmx.model.covariance.base import VarianceCovariance
from gmmx.model.covariance.conjugate import ConjugateStructure

if TYPE_CHECKING:
    from gmmx.arrays import Array


class Diag(ConjugateStructure, VarianceCovariance):
    """A variance for each component and feature, (n_components, n_features).

    The M-step returns S_kd / n_k, with the scatter S_kd = sum_i r_ik (x_id - mean_kd)^2.
    """

    name = "diag"
    sklearn_name = "diag"
    axes = ("component", "feature")

    @staticmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        return n_components * n_features

    def expand(self, variances: Array) -> Array:
        return variances
