"""Partitions of the samples, from which the fits of a search start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.samples.array_source import ArraySource
from gmmx.starts.kmeans import KMeans

if TYPE_CHECKING:
    from gmmx.arrays import Array, Labels


N_STARTS = 32


def clusterings_of(X: Array) -> tuple[KMeans, KMeans]:
    """Return k-means of the standardized and of the whitened samples.

    The results of k-means depend on the scales of the coordinates, so the starts use both.
    """
    standardized, whitened = _coordinates(X)
    return KMeans(ArraySource(standardized, 1)), KMeans(ArraySource(whitened, 1))


def partitions_of(
    clusterings: tuple[KMeans, KMeans], n_components: int, random_state: int
) -> list[Labels]:
    """Return partitions of the samples into `n_components` clusters.

    Half of them are the clusters of the k-means++ seeds, without Lloyd's iterations, so that the
    starts differ more.
    """
    draw = np.random.RandomState([random_state, n_components])
    partitions = []
    for start in range(N_STARTS if n_components > 1 else 1):
        kmeans = clusterings[start % 2]
        centers = kmeans.samples.rows(kmeans.seeds(n_components, draw))
        is_refined = start % 4 < 2
        labels = kmeans.lloyd(centers)[0] if is_refined else kmeans.nearest(centers)
        if np.unique(labels).size == n_components:
            partitions.append(labels)
    return partitions


def _coordinates(X: Array) -> tuple[Array, Array]:
    """Return standardized samples, and samples whitened in all directions with variance."""
    scale = X.std(axis=0)
    standardized = (X - X.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    variances, directions = np.linalg.eigh(standardized.T @ standardized / len(X))
    is_own = variances > 1e-10 * variances[-1]
    return standardized, standardized @ (directions[:, is_own] / np.sqrt(variances[is_own]))
