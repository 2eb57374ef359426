"""The samples that starting values are computed from, if not all samples are in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.samples.windows import Window, window_size

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray, Samples

START_WINDOWS = 2  # windows of samples for starting values
SEED = 19580928  # the draw depends on the numbers of the rows only


def start_size(n_features: int) -> int:
    """Return the largest number of samples for starting values."""
    return START_WINDOWS * window_size(n_features)


class StartSample:
    """A random sample of rows, drawn while the windows of the samples pass by.

    Each row has a random key, which depends on its number only. The rows with the smallest keys are
    kept: all rows, or `start_size` of them, or `fewest` if these are more.

    References
    ----------
    Cohen, Kaplan (2007), "Summarizing data using bottom-k sketches".
    """

    def __init__(self, n_features: int, fewest: int = 0) -> None:
        self.size = max(start_size(n_features), fewest)
        self.keys: Array = np.empty(0)
        self.rows: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.X: NDArray[np.floating] = np.empty((0, n_features))
        self.weight: Array = np.empty(0)

    def add(self, window: Window) -> None:
        """Draw from the rows of the next window."""
        n_rows = len(window.X)
        keys = np.random.default_rng((SEED, window.start)).random(n_rows)
        limit = np.inf if len(self.keys) < self.size else self.keys.max()
        drawn = np.flatnonzero(keys < limit)
        weight = np.ones(n_rows) if window.weight is None else window.weight
        keys = np.concatenate([self.keys, keys[drawn]])
        rows = np.concatenate([self.rows, window.start + drawn])
        kept = np.arange(len(keys))
        if len(keys) > self.size:
            kept = np.sort(np.argpartition(keys, self.size)[: self.size])
        n_before = len(self.rows)
        self.X = _stacked(
            self.X, kept[kept < n_before], window.X, drawn[kept[kept >= n_before] - n_before]
        )
        self.keys, self.rows = keys[kept], rows[kept]
        self.weight = np.concatenate([self.weight, weight[drawn]])[kept]


def _stacked(
    X: NDArray[np.floating], rows: NDArray[np.intp], other: Samples, other_rows: NDArray[np.intp]
) -> NDArray[np.floating]:
    """Return rows of `X`, then rows of `other`, without a copy of either in between."""
    n_rows = len(rows)
    stacked = np.empty((n_rows + len(other_rows), other.shape[1]), dtype=other.dtype)
    if n_rows > 0:
        X.take(rows, axis=0, out=stacked[:n_rows], mode="clip")  # other modes make a copy
    other.take(other_rows, axis=0, out=stacked[n_rows:], mode="clip")
    return stacked
