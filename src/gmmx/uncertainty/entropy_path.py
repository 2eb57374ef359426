"""The path of merged clusters, from one for each component to a single one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import xlogy

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray


class EntropyPath(NamedTuple):
    """The merges that lower the entropy most, one after the other.

    Attributes
    ----------
    entropies : ndarray of shape (n_components,)
        Entropy of the assignment to 1, 2, ..., n_components clusters, in nats.
    children : ndarray of shape (n_components - 1, 2)
        The two clusters of each merge. Numbers below n_components are components;
        n_components + t is the cluster of merge t.
    """

    entropies: Array
    children: NDArray[np.int64]


def entropy_path(resp: Array, weight: Array | None) -> EntropyPath:
    """Return the path of merges, each of the pair of clusters that lowers the entropy most.

    The entropy is -sum_i w_i sum_k z_ik log z_ik, where z_ik is the probability of cluster k for
    sample i, the sum of the probabilities of its components.

    Parameters
    ----------
    resp : ndarray of shape (n_samples, n_components)
        Posterior probabilities of the components.
    weight : ndarray of shape (n_samples,) or None
        Weights of the samples.

    Returns
    -------
    EntropyPath
    """
    n_components = resp.shape[1]
    clusters = dict(enumerate(resp.T))
    entropy = {k: _entropy(z, weight) for k, z in clusters.items()}
    gains = {
        (a, b): _gain(a, b, clusters, entropy, weight)
        for a in range(n_components)
        for b in range(a + 1, n_components)
    }
    entropies, children = [sum(entropy.values())], []
    for new in range(n_components, 2 * n_components - 1):
        a, b = max(gains, key=gains.__getitem__)
        children.append((a, b))
        clusters[new] = clusters.pop(a) + clusters.pop(b)
        entropy[new] = entropy.pop(a) + entropy.pop(b) - gains[a, b]
        entropies.append(sum(entropy.values()))
        gains = {pair: gain for pair, gain in gains.items() if not {a, b} & {*pair}}
        gains |= {(k, new): _gain(k, new, clusters, entropy, weight) for k in clusters if k != new}
    entropies[-1] = 0.0  # of a single cluster, where rounding leaves another number
    return EntropyPath(
        np.maximum(entropies[::-1], 0.0),
        np.array(children, dtype=np.int64).reshape(n_components - 1, 2),
    )


def suggested_clusters(entropies: Array) -> int:
    """Return the number of clusters at which the entropy bends.

    Two lines that share this point fit the entropies best. With 1 or 2 components there is no
    point between two lines, and the number of components is returned.

    Examples
    --------
    >>> suggested_clusters(np.array([0.0, 1.0, 2.0, 12.0, 22.0]))
    3
    """
    n_components = len(entropies)
    if n_components < 3:
        return n_components
    counts = np.arange(1.0, n_components + 1)
    errors = [
        _line_error(counts[:bend], entropies[:bend])
        + _line_error(counts[bend - 1 :], entropies[bend - 1 :])
        for bend in range(2, n_components)
    ]
    return 2 + int(np.argmin(errors))


def _entropy(z: Array, weight: Array | None) -> float:
    """Return a cluster's part of the entropy."""
    terms = xlogy(z, z)
    return -float((terms if weight is None else weight * terms).sum())


def _gain(
    a: int, b: int, clusters: dict[int, Array], entropy: dict[int, float], weight: Array | None
) -> float:
    """Return the loss of entropy when two clusters are merged."""
    return entropy[a] + entropy[b] - _entropy(clusters[a] + clusters[b], weight)


def _line_error(x: Array, y: Array) -> float:
    """Return the sum of squared residuals of the line of least squares."""
    x, y = x - x.mean(), y - y.mean()
    slope = (x * y).sum() / (x * x).sum()
    return float(np.square(y - slope * x).sum())
