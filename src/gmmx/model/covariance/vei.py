"""Covariance type `VEI`: variances of one shape, with a volume for each component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from gmmx._core.interface import components, structures
from gmmx.model.covariance.base import CovarianceStructure, VarianceCovariance
from gmmx.model.statistics import SufficientStatistics

if TYPE_CHECKING:
    from gmmx.arrays import Array


class VEI(VarianceCovariance):
    """Variances volume_k shape_d, (n_components, n_features).

    The M-step computes volumes and shape in turns, each the maximum of the likelihood given the
    other, from the shape of the E-step on. Let V_kd = S_kd / n_k + reg_covar be the variance of
    feature d in component k, with the scatter S_kd = sum_i r_ik (x_id - mean_kd)^2. Then

        volume_k = mean over d of V_kd / shape_d,
        shape_d = mean over k, weighted by n_k, of V_kd / volume_k.

    References
    ----------
    Celeux, Govaert (1995), "Gaussian parsimonious clustering models", Pattern Recognition 28:
    the model [lambda_k B].
    """

    name = "VEI"
    sklearn_name = "full"  # scikit-learn's "diag" squares before it subtracts, and loses digits
    axes = ("component", "feature")
    has_compiled_m_step = True

    @staticmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        return n_components + n_features - 1

    @classmethod
    def estimate(
        cls,
        statistics: SufficientStatistics,
        reg_covar: float,
        previous: CovarianceStructure | None = None,
        n_threads: int = 1,
    ) -> Self:
        n_components, n_features = statistics.origin.shape
        own = cls.own_covariances(statistics, reg_covar, previous)
        shares = components.shares(statistics.counts)
        before = None if previous is None else previous.covariances
        variances, result = structures.constrain(cls.name, own, shares, before)
        if result != structures.DONE:
            # Raises an error: a component or a feature has no variance at all.
            cls.factorize(np.minimum.outer(own.max(axis=1), shares @ own))
        return cls.from_covariances(variances, n_components, n_features, n_threads)

    def expand(self, variances: Array) -> Array:
        return variances
