"""K-means for starting values: greedy k-means++ seeding and Lloyd's iterations.

Both follow scikit-learn step by step and draw the same random numbers, so that the same
`random_state` gives the same start. Distances are taken between samples and centers directly,
in the compiled pass, without a centered copy of the samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx._core import core
from gmmx.exceptions import warn_convergence
from gmmx.parameters import FIRST_MOMENTS, SECOND_MOMENTS, rounded_to, unpack_sums

if TYPE_CHECKING:
    from gmmx.arrays import Array, Labels, NDArray, Samples

MAX_ITER = 300
RELATIVE_TOL = 1e-4
BLOCK_VALUES = 1 << 18  # of distances computed at a time
# Up to so many distances to trial seeds are kept for the chosen one, or this share of X's size.
KEPT_DISTANCES = 1 << 17
KEPT_SHARE = 8


def kmeans_labels(
    X: Samples, n_clusters: int, random_state: np.random.RandomState, n_threads: int
) -> Labels:
    """Cluster of each sample, from one k-means++ start.

    References
    ----------
    Arthur, Vassilvitskii (2007), "k-means++: the advantages of careful seeding".
    Lloyd (1982), "Least squares quantization in PCM".
    """
    seeds = kmeans_plusplus(X, n_clusters, random_state, n_threads)
    labels = lloyd(X, X[seeds].astype(np.float64), n_threads)
    n_distinct = np.unique(labels).size
    if n_distinct < n_clusters:
        warn_convergence(
            f"Number of distinct clusters ({n_distinct}) found smaller than n_components "
            f"({n_clusters}): X has fewer distinct points than components."
        )
    return labels


def kmeans_plusplus(
    X: Samples, n_clusters: int, random_state: np.random.RandomState, n_threads: int
) -> NDArray[np.intp]:
    """Indices of samples as seeds, the best of a few trials drawn by squared distance each."""
    n_samples, n_trials = len(X), 2 + int(np.log(n_clusters))
    seeds = np.empty(n_clusters, dtype=np.intp)
    seeds[0] = min(int(random_state.random_sample() * n_samples), n_samples - 1)
    closest = np.full(n_samples, np.inf)
    potential = _move_closer(closest, _sq_distances(X, X[seeds[:1]], n_threads), 0)
    keep = n_samples * n_trials <= max(KEPT_DISTANCES, X.size // KEPT_SHARE)
    for c in range(1, n_clusters):
        draws = random_state.uniform(size=n_trials) * potential
        trials = np.searchsorted(np.cumsum(closest), draws).clip(max=n_samples - 1)
        blocks = _sq_distances(X, X[trials], n_threads)
        kept = list(blocks) if keep else []
        potentials = np.zeros(n_trials)
        for rows, distances in kept if keep else blocks:
            potentials += np.minimum(distances, closest[rows]).sum(axis=1, dtype=np.float64)
        best = int(np.argmin(potentials))
        seeds[c] = trials[best]
        if keep:
            potential = _move_closer(closest, kept, best)
        else:
            potential = _move_closer(closest, _sq_distances(X, X[seeds[c : c + 1]], n_threads), 0)
    return seeds


def _move_closer(closest: Array, blocks: Iterable[tuple[slice, Samples]], seed: int) -> float:
    """Update each sample's squared distance to its closest seed; return their sum."""
    for rows, distances in blocks:
        np.minimum(closest[rows], distances[seed], out=closest[rows])
    return float(closest.sum())


def _sq_distances(X: Samples, centers: Samples, n_threads: int) -> Iterator[tuple[slice, Samples]]:
    """Squared distances to each center, (n_centers, n_samples), of blocks of samples."""
    block = max(1, BLOCK_VALUES // len(centers))
    means = centers.astype(np.float64)
    scale, log_scale = np.ones(means.size), np.zeros(len(means))
    for start in range(0, len(X), block):
        samples = X[start : start + block]
        out = np.empty((len(centers), len(samples)), dtype=X.dtype)
        core.em_pass(samples, means, scale, log_scale, "diagonal", n_threads, weighted_log_prob=out)
        out *= -2
        yield slice(start, start + len(samples)), out


def lloyd(X: Samples, centers: Array, n_threads: int) -> Labels:
    """Cluster of each sample after Lloyd's iterations from given centers."""
    tol = RELATIVE_TOL * _mean_variance(X, n_threads)
    labels = np.empty(len(X), dtype=np.int64)
    previous = np.full(len(X), -1, dtype=np.int64)
    for _ in range(MAX_ITER):
        new_centers = _lloyd_iteration(X, centers, labels, n_threads)
        shift = float(((new_centers - centers) ** 2).sum())
        centers = new_centers
        if np.array_equal(labels, previous):
            return labels
        if shift <= tol:
            break
        previous, labels = labels, previous
    return nearest_center(X, centers, n_threads)


def nearest_center(X: Samples, centers: Array, n_threads: int) -> Labels:
    """The center nearest to each sample."""
    labels = np.empty(len(X), dtype=np.int64)
    _assign(X, centers, n_threads, labels=labels)
    return labels


def _lloyd_iteration(X: Samples, centers: Array, labels: Labels, n_threads: int) -> Array:
    """Assign samples to the nearest center; return their means."""
    origin = rounded_to(X, centers)
    sums = _assign(X, origin, n_threads, labels=labels, moments=FIRST_MOMENTS, origin=origin)
    assert sums is not None
    counts = sums[1 : 1 + len(centers)].copy()
    totals = sums[1 + len(centers) :].reshape(centers.shape).copy()
    if not counts.all():
        _relocate_empty(X, origin, labels, counts, totals, n_threads)
    occupied = np.maximum(counts, 1.0)[:, np.newaxis]
    moved = origin + totals / occupied
    moved[counts == 0] = moved[np.argmax(counts)]
    return moved


def _assign(X: Samples, centers: Array, n_threads: int, **options: Any) -> Array | None:
    """The compiled pass with all responsibility at the nearest center."""
    return core.em_pass(
        X, centers, np.ones(centers.size), np.zeros(len(centers)), "diagonal", n_threads,
        nearest=True, **options,
    )  # fmt: skip


def _relocate_empty(
    X: Samples, centers: Array, labels: Labels, counts: Array, totals: Array, n_threads: int
) -> None:
    """Move empty clusters to the samples farthest from their centers, in place."""
    closeness = np.empty(len(X), dtype=X.dtype)
    _assign(X, centers, n_threads, log_prob=closeness)
    if not closeness.any():
        return
    empty = np.flatnonzero(counts == 0)
    farthest = np.argpartition(-closeness, -empty.size)[: -empty.size - 1 : -1]
    for cluster, sample in zip(empty, farthest, strict=True):
        giver = labels[sample]
        totals[giver] -= X[sample] - centers[giver]
        counts[giver] -= 1
        totals[cluster] = X[sample] - centers[cluster]
        counts[cluster] = 1


def _mean_variance(X: Samples, n_threads: int) -> float:
    """Variance of the features, averaged."""
    origin = X[:1].astype(np.float64)
    sums = _assign(X, origin, n_threads, moments=SECOND_MOMENTS, origin=origin)
    statistics = unpack_sums(sums, "diagonal", origin)
    return float(statistics.scatter().mean()) / len(X)
