"""Responsibilities of samples whose squared distances from all means overflow.

The compiled pass cannot find the component nearest to such a sample. This module divides samples
and means by a power of two, which is exact, until the smallest squared distance is in range.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray, Samples

# Samples and means are divided by 2 to the power of these; the last makes any float64 zero.
EXPONENTS = (0, 512, 1024, 1536, 2100)


def far_log_responsibilities(X: Samples, means: Array, factors: Array, log_scale: Array) -> Array:
    """Return log responsibilities as if floating-point exponents had no bounds.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Samples, near or far.
    means : ndarray of shape (n_components, n_features)
        Means of the components.
    factors : ndarray
        Upper triangular U_k, (n_components, n_features, n_features); for variances
        1 / standard deviation, (n_components, n_features) or (n_components, 1).
    log_scale : ndarray of shape (n_components,)
        Log densities at the means plus log weights, in nats; -inf for weight 0.

    Returns
    -------
    ndarray of shape (n_samples, n_components)
        Log responsibilities in float64. The row of a sample does not depend on other samples.
    """
    present = np.flatnonzero(log_scale > -np.inf)
    log_resp = np.full((len(X), len(means)), -np.inf)
    left = np.arange(len(X))
    for exponent in EXPONENTS:
        with np.errstate(all="ignore"):
            is_in_range, excess = _excess_distances(
                np.ldexp(X[left].astype(np.float64), -exponent),
                np.ldexp(means[present], -exponent),
                factors[present],
            )
            relative = log_scale[present] - 0.5 * np.ldexp(excess, 2 * exponent)
            relative -= relative.max(axis=1, keepdims=True)
            relative -= np.log(np.exp(relative).sum(axis=1, keepdims=True))
        rows, left = left[is_in_range], left[~is_in_range]
        log_resp[np.ix_(rows, present)] = relative
        if not left.size:
            break
    return log_resp


def _excess_distances(X: Array, means: Array, factors: Array) -> tuple[NDArray[np.bool_], Array]:
    """Return which samples have a squared distance in range, and their excess distances.

    An excess distance is a squared distance minus the smallest squared distance of its sample.
    """
    whitened = np.stack(
        [_whiten(X - mean, factor) for mean, factor in zip(means, factors, strict=True)]
    )
    sq_distances = (whitened * whitened).sum(axis=2).T
    sq_distances[np.isnan(sq_distances)] = np.inf
    is_in_range = np.isfinite(sq_distances).any(axis=1)
    whitened, nearest = whitened[:, is_in_range], sq_distances[is_in_range].argmin(axis=1)
    excess = np.empty((len(nearest), len(means)))
    for j in np.unique(nearest):
        rows = nearest == j
        for k in range(len(means)):
            excess[rows, k] = _difference(whitened[:, rows], means, factors, k, int(j))
    excess[np.isnan(excess)] = np.inf
    return is_in_range, excess - excess.min(axis=1, keepdims=True)


def _difference(whitened: Array, means: Array, factors: Array, k: int, j: int) -> Array:
    """Return |z_k|^2 - |z_j|^2 as (z_k - z_j) (z_k + z_j), in which equal terms cancel exactly.

    If k and j have the same factor in a feature, z_k - z_j is computed from the difference of the
    means, because x - mean has lost its digits. Only an underflow by the scaling loses it.
    """
    is_shared = factors[k] == factors[j]
    if is_shared.ndim == 2:
        is_shared = is_shared.all(axis=0)
    between = _whiten(means[[j]] - means[[k]], factors[k])
    difference = np.where(is_shared, between, whitened[k] - whitened[j])
    return np.asarray((difference * (whitened[k] + whitened[j])).sum(axis=1))


def _whiten(shifts: Array, factor: Array) -> Array:
    """Return U^T s for rows s; the order of the sums does not depend on the number of rows."""
    if factor.ndim == 1:
        return shifts * factor
    whitened = np.zeros_like(shifts)
    for d, row in enumerate(factor):
        whitened[:, d:] += shifts[:, [d]] * row[d:]
    return whitened
