"""The parameters of a mixture, and the compiled pass over samples under them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx._core import core
from gmmx.covariance import CovarianceStructure
from gmmx.statistics import Layout, SufficientStatistics, cross_products, exact_layout, squares

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray, Samples
    from gmmx.visits import VisitingOrder


# Whitened means farther than this from their center, in standard deviations, lose digits when
# whitened samples are subtracted from them: distances are then taken component by component.
FARTHEST_WHITENED_MEAN = 32.0

FIRST_MOMENTS, SECOND_MOMENTS = 1, 2


@dataclass(frozen=True)
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

    @cached_property
    def log_scale(self) -> Array:
        """log weight_k + log det U_k - D/2 log 2 pi: log density at a component's mean."""
        with np.errstate(all="ignore"):
            log_weights = np.log(self.weights)
        normalizer = self.covariance.log_det() - 0.5 * self.means.shape[1] * np.log(2 * np.pi)
        return np.asarray(log_weights + normalizer)

    @cached_property
    def center(self) -> Array:
        """Mean of the mixture."""
        offsets = (self.weights / self.weights.sum()) @ (self.means - self.means[0])
        return np.asarray(self.means[0] + offsets)

    @cached_property
    def kernel_layout(self) -> Layout:
        """The structure's layout, or dense where a shared one would lose digits."""
        if self.covariance.layout != "shared":
            return self.covariance.layout
        with np.errstate(all="ignore"):
            farthest = np.abs((self.means - self.center) @ self.covariance.factors()).max()
        near = farthest <= FARTHEST_WHITENED_MEAN
        return "shared" if near else exact_layout("shared")

    def kernel_factors(self, layout: Layout) -> Array:
        """The structure's factors, flat, in the shape of a layout."""
        factors = self.covariance.factors()
        if layout != self.covariance.layout:
            factors = np.tile(factors, (len(self.means), 1, 1))
        return np.ascontiguousarray(factors).ravel()

    def pass_over(
        self, X: Samples, n_threads: int, layout: Layout | None = None, **options: Any
    ) -> Array | None:
        """Run the compiled pass; `options` are its outputs and moments."""
        layout = layout or self.kernel_layout
        return core.em_pass(
            X, self.means, self.kernel_factors(layout), self.log_scale, layout, n_threads,
            center=rounded_to(X, self.center) if layout == "shared" else None, **options,
        )  # fmt: skip

    def statistics(
        self,
        X: Samples,
        n_threads: int,
        origin: Array | None = None,
        visits: VisitingOrder | None = None,
    ) -> SufficientStatistics:
        """Sufficient statistics of the samples under the posterior: the E-step.

        Moments are about the means, or exactly about a given `origin`.
        """
        layout = self.kernel_layout if origin is None else exact_layout(self.covariance.layout)
        origin = rounded_to(X, self.means if origin is None else origin)
        options: dict[str, Any] = {}
        if visits is not None and layout == "dense":
            options = visits.options(len(origin))
        sums = self.pass_over(
            X, n_threads, layout, moments=SECOND_MOMENTS, origin=origin, weights=self.weights,
            **options,
        )  # fmt: skip
        statistics = unpack_sums(sums, layout, origin, rounded_to(X, self.center))
        return statistics.to_layout(self.covariance.layout)

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


def rounded_to(X: Samples, values: Array) -> Array:
    """Values as the kernels see them: moments about a point need the point in the samples' type."""
    return values if X.dtype == np.float64 else values.astype(X.dtype).astype(np.float64)


def unpack_sums(
    sums: Array | None, layout: Layout, origin: Array, center: Array | None = None
) -> SufficientStatistics:
    """Statistics from the compiled pass's log likelihood, counts, first and second moments."""
    assert sums is not None
    n_components, n_features = origin.shape
    shape = {
        "dense": (n_components, n_features, n_features),
        "shared": (n_features, n_features),
        "diagonal": (n_components, n_features),
    }[layout]
    stop = 1 + n_components
    counts, sums_left = sums[1:stop], sums[stop:]
    first = sums_left[: origin.size].reshape(origin.shape)
    second = sums_left[origin.size :].reshape(shape)
    if layout == "shared":
        # The pass takes them about one center: x - center = (x - origin) + shift.
        assert center is not None
        shift = origin - center
        second = second - cross_products(layout, first, shift) - squares(layout, counts, shift)
    return SufficientStatistics(layout, counts, first, second, origin, float(sums[0]))
