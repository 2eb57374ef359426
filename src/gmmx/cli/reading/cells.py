"""Cells of text: numbers, missing values, and anything else."""

from __future__ import annotations

import math

# As pandas and pyarrow have it.
MISSING = frozenset(
    {
        "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND",
        "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
    }
)  # fmt: skip


class NotNumbersError(Exception):
    """Columns that hold something else than numbers.

    Attributes
    ----------
    message : str
        What was found where.
    columns : tuple of int
        Indices of the columns, empty if leaving them out is no way out.
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
        The cell, perhaps between spaces.

    Returns
    -------
    float
        Its value.

    Raises
    ------
    ValueError
        If the cell holds anything else, also a number with underscores such as 1_000.

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
    """Tell whether a cell holds a number or is missing."""
    try:
        number(cell)
    except ValueError:
        return False
    return True


def has_decimal_comma(cell: str) -> bool:
    """Tell whether a cell would hold a number if it had a point for its comma."""
    return cell.count(",") == 1 and is_number(cell.replace(",", "."))
