"""Names of features and the scale of their variances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gmmx.arrays import Array

RELATIVE_FLOOR = 1e-6  # reg_covar as a fraction of the smallest variance of a feature


def names_of(X: Array, feature_names: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of the features: the given names, or 'feature 0' and so on."""
    return tuple(feature_names or (f"feature {d}" for d in range(X.shape[1])))


def reg_covar_of(
    X: Array, feature_names: Sequence[str] | None = None, weight: Array | None = None
) -> float:
    """Return `reg_covar`, a small fraction of the smallest variance of a feature.

    Raise `ValueError` if a feature has no variance.
    """
    return RELATIVE_FLOOR * _smallest_variance(X, names_of(X, feature_names), shares_of(weight))


def shares_of(weight: Array | None) -> Array | None:
    """Return the shares of samples in the sum of their weights, None without weights."""
    return None if weight is None else np.asarray(weight / weight.sum())


def variance_of(column: Array, shares: Array | None) -> float:
    """Return the variance of one feature; infinity or zero if it is no number of float64."""
    with np.errstate(over="ignore", under="ignore"):
        centered = column - np.average(column, weights=shares)
        return float(np.average(centered * centered, weights=shares))


def _smallest_variance(X: Array, feature_names: Sequence[str], shares: Array | None) -> float:
    """Return the smallest variance of a feature; raise `ValueError` if one has no variance."""
    smallest = math.inf
    for name, column in zip(feature_names, X.T, strict=True):
        if column.min() == column.max():
            raise ValueError(f"{name} is {column[0]:g} in every row: leave it out")
        variance = variance_of(column, shares)
        if not 0 < RELATIVE_FLOOR * variance < math.inf:
            raise ValueError(f"{name} has variance {variance:g}: scale it")
        smallest = min(smallest, variance)
    return smallest
