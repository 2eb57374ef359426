"""Partitions of the samples, from which the fits of a search start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gmmx.samples.array_source import ArraySource
from gmmx.starts.hierarchy import Hierarchy
from gmmx.starts.partitions import KMeansPartitions

if TYPE_CHECKING:
    from gmmx.arrays import Array, Labels


N_STARTS = 32  # by k-means


@dataclass(frozen=True)
class Clusterings:
    """Clusterings of the samples that give partitions into any number of components."""

    kmeans: KMeansPartitions
    hierarchy: Hierarchy


def clusterings_of(X: Array, weight: Array | None = None) -> Clusterings:
    """Return the clusterings of the samples, with their weights."""
    samples = ArraySource(X, 1, weight)
    return Clusterings(KMeansPartitions(samples), Hierarchy(samples))


def partitions_of(clusterings: Clusterings, n_components: int, random_state: int) -> list[Labels]:
    """Return partitions of the samples into `n_components` clusters.

    One is of the hierarchical clustering, the others are by k-means.
    """
    draw = np.random.RandomState([random_state, n_components])
    if n_components == 1:
        return clusterings.kmeans.draw(1, 1, draw)
    hierarchical = clusterings.hierarchy.partition_of_all(n_components)
    partitions = clusterings.kmeans.draw(n_components, N_STARTS, draw)
    is_whole = np.unique(hierarchical).size == n_components
    return [hierarchical, *partitions] if is_whole else partitions
