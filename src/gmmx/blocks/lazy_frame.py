"""Blocks of a `polars.LazyFrame`."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from gmmx.blocks.block import Block
from gmmx.samples.windows import window_size


class LazyFrameBlocks:
    """The rows of a `polars.LazyFrame`, whose columns are features.

    Parameters
    ----------
    frame : polars.LazyFrame
        Columns of numbers. The query runs once for each pass over the samples.
    """

    def __init__(self, frame: Any) -> None:
        if not hasattr(frame, "collect_batches"):
            raise ImportError("A polars.LazyFrame needs a newer polars: pip install -U polars")
        self.frame = frame
        schema = frame.collect_schema()
        for name, dtype in schema.items():
            if not dtype.is_numeric():
                raise TypeError(
                    f"Column {name!r} holds {dtype}, but real numbers are required. Select the "
                    "columns that are features."
                )
        self.schema = schema

    @property
    def column_names(self) -> list[str]:
        """Names of the columns."""
        return list(self.schema)

    def __iter__(self) -> Iterator[Block]:
        """Yield the batches of the query's result."""
        row, size = 0, window_size(max(1, len(self.schema)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the method may change its interface
            batches = self.frame.collect_batches(chunk_size=size, maintain_order=True)
        for batch in batches:
            yield Block(batch.to_numpy(), None, "polars.LazyFrame", row)
            row += batch.height
