"""Samples in blocks that need not fit in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gmmx.blocks.blocks_as_windows import windows_of_blocks
from gmmx.blocks.read_ahead import read_ahead
from gmmx.blocks.start_sample import StartSample
from gmmx.progress import progress
from gmmx.samples.array_source import ArraySource
from gmmx.samples.windowed_source import WindowedSource, weight_unit_of
from gmmx.samples.windows import Window, window_size

if TYPE_CHECKING:
    from gmmx.arrays import Array, FloatArray

    CheckedBlocks = Callable[[], Iterable[tuple[FloatArray, Array | None]]]


@dataclass(frozen=True, eq=False)
class Survey:
    """The findings of the first pass over samples in blocks.

    Attributes
    ----------
    n_samples : int
        Number of samples.
    lowest, highest : ndarray of shape (n_features,)
        Range of the features.
    total_weight, largest_weight : float
        Sum and maximum of the weights; `n_samples` and 1 without weights.
    has_weights : bool
        Whether the samples have weights.
    first_sample : ndarray of shape (1, n_features)
        The first sample.
    start : StartSample
        The samples that starting values are computed from.
    """

    n_samples: int
    lowest: FloatArray
    highest: FloatArray
    total_weight: float
    largest_weight: float
    has_weights: bool
    first_sample: FloatArray
    start: StartSample


def survey(blocks: CheckedBlocks, fewest_start_samples: int = 0) -> Survey | None:
    """Read all samples once; return None if there are none."""
    found: Survey | None = None
    for window in read_ahead(windows_of_blocks(blocks())):
        found = _with_window(found, window, fewest_start_samples)
    return found


def _with_window(found: Survey | None, window: Window, fewest_start_samples: int) -> Survey:
    """Return the survey of the windows up to this one."""
    X, weight = window.X, window.weight
    total, largest = float(len(X)), 1.0
    if weight is not None:
        total, largest = float(weight.sum()), float(weight.max())
    lowest, highest = X.min(axis=0), X.max(axis=0)
    if found is None:
        first, start = X[:1].copy(), StartSample(X.shape[1], fewest_start_samples)
    else:
        first, start = found.first_sample, found.start
        total, largest = found.total_weight + total, max(found.largest_weight, largest)
        lowest, highest = np.minimum(found.lowest, lowest), np.maximum(found.highest, highest)
    start.add(window)
    return Survey(
        window.start + len(X), lowest, highest, total, largest, weight is not None, first, start
    )


class BlockSource(WindowedSource):
    """A `SampleSource` whose samples are read block by block, in each pass anew.

    Parameters
    ----------
    blocks : callable
        Returns an iterable of checked samples and their positive weights, or None.
    found : Survey
        The findings of the first pass.
    n_threads : int
        Number of threads of the compiled passes.
    shows_progress : bool, default=False
        Whether to show the progress of each pass, if stderr is a terminal.
    """

    def __init__(
        self,
        blocks: CheckedBlocks,
        found: Survey,
        n_threads: int,
        *,
        shows_progress: bool = False,
    ) -> None:
        self._blocks = blocks
        self._shows_progress = shows_progress
        self._found = found
        unit = weight_unit_of(found.largest_weight) if found.has_weights else 1.0
        super().__init__(
            (found.n_samples, found.first_sample.shape[1]), found.first_sample.dtype, n_threads,
            found.total_weight / unit, unit, found.largest_weight / unit,
        )  # fmt: skip

    def windows(self) -> Iterator[Window]:
        """Yield the samples in windows; the next one is read meanwhile."""
        n_read = 0
        with self._progress() as advance:
            for window in read_ahead(windows_of_blocks(self._blocks())):
                n_read += len(window.X)
                if n_read > self.n_samples:
                    break
                weight = window.weight
                if weight is not None:
                    weight = (weight / self.weight_unit).astype(self.dtype, copy=False)
                yield Window(window.start, window.X, weight)
                advance()
        if n_read != self.n_samples:
            raise ValueError(
                f"X changed while it was read: it had {self.n_samples} samples in the first pass, "
                f"and {'more' if n_read > self.n_samples else n_read} in a later one."
            )

    def _progress(self) -> AbstractContextManager[Callable[[], object]]:
        """Return the progress of one pass."""
        if not self._shows_progress:
            return nullcontext(int)
        return progress(-(-self.n_samples // window_size(self.n_features)), "window")

    @property
    def first_sample(self) -> FloatArray:
        """The first sample, (1, n_features)."""
        return self._found.first_sample

    def in_memory(self) -> ArraySource:
        """Return a random sample of the rows, or all rows if they are few."""
        start = self._found.start
        weight = start.weight if self._found.has_weights else None
        return ArraySource(start.X, self.n_threads, weight)
