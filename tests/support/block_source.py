"""A second source of samples, to test that fits use only the interface `SampleSource`."""

from __future__ import annotations

import numpy as np

from gmmx.samples.array_source import ArraySource
from gmmx.samples.e_step import EStep


class BlockSource:
    """A `SampleSource` whose rows are in several arrays.

    Parameters
    ----------
    blocks : list of ndarray of shape (n_rows, n_features)
        The rows, in order.
    """

    n_threads, weight_unit = 1, 1.0

    def __init__(self, blocks):
        self.blocks = [ArraySource(block, self.n_threads) for block in blocks]
        self.n_samples = sum(map(len, blocks))
        self.total_weight = float(self.n_samples)
        self.n_features = blocks[0].shape[1]
        self.dtype = blocks[0].dtype

    def statistics(self, parameters, origin=None):
        """Return the statistics: plan one E-step and add the sums of all blocks."""
        e_step = EStep(parameters, self.n_samples, self.dtype, self.total, origin)
        return e_step.statistics(sum(e_step.sums(block.X, 1) for block in self.blocks))

    def total(self, layout):
        """Return the sum of the statistics of all blocks."""
        first, *others = (block.total(layout) for block in self.blocks)
        return sum(others, first)

    def worst_explained(self, parameters, excluded):
        """Return the sample of lowest density among the candidates of all blocks."""
        start, candidates = 0, []
        for block in self.blocks:
            worst = block.worst_explained(parameters, excluded)
            if worst is not None:
                _, log_prob = ArraySource(worst[1][np.newaxis], 1).labels_and_log_prob(parameters)
                candidates.append((log_prob[0], start + worst[0], worst[1]))
            start += block.n_samples
        return min(candidates, key=lambda one: one[:2])[1:] if candidates else None

    def in_memory(self):
        """Return all rows in one array."""
        return ArraySource(np.concatenate([block.X for block in self.blocks]), self.n_threads)
