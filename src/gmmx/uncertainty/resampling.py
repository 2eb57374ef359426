"""Samples that a bootstrap draws in place of the given ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from gmmx.model.parameters import MixtureParameters
from gmmx.samples.array_source import ArraySource

if TYPE_CHECKING:
    from gmmx.arrays import Samples


def with_replacement(
    X: Samples, parameters: MixtureParameters, random_state: np.random.RandomState
) -> ArraySource:
    """Draw rows with replacement; a row that is drawn twice gets weight 2."""
    counts = np.bincount(random_state.randint(len(X), size=len(X)), minlength=len(X))
    drawn = counts > 0
    return ArraySource(X[drawn], 1, counts[drawn].astype(np.float64))


def with_random_weights(
    X: Samples, parameters: MixtureParameters, random_state: np.random.RandomState
) -> ArraySource:
    """Give each row a weight from the exponential distribution of mean 1."""
    return ArraySource(X, 1, random_state.standard_exponential(len(X)))


def from_the_mixture(
    X: Samples, parameters: MixtureParameters, random_state: np.random.RandomState
) -> ArraySource:
    """Draw as many rows from the mixture."""
    rows, _ = parameters.sample(len(X), random_state)
    return ArraySource(np.ascontiguousarray(rows, dtype=X.dtype), 1)


def without_row(X: Samples, row: int) -> ArraySource:
    """Leave one row out."""
    return ArraySource(np.delete(X, row, axis=0), 1)


RESAMPLING: dict[
    str, Callable[[Samples, MixtureParameters, np.random.RandomState], ArraySource]
] = {
    "nonparametric": with_replacement,
    "weighted": with_random_weights,
    "parametric": from_the_mixture,
}
