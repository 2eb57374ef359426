"""K-means for starting values: greedy k-means++ seeding and Lloyd's iterations.

Both follow scikit-learn step by step and draw the same random numbers, so that the same
`random_state` gives the same start. The kernels center the samples without a copy of them. For
most samples bounds of the distances show that the nearest center is still the same, so that no
distance to the other centers is computed.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from gmmx._core.interface import passes
from gmmx._core.interface.kmeans import Assignment, cluster_moments, kmeans_plusplus
from gmmx.exceptions import warn_convergence
from gmmx.samples.array_source import ArraySource
from gmmx.samples.moments import in_double, rounded_to

if TYPE_CHECKING:
    from gmmx.arrays import Array, Labels, NDArray, Samples

MAX_ITER = 300
RELATIVE_TOL = 1e-4
DISTANCES_AT_ONCE = 1 << 20  # to all centers, from which the nearest is taken


class KMeans:
    """K-means clustering of one set of samples.

    Parameters
    ----------
    samples : ArraySource
        Samples to cluster.

    References
    ----------
    Arthur, Vassilvitskii (2007), "k-means++: the advantages of careful seeding".
    Lloyd (1982), "Least squares quantization in PCM".
    """

    def __init__(self, samples: ArraySource) -> None:
        self.samples = samples
        self._weight = in_double(samples.weight)

    def partition(
        self, n_clusters: int, random_state: np.random.RandomState
    ) -> tuple[Labels, Array]:
        """Return the cluster of each sample and the clusters' means, from one k-means++ start."""
        seeds = self.seeds(n_clusters, random_state)
        labels, means = self.lloyd(self.samples.rows(seeds))
        n_distinct = np.count_nonzero(np.bincount(labels))
        warn_of_few_clusters(int(n_distinct), n_clusters)
        return labels, means

    def seeds(self, n_clusters: int, random_state: np.random.RandomState) -> NDArray[np.int64]:
        """Return the indices of the seeds.

        Each seed after the first is the best of a few samples, drawn with probabilities
        proportional to their squared distances from the nearest seed.
        """
        samples = self.samples
        first = samples.drawn(random_state.random_sample())
        draws = random_state.random_sample((n_clusters - 1, 2 + int(math.log(n_clusters))))
        return kmeans_plusplus(
            samples.X, self._moments[0], first, draws, samples.n_threads, self._weight
        )

    def lloyd(self, centers: Array) -> tuple[Labels, Array]:
        """Return the cluster of each sample and the clusters' means after Lloyd's iterations."""
        mean, variance = self._moments
        assignment = self._assignment(centers)
        for _ in range(MAX_ITER):
            n_changed = assignment.assign()
            counts, totals = assignment.counts, assignment.totals
            if assignment.has_empty():
                counts, totals = self._relocate_empty(assignment)
            shift = assignment.move_centers(counts, totals)
            if n_changed == 0 or shift <= RELATIVE_TOL * variance:
                break
        if n_changed > 0:
            assignment.assign()
        occupied = np.where(assignment.counts > 0, assignment.counts, 1.0)[:, np.newaxis]
        return assignment.labels, mean + assignment.totals / occupied

    def nearest(self, centers: Array) -> Labels:
        """Return the index of the center nearest to each sample."""
        assignment = self._assignment(centers)
        assignment.assign()
        return assignment.labels

    def _assignment(self, centers: Array) -> Assignment:
        """Return an assignment of the samples to centers, not made yet."""
        samples, mean = self.samples, self._moments[0]
        return Assignment(samples.X, mean, centers - mean, samples.n_threads, self._weight)

    @cached_property
    def _moments(self) -> tuple[Array, float]:
        """Mean of the samples, in their precision, and their variance, averaged over features."""
        samples, n_features = self.samples, self.samples.n_features
        origin = samples.X[:1].astype(np.float64)
        sums = cluster_moments(samples.X, origin, samples.n_threads, weight=self._weight)
        first, second = sums[0, 1:].reshape(2, n_features) / samples.total_weight
        variance = float((second - first * first).sum()) / n_features
        return rounded_to(samples.dtype, origin[0] + first), variance

    def _closeness(self, centers: Array) -> Samples:
        """Return -1/2 |x - center|^2 for the center nearest to each sample."""
        samples = self.samples
        closeness = np.empty(samples.n_samples, dtype=samples.dtype)
        size = max(1, DISTANCES_AT_ONCE // len(centers))
        for start in range(0, samples.n_samples, size):
            block = samples.X[start : start + size]
            log_prob = np.empty((len(centers), len(block)), dtype=samples.dtype)
            passes.em_pass(
                block, centers, np.ones(centers.size), np.zeros(len(centers)), "diagonal",
                samples.n_threads, weighted_log_prob=log_prob,
            )  # fmt: skip
            log_prob.max(axis=0, out=closeness[start : start + size])
        return closeness

    def _relocate_empty(self, assignment: Assignment) -> tuple[Array, Array]:
        """Return counts and totals after moving a sample into each empty cluster.

        The samples are the ones farthest from their centers.
        """
        samples = self.samples
        counts, totals = assignment.counts.copy(), assignment.totals.copy()
        mean, _ = self._moments
        labels, centers = assignment.labels, mean + assignment.centers
        closeness = self._closeness(centers)
        if not closeness.any():
            return counts, totals
        empty = np.flatnonzero(counts == 0)
        farthest = np.argpartition(-closeness, -empty.size)[: -empty.size - 1 : -1]
        for cluster, sample in zip(empty, farthest, strict=True):
            weight = 1.0 if samples.weight is None else float(samples.weight[sample])
            moved = weight * (samples.X[sample] - mean)
            totals[labels[sample]] -= moved
            counts[labels[sample]] -= weight
            totals[cluster], counts[cluster] = moved, weight
        return counts, totals


def warn_of_few_clusters(n_found: int, n_clusters: int) -> None:
    """Warn if there are fewer clusters than components."""
    if n_found < n_clusters:
        warn_convergence(
            f"Number of distinct clusters ({n_found}) found smaller than n_components "
            f"({n_clusters}): X has fewer distinct points than components."
        )
