"""Base classes of covariance structures: of all, of matrices, and of variances."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from gmmx._core.interface import components
from gmmx.model.covariance.cholesky import (
    DegenerateCovarianceError,
    factors_of_precisions,
    precision_cholesky,
    square,
)
from gmmx.model.layouts import Layout
from gmmx.model.statistics import SufficientStatistics

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray


@dataclass(frozen=True, eq=False)
class CovarianceStructure(ABC):
    """Covariances of a mixture's components, with the factors of their inverses.

    Attributes
    ----------
    covariances : ndarray of shape ``covariance_shape(n_components, n_features)``
        Parameters as the user sees them.
    precisions_cholesky : ndarray of the same shape
        For matrices the upper triangular U with U U^T = inverse of the covariance; for variances
        1 / standard deviation.
    n_components, n_features : int
        Size of the mixture.
    """

    covariances: Array
    precisions_cholesky: Array
    n_components: int
    n_features: int

    name: ClassVar[str]
    sklearn_name: ClassVar[str]  # the covariance type of scikit-learn that can hold the covariances
    layout: ClassVar[Layout]
    axes: ClassVar[tuple[str, ...]]  # of `covariances`: 'component' or 'feature' each
    are_matrices: ClassVar[bool]  # whether the last two axes are features by features
    # Whether `log_factors` that are extrapolated stay those of the structure, which an accelerated
    # fit needs. A structure whose constraints are not linear in them sets it to False.
    has_chart: ClassVar[bool] = True

    # What a structure defines.

    @staticmethod
    @abstractmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        """Number of free parameters in the covariances."""

    @classmethod
    @abstractmethod
    def estimate(
        cls,
        statistics: SufficientStatistics,
        reg_covar: float,
        previous: CovarianceStructure | None = None,
        n_threads: int = 1,
    ) -> Self:
        """Covariances of the M-step, of maximum likelihood with `reg_covar` added to variances.

        `previous` are the covariances of the E-step, None at the start: an iterative estimate
        begins with them, and empty components keep them.
        """

    # What structures of a kind share.

    @classmethod
    @abstractmethod
    def factorize(cls, covariances: Array, n_threads: int = 1) -> Array:
        """`precisions_cholesky` of covariances, or `DegenerateCovarianceError`."""

    @staticmethod
    @abstractmethod
    def factorize_precisions(precisions: Array) -> tuple[Array, Array]:
        """`covariances` and `precisions_cholesky` from their inverses."""

    @abstractmethod
    def precisions(self) -> Array:
        """Inverses of the covariances, in the same shape."""

    @abstractmethod
    def factors(self) -> Array:
        """`precisions_cholesky` in the layout's shape, as the kernels take it."""

    @abstractmethod
    def dense(self) -> Array:
        """Covariance matrices of all components, (n_components, n_features, n_features)."""

    @abstractmethod
    def unwhiten(self, whitened: Array) -> Array:
        """Shifts that `whiten` turns into these."""

    @abstractmethod
    def log_factors(self, origin: CovarianceStructure) -> Array:
        """log(U_0^-1 U), U_0 being the factors of `origin`: 0 there, and free of constraints.

        Of matrices only the diagonal is a logarithm.
        """

    @abstractmethod
    def with_log_factors(self, log_factors: Array) -> Self:
        """The structure with these `log_factors`, this one being the origin."""

    @abstractmethod
    def information(self, weights: Array) -> Array:
        """Fisher information per sample of `log_factors` at the origin, if labels are known."""

    # What all structures share. One that a mean of covariances would leave pools in its own way.

    @classmethod
    def estimate_pooled(
        cls, statistics: SufficientStatistics, reg_covar: float
    ) -> tuple[Self, list[int]]:
        """Covariances of a start that has singular ones, and the components with a pooled one.

        All components have the covariance of all samples together.
        """
        n_components = len(statistics.counts)
        total = cls.estimate(statistics.merged(), reg_covar)
        return total.of(np.zeros(n_components, dtype=np.intp)), list(range(n_components))

    def with_pooled(self, components: NDArray[np.intp], weights: Array) -> Self:
        """The structure where `components` have the mean covariance, weighted by `weights`."""
        if "component" not in self.axes:
            return self
        covariances = self.covariances.copy()
        covariances[components] = np.average(covariances, axis=0, weights=weights)
        return self.from_covariances(covariances, self.n_components, self.n_features)

    @classmethod
    def covariance_shape(cls, n_components: int, n_features: int) -> tuple[int, ...]:
        """Shape of `covariances`."""
        return tuple(n_components if axis == "component" else n_features for axis in cls.axes)

    def of(self, components: NDArray[np.intp]) -> Self:
        """The structure of some of the components."""
        if "component" not in self.axes:
            return replace(self, n_components=len(components))
        return replace(
            self,
            covariances=self.covariances[components],
            precisions_cholesky=self.precisions_cholesky[components],
            n_components=len(components),
        )

    def fewest_rows(self) -> int:
        """Distinct samples that one component needs for a covariance of its own."""
        if "component" not in self.axes:
            return 1
        return self.n_features + 1 if self.are_matrices else 2

    @classmethod
    def n_free_parameters(cls, n_components: int, n_features: int) -> int:
        """Number of free parameters of a mixture: covariances, means and weights."""
        n_covariance = cls.n_parameters(n_components, n_features)
        return n_covariance + n_components * n_features + n_components - 1

    @classmethod
    def from_covariances(
        cls, covariances: Array, n_components: int, n_features: int, n_threads: int = 1
    ) -> Self:
        """Structure with given covariances; raises `DegenerateCovarianceError`."""
        return cls(covariances, cls.factorize(covariances, n_threads), n_components, n_features)

    @classmethod
    def from_precisions(cls, precisions: Array, n_components: int, n_features: int) -> Self:
        """Structure with given inverses of the covariances."""
        return cls(*cls.factorize_precisions(precisions), n_components, n_features)

    def whiten(self, shifts: Array) -> Array:
        """Shift U_k of component k, in standard deviations; (n_components, n_features)."""
        return components.whiten(shifts, self.factors().reshape(-1), self.layout)

    # Helpers of `estimate`.

    @classmethod
    def average(cls, statistics: SufficientStatistics, reg_covar: float = 0.0) -> Array:
        """Scatter of the samples about the new means, averaged over the axes left out of `axes`.

        `reg_covar` is added to every variance.
        """
        covariances = np.empty(cls.covariance_shape(*statistics.origin.shape))
        components.average_scatter(
            statistics.counts, statistics.shift, statistics.second.reshape(-1), cls.are_matrices,
            reg_covar, covariances.reshape(-1),
        )  # fmt: skip
        return covariances

    @classmethod
    def from_m_step(
        cls,
        covariances: Array,
        statistics: SufficientStatistics,
        previous: CovarianceStructure | None,
        n_threads: int,
    ) -> Self:
        """Structure with estimated covariances; an empty component keeps its `previous` one."""
        if previous is not None and statistics.empty.size and "component" in cls.axes:
            covariances[statistics.empty] = previous.covariances[statistics.empty]
        n_components, n_features = statistics.origin.shape
        return cls.from_covariances(covariances, n_components, n_features, n_threads)


class MatrixCovariance(CovarianceStructure):
    """Structures whose covariances are matrices, (..., n_features, n_features)."""

    are_matrices = True

    @classmethod
    def factorize(cls, covariances: Array, n_threads: int = 1) -> Array:
        return precision_cholesky(covariances, n_threads)

    @staticmethod
    def factorize_precisions(precisions: Array) -> tuple[Array, Array]:
        return factors_of_precisions(precisions)

    def precisions(self) -> Array:
        return square(self.precisions_cholesky)

    def factors(self) -> Array:
        return self.precisions_cholesky

    def unwhiten(self, whitened: Array) -> Array:
        transposed = np.swapaxes(self.precisions_cholesky, -1, -2)
        return np.asarray(np.linalg.solve(transposed, whitened[:, :, np.newaxis])[:, :, 0])

    def log_factors(self, origin: CovarianceStructure) -> Array:
        relative = np.linalg.solve(origin.precisions_cholesky, self.precisions_cholesky)
        diagonal = np.einsum("...dd->...d", relative)
        diagonal[...] = np.log(diagonal)
        return np.asarray(relative, dtype=np.float64)

    def with_log_factors(self, log_factors: Array) -> Self:
        relative = log_factors.copy()
        diagonal = np.einsum("...dd->...d", relative)
        diagonal[...] = np.exp(diagonal)
        factors = self.precisions_cholesky @ relative
        inverse = precision_cholesky(square(factors))
        return type(self)(square(inverse), factors, self.n_components, self.n_features)

    def information(self, weights: Array) -> Array:
        samples = weights[:, np.newaxis, np.newaxis] if "component" in self.axes else weights.sum()
        return np.asarray(samples * (1 + np.eye(self.n_features)))


class VarianceCovariance(CovarianceStructure):
    """Structures whose covariances are variances: diagonal matrices."""

    layout: ClassVar[Layout] = "diagonal"
    are_matrices = False

    @classmethod
    def factorize(cls, covariances: Array, n_threads: int = 1) -> Array:
        if not covariances.min() > 0:
            position = np.argwhere(~(covariances > 0))[0].tolist()
            raise DegenerateCovarianceError(**dict(zip(cls.axes, position, strict=True)))
        return 1 / np.sqrt(covariances)

    @staticmethod
    def factorize_precisions(precisions: Array) -> tuple[Array, Array]:
        return 1 / precisions, np.sqrt(precisions)

    def precisions(self) -> Array:
        return self.precisions_cholesky**2

    @abstractmethod
    def expand(self, variances: Array) -> Array:
        """Array of the covariances' shape -> (n_components, n_features), isotropic (.., 1)."""

    def factors(self) -> Array:
        return self.expand(self.precisions_cholesky)

    def unwhiten(self, whitened: Array) -> Array:
        return whitened / self.factors()

    def log_factors(self, origin: CovarianceStructure) -> Array:
        return np.asarray(np.log(self.precisions_cholesky / origin.precisions_cholesky))

    def with_log_factors(self, log_factors: Array) -> Self:
        factors = self.precisions_cholesky * np.exp(log_factors)
        return type(self)(1 / factors**2, factors, self.n_components, self.n_features)

    def information(self, weights: Array) -> Array:
        samples = weights if "component" in self.axes else weights.sum()
        if "feature" not in self.axes:
            return np.asarray(2 * samples * self.n_features)
        return np.multiply.outer(2 * samples, np.ones(self.n_features))

    def dense(self) -> Array:
        return self.expand(self.covariances)[:, :, np.newaxis] * np.eye(self.n_features)
