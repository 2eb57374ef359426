"""The layout of a text file: its delimiter, and whether its first line names the columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TextIO

from gmmx.cli.errors import CommandLineError
from gmmx.cli.reading.cells import is_number
from gmmx.cli.reading.columns import INDEX_NAMES
from gmmx.cli.reading.options import ReadOptions
from gmmx.cli.reading.source import Source

N_ROWS_LOOKED_AT = 20
# In the order of trial. The comma comes last, since it may be a decimal comma.
DELIMITERS = ("\t", ";", ",")


@dataclass(frozen=True)
class TextLayout:
    """The layout of a text file, found before its numbers are read.

    Attributes
    ----------
    delimiter : str
        The character between cells.
    header : tuple of str
        Names of the columns, an empty string for a column without a name.
    has_header : bool
        Whether the first row names the columns.
    n_lines_before : int
        Number of lines before the first row of numbers.
    """

    delimiter: str
    header: tuple[str, ...]
    has_header: bool
    n_lines_before: int


def find_layout(source: Source, options: ReadOptions, expected: Sequence[str]) -> TextLayout:
    """Find the layout of a text file from its first rows.

    Parameters
    ----------
    source : Source
        The file.
    options : ReadOptions
        The user's options.
    expected : sequence of str
        Feature names of a model, empty if unknown; a first row that has them all is a header.

    Returns
    -------
    TextLayout
        The layout.

    Raises
    ------
    CommandLineError
        If the file is empty or is not text, or if its first line may be a header or data.
    """
    with source.text() as file:
        delimiter = options.delimiter or _find_delimiter(source, file)
        file.seek(0)
        numbered = list(islice(rows_of(source, file, delimiter), N_ROWS_LOOKED_AT))
    if not numbered:
        raise CommandLineError(f"{source.label}: is empty")
    rows = [[cell.strip() for cell in cells] for _, cells in numbered]
    check_is_utf8(source, (cell for row in rows for cell in row))
    has_header = options.has_header
    if has_header is None:
        has_header = _has_header(rows, expected)
    if has_header is None:
        line = delimiter.join(rows[0])
        raise CommandLineError(
            f"{source.label}: the first line, {line[:60]!r}, may name the columns or be data: "
            "say --header or --no-header"
        )
    header = rows[0] if has_header else [""] * len(rows[0])
    return TextLayout(delimiter, tuple(header), has_header, numbered[0][0] if has_header else 0)


def rows_of(source: Source, file: TextIO, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the cells of each row that is not blank.

    Parameters
    ----------
    source : Source
        The source, for its name in messages.
    file : text file
        The text of the source.
    delimiter : str
        The character between cells.

    Yields
    ------
    line : int
        Number of the row's last line, from 1.
    cells : list of str
        The cells, with spaces around them.
    """
    reader = csv.reader(file, delimiter=delimiter)
    try:
        for cells in reader:
            # A quoted empty cell is a missing value: pandas writes it so in a single column.
            if len(cells) > 1 or (cells and (cells[0] == "" or cells[0].strip())):
                yield reader.line_num, cells
    except csv.Error as error:
        raise CommandLineError(f"{source.label}: line {reader.line_num}: {error}") from error


def check_is_utf8(source: Source, cells: Iterator[str]) -> None:
    """Raise if a cell was read from bytes that are not UTF-8."""
    try:
        "".join(cells).encode()
    except UnicodeEncodeError as error:
        raise CommandLineError(f"{source.label}: is not UTF-8 text: convert it to UTF-8") from error


def _find_delimiter(source: Source, file: TextIO) -> str:
    """Return a delimiter with equally many cells in all rows, or else most in the first row."""
    if source.suffix == ".tsv":
        return "\t"
    n_cells = {}
    for delimiter in DELIMITERS:
        file.seek(0)
        rows = islice(rows_of(source, file, delimiter), N_ROWS_LOOKED_AT)
        n_cells[delimiter] = [len(cells) for _, cells in rows] or [1]
    for delimiter, counts in n_cells.items():
        if min(counts) == max(counts) > 1:
            return delimiter
    return max(reversed(DELIMITERS), key=lambda delimiter: n_cells[delimiter][0])


def _has_header(rows: list[list[str]], expected: Sequence[str]) -> bool | None:
    """Return whether the first row names the columns; None if it may also be data."""
    first, others = rows[0], rows[1:]
    if expected and set(expected) <= set(first):
        return True
    if first[0] in ("", *INDEX_NAMES) and first[1:2] == ["0"] and _count_up(first[1:]):
        return True
    values = [cell for cell in first if cell and is_number(cell)]
    if all(is_number(cell) for cell in first):
        return _is_numeric_header(first, others)
    if not values:
        return True
    # A row of names and numbers is a header if its numbers count columns and a name stands above a
    # number.
    names_numbers = not others or any(
        not is_number(name) and is_number(cell)
        for name, cell in zip(first, others[0], strict=False)
    )
    return True if names_numbers and _count_up(values) else None


def _is_numeric_header(first: list[str], others: list[list[str]]) -> bool | None:
    """Return whether a row of numbers names columns, as pandas does for unnamed columns."""
    if not _count_up(first):
        return False
    has_decimals = bool(others) and not any(cell.lstrip("-").isdigit() for cell in others[0])
    is_like_one = first[0] == "0" or (len(first) > 1 and has_decimals)
    return None if is_like_one else False


def _count_up(cells: Sequence[str]) -> bool:
    """Return whether cells are consecutive integers in their usual spelling."""
    if not all(cell.isascii() and cell.isdigit() and cell == str(int(cell)) for cell in cells):
        return False
    return [int(cell) for cell in cells] == list(range(int(cells[0]), int(cells[0]) + len(cells)))
