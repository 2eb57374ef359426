"""Reading of numbers from a text file without errors by pyarrow, on all cores."""

from __future__ import annotations

import numpy as np

from gmmx.cli.reading.cells import MISSING
from gmmx.cli.reading.columns import Columns
from gmmx.cli.reading.source import Source
from gmmx.cli.reading.text_cells import Cells
from gmmx.cli.reading.text_layout import TextLayout


def read_cells_with_arrow(source: Source, layout: TextLayout, columns: Columns) -> Cells | None:
    """Read some columns of a text file as `read_cells` does.

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
    values, ids
        As from `read_cells`. None if pyarrow is not installed or cannot read the file; then the
        caller uses `read_cells`, which reads the file or raises an exact error.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional extra
        from pyarrow import csv  # noqa: PLC0415
    except ImportError:
        return None
    if columns.id in columns.numbers:
        return None  # pyarrow reads a column as one type only
    names = [str(i) for i in range(len(layout.header))]
    types = {names[i]: pa.float64() for i in columns.numbers}
    if columns.id is not None:
        types[names[columns.id]] = pa.string()
    try:
        with source.opened() as stream:
            table = csv.read_csv(
                stream,
                csv.ReadOptions(column_names=names, skip_rows=layout.n_lines_before),
                csv.ParseOptions(delimiter=layout.delimiter, newlines_in_values=True),
                csv.ConvertOptions(
                    column_types=types, include_columns=list(types), null_values=list(MISSING)
                ),
            )
    except pa.ArrowException:
        return None
    values = np.empty((table.num_rows, len(columns.numbers)))
    for d, column in enumerate(columns.numbers):
        values[:, d] = table[names[column]].to_numpy()
    n_missing = sum(table[names[column]].null_count for column in columns.numbers)
    if np.count_nonzero(np.isnan(values)) > n_missing:
        return None  # a spelling such as nan(1), which other readers may not take for NaN
    ids = None if columns.id is None else table[names[columns.id]].to_pylist()
    return values, ids
