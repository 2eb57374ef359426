"""Selection of the columns that hold features, weights and names of the rows."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gmmx.cli.errors import CommandLineError
from gmmx.cli.reading.options import ReadOptions

# Pandas' names for an index without a name: in text that was read and written again, in Parquet.
INDEX_NAMES = ("Unnamed: 0", "__index_level_0__")
MOST_NAMES = 10  # in a message


@dataclass(frozen=True)
class Header:
    """The names of a file's columns.

    Attributes
    ----------
    label : str
        Name of the file in messages.
    names : tuple of str
        A name for each column, made of its number if the file has no name for it.
    is_named : bool
        Whether the file names its columns.
    index : int or None
        The column that seems to be the index of a pandas data frame.
    """

    label: str
    names: tuple[str, ...]
    is_named: bool
    index: int | None

    @classmethod
    def of(cls, label: str, names: Sequence[str], *, is_named: bool) -> Header:
        """Return the header for the names in a file, which may be empty strings."""
        index = next((i for i, name in enumerate(names) if name in INDEX_NAMES), None)
        if is_named and len(names) > 1 and not names[0]:
            index = 0
        return cls(label, column_names(names), is_named, index)

    def find(self, column: str) -> int:
        """Return the index of a column, given its name or its number from 1."""
        n_columns = len(self.names)
        if self.names.count(column) == 1:
            return self.names.index(column)
        if column in self.names:
            raise CommandLineError(
                f"{self.label}: several columns are called {column!r}: give the column's number"
            )
        if column.isascii() and column.isdigit() and 1 <= int(column) <= n_columns:
            return int(column) - 1
        raise CommandLineError(f"{self.label}: has no column {column!r}; {self._listed()}")

    def argument(self, columns: Sequence[int]) -> str:
        """Return the argument of an option that names columns, quoted for a shell."""
        texts = [
            self.names[i] if self.is_named and self.names.count(self.names[i]) == 1 else str(i + 1)
            for i in columns
        ]
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(texts)
        return shlex.quote(line.getvalue())

    def _listed(self) -> str:
        """Return a clause that lists the columns."""
        if not self.is_named:
            return f"its columns have no names, but the numbers 1 to {len(self.names)}"
        more = ", ..." if len(self.names) > MOST_NAMES else ""
        return f"its columns are {', '.join(self.names[:MOST_NAMES])}{more}"


@dataclass(frozen=True)
class Columns:
    """The columns of a file to read.

    Attributes
    ----------
    features : tuple of int
        Indices of the columns that hold features, in order.
    id : int or None
        Index of the column that identifies the rows.
    chosen_by : {'file', 'user', 'model'}
        How the features were chosen: 'file' takes all columns of the file except an index and the
        columns left out by options, 'user' the option ``--columns``, 'model' the feature names of
        a model.
    index : int or None
        The index of a data frame, if it was left out without an option that says so.
    weights : int or None
        Index of the column that weighs the rows.
    """

    features: tuple[int, ...]
    id: int | None
    chosen_by: Literal["file", "user", "model"]
    index: int | None = None
    weights: int | None = None

    @property
    def numbers(self) -> tuple[int, ...]:
        """Indices of the columns that hold numbers: the features, and the weights at the end."""
        return self.features if self.weights is None else (*self.features, self.weights)

    def how_to_leave_out(self, header: Header, wrong: Sequence[int]) -> str:
        """Return the end of a message: the option that leaves columns out."""
        wrong = [column for column in wrong if column != self.weights]
        if self.chosen_by == "model" or not wrong:
            return ""
        if self.chosen_by == "user":
            return ": leave it out of --columns"
        return f": leave it out with --drop {header.argument(wrong)}"


def select_columns(header: Header, options: ReadOptions, expected: Sequence[str]) -> Columns:
    """Choose the columns to read.

    Parameters
    ----------
    header : Header
        The columns of the file.
    options : ReadOptions
        The user's options.
    expected : sequence of str
        Feature names of a model, empty if unknown.

    Returns
    -------
    Columns
        The columns to read.

    Raises
    ------
    CommandLineError
        If a column does not exist, or no column is left.
    """
    id_column = None if options.id_column is None else header.find(options.id_column)
    weights = None if options.weights is None else header.find(options.weights)
    if options.columns:
        features = _distinct(header, options.columns)
        _check_is_no_feature(header, weights, features)
        return Columns(features, id_column, "user", weights=weights)
    dropped = {header.find(column) for column in options.drop}
    kept = [i for i in range(len(header.names)) if i not in dropped]
    features = tuple(i for i in kept if i not in (id_column, weights, header.index))
    if expected and header.is_named and tuple(header.names[i] for i in features) != expected:
        features = _named(header, kept, expected)
        _check_is_no_feature(header, weights, features)
        return Columns(features, id_column, "model", weights=weights)
    if not features:
        raise CommandLineError(f"{header.label}: no column is left for the features")
    is_left_out = header.index in kept and header.index not in (id_column, weights)
    index = header.index if is_left_out else None
    return Columns(features, id_column, "file", index, weights)


def _distinct(header: Header, columns: Sequence[str]) -> tuple[int, ...]:
    """Return the columns that the user names, each once."""
    features = tuple(header.find(column) for column in columns)
    for i, feature in enumerate(features):
        if feature in features[:i]:
            title = column_title(feature, header.names[feature])
            raise CommandLineError(f"{header.label}: --columns has {title} twice")
    return features


def _check_is_no_feature(header: Header, weights: int | None, features: Sequence[int]) -> None:
    """Raise if the column of weights is a feature."""
    if weights is not None and weights in features:
        title = column_title(weights, header.names[weights])
        raise CommandLineError(f"{header.label}: {title} is a feature: --weights needs another")


def _named(header: Header, kept: Sequence[int], expected: Sequence[str]) -> tuple[int, ...]:
    """Return the columns with the feature names of a model."""
    by_name = {header.names[i]: i for i in reversed(kept)}
    absent = [name for name in expected if name not in by_name]
    if absent:
        raise CommandLineError(
            f"{header.label}: has no column {absent[0]!r}, to which the model was fitted: give "
            f"the columns in the model's order, {', '.join(expected[:MOST_NAMES])}, with --columns"
        )
    return tuple(by_name[name] for name in expected)


def column_title(column: int, name: str) -> str:
    """Return number and name of a column, for messages.

    Parameters
    ----------
    column : int
        Index of the column, from 0.
    name : str
        Name of the column; empty, or made of its number, if the file has no name for it.

    Returns
    -------
    str
        The number from 1, and the name if the file has one.

    Examples
    --------
    >>> column_title(0, "height"), column_title(1, "")
    ("column 1 ('height')", 'column 2')
    """
    title = f"column {column + 1}"
    return title if name in ("", title) else f"{title} ({name!r})"


def column_names(header: Sequence[str]) -> tuple[str, ...]:
    """Return the names in a header, with a name made of the column's number for an empty one.

    Parameters
    ----------
    header : sequence of str
        Names; an empty string for a column without a name.

    Returns
    -------
    tuple of str
        A name for each column.

    Examples
    --------
    >>> column_names(["a", ""])
    ('a', 'column 2')
    """
    return tuple(name or f"column {i}" for i, name in enumerate(header, start=1))
