"""The columns of a data frame that hold features and weights."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.ml.functions import vector_to_array
from pyspark.ml.linalg import VectorUDT
from pyspark.sql import Column, DataFrame, functions
from pyspark.sql.types import ArrayType, DataType, FloatType, NumericType

SOME_NAMES = 10  # of the columns of a data frame, shown in messages


def feature_array(dataset: DataFrame, features_col: str | Sequence[str]) -> Column:
    """Return the features of each row as one array of floating-point numbers.

    Parameters
    ----------
    dataset : pyspark.sql.DataFrame
        Rows to fit or to predict.
    features_col : str or sequence of str
        A column of arrays or vectors, or several columns of numbers.

    Returns
    -------
    pyspark.sql.Column
        Arrays of float if the columns hold float, else of double.

    Raises
    ------
    ValueError
        If a column is missing.
    TypeError
        If a column has another type.
    """
    if not isinstance(features_col, str):
        types = [_number_type(dataset, name, "features_col") for name in features_col]
        precision = _precision(types)
        return functions.array(*(_column(dataset, name).cast(precision) for name in features_col))
    found = _type_of(dataset, features_col, "features_col")
    column = _column(dataset, features_col)
    if isinstance(found, VectorUDT):
        return vector_to_array(column)
    if isinstance(found, ArrayType) and isinstance(found.elementType, NumericType):
        return column.cast(f"array<{_precision([found.elementType])}>")
    raise TypeError(
        f"features_col names {features_col!r}, a column of {found.simpleString()}: expected a "
        "column of arrays of numbers or of vectors, or a list of columns of numbers."
    )


def weight_values(dataset: DataFrame, weight_col: str) -> Column:
    """Return the weights of the rows in double; raise as `feature_array` does."""
    _number_type(dataset, weight_col, "weight_col")
    return _column(dataset, weight_col).cast("double")


def check_is_new(dataset: DataFrame, name: str, parameter: str) -> None:
    """Raise ValueError if a column to be added exists already."""
    if name in dataset.columns:
        raise ValueError(
            f"The data frame already has a column {name!r}: drop it, or set {parameter} to another "
            "name."
        )


def _type_of(dataset: DataFrame, name: str, parameter: str) -> DataType:
    """Return the type of a column; raise ValueError if it is missing."""
    names = dataset.columns
    if name not in names:
        shown = ", ".join(map(repr, names[:SOME_NAMES])) + ", ..." * (len(names) > SOME_NAMES)
        raise ValueError(f"{parameter} names {name!r}, but the data frame has columns {shown}.")
    return dataset.schema[name].dataType


def _number_type(dataset: DataFrame, name: str, parameter: str) -> DataType:
    """Return the type of a column of numbers."""
    found = _type_of(dataset, name, parameter)
    if not isinstance(found, NumericType):
        raise TypeError(
            f"{parameter} names {name!r}, a column of {found.simpleString()}: expected a column of "
            "numbers."
        )
    return found


def _precision(types: Sequence[DataType]) -> str:
    """Return the type that numbers of all given types are converted to."""
    return "float" if all(isinstance(one, FloatType) for one in types) else "double"


def _column(dataset: DataFrame, name: str) -> Column:
    """Return a column by its name, which may hold dots."""
    return dataset["`" + name.replace("`", "``") + "`"]
