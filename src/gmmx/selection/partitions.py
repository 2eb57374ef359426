"""Partitions of the samples, from which the fits of a search start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.samples.array_source import ArraySource
from gmmx.selection.feature_scale import shares_of
from gmmx.starts.kmeans import KMeans

if TYPE_CHECKING:
    from gmmx.arrays import Array, Labels


INIT_PARAMS = ("all", "kmeans", "k-means++")


def clusterings_of(X: Array, weight: Array | None = None) -> tuple[KMeans, KMeans]:
    """Return k-means of the standardized and of the whitened samples, with their weights.

    The results of k-means depend on the scales of the coordinates, so the starts use both.
    """
    standardized, whitened = _coordinates(X, shares_of(weight))
    return (
        KMeans(ArraySource(standardized, 1, weight)), KMeans(ArraySource(whitened, 1, weight))
    )  # fmt: skip


def partitions_of(
    clusterings: tuple[KMeans, KMeans],
    n_components: int,
    n_init: int,
    init_params: str,
    random_state: int,
) -> list[Labels]:
    """Return up to `n_init` partitions of the samples into `n_components` clusters.

    They are clusters of k-means, or of its k-means++ seeds without Lloyd's iterations, or, by
    default, half of each, so that the starts differ more.
    """
    draw = np.random.RandomState([random_state, n_components])
    partitions = []
    for start in range(n_init if n_components > 1 else 1):
        kmeans = clusterings[start % 2]
        centers = kmeans.samples.rows(kmeans.seeds(n_components, draw))
        is_refined = init_params == "kmeans" or (init_params == "all" and start % 4 < 2)
        labels = kmeans.lloyd(centers)[0] if is_refined else kmeans.nearest(centers)
        if np.unique(labels).size == n_components:
            partitions.append(labels)
    return partitions


def _coordinates(X: Array, shares: Array | None) -> tuple[Array, Array]:
    """Return standardized samples, and samples whitened in all directions with variance."""
    centered = X - np.average(X, axis=0, weights=shares)
    scale = np.sqrt(np.average(centered * centered, axis=0, weights=shares))
    standardized = centered / np.where(scale > 0, scale, 1.0)
    correlations = np.cov(standardized, rowvar=False, bias=True, aweights=shares)
    variances, directions = np.linalg.eigh(np.atleast_2d(correlations))
    is_own = variances > 1e-10 * variances[-1]
    return standardized, standardized @ (directions[:, is_own] / np.sqrt(variances[is_own]))
