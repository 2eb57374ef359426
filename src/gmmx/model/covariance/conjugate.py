"""Covariance structures that average the scatter; their precisions have conjugate priors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from gmmx.model.covariance.base import CovarianceStructure
from gmmx.model.covariance.cholesky import DegenerateCovarianceError
from gmmx.model.statistics import SufficientStatistics

if TYPE_CHECKING:
    from gmmx.arrays import Array


class ConjugateStructure(CovarianceStructure):
    """A structure whose M-step averages the scatter, in closed form.

    Its precisions have Wishart distributions, prior and posterior. The prior is a scatter, W_0^-1,
    in the shape of one component's covariance, and degrees of freedom. The posterior adds to both
    what samples have. A shared covariance counts the K-th part of all samples, as scikit-learn
    does.

    References
    ----------
    Bishop (2006), "Pattern recognition and machine learning", (10.62) and (10.63).
    """

    @classmethod
    def estimate(
        cls,
        statistics: SufficientStatistics,
        reg_covar: float,
        previous: CovarianceStructure | None = None,
        n_threads: int = 1,
    ) -> Self:
        covariances = cls.average(statistics, reg_covar)
        return cls.from_m_step(covariances, statistics, previous, n_threads)

    @classmethod
    def estimate_pooled(
        cls, statistics: SufficientStatistics, reg_covar: float
    ) -> tuple[Self, list[int]]:
        """Covariances of a start that has singular ones, and the components with a pooled one.

        A component without a covariance of its own has the mean one, or that of all samples
        together if the mean is singular as well.
        """
        if "component" not in cls.axes:
            return super().estimate_pooled(statistics, reg_covar)
        n_components, n_features = statistics.origin.shape
        covariances = cls.average(statistics, reg_covar)
        singular = [k for k in range(n_components) if cls.is_singular(covariances[k : k + 1])]
        pooled = np.average(covariances, axis=0, weights=statistics.counts)[np.newaxis]
        if cls.is_singular(pooled):
            pooled = cls.average(statistics.merged(), reg_covar)
        covariances[singular] = pooled[0]
        return cls.from_covariances(covariances, n_components, n_features), singular

    @classmethod
    def is_singular(cls, covariances: Array) -> bool:
        """Whether covariances have no factor."""
        try:
            cls.factorize(covariances)
        except DegenerateCovarianceError:
            return True
        return False

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
    def degrees_shape(cls, n_components: int) -> tuple[int, ...]:
        """Shape of the Wishart distributions' degrees of freedom."""
        return (n_components,) if "component" in cls.axes else ()
