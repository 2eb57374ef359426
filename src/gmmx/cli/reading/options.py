"""The options for reading a file, shared by all commands that read one."""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass

DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}


@dataclass(frozen=True)
class ReadOptions:
    """The options for reading a file.

    Attributes
    ----------
    columns : tuple of str
        Names or numbers of the columns to use, in this order; empty for all.
    drop : tuple of str
        Names or numbers of columns to leave out.
    id_column : str or None
        Name or number of a column that identifies the rows and is not a feature.
    weights : str or None
        Name or number of a column that weighs the rows and is not a feature.
    delimiter : str or None
        The character between cells of text; None recognizes it.
    has_header : bool or None
        Whether the first line of text names the columns; None recognizes it.
    skip_missing : bool
        Whether rows with missing values are left out.
    """

    columns: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    id_column: str | None = None
    weights: str | None = None
    delimiter: str | None = None
    has_header: bool | None = None
    skip_missing: bool = False


DEFAULTS = ReadOptions()


def add_read_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to the parser of a command.

    Parameters
    ----------
    parser : ArgumentParser
        The parser; `read_options` reads the options from its result.
    """
    group = parser.add_argument_group("input", "COLUMN is a column's name, or its number from 1.")
    chosen = group.add_mutually_exclusive_group()
    chosen.add_argument(
        "--columns",
        metavar="COLUMN,...",
        type=_column_list,
        default=(),
        help="use these columns, in this order (default: all)",
    )
    chosen.add_argument(
        "--drop",
        metavar="COLUMN,...",
        type=_column_list,
        default=(),
        help="leave these columns out",
    )
    group.add_argument(
        "--id",
        metavar="COLUMN",
        dest="id_column",
        help="a column that identifies the rows: not a feature, but written beside the results",
    )
    group.add_argument(
        "--weights",
        metavar="COLUMN",
        help="a column with the weight of each row: not a feature; a row of weight 2 counts as two "
        "equal rows, a row of weight 0 is left out",
    )
    group.add_argument(
        "--delimiter",
        metavar="CHARACTER",
        type=_delimiter,
        help="the character between cells, or tab, comma or semicolon (default: recognized)",
    )
    group.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        dest="has_header",
        help="whether the first line names the columns (default: recognized)",
    )
    group.add_argument(
        "--skip-missing",
        action="store_true",
        help="leave out rows with a missing value (empty, NA, nan, ...); in the output their cells "
        "are empty",
    )


def read_options(arguments: argparse.Namespace) -> ReadOptions:
    """Return the options among the arguments of a command.

    Parameters
    ----------
    arguments : Namespace
        Arguments from a parser with the options of `add_read_options`.

    Returns
    -------
    ReadOptions
        The options.
    """
    return ReadOptions(
        columns=arguments.columns,
        drop=arguments.drop,
        id_column=arguments.id_column,
        weights=arguments.weights,
        delimiter=arguments.delimiter,
        has_header=arguments.has_header,
        skip_missing=arguments.skip_missing,
    )


def _column_list(text: str) -> tuple[str, ...]:
    """Return names separated by commas; a name with a comma is quoted as in CSV."""
    names = tuple(name.strip() for name in next(csv.reader([text], skipinitialspace=True), []))
    if not all(names) or not names:
        raise argparse.ArgumentTypeError(f"expected columns such as a,b or 1,3, got {text!r}")
    return names


def _delimiter(text: str) -> str:
    """Return a character that is given by itself or by name."""
    character = DELIMITERS.get(text, text)
    if len(character) != 1 or character in '"\r\n':
        raise argparse.ArgumentTypeError(
            f"expected one character, tab, comma or semicolon, got {text!r}"
        )
    return character
