"""The parameters of a mixture in the form of the compiled pass over samples."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from gmmx._core.interface import passes
from gmmx._core.interface.prediction import Predictor
from gmmx.model.layouts import LAYOUTS, Layout
from gmmx.model.parameters import MixtureParameters

if TYPE_CHECKING:
    from typing import TypedDict, Unpack

    from gmmx.arrays import Array, FloatArray, Labels, Samples

    class PassOptions(TypedDict, total=False):
        """Moments and outputs of a pass: keyword arguments of `_core.interface.passes.em_pass`."""

        moments: int
        origin: Array | None
        weights: Array | None
        sample_weight: FloatArray
        order: Labels
        n_skipped: Labels
        weighted_log_prob: FloatArray
        resp: FloatArray
        log_prob: FloatArray
        labels: Labels


# If a mean is farther than this from the center of the means, in standard deviations, distances and
# moments about the center lose digits and are computed about each mean instead.
FARTHEST_WHITENED_MEAN = 32.0

# With more features, skipping pairs with responsibility 0 saves more time than a common center.
MOST_PAIRED_FEATURES = 128
SINGLE = np.finfo(np.float32)
# The range of numbers whose squares are in the range of float32.
SMALLEST_SQUARED, LARGEST_SQUARED = float(SINGLE.tiny) ** 0.5, float(SINGLE.max) ** 0.5


class KernelParameters:
    """Parameters of a mixture, in a layout and about a center that lose no digits.

    Parameters
    ----------
    parameters : MixtureParameters
        Weights, means and covariances.
    """

    def __init__(self, parameters: MixtureParameters) -> None:
        self.parameters = parameters
        self.own_layout: Layout = parameters.covariance.layout
        self.own_factors = parameters.covariance.factors()
        self.n_components, self.n_features = parameters.means.shape
        self.has_one_variance_each = has_one_variance_each(parameters)

    @cached_property
    def center(self) -> Array:
        """The mean of the mixture."""
        weights, means = self.parameters.weights, self.parameters.means
        offsets = (weights / weights.sum()) @ (means - means[0])
        return np.asarray(means[0] + offsets)

    @cached_property
    def has_near_means(self) -> bool:
        """Whether the whitened means are all near their center."""
        parameters = self.parameters
        with np.errstate(all="ignore"):
            whitened = parameters.covariance.whiten(parameters.means - self.center)
            return bool(np.abs(whitened).max() <= FARTHEST_WHITENED_MEAN)

    @cached_property
    def layout(self) -> Layout:
        """Layout of the structure, or its exact layout if the former would lose digits."""
        if self.has_one_variance_each:
            return "diagonal"
        layout = self.own_layout
        exact = LAYOUTS[layout].exact
        if LAYOUTS[layout].squares_factors and not self._has_scales_to_square:
            return exact
        return layout if layout == exact or self.has_near_means else exact

    @property
    def _has_scales_to_square(self) -> bool:
        """Whether squares of the factors are in the range of float32."""
        factors = self.own_factors
        return bool(factors.min() >= SMALLEST_SQUARED and factors.max() <= LARGEST_SQUARED)

    @property
    def center_of_samples(self) -> Array | None:
        """Point that the kernels subtract from samples, or None if digits would be lost.

        It is also None for variances of one feature, where finding it takes more time than it
        saves.
        """
        is_centered = LAYOUTS[self.layout].is_centered and not self.has_one_variance_each
        return self.center if is_centered and self.has_near_means else None

    @property
    def center_of_pairs(self) -> Array | None:
        """Point that dense second moments are taken about, or None for moments about each mean."""
        is_common = self.n_features <= MOST_PAIRED_FEATURES and self.has_near_means
        return self.center if is_common else None

    def factors(self, layout: Layout) -> Array:
        """Return the factors of the structure in a layout, flattened."""
        factors = self.own_factors
        if layout != self.own_layout:
            own = LAYOUTS[self.own_layout]
            factors = own.exact_factors(factors, self.n_components, self.n_features)
        return np.ascontiguousarray(factors).ravel()

    def run(
        self,
        X: Samples,
        n_threads: int,
        layout: Layout,
        center: Array | None,
        **options: Unpack[PassOptions],
    ) -> Array | None:
        """Run the compiled pass in a given layout and about a given center."""
        parameters = self.parameters
        return passes.em_pass(
            X, parameters.means, self.factors(layout), parameters.log_scale, layout, n_threads,
            center=center, **options,
        )  # fmt: skip

    def predict(self, X: Samples, n_threads: int, **outputs: Unpack[PassOptions]) -> None:
        """Fill given arrays with outputs of the compiled pass."""
        self.run(X, n_threads, self.layout, self.center_of_samples, **outputs)

    def predictor(self) -> Predictor:
        """Return a predictor, which holds the packed parameters for many predictions."""
        parameters, layout = self.parameters, self.layout
        return Predictor(
            parameters.means, self.factors(layout), parameters.log_scale, layout,
            self.center_of_samples, parameters=self, fits_single=self._fits_single,
        )  # fmt: skip

    @property
    def _fits_single(self) -> bool:
        """Whether means and factors are in the range of float32."""
        factors = self.own_factors
        is_matrix = self.parameters.covariance.are_matrices
        scales = np.einsum("...dd->...d", factors) if is_matrix else factors
        largest = max(np.abs(self.parameters.means).max(), np.abs(factors).max())
        return bool(largest <= SINGLE.max and scales.min() >= SINGLE.tiny)

    def component_log_prob(self, X: Samples, log_scale: Array, n_threads: int) -> FloatArray:
        """Return log_scale_k - 1/2 |U_k^T (x_i - mean_k)|^2, (n_samples, n_components).

        If the square overflows, the kernels return the most negative number; the result is -inf.
        """
        if X.dtype == np.float32 and not self._fits_single:
            exact = self.component_log_prob(X.astype(np.float64), log_scale, n_threads)
            with np.errstate(over="ignore"):
                return exact.astype(np.float32)
        log_prob = np.empty((self.n_components, len(X)), dtype=X.dtype)
        passes.em_pass(
            X, self.parameters.means, self.factors(self.layout), log_scale, self.layout, n_threads,
            center=self.center_of_samples, weighted_log_prob=log_prob,
        )  # fmt: skip
        log_prob[log_prob < np.finfo(X.dtype).min / 4] = -np.inf
        return np.ascontiguousarray(log_prob.T)

    def mahalanobis(self, X: Samples, n_threads: int) -> FloatArray:
        """Return |U_k^T (x_i - mean_k)|, (n_samples, n_components)."""
        half_squares = self.component_log_prob(X, np.zeros(self.n_components), n_threads)
        distances: FloatArray = np.sqrt(-2 * half_squares)
        # A squared distance may overflow although the distance does not.
        for i in np.flatnonzero(np.isinf(distances).any(axis=1)):
            shifts = X[i].astype(np.float64) - self.parameters.means
            whitened = self.parameters.covariance.whiten(shifts)
            largest = np.abs(whitened).max(axis=1, keepdims=True)
            scaled = np.divide(whitened, largest, out=whitened, where=largest > 0)
            distances[i] = largest[:, 0] * np.sqrt(np.square(scaled).sum(axis=1))
        return distances

    def far_log_responsibilities(self, X: Samples) -> Array:
        """Return log responsibilities of samples whose squared distances overflow."""
        from gmmx.model.far_samples import far_log_responsibilities  # noqa: PLC0415 - few need it

        factors = self.own_factors
        if self.parameters.covariance.are_matrices:
            factors = np.broadcast_to(factors, (self.n_components, *factors.shape[-2:]))
        return far_log_responsibilities(
            X, self.parameters.means, factors, self.parameters.log_scale
        )


def has_one_variance_each(parameters: MixtureParameters) -> bool:
    """Return whether each component has one variance, because there is one feature."""
    has_own = LAYOUTS[parameters.covariance.layout].has_second_moments
    return has_own and parameters.means.shape[1] == 1
