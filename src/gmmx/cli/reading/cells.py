"""Parsing of cells of text: numbers, missing values, and other text."""

from __future__ import annotations

import math

# The spellings that pandas and pyarrow take for missing values.
MISSING = frozenset(
    {
        "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND",
        "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
    }
)  # fmt: skip


class NotNumbersError(Exception):
    """Columns hold values that are not numbers.

    Attributes
    ----------
    message : str
        The value and its place.
    columns : tuple of int
        Indices of the columns, empty if leaving them out would not help.
    """

    def __init__(self, message: str, columns: tuple[int, ...]) -> None:
        super().__init__(message)
        self.message = message
        self.columns = columns


def number(cell: str) -> float:
    """Return the number in a cell, NaN if it is missing.

    Parameters
    ----------
    cell : str
        The text of the cell; spaces around it are ignored.

    Returns
    -------
    float
        The number.

    Raises
    ------
    ValueError
        If the cell holds other text, or a number with underscores such as 1_000.

    Examples
    --------
    >>> number(" 1e3 "), number("NA")
    (1000.0, nan)
    """
    if "_" in cell:
        raise ValueError(f"{cell!r} is not a number")
    try:
        return float(cell)
    except ValueError:
        if cell.strip() in MISSING:
            return math.nan
        raise


def is_number(cell: str) -> bool:
    """Return whether a cell holds a number or a missing value."""
    try:
        number(cell)
    except ValueError:
        return False
    return True


def has_decimal_comma(cell: str) -> bool:
    """Return whether a cell holds a number with a decimal comma."""
    return cell.count(",") == 1 and is_number(cell.replace(",", "."))
