"""A batch of a stream, beside the statistics of all batches before it."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING

from gmmx.model.layouts import Layout
from gmmx.model.parameters import MixtureParameters
from gmmx.model.statistics import SufficientStatistics
from gmmx.samples.array_source import ArraySource

if TYPE_CHECKING:
    from gmmx.arrays import Array, FloatArray


class StreamSource:
    """A `SampleSource` whose statistics are a weighted mean of a batch and of its past.

    Parameters
    ----------
    batch : ArraySource
        Samples of the batch.
    past : SufficientStatistics
        Statistics of the batches before, in any scale. An infinite or unknown log-likelihood is
        replaced by that of the batch.
    share : float
        Share of the batch in the statistics, in (0, 1].
    total_weight : float
        Sum of the weights that the statistics stand for, with the user's weights.
    """

    def __init__(
        self, batch: ArraySource, past: SufficientStatistics, share: float, total_weight: float
    ) -> None:
        self.batch = batch
        self.past = past
        self.share = share
        self.n_features, self.dtype = batch.n_features, batch.dtype
        self.n_threads, self.weight_unit = batch.n_threads, batch.weight_unit
        self.total_weight = total_weight / batch.weight_unit
        self.n_samples = max(batch.n_samples, round(self.total_weight))

    def statistics(
        self, parameters: MixtureParameters, origin: Array | None = None
    ) -> SufficientStatistics:
        """Return the statistics of batch and past under the posterior: see `SampleSource`.

        The responsibilities of the past are those of the parameters at its time.
        """
        batch = self.batch.statistics(parameters, origin)
        batch = batch.scaled(self.share * self.total_weight / self.batch.total_weight)
        if self.share == 1:
            return batch
        past = self.past.scaled(
            (1 - self.share) * self.total_weight / float(self.past.counts.sum())
        )
        both = batch + past
        if isfinite(past.log_likelihood):
            return both
        return both.with_log_likelihood(batch.log_likelihood / self.share)

    def total(self, layout: Layout) -> SufficientStatistics:
        """Return the statistics of the batch as one component: see `SampleSource`."""
        return self.batch.total(layout)

    def worst_explained(
        self, parameters: MixtureParameters, excluded: Sequence[FloatArray]
    ) -> tuple[int, FloatArray] | None:
        """Return the sample of the batch with the lowest density: see `SampleSource`."""
        return self.batch.worst_explained(parameters, excluded)

    def in_memory(self) -> ArraySource:
        """Return the batch."""
        return self.batch
