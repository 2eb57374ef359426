"""Reading of tables in the formats of NumPy and Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from gmmx.cli.errors import CommandLineError
from gmmx.cli.reading.cells import NotNumbersError
from gmmx.cli.reading.columns import Columns, Header, column_title
from gmmx.cli.reading.source import Source
from gmmx.cli.reading.text_cells import Cells


class _Rows:
    """A file whose rows are counted from 1."""

    @staticmethod
    def place(row: int) -> str:
        """Return the place of a row, for messages."""
        return f"row {row + 1}"


@dataclass(frozen=True)
class NumpyFile(_Rows):
    """An array saved by NumPy; an array of one dimension is one column.

    Attributes
    ----------
    header : Header
        The columns, without names.
    values : ndarray of shape (n, n_columns)
        All numbers of the file.
    """

    header: Header
    values: np.ndarray

    @classmethod
    def of(cls, source: Source) -> NumpyFile:
        """Read the array."""
        try:
            with source.opened() as file:
                values = np.lib.format.read_array(file, allow_pickle=False)
        except ValueError as error:
            raise CommandLineError(
                f"{source.label}: is not a .npy file of numbers ({error})"
            ) from error
        if values.ndim == 1:
            values = values[:, np.newaxis]
        if values.ndim != 2 or values.shape[1] == 0:
            raise CommandLineError(
                f"{source.label}: holds an array of shape {values.shape}, expected rows and columns"
            )
        if values.dtype.kind not in "fiub":
            raise CommandLineError(f"{source.label}: holds {values.dtype}, not real numbers")
        header = Header.of(source.label, [""] * values.shape[1], is_named=False)
        return cls(header, values)

    def read(self, columns: Columns) -> Cells:
        """Return the numbers, and the column that identifies the rows."""
        values = np.ascontiguousarray(self.values[:, columns.numbers], dtype=np.float64)
        ids = None if columns.id is None else [str(x) for x in self.values[:, columns.id]]
        return values, ids


@dataclass(frozen=True)
class ParquetFile(_Rows):
    """A Parquet file.

    Attributes
    ----------
    source : Source
        The file.
    header : Header
        The columns.
    """

    source: Source
    header: Header

    @classmethod
    def of(cls, source: Source) -> ParquetFile:
        """Read the names of the columns."""
        with _opened(source) as file:
            names = file.schema_arrow.names
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise CommandLineError(f"{source.label}: several columns are called {twice[0]!r}")
        return cls(source, Header.of(source.label, names, is_named=True))

    def read(self, columns: Columns) -> Cells:
        """Read the numbers, and the column that identifies the rows."""
        with _opened(self.source) as file:
            fields = list(file.schema_arrow)
            _check_are_numbers(fields, columns.numbers)
            wanted = {*columns.numbers, *(() if columns.id is None else (columns.id,))}
            table = file.read(columns=[fields[i].name for i in wanted])
        values = np.empty((table.num_rows, len(columns.numbers)))
        for d, i in enumerate(columns.numbers):
            values[:, d] = table[fields[i].name].to_numpy()
        if columns.id is None:
            return values, None
        ids = table[fields[columns.id].name].to_pylist()
        return values, ["" if value is None else str(value) for value in ids]


@contextmanager
def _opened(source: Source) -> Iterator[Any]:
    """Open a `pyarrow.parquet.ParquetFile`."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise CommandLineError(
            f"{source.label}: reading Parquet needs pyarrow: pip install 'gmmx-native[parquet]'"
        ) from error
    try:
        with source.opened() as stream:
            yield parquet.ParquetFile(stream)
    except pa.ArrowException as error:
        raise CommandLineError(f"{source.label}: is not a Parquet file ({error})") from error


def _check_are_numbers(fields: Sequence[Any], columns: Sequence[int]) -> None:
    """Raise if a column does not hold real numbers."""
    import pyarrow as pa  # noqa: PLC0415 - optional extra, imported before

    wrong = tuple(
        i
        for i in columns
        if not (pa.types.is_integer(fields[i].type) or pa.types.is_floating(fields[i].type))
    )
    if wrong:
        title = column_title(wrong[0], fields[wrong[0]].name)
        raise NotNumbersError(f"{title} holds {fields[wrong[0]].type}, not real numbers", wrong)
