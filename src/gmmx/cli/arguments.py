"""The arguments of the command line."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, TypeAlias

from gmmx._build import VERSION
from gmmx.checks.random_state import LARGEST_SEED
from gmmx.cli.errors import CommandLineError
from gmmx.cli.fit import run_fit
from gmmx.cli.model import run_info, run_predict, run_sample, run_score
from gmmx.cli.reading.options import add_read_options
from gmmx.model.covariance import CONJUGATE_STRUCTURES, STRUCTURES, STRUCTURES_BY_NAME
from gmmx.selection.cells import CRITERIA

MOST_COMPONENTS = 1000
FILES = (
    ".csv, .tsv or .txt (with or without a header), .npy or .parquet, also with .gz; "
    "- is text from standard input"
)
Commands: TypeAlias = "argparse._SubParsersAction[_Parser]"


class _Parser(argparse.ArgumentParser):
    """A parser that raises CommandLineError."""

    def error(self, message: str) -> NoReturn:
        """Raise an error, where argparse would print the usage and end the program."""
        raise CommandLineError(f"{message} (see {self.prog} --help)")


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the arguments; the argument `run` is the function of the command."""
    parser = _Parser(prog="gmmx", description="Fast Gaussian mixtures.")
    parser.add_argument("--version", action="version", version=f"gmmx {VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    fit = commands.add_parser(
        "fit",
        help="find the number of components and the covariance structure, and fit the mixture",
        description="Fit mixtures with every number of components and every covariance type, "
        "and show the mixture with the best criterion.",
    )
    _add_search_arguments(fit)
    add_read_options(fit)
    _add_output_arguments(fit)
    fit.set_defaults(run=run_fit)
    _add_predict(commands)
    _add_score(commands)
    _add_sample(commands)
    _add_info(commands)
    return parser.parse_args(argv)


def _add_search_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the search."""
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        type=Path,
        help=f"{FILES}; default: the Old Faithful data",
    )
    parser.add_argument(
        "--components",
        metavar="LIST",
        type=component_counts,
        default="1-9",
        help="numbers of components, such as 3, 1-9 or 2,4,6-8 (default: %(default)s)",
    )
    parser.add_argument(
        "--covariance",
        metavar="LIST",
        type=covariance_types,
        help="covariance types, also by mclust's names (default: all that the data can tell apart; "
        f"for --bayesian {', '.join(CONJUGATE_STRUCTURES)})",
    )
    parser.add_argument(
        "--bayesian",
        action="store_true",
        help="fit a Bayesian mixture instead of a search: it finds the number of components, up to "
        "the largest of --components",
    )
    parser.add_argument(
        "--criterion",
        choices=sorted(CRITERIA),
        default="bic",
        help="criterion that ranks the mixtures (default: %(default)s)",
    )
    parser.add_argument(
        "--threads",
        metavar="N",
        type=_integer_from(1),
        help="threads to use (default: all cores); the result is the same for every number",
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=_integer_from(0, LARGEST_SEED),
        default=0,
        help="seed of the random starts (default: %(default)s)",
    )


def _add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for files to write."""
    parser.add_argument(
        "--save",
        metavar="MODEL",
        type=Path,
        help="save the best mixture to a file for predict, score, sample and info, and for "
        "gmmx.load in Python",
    )
    parser.add_argument(
        "--labels",
        metavar="OUT.csv",
        type=Path,
        help="write the component and the probabilities of all components for each row",
    )
    parser.add_argument(
        "--plot",
        metavar="OUT.png",
        type=Path,
        help="draw the classification and the criterion (needs matplotlib)",
    )


def _add_predict(commands: Commands) -> None:
    """Add the command ``predict``."""
    parser = commands.add_parser(
        "predict",
        help="write the component of each row of a file",
        description="Write the most probable component of each row, numbered from 0, as CSV.",
    )
    _add_model(parser)
    _add_data(parser)
    parser.add_argument(
        "--probabilities",
        action="store_true",
        help="add the probabilities of all components",
    )
    parser.add_argument(
        "--outliers",
        metavar="QUANTILE",
        type=_fraction,
        help="add whether the log-likelihood of a row is below this quantile, such as 0.01, of the "
        "log-likelihoods of --reference",
    )
    parser.add_argument(
        "--reference",
        metavar="FILE",
        type=Path,
        help="file of rows for the quantile, such as the data of the fit (default: DATA)",
    )
    _add_output(parser)
    parser.set_defaults(run=run_predict)


def _add_score(commands: Commands) -> None:
    """Add the command ``score``."""
    parser = commands.add_parser(
        "score",
        help="print the mean log-likelihood of a file",
        description="Print the mean log-likelihood of the rows, in nats.",
    )
    _add_model(parser)
    _add_data(parser)
    parser.add_argument(
        "--rows",
        action="store_true",
        help="write the log-likelihood of each row instead, as CSV",
    )
    _add_output(parser)
    parser.set_defaults(run=run_score)


def _add_sample(commands: Commands) -> None:
    """Add the command ``sample``."""
    parser = commands.add_parser(
        "sample",
        help="draw rows from a model",
        description="Draw rows from a model and write them as CSV, grouped by component.",
    )
    _add_model(parser)
    parser.add_argument(
        "-n",
        metavar="N",
        type=_integer_from(1),
        default=1,
        help="number of rows (default: %(default)s)",
    )
    parser.add_argument(
        "--with-labels",
        action="store_true",
        help="write the component of each row in a first column",
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=_integer_from(0, LARGEST_SEED),
        default=0,
        help="seed of the random numbers (default: %(default)s)",
    )
    _add_output(parser)
    parser.set_defaults(run=run_sample)


def _add_info(commands: Commands) -> None:
    """Add the command ``info``."""
    parser = commands.add_parser(
        "info",
        help="print the contents of a model file",
        description="Print a model's class, parameters, weights, means and standard deviations.",
    )
    _add_model(parser)
    parser.set_defaults(run=run_info)


def _add_model(parser: argparse.ArgumentParser) -> None:
    """Add the argument for the file of a model."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        type=Path,
        help="a file written by gmmx fit --save, or by save in Python",
    )


def _add_data(parser: argparse.ArgumentParser) -> None:
    """Add the argument for the rows to apply a model to."""
    parser.add_argument(
        "data",
        metavar="DATA",
        type=Path,
        help=f"{FILES}; columns are found by name if both the model and the file have names",
    )
    add_read_options(parser)


def _add_output(parser: argparse.ArgumentParser) -> None:
    """Add the option for the CSV file to write."""
    parser.add_argument(
        "--output",
        metavar="OUT.csv",
        type=Path,
        help="the file to write (default: standard output)",
    )


def component_counts(text: str) -> list[int]:
    """Return the numbers in a list of numbers and ranges, in increasing order.

    Examples
    --------
    >>> component_counts("1-3,8,2")
    [1, 2, 3, 8]
    """
    counts: set[int] = set()
    for part in text.split(","):
        ends = [end.strip() for end in part.split("-")]
        if len(ends) > 2 or not all(end.isascii() and end.isdigit() for end in ends):
            raise argparse.ArgumentTypeError(
                f"expected numbers such as 3, 1-9 or 2,4,6, got {text!r}"
            )
        low, high = int(ends[0]), int(ends[-1])
        if not 1 <= low <= high <= MOST_COMPONENTS:
            raise argparse.ArgumentTypeError(
                f"expected an increasing range from 1 to {MOST_COMPONENTS}, got {part!r}"
            )
        counts.update(range(low, high + 1))
    return sorted(counts)


def covariance_types(text: str) -> list[str]:
    """Return the covariance types in a list, one name for each structure, in the registry's order.

    Examples
    --------
    >>> covariance_types("EEE,full")
    ['full', 'EEE']
    """
    names = sorted({name.strip() for name in text.split(",")})
    for name in names:
        if name not in STRUCTURES_BY_NAME:
            known = ", ".join(STRUCTURES_BY_NAME)
            raise argparse.ArgumentTypeError(f"expected some of {known}, got {name!r}")
    chosen = {STRUCTURES_BY_NAME[name].name: name for name in names}
    return [chosen[name] for name in STRUCTURES if name in chosen]


def _fraction(text: str) -> float:
    """Return a number between 0 and 1."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"expected a number between 0 and 1, got {text!r}")
    return value


def _integer_from(minimum: int, maximum: int | None = None) -> Callable[[str], int]:
    """Return a parser of integers within bounds."""

    def parse(text: str) -> int:
        value = int(text) if text.isascii() and text.isdigit() else -1
        if value < minimum or (maximum is not None and value > maximum):
            bounds = f"from {minimum}" + ("" if maximum is None else f" to {maximum}")
            raise argparse.ArgumentTypeError(f"expected an integer {bounds}, got {text!r}")
        return value

    return parse
