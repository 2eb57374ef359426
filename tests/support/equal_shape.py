"""A covariance structure that gmmx does not have, written like a file of `model/covariance`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from gmmx.model.covariance.base import CovarianceStructure, VarianceCovariance
from gmmx.model.statistics import SufficientStatistics

if TYPE_CHECKING:
    from gmmx.arrays import Array

MOST_UPDATES = 200
SMALLEST_CHANGE = 1e-13  # relative change of a variance


class EqualShape(VarianceCovariance):
    """Variances volume_k shape_d: one shape for all components, and a volume for each component.

    The M-step computes volumes and shape in turns, starting from the shape of the E-step. Let
    S_kd / n_k be the variance of feature d about the mean of component k. The M-step solves

        volume_k = mean over d of (S_kd / n_k) / shape_d,
        shape_d = mean over k, weighted by n_k, of (S_kd / n_k) / volume_k.

    References
    ----------
    Celeux, Govaert (1995), "Gaussian parsimonious clustering models", Pattern Recognition 28:
    the model [lambda_k B], mclust's VEI.
    """

    name = "equal-shape"
    sklearn_name = "full"  # scikit-learn's "diag" squares before it subtracts, and loses digits
    axes = ("component", "feature")

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
        counts, scatter = statistics.counts, cls.average(statistics)
        shape = counts @ scatter
        if previous is not None:
            shape = np.where(shape > 0, previous.covariances[np.argmax(counts)], 0)
        variances = scatter
        for _ in range(MOST_UPDATES):
            volumes = _ratio(scatter, shape).mean(axis=1)
            shape = counts @ _ratio(scatter, volumes[:, np.newaxis]) / counts.sum()
            before, variances = variances, np.multiply.outer(volumes, shape)
            if (np.abs(variances - before) <= SMALLEST_CHANGE * variances).all():
                break
        return cls.from_m_step(variances + reg_covar, statistics, previous, n_threads)

    def expand(self, variances: Array) -> Array:
        return variances


def _ratio(scatter: Array, scale: Array) -> Array:
    """Return scatter / scale, and 0 where the scale, and with it the scatter, is 0."""
    return np.divide(scatter, scale, out=np.zeros_like(scatter), where=scale > 0)
