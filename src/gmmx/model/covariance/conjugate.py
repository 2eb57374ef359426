"""Covariance structures with a closed-form M-step and conjugate priors of the precisions."""

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

    The prior and the posterior of the precisions are Wishart distributions. The parameters of the
    prior are a scatter, W_0^-1, in the shape of one component's covariance, and the degrees of
    freedom. The posterior adds the scatter and the counts of the samples to them. For a shared
    covariance it adds 1 / K of all samples, as in scikit-learn.

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
        covariances = cls.own_covariances(statistics, reg_covar, previous)
        n_components, n_features = statistics.origin.shape
        return cls.from_covariances(covariances, n_components, n_features, n_threads)

    def constraint_violation(self) -> float:
        """Return 0: all covariances of this shape are covariances of the structure."""
        return 0.0

    @classmethod
    def estimate_pooled(
        cls, statistics: SufficientStatistics, reg_covar: float
    ) -> tuple[Self, list[int]]:
        """Return starting covariances if some are singular, and the components with a pooled one.

        Instead of a singular covariance a component gets the mean covariance or, if this is
        singular as well, the covariance of all samples together.
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
        """Return whether a covariance is singular to working precision."""
        try:
            cls.factorize(covariances)
        except DegenerateCovarianceError:
            return True
        return False

    @classmethod
    def prior_shape(cls, n_features: int) -> tuple[int, ...]:
        """Return the shape of the prior's scatter."""
        shape = cls.covariance_shape(1, n_features)
        return shape[1:] if "component" in cls.axes else shape

    @classmethod
    def default_prior(cls, statistics: SufficientStatistics, n_samples: int) -> Array:
        """Return the unbiased covariance of all samples, from their statistics as one component.

        Weights count as repetitions of samples unless their sum is below the number of samples;
        then only their ratios matter.
        """
        n_features = statistics.origin.shape[1]
        count = float(statistics.counts.sum())
        if count < n_samples:
            count = float(n_samples)
        covariance = cls.average(statistics) * (count / (count - 1))
        return covariance.reshape(cls.prior_shape(n_features))

    @classmethod
    def degrees_shape(cls, n_components: int) -> tuple[int, ...]:
        """Return the shape of the Wishart distributions' degrees of freedom."""
        return (n_components,) if "component" in cls.axes else ()
