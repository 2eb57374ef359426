"""Samples in an array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx._core.interface import passes
from gmmx.model.layouts import LAYOUTS, Layout
from gmmx.model.parameters import MixtureParameters
from gmmx.model.statistics import SufficientStatistics
from gmmx.samples.kernel_parameters import KernelParameters
from gmmx.samples.moments import (
    means_of_labels,
    rounded_to,
    statistics_about_means,
    statistics_of_labels,
    unpack_sums,
)
from gmmx.samples.windowed_source import WindowedSource, weight_unit_of
from gmmx.samples.windows import Window, window_size

if TYPE_CHECKING:
    from gmmx.arrays import Array, FloatArray, Labels, NDArray, Samples


class ArraySource(WindowedSource):
    """A `SampleSource` whose samples are an array.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Samples in float32 or float64, C-contiguous.
    n_threads : int
        Number of threads of the compiled passes.
    weight : ndarray of shape (n_samples,), optional
        Positive weights of the samples, in float64.
    row_numbers : ndarray of shape (n_samples,), optional
        Row numbers of the samples in the user's array, for messages, if some rows were left out.
    """

    def __init__(
        self,
        X: Samples,
        n_threads: int,
        weight: Array | None = None,
        row_numbers: NDArray[np.intp] | None = None,
    ) -> None:
        self.X = X
        self._row_numbers = row_numbers
        self.weight: FloatArray | None = None
        n_samples, n_features = map(int, X.shape)
        shape, total = (n_samples, n_features), float(n_samples)
        unit = largest = 1.0
        if weight is not None:
            unit = weight_unit_of(weight.max())
            weight = weight / unit
            total = sum_of_windows(weight, window_size(n_features))
            largest = float(weight.max())
            self.weight = weight.astype(X.dtype, copy=False)
        super().__init__(shape, X.dtype, n_threads, total, unit, largest)

    def windows(self) -> list[Window]:
        """Return the samples in windows: views of the array."""
        X, weight, size = self.X, self.weight, window_size(self.n_features)
        return [
            Window(i, X[i : i + size], None if weight is None else weight[i : i + size])
            for i in range(0, self.n_samples, size)
        ]

    @property
    def first_sample(self) -> FloatArray:
        """The first sample, (1, n_features)."""
        return self.X[:1]

    def worst_explained(
        self, parameters: MixtureParameters, excluded: Sequence[FloatArray]
    ) -> tuple[int, FloatArray] | None:
        """Return the row number of the sample of lowest density, and the sample."""
        worst = super().worst_explained(parameters, excluded)
        if worst is None or self._row_numbers is None:
            return worst
        index, sample = worst
        return int(self._row_numbers[index]), sample

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

    def means_of_labels(self, labels: Labels) -> Array:
        """Return the means of clusters, (largest label + 1, n_features)."""
        n_clusters = int(labels.max()) + 1
        return means_of_labels(self.X, labels, n_clusters, self.n_threads, self.weight)

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

        def moments(rows: slice) -> Array:
            X = self.X[rows]
            return passes.moments_of(
                X, origin, exact, self.n_threads, resp=draw(len(X)),
                sample_weight=None if weight is None else weight[rows],
            )  # fmt: skip

        starts = range(0, self.n_samples, block_size)
        sums = reduce(np.add, (moments(slice(start, start + block_size)) for start in starts))
        return unpack_sums(sums, exact, origin).to_layout(layout)

    def labels_and_log_prob(self, parameters: MixtureParameters) -> tuple[Labels, FloatArray]:
        """Return the most probable component and the log density of each sample, in nats."""
        labels = np.empty(self.n_samples, dtype=np.int64)
        log_prob = np.empty(self.n_samples, dtype=self.dtype)
        KernelParameters(parameters).predict(
            self.X, self.n_threads, labels=labels, log_prob=log_prob
        )
        return labels, log_prob


def sum_of_windows(weight: Array, size: int) -> float:
    """Return the sum of weights, summed window by window as the weights in a file are."""
    return sum(float(weight[start : start + size].sum()) for start in range(0, len(weight), size))
