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


class FirstApart(VarianceCovariance):
    """Variances volume_k shape_d, where the shapes of all features but the first are equal.

    The M-step computes volumes and shape in turns, starting from the shape of the E-step. Let
    S_kd / n_k be the variance of feature d about the mean of component k, plus `reg_covar`. The
    M-step solves

        volume_k = mean over d of (S_kd / n_k) / shape_d,
        shape_d = mean over k, weighted by n_k, of (S_kd / n_k) / volume_k,

    the latter averaged over all features but the first.
    """

    name = "first-apart"
    sklearn_name = "full"  # scikit-learn's "diag" squares before it subtracts, and loses digits
    axes = ("component", "feature")

    @staticmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        return n_components + (n_features > 1)

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
        shares = statistics.counts / statistics.counts.sum()
        pooled = shares @ own
        cls.factorize(np.minimum.outer(own.max(axis=1), pooled))
        shape = _equal_but_first(pooled) if previous is None else previous.covariances[0]
        variances = own
        for _ in range(MOST_UPDATES):
            volumes = (own / shape).mean(axis=1)
            shape = _equal_but_first(shares @ (own / volumes[:, np.newaxis]))
            before, variances = variances, np.multiply.outer(volumes, shape)
            if (np.abs(variances - before) <= SMALLEST_CHANGE * variances).all():
                break
        return cls.from_covariances(variances, n_components, n_features, n_threads)

    def expand(self, variances: Array) -> Array:
        return variances


def _equal_but_first(shape: Array) -> Array:
    """Return a shape with the mean of all features but the first in their places."""
    equal = shape.copy()
    equal[1:] = shape[1:].mean() if len(shape) > 1 else 0
    return equal
