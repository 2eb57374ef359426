"""Sums over samples that are read window by window."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.samples.e_step import EStep
from gmmx.samples.kernel_parameters import KernelParameters
from gmmx.samples.moments import statistics_of_all
from gmmx.samples.visiting_order import FEWEST_FEATURES, VisitingOrder

if TYPE_CHECKING:
    from gmmx.arrays import Array, FloatArray
    from gmmx.model.layouts import Layout
    from gmmx.model.parameters import MixtureParameters
    from gmmx.model.statistics import SufficientStatistics
    from gmmx.samples.windows import Window

MOST_BITS = 60  # of the largest weight, so that float32 holds sums of weights and squares


class WindowedSource(ABC):
    """A `SampleSource` that yields its samples in windows, again and again.

    Parameters
    ----------
    shape : tuple of int
        Number of samples and of features.
    dtype : dtype
        float32 or float64.
    n_threads : int
        Number of threads of the compiled passes.
    total_weight, weight_unit : float
        See `SampleSource`.
    largest_weight : float
        Largest weight of a sample, in units of `weight_unit`.

    Attributes
    ----------
    relative_largest_weight : float
        Largest weight of a sample as a multiple of the mean weight.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        dtype: np.dtype[Any],
        n_threads: int,
        total_weight: float,
        weight_unit: float = 1.0,
        largest_weight: float = 1.0,
    ) -> None:
        self.n_samples, self.n_features = shape
        self.dtype = dtype
        self.n_threads = n_threads
        self.total_weight, self.weight_unit = total_weight, weight_unit
        self.relative_largest_weight = largest_weight * (self.n_samples / total_weight)
        self._visits = VisitingOrder(self.n_samples) if self.n_features >= FEWEST_FEATURES else None
        self._totals: dict[Layout, SufficientStatistics] = {}

    @abstractmethod
    def windows(self) -> Iterable[Window]:
        """Return all samples in windows of `window_size` samples, the last one with the rest."""

    @property
    @abstractmethod
    def first_sample(self) -> FloatArray:
        """The first sample, (1, n_features)."""

    def statistics(
        self, parameters: MixtureParameters, origin: Array | None = None
    ) -> SufficientStatistics:
        """Return the sufficient statistics under the posterior: see `SampleSource`."""
        visits = self._visits if origin is None else None
        e_step = EStep(
            parameters, self.n_samples, self.dtype, self.total, origin, visits,
            self.relative_largest_weight,
        )  # fmt: skip
        sums = (e_step.window_sums(window, self.n_threads) for window in self.windows())
        return e_step.statistics(reduce(np.add, sums))

    def total(self, layout: Layout) -> SufficientStatistics:
        """Return the statistics of all samples as one component: see `SampleSource`."""
        if layout not in self._totals:
            self._totals[layout] = statistics_of_all(
                self.windows, self.first_sample, layout, self.n_threads
            )
        return self._totals[layout]

    def worst_explained(
        self, parameters: MixtureParameters, excluded: Sequence[FloatArray]
    ) -> tuple[int, FloatArray] | None:
        """Return the index of the sample of lowest density, and the sample: see `SampleSource`."""
        lowest, worst = np.inf, None
        for window in self.windows():
            log_prob = np.empty(len(window.X), dtype=self.dtype)
            KernelParameters(parameters).predict(window.X, self.n_threads, log_prob=log_prob)
            for row in excluded:
                log_prob[(row == window.X).all(axis=1)] = np.inf
            index = int(np.argmin(log_prob))
            if log_prob[index] < lowest:
                lowest = log_prob[index]
                worst = window.start + index, window.X[index].copy()
        return worst

    def restart(self) -> None:
        """Forget the passes made so far: the next ones give the same bits as in a new source."""
        if self._visits is not None:
            self._visits.restart()


def weight_unit_of(largest_weight: float) -> float:
    """Return a power of 2 near the largest weight if float32 could not hold the weights, else 1."""
    exponent = int(np.frexp(largest_weight)[1])
    return 1.0 if abs(exponent) <= MOST_BITS else float(np.ldexp(1.0, exponent))
