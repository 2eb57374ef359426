"""Dask collections as blocks of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import dask
import dask.array as da
from dask.delayed import Delayed


class Block(NamedTuple):
    """The rows of one partition and their weights, which Dask computes when they are needed."""

    X: Delayed
    weight: Delayed | float | None


def is_frame(X: object) -> bool:
    """Return whether X is a data frame or a series of Dask."""
    return bool(dask.is_dask_collection(X)) and hasattr(X, "map_partitions")


def is_delayed_list(X: object) -> bool:
    """Return whether X is a list or tuple of delayed blocks."""
    is_list = isinstance(X, list | tuple) and len(X) > 0
    return is_list and all(isinstance(block, Delayed) for block in X)  # type: ignore[attr-defined]


def check_collection(X: Any) -> None:
    """Raise unless X is a Dask collection of whole rows.

    Parameters
    ----------
    X : object
        Samples from the user.

    Raises
    ------
    TypeError
        If X is no array or data frame of Dask and no list of delayed blocks.
    ValueError
        If X is an array that does not have two dimensions, or whose chunks are not whole rows.
    """
    if isinstance(X, da.Array):
        if X.ndim != 2:
            raise ValueError(f"Expected a 2D array, got a Dask array of shape {X.shape}.")
        if X.numblocks[1] > 1:
            raise ValueError(
                f"Each row of X is in {X.numblocks[1]} chunks, expected chunks of whole rows. "
                "Call X.rechunk({1: -1}) first; this moves data between workers."
            )
    elif not (is_delayed_list(X) or (is_frame(X) and X.ndim == 2)):
        raise TypeError(
            f"X is a {type(X).__qualname__}, expected a Dask array, a Dask data frame or a list of "
            "delayed blocks. For data in memory use the estimators of gmmx itself."
        )


def blocks_of(X: Any, sample_weight: Any) -> list[Block]:
    """Return the partitions of a collection.

    Parameters
    ----------
    X : dask array, dask data frame or list of Delayed
        The samples, which `check_collection` accepts.
    sample_weight : dask array, dask series, list of Delayed, number or None
        Weights, in the partitions of X.

    Returns
    -------
    list of Block

    Raises
    ------
    ValueError
        If there are not as many partitions of weights as partitions of samples.
    TypeError
        If the weights are no collection of Dask.
    """
    check_collection(X)
    rows = _delayed_parts(X)
    if sample_weight is None or isinstance(sample_weight, int | float):
        return [Block(part, sample_weight) for part in rows]
    weights = _delayed_parts(_in_chunks_of(X, sample_weight))
    if len(weights) != len(rows):
        raise ValueError(
            f"sample_weight has {len(weights)} partitions, expected {len(rows)}, as X has."
        )
    return [Block(*pair) for pair in zip(rows, weights, strict=True)]


def _in_chunks_of(X: Any, sample_weight: Any) -> Any:
    """Return weights in the chunks of X if both are arrays of known sizes, else as they are."""
    if not (isinstance(sample_weight, da.Array) or is_frame(sample_weight)):
        if not is_delayed_list(sample_weight):
            raise TypeError(
                f"sample_weight is a {type(sample_weight).__qualname__}, expected a Dask array or "
                "series, a list of delayed blocks, or a number. dask.array.from_array makes a Dask "
                "array."
            )
        return sample_weight
    both_arrays = isinstance(X, da.Array) and isinstance(sample_weight, da.Array)
    if both_arrays and sample_weight.ndim == 1 and sample_weight.shape == X.shape[:1]:
        return sample_weight.rechunk((X.chunks[0],))
    return sample_weight


def _delayed_parts(collection: Any) -> Sequence[Delayed]:
    """Return the partitions of a collection as delayed objects."""
    if isinstance(collection, list | tuple):
        return collection
    parts = collection.to_delayed()
    return list(parts.ravel()) if isinstance(collection, da.Array) else list(parts)
