"""Output of the commands: text, files, and tables as CSV."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from gmmx.cli.errors import CommandLineError, file_error, note
from gmmx.cli.reading.table import Table
from gmmx.estimators.base import Mixture


def check_output(path: Path, source: Path | None) -> None:
    """Raise if a file cannot be written, or is the input file.

    Parameters
    ----------
    path : Path
        The file to write.
    source : Path or None
        The input file, if any.
    """
    if path.is_dir():
        raise CommandLineError(f"{path}: is a folder, expected a file to write")
    if not path.parent.is_dir():
        raise CommandLineError(f"{path}: the folder {path.parent} does not exist")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise CommandLineError(f"{path}: no permission to write")
    if source is not None and path.exists() and source.exists() and path.samefile(source):
        raise CommandLineError(f"{path}: would overwrite the data")


def print_text(text: str) -> None:
    """Print on standard output; ignore a closed pipe.

    Parameters
    ----------
    text : str
        The text.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        discard_output()


def discard_output() -> None:
    """Redirect standard output to the null device, so that flushing it at exit does not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_file(path: Path, save: Callable[[Path], None]) -> None:
    """Save a file and print its name on stderr; if saving fails, raise an error with the name.

    Parameters
    ----------
    path : Path
        The file.
    save : callable
        Function that writes a file at a given path.
    """
    try:
        save(path)
    except OSError as error:
        raise file_error(path, error) from error
    note(f"wrote {path}")


def write_csv(
    path: Path | None, header: Sequence[str], columns: Iterable[Iterable[object]]
) -> None:
    """Write a table as CSV.

    Parameters
    ----------
    path : Path or None
        The file, None for standard output.
    header : sequence of str
        Names of the columns.
    columns : iterable of iterables
        The columns; numbers are written as `str` prints them.
    """
    write_lines(path, header, zip(*columns, strict=True))


def write_lines(
    path: Path | None, header: Sequence[str], lines: Iterable[Iterable[object]]
) -> None:
    """Write a table as CSV, line by line.

    Parameters
    ----------
    path : Path or None
        The file, None for standard output.
    header : sequence of str
        Names of the columns.
    lines : iterable of iterables
        The cells of each line; numbers are written as `str` prints them.
    """

    def write(file: TextIO) -> None:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)

    def save(target: Path) -> None:
        with target.open("w", encoding="utf-8", newline="") as file:
            write(file)

    if path is None:
        write(sys.stdout)
    else:
        write_file(path, save)


def write_rows(path: Path | None, table: Table, columns: Mapping[str, Sequence[object]]) -> None:
    """Write columns of results, with a line for each row of the table's file.

    Parameters
    ----------
    path : Path or None
        The file, None for standard output.
    table : Table
        The table; its column that identifies the rows is written first.
    columns : mapping of str to sequence
        Names and values of columns, for the rows in use; the cells of other rows are empty.
    """
    header, cells = list(columns), [table.for_all_rows(values) for values in columns.values()]
    if table.ids is not None:
        header, cells = [table.id_name, *header], [list(table.ids), *cells]
    write_csv(path, header, cells)


def label_columns(
    model: Mixture, X: NDArray[np.floating[Any]], *, probabilities: bool
) -> dict[str, list[object]]:
    """Return the component of each row, as columns to write.

    Parameters
    ----------
    model : Mixture
        A fitted mixture.
    X : ndarray of shape (n, n_features)
        The rows.
    probabilities : bool
        Whether to add the probabilities of all components.

    Returns
    -------
    dict of str to list
        Names and values of the columns.
    """
    columns: dict[str, list[object]] = {"label": model.predict(X).tolist()}
    if probabilities:
        for k, resp in enumerate(model.predict_proba(X).T):
            columns[f"probability_{k}"] = [f"{value:.10g}" for value in resp]
    return columns
