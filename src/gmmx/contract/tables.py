"""Tables of results as text and as HTML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from gmmx.arrays import FloatArray

_SMALLEST_FIXED, _LARGEST_FIXED = 1e-9, 1e12  # other numbers have an exponent


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
        A format with four digits of the largest deviation, and as many decimals of the means.

    Examples
    --------
    >>> means, deviations = np.array([1000000.12367, 7.0]), np.array([0.12345, 0.01])
    >>> format(means[0], number_format(means, deviations))
    '1000000.1237'
    """
    largest = float(deviations.max())
    if largest > _SMALLEST_FIXED and max(largest, np.abs(means).max()) < _LARGEST_FIXED:
        return f".{max(0, 3 - math.floor(math.log10(largest)))}f"
    return ".4g"
