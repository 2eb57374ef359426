"""Model-based agglomerative clustering: partitions into any number of clusters, from one tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx._core.interface.agglomeration import agglomerate
from gmmx.samples.array_source import ArraySource
from gmmx.samples.moments import in_double
from gmmx.starts.kmeans import KMeans
from gmmx.starts.principal_axes import PrincipalAxes, whitened_source
from gmmx.starts.quantiles import quantile_classes
from gmmx.starts.subset import draw_rows

if TYPE_CHECKING:
    from gmmx.arrays import Array, Labels, NDArray

MOST_ROWS = 2000  # of a tree, whose time grows with the square of this number
SEED = 19930903  # of the draw from more rows, which is the same in each fit


class Hierarchy:
    """Hierarchical clustering of one set of samples.

    Each row starts as a cluster, and the two clusters whose union costs the least classification
    likelihood of a mixture with full covariances merge, until one cluster is left. The rows are
    standardized and transformed to Z = X V diag(1 / sqrt(d)), with the singular values d. With no
    more rows than features Ward's criterion takes the place of the likelihood. For samples of one
    feature the clusters are classes between quantiles. These are the defaults of R's mclust. Where
    mergers cost the same, as in rounded samples, they may come in another order than in mclust, and
    lead to another partition.

    At most 2,000 rows make a tree; from more rows 2,000 are drawn by weight, with a fixed seed.
    Otherwise the weights are scaled so that their sum is at least the number of rows and at most
    2,000. If they are whole numbers then, each row counts as so many rows; else the rows start as
    clusters of their weights.

    Parameters
    ----------
    samples : ArraySource
        Samples to cluster.

    Attributes
    ----------
    rows : ndarray of shape (n_rows,)
        Indices of the samples that make the tree, sorted; one may occur several times.
    tree_samples : ArraySource
        These samples.

    References
    ----------
    Banfield, Raftery (1993), "Model-based Gaussian and non-Gaussian clustering", Biometrics 49.
    Fraley (1998), "Algorithms for model-based Gaussian hierarchical clustering", SIAM Journal on
    Scientific Computing 20.
    Scrucca, Raftery (2015), "Improved initialisation of model-based clustering using Gaussian
    hierarchical partitions", Advances in Data Analysis and Classification 9.
    """

    def __init__(self, samples: ArraySource) -> None:
        self.samples = samples
        self.rows, sizes = _rows_of_tree(samples)
        self.tree_samples = ArraySource(
            np.ascontiguousarray(samples.X[self.rows]), samples.n_threads, sizes
        )
        self._sizes = np.ones(len(self.rows)) if sizes is None else sizes
        self._axes = PrincipalAxes.of(self.tree_samples)
        self._merges = np.empty((0, 2), dtype=np.intp)
        if samples.n_features > 1:
            self._merges = _merges(self.tree_samples, self._axes, self._sizes)

    def partition(self, n_clusters: int) -> Labels:
        """Return the cluster of each row of the tree, at most `n_clusters` of them.

        There are no more clusters than distinct rows.

        Parameters
        ----------
        n_clusters : int
            Number of clusters.

        Returns
        -------
        ndarray of shape (n_rows,)
            Labels from 0, in the order of the first rows of the clusters.
        """
        if self.samples.n_features == 1:
            values = self.tree_samples.X[:, 0].astype(np.float64)
            return _numbered(quantile_classes(values, n_clusters, self._sizes))
        cluster = np.arange(len(self.rows))
        n_clusters = min(n_clusters, len(np.unique(self.tree_samples.X, axis=0)))  # of equal rows
        for kept, joined in self._merges[: len(self.rows) - n_clusters]:
            cluster[cluster == joined] = kept
        return _numbered(cluster)

    def partition_of_all(self, n_clusters: int) -> Labels:
        """Return the cluster of each sample; that of the nearest mean if it is not in the tree."""
        of_rows = self.partition(n_clusters)
        labels = np.full(self.samples.n_samples, -1, dtype=np.int64)
        labels[self.rows] = of_rows
        if (labels < 0).any():
            means = whitened_source(self.tree_samples, self._axes).means_of_labels(of_rows)
            nearest = KMeans(whitened_source(self.samples, self._axes)).nearest(means)
            labels = np.where(labels < 0, nearest, labels)
        return labels


def _rows_of_tree(samples: ArraySource) -> tuple[NDArray[np.int64], Array | None]:
    """Return the indices of the rows of the tree, and their weights if they are not all 1."""
    n_samples, weight = samples.n_samples, in_double(samples.weight)
    if n_samples > MOST_ROWS:
        return draw_rows(n_samples, weight, MOST_ROWS, np.random.default_rng(SEED)), None
    rows = np.arange(n_samples)
    if weight is None:
        return rows, None
    weight = weight * (np.clip(weight.sum(), n_samples, MOST_ROWS) / weight.sum())
    whole = np.rint(weight)
    if np.allclose(weight, whole, rtol=1e-9, atol=0.0):
        return np.repeat(rows, whole.astype(np.int64)), None
    return rows, weight


def _merges(samples: ArraySource, axes: PrincipalAxes, sizes: Array) -> NDArray[np.intp]:
    """Return the mergers of the rows, each a pair of rows whose clusters merge."""
    n_samples, n_features = samples.n_samples, samples.n_features
    # R divides by n - 1 to standardize, so that d^2 is n - 1 times a variance along an axis.
    freedom = max(sizes.sum() - 1, 1.0)
    Z = axes.powered(samples.X.astype(np.float64), -0.25)
    Z *= np.sqrt(freedom / sizes.sum()) / freedom**0.25
    alpha = float(sizes @ np.square(Z).sum(axis=1)) / (sizes.sum() * Z.shape[1])
    is_ward = n_samples <= n_features
    return agglomerate(Z.astype(np.float64), sizes, max(alpha, np.finfo(float).eps), is_ward)


def _numbered(clusters: NDArray[np.integer]) -> Labels:
    """Return labels from 0, in the order in which the clusters occur."""
    _, first, inverse = np.unique(clusters, return_index=True, return_inverse=True)
    numbers = np.empty(len(first), dtype=np.int64)
    numbers[np.argsort(first)] = np.arange(len(first))
    return numbers[inverse]
