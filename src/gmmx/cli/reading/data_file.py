"""What all kinds of files can do."""

from __future__ import annotations

from typing import Protocol

from gmmx.cli.reading.columns import Columns, Header
from gmmx.cli.reading.text_cells import Cells


class DataFile(Protocol):
    """A file that knows its columns and reads some of them."""

    @property
    def header(self) -> Header:
        """The columns."""

    def read(self, columns: Columns) -> Cells:
        """Return numbers, NaN where they are missing, and the column that identifies rows."""

    def place(self, row: int) -> str:
        """Return the words that say where a row is."""
