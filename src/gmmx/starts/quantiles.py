"""Classes of values between quantiles, as start of a mixture of one feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gmmx.arrays import Array, Labels


def quantile_classes(values: Array, n_classes: int, weight: Array) -> Labels:
    """Return classes of values between their quantiles, as the function qclass of R's mclust.

    The probabilities of the quantiles are evenly spaced; there are as many of them as needed for
    `n_classes` + 1 distinct quantiles. If some are left over, the ones closest to the next
    quantile are left out. If a class would be empty, the distinct values are shared out evenly.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Values.
    n_classes : int
        Number of classes.
    weight : ndarray of shape (n,)
        How often each value counts.

    Returns
    -------
    ndarray of shape (n,)
        Classes from 0, in the order of the values. If there are fewer distinct values than
        classes, each value is a class.
    """
    distinct, rank = np.unique(values, return_inverse=True)
    if n_classes >= len(distinct):
        return rank.astype(np.int64)
    if n_classes == 1:
        return np.zeros(len(values), dtype=np.int64)
    bounds = _distinct_quantiles(values, n_classes + 1, weight)
    classes = np.searchsorted(bounds[1:-1], values, side="right")
    if np.unique(classes).size < n_classes:
        classes = rank * n_classes // len(distinct)
    return classes.astype(np.int64)


def _distinct_quantiles(values: Array, n_quantiles: int, weight: Array) -> Array:
    """Return distinct quantiles, from the smallest to the largest value."""
    order = np.argsort(values, kind="stable")
    ordered, sums = values[order], np.cumsum(weight[order])
    n_probabilities, found = n_quantiles, np.empty(0)
    while len(found) < n_quantiles:
        found = np.unique(_quantiles(ordered, sums, np.linspace(0, 1, n_probabilities)))
        n_probabilities += 1
    surplus = np.argsort(np.diff(found), kind="stable")[: len(found) - n_quantiles]
    return np.delete(found, surplus)


def _quantiles(ordered: Array, sums: Array, probabilities: Array) -> Array:
    """Return quantiles of sorted values, the i-th of which counts sums[i] - sums[i - 1] times.

    They are those of `numpy.quantile` if each value is repeated so often.
    """
    position = probabilities * max(sums[-1] - 1, 0)
    whole = np.floor(position)
    last = len(ordered) - 1
    below = ordered[np.minimum(np.searchsorted(sums, whole, side="right"), last)]
    above = ordered[np.minimum(np.searchsorted(sums, whole + 1, side="right"), last)]
    return np.asarray(below + (position - whole) * (above - below))
