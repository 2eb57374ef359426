"""Samples in partitions, which an engine such as Dask or Spark holds on many machines.

The driver sends a function to each partition; the engine merges the results in a tree whose shape
depends on the number of partitions only. Results therefore do not depend on the worker that
computed them, or on the order in which workers finish.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import numpy as np

from gmmx.model.layouts import Layout
from gmmx.model.parameters import MixtureParameters
from gmmx.model.statistics import SufficientStatistics
from gmmx.samples.array_source import ArraySource
from gmmx.samples.e_step import EStep
from gmmx.samples.windowed_source import weight_unit_of

if TYPE_CHECKING:
    from gmmx.arrays import Array, FloatArray, NDArray, Samples

T = TypeVar("T")
Worst = tuple[float, int, int, "FloatArray"]  # log density, partition, row, sample

# Starting values are computed from at most this number of bytes, but not from fewer rows than
# clusters need, nor from more rows than k-means reads in a moment.
MOST_START_BYTES = 32 << 20
FEWEST_START_ROWS, MOST_START_ROWS = 1 << 12, 1 << 20


@dataclass(frozen=True, eq=False)
class Partition:
    """The checked rows of one partition, on the worker that holds them.

    Attributes
    ----------
    number : int
        Number of the partition, from 0.
    X : ndarray of shape (n_rows, n_features)
        Finite samples in float32 or float64, C-contiguous. The partition may be empty.
    weight : ndarray of shape (n_rows,) or None
        Positive weights in float64, None without weights.
    n_threads : int
        Number of threads of a pass over this partition.
    names : tuple of str or None
        Names of the columns, None if they have no names.
    error : Exception or None
        The reason why the partition has no usable rows.
    """

    number: int
    X: Samples
    weight: Array | None = None
    n_threads: int = 1
    names: tuple[str, ...] | None = None
    error: Exception | None = None


class Engine(Protocol):
    """An engine that holds the partitions of a data set and runs functions on them."""

    def map_reduce(self, function: Callable[[Partition], T], merge: Callable[[T, T], T]) -> T:
        """Return the values of a function on all partitions, merged as `merge_in_tree` does.

        Parameters
        ----------
        function : callable
            Takes a `Partition`, also an empty one; can be pickled.
        merge : callable
            Takes the values of two neighbours in the order of the partitions; can be pickled.
        """


@dataclass(frozen=True, eq=False)
class PartitionSummary:
    """The size and the range of one partition.

    Attributes
    ----------
    number : int
        Number of the partition.
    n_samples, n_features : int
        Shape of the samples.
    dtype : dtype
        float32 or float64.
    is_weighted : bool
        Whether the samples have weights.
    total_weight, largest_weight : float
        Sum and maximum of the weights; the number of samples and 1 without weights.
    smallest, largest : ndarray of shape (n_features,)
        Range of each feature; empty if there are no samples.
    names : tuple of str or None
        Names of the columns, None if they have no names.
    error : Exception or None
        The reason why the partition has no usable rows.
    """

    number: int
    n_samples: int
    n_features: int
    dtype: np.dtype[Any]
    is_weighted: bool
    total_weight: float
    largest_weight: float
    smallest: FloatArray
    largest: FloatArray
    names: tuple[str, ...] | None
    error: Exception | None


def merge_in_tree(
    values: Sequence[T], merge_pairs: Callable[[Sequence[T], Sequence[T]], Iterable[T]]
) -> T:
    """Merge neighbours until one value is left: ((0, 1), (2, 3)), ((4, 5), 6).

    Parameters
    ----------
    values : sequence
        At least one value.
    merge_pairs : callable
        Takes the left and the right values of all pairs of neighbours, and returns the merged
        values: ``partial(map, merge)``. Values may be promises of values.

    Returns
    -------
    object
        The merged value.

    Examples
    --------
    >>> from functools import partial
    >>> from gmmx.samples.partitions import merge_in_tree
    >>> merge_in_tree(["0", "1", "2"], partial(map, "({} {})".format))
    '((0 1) 2)'
    """
    while len(values) > 1:
        even = len(values) & ~1
        values = [*merge_pairs(values[:even:2], values[1:even:2]), *values[even:]]
    return values[0]


def summaries_of(engine: Engine) -> tuple[PartitionSummary, ...]:
    """Return the summaries of all partitions, in their order."""
    return engine.map_reduce(_summary, operator.add)


class PartitionSource:
    """A `SampleSource` whose samples are in the partitions of an engine.

    Parameters
    ----------
    engine : Engine
        Holds at least one sample, and equal dtypes and numbers of features in all partitions.
    summaries : sequence of PartitionSummary
        The result of `summaries_of`.
    n_threads : int
        Number of threads of the compiled code in this process.
    """

    def __init__(
        self, engine: Engine, summaries: Sequence[PartitionSummary], n_threads: int
    ) -> None:
        self.engine = engine
        self.n_threads = n_threads
        counts = [summary.n_samples for summary in summaries]
        self.first_rows = np.concatenate([[0], np.cumsum(counts)])
        self.n_samples = int(self.first_rows[-1])
        occupied = [summary for summary in summaries if summary.n_samples]
        self.n_features, self.dtype = occupied[0].n_features, occupied[0].dtype
        largest = max(summary.largest_weight for summary in occupied)
        self.weight_unit = weight_unit_of(largest)
        self.total_weight = sum(summary.total_weight / self.weight_unit for summary in occupied)
        mean_weight = self.total_weight / self.n_samples
        self._largest_weight = largest / self.weight_unit / mean_weight
        self._totals: dict[Layout, SufficientStatistics] = {}

    def statistics(
        self, parameters: MixtureParameters, origin: Array | None = None
    ) -> SufficientStatistics:
        """Return the sufficient statistics under the posterior: see `SampleSource`."""
        e_step = EStep(
            parameters, self.n_samples, self.dtype, self.total, origin,
            largest_weight=self._largest_weight,
        )  # fmt: skip
        return e_step.statistics(self._merged(partial(_sums, e_step, self.weight_unit), np.add))

    def total(self, layout: Layout) -> SufficientStatistics:
        """Return the statistics of all samples as one component: see `SampleSource`."""
        if layout not in self._totals:
            self._totals[layout] = self._merged(
                partial(_total, layout, self.weight_unit), _about_common_mean
            )
        return self._totals[layout]

    def worst_explained(
        self, parameters: MixtureParameters, excluded: Sequence[FloatArray]
    ) -> tuple[int, FloatArray] | None:
        """Return the index of the sample of lowest density, and the sample: see `SampleSource`."""
        function = partial(_worst_explained, parameters, tuple(excluded))
        worst: Worst | None = self._merged(function, _lower_density)
        if worst is None:
            return None
        _, number, row, sample = worst
        return int(self.first_rows[number]) + row, sample

    def in_memory(self) -> ArraySource:
        """Return the samples that starting values are computed from.

        These are all samples if they need at most `MOST_START_BYTES` or `FEWEST_START_ROWS`, else
        rows drawn by their number with a fixed seed, independent of the partitions.
        """
        row_bytes = self.n_features * self.dtype.itemsize
        n_rows = int(np.clip(MOST_START_BYTES // row_bytes, FEWEST_START_ROWS, MOST_START_ROWS))
        X, weight = self._merged(partial(_start_rows, self.first_rows, n_rows), _joined)
        return ArraySource(X, self.n_threads, weight)

    def _merged(self, function: Callable[[Partition], T | None], merge: Callable[[T, T], T]) -> T:
        """Return the merged values of all partitions that have samples and a value."""
        found = self.engine.map_reduce(
            partial(_unless_empty, function), partial(_merge_present, merge)
        )
        return cast("T", found)


# The functions below run on the workers.


def _unless_empty(function: Callable[[Partition], T | None], partition: Partition) -> T | None:
    """Return the value of a function, None for an empty partition."""
    if partition.error is not None:
        raise partition.error
    return function(partition) if len(partition.X) else None


def _merge_present(merge: Callable[[T, T], T], left: T | None, right: T | None) -> T | None:
    """Merge two values, either of which is None if its partitions have none."""
    if left is None or right is None:
        return right if left is None else left
    return merge(left, right)


def _summary(partition: Partition) -> tuple[PartitionSummary]:
    """Return the summary of a partition, in a tuple to be joined."""
    X, weight = partition.X, partition.weight
    n_samples, n_features = X.shape
    with np.errstate(over="ignore"):
        total = float(n_samples) if weight is None else float(weight.sum())
    return (
        PartitionSummary(
            partition.number, n_samples, n_features, X.dtype,
            is_weighted=weight is not None,
            total_weight=total,
            largest_weight=1.0 if weight is None or not n_samples else float(weight.max()),
            smallest=X.min(axis=0) if n_samples else X[0:0],
            largest=X.max(axis=0) if n_samples else X[0:0],
            names=partition.names,
            error=partition.error,
        ),
    )  # fmt: skip


def _in_unit(partition: Partition, unit: float) -> FloatArray | None:
    """Return the weights as the passes take them: in a unit, and in the samples' precision."""
    weight = partition.weight
    return None if weight is None else (weight / unit).astype(partition.X.dtype, copy=False)


def _sums(e_step: EStep, unit: float, partition: Partition) -> Array:
    """Return the sums of an E-step over a partition."""
    return e_step.sums(partition.X, partition.n_threads, _in_unit(partition, unit))


def _total(layout: Layout, unit: float, partition: Partition) -> SufficientStatistics:
    """Return the statistics of a partition as one component."""
    weight = None if partition.weight is None else partition.weight / unit
    source = ArraySource(partition.X, partition.n_threads, weight)
    return source.total(layout).scaled(source.weight_unit)


def _about_common_mean(
    left: SufficientStatistics, right: SufficientStatistics
) -> SufficientStatistics:
    """Return the statistics of two sets of samples about the mean of both.

    Only numbers above 0 are added to the variances, so that no digits cancel: Chan, Golub, LeVeque
    (1983), "Algorithms for computing the sample variance".
    """
    mean = (left + right).means
    return left.about(mean) + right.about(mean)


def _worst_explained(
    parameters: MixtureParameters, excluded: Sequence[FloatArray], partition: Partition
) -> Worst | None:
    """Return the sample of lowest density in a partition, None if all are excluded."""
    worst = ArraySource(partition.X, partition.n_threads).worst_explained(parameters, excluded)
    if worst is None:
        return None
    row, sample = worst
    _, log_prob = ArraySource(sample[np.newaxis], 1).labels_and_log_prob(parameters)
    return float(log_prob[0]), partition.number, row, sample


def _lower_density(left: Worst, right: Worst) -> Worst:
    """Return the candidate of lower density; of equal ones the first."""
    return min(left, right, key=lambda candidate: candidate[:3])


def _start_rows(
    first_rows: NDArray[np.int64], n_rows: int, partition: Partition
) -> tuple[Samples, Array | None]:
    """Return those rows of a partition, and their weights, that starting values come from."""
    X, weight = partition.X, partition.weight
    n_samples = int(first_rows[-1])
    if n_samples <= n_rows:
        return X, weight
    drawn = np.unique(np.random.default_rng(0).integers(n_samples, size=n_rows))
    first, last = np.searchsorted(drawn, first_rows[partition.number : partition.number + 2])
    rows = drawn[first:last] - first_rows[partition.number]
    return X[rows], None if weight is None else weight[rows]


def _joined(
    left: tuple[Samples, Array | None], right: tuple[Samples, Array | None]
) -> tuple[Samples, Array | None]:
    """Return the rows and weights of two sets of samples in one."""
    weights = [weight for _, weight in (left, right) if weight is not None]
    return np.concatenate([left[0], right[0]]), np.concatenate(weights) if weights else None
