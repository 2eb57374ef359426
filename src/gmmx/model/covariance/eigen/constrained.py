"""Base class: structures of matrices with a common volume, shape or orientation."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from gmmx.model.covariance.base import CovarianceStructure, MatrixCovariance
from gmmx.model.covariance.cholesky import EPS, DegenerateCovarianceError
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
    has_equal_volumes: ClassVar[bool]

    @classmethod
    @abstractmethod
    def constrained(cls, covariances: Array, shares: Array, previous: Array | None) -> Array:
        """Return the matrices Sigma_k, given the matrices S_k and the shares p_k.

        An iteration starts from the `previous` Sigma_k and makes few updates, each of which lowers
        the objective: the iterations of EM do the rest. Without `previous` it converges.
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
        shares = statistics.counts / statistics.counts.sum()
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
        if n_features == 1 and cls.has_equal_volumes:
            # One variance for all. The formulas would divide by the variance of each component,
            # which may be 0.
            covariances[:] = np.tensordot(shares, covariances, 1)
        constrained = cls.constrained(covariances, shares, previous)
        return cls.from_covariances(constrained, n_components, n_features, n_threads)

    @classmethod
    def check_variances(cls, variances: Array, covariances: Array) -> None:
        """Raise `DegenerateCovarianceError` if a variance along an eigenvector is only rounding.

        The error names the component and the feature if one of `covariances` is singular.
        """
        smallest = variances.shape[-1] * EPS * variances.max(axis=-1)
        if (variances.min(axis=-1) > smallest).all():
            return
        cls.factorize(covariances)
        raise DegenerateCovarianceError
