"""Merge components of a mixture into clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gmmx.checks.weights import check_sample_weight
from gmmx.contract.tables import Table
from gmmx.estimators.prediction import Predictions
from gmmx.uncertainty.entropy_path import entropy_path, suggested_clusters

if TYPE_CHECKING:
    from gmmx.arrays import Array, ArrayLike, NDArray


@dataclass(frozen=True, eq=False, repr=False)
class MergedComponents:
    """Clusters of a mixture's components; the result of `merge_components`.

    Attributes
    ----------
    model : GaussianMixture or BayesianGaussianMixture
        The mixture.
    n_clusters : int
        Suggested number of clusters.
    entropies : ndarray of shape (n_components,)
        Entropy of the assignment to 1, 2, ..., n_components clusters, in nats.
    children : ndarray of shape (n_components - 1, 2)
        The two clusters of each merge. Numbers below n_components are components;
        n_components + t is the cluster of merge t.
    resp : ndarray of shape (n_samples, n_components)
        Posterior probabilities of the components for the samples.
    """

    model: Predictions
    n_clusters: int
    entropies: Array
    children: NDArray[np.int64]
    resp: Array

    def components(self, n_clusters: int | None = None) -> list[list[int]]:
        """Return the components of each cluster.

        Parameters
        ----------
        n_clusters : int, optional
            Number of clusters, by default the suggested one.

        Returns
        -------
        list of list of int
            Indices of components; the clusters are sorted by their first components.

        Raises
        ------
        ValueError
            If `n_clusters` is not from 1 to the number of components.
        """
        n_components = len(self.entropies)
        wanted = self.n_clusters if n_clusters is None else n_clusters
        if not isinstance(wanted, int | np.integer) or not 1 <= wanted <= n_components:
            raise ValueError(
                f"n_clusters must be an int from 1 to {n_components}, the number of components. "
                f"Got {wanted!r} instead."
            )
        clusters = {k: [k] for k in range(n_components)}
        for merge, (a, b) in enumerate(self.children[: n_components - wanted].tolist()):
            clusters[n_components + merge] = sorted(clusters.pop(a) + clusters.pop(b))
        return sorted(clusters.values())

    def labels(self, n_clusters: int | None = None) -> NDArray[np.int64]:
        """Return the most probable cluster of each sample that `merge_components` got.

        Parameters
        ----------
        n_clusters : int, optional
            Number of clusters, by default the suggested one.

        Returns
        -------
        ndarray of shape (n_samples,)
            Indices of clusters.
        """
        return np.asarray(self._merged(self.resp, n_clusters).argmax(axis=1))

    def predict(self, X: ArrayLike, n_clusters: int | None = None) -> NDArray[np.int64]:
        """Return the most probable cluster of each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        n_clusters : int, optional
            Number of clusters, by default the suggested one.

        Returns
        -------
        ndarray of shape (n_samples,)
            Indices of clusters.
        """
        return np.asarray(self.predict_proba(X, n_clusters).argmax(axis=1))

    def predict_proba(self, X: ArrayLike, n_clusters: int | None = None) -> NDArray[np.floating]:
        """Return the probability of each cluster for each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        n_clusters : int, optional
            Number of clusters, by default the suggested one.

        Returns
        -------
        ndarray of shape (n_samples, n_clusters)
            Sums of the posterior probabilities of each cluster's components.
        """
        return self._merged(self.model.predict_proba(X), n_clusters)

    def _merged(self, resp: NDArray[np.floating], n_clusters: int | None) -> NDArray[np.floating]:
        """Return probabilities of clusters from the probabilities of components."""
        clusters = self.components(n_clusters)
        return np.stack([resp[:, cluster].sum(axis=1) for cluster in clusters], axis=1)

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        """Return the entropy and the clusters for each number of clusters, largest first."""
        n_components = len(self.entropies)
        rows = []
        for k in range(n_components, 0, -1):
            clusters = " ".join(f"{{{', '.join(map(str, one))}}}" for one in self.components(k))
            rows.append((str(k), f"{self.entropies[k - 1]:.4g}", clusters))
        caption = f"{n_components} components, suggested: {self.n_clusters} clusters"
        return Table(caption, ("clusters", "entropy", "components"), rows)


def merge_components(
    model: Predictions, X: ArrayLike, sample_weight: ArrayLike | None = None
) -> MergedComponents:
    """Merge components that overlap into clusters.

    BIC chooses the components that describe the density, of which several may be needed for one
    cluster that is not Gaussian. Step by step, the pair of clusters is merged that lowers the
    entropy of the assignment most, down to a single cluster. The density does not change.

    Parameters
    ----------
    model : GaussianMixture or BayesianGaussianMixture
        A fitted mixture.
    X : array-like of shape (n_samples, n_features)
        Samples, usually those of the fit.
    sample_weight : array-like of shape (n_samples,), number or None, default=None
        Weights of the samples. A sample of weight 2 counts as two equal samples; a sample of
        weight 0 is left out of the entropies.

    Returns
    -------
    MergedComponents
        The merges with their entropies, the suggested number of clusters, and predictions. Its
        representation is a table.

    Raises
    ------
    NotFittedError
        If the mixture is not fitted.
    TypeError, ValueError
        If `model` is no mixture of gmmx, or X or the weights are invalid.

    Notes
    -----
    The suggestion is the number of clusters at which two lines, one for fewer and one for more
    clusters, fit the entropies best. It is from 2 to n_components - 1 for 3 or more components.
    Where all entropies are close to 0 no components overlap, and there is nothing to merge.

    References
    ----------
    Baudry, Raftery, Celeux, Lo, Gottardo (2010), "Combining mixture components for clustering",
    Journal of Computational and Graphical Statistics 19.

    Examples
    --------
    Two of the three components make up one cluster in the form of a cross:

    >>> import numpy as np
    >>> from gmmx import GaussianMixture, merge_components
    >>> mixture = GaussianMixture.from_parameters(
    ...     [0.3, 0.3, 0.4], [[0.0, 0.0], [0.0, 0.0], [9.0, 9.0]],
    ...     [[9.0, 0.1], [0.1, 9.0], [1.0, 1.0]], covariance_type="diag")
    >>> mixture.random_state = 0
    >>> X, _ = mixture.sample(500)
    >>> merged = merge_components(mixture, X)
    >>> merged.n_clusters, merged.components()
    (2, [[0, 1], [2]])
    >>> merged.predict([[0.0, 3.0], [3.0, 0.0], [9.0, 8.0]])
    array([0, 0, 1])
    """
    if not isinstance(model, Predictions):
        raise TypeError(
            "merge_components needs a mixture of gmmx, such as GaussianMixture, got "
            f"{type(model).__name__}."
        )
    resp = np.asarray(model.predict_proba(X), dtype=np.float64)
    entropies, children = entropy_path(resp, check_sample_weight(sample_weight, len(resp)))
    return MergedComponents(model, suggested_clusters(entropies), entropies, children, resp)
