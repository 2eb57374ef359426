"""The engine that runs functions on the blocks of a Spark data frame."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial, reduce
from itertools import accumulate
from math import isqrt
from typing import TypeVar

import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import DataFrame, Row, functions

from gmmx.samples.partitions import Partition, merge_in_tree
from gmmx.spark.blocks import block_of

T = TypeVar("T")

VALUES = "partition int, value binary"
ARROW_VALUES = pa.schema([("partition", pa.int32()), ("value", pa.binary())])
# With more partitions, executors merge the values of neighbours before the driver receives them:
# the values of some hundred components and features need megabytes each.
MOST_VALUES = 64


class SparkEngine:
    """An engine whose partitions are blocks, see `gmmx.samples.partitions.Engine`.

    A task merges the values of the blocks of its partition in their order. Neighbouring partitions
    are then merged in groups, whose size depends on the number of partitions only, and the driver
    merges the groups. The result therefore does not depend on the executors that ran the tasks, or
    on the order in which they finished.

    Parameters
    ----------
    blocks : pyspark.sql.DataFrame
        The result of `blocks_of`, cached.
    names : tuple of str, optional
        Names of the features.
    """

    def __init__(self, blocks: DataFrame, names: tuple[str, ...] | None = None) -> None:
        self.blocks, self.names = blocks, names

    @cached_property
    def first_blocks(self) -> dict[int, int]:
        """Number of the first block of each partition that has rows.

        The first use builds and caches the blocks.

        Raises
        ------
        ValueError
            If the rows of a partition are invalid, if partitions differ in the number of features,
            or if there are no rows.
        """
        found = self.blocks.select("partition", "n_features", "error").collect()
        _check_partitions(found)
        counts = sorted(Counter(row.partition for row in found).items())
        firsts = accumulate((count for _, count in counts), initial=0)
        return {partition: first for (partition, _), first in zip(counts, firsts, strict=False)}

    def map_reduce(self, function: Callable[[Partition], T], merge: Callable[[T, T], T]) -> T:
        """Return the merged values of a function on all blocks."""
        run = partial(_merged_of_partition, self.first_blocks, self.names, function, merge)
        values = self.blocks.select("block").mapInArrow(run, VALUES)
        n_partitions = 1 + max(self.first_blocks)
        if n_partitions > MOST_VALUES:
            number, size = functions.col("partition"), isqrt(n_partitions)
            groups = values.groupBy(number - number % size)
            # Spark takes functions only, not `partial`.
            values = groups.applyInArrow(lambda group: _merged_of_group(merge, group), VALUES)
        found = {row.partition: row.value for row in values.collect()}
        return _merged(found, merge)


def _check_partitions(found: Sequence[Row]) -> None:
    """Raise ValueError if partitions hold invalid rows, or no rows at all."""
    errors = {row.partition: row.error for row in found if row.error is not None}
    if errors:
        raise ValueError(errors[min(errors)])
    if not found:
        raise ValueError("The data frame has no rows, or all rows have weight 0.")
    first = min(found, key=lambda row: row.partition)
    for row in found:
        if row.n_features != first.n_features:
            raise ValueError(
                f"Partition {row.partition} has {row.n_features} features, partition "
                f"{first.partition} has {first.n_features}: all rows need the same features."
            )


# The functions below run on the executors.


def _merged_of_partition(
    first_blocks: Mapping[int, int],
    names: tuple[str, ...] | None,
    function: Callable[[Partition], T],
    merge: Callable[[T, T], T],
    batches: Iterable[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    """Return the merged values of the blocks of one partition; nothing if it is empty."""
    context = TaskContext.get()
    assert context is not None
    partition, n_threads = context.partitionId(), context.cpus()
    if partition not in first_blocks:
        return
    blocks = (block_of(contents) for batch in batches for contents in batch.column(0))
    values = (
        function(Partition(number, X, weight, n_threads, names))
        for number, (X, weight) in enumerate(blocks, first_blocks[partition])
    )
    value = pickle.dumps(reduce(merge, values), protocol=5)
    yield pa.record_batch([[partition], [value]], schema=ARROW_VALUES)


def _merged_of_group(merge: Callable[[T, T], T], group: pa.Table) -> pa.Table:
    """Return the merged values of some neighbouring partitions."""
    found = dict(zip(*(column.to_pylist() for column in group.columns), strict=True))
    value = pickle.dumps(_merged(found, merge), protocol=5)
    return pa.table([[min(found)], [value]], schema=ARROW_VALUES)


def _merged(values: Mapping[int, bytes], merge: Callable[[T, T], T]) -> T:
    """Return pickled values, given by partition, merged in the order of the partitions."""
    found: list[T] = [pickle.loads(values[number]) for number in sorted(values)]
    return merge_in_tree(found, partial(map, merge))
