"""Many different partitions of the samples, for starts that compete."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from gmmx.samples.array_source import ArraySource
from gmmx.samples.moments import in_double
from gmmx.starts.kmeans import KMeans
from gmmx.starts.principal_axes import PrincipalAxes, whitened_source

if TYPE_CHECKING:
    from gmmx.arrays import Labels


class KMeansPartitions:
    """Partitions by k-means of the standardized and of the whitened samples.

    The results of k-means depend on the scales of the coordinates, so both are used.

    Parameters
    ----------
    samples : ArraySource
        Samples to partition.
    """

    def __init__(self, samples: ArraySource) -> None:
        axes, weight = PrincipalAxes.of(samples), in_double(samples.weight)
        standardized = axes.standardized(samples.X).astype(samples.dtype, copy=False)
        self._clusterings = (
            KMeans(ArraySource(standardized, samples.n_threads, weight)),
            KMeans(whitened_source(samples, axes)),
        )

    def draw(
        self,
        n_clusters: int,
        n_partitions: int,
        random_state: np.random.RandomState,
        share_of_kmeans: float = 0.5,
        *,
        interrupt: Callable[[], object] = lambda: None,
    ) -> list[Labels]:
        """Return up to `n_partitions` partitions, all without an empty cluster.

        By default half of them are the clusters of the k-means++ seeds, without Lloyd's
        iterations, so that they differ more. `interrupt` is called before each partition and may
        raise.
        """
        partitions = []
        for start in range(n_partitions):
            interrupt()
            kmeans = self._clusterings[start % 2]
            centers = kmeans.samples.rows(kmeans.seeds(n_clusters, random_state))
            is_refined = start % 4 < 4 * share_of_kmeans
            labels = kmeans.lloyd(centers)[0] if is_refined else kmeans.nearest(centers)
            if np.unique(labels).size == n_clusters:
                partitions.append(labels)
        return partitions
