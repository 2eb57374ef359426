"""The commands that use a saved model: ``predict``, ``score``, ``sample`` and ``info``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from gmmx.base import Mixture
from gmmx.cli.errors import CommandLineError, file_error
from gmmx.cli.output import check_output, write_csv, write_labels
from gmmx.cli.reader import column_names, read_table
from gmmx.cli.report import parameter_tables
from gmmx.exceptions import ModelFileError
from gmmx.model_file import read_model_file
from gmmx.portable import load

EXACT = "%s"  # NumPy prints as many digits as tell a number from its neighbours.


def run_predict(arguments: argparse.Namespace) -> None:
    """Write the component of each row of a file."""
    with _model_and_rows(arguments) as (model, X):
        write_labels(arguments.output, model, X, probabilities=arguments.probabilities)


def run_score(arguments: argparse.Namespace) -> None:
    """Print the mean log-likelihood of a file, or write that of each row."""
    if arguments.output is not None and not arguments.rows:
        raise CommandLineError("--output is for --rows: the mean is printed")
    with _model_and_rows(arguments) as (model, X):
        if arguments.rows:
            write_csv(arguments.output, ["log_likelihood"], model.score_samples(X), EXACT)
        else:
            print(model.score(X))


def run_sample(arguments: argparse.Namespace) -> None:
    """Write rows drawn from a model."""
    _check_outputs(arguments)
    model = _load(arguments.model)
    X, labels = model.set_params(random_state=arguments.seed).sample(arguments.n)
    header, columns, formats = list(_feature_names(model)), X, [EXACT] * X.shape[1]
    if arguments.with_labels:
        header, formats = ["label", *header], ["%d", *formats]
        columns = np.column_stack([labels, X])
    write_csv(arguments.output, header, columns, formats)


def run_info(arguments: argparse.Namespace) -> None:
    """Print what a model file holds."""
    model = _load(arguments.model)
    contents = read_model_file(arguments.model)
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
def _model_and_rows(arguments: argparse.Namespace) -> Iterator[tuple[Mixture, np.ndarray]]:
    """A model and the rows of a file that it takes; what it refuses is an error of the file."""
    _check_outputs(arguments)
    model, table = _load(arguments.model), read_table(arguments.data)
    expected = tuple(getattr(model, "feature_names_in_", ()))
    if table.is_named and expected and table.names != expected:
        raise CommandLineError(
            f"{arguments.data}: has the columns {', '.join(table.names)}, but the model was "
            f"fitted to {', '.join(expected)}"
        )
    # The names are checked; the model would miss them in an array.
    vars(model).pop("feature_names_in_", None)
    try:
        yield model, table.values
    except ValueError as error:
        raise CommandLineError(f"{arguments.data}: {error}") from error


def _load(path: Path) -> Mixture:
    """Load a model."""
    try:
        model: Mixture = load(path)
    except ModelFileError as error:
        raise CommandLineError(str(error)) from error
    except OSError as error:
        raise file_error(path, error) from error
    return model


def _check_outputs(arguments: argparse.Namespace) -> None:
    """Raise if the output cannot be written, or would overwrite what is read."""
    if arguments.output is not None:
        for source in (arguments.model, getattr(arguments, "data", None)):
            check_output(arguments.output, source)


def _feature_names(model: Mixture) -> tuple[str, ...]:
    """The names of a model's features, their numbers where it knows none."""
    n_features = model.means_.shape[1]
    return tuple(getattr(model, "feature_names_in_", column_names([""] * n_features)))


def _count(number: int, what: str) -> str:
    """A number of things in words."""
    return f"{number} {what}{'' if number == 1 else 's'}"
