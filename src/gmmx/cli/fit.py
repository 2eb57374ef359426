"""The command ``gmmx fit``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from copy import copy
from pathlib import Path

import numpy as np

from gmmx.checks.weights import advice_on_repetitions
from gmmx.cli.errors import CommandLineError, note
from gmmx.cli.large import fitted_to_all, sampled_table, write_labels
from gmmx.cli.large_file import LargeFile, is_large
from gmmx.cli.output import check_output, label_columns, print_text, write_file, write_rows
from gmmx.cli.reading.options import read_options
from gmmx.cli.reading.table import Table, read_faithful, read_table
from gmmx.cli.report import report
from gmmx.estimators.gaussian_mixture import GaussianMixture
from gmmx.model.covariance import CONJUGATE_STRUCTURES
from gmmx.progress import progress
from gmmx.selection.bayesian import bayesian_search
from gmmx.selection.cells import Cell, best_cell
from gmmx.selection.gaussian_mixture_ic import GaussianMixtureIC

MIN_ROWS = 2
Plot = Callable[..., None]  # `gmmx.cli.picture.save_picture`


def run_fit(arguments: argparse.Namespace) -> None:
    """Read the data, search, write the files, and print the report."""
    # Check before a long search that its results can be written.
    options = {"--save": arguments.save, "--labels": arguments.labels, "--plot": arguments.plot}
    outputs: dict[Path, str] = {}
    for option, path in options.items():
        if path is not None:
            check_output(path, arguments.file)
            other = outputs.setdefault(path.absolute(), option)
            if other != option:
                raise CommandLineError(f"{path}: named for both {other} and {option}")
    plot = None if arguments.plot is None else _plotter(arguments.plot)
    large = None
    if is_large(arguments.file):
        large = LargeFile.of(arguments.file, read_options(arguments))
    table = _read(arguments, large)
    cells = _search(table, arguments)
    best = best_cell(cells, arguments.criterion)
    if best is not None and large is not None:
        best = fitted_to_all(large, best, arguments.threads)
    # Print the result of the search even if writing the files fails, and write the files first,
    # so that they are written even if printing fails.
    try:
        if best is not None:
            _write_files(arguments, table, large, cells, best, plot)
    finally:
        print_text(report(table, cells, best, arguments.criterion))
    if best is None:
        raise CommandLineError(
            f"{table.title}: no mixture could be fitted that is not spurious; try fewer "
            "--components, other --covariance types, or leave out columns that others determine"
        )


def _read(arguments: argparse.Namespace, large: LargeFile | None) -> Table:
    """Read a table, and check that it has enough rows and no constant column."""
    options = read_options(arguments)
    file: Path | None = arguments.file
    if large is not None:
        table = sampled_table(large, arguments.threads)
    else:
        table = read_faithful(options) if file is None else read_table(file, options)
    X, kind = table.values, "numbers"
    if table.weights is not None:
        X, kind = X[table.weights > 0], "positive weight"
    if len(X) < MIN_ROWS:
        raise CommandLineError(
            f"{table.title}: too few rows of {kind}, {len(X)}; at least {MIN_ROWS} are needed"
        )
    if table.weights is not None:
        advice = advice_on_repetitions(float(table.weights.sum()), len(X))
        if advice is not None:
            note(f"{table.title}: {advice}")
    constant = np.flatnonzero(X.min(axis=0) == X.max(axis=0)).tolist()
    if constant:
        raise CommandLineError(
            f"{table.title}: {table.names[constant[0]]} is {X[0, constant[0]]:g} in every row"
            f"{table.how_to_leave_out(constant)}"
        )
    return table


def _write_files(
    arguments: argparse.Namespace,
    table: Table,
    large: LargeFile | None,
    cells: Sequence[Cell],
    best: Cell,
    plot: Plot | None,
) -> None:
    """Write the model, the labels and the picture, each if its option was given."""
    model = best.mixture
    if arguments.save is not None:
        write_file(arguments.save, lambda path: _save_model(path, table, model))
    if arguments.labels is not None and large is not None:
        write_labels(arguments.labels, large, model, probabilities=True)
    elif arguments.labels is not None:
        columns = label_columns(model, table.values, probabilities=True)
        write_rows(arguments.labels, table, columns)
    if plot is not None:
        write_file(
            arguments.plot,
            lambda path: plot(
                path, table.values, table.names, cells, best, arguments.criterion,
                title=table.title,
            ),
        )  # fmt: skip


def _search(table: Table, arguments: argparse.Namespace) -> list[Cell]:
    """Search, and show the progress."""
    try:
        if arguments.bayesian:
            return _bayesian_search(table, arguments)
        search = GaussianMixtureIC(
            covariance_type=arguments.covariance or "all", random_state=arguments.seed,
            n_threads=arguments.threads, verbose=int(sys.stderr.isatty()),
        )  # fmt: skip
        samples, features = search._check_training_samples(table.values, min_samples=MIN_ROWS)
        return search._cells(
            samples, table.weights, features, n_components=arguments.components,
            feature_names=table.names,
        )  # fmt: skip
    except ValueError as error:
        raise CommandLineError(f"{table.title}: {error}") from error


def _bayesian_search(table: Table, arguments: argparse.Namespace) -> list[Cell]:
    """Search with Bayesian mixtures, and show the progress."""
    names = arguments.covariance or list(CONJUGATE_STRUCTURES)
    with progress(len(names)) as shown:
        return bayesian_search(
            table.values,
            max(arguments.components),
            names,
            sample_weight=table.weights,
            random_state=arguments.seed,
            n_threads=arguments.threads,
            feature_names=table.names,
            on_start=lambda count, name: shown.start(f"{name}, K = {count}"),
            on_cell=lambda cell: shown(),
        )


def _plotter(path: Path) -> Plot:
    """Return the function that draws; raise unless matplotlib is there and knows the format."""
    try:
        from gmmx.cli.picture import (  # noqa: PLC0415 - optional extra
            save_picture,
            supported_formats,
        )
    except ImportError as error:
        raise CommandLineError(
            "--plot needs matplotlib: pip install 'gmmx-native[plot]'"
        ) from error
    formats = supported_formats()
    if path.suffix[1:].lower() not in formats:
        raise CommandLineError(
            f"{path}: unknown extension {path.suffix!r}; expected one of .{', .'.join(formats)}"
        )
    return save_picture


def _save_model(path: Path, table: Table, model: GaussianMixture) -> None:
    """Save the mixture, with the names of the columns if the file has names."""
    named = copy(model)
    if table.header.is_named:
        named.feature_names_in_ = np.array(table.names, dtype=object)
    named.save(path)
