"""Numbers of a text file, read by pyarrow: on all cores, for files in which nothing is wrong."""

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
        Its delimiter and header.
    columns : Columns
        Which to read.

    Returns
    -------
    values, ids
        As of `read_cells`; None without pyarrow, and where it cannot read the file, which
        `read_cells` then does or says why not.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional extra
        from pyarrow import csv  # noqa: PLC0415
    except ImportError:
        return None
    if columns.id in columns.features:
        return None  # pyarrow gives a column one type
    names = [str(i) for i in range(len(layout.header))]
    types = {names[i]: pa.float64() for i in columns.features}
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
    values = np.empty((table.num_rows, len(columns.features)))
    for d, column in enumerate(columns.features):
        values[:, d] = table[names[column]].to_numpy()
    n_missing = sum(table[names[column]].null_count for column in columns.features)
    if np.count_nonzero(np.isnan(values)) > n_missing:
        return None  # a spelling of NaN, such as nan(1), that may be none elsewhere
    ids = None if columns.id is None else table[names[columns.id]].to_pylist()
    return values, ids
