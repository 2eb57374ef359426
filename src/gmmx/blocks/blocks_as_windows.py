"""Windows of samples that come in blocks of any size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from gmmx.samples.windows import Window, window_size

if TYPE_CHECKING:
    from gmmx.arrays import Array, FloatArray


def windows_of_blocks(blocks: Iterable[tuple[FloatArray, Array | None]]) -> Iterator[Window]:
    """Yield windows of blocks of samples and their weights.

    A window that lies in one block is a view of the block.
    """
    start, n_waiting = 0, 0
    waiting: list[tuple[FloatArray, Array | None]] = []
    for X, weight in blocks:
        size, row = window_size(X.shape[1]), 0
        while n_waiting + len(X) - row >= size:
            stop = row + size - n_waiting
            waiting.append(_part(X, weight, slice(row, stop)))
            yield _joined(start, waiting)
            start, row, n_waiting, waiting = start + size, stop, 0, []
        if row < len(X):
            waiting.append(_part(X, weight, slice(row, None)))
            n_waiting += len(X) - row
    if waiting:
        yield _joined(start, waiting)


def _part(X: FloatArray, weight: Array | None, rows: slice) -> tuple[FloatArray, Array | None]:
    """Return some rows of a block."""
    return X[rows], None if weight is None else weight[rows]


def _joined(start: int, parts: list[tuple[FloatArray, Array | None]]) -> Window:
    """Return the window of consecutive parts."""
    (X, weight), *others = parts
    if not others:
        return Window(start, X, weight)
    X = np.concatenate([part for part, _ in parts])
    if weight is None:
        return Window(start, X)
    return Window(start, X, np.concatenate([part for _, part in parts if part is not None]))
