"""Base class: structures of matrices with a common volume, shape or orientation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from gmmx._core.interface import components, structures
from gmmx.model.covariance.base import CovarianceStructure, MatrixCovariance
from gmmx.model.covariance.cholesky import DegenerateCovarianceError, precision_cholesky
from gmmx.model.statistics import SufficientStatistics

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray


class ConstrainedCovariance(MatrixCovariance):
    """Covariance matrices of the components with constraints between them.

    The M-step minimizes

        sum_k p_k (log |Sigma_k| + trace(S_k Sigma_k^-1))

    over the matrices Sigma_k of the structure. p_k is the share of component k in the samples, and
    S_k is its covariance matrix plus `reg_covar` times the identity matrix. `reg_covar` is added to
    S_k and not to Sigma_k, because Sigma_k + reg_covar I would violate the constraints.

    A component without samples has share 0, and the covariance of the E-step as S_k. It therefore
    does not influence the others, and its new covariance satisfies the constraints.

    References
    ----------
    Celeux, Govaert (1995), "Gaussian parsimonious clustering models", Pattern Recognition 28.
    """

    sklearn_name = "full"
    layout = "dense"
    axes = ("component", "feature", "feature")
    has_chart = False

    @classmethod
    def constrained(cls, covariances: Array, shares: Array, previous: Array | None) -> Array:
        """Return the matrices Sigma_k, given the matrices S_k and the shares p_k.

        An iteration starts from the `previous` Sigma_k and makes one update, which lowers the
        objective: the iterations of EM do the rest. Without `previous` it converges.
        A structure without a compiled M-step overrides this method.
        """
        constrained, result = structures.constrain(cls.name, covariances, shares, previous)
        if result == structures.DONE:
            return constrained
        if result == structures.SHARED:
            precision_cholesky(constrained[0])
        elif result == structures.SINGULAR:
            cls.factorize(covariances)
        raise DegenerateCovarianceError(component=result if result >= 0 else None)

    @classmethod
    def estimate(
        cls,
        statistics: SufficientStatistics,
        reg_covar: float,
        previous: CovarianceStructure | None = None,
        n_threads: int = 1,
    ) -> Self:
        covariances = cls.own_covariances(statistics, reg_covar, previous)
        shares = components.shares(statistics.counts)
        before = None if previous is None else previous.covariances
        return cls._from_unconstrained(covariances, shares, before, n_threads)

    def with_pooled(self, components: NDArray[np.intp], weights: Array) -> Self:
        """Return the structure with a covariance near the mean in `components`.

        The new covariance has the common volume, shape or orientation, and is otherwise the best
        one for samples with the mean covariance.
        """
        covariances = self.covariances.copy()
        covariances[components] = np.average(covariances, axis=0, weights=weights)
        shares = weights / weights.sum()
        return self._from_unconstrained(covariances, shares, self.covariances)

    def dense(self) -> Array:
        return self.covariances

    @classmethod
    def _from_unconstrained(
        cls, covariances: Array, shares: Array, previous: Array | None, n_threads: int = 1
    ) -> Self:
        """Return the structure of the matrices Sigma_k, given the matrices S_k."""
        n_components, n_features, _ = covariances.shape
        constrained = cls.constrained(covariances, shares, previous)
        return cls.from_covariances(constrained, n_components, n_features, n_threads)
