"""Some rows in the place of many, for starts that need no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.samples.array_source import ArraySource
from gmmx.samples.moments import in_double

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray, Samples


def draw_rows(
    n_samples: int, weight: Array | None, n_drawn: int, draw: np.random.Generator
) -> NDArray[np.int64]:
    """Draw rows and return their indices, sorted.

    Without weights no row is drawn twice. With weights a row is drawn from each of `n_drawn` equal
    parts of the sum of the weights.
    """
    if weight is None:
        return np.sort(draw.choice(n_samples, n_drawn, replace=False))
    sums = np.cumsum(weight / weight.sum())
    points = (np.arange(n_drawn) + draw.random(n_drawn)) / n_drawn * sums[-1]
    rows = np.searchsorted(sums, points, side="right")
    return np.asarray(np.minimum(rows, n_samples - 1), dtype=np.int64)


def drawn_samples(
    X: Samples, weight: Array | None, n_drawn: int, draw: np.random.Generator
) -> tuple[Samples, Array | None]:
    """Draw rows; return each of them once, and with weights how often it was drawn."""
    rows, counts = np.unique(draw_rows(len(X), weight, n_drawn, draw), return_counts=True)
    return X[rows], None if weight is None else counts.astype(np.float64)


def subset_of(samples: ArraySource, largest: int, draw: np.random.Generator) -> ArraySource:
    """Return at most `largest` rows of the samples; all rows if there are no more."""
    if samples.n_samples <= largest:
        return samples
    X, weight = drawn_samples(samples.X, in_double(samples.weight), largest, draw)
    return ArraySource(X, samples.n_threads, weight)
