"""An engine whose partitions are a list of arrays in this process."""

from __future__ import annotations

import pickle
from functools import partial

import numpy as np

from gmmx.samples.partitions import (
    Partition,
    PartitionSource,
    merge_in_tree,
    summaries_of,
)


class ListEngine:
    """An `Engine` that sends all functions and values through pickle, as a cluster does.

    Parameters
    ----------
    blocks : list of ndarray of shape (n_rows, n_features)
        The rows of each partition.
    weights : list of ndarray of shape (n_rows,), optional
        Their weights.
    n_threads : int
        Number of threads of a pass.
    """

    def __init__(self, blocks, weights=None, n_threads=1):
        weights = weights or [None] * len(blocks)
        self.partitions = [
            Partition(number, np.ascontiguousarray(X), weight, n_threads)
            for number, (X, weight) in enumerate(zip(blocks, weights, strict=True))
        ]
        self.sent_bytes = []

    def map_reduce(self, function, merge):
        """Return the merged values of all partitions."""
        sent = pickle.dumps((function, merge))
        self.sent_bytes.append(len(sent))
        values = [pickle.dumps(pickle.loads(sent)[0](one)) for one in self.partitions]

        def merge_sent(left, right):
            merge = pickle.loads(sent)[1]
            return pickle.dumps(merge(pickle.loads(left), pickle.loads(right)))

        return pickle.loads(merge_in_tree(values, partial(map, merge_sent)))


def source_of(blocks, weights=None, n_threads=1):
    """Return a `PartitionSource` of a list of arrays."""
    engine = ListEngine(blocks, weights, n_threads)
    return PartitionSource(engine, summaries_of(engine), n_threads)


def cut(rows, sizes):
    """Return rows in blocks of the given sizes, and the remaining rows in one more block."""
    return np.split(rows, np.cumsum(sizes))
