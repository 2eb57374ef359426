"""Checks of the weights that a user gives to samples."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from gmmx.checks.samples import as_float_array

if TYPE_CHECKING:
    from gmmx.arrays import Array, FloatArray, NDArray, Samples

ROUNDING = 1e-6  # of a sum of weights, relative


def check_sample_weight(sample_weight: object, n_samples: int) -> Array | None:
    """Return the weights of samples in float64.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), number or None
        Weights; a number is the weight of each sample.
    n_samples : int
        Number of samples.

    Returns
    -------
    ndarray of shape (n_samples,) or None
        None if there are no weights.

    Raises
    ------
    ValueError
        If a weight is negative, NaN or infinite, if all weights are 0, if their sum overflows, or
        if there are not as many weights as samples.
    TypeError
        If the weights are not numbers.

    Examples
    --------
    >>> from gmmx.checks.weights import check_sample_weight
    >>> check_sample_weight([1, 2], 2)
    array([1., 2.])
    >>> check_sample_weight([1, -2], 2)
    Traceback (most recent call last):
    ...
    ValueError: sample_weight must not be negative: sample_weight[1] is -2. Set the weight of rows \
to leave out to 0.
    """
    if sample_weight is None:
        return None
    weight = _finite_weights(sample_weight, n_samples)
    with np.errstate(over="ignore"):
        check_total_weight(float(weight.sum()))
    return weight


def check_total_weight(total: float) -> None:
    """Raise ValueError unless the sum of all weights is a finite number above 0.

    Parameters
    ----------
    total : float
        The sum.
    """
    if not 0 < total < np.inf:
        raise ValueError(
            f"The sum of sample_weight is {total:g}: expected a finite number above zero."
        )


def check_weights_of_block(weight: object, n_rows: int, place: str) -> Array:
    """Return the weights of a block in float64; all may be 0.

    Parameters
    ----------
    weight : array-like of shape (n_rows,) or number
        Weights of the rows.
    n_rows : int
        Number of rows of the block.
    place : str
        Name of the block, for messages.

    Returns
    -------
    ndarray of shape (n_rows,)
    """
    try:
        return _finite_weights(weight, n_rows)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{place}: {error}") from error


def _finite_weights(sample_weight: object, n_samples: int) -> Array:
    """Return finite weights that are not negative, in float64."""
    if isinstance(sample_weight, Real):
        sample_weight = np.full(n_samples, float(sample_weight))
    weight = as_float_array(sample_weight, "sample_weight").astype(np.float64)
    if weight.shape != (n_samples,):
        raise ValueError(
            f"sample_weight.shape == {weight.shape}, expected {(n_samples,)}: one weight for each "
            "sample."
        )
    for is_bad, message in (
        (~np.isfinite(weight), "must be finite: sample_weight[{}] is {:g}."),
        (
            weight < 0,
            "must not be negative: sample_weight[{}] is {:g}. Set the weight of rows to leave out "
            "to 0.",
        ),
    ):
        if is_bad.any():
            first = int(np.argmax(is_bad))
            raise ValueError("sample_weight " + message.format(first, weight[first]))
    return weight


def check_weighted(
    samples: Samples, sample_weight: object, min_samples: int
) -> tuple[Samples, Array | None]:
    """Return the samples of positive weight, and their weights.

    Parameters
    ----------
    samples : ndarray of shape (n_samples, n_features)
        Checked samples.
    sample_weight : array-like of shape (n_samples,), number or None
        Weights as the user gives them.
    min_samples : int
        Smallest number of samples of positive weight.

    Returns
    -------
    tuple of ndarray of shape (n_kept, n_features) and ndarray of shape (n_kept,) or None
    """
    weight = check_sample_weight(sample_weight, len(samples))
    if weight is None:
        return samples, None
    is_positive = weight > 0
    n_kept = int(np.count_nonzero(is_positive))
    if n_kept < min_samples:
        raise ValueError(
            f"Found {n_kept} sample(s) of positive weight while a minimum of {min_samples} is "
            "required."
        )
    if n_kept == len(samples):
        return samples, weight
    return samples[is_positive], weight[is_positive]


def numbers_of_kept(sample_weight: object, n_samples: int, n_kept: int) -> NDArray[np.intp] | None:
    """Return the row numbers of the samples of positive weight, None if these are all samples.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), number or None
        Weights that `check_weighted` has accepted.
    n_samples, n_kept : int
        Number of samples, and number of samples of positive weight.
    """
    if n_kept == n_samples:
        return None
    return np.flatnonzero(np.asarray(sample_weight) > 0)


def weighted_sum(values: FloatArray, sample_weight: object) -> tuple[float, float]:
    """Return the weighted sum of values, one for each sample, and the sum of the weights."""
    weight = check_sample_weight(sample_weight, len(values))
    if weight is None:
        return float(np.add.reduce(values, dtype=np.float64)), len(values)
    is_positive = weight > 0  # a density of 0 counts for nothing with weight 0
    weighted = weight[is_positive] * values[is_positive]  # no BLAS: its threads change the digits
    return float(weighted.sum()), float(weight.sum())


def advice_on_repetitions(total: float, n_samples: int) -> str | None:
    """Return advice for weights that cannot be numbers of repetitions, None if they can.

    Parameters
    ----------
    total : float
        Sum of the weights.
    n_samples : int
        Number of samples of positive weight.

    Returns
    -------
    str or None
    """
    if total >= (1 - ROUNDING) * n_samples:
        return None
    return (
        f"The criteria count the weights as {total:.6g} samples. Unless they are numbers of "
        f"repetitions, scale them to the sum {n_samples}."
    )
