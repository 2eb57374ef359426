"""Covariance structures whose precisions have a conjugate prior."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gmmx.model.covariance.base import CovarianceStructure
from gmmx.model.statistics import SufficientStatistics

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
    def degrees_shape(cls, n_components: int) -> tuple[int, ...]:
        """Shape of the Wishart distributions' degrees of freedom."""
        return (n_components,) if "component" in cls.axes else ()
