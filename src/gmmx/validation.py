"""Checks of the data a user passes: samples and feature names.

Every function returns what may be used or raises; none changes its arguments. Messages follow
scikit-learn's wording, which user code and its tests match. `parameter_validation` holds the
checks of what else a user passes.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from gmmx.exceptions import warn_user

if TYPE_CHECKING:
    from gmmx.arrays import FloatArray, NDArray


_FINITE_BLOCK = 1 << 16
_MAX_NAMES_SHOWN = 5


def check_samples(X: object, estimator_name: str, *, min_samples: int = 1) -> FloatArray:
    """Return `X` as finite numbers in two dimensions, ready for the compiled kernels.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Array, nested list or data frame. An array that is fit already is returned as it is, also
        when it is read-only or memory-mapped.
    estimator_name : str
        Name of the estimator's class, for messages.
    min_samples : int, default=1
        Smallest number of rows accepted.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
        float32 if `X` is, else float64; C-contiguous, aligned and in native byte order.

    Raises
    ------
    TypeError
        For sparse data, dates and what is no array at all.
    ValueError
        For complex, non-numeric, ragged, empty, NaN or infinite data and for a wrong dimension.

    Examples
    --------
    >>> from gmmx.validation import check_samples
    >>> check_samples([[1, 2], [3, 4]], "GaussianMixture")
    array([[1., 2.],
           [3., 4.]])
    >>> check_samples([[1.0, float("nan")]], "GaussianMixture")
    Traceback (most recent call last):
    ...
    ValueError: Input X contains NaN. The first one is at index (0, 1).
    GaussianMixture does not accept missing values encoded as NaN natively. Impute them or drop \
the samples that have them.
    """
    samples = as_float_array(X, "X")
    _check_two_dimensions(samples, estimator_name)
    check_finite(samples, "X", estimator_name)
    for count, minimum, what in zip(
        samples.shape, (min_samples, 1), ("sample", "feature"), strict=True
    ):
        if count < minimum:
            raise ValueError(
                f"Found array with {count} {what}(s) (shape={samples.shape}) while a minimum of "
                f"{minimum} is required by {estimator_name}."
            )
    return samples


def as_float_array(values: object, name: str) -> FloatArray:
    """Return `values` as a C-contiguous, aligned, native array of float32 or float64.

    Parameters
    ----------
    values : array-like
        Numbers of any real type; float32 stays float32, every other type becomes float64.
    name : str
        What the user calls these values, for messages.

    Returns
    -------
    ndarray
        The same memory if it is in this form already.
    """
    if type(values) is np.ndarray:
        flags, dtype = values.flags, values.dtype
        if dtype.char in "fd" and dtype.isnative and flags.c_contiguous and flags.aligned:
            return values
    else:
        _refuse_containers(values, name)
    array = np.asarray(values)
    if array.dtype.kind == "O":
        array = _floats_from_objects(array, name)
    elif array.dtype.kind == "c":
        raise ValueError(f"Complex data not supported\n{array}\n")
    elif array.dtype.kind in "mM" or array.dtype.names is not None:
        raise _not_numbers(name, str(array.dtype))
    is_single = array.dtype.type is np.float32
    with np.errstate(all="ignore"):
        return np.require(array, np.float32 if is_single else np.float64, ("C", "A"))


def check_finite(array: FloatArray, name: str, estimator_name: str = "") -> None:
    """Raise ValueError if the C-contiguous `array` holds NaN or infinity.

    Parameters
    ----------
    array : ndarray
        A C-contiguous array of any shape.
    name : str
        What the user calls this array, for messages.
    estimator_name : str, default=""
        If given, the message about NaN says that this estimator takes no missing values.
    """
    with np.errstate(all="ignore"):
        total = np.add.reduce(array, axis=None)
    if math.isfinite(total):
        return
    # The sum of finite numbers may overflow, so only a look at each number decides.
    flat = array.reshape(-1)
    for start in range(0, flat.size, _FINITE_BLOCK):
        finite = np.isfinite(flat[start : start + _FINITE_BLOCK])
        if not finite.all():
            raise _not_finite_error(array, start + int(np.argmin(finite)), name, estimator_name)


def check_spread(samples: FloatArray) -> None:
    """Raise ValueError if sums of squared differences between samples overflow.

    Parameters
    ----------
    samples : ndarray of shape (n_samples, n_features)
        Finite numbers.
    """
    largest = float(np.finfo(samples.dtype).max) / samples.size
    # Of all values together the spread is larger, and found sooner.
    spread = float(samples.max()) - float(samples.min())
    if spread * spread <= largest:
        return
    with np.errstate(all="ignore"):
        spread = float((samples.max(axis=0) - samples.min(axis=0)).max())
    if not spread * spread <= largest:
        raise ValueError(
            f"The values in X are too large: they differ by up to {spread:g}, whose square "
            f"overflows in {samples.dtype}. Scale the data, for example to unit variance."
        )


def feature_names(X: object) -> NDArray[np.object_] | None:
    """Return the column names of a data frame if all are strings.

    Parameters
    ----------
    X : object
        What the user passed. A data frame is recognized by its ``columns`` or ``column_names``
        (pandas, polars, pyarrow and others; none of them is imported).

    Returns
    -------
    ndarray of str objects, or None
        None if `X` has no columns or no names that are strings.

    Raises
    ------
    TypeError
        If some names are strings and some are not.
    ValueError
        If a name stands for several columns.
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
    """Raise ValueError if the columns of `X` are not those of ``fit``, warn if one has no names.

    Parameters
    ----------
    X : object
        Samples from the user.
    fitted_names : ndarray of str objects, or None
        What `feature_names` returned for the data of ``fit``.
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
    """Return the warning that samples have no feature names, although those of ``fit`` had.

    Parameters
    ----------
    estimator_name : str
        Name of the estimator's class.

    Returns
    -------
    str
        The message, always the same object, whose hash is known when it is looked up again.
    """
    return (
        f"X does not have valid feature names, but {estimator_name} was fitted with feature names"
    )


def check_feature_count(n_features: int, n_features_in: int, estimator_name: str) -> None:
    """Raise ValueError if new samples have another number of features than those of ``fit``.

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
    """Raise ValueError if a column's name stands for several columns."""
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise ValueError(
            "Expected unique column names, got these several times:\n"
            f"{_bullet_list(repeated)}Rename or drop columns."
        )


def _refuse_containers(values: object, name: str) -> None:
    """Raise for containers that `numpy.asarray` would read wrongly."""
    if hasattr(type(values), "toarray"):
        raise TypeError(
            f"Sparse data was passed for {name}, but dense data is required. Use '.toarray()' to "
            "convert to a dense numpy array."
        )
    if isinstance(values, np.matrix):
        raise TypeError(
            "np.matrix is not supported. Please convert to a numpy array with np.asarray."
        )
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError(
            f"Input {name} contains masked values, which would be used as if they were data. "
            "Impute them or drop the samples that have them."
        )


def _floats_from_objects(array: NDArray[np.object_], name: str) -> NDArray[np.float64]:
    """Return an array of Python objects as float64, pandas' NA as NaN."""
    missing = getattr(sys.modules.get("pandas"), "NA", None)
    is_missing = np.zeros(array.shape, dtype=bool)
    for position, value in enumerate(array.flat):
        # NumPy would drop the imaginary part of the one and the unit of the other.
        if isinstance(value, complex | np.complexfloating):
            raise ValueError(f"Complex data not supported\n{array}\n")
        if isinstance(value, np.datetime64 | np.timedelta64):
            raise _not_numbers(name, type(value).__name__)
        is_missing.flat[position] = value is missing
    try:
        return np.where(is_missing, np.nan, array).astype(np.float64)
    except OverflowError:
        raise ValueError(
            f"Input {name} contains infinity or a value too large for dtype('float64')."
        ) from None


def _not_numbers(name: str, found: str) -> TypeError:
    """Return the error for values that have no meaning as plain numbers."""
    return TypeError(
        f"Input {name} contains {found}, but real numbers are required. Convert it to numbers "
        "explicitly, for example to seconds since a fixed date."
    )


def _check_two_dimensions(array: FloatArray, estimator_name: str) -> None:
    """Raise ValueError if `array` has not two dimensions."""
    if array.ndim > 2:
        raise ValueError(
            f"Found array with dim {array.ndim}, while dim <= 2 is required by {estimator_name}."
        )
    if array.ndim < 2:
        found = "1D array" if array.ndim == 1 else "scalar array"
        raise ValueError(
            f"Expected 2D array, got {found} instead:\narray={array}.\n"
            "Reshape your data either using array.reshape(-1, 1) if your data has a single feature "
            "or array.reshape(1, -1) if it contains a single sample."
        )


def _not_finite_error(
    array: FloatArray, position: int, name: str, estimator_name: str
) -> ValueError:
    """Return the error for the number at flat `position`, the first that is not finite."""
    index = tuple(int(i) for i in np.unravel_index(position, array.shape))
    is_nan = bool(np.isnan(array[index]))
    found = "NaN" if is_nan else f"infinity or a value too large for {array.dtype!r}"
    message = f"Input {name} contains {found}. The first one is at index {index}."
    if is_nan and estimator_name:
        message += (
            f"\n{estimator_name} does not accept missing values encoded as NaN natively. Impute "
            "them or drop the samples that have them."
        )
    return ValueError(message)


def _feature_names_message(names: set[str], fitted_names: set[str]) -> str:
    """Return the message about column names that differ from those of ``fit``."""
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
    """Return the first few names, one a line."""
    shown = names[:_MAX_NAMES_SHOWN]
    if len(names) > _MAX_NAMES_SHOWN:
        shown.append("...")
    return "".join(f"- {name}\n" for name in shown)
