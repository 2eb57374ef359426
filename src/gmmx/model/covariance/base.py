"""Base classes: all covariance structures, structures of matrices, structures of variances."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from gmmx._core.interface import components
from gmmx.model.covariance.cholesky import (
    DegenerateCovarianceError,
    factors_of_precisions,
    precision_cholesky,
    square,
)
from gmmx.model.frozen import Frozen
from gmmx.model.layouts import Layout
from gmmx.model.statistics import SufficientStatistics

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray


class CovarianceStructure(Frozen, ABC):
    """Covariances of a mixture's components, and the factors of the inverse covariances.

    Attributes
    ----------
    covariances : ndarray of shape ``covariance_shape(n_components, n_features)``
        Covariances, in the shape of the attribute `covariances_`.
    precisions_cholesky : ndarray of the same shape
        For matrices the upper triangular U with U U^T = covariance^-1; for variances
        1 / standard deviation.
    n_components, n_features : int
        Size of the mixture.
    """

    covariances: Array
    precisions_cholesky: Array
    n_components: int
    n_features: int

    name: ClassVar[str]
    sklearn_name: ClassVar[str]  # the covariance type of `to_sklearn`
    layout: ClassVar[Layout]
    axes: ClassVar[tuple[str, ...]]  # 'component' or 'feature' for each axis of `covariances`
    are_matrices: ClassVar[bool]  # whether the last two axes are features by features
    # Whether extrapolated `log_factors` satisfy the constraints of the structure, as an accelerated
    # fit requires. A structure sets it to False if its constraints are not linear in `log_factors`.
    has_chart: ClassVar[bool] = True
    # Whether `_core/structures` has the M-step, under `name`, of a structure with constraints.
    has_compiled_m_step: ClassVar[bool] = False

    def __init__(
        self, covariances: Array, precisions_cholesky: Array, n_components: int, n_features: int
    ) -> None:
        vars(self).update(
            covariances=covariances, precisions_cholesky=precisions_cholesky,
            n_components=n_components, n_features=n_features,
        )  # fmt: skip

    # Each structure defines these methods.

    @staticmethod
    @abstractmethod
    def n_parameters(n_components: int, n_features: int) -> int:
        """Return the number of free parameters in the covariances."""

    @classmethod
    @abstractmethod
    def estimate(
        cls,
        statistics: SufficientStatistics,
        reg_covar: float,
        previous: CovarianceStructure | None = None,
        n_threads: int = 1,
    ) -> Self:
        """Return the M-step's covariances: maximum likelihood, `reg_covar` added to variances.

        If variances plus `reg_covar` may leave the structure, `reg_covar` is instead added to the
        variances of each component before the covariances of the structure are fitted to them.
        `previous` are the covariances of the E-step, None at the start. An iterative estimate
        begins with them. Empty components keep them, except for parts that components share.
        """

    # `MatrixCovariance` and `VarianceCovariance` define these methods.

    @classmethod
    @abstractmethod
    def factorize(cls, covariances: Array, n_threads: int = 1) -> Array:
        """Return `precisions_cholesky`; raise `DegenerateCovarianceError` if one is singular."""

    @staticmethod
    @abstractmethod
    def factorize_precisions(precisions: Array) -> tuple[Array, Array]:
        """Return `covariances` and `precisions_cholesky`, given the inverse covariances."""

    @abstractmethod
    def precisions(self) -> Array:
        """Return the inverses of the covariances, in the same shape."""

    @abstractmethod
    def factors(self) -> Array:
        """Return `precisions_cholesky` in the layout's shape, as an argument of the kernels."""

    @abstractmethod
    def scatter(self, counts: Array, reg_covar: float) -> Array:
        """Return second moments about the means, in the layout's shape.

        They are the moments of components with these counts, from which the M-step estimates the
        covariances with this `reg_covar`: the inverse of `estimate`.
        """

    @abstractmethod
    def dense(self) -> Array:
        """Return covariance matrices of all components, (n_components, n_features, n_features)."""

    @abstractmethod
    def largest_difference(self, other: Self) -> float:
        """Return the largest difference of two covariances, in standard deviations of `self`."""

    @abstractmethod
    def unwhiten(self, whitened: Array) -> Array:
        """Return the shifts whose result of `whiten` is `whitened`."""

    @abstractmethod
    def log_factors(self, origin: CovarianceStructure) -> Array:
        """Return log(U_0^-1 U), where U_0 are the factors of `origin`.

        All values are allowed, and `origin` itself has 0. For matrices only the diagonal is
        replaced by its logarithm.
        """

    @abstractmethod
    def with_log_factors(self, log_factors: Array) -> Self:
        """Return the structure with given `log_factors` relative to `self`."""

    @abstractmethod
    def information(self, weights: Array) -> Array:
        """Return the Fisher information of `log_factors` at 0, per sample with a known label."""

    # All structures share these methods. A structure overrides the first two if a mean of its
    # covariances is not a covariance of the structure.

    @classmethod
    def estimate_pooled(
        cls, statistics: SufficientStatistics, reg_covar: float
    ) -> tuple[Self, list[int]]:
        """Return starting covariances if some are singular, and the components with a pooled one.

        All components get the covariance of all samples together.
        """
        n_components = len(statistics.counts)
        total = cls.estimate(statistics.merged(), reg_covar)
        return total.of(np.zeros(n_components, dtype=np.intp)), list(range(n_components))

    def with_pooled(self, components: NDArray[np.intp], weights: Array) -> Self:
        """Return the structure with the mean covariance, weighted by `weights`, in `components`."""
        if "component" not in self.axes:
            return self
        covariances = self.covariances.copy()
        covariances[components] = np.average(covariances, axis=0, weights=weights)
        return self.from_covariances(covariances, self.n_components, self.n_features)

    @classmethod
    def covariance_shape(cls, n_components: int, n_features: int) -> tuple[int, ...]:
        """Return the shape of `covariances`."""
        return tuple(n_components if axis == "component" else n_features for axis in cls.axes)

    def of(self, components: NDArray[np.intp]) -> Self:
        """Return the structure of some of the components."""
        covariances, factors = self.covariances, self.precisions_cholesky
        if "component" in self.axes:
            covariances, factors = covariances[components], factors[components]
        return type(self)(covariances, factors, len(components), self.n_features)

    def with_covariances(self, covariances: Array) -> Self:
        """Return the structure with other covariances, which the factors do not belong to."""
        return type(self)(covariances, self.precisions_cholesky, self.n_components, self.n_features)

    def fewest_rows(self) -> int:
        """Return the number of distinct samples needed to estimate one component's covariance."""
        if "component" not in self.axes:
            return 1
        return self.n_features + 1 if self.are_matrices else 2

    @classmethod
    def n_free_parameters(
        cls, n_components: int, n_features: int, *, equal_weights: bool = False
    ) -> int:
        """Return the number of free parameters of a mixture: covariances, means and weights."""
        n_covariance = cls.n_parameters(n_components, n_features)
        n_weights = 0 if equal_weights else n_components - 1
        return n_covariance + n_components * n_features + n_weights

    @classmethod
    def from_covariances(
        cls, covariances: Array, n_components: int, n_features: int, n_threads: int = 1
    ) -> Self:
        """Return the structure with given covariances; may raise `DegenerateCovarianceError`."""
        return cls(covariances, cls.factorize(covariances, n_threads), n_components, n_features)

    @classmethod
    def from_precisions(cls, precisions: Array, n_components: int, n_features: int) -> Self:
        """Return the structure with given inverse covariances."""
        return cls(*cls.factorize_precisions(precisions), n_components, n_features)

    def whiten(self, shifts: Array) -> Array:
        """Return U_k^T shift_k, in standard deviations, (n_components, n_features)."""
        return components.whiten(shifts, self.factors().reshape(-1), self.layout)

    def constraint_violation(self) -> float:
        """Return how far the covariances are from the structure, in standard deviations.

        The M-step returns covariances of the structure unchanged from their own scatter, and
        replaces other covariances by similar ones of the structure.
        """
        counts, zeros = np.ones(self.n_components), np.zeros((self.n_components, self.n_features))
        statistics = SufficientStatistics(
            self.layout, counts, zeros, self.scatter(counts, 0.0), zeros, log_likelihood=0.0
        )
        return self.largest_difference(self.estimate(statistics, 0.0, self))

    # Helpers of `estimate`.

    @classmethod
    def average(cls, statistics: SufficientStatistics, reg_covar: float = 0.0) -> Array:
        """Return the scatter about the new means, averaged over the axes missing in `axes`.

        `reg_covar` is added to every variance.
        """
        covariances = np.empty(cls.covariance_shape(*statistics.origin.shape))
        components.average_scatter(
            statistics.counts, statistics.shift, statistics.second.reshape(-1), cls.are_matrices,
            reg_covar, covariances.reshape(-1),
        )  # fmt: skip
        return covariances

    @classmethod
    def own_covariances(
        cls,
        statistics: SufficientStatistics,
        reg_covar: float,
        previous: CovarianceStructure | None,
    ) -> Array:
        """Return `average`, but the `previous` covariances for empty components."""
        covariances = cls.average(statistics, reg_covar)
        if previous is not None and statistics.empty.size and "component" in cls.axes:
            covariances[statistics.empty] = previous.covariances[statistics.empty]
        return covariances


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

    def scatter(self, counts: Array, reg_covar: float) -> Array:
        covariances = self.covariances - reg_covar * np.eye(self.n_features)
        if "component" in self.axes:
            return np.asarray(counts[:, np.newaxis, np.newaxis] * covariances)
        return np.asarray(counts.sum() * covariances)

    def largest_difference(self, other: Self) -> float:
        deviations = np.sqrt(np.einsum("...dd->...d", self.covariances))
        difference = (other.covariances - self.covariances) / deviations[..., np.newaxis]
        return float(np.abs(difference / deviations[..., np.newaxis, :]).max())

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
        """Return variances as (n_components, n_features), or (n_components, 1) if isotropic."""

    def factors(self) -> Array:
        return self.expand(self.precisions_cholesky)

    def scatter(self, counts: Array, reg_covar: float) -> Array:
        variances = self.expand(self.covariances - reg_covar)
        # An isotropic layout has traces.
        n_summed = self.n_features // variances.shape[1]
        return np.asarray(n_summed * counts[:, np.newaxis] * variances)

    def largest_difference(self, other: Self) -> float:
        return float(np.abs(other.covariances / self.covariances - 1).max())

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
