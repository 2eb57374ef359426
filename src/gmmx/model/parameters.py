"""The parameters of a mixture, and the compiled pass over samples under them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx._core.interface import components, passes
from gmmx._core.interface.prediction import Predictor
from gmmx.model.covariance import CovarianceStructure
from gmmx.model.far_samples import far_log_responsibilities
from gmmx.model.moments import (
    FIRST_MOMENTS,
    SECOND_MOMENTS,
    rounded_to,
    statistics_of_all,
    unpack_sums,
)
from gmmx.model.statistics import Layout, SufficientStatistics, exact_layout
from gmmx.model.visiting_order import VisitingOrder

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray, Samples


# Means farther than this from their center, in standard deviations, lose digits when all samples
# are measured from the center: distances and moments are then taken component by component.
FARTHEST_WHITENED_MEAN = 32.0

# Of distances, component by component, for a pass to be long.
FEWEST_MULTIPLICATIONS = 1 << 18

# With more, posteriors that are 0 in working precision save more than a common center.
MOST_PAIRED_FEATURES = 128
SINGLE = np.finfo(np.float32)
# Numbers whose squares float32 holds.
SMALLEST_SQUARED, LARGEST_SQUARED = float(SINGLE.tiny) ** 0.5, float(SINGLE.max) ** 0.5


@dataclass(frozen=True, eq=False)
class MixtureParameters:
    """Weights, means and covariances of a Gaussian mixture, in float64.

    Attributes
    ----------
    weights : ndarray of shape (n_components,)
        Probabilities of the components.
    means : ndarray of shape (n_components, n_features)
        Means of the components.
    covariance : CovarianceStructure
        Their covariances.
    """

    weights: Array
    means: Array
    covariance: CovarianceStructure

    @property
    def empty(self) -> NDArray[np.intp]:
        """Components that lost all samples, with what they had before."""
        return np.flatnonzero(self.weights == 0)

    @property
    def log_weights(self) -> Array:
        """log weight_k, -inf for weight 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.weights)

    @property
    def component_log_scale(self) -> Array:
        """`log_scale` without the weights: log density of a component at its own mean."""
        factors = self.covariance.factors().reshape(-1)
        n_components, n_features = self.means.shape
        return components.log_scale(
            np.ones(n_components), factors, self.covariance.layout, n_features
        )

    @property
    def log_scale(self) -> Array:
        """log weight_k + log det U_k - D/2 log 2 pi: log density at a component's mean."""
        covariance = self.covariance
        factors = covariance.factors().reshape(-1)
        return components.log_scale(self.weights, factors, covariance.layout, self.means.shape[1])

    @cached_property
    def center(self) -> Array:
        """Mean of the mixture."""
        offsets = (self.weights / self.weights.sum()) @ (self.means - self.means[0])
        return np.asarray(self.means[0] + offsets)

    @cached_property
    def has_near_means(self) -> bool:
        """Whether all means, whitened, are near to their center."""
        with np.errstate(all="ignore"):
            whitened = self.covariance.whiten(self.means - self.center)
            return bool(np.abs(whitened).max() <= FARTHEST_WHITENED_MEAN)

    @cached_property
    def kernel_layout(self) -> Layout:
        """The structure's layout, or an exact one where it would lose digits."""
        layout = self.covariance.layout
        if self._is_one_variance_each:
            return "diagonal"
        exact = exact_layout(layout)
        if layout == "isotropic" and not self._has_scales_to_square:
            return exact
        return layout if layout == exact or self.has_near_means else exact

    @property
    def _has_scales_to_square(self) -> bool:
        """Whether squares of the factors are in the range of float32."""
        factors = self.covariance.factors()
        return bool(factors.min() >= SMALLEST_SQUARED and factors.max() <= LARGEST_SQUARED)

    @property
    def _is_one_variance_each(self) -> bool:
        """Whether components have one variance each, as matrices of one feature are."""
        return self.means.shape[1] == 1 and self.covariance.layout != "shared"

    def kernel_center(self, layout: Layout) -> Array | None:
        """What the kernels round and subtract from samples, or None where digits would be lost.

        With variances of one feature the pass gains less by it than finding it costs.
        """
        if layout == "dense" or (layout == "diagonal" and self.means.shape[1] == 1):
            return None
        return self.center if self.has_near_means else None

    @property
    def center_of_pairs(self) -> Array | None:
        """What second moments (D, D) are taken about, or None if about each mean."""
        n_features = self.means.shape[1]
        return self.center if n_features <= MOST_PAIRED_FEATURES and self.has_near_means else None

    def kernel_factors(self, layout: Layout) -> Array:
        """The structure's factors, flat, in the shape of a layout."""
        factors = self.covariance.factors()
        n_components, n_features = self.means.shape
        if (self.covariance.layout, layout) == ("shared", "dense"):
            factors = factors[np.newaxis].repeat(n_components, axis=0)
        elif (self.covariance.layout, layout) == ("isotropic", "diagonal"):
            factors = factors.repeat(n_features, axis=1)
        return np.ascontiguousarray(factors).ravel()

    def pass_over(
        self,
        X: Samples,
        n_threads: int,
        layout: Layout | None = None,
        center: Array | None = None,
        **options: Any,
    ) -> Array | None:
        """Run the compiled pass; `options` are its outputs and moments.

        Layout and center are those that suit the parameters, or both given.
        """
        if layout is None:
            layout = self.kernel_layout
            center = self.kernel_center(layout)
        return passes.em_pass(
            X, self.means, self.kernel_factors(layout), self.log_scale, layout, n_threads,
            center=center, **options,
        )  # fmt: skip

    def component_log_prob(
        self, X: Samples, log_scale: Array, n_threads: int
    ) -> NDArray[np.floating]:
        """log_scale_k - 1/2 |U_k^T (x_i - mean_k)|^2, (n_samples, n_components).

        It is -inf where the square overflows, of which the kernels make the largest number.
        """
        if X.dtype == np.float32 and not self._fits_single:
            exact = self.component_log_prob(X.astype(np.float64), log_scale, n_threads)
            with np.errstate(over="ignore"):
                return exact.astype(np.float32)
        log_prob = np.empty((len(self.means), len(X)), dtype=X.dtype)
        layout = self.kernel_layout
        passes.em_pass(
            X, self.means, self.kernel_factors(layout), log_scale, layout, n_threads,
            center=self.kernel_center(layout), weighted_log_prob=log_prob,
        )  # fmt: skip
        log_prob[log_prob < np.finfo(X.dtype).min / 4] = -np.inf
        return np.ascontiguousarray(log_prob.T)

    def mahalanobis(self, X: Samples, n_threads: int) -> NDArray[np.floating]:
        """|U_k^T (x_i - mean_k)|, (n_samples, n_components)."""
        half_squares = self.component_log_prob(X, np.zeros(len(self.means)), n_threads)
        distances: NDArray[np.floating] = np.sqrt(-2 * half_squares)
        # Squares overflow where distances need not.
        for i in np.flatnonzero(np.isinf(distances).any(axis=1)):
            whitened = self.covariance.whiten(X[i].astype(np.float64) - self.means)
            largest = np.abs(whitened).max(axis=1, keepdims=True)
            scaled = np.divide(whitened, largest, out=whitened, where=largest > 0)
            distances[i] = largest[:, 0] * np.sqrt(np.square(scaled).sum(axis=1))
        return distances

    def predictor(self) -> Predictor:
        """The parameters as the kernels read them, for many predictions."""
        layout = self.kernel_layout
        factors = self.kernel_factors(layout)
        return Predictor(
            self.means, factors, self.log_scale, layout, self.kernel_center(layout),
            parameters=self, fits_single=self._fits_single,
        )  # fmt: skip

    @property
    def _fits_single(self) -> bool:
        """Whether means and factors are in the range of float32."""
        factors = self.covariance.factors()
        scales = np.einsum("...dd->...d", factors) if self.covariance.are_matrices else factors
        largest = max(np.abs(self.means).max(), np.abs(factors).max())
        return bool(largest <= SINGLE.max and scales.min() >= SINGLE.tiny)

    def far_log_responsibilities(self, X: Samples) -> Array:
        """Log responsibilities of samples whose squared distances from all means overflow."""
        factors = self.covariance.factors()
        if self.covariance.are_matrices:
            factors = np.broadcast_to(factors, (len(self.means), *factors.shape[-2:]))
        return far_log_responsibilities(X, self.means, factors, self.log_scale)

    def statistics(
        self,
        X: Samples,
        n_threads: int,
        origin: Array | None = None,
        visits: VisitingOrder | None = None,
        total: SufficientStatistics | None = None,
    ) -> SufficientStatistics:
        """Sufficient statistics of the samples under the posterior: the E-step.

        Moments are about the means, or exactly about a given `origin`. `total` are those of all
        samples as one component, if they are known.
        """
        layout = exact = exact_layout(self.covariance.layout)
        center = None
        is_long = origin is None and self.is_long_pass(X)
        if is_long or self._is_one_variance_each:
            layout = self.kernel_layout
            center = self.kernel_center(layout)
        options: dict[str, Any] = {}
        if layout == "dense":
            if visits is not None:
                options = visits.options(self.means, self.covariance.factors())
            if is_long and "order" not in options:
                center = self.center_of_pairs
        origin = rounded_to(X, self.means if origin is None else origin)
        if center is not None:
            center = rounded_to(X, center)
            statistics = self._centered_statistics(X, n_threads, layout, center, total, **options)
            return statistics.about(origin).to_layout(self.covariance.layout)
        sums = self.pass_over(
            X, n_threads, layout, moments=SECOND_MOMENTS, origin=origin, weights=self.weights,
            **options,
        )  # fmt: skip
        return unpack_sums(sums, exact, origin).to_layout(self.covariance.layout)

    def is_long_pass(self, X: Samples) -> bool:
        """Whether one center, or one matrix for all components, saves more than it takes."""
        n_components, n_features = self.means.shape
        for_value = n_components * (n_features if self.covariance.are_matrices else 1)
        return bool(X.size * for_value >= FEWEST_MULTIPLICATIONS)

    def _centered_statistics(
        self,
        X: Samples,
        n_threads: int,
        layout: Layout,
        center: Array,
        total: SufficientStatistics | None,
        **options: Any,
    ) -> SufficientStatistics:
        """Statistics about one center.

        The second moments of a shared layout are those of all samples, whatever the posterior.
        """
        second = None
        if layout == "shared":
            total = total or statistics_of_all(X, n_threads)
            second = total.about(center[np.newaxis]).second[0]
        moments = SECOND_MOMENTS if second is None else FIRST_MOMENTS
        sums = self.pass_over(X, n_threads, layout, center, moments=moments, **options)
        return unpack_sums(sums, layout, center[np.newaxis].repeat(len(self.means), axis=0), second)

    def of(self, components: NDArray[np.intp]) -> MixtureParameters:
        """The mixture of some of the components, their weights rescaled to sum 1."""
        weights = self.weights[components]
        return MixtureParameters(
            weights / weights.sum(), self.means[components], self.covariance.of(components)
        )

    def sample(
        self, n_samples: int, random_state: np.random.RandomState
    ) -> tuple[Array, NDArray[np.int64]]:
        """Draw samples grouped by component, and their components, as scikit-learn draws them."""
        counts = random_state.multinomial(n_samples, self.weights / self.weights.sum())
        dense, n_features = self.covariance.dense(), self.means.shape[1]
        blocks = []
        for count, mean, covariance in zip(counts, self.means, dense, strict=True):
            if self.covariance.are_matrices:
                block = random_state.multivariate_normal(mean, covariance, int(count))
            else:
                deviations = np.sqrt(np.diag(covariance))
                block = mean + random_state.standard_normal((count, n_features)) * deviations
            blocks.append(block)
        return np.vstack(blocks), np.repeat(np.arange(len(counts)), counts)


def maximize(
    statistics: SufficientStatistics,
    reg_covar: float,
    structure: type[CovarianceStructure],
    previous: CovarianceStructure | None = None,
    n_threads: int = 1,
) -> MixtureParameters:
    """The M-step: weights counts / n, means and covariances of the moments.

    A component whose count underflows gets weight 0 and keeps its mean, the origin of the
    statistics, and its `previous` covariance.
    """
    weights = statistics.counts
    if statistics.empty.size:
        weights = weights.copy()
        weights[statistics.empty] = 0
    covariance = structure.estimate(statistics, reg_covar, previous, n_threads)
    return MixtureParameters(weights / weights.sum(), statistics.means, covariance)
