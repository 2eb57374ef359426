"""Blocks of memory-mapped arrays, and of files of NumPy."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.blocks.block import Block
from gmmx.samples.windows import window_size

if TYPE_CHECKING:
    from gmmx.arrays import NDArray

READ_AHEAD = 2  # blocks that may still be in use when the next one is read
MOST_KEPT = 128 << 20  # bytes of an array whose pages stay mapped from pass to pass


class MappedArrays:
    """The rows of memory-mapped arrays, one array after the other.

    Pages that were read are given back to the system, so that resident memory stays small. A single
    array of at most `MOST_KEPT` bytes keeps its pages: to map them again takes up to a sixth of the
    time of a pass.

    Parameters
    ----------
    arrays : sequence of (str, callable)
        Names of the arrays for messages, and functions that map the arrays of shape (n_rows,
        n_features).
    """

    def __init__(self, arrays: Sequence[tuple[str, Callable[[], NDArray[Any]]]]) -> None:
        self.arrays = arrays

    @classmethod
    def of_files(cls, paths: Sequence[str | os.PathLike[str]]) -> MappedArrays:
        """Return the rows of ``.npy`` files of two dimensions.

        Each of several files is mapped while it is read, as a process can open only so many.
        """
        names = [os.fspath(path) for path in paths]
        for name in names:
            array = _mapped(name)  # raises if the file cannot be used
        if len(names) == 1:
            return cls([(names[0], lambda: array)])
        return cls([(name, partial(_mapped, name)) for name in names])

    def __iter__(self) -> Iterator[Block]:
        """Yield views of the arrays."""
        for place, mapped in self.arrays:
            array = mapped()
            size = window_size(max(1, array.shape[1]))
            behind = READ_AHEAD * size
            is_kept = len(self.arrays) == 1 and array.nbytes <= MOST_KEPT
            for start in range(0, len(array), size):
                if start > behind and not is_kept:
                    release(array[start - behind - size : start - behind])
                yield Block(array[start : start + size], None, place, start)
            if not is_kept:
                release(array[max(0, len(array) - behind - size) :])


def _mapped(path: str) -> NDArray[Any]:
    """Return the array of samples and features of a file, mapped into memory."""
    array = map_file(path)
    if array.ndim != 2:
        raise _unusable(path, f"shape {array.shape}")
    return array


def map_file(path: str) -> NDArray[Any]:
    """Return the array of a ``.npy`` file, mapped into memory."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        raise ValueError(f"{path!r} is not a .npy file of numbers: {error}") from error
    if not isinstance(array, np.ndarray):
        raise _unusable(path, "several arrays")
    return array


def _unusable(path: str, found: str) -> ValueError:
    """Return the error for a file that does not hold samples and features."""
    return ValueError(f"{path!r} holds {found}: expected one array of samples and features.")


def release(rows: NDArray[Any]) -> None:
    """Let the system take back the pages of mapped rows; they are read again when needed."""
    owner: object = rows
    while isinstance(owner, np.ndarray):
        if getattr(owner, "mode", None) == "c":
            return  # its changed pages exist in memory only
        owner = owner.base
    if not isinstance(owner, mmap.mmap) or not hasattr(mmap, "MADV_DONTNEED"):
        return
    if not rows.flags.c_contiguous or rows.size == 0:
        return
    mapped = np.frombuffer(owner, dtype=np.uint8)
    first = rows.__array_interface__["data"][0] - mapped.__array_interface__["data"][0]
    start = -(-first // mmap.PAGESIZE) * mmap.PAGESIZE
    stop = (first + rows.nbytes) // mmap.PAGESIZE * mmap.PAGESIZE
    if stop > start:
        with suppress(OSError):  # locked pages cannot be given back
            owner.madvise(mmap.MADV_DONTNEED, start, stop - start)
