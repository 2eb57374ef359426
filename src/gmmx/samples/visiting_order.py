"""The order in which the passes of a fit read the samples of a window.

Sorting samples by their last label puts similar ones into one block. The pass can then skip
components whose responsibilities (below 2^-60) would not change any float64 sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx._core.interface import components

if TYPE_CHECKING:
    from gmmx.arrays import Array
    from gmmx.samples.kernel_parameters import PassOptions

FEWEST_FEATURES = 12  # with fewer, a distance takes less time than the test whether to skip it
SMALLEST_SHARE = 0.1  # of skipped pairs of a sample and a component; below it sorting costs more
# Squared distance between two means, in squared standard deviations, from which on a group of
# samples of one component can skip the other component.
FAR_SQ_DISTANCE = 200.0
LABEL_BYTES = 1 << 26  # of all samples; the samples of a larger fit are read in their order
FIRST_PAUSE = 4  # passes until the order is tried again; each further pause is twice as long


class VisitingOrder:
    """The labels of the last pass, and the order that sorts the labels of a window.

    Parameters
    ----------
    n_samples : int
        Number of samples, of at least `FEWEST_FEATURES` features.

    Attributes
    ----------
    is_ordered : bool
        Whether the current pass visits samples in the order of their labels.
    """

    def __init__(self, n_samples: int) -> None:
        self.n_samples = n_samples
        self.n_components = self.n_skipped = 0
        self.labels = np.empty(0, dtype=np.uint8)
        self.has_labels = self.takes_labels = self.is_ordered = False
        self.wait, self.pause = 0, FIRST_PAUSE

    def start_pass(self, means: Array, factors: Array) -> None:
        """Decide whether the next pass is ordered, and whether it takes labels to sort by."""
        n_components = len(means)
        was_ordered, self.is_ordered, self.takes_labels = self.is_ordered, False, False
        if n_components == 1 or not self._has_room(n_components):
            return
        if was_ordered and self.has_labels and self._share_skipped() < SMALLEST_SHARE:
            self.wait, self.pause = self.pause, 2 * self.pause
            self.has_labels = False
        if self.wait > 0:
            self.wait -= 1
        elif share_of_far_pairs(means, factors) < SMALLEST_SHARE:
            self.has_labels = False
        else:
            self.takes_labels, self.is_ordered = True, self.has_labels
            self.has_labels, self.n_skipped = True, 0

    def restart(self) -> None:
        """Forget the labels: the next passes are those of a new fit."""
        self.has_labels = self.takes_labels = self.is_ordered = False
        self.wait, self.pause = 0, FIRST_PAUSE

    def options(self, start: int, n_rows: int) -> PassOptions:
        """Return the options of the pass over a window: its labels, and its order."""
        if not self.takes_labels:
            return {}
        labels = self.labels[start : start + n_rows].astype(np.int64)
        if not self.is_ordered:
            return {"labels": labels}
        order = np.empty_like(labels)
        components.label_order(labels, self.n_components, order)
        return {"labels": labels, "order": order, "n_skipped": np.zeros(1, dtype=np.int64)}

    def keep(self, start: int, options: PassOptions) -> None:
        """Keep the labels of a window, and count the pairs that its pass skipped."""
        if "labels" in options:
            labels = options["labels"]
            self.labels[start : start + len(labels)] = labels
        if "n_skipped" in options:
            self.n_skipped += int(options["n_skipped"][0])

    def _has_room(self, n_components: int) -> bool:
        """Return whether labels of the samples fit in `LABEL_BYTES`, and make room for them."""
        dtype = np.min_scalar_type(n_components)
        if self.n_samples * dtype.itemsize > LABEL_BYTES:
            return False
        if n_components != self.n_components:
            self.has_labels = self.has_labels and n_components > self.n_components
            kept = self.labels if self.has_labels else np.zeros(self.n_samples, dtype=dtype)
            self.labels = kept.astype(dtype, copy=False)
            self.n_components = n_components
        return True

    def _share_skipped(self) -> float:
        """Return the share of pairs of a sample and another component that were skipped."""
        return self.n_skipped / (self.n_samples * (self.n_components - 1))


def share_of_far_pairs(means: Array, factors: Array) -> float:
    """Return the share of ordered pairs of components that are far apart.

    The distance is in standard deviations of the first component of a pair. `factors` are
    matrices, (n_components, n_features, n_features) or one matrix for all components.
    """
    n_components, n_features = means.shape
    n_far = 0
    for mean, factor in zip(
        means, np.broadcast_to(factors, (n_components, n_features, n_features)), strict=True
    ):
        whitened = (means - mean) @ factor
        n_far += int(np.count_nonzero((whitened * whitened).sum(axis=1) > FAR_SQ_DISTANCE))
    return float(n_far / (n_components * (n_components - 1)))
