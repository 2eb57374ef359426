"""Blocks that an object of the user yields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gmmx.blocks.block import Block
from gmmx.checks.feature_names import feature_names

if TYPE_CHECKING:
    import numpy as np

    from gmmx.arrays import NDArray


class IterableBlocks:
    """The arrays of an iterable.

    Parameters
    ----------
    iterable : iterable of array-like, or of (array-like, weights)
        Each iteration yields the same arrays of shape (n_rows, n_features), alone or in a tuple
        with weights of shape (n_rows,).
    """

    def __init__(self, iterable: Iterable[object]) -> None:
        self.iterable = iterable

    def __iter__(self) -> Iterator[Block]:
        """Yield the arrays, numbered from 0; refuse data frames with other columns than the first.

        An iterable other than a list may fill the same array again and again.
        """
        is_reused, names = not isinstance(self.iterable, list | tuple), None
        for number, block in enumerate(self.iterable):
            if isinstance(block, Block):  # gmmx's own blocks know their places
                yield block
                continue
            X, weight = block if isinstance(block, tuple) and len(block) == 2 else (block, None)
            found = feature_names(X)
            if number == 0:
                names = found
            elif _listed(found) != _listed(names):
                raise ValueError(f"block {number}: its columns are not those of block 0.")
            yield Block(X, weight, f"block {number}", is_reused=is_reused)


def _listed(names: NDArray[np.object_] | None) -> list[str] | None:
    """Return names of columns as a list, None without names."""
    return None if names is None else names.tolist()
