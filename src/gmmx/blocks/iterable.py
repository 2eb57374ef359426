"""Blocks that an object of the user yields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gmmx.blocks.block import Block


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
        """Yield the arrays, numbered from 0."""
        for number, block in enumerate(self.iterable):
            if isinstance(block, Block):  # gmmx's own blocks know their places
                yield block
                continue
            X, weight = block if isinstance(block, tuple) and len(block) == 2 else (block, None)
            yield Block(X, weight, f"block {number}")
