"""Covariance structures whose precisions have a conjugate prior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from gmmx.covariance.base import CovarianceStructure
from gmmx.statistics import SufficientStatistics

if TYPE_CHECKING:
    from gmmx.arrays import Array


class ConjugateStructure(CovarianceStructure):
    """A structure whose precisions have Wishart distributions, prior and posterior.

    The prior is a scatter, W_0^-1, in the shape of one component's covariance, and degrees of
    freedom. The posterior adds to both what samples have. A shared covariance counts the K-th
    part of all samples, as scikit-learn does.

    References
    ----------
    Bishop (2006), "Pattern recognition and machine learning", (10.62) and (10.63).
    """

    @classmethod
    def prior_shape(cls, n_features: int) -> tuple[int, ...]:
        """Shape of the prior's scatter."""
        shape = cls.covariance_shape(1, n_features)
        return shape[1:] if "component" in cls.axes else shape

    @classmethod
    def default_prior(cls, statistics: SufficientStatistics) -> Array:
        """Unbiased covariance of all samples, from their statistics as one component."""
        n_features = statistics.origin.shape[1]
        n_samples = float(statistics.counts.sum())
        covariance = cls.average(statistics) * (n_samples / (n_samples - 1))
        return covariance.reshape(cls.prior_shape(n_features))

    @classmethod
    def shares(cls, counts: Array) -> Array:
        """Samples that each Wishart distribution counts, (n_components,) or ()."""
        return counts if "component" in cls.axes else np.asarray(counts.mean())

    @classmethod
    def posterior(
        cls,
        statistics: SufficientStatistics,
        scatter: Array,
        degrees_of_freedom: float,
        reg_covar: float,
    ) -> tuple[Self, Array]:
        """Inverses of the expected precisions, and degrees of freedom; given are the prior's."""
        n_components, n_features = statistics.origin.shape
        shares = cls.shares(statistics.counts)
        total = degrees_of_freedom + shares
        average = cls.regularize(cls.average(statistics), reg_covar)
        shape = shares.shape + (1,) * (average.ndim - shares.ndim)
        covariances = (scatter + shares.reshape(shape) * average) / total.reshape(shape)
        return cls.from_covariances(covariances, n_components, n_features), total
