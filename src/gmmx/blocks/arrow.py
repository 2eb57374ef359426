"""Blocks of Parquet files and of other data of Arrow. Needs pyarrow, the extra ``parquet``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.blocks.block import Block
from gmmx.samples.windows import window_size

if TYPE_CHECKING:
    from gmmx.arrays import FloatArray


class ArrowData:
    """The rows of a `pyarrow.dataset.Dataset` or a `pyarrow.Table`, whose columns are features.

    Parameters
    ----------
    data : pyarrow.dataset.Dataset or pyarrow.Table
        Columns of numbers. Together they become float32 if NumPy makes them so, else float64.
    column_names : list of str, optional
        Names of the columns to read; by default all.
    """

    def __init__(self, data: Any, column_names: list[str] | None = None) -> None:
        self.data = data
        self._column_names = list(data.schema.names) if column_names is None else column_names

    @classmethod
    def of_files(cls, paths: Sequence[str]) -> ArrowData:
        """Return the rows of Parquet files, or of one directory of such files."""
        try:
            from pyarrow import dataset  # noqa: PLC0415 - optional extra
        except ImportError as error:
            raise ImportError(
                "Reading Parquet needs pyarrow: pip install 'gmmx-native[parquet]'"
            ) from error
        source = paths[0] if len(paths) == 1 else list(paths)
        return cls(dataset.dataset(source, format="parquet"))

    @property
    def column_names(self) -> list[str]:
        """Names of the columns to read."""
        return self._column_names

    def __iter__(self) -> Iterator[Block]:
        """Yield the rows of record batches."""
        dtype = _common_dtype([self.data.schema.field(name) for name in self.column_names])
        for place, batches in self._parts():
            row = 0
            for batch in batches:
                yield Block(_matrix(batch, dtype), None, place, row)
                row += batch.num_rows

    def _parts(self) -> Iterator[tuple[str, Iterator[Any]]]:
        """Yield the files, or the table, with their record batches."""
        size = window_size(max(1, len(self.column_names)))
        if not hasattr(self.data, "get_fragments"):
            table = self.data.select(self.column_names)
            yield "pyarrow.Table", iter(table.to_batches(max_chunksize=size))
            return
        try:
            fragments = self.data.get_fragments()
        except ValueError:  # a filtered dataset has none
            yield (
                "pyarrow.dataset",
                self.data.to_batches(
                    columns=self.column_names, batch_size=size, batch_readahead=1,
                    fragment_readahead=1,
                ),
            )  # fmt: skip
            return
        for number, fragment in enumerate(fragments):
            place = getattr(fragment, "path", None) or f"fragment {number}"
            batches = fragment.to_batches(
                schema=self.data.schema, columns=self.column_names, batch_size=size,
                batch_readahead=1, fragment_readahead=1,
            )  # fmt: skip
            yield place, batches


def _matrix(batch: Any, dtype: type[np.floating[Any]]) -> FloatArray:
    """Return the columns of a record batch as a matrix; missing values become NaN."""
    matrix = np.empty((batch.num_rows, batch.num_columns), dtype=dtype)
    for d, column in enumerate(batch.columns):
        matrix[:, d] = column.to_numpy(zero_copy_only=False)
    return matrix


def _common_dtype(fields: Sequence[Any]) -> type[np.floating[Any]]:
    """Return the dtype of all columns together; raise if a column holds no numbers."""
    import pyarrow as pa  # noqa: PLC0415 - optional extra, which the user's data come from

    for field in fields:
        kinds = pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal
        if not any(is_kind(field.type) for is_kind in kinds):
            raise TypeError(
                f"Column {field.name!r} holds {field.type}, but real numbers are required. Select "
                "the columns that are features."
            )
    dtypes = [np.dtype(field.type.to_pandas_dtype()) for field in fields]
    return np.float32 if dtypes and np.result_type(*dtypes) == np.float32 else np.float64
