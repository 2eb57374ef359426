"""Blocks of rows, which a fit caches on the executors.

Spark hands over the rows of a partition in Arrow batches, whose size is a setting of the session.
Blocks are cut by row number instead, so that the result of a fit does not depend on this setting,
and each pass copies a few large blocks instead of converting row by row. A block needs 4 MiB, so
that passes over a large partition need little memory.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import DataFrame

from gmmx.spark.batches import BatchReader

if TYPE_CHECKING:
    from pyspark.sql import Column

    from gmmx.arrays import Array, FloatArray, Samples

    Rows = tuple[FloatArray, ...]  # samples, (n_rows, n_features), and weights, (n_rows,), if any

BLOCK_BYTES = 1 << 22
SCHEMA = "partition int, n_features int, error string, block binary"
ARROW_SCHEMA = pa.schema(
    {
        "partition": pa.int32(), "n_features": pa.int32(), "error": pa.string(),
        "block": pa.binary(),
    }
)  # fmt: skip


def blocks_of(
    dataset: DataFrame, features: Column, names: str, weight: Column | None, weight_name: str | None
) -> DataFrame:
    """Return the rows of a data frame in blocks.

    Parameters
    ----------
    dataset : pyspark.sql.DataFrame
        Rows to fit.
    features : pyspark.sql.Column
        The features of each row as an array.
    names : str
        Names of the columns that hold the features, for messages.
    weight : pyspark.sql.Column, optional
        The weights of the rows.
    weight_name : str, optional
        Name of the column that holds the weights, for messages.

    Returns
    -------
    pyspark.sql.DataFrame
        In each row the number of a partition, and a block with its number of features, or an error
        message. A partition without rows has no block.
    """
    columns = [features.alias("features")]
    if weight is not None:
        columns.append(weight.alias("weight"))
    return dataset.select(*columns).mapInArrow(partial(_cut, names, weight_name), SCHEMA)


def block_of(contents: pa.BinaryScalar) -> tuple[Samples, Array | None]:
    """Return the samples and the weights of a block, None without weights."""
    samples, *weights = pickle.loads(contents.as_buffer())
    return samples, weights[0] if weights else None


def recut(batches: Iterable[Rows]) -> Iterator[Rows]:
    """Cut the rows of all batches into blocks of `BLOCK_BYTES`; the last one may be smaller."""
    pieces: list[Rows] = []
    n_missing = 0
    for batch in batches:
        rows = batch
        while len(rows[0]):
            if not pieces:
                n_missing = max(1, BLOCK_BYTES // max(1, rows[0][0].nbytes))
            pieces.append(tuple(array[:n_missing] for array in rows))
            rows = tuple(array[n_missing:] for array in rows)
            n_missing -= len(pieces[-1][0])
            if n_missing == 0:
                yield _joined(pieces)
                pieces = []
    if pieces:
        yield _joined(pieces)


def _cut(
    names: str, weight_name: str | None, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Return the blocks of the partition that Spark runs this on, or an error."""
    partition = TaskContext.get().partitionId()
    reader = BatchReader(names, partition, weight_name)
    try:
        for rows in recut(map(reader.read, batches)):
            yield _record(partition, rows[0].shape[1], None, pickle.dumps(rows, protocol=5))
    except ValueError as error:
        yield _record(partition, None, str(error), None)


def _record(*values: object) -> pa.RecordBatch:
    """Return one row of the blocks' data frame."""
    return pa.record_batch([[value] for value in values], schema=ARROW_SCHEMA)


def _joined(pieces: list[Rows]) -> Rows:
    """Return pieces of a block in one."""
    return tuple(np.concatenate(arrays) for arrays in zip(*pieces, strict=True))
