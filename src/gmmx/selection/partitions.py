"""Partitions of the samples: the starts of the fits in a search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gmmx.samples.array_source import ArraySource
from gmmx.starts.hierarchy import Hierarchy
from gmmx.starts.partitions import KMeansPartitions

if TYPE_CHECKING:
    from gmmx.arrays import Array, Labels


# The share of the partitions by k-means, the others being clusters of k-means++ seeds.
SHARES_OF_KMEANS = {"all": 0.5, "kmeans": 1.0, "k-means++": 0.0}
INIT_PARAMS = (*SHARES_OF_KMEANS, "hierarchical")


@dataclass(frozen=True)
class Clusterings:
    """Clusterings of the samples that give partitions into any number of components."""

    kmeans: KMeansPartitions
    hierarchy: Hierarchy | None


def clusterings_of(X: Array, weight: Array | None, init_params: str) -> Clusterings:
    """Return the clusterings of the samples, with their weights."""
    samples = ArraySource(X, 1, weight)
    is_needed = init_params in ("all", "hierarchical")
    return Clusterings(KMeansPartitions(samples), Hierarchy(samples) if is_needed else None)


def partitions_of(
    clusterings: Clusterings,
    n_components: int,
    n_init: int,
    init_params: str,
    random_state: int,
    interrupt: Callable[[], object] = lambda: None,
) -> list[Labels]:
    """Return up to `n_init` different partitions of the samples into `n_components` clusters.

    The first one is of the hierarchical clustering, if there is one. The others are clusters of
    k-means, or of its k-means++ seeds without Lloyd's iterations, or half of each, so that the
    starts differ more. `interrupt` is called before each of them and may raise.
    """
    draw = np.random.RandomState([random_state, n_components])
    if n_components == 1:
        return clusterings.kmeans.draw(1, 1, draw)
    partitions = []
    if clusterings.hierarchy is not None:
        hierarchical = clusterings.hierarchy.partition_of_all(n_components)
        if np.unique(hierarchical).size == n_components:
            partitions.append(hierarchical)
    share = SHARES_OF_KMEANS.get(init_params)
    if share is not None:
        n_left = n_init - len(partitions)
        partitions += clusterings.kmeans.draw(
            n_components, n_left, draw, share, interrupt=interrupt
        )
    return _different(partitions)


def _different(partitions: list[Labels]) -> list[Labels]:
    """Return the partitions without repetitions, whose clusters may be numbered differently."""
    first_of: dict[bytes, Labels] = {}
    for labels in partitions:
        _, first_rows, numbers = np.unique(labels, return_index=True, return_inverse=True)
        first_of.setdefault(first_rows[numbers].tobytes(), labels)
    return list(first_of.values())
