"""Checks of the samples that a user passes.

Every function returns the checked value or raises an error; none changes its arguments. Messages
follow scikit-learn's wording, which user code and its tests match. `constructor` and `parameters`
check all other arguments.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from gmmx.arrays import FloatArray, NDArray


_FINITE_BLOCK = 1 << 16


def check_samples(X: object, estimator_name: str, *, min_samples: int = 1) -> FloatArray:
    """Return `X` as finite numbers in two dimensions, ready for the compiled kernels.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Array, nested list or data frame. An array that needs no conversion is returned without a
        copy, even if it is read-only or memory-mapped.
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
        If X is sparse, or holds dates or objects that are not numbers.
    ValueError
        If X is complex, non-numeric, ragged or empty, holds NaN or infinity, or does not have two
        dimensions.

    Examples
    --------
    >>> from gmmx.checks.samples import check_samples
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
        Name of the argument, for messages.

    Returns
    -------
    ndarray
        The values, without a copy if they have this form already.
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
        Name of the argument, for messages.
    estimator_name : str, default=""
        If given, the message about NaN says that this estimator takes no missing values.
    """
    index = first_not_finite(array)
    if index is not None:
        raise _not_finite_error(array, index, name, estimator_name)


def first_not_finite(array: FloatArray) -> tuple[int, ...] | None:
    """Return the index of the first number that is NaN or infinite, None if there is none.

    Parameters
    ----------
    array : ndarray
        A C-contiguous array of any shape.

    Returns
    -------
    tuple of int or None

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx.checks.samples import first_not_finite
    >>> first_not_finite(np.array([[1.0, 2.0], [np.inf, np.nan]]))
    (1, 0)
    """
    with np.errstate(all="ignore"):
        total = np.add.reduce(array, axis=None)
    if math.isfinite(total):
        return None
    # The sum of finite numbers may overflow, so each number is checked now.
    flat = array.reshape(-1)
    for start in range(0, flat.size, _FINITE_BLOCK):
        is_finite = np.isfinite(flat[start : start + _FINITE_BLOCK])
        if not is_finite.all():
            position = start + int(np.argmin(is_finite))
            return tuple(int(i) for i in np.unravel_index(position, array.shape))
    return None


def check_spread(samples: FloatArray) -> None:
    """Raise ValueError if sums of squared differences between samples overflow.

    Parameters
    ----------
    samples : ndarray of shape (n_samples, n_features)
        Finite numbers.
    """
    # The spread of all values together is an upper bound, and is found sooner.
    spread = float(samples.max()) - float(samples.min())
    if spread * spread <= _largest_square(samples.dtype, samples.size):
        return
    check_spread_of_range(samples.min(axis=0), samples.max(axis=0), len(samples))


def check_spread_of_range(lowest: FloatArray, highest: FloatArray, n_samples: int) -> None:
    """Raise ValueError if sums of squared differences between samples overflow.

    Parameters
    ----------
    lowest, highest : ndarray of shape (n_features,)
        Range of the features, finite numbers.
    n_samples : int
        Number of samples.
    """
    with np.errstate(all="ignore"):
        spread = float((highest - lowest).max())
    if not spread * spread <= _largest_square(lowest.dtype, n_samples * lowest.size):
        raise ValueError(
            f"The values in X are too large: they differ by up to {spread:g}, whose square "
            f"overflows in {lowest.dtype}. Scale the data, for example to unit variance."
        )


def _largest_square(dtype: np.dtype[Any], n_values: int) -> float:
    """Return the largest square that may be summed over all values."""
    return float(np.finfo(dtype).max) / n_values


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
        # NumPy would drop the imaginary part of a complex number and the unit of a date.
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
    """Raise ValueError unless `array` has two dimensions."""
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
    array: FloatArray, index: tuple[int, ...], name: str, estimator_name: str
) -> ValueError:
    """Return the error for the number at `index`, the first that is not finite."""
    is_nan = bool(np.isnan(array[index]))
    found = "NaN" if is_nan else f"infinity or a value too large for {array.dtype!r}"
    message = f"Input {name} contains {found}. The first one is at index {index}."
    if is_nan and estimator_name:
        message += (
            f"\n{estimator_name} does not accept missing values encoded as NaN natively. Impute "
            "them or drop the samples that have them."
        )
    return ValueError(message)
