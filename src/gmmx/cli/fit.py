"""The command ``gmmx fit``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from gmmx.cli.errors import CommandLineError, file_error
from gmmx.cli.progress import progress
from gmmx.cli.reader import Table, read_faithful, read_table
from gmmx.cli.report import report
from gmmx.mixture import GaussianMixture
from gmmx.selection import Cell, Criterion, best_cell, search

MIN_ROWS = 2
Plotter = Callable[[Path, Table, Sequence[Cell], Cell, Criterion], None]


def run_fit(arguments: argparse.Namespace) -> None:
    """Read, search, print and write."""
    # What would spoil the end of a long search is looked at before it.
    outputs = [path for path in (arguments.labels, arguments.plot) if path is not None]
    for path in outputs:
        _check_output(path, arguments.file)
    if len(outputs) == 2 and outputs[0].absolute() == outputs[1].absolute():
        raise CommandLineError(f"{outputs[0]}: named for both --labels and --plot")
    plot = None if arguments.plot is None else _plotter(arguments.plot)
    table = read_faithful() if arguments.file is None else read_table(arguments.file)
    if len(table.values) < MIN_ROWS:
        raise CommandLineError(
            f"{table.title}: too few rows of numbers, {len(table.values)}; "
            f"at least {MIN_ROWS} are needed"
        )
    cells = _search(table, arguments)
    best = best_cell(cells, arguments.criterion)
    print(report(table, cells, best, arguments.criterion))
    if best is None or best.model is None:
        raise CommandLineError(f"{table.title}: no mixture could be fitted that is not spurious")
    model = best.model
    if arguments.labels is not None:
        _write(arguments.labels, lambda path: _save_labels(path, table, model))
    if plot is not None:
        _write(arguments.plot, lambda path: plot(path, table, cells, best, arguments.criterion))


def _search(table: Table, arguments: argparse.Namespace) -> list[Cell]:
    """Search with a progress bar."""
    n_cells = len(arguments.components) * len(arguments.covariance)
    try:
        with progress(n_cells) as advance:
            return search(
                table.values,
                arguments.components,
                arguments.covariance,
                random_state=arguments.seed,
                n_threads=arguments.threads,
                feature_names=table.names,
                on_cell=lambda cell: advance(),
            )
    except ValueError as error:
        raise CommandLineError(f"{table.title}: {error}") from error


def _plotter(path: Path) -> Plotter:
    """Return the function that draws, if matplotlib is there and knows the format."""
    try:
        from gmmx.cli.plot import save_plot, supported_formats  # noqa: PLC0415 - optional extra
    except ImportError as error:
        raise CommandLineError(
            "--plot needs matplotlib: pip install 'gmmx-native[plot]'"
        ) from error
    formats = supported_formats()
    if path.suffix[1:].lower() not in formats:
        raise CommandLineError(
            f"{path}: unknown extension {path.suffix!r}; expected one of .{', .'.join(formats)}"
        )
    return save_plot


def _check_output(path: Path, source: Path | None) -> None:
    """Raise if `path` cannot be written, or is the file that is read."""
    if path.is_dir():
        raise CommandLineError(f"{path}: is a folder, expected a file to write")
    if not path.parent.is_dir():
        raise CommandLineError(f"{path}: the folder {path.parent} does not exist")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise CommandLineError(f"{path}: no permission to write")
    if source is not None and path.exists() and source.exists() and path.samefile(source):
        raise CommandLineError(f"{path}: would overwrite the data")


def _write(path: Path, save: Callable[[Path], None]) -> None:
    """Save to a file; name it if that fails."""
    try:
        save(path)
    except OSError as error:
        raise file_error(path, error) from error


def _save_labels(path: Path, table: Table, model: GaussianMixture) -> None:
    """Write the label and the probabilities of each row."""
    resp = model.predict_proba(table.values)
    names = [f"probability_{k}" for k in range(resp.shape[1])]
    np.savetxt(
        path,
        np.column_stack([resp.argmax(axis=1), resp]),
        fmt=["%d"] + ["%.10g"] * resp.shape[1],
        delimiter=",",
        header=",".join(["label", *names]),
        comments="",
    )
