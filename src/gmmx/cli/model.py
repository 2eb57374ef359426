"""The commands that use a saved model: ``predict``, ``score``, ``sample`` and ``info``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from gmmx.cli.errors import CommandLineError, file_error
from gmmx.cli.large import mean_log_likelihood, write_labels, write_scores
from gmmx.cli.large_file import LargeFile, is_large
from gmmx.cli.output import check_output, label_columns, write_csv, write_rows
from gmmx.cli.reading.columns import column_names
from gmmx.cli.reading.options import ReadOptions, read_options
from gmmx.cli.reading.table import Table, read_table
from gmmx.cli.report import parameter_tables
from gmmx.estimators.base import Mixture
from gmmx.estimators.loading import load, model_of
from gmmx.exceptions import ModelFileError
from gmmx.exchange.format import read_model_file


def run_predict(arguments: argparse.Namespace) -> None:
    """Write the component of each row of a file, and whether the row is an outlier."""
    if arguments.reference is not None and arguments.outliers is None:
        raise CommandLineError("--reference is for --outliers, which is not given")
    if is_large(arguments.data):
        if arguments.outliers is not None:
            raise CommandLineError("--outliers is not for files that are read in blocks")
        model, large = _model_and_large(arguments)
        write_labels(arguments.output, large, model, probabilities=arguments.probabilities)
        return
    with _model_and_tables(arguments) as (model, tables):
        table, reference = tables[0], tables[-1]
        columns = label_columns(model, table.values, probabilities=arguments.probabilities)
        if arguments.outliers is not None:
            threshold = model.outlier_threshold(reference.values, arguments.outliers)
            is_outlier = model.score_samples(table.values) < threshold
            columns["outlier"] = ["true" if one else "false" for one in is_outlier]
        write_rows(arguments.output, table, columns)


def run_score(arguments: argparse.Namespace) -> None:
    """Print the mean log-likelihood of a file, or write the log-likelihood of each row."""
    if arguments.output is not None and not arguments.rows:
        raise CommandLineError("--output is for --rows: the mean is printed")
    if is_large(arguments.data):
        model, large = _model_and_large(arguments)
        if arguments.rows:
            write_scores(arguments.output, large, model)
        else:
            print(mean_log_likelihood(large, model))
        return
    with _model_and_tables(arguments) as (model, (table,)):
        if arguments.rows:
            scores = model.score_samples(table.values)
            write_rows(arguments.output, table, {"log_likelihood": list(scores)})
        else:
            print(model.score(table.values, sample_weight=table.weights))


def run_sample(arguments: argparse.Namespace) -> None:
    """Write rows drawn from a model."""
    _check_outputs(arguments)
    model = _load(arguments.model)
    X, labels = model.set_params(random_state=arguments.seed).sample(arguments.n)
    header, columns = list(_feature_names(model)), list(X.T)
    if arguments.with_labels:
        header, columns = ["label", *header], [labels, *columns]
    write_csv(arguments.output, header, columns)


def run_info(arguments: argparse.Namespace) -> None:
    """Print the contents of a model file."""
    with _file_errors(arguments.model):
        contents = read_model_file(arguments.model)
        model: Mixture = model_of(contents, str(arguments.model))
    n_components, n_features = model.means_.shape
    lines = [
        f"{arguments.model}: {contents.class_name}, {model.covariance_type}, "
        f"{_count(n_components, 'component')}, {_count(n_features, 'feature')}",
        f"written by gmmx {contents.gmmx_version} in format version {contents.format_version}",
        repr(model),
    ]
    if getattr(model, "n_iter_", 0) > 0:
        reached = "converged" if model.converged_ else "did not converge"
        lines.append(f"{reached} in {_count(model.n_iter_, 'iteration')}, lower bound "
                     f"{model.lower_bound_:.6g}")  # fmt: skip
    tables = parameter_tables(_feature_names(model), model)
    print("\n\n".join("\n".join(part) for part in [lines, *tables]))


@contextmanager
def _model_and_tables(arguments: argparse.Namespace) -> Iterator[tuple[Mixture, list[Table]]]:
    """Yield a model and the tables to apply it to; turn errors of the model into file errors."""
    _check_outputs(arguments)
    model = _load(arguments.model)
    names = tuple(getattr(model, "feature_names_in_", ()))
    options = read_options(arguments)
    tables = [_read(arguments.data, options, names, model)]
    reference = getattr(arguments, "reference", None)
    if reference is not None:
        # If columns are found by name, the reference file needs no columns of ids and weights.
        options = replace(options, id_column=None, weights=None) if names else options
        tables.append(_read(reference, options, names, model))
    # The columns are in order now, and arrays without names would cause a warning.
    vars(model).pop("feature_names_in_", None)
    try:
        yield model, tables
    except ValueError as error:
        raise CommandLineError(f"{arguments.data}: {error}") from error


def _model_and_large(arguments: argparse.Namespace) -> tuple[Mixture, LargeFile]:
    """Return a model and the file to apply it to, block by block."""
    _check_outputs(arguments)
    model = _load(arguments.model)
    names = tuple(getattr(model, "feature_names_in_", ()))
    large = LargeFile.of(arguments.data, read_options(arguments), names)
    _check_column_count(arguments.data, len(large.names), model)
    # The columns are in order now, and arrays without names would cause a warning.
    vars(model).pop("feature_names_in_", None)
    return model, large


def _read(path: Path, options: ReadOptions, names: tuple[str, ...], model: Mixture) -> Table:
    """Read a table with the columns of a model."""
    table = read_table(path, options, names)
    _check_column_count(path, table.values.shape[1], model)
    if not len(table.values):
        raise CommandLineError(f"{path}: has no rows of numbers")
    return table


def _check_column_count(path: Path, n_columns: int, model: Mixture) -> None:
    """Raise if a file has another number of columns than a model has features."""
    n_features = model.means_.shape[1]
    if n_columns != n_features:
        raise CommandLineError(
            f"{path}: has {_count(n_columns, 'column')} for a model of "
            f"{_count(n_features, 'feature')}: choose them with --columns or --drop"
        )


def _load(path: Path) -> Mixture:
    """Load a model."""
    with _file_errors(path):
        model: Mixture = load(path)
    return model


@contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    """Turn the errors of a model file into errors of the command line."""
    try:
        yield
    except ModelFileError as error:
        raise CommandLineError(str(error)) from error
    except OSError as error:
        raise file_error(path, error) from error


def _check_outputs(arguments: argparse.Namespace) -> None:
    """Raise if the output cannot be written, or would overwrite an input file."""
    if arguments.output is not None:
        for source in ("model", "data", "reference"):
            check_output(arguments.output, getattr(arguments, source, None))


def _feature_names(model: Mixture) -> tuple[str, ...]:
    """Return the names of a model's features, or names made of column numbers."""
    n_features = model.means_.shape[1]
    return tuple(getattr(model, "feature_names_in_", column_names([""] * n_features)))


def _count(number: int, what: str) -> str:
    """Return a number and a noun, in the plural unless the number is 1."""
    return f"{number} {what}{'' if number == 1 else 's'}"
