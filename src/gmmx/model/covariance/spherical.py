"""Covariance type `spherical`: each component has one variance for all features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.model.covariance.base import VarianceCovariance
from gmmx.model.covariance.conjugate import ConjugateStructure

if TYPE_CHECKING:
    from gmmx.arrays import Array


class Spherical(ConjugateStructure, VarianceCovariance):
    """A variance for each component, (n_components,).

    The M-step returns the mean over d of S_kd / n_k, with S_kd = sum_i r_ik (x_id - mean_kd)^2.
    """

    name = "spherical"
    sklearn_name = "spherical"
    layout = "isotropic"
    axes = ("component",)

    @staticmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        return n_components

    def expand(self, variances: Array) -> Array:
        return variances[:, np.newaxis]
