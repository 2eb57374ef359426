"""Covariance type `EVI`: variances of one volume, with a shape for each component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from gmmx._core.interface import components, structures
from gmmx.model.covariance.base import CovarianceStructure, VarianceCovariance
from gmmx.model.statistics import SufficientStatistics

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray


class EVI(VarianceCovariance):
    """Variances volume shape_kd, (n_components, n_features).

    The shapes of a component multiply to 1. Let V_kd = S_kd / n_k + reg_covar be the variance of
    feature d in component k, with the scatter S_kd = sum_i r_ik (x_id - mean_kd)^2, and g_k the
    geometric mean of V_kd over d. The M-step returns

        shape_kd = V_kd / g_k,    volume = mean over k, weighted by n_k, of g_k.

    References
    ----------
    Celeux, Govaert (1995), "Gaussian parsimonious clustering models", Pattern Recognition 28:
    the model [lambda B_k].
    """

    name = "EVI"
    sklearn_name = "full"  # scikit-learn's "diag" squares before it subtracts, and loses digits
    axes = ("component", "feature")
    has_compiled_m_step = True

    @staticmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        return 1 + n_components * (n_features - 1)

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
        variances, result = structures.constrain(
            cls.name, own, components.shares(statistics.counts), None
        )
        if result != structures.DONE:
            cls.factorize(own)  # raises an error: a variance is 0
        return cls.from_covariances(variances, n_components, n_features, n_threads)

    def with_pooled(self, components: NDArray[np.intp], weights: Array) -> Self:
        """Return the structure with the mean covariance, of the same volume, in `components`."""
        covariances = self.covariances.copy()
        pooled = np.average(covariances, axis=0, weights=weights)
        covariances[components] = pooled * (
            _geometric_means(covariances[:1]) / _geometric_means(pooled)
        )
        return self.from_covariances(covariances, self.n_components, self.n_features)

    def expand(self, variances: Array) -> Array:
        return variances


def _geometric_means(variances: Array) -> Array:
    """Return the geometric means over the last axis."""
    return np.asarray(np.exp(np.log(variances).mean(axis=-1)))
