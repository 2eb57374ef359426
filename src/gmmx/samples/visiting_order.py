"""The order in which the passes of a fit read the samples.

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
FIRST_PAUSE = 4  # passes until the order is tried again; each further pause is twice as long


class VisitingOrder:
    """The labels of the last pass, and the order that sorts them.

    Parameters
    ----------
    n_samples : int
        Number of samples, of at least `FEWEST_FEATURES` features.
    """

    def __init__(self, n_samples: int) -> None:
        self.n_samples = n_samples
        self.n_components = 0
        self.has_labels = self.was_ordered = False
        self.wait, self.pause = 0, FIRST_PAUSE
        self.n_skipped = np.zeros(1, dtype=np.int64)
        self.labels = np.empty(n_samples, dtype=np.int64)
        self.order = np.empty(n_samples, dtype=np.int64)

    def options(self, means: Array, factors: Array) -> PassOptions:
        """Return the options of the next pass: an order, or an output of labels to sort by."""
        n_components = len(means)
        if n_components == 1:
            return {}
        if n_components < self.n_components:
            self.has_labels = self.was_ordered = False
        self.n_components = n_components
        self._judge_last_pass(n_components)
        if self.wait > 0:
            self.wait -= 1
            return {}
        if share_of_far_pairs(means, factors) < SMALLEST_SHARE:
            self.has_labels = False
            return {}
        if not self.has_labels:
            self.has_labels = True
            return {"labels": self.labels}
        components.label_order(self.labels, n_components, self.order)
        self.was_ordered = True
        return {"labels": self.labels, "order": self.order, "n_skipped": self.n_skipped}

    def _judge_last_pass(self, n_components: int) -> None:
        """Pause if the last pass skipped too few pairs."""
        share = float(self.n_skipped[0]) / (self.n_samples * (n_components - 1))
        if self.was_ordered and share < SMALLEST_SHARE:
            self.wait, self.pause = self.pause, 2 * self.pause
            self.has_labels = False
        self.was_ordered = False


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
