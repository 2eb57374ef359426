"""The interface of all kinds of files."""

from __future__ import annotations

from typing import Protocol

from gmmx.cli.reading.columns import Columns, Header
from gmmx.cli.reading.text_cells import Cells


class DataFile(Protocol):
    """A file with named columns, of which some can be read."""

    @property
    def header(self) -> Header:
        """Names of the columns."""

    def read(self, columns: Columns) -> Cells:
        """Read numbers, NaN where they are missing, and the column that identifies the rows."""

    def place(self, row: int) -> str:
        """Return the place of a row, for messages."""
