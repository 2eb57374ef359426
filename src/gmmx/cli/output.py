"""What commands write: text, files, and tables as CSV."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from gmmx.base import Mixture
from gmmx.cli.errors import CommandLineError, file_error, note


def check_output(path: Path, source: Path | None) -> None:
    """Raise if a file cannot be written, or is the file that is read.

    Parameters
    ----------
    path : Path
        The file to write.
    source : Path or None
        The file that is read, if any.
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
    """Print on standard output; it is no error if its reader has gone.

    Parameters
    ----------
    text : str
        What to print.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        discard_output()


def discard_output() -> None:
    """Let standard output lead nowhere, so that Python's flush at exit does not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_file(path: Path, save: Callable[[Path], None]) -> None:
    """Save to a file and say so on stderr; name the file if that fails.

    Parameters
    ----------
    path : Path
        The file.
    save : callable
        Writes the file that it is given.
    """
    try:
        save(path)
    except OSError as error:
        raise file_error(path, error) from error
    note(f"wrote {path}")


def write_csv(
    path: Path | None, header: Sequence[str], columns: np.ndarray, fmt: str | Sequence[str]
) -> None:
    """Write a table.

    Parameters
    ----------
    path : Path or None
        The file, None for standard output.
    header : sequence of str
        Names of the columns.
    columns : ndarray of shape (n, n_columns)
        The numbers.
    fmt : str or list of str
        How to print them, as `numpy.savetxt` takes it.
    """

    def save(target: Path | TextIO) -> None:
        title = _csv_line(header)
        np.savetxt(target, columns, fmt, ",", header=title, comments="", encoding="utf-8")

    if path is None:
        save(sys.stdout)
    else:
        write_file(path, save)


def write_labels(path: Path | None, model: Mixture, X: np.ndarray, *, probabilities: bool) -> None:
    """Write the component of each row.

    Parameters
    ----------
    path : Path or None
        The file, None for standard output.
    model : Mixture
        A fitted mixture.
    X : ndarray of shape (n, n_features)
        The rows.
    probabilities : bool
        Whether to add the probabilities of all components.
    """
    columns: list[np.ndarray] = [model.predict(X)]
    header, formats = ["label"], ["%d"]
    if probabilities:
        resp = model.predict_proba(X)
        columns.append(resp)
        header += [f"probability_{k}" for k in range(resp.shape[1])]
        formats += ["%.10g"] * resp.shape[1]
    write_csv(path, header, np.column_stack(columns), formats)


def _csv_line(names: Sequence[str]) -> str:
    """Names as a line of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(names)
    return text.getvalue()
