"""What every covariance structure provides, and what structures of one kind share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from gmmx.covariance.cholesky import (
    DegenerateCovarianceError,
    factors_of_precisions,
    precision_cholesky,
)
from gmmx.statistics import Layout, SufficientStatistics

if TYPE_CHECKING:
    from gmmx.arrays import Array


@dataclass(frozen=True)
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
    layout: ClassVar[Layout]
    axes: ClassVar[tuple[str, ...]]  # what the axes of `covariances` tell apart
    are_matrices: ClassVar[bool]  # whether the last two axes are features by features

    # What a structure defines.

    @staticmethod
    @abstractmethod
    def covariance_shape(n_components: int, n_features: int) -> tuple[int, ...]:
        """Shape of `covariances`."""

    @staticmethod
    @abstractmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        """Number of free parameters in the covariances."""

    @staticmethod
    @abstractmethod
    def average(statistics: SufficientStatistics) -> Array:
        """Covariances of maximum likelihood."""

    # What structures of a kind share.

    @staticmethod
    @abstractmethod
    def regularize(covariances: Array, reg_covar: float) -> Array:
        """Add `reg_covar` to every variance."""

    @classmethod
    @abstractmethod
    def factorize(cls, covariances: Array) -> Array:
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
    def log_det(self) -> Array:
        """log det of each factor, -1/2 log det of the covariance, broadcasts to n_components."""

    @abstractmethod
    def dense(self) -> Array:
        """Covariance matrices of all components, (n_components, n_features, n_features)."""

    @abstractmethod
    def log_factors(self, scale: Array) -> Array:
        """`precisions_cholesky` without constraints: its diagonal as logarithms.

        Features are measured in units of `scale`, (n_features,).
        """

    @abstractmethod
    def with_log_factors(self, log_factors: Array, scale: Array) -> Self:
        """The structure that `log_factors` describes."""

    # What all structures share.

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
    def from_covariances(cls, covariances: Array, n_components: int, n_features: int) -> Self:
        """Structure with given covariances; raises `DegenerateCovarianceError`."""
        return cls(covariances, cls.factorize(covariances), n_components, n_features)

    @classmethod
    def from_precisions(cls, precisions: Array, n_components: int, n_features: int) -> Self:
        """Structure with given inverses of the covariances."""
        return cls(*cls.factorize_precisions(precisions), n_components, n_features)

    @classmethod
    def estimate(
        cls,
        statistics: SufficientStatistics,
        reg_covar: float,
        previous: CovarianceStructure | None = None,
    ) -> Self:
        """Covariances of the M-step; an empty component keeps its `previous` one."""
        n_components, n_features = statistics.origin.shape
        covariances = cls.regularize(cls.average(statistics), reg_covar)
        if previous is not None and "component" in cls.axes:
            covariances[statistics.empty] = previous.covariances[statistics.empty]
        return cls.from_covariances(covariances, n_components, n_features)


class MatrixCovariance(CovarianceStructure):
    """Structures whose covariances are matrices, (..., n_features, n_features)."""

    are_matrices = True

    @staticmethod
    def regularize(covariances: Array, reg_covar: float) -> Array:
        np.einsum("...dd->...d", covariances)[...] += reg_covar
        return covariances

    @classmethod
    def factorize(cls, covariances: Array) -> Array:
        return precision_cholesky(covariances)

    @staticmethod
    def factorize_precisions(precisions: Array) -> tuple[Array, Array]:
        return factors_of_precisions(precisions)

    def precisions(self) -> Array:
        factors = self.precisions_cholesky
        return factors @ np.swapaxes(factors, -1, -2)

    def factors(self) -> Array:
        return self.precisions_cholesky

    def log_det(self) -> Array:
        diagonal = np.einsum("...dd->...d", self.precisions_cholesky)
        return np.asarray(np.log(diagonal).sum(axis=-1))

    def log_factors(self, scale: Array) -> Array:
        factors = self.precisions_cholesky * scale[:, np.newaxis]
        diagonal = np.einsum("...dd->...d", factors)
        diagonal[...] = np.log(diagonal)
        return factors

    def with_log_factors(self, log_factors: Array, scale: Array) -> Self:
        factors = log_factors.reshape(self.precisions_cholesky.shape).copy()
        diagonal = np.einsum("...dd->...d", factors)
        diagonal[...] = np.exp(diagonal)
        factors /= scale[:, np.newaxis]
        inverse = precision_cholesky(factors @ np.swapaxes(factors, -1, -2))
        covariances = inverse @ np.swapaxes(inverse, -1, -2)
        return type(self)(covariances, factors, self.n_components, self.n_features)


class VarianceCovariance(CovarianceStructure):
    """Structures whose covariances are variances: diagonal matrices."""

    layout = "diagonal"
    are_matrices = False

    @staticmethod
    def regularize(covariances: Array, reg_covar: float) -> Array:
        return covariances + reg_covar

    @classmethod
    def factorize(cls, covariances: Array) -> Array:
        positive = covariances > 0
        if not np.all(positive):
            position = np.argwhere(~positive)[0].tolist()
            raise DegenerateCovarianceError(**dict(zip(cls.axes, position, strict=True)))
        return 1 / np.sqrt(covariances)

    @staticmethod
    def factorize_precisions(precisions: Array) -> tuple[Array, Array]:
        return 1 / precisions, np.sqrt(precisions)

    def precisions(self) -> Array:
        return self.precisions_cholesky**2

    @abstractmethod
    def expand(self, variances: Array) -> Array:
        """Array of the covariances' shape -> (n_components, n_features)."""

    def factors(self) -> Array:
        return self.expand(self.precisions_cholesky)

    def log_det(self) -> Array:
        return np.asarray(np.log(self.factors()).sum(axis=1))

    def log_factors(self, scale: Array) -> Array:
        return np.asarray(np.log(self.precisions_cholesky))

    def with_log_factors(self, log_factors: Array, scale: Array) -> Self:
        factors = np.exp(log_factors.reshape(self.precisions_cholesky.shape))
        return type(self)(1 / factors**2, factors, self.n_components, self.n_features)

    def dense(self) -> Array:
        return self.expand(self.covariances)[:, :, np.newaxis] * np.eye(self.n_features)
