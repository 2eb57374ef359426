"""Reading of numbers from a text file row by row, with exact messages about errors."""

from __future__ import annotations

import warnings
from array import array
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gmmx.cli.errors import CommandLineError
from gmmx.cli.reading.cells import NotNumbersError, has_decimal_comma, is_number, number
from gmmx.cli.reading.columns import Columns, column_title
from gmmx.cli.reading.source import Source
from gmmx.cli.reading.text_layout import TextLayout, check_is_utf8, rows_of

Cells = tuple[NDArray[np.float64], list[str] | None]


def read_cells(source: Source, layout: TextLayout, columns: Columns) -> Cells:
    """Read some columns of a text file.

    Parameters
    ----------
    source : Source
        The file.
    layout : TextLayout
        Delimiter and header of the file.
    columns : Columns
        The columns to read.

    Returns
    -------
    values : ndarray of shape (n, n_columns)
        The numbers, NaN where they are missing.
    ids : list of str or None
        The column that identifies the rows.

    Raises
    ------
    NotNumbersError
        If the cell of a feature or a weight holds text that is not a number.
    CommandLineError
        If a row is longer or shorter than the first, or the file cannot be read.
    """
    values = _read_plain_table(source, layout, columns)
    return _read_rows(source, layout, columns) if values is None else (values, None)


def _read_plain_table(
    source: Source, layout: TextLayout, columns: Columns
) -> NDArray[np.float64] | None:
    """Read a table that holds only numbers with NumPy; return None for any other table."""
    n_cells = len(layout.header)
    if columns.id is not None or len(columns.numbers) < n_cells:
        return None
    try:
        with source.text() as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy warns about a table without rows
            values = np.loadtxt(
                file,
                delimiter=layout.delimiter,
                skiprows=layout.n_lines_before,
                quotechar='"',
                comments=None,
                ndmin=2,
            )
    except ValueError:
        return None
    if values.shape[1] != n_cells or np.isnan(values).any():
        return None
    return np.ascontiguousarray(values[:, columns.numbers])


def _read_rows(source: Source, layout: TextLayout, columns: Columns) -> Cells:
    """Read cells of any kind row by row; errors name the line and the column."""
    numbers = array("d")
    ids: list[str] | None = None if columns.id is None else []
    n_cells, wanted = len(layout.header), columns.numbers
    for line, cells in numbered_rows(source, layout):
        if len(cells) != n_cells:
            raise CommandLineError(
                f"{source.label}: line {line}: expected {n_cells} cells as in the first line, "
                f"found {len(cells)}: is --delimiter right?"
            )
        try:
            numbers.extend([number(cells[column]) for column in wanted])
        except ValueError as error:
            raise _not_numbers(line, cells, layout, wanted) from error
        if ids is not None and columns.id is not None:
            ids.append(cells[columns.id])
    check_is_utf8(source, iter(ids or ()))
    return np.array(numbers).reshape(-1, len(wanted)), ids


def numbered_rows(source: Source, layout: TextLayout) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the cells of each row of data."""
    with source.text() as file:
        rows = rows_of(source, file, layout.delimiter)
        if layout.has_header:
            next(rows)
        yield from rows


def _not_numbers(
    line: int, cells: Sequence[str], layout: TextLayout, wanted: Sequence[int]
) -> NotNumbersError:
    """Return an error with the first cell that is not a number, and all such columns of the row."""
    wrong = tuple(column for column in wanted if not is_number(cells[column]))
    cell = cells[wrong[0]].strip()
    place = f"line {line}, {column_title(wrong[0], layout.header[wrong[0]])}"
    if has_decimal_comma(cell):
        return NotNumbersError(f"{place}: {cell!r} is not a number: write a decimal point", ())
    return NotNumbersError(f"{place}: {cell!r} is not a number", wrong)
