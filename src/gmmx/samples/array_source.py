"""Samples in an array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx._core.interface import passes
from gmmx.model.layouts import LAYOUTS, Layout
from gmmx.model.parameters import MixtureParameters
from gmmx.model.statistics import SufficientStatistics
from gmmx.samples.e_step import EStep
from gmmx.samples.kernel_parameters import KernelParameters
from gmmx.samples.moments import (
    means_of_labels,
    rounded_to,
    statistics_about_means,
    statistics_of_all,
    statistics_of_labels,
    unpack_sums,
)
from gmmx.samples.visiting_order import FEWEST_FEATURES, VisitingOrder

if TYPE_CHECKING:
    from gmmx.arrays import Array, FloatArray, Labels, NDArray, Samples

MOST_BITS = 60  # of the largest weight, so that float32 holds sums of weights and squares


class ArraySource:
    """A `SampleSource` whose samples are an array.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Samples in float32 or float64, C-contiguous.
    n_threads : int
        Number of threads of the compiled passes.
    weight : ndarray of shape (n_samples,), optional
        Positive weights of the samples, in float64.
    """

    def __init__(self, X: Samples, n_threads: int, weight: Array | None = None) -> None:
        self.X = X
        self.n_threads = n_threads
        self.n_samples, self.n_features = map(int, X.shape)
        self.dtype = X.dtype
        self.weight: FloatArray | None = None
        self.total_weight, self.weight_unit = float(self.n_samples), 1.0
        if weight is not None:
            self.weight_unit = unit_of(float(weight.max()))
            weight = weight / self.weight_unit
            self.total_weight = float(weight.sum())
            self.weight = weight.astype(X.dtype, copy=False)
        self._visits = VisitingOrder(self.n_samples) if self.n_features >= FEWEST_FEATURES else None
        self._totals: dict[Layout, SufficientStatistics] = {}

    def statistics(
        self, parameters: MixtureParameters, origin: Array | None = None
    ) -> SufficientStatistics:
        """Return the sufficient statistics under the posterior: see `SampleSource`."""
        visits = self._visits if origin is None else None
        e_step = EStep(
            parameters, self.n_samples, self.dtype, self.total, origin, visits,
            self._largest_weight,
        )  # fmt: skip
        return e_step.statistics(e_step.sums(self.X, self.n_threads, self.weight))

    @cached_property
    def _largest_weight(self) -> float:
        """Largest weight as a multiple of the mean weight."""
        if self.weight is None:
            return 1.0
        return float(self.weight.max() * (self.n_samples / self.total_weight))

    def total(self, layout: Layout) -> SufficientStatistics:
        """Return the statistics of all samples as one component: see `SampleSource`."""
        if layout not in self._totals:
            self._totals[layout] = statistics_of_all(self.X, layout, self.n_threads, self.weight)
        return self._totals[layout]

    def worst_explained(
        self, parameters: MixtureParameters, excluded: Sequence[FloatArray]
    ) -> tuple[int, FloatArray] | None:
        """Return the index of the sample of lowest density, and the sample: see `SampleSource`."""
        log_prob = np.empty(self.n_samples, dtype=self.dtype)
        KernelParameters(parameters).predict(self.X, self.n_threads, log_prob=log_prob)
        for row in excluded:
            log_prob[(row == self.X).all(axis=1)] = np.inf
        worst = int(np.argmin(log_prob))
        return None if log_prob[worst] == np.inf else (worst, self.X[worst])

    def in_memory(self) -> ArraySource:
        """Return the source itself: starting values are computed from all samples."""
        return self

    # Starting values call the methods below; they need the samples in memory.

    def rows(self, indices: NDArray[np.integer[Any]]) -> Array:
        """Return some of the samples in float64."""
        return np.asarray(self.X[indices], dtype=np.float64)

    def drawn(self, uniform: float) -> int:
        """Return the index of a sample, drawn by weight with a number from 0 to 1."""
        if self.weight is None:
            return min(int(uniform * self.n_samples), self.n_samples - 1)
        sums = np.cumsum(self.weight, dtype=np.float64)
        index = int(np.searchsorted(sums, uniform * sums[-1], side="right"))
        return min(index, self.n_samples - 1)

    def shares(self) -> Array | None:
        """Return the share of each sample in the total weight, None without weights."""
        if self.weight is None:
            return None
        weight = self.weight.astype(np.float64)
        return np.asarray(weight / weight.sum())

    def statistics_of_labels(
        self, labels: Labels, n_components: int, layout: Layout
    ) -> SufficientStatistics:
        """Return the statistics of clusters about their own means."""
        return statistics_of_labels(
            self.X, labels, n_components, layout, self.n_threads, self.weight
        )

    def statistics_about_means(
        self, labels: Labels, means: Array, layout: Layout
    ) -> SufficientStatistics:
        """Return the statistics of clusters whose means are known."""
        return statistics_about_means(self.X, labels, means, layout, self.n_threads, self.weight)

    def statistics_of_resp(
        self,
        draw: Callable[[int], FloatArray],
        block_size: int,
        n_components: int,
        layout: Layout,
    ) -> SufficientStatistics:
        """Return the statistics of responsibilities drawn block by block.

        Parameters
        ----------
        draw : callable
            Takes a number of samples and returns responsibilities, (n_samples, n_components).
        block_size : int
            Number of samples in a block.
        n_components : int
            Number of components.
        layout : {'dense', 'shared', 'diagonal', 'isotropic'}
            Layout of the statistics.

        Returns
        -------
        SufficientStatistics
        """
        exact, weight = LAYOUTS[layout].exact, self.weight
        one_cluster = np.zeros(self.n_samples, dtype=np.int64)
        mean = means_of_labels(self.X, one_cluster, 1, self.n_threads, self.weight)
        origin = rounded_to(self.dtype, np.repeat(mean, n_components, axis=0))
        starts = range(0, self.n_samples, block_size)
        blocks = (slice(start, start + block_size) for start in starts)
        sums = reduce(
            np.add,
            (
                passes.moments_of(
                    self.X[block],
                    origin,
                    exact,
                    self.n_threads,
                    resp=draw(len(self.X[block])),
                    sample_weight=None if weight is None else weight[block],
                )  # fmt: skip
                for block in blocks
            ),
        )
        return unpack_sums(sums, exact, origin).to_layout(layout)

    def labels_and_log_prob(self, parameters: MixtureParameters) -> tuple[Labels, FloatArray]:
        """Return the most probable component and the log density of each sample, in nats."""
        labels = np.empty(self.n_samples, dtype=np.int64)
        log_prob = np.empty(self.n_samples, dtype=self.dtype)
        KernelParameters(parameters).predict(
            self.X, self.n_threads, labels=labels, log_prob=log_prob
        )
        return labels, log_prob


def unit_of(largest_weight: float) -> float:
    """Return a power of 2 near the largest weight if float32 could not hold the weights, else 1."""
    exponent = int(np.frexp(largest_weight)[1])
    return 1.0 if abs(exponent) <= MOST_BITS else float(np.ldexp(1.0, exponent))
