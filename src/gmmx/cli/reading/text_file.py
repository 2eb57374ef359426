"""Reading of tables in delimited text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from gmmx.cli.reading.columns import Columns, Header
from gmmx.cli.reading.options import ReadOptions
from gmmx.cli.reading.source import Source
from gmmx.cli.reading.text_arrow import read_cells_with_arrow
from gmmx.cli.reading.text_cells import Cells, numbered_rows, read_cells
from gmmx.cli.reading.text_layout import TextLayout, find_layout

LARGE = 5_000_000  # bytes; reading them takes about as long as importing pyarrow


@dataclass(frozen=True)
class TextFile:
    """A file of delimited text.

    Attributes
    ----------
    source : Source
        The file.
    layout : TextLayout
        Delimiter and header of the file.
    header : Header
        The columns.
    """

    source: Source
    layout: TextLayout
    header: Header

    @classmethod
    def of(cls, source: Source, options: ReadOptions, expected: Sequence[str]) -> TextFile:
        """Find the layout of a file."""
        layout = find_layout(source, options, expected)
        header = Header.of(source.label, layout.header, is_named=layout.has_header)
        return cls(source, layout, header)

    def read(self, columns: Columns) -> Cells:
        """Read the numbers, and the column that identifies the rows."""
        cells = None
        if self.source.size >= LARGE:
            cells = read_cells_with_arrow(self.source, self.layout, columns)
        return cells or read_cells(self.source, self.layout, columns)

    def place(self, row: int) -> str:
        """Return the place of a row, for messages."""
        line, _ = next(islice(numbered_rows(self.source, self.layout), row, None))
        return f"line {line}"
