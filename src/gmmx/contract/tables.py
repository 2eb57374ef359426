"""Tables of results as text and as HTML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from gmmx.arrays import FloatArray

_SMALLEST_FIXED, _LARGEST_FIXED = 1e-9, 1e12  # other numbers have an exponent
_MOST_DIGITS = 12  # of all numbers, unless the largest deviation needs more


class Table(NamedTuple):
    """A table of a result.

    Attributes
    ----------
    caption : str
        A line above the table.
    header : sequence of str
        Names of the columns.
    rows : sequence of sequence of str
        Cells, as many in each row as there are columns.

    Examples
    --------
    >>> print(Table("Squares", ("x", "x^2"), [("2", "4"), ("10", "100")]).text())
    Squares
     x  x^2
     2    4
    10  100
    """

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def with_left_out(self, n_rows: int, n_columns: int) -> Table:
        """Return the table with a last row and column that tell how many more there are."""
        header, rows = self.header, self.rows
        if n_columns > 0:
            header, rows = [*header, f"and {n_columns} more"], [[*row, ""] for row in rows]
        if n_rows > 0:
            rows = [*rows, [f"and {n_rows} more", *[""] * (len(header) - 1)]]
        return Table(self.caption, header, rows)

    def text(self) -> str:
        """Return the table in columns that are aligned on the right."""
        lines = [self.header, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        aligned = [
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        return "\n".join([self.caption, *aligned])

    def html(self) -> str:
        """Return the table in HTML, in the colors of the page around it."""
        from html import escape  # noqa: PLC0415 - seldom needed, and slow to import

        head = "".join(f"<th>{escape(name)}</th>" for name in self.header)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.rows
        )
        return (
            f"<table><caption>{escape(self.caption)}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )


def number_format(means: FloatArray, deviations: FloatArray) -> str:
    """Return the format of means and standard deviations of one feature.

    Parameters
    ----------
    means, deviations : ndarray of shape (n_components,)
        The numbers.

    Returns
    -------
    str
        A format with four digits of the smallest positive deviation, and as many decimals of all
        numbers. If some number would have more than 12 digits, there are fewer decimals, but at
        least four digits of the largest deviation.

    Examples
    --------
    >>> means, deviations = np.array([0.123, 5000.0]), np.array([0.05, 1000.0])
    >>> kind = number_format(means, deviations)
    >>> format(means[0], kind), format(deviations[0], kind)
    ('0.12300', '0.05000')
    """
    largest = float(deviations.max())
    largest_number = max(largest, float(np.abs(means).max()))
    if not (largest > _SMALLEST_FIXED and largest_number < _LARGEST_FIXED):
        return ".4g"
    wanted = _decimals_of_four_digits(float(deviations[deviations > 0].min()))
    room = _MOST_DIGITS - 1 - max(0, math.floor(math.log10(largest_number)))
    return f".{max(min(wanted, room), _decimals_of_four_digits(largest))}f"


def _decimals_of_four_digits(number: float) -> int:
    """Return the number of decimals that shows four digits of a positive number."""
    return max(0, 3 - math.floor(math.log10(number)))
