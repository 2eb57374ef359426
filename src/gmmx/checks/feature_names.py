"""Checks of the names and the number of features.

Messages follow scikit-learn's wording, which user code and its tests match.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from gmmx.exceptions import warn_user

if TYPE_CHECKING:
    from gmmx.arrays import NDArray


_MAX_NAMES_SHOWN = 5


def feature_names(X: object) -> NDArray[np.object_] | None:
    """Return the column names of a data frame if all are strings.

    Parameters
    ----------
    X : object
        Samples from the user. A data frame is recognized by its ``columns`` or ``column_names``
        (pandas, polars, pyarrow and others; none of them is imported).

    Returns
    -------
    ndarray of str objects, or None
        None if `X` is no data frame or no column name is a string.

    Raises
    ------
    TypeError
        If some names are strings and some are not.
    ValueError
        If several columns have the same name.
    """
    attributes = ("column_names", "columns")
    attribute = next((name for name in attributes if hasattr(type(X), name)), None)
    if attribute is None:
        return None
    names = list(getattr(X, attribute))
    are_strings = {isinstance(name, str) for name in names}
    if are_strings == {True, False}:
        types = sorted({type(name).__qualname__ for name in names})
        raise TypeError(
            "Feature names are only supported if all input features have string names, but your "
            f"input has {types} as feature name / column name types. If you want feature names to "
            "be stored and validated, you must convert them all to strings, by using X.columns = "
            "X.columns.astype(str) for example. Otherwise you can remove feature / column names "
            "from your input data, or convert them all to a non-string data type."
        )
    if are_strings != {True}:
        return None
    _check_unique(names)
    return np.array(names, dtype=object)


def check_feature_names(
    X: object, fitted_names: NDArray[np.object_] | None, estimator_name: str
) -> None:
    """Raise ValueError if the column names of `X` differ from the names seen in ``fit``.

    If only one of the two has names, a warning is issued instead.

    Parameters
    ----------
    X : object
        Samples from the user.
    fitted_names : ndarray of str objects, or None
        Result of `feature_names` for the data of ``fit``.
    estimator_name : str
        Name of the estimator's class, for messages.
    """
    names = feature_names(X)
    if names is None and fitted_names is None:
        return
    if names is None:
        warn_user(missing_names_message(estimator_name))
    elif fitted_names is None:
        warn_user(f"X has feature names, but {estimator_name} was fitted without feature names")
    elif list(names) != list(fitted_names):
        raise ValueError(_feature_names_message(set(names), set(fitted_names)))


@cache
def missing_names_message(estimator_name: str) -> str:
    """Return the warning about samples without feature names, for a model fitted with names.

    Parameters
    ----------
    estimator_name : str
        Name of the estimator's class.

    Returns
    -------
    str
        The message. It is the same object in each call, so that its hash is computed only once.
    """
    return (
        f"X does not have valid feature names, but {estimator_name} was fitted with feature names"
    )


def check_feature_count(n_features: int, n_features_in: int, estimator_name: str) -> None:
    """Raise ValueError if the number of features differs between new samples and ``fit``.

    Parameters
    ----------
    n_features, n_features_in : int
        Numbers of features of the new samples and of the samples seen in ``fit``.
    estimator_name : str
        Name of the estimator's class, for messages.
    """
    if n_features != n_features_in:
        raise ValueError(
            f"X has {n_features} features, but {estimator_name} is expecting {n_features_in} "
            "features as input."
        )


def _check_unique(names: list[str]) -> None:
    """Raise ValueError if several columns have the same name."""
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise ValueError(
            "Expected unique column names, got these several times:\n"
            f"{_bullet_list(repeated)}Rename or drop columns."
        )


def _feature_names_message(names: set[str], fitted_names: set[str]) -> str:
    """Return the message about column names that differ from the names seen in ``fit``."""
    message = "The feature names should match those that were passed during fit.\n"
    unexpected = sorted(names - fitted_names)
    missing = sorted(fitted_names - names)
    if unexpected:
        message += "Feature names unseen at fit time:\n" + _bullet_list(unexpected)
    if missing:
        message += "Feature names seen at fit time, yet now missing:\n" + _bullet_list(missing)
    if not unexpected and not missing:
        message += "Feature names must be in the same order as they were in fit.\n"
    return message


def _bullet_list(names: list[str]) -> str:
    """Return the first few names, one per line."""
    shown = names[:_MAX_NAMES_SHOWN]
    if len(names) > _MAX_NAMES_SHOWN:
        shown.append("...")
    return "".join(f"- {name}\n" for name in shown)
