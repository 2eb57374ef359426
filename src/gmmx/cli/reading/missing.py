"""Treatment of rows with missing values: they are left out or refused."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gmmx.cli.errors import CommandLineError, note
from gmmx.cli.reading.columns import Columns, column_title
from gmmx.cli.reading.data_file import DataFile


def rows_in_use(
    file: DataFile, columns: Columns, values: NDArray[np.float64], *, skip_missing: bool
) -> NDArray[np.bool_]:
    """Return a mask of the rows without missing values.

    Parameters
    ----------
    file : DataFile
        Source of the values.
    columns : Columns
        The columns that were read.
    values : ndarray of shape (n_rows, n_columns)
        The numbers, NaN where they are missing.
    skip_missing : bool
        Whether rows with missing values may be left out.

    Returns
    -------
    ndarray of shape (n_rows,)
        Boolean mask, True for rows to use.

    Raises
    ------
    CommandLineError
        If a number is infinite, if a value is missing and `skip_missing` is False, or if no row is
        left.
    """
    label = file.header.label
    is_missing = np.isnan(values)
    is_wrong = np.isinf(values) if skip_missing else ~np.isfinite(values)
    if is_wrong.any():
        row, d = np.argwhere(is_wrong)[0]
        column = columns.numbers[d]
        found = f"{values[row, d]} is not a finite number"
        if is_missing[row, d]:
            found = "the value is missing: --skip-missing leaves such rows out"
        title = column_title(column, file.header.names[column])
        raise CommandLineError(f"{label}: {file.place(row)}, {title}: {found}")
    is_used = np.asarray(~is_missing.any(axis=1))
    n_skipped = np.count_nonzero(~is_used)
    if n_skipped and n_skipped == len(values):
        n_missing = is_missing.sum(axis=0)
        emptiest = np.array(columns.numbers)[n_missing == n_missing.max()]
        hint = columns.how_to_leave_out(file.header, emptiest.tolist())
        raise CommandLineError(f"{label}: every row has a missing value{hint}")
    if n_skipped:
        note(f"{label}: left out {n_skipped} of {len(values)} rows, which have missing values")
    return is_used
