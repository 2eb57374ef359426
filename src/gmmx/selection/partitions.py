"""Partitions of the samples that the fits of a search start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.samples.array_source import ArraySource
from gmmx.starts.kmeans import KMeans

if TYPE_CHECKING:
    from gmmx.arrays import Array, Labels


N_STARTS = 32


def clusterings_of(X: Array) -> tuple[KMeans, KMeans]:
    """K-means in standardized and in whitened coordinates, since it depends on their scales."""
    standardized, whitened = _coordinates(X)
    return KMeans(ArraySource(standardized, 1)), KMeans(ArraySource(whitened, 1))


def partitions_of(
    clusterings: tuple[KMeans, KMeans], n_components: int, random_state: int
) -> list[Labels]:
    """The partitions that fits with so many components start from.

    Half of them are left as seeded, for the sake of variety.
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
    """Samples standardized, and whitened in the directions that have variance of their own."""
    scale = X.std(axis=0)
    standardized = (X - X.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    variances, directions = np.linalg.eigh(standardized.T @ standardized / len(X))
    is_own = variances > 1e-10 * variances[-1]
    return standardized, standardized @ (directions[:, is_own] / np.sqrt(variances[is_own]))
