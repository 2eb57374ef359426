"""The interface of samples in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol


class Block(NamedTuple):
    """Consecutive samples as they are read, without checks.

    Attributes
    ----------
    X : array-like of shape (n_rows, n_features)
        Samples.
    weight : array-like of shape (n_rows,) or None
        Weights of the samples.
    place : str
        Name of the file or block that the samples come from, for messages.
    row : int
        Row number of the first sample in that file or block.
    is_reused : bool
        Whether the array may change when the next block is read.
    """

    X: object
    weight: object
    place: str
    row: int = 0
    is_reused: bool = False


class Blocks(Protocol):
    """Samples that can be read block by block, again and again.

    If the columns have names, the class has a property `column_names`.
    """

    def __iter__(self) -> Iterator[Block]:
        """Yield the blocks in order."""
