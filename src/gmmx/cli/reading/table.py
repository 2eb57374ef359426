"""Reading of tables of finite numbers; errors name the problem and a way to solve it."""

from __future__ import annotations

import importlib.resources
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gmmx.cli.errors import CommandLineError, note
from gmmx.cli.reading.binary_files import NumpyFile, ParquetFile
from gmmx.cli.reading.cells import NotNumbersError
from gmmx.cli.reading.columns import Columns, Header, column_title, select_columns
from gmmx.cli.reading.data_file import DataFile
from gmmx.cli.reading.missing import rows_in_use
from gmmx.cli.reading.options import DEFAULTS, ReadOptions
from gmmx.cli.reading.source import Source
from gmmx.cli.reading.text_file import TextFile

TEXT = (".csv", ".tsv", ".txt")
BINARY: dict[str, Callable[[Source], DataFile]] = {
    ".npy": NumpyFile.of,
    ".parquet": ParquetFile.of,
}


@dataclass(frozen=True)
class Table:
    """Numbers with a name for each column.

    Attributes
    ----------
    title : str
        Name of the source.
    header : Header
        The columns of the file.
    columns : Columns
        The columns in use.
    values : ndarray of shape (n, D)
        The features of the rows in use, float64, all finite.
    weights : ndarray of shape (n,) or None
        The weights of the rows in use, finite and not negative; None if the rows have no weights.
    is_used : ndarray of shape (n_rows,)
        Mask of the rows in use, which have no missing values.
    ids : list of str or None
        The column that identifies the rows, for all rows of the file; None if there is none.
    """

    title: str
    header: Header
    columns: Columns
    values: NDArray[np.float64]
    weights: NDArray[np.float64] | None
    is_used: NDArray[np.bool_]
    ids: list[str] | None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features, made of column numbers if the file has no names."""
        return tuple(self.header.names[i] for i in self.columns.features)

    @property
    def id_name(self) -> str:
        """Name of the column that identifies the rows, empty if there is none."""
        return "" if self.columns.id is None else self.header.names[self.columns.id]

    def how_to_leave_out(self, features: Sequence[int]) -> str:
        """Return the end of a message: the option that leaves some features out."""
        wrong = [self.columns.features[d] for d in features]
        return self.columns.how_to_leave_out(self.header, wrong)

    def for_all_rows(self, values: Iterable[object]) -> list[object]:
        """Return values for all rows of the file: the given ones, "" for rows not in use."""
        following = iter(values)
        return [next(following) if is_used else "" for is_used in self.is_used]


def read_table(path: Path, options: ReadOptions = DEFAULTS, expected: Sequence[str] = ()) -> Table:
    """Read a file of text, `.npy` or `.parquet`, compressed or not.

    Parameters
    ----------
    path : Path
        The file, whose extension selects the format; ``-`` for text from standard input.
    options : ReadOptions
        The user's options.
    expected : sequence of str
        Feature names of a model; the columns with these names are chosen.

    Returns
    -------
    Table
        The table.

    Raises
    ------
    CommandLineError
        If the file cannot be opened, or is not a table of finite numbers.
    """
    source = Source.of(path)
    file = _open(source, options, expected)
    header = file.header
    columns = select_columns(header, options, tuple(expected))
    if columns.index is not None:
        _tell_index(source.label, columns.index + 1)
    try:
        values, ids = file.read(columns)
    except NotNumbersError as error:
        hint = columns.how_to_leave_out(header, error.columns)
        raise CommandLineError(f"{source.label}: {error.message}{hint}") from error
    is_used = rows_in_use(file, columns, values, skip_missing=options.skip_missing)
    if columns.weights is not None:
        _check_weights(file, columns.weights, np.where(is_used, values[:, -1], 0.0))
    if not is_used.all():
        values = values[is_used]
    weights = None
    if columns.weights is not None:
        values, weights = np.ascontiguousarray(values[:, :-1]), values[:, -1].copy()
    return Table(source.title, header, columns, values, weights, is_used, ids)


def read_faithful(options: ReadOptions = DEFAULTS) -> Table:
    """Return the embedded Old Faithful data: eruptions and waiting times, in minutes."""
    data = importlib.resources.files("gmmx") / "data" / "faithful.csv"
    with importlib.resources.as_file(data) as path:
        return replace(read_table(path, options), title="Old Faithful")


def _open(source: Source, options: ReadOptions, expected: Sequence[str]) -> DataFile:
    """Open a source as the kind of file that its extension selects."""
    if source.path is None or source.suffix in TEXT:
        return TextFile.of(source, options, expected)
    if source.suffix not in BINARY:
        raise CommandLineError(
            f"{source.label}: unknown extension {source.suffix!r}; expected one of "
            f"{', '.join([*TEXT, *BINARY])}, also with .gz"
        )
    if options.delimiter is not None or options.has_header is not None:
        raise CommandLineError(f"{source.label}: --delimiter and --header are for text files")
    return BINARY[source.suffix](source)


def _check_weights(file: DataFile, column: int, weights: NDArray[np.float64]) -> None:
    """Raise if a weight is negative, or if the sum of the weights is 0 or overflows."""
    label, title = file.header.label, column_title(column, file.header.names[column])
    is_negative = weights < 0
    if is_negative.any():
        row = int(np.argmax(is_negative))
        raise CommandLineError(
            f"{label}: {file.place(row)}, {title}: the weight {weights[row]:g} is negative: "
            "write 0 for a row to leave out"
        )
    with np.errstate(over="ignore"):
        total = float(weights.sum())
    if len(weights) and not 0 < total < np.inf:
        raise CommandLineError(
            f"{label}: {title}: the sum of the weights is {total:g}, expected a finite number "
            "above zero"
        )


def _tell_index(label: str, number: int) -> None:
    """Print a note that a column is left out because it is an index."""
    note(
        f"{label}: left out column {number}, which has no name, as the index of a data frame "
        f"(--id {number} keeps it beside the rows, --columns makes it a feature)"
    )
