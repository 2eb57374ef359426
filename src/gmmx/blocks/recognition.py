"""Recognition of samples in blocks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.blocks.start_sample import start_size

if TYPE_CHECKING:
    from gmmx.blocks.block import Blocks


def blocks_of(X: Any, *, is_read_once: bool = False) -> Blocks | None:
    """Return the blocks of samples that need not fit in memory, None for an array or a data frame.

    Parameters
    ----------
    X : object
        Samples from the user. Blocks are: a large `numpy.memmap`, the path of a ``.npy`` or
        Parquet file or of a directory of Parquet files, a list of such paths, a
        `pyarrow.dataset.Dataset`, a `pyarrow.Table`, a `polars.LazyFrame`, and a list or another
        iterable of arrays or of (array, weights).
    is_read_once : bool, default=False
        Whether an iterator will do, which yields its blocks only once.

    Returns
    -------
    Blocks or None

    Raises
    ------
    TypeError
        If X is an iterator, which yields its blocks only once, and is read again and again.
    ValueError
        If a path names no file or directory of samples.
    """
    if isinstance(X, np.ndarray):
        return _mapped_array(X)
    if isinstance(X, str | os.PathLike):
        return _of_paths([X])
    if isinstance(X, list | tuple):
        return _of_list(X)
    module = type(X).__module__.partition(".")[0]
    if module == "pyarrow" and hasattr(X, "schema") and hasattr(X, "to_batches"):
        from gmmx.blocks.arrow import ArrowData  # noqa: PLC0415 - few need it

        return ArrowData(X)
    if module == "polars" and type(X).__name__ == "LazyFrame":
        from gmmx.blocks.lazy_frame import LazyFrameBlocks  # noqa: PLC0415 - few need it

        return LazyFrameBlocks(X)
    if not _is_iterable_of_blocks(X):
        return None
    return _of_iterable(X, is_read_once=is_read_once)


def _mapped_array(X: np.ndarray[Any, Any]) -> Blocks | None:
    """Return the blocks of a mapped array that is larger than the samples for starting values."""
    if not isinstance(X, np.memmap) or X.ndim != 2 or X.dtype.kind not in "fiub":
        return None
    if len(X) <= start_size(max(1, X.shape[1])):
        return None  # all samples are used for starting values: an array does it as well
    from gmmx.blocks.mapped import MappedArrays  # noqa: PLC0415 - few need it

    return MappedArrays([(str(getattr(X, "filename", None) or "X"), lambda: X)])


def _of_paths(paths: Sequence[Any]) -> Blocks:
    """Return the rows of files: ``.npy`` files, or Parquet."""
    names = [os.fspath(path) for path in paths]
    if len(names) == 1 and os.path.isdir(names[0]):
        from glob import glob  # noqa: PLC0415 - few need it

        names = sorted(glob(os.path.join(names[0], "**", "*.npy"), recursive=True)) or names
    extensions = {os.path.splitext(name)[1].lower() for name in names}
    if extensions == {".npy"}:
        from gmmx.blocks.mapped import MappedArrays  # noqa: PLC0415 - few need it

        return MappedArrays.of_files(names)
    if extensions != {".parquet"} and not os.path.isdir(names[0]):
        raise ValueError(
            f"X names files with extensions {sorted(extensions)}: expected .npy, .parquet, or a "
            "directory of such files."
        )
    from gmmx.blocks.arrow import ArrowData  # noqa: PLC0415 - few need it

    return ArrowData.of_files(names)


def _of_list(X: Sequence[Any]) -> Blocks | None:
    """Return the blocks of a list of paths or of arrays, None for a list of rows."""
    first = X[0] if len(X) > 0 else None
    if isinstance(first, str | os.PathLike) and all(_is_path_of_samples(path) for path in X):
        return _of_paths(X)
    return _of_iterable(X) if _is_block(first) else None


def _is_block(first: object) -> bool:
    """Return whether an element of a list is an array or a data frame, alone or with weights."""
    array = first[0] if isinstance(first, tuple) and len(first) == 2 else first
    is_frame = any(hasattr(type(array), name) for name in ("columns", "column_names"))
    return (isinstance(array, np.ndarray) or is_frame) and len(getattr(array, "shape", ())) == 2


def _is_path_of_samples(path: object) -> bool:
    """Return whether a list element names a file of samples rather than being a string of data."""
    return isinstance(path, os.PathLike) or (
        isinstance(path, str) and path.endswith((".npy", ".parquet"))
    )


def _of_iterable(X: Iterable[Any], *, is_read_once: bool = False) -> Blocks:
    """Return the arrays of an iterable; refuse an iterator that is read again and again."""
    if isinstance(X, Iterator) and not is_read_once:
        raise TypeError(
            f"X is a {type(X).__name__}, which yields its blocks only once, but a fit reads them "
            "again and again. Pass a list, or an object whose __iter__ starts anew."
        )
    from gmmx.blocks.iterable import IterableBlocks  # noqa: PLC0415 - few need it

    return IterableBlocks(X)


def _is_iterable_of_blocks(X: object) -> bool:
    """Return whether X yields blocks, and is no array, data frame or other container of numbers."""
    containers = (str, bytes, bytearray, memoryview, Mapping, Set, Sequence)
    names = ("__array__", "__array_interface__", "__dataframe__", "toarray")
    if not isinstance(X, Iterable) or isinstance(X, containers):
        return False
    if any(hasattr(type(X), name) for name in names):
        return False
    if hasattr(type(X), "__len__") and hasattr(type(X), "__getitem__"):
        return _is_block(next(iter(X), None))  # else a container of rows
    return True
