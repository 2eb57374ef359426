"""Files to a named table of numbers; whatever cannot be read is named by line and column."""

from __future__ import annotations

import csv
import importlib.resources
import math
import warnings
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import numpy as np

from gmmx.cli.errors import CommandLineError, file_error


@dataclass(frozen=True)
class Table:
    """Numbers with a name for every column.

    Attributes
    ----------
    title : str
        Where the numbers come from.
    names : tuple of str
        Names of the columns.
    values : ndarray of shape (n, D)
        The numbers, float64, all finite.
    is_named : bool
        Whether the file names its columns; if not, `names` are their numbers.
    """

    title: str
    names: tuple[str, ...]
    values: np.ndarray
    is_named: bool


def column_names(header: Sequence[str]) -> tuple[str, ...]:
    """Return the header, with the column's number where a name is empty.

    Parameters
    ----------
    header : sequence of str
        Names, or empty strings where there are none.

    Returns
    -------
    tuple of str
        A name for every column.
    """
    return tuple(name or f"column {i}" for i, name in enumerate(header, start=1))


def read_table(path: Path) -> Table:
    """Read a `.csv`, `.tsv`, `.npy` or `.parquet` file.

    Parameters
    ----------
    path : Path
        The file; its extension says how to read it.

    Returns
    -------
    Table
        The columns and their names.

    Raises
    ------
    CommandLineError
        If the file cannot be opened or holds anything but a table of finite numbers.
    """
    readers = {".csv": _read_text, ".tsv": _read_text, ".npy": _read_npy, ".parquet": _read_parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise CommandLineError(
            f"{path}: unknown extension {path.suffix!r}; expected one of {', '.join(readers)}"
        )
    try:
        return reader(path)
    except OSError as error:
        raise file_error(path, error) from error


def read_faithful() -> Table:
    """Return the embedded Old Faithful data: eruptions and waiting times, in minutes."""
    data = importlib.resources.files("gmmx") / "data" / "faithful.csv"
    with importlib.resources.as_file(data) as path:
        table = _read_text(path)
    return replace(table, title="Old Faithful")


def _read_text(path: Path) -> Table:
    """Read a table of delimited text with or without a header."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _parse_text(path, file)
    except UnicodeDecodeError as error:
        raise CommandLineError(f"{path}: is not UTF-8 text") from error


def _parse_text(path: Path, file: TextIO) -> Table:
    """Parse an open text file: NumPy's parser first, ours where that one fails."""
    delimiter = _delimiter(path, file)
    line, first = next(_rows(path, file, delimiter), (0, []))
    if not first:
        raise CommandLineError(f"{path}: is empty")
    has_header = any(cell and not _is_number(cell) for cell in first)
    names = column_names(first if has_header else [""] * len(first))
    file.seek(0)
    values = _parse_fast(file, delimiter, skip_lines=line if has_header else 0)
    if values is None or values.shape[1] != len(names) or not np.isfinite(values).all():
        file.seek(0)
        values = _parse_slowly(path, file, delimiter, names, has_header)
    return Table(path.name, names, values, has_header)


def _delimiter(path: Path, file: TextIO) -> str:
    """Return the delimiter the extension stands for; `.csv` may also have semicolons."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    first = next((line for line in file if line.strip()), "")
    file.seek(0)
    return ";" if first.count(";") > first.count(",") else ","


def _rows(path: Path, file: TextIO, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield number and stripped cells of every line that is not blank."""
    reader = csv.reader(file, delimiter=delimiter)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells) or len(cells) > 1:
                yield reader.line_num, cells
    except csv.Error as error:
        raise CommandLineError(f"{path}: line {reader.line_num}: {error}") from error


def _is_number(cell: str) -> bool:
    """Tell whether a cell is a number as NumPy writes and reads them (1_000 is not)."""
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def _parse_fast(file: TextIO, delimiter: str, skip_lines: int) -> np.ndarray | None:
    """Return NumPy's reading of the numbers, None if it finds anything else."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an empty table, which the slow parser reports
            return np.loadtxt(
                file,
                delimiter=delimiter,
                skiprows=skip_lines,
                quotechar='"',
                comments=None,
                ndmin=2,
            )
    except UnicodeDecodeError:
        raise
    except ValueError:
        return None


def _parse_slowly(
    path: Path, file: TextIO, delimiter: str, names: tuple[str, ...], has_header: bool
) -> np.ndarray:
    """Return the numbers read cell by cell, which knows line and column of what is wrong."""
    numbers = array("d")
    rows = _rows(path, file, delimiter)
    if has_header:
        next(rows)
    for line, cells in rows:
        if len(cells) != len(names):
            raise CommandLineError(
                f"{path}: line {line}: expected {len(names)} cells as in the first line, "
                f"found {len(cells)}"
            )
        for column, (name, cell) in enumerate(zip(names, cells, strict=True), start=1):
            complaint = _complaint(cell)
            if complaint:
                raise CommandLineError(
                    f"{path}: line {line}, {_column_title(column, name)}: {complaint}"
                )
            numbers.append(float(cell))
    return np.array(numbers).reshape(-1, len(names))


def _complaint(cell: str) -> str | None:
    """Return what is wrong with a cell, None if it is a finite number."""
    if not cell:
        return "the cell is empty"
    if not _is_number(cell):
        return f"{cell!r} is not a number"
    if not math.isfinite(float(cell)):
        return f"{cell!r} is not a finite number"
    return None


def _column_title(column: int, name: str) -> str:
    """Return the words that name a column, without its number twice."""
    return name if name == f"column {column}" else f"column {column} ({name!r})"


def _read_npy(path: Path) -> Table:
    """Read an array that NumPy saved; one dimension is one column."""
    try:
        with path.open("rb") as file:
            values = np.lib.format.read_array(file, allow_pickle=False)
    except ValueError as error:
        raise CommandLineError(f"{path}: is not a .npy file of numbers ({error})") from error
    if values.ndim == 1:
        values = values[:, np.newaxis]
    if values.ndim != 2 or values.shape[1] == 0:
        raise CommandLineError(
            f"{path}: holds an array of shape {values.shape}, expected rows and columns"
        )
    if values.dtype.kind not in "fiub":
        raise CommandLineError(f"{path}: holds {values.dtype}, not real numbers")
    return _checked_table(path, [""] * values.shape[1], values)


def _read_parquet(path: Path) -> Table:
    """Read the columns of a Parquet file."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional extra
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as error:
        raise CommandLineError(
            f"{path}: reading Parquet needs pyarrow: pip install 'gmmx-native[parquet]'"
        ) from error
    try:
        table = pq.read_table(path)
    except pa.ArrowException as error:
        raise CommandLineError(f"{path}: is not a Parquet file ({error})") from error
    for field in table.schema:
        if not (pa.types.is_integer(field.type) or pa.types.is_floating(field.type)):
            raise CommandLineError(
                f"{path}: column {field.name!r} holds {field.type}, not real numbers"
            )
    columns = [column.to_numpy() for column in table.columns]
    values = np.column_stack(columns) if columns else np.empty((table.num_rows, 0))
    return _checked_table(path, table.column_names, values)


def _checked_table(path: Path, header: Sequence[str], values: np.ndarray) -> Table:
    """Return a table of float64 numbers, all of which must be finite."""
    names = column_names(header)
    values = np.ascontiguousarray(values, dtype=np.float64)
    finite = np.isfinite(values)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise CommandLineError(
            f"{path}: row {row + 1}, {_column_title(column + 1, names[column])}: "
            f"{values[row, column]} is not a finite number"
        )
    return Table(path.name, names, values, any(header))
