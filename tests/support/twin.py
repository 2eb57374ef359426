"""EM for Gaussian mixtures in plain NumPy, the reference for tests of the compiled code.

All computations are in float64 with dense matrices. For every covariance type a component consists
of a mean and a factor A (D, D) of its precision A^T A, so that one formula holds for all types:

    log N(x | mu, Sigma) = log det A - D / 2 log(2 pi) - |A (x - mu)|^2 / 2

Means are first subtracted from the samples, and second moments are taken about the new means in a
second pass. Sums use `einsum`, because on such small problems BLAS threads would only wait for each
other. Letters: n samples, K components, D features.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

Array = NDArray[np.floating[Any]]
Kind = Literal["covariances", "precisions"]

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical", "tied-diag", "tied-spherical")
# Covariance types of (D, D) matrices; the M-step of the last six is not a part of the twin.
OF_MATRICES = ("full", "tied", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV")


class Parameters(NamedTuple):
    """A mixture with covariances in the shape of their covariance type.

    full (K, D, D), tied (D, D), diag (K, D), spherical (K,), tied-diag (D,), tied-spherical ().
    """

    weights: Array  # (K,)
    means: Array  # (K, D)
    covariances: Array


def dense(matrices: ArrayLike, covariance_type: str, n_components: int, n_features: int) -> Array:
    """Return covariances or precisions of any type as an array of shape (K, D, D)."""
    matrices = np.asarray(matrices, dtype=np.float64)
    if covariance_type in ("tied", "tied-diag", "tied-spherical"):
        matrices = np.repeat(matrices[np.newaxis], n_components, axis=0)
    if covariance_type in ("spherical", "tied-spherical"):
        matrices = np.repeat(matrices[:, np.newaxis], n_features, axis=1)
    if covariance_type not in OF_MATRICES:
        matrices = matrices[:, :, np.newaxis] * np.eye(n_features)
    if matrices.shape != (n_components, n_features, n_features):
        raise ValueError(f"{covariance_type} matrices cannot become {matrices.shape}")
    return matrices


def invert(matrices: ArrayLike, covariance_type: str) -> Array:
    """Return the inverses: covariances of given precisions, or precisions of covariances."""
    matrices = np.asarray(matrices, dtype=np.float64)
    return np.linalg.inv(matrices) if covariance_type in OF_MATRICES else 1.0 / matrices


def precision_factors(dense_matrices: Array, kind: Kind = "covariances") -> Array:
    """Return triangular A (K, D, D) such that A^T A is the precision of each component.

    Raises ValueError if a matrix is singular to working precision. A squared pivot is the share of
    a feature's variance that the other features do not explain; in a singular matrix a squared
    pivot consists of rounding errors only.
    """
    n_features = dense_matrices.shape[-1]
    cholesky = np.linalg.cholesky(dense_matrices)  # LinAlgError is a ValueError
    diagonal = np.einsum("kdd->kd", cholesky)
    variances = np.einsum("kdd->kd", dense_matrices)
    smallest_pivot = np.min(diagonal**2 / variances)
    if not smallest_pivot > n_features * np.finfo(np.float64).eps:
        raise ValueError(f"singular {kind}: relative pivot {smallest_pivot}")
    if kind == "precisions":
        return cholesky.transpose(0, 2, 1)
    return _inverse_of_lower(cholesky)


def _inverse_of_lower(triangles: Array) -> Array:
    """Return the inverses of lower triangular matrices (K, D, D), by forward substitution."""
    inverses = np.zeros_like(triangles)
    for d, unit_vector in enumerate(np.eye(triangles.shape[-1])):
        known = np.einsum("ke,kef->kf", triangles[:, d, :d], inverses[:, :d])
        inverses[:, d] = (unit_vector - known) / triangles[:, d, d, np.newaxis]
    return inverses


def whiten(X: ArrayLike, means: Array, factors: Array) -> Array:
    """Return A_k (x_i - mu_k) as an array of shape (n, K, D)."""
    centred = np.asarray(X, dtype=np.float64)[:, np.newaxis, :] - means
    return np.einsum("kde,ike->ikd", factors, centred)


def log_constants(weights: Array, factors: Array) -> Array:
    """Return log weight + log det A - D / 2 log(2 pi) of each component, -inf for weight 0."""
    n_features = factors.shape[-1]
    log_det = np.log(np.einsum("kdd->kd", factors)).sum(axis=1)
    with np.errstate(divide="ignore"):
        log_weights = np.log(np.asarray(weights, dtype=np.float64))
    return log_weights + log_det - 0.5 * n_features * np.log(2.0 * np.pi)


def weighted_log_densities(X: ArrayLike, weights: Array, means: Array, factors: Array) -> Array:
    """Return log(weight_k N(x_i | k)), an array of shape (n, K); -inf where squares overflow."""
    with np.errstate(over="ignore"):
        sq_mahalanobis = (whiten(X, means, factors) ** 2).sum(axis=2)
    return log_constants(weights, factors) - 0.5 * sq_mahalanobis


def e_step(X: ArrayLike, weights: Array, means: Array, factors: Array) -> tuple[Array, Array]:
    """Return log densities of the mixture (n,) and responsibilities (n, K).

    If all log densities of a point are below the range of float64, its log density is -inf. Its
    responsibilities are computed from squared distances divided by a common scale, which do not
    overflow.
    """
    weighted = weighted_log_densities(X, weights, means, factors)
    log_prob = logsumexp(weighted, axis=1)
    is_far = np.isneginf(log_prob)
    relative = weighted.copy()
    if is_far.any():
        far_points = np.asarray(X, dtype=np.float64)[is_far]
        constants = log_constants(weights, factors)
        relative[is_far] = constants + _relative_to_nearest(
            whiten(far_points, means, factors), weights
        )
    return log_prob, np.exp(relative - logsumexp(relative, axis=1, keepdims=True))


def _relative_to_nearest(whitened: Array, weights: Array) -> Array:
    """Return -|y_ik|^2 / 2 minus the largest of its row, for y (n, K, D) whose squares overflow."""
    scale = np.abs(whitened).max(axis=(1, 2))[:, np.newaxis]
    scaled_distances = ((whitened / scale[:, :, np.newaxis]) ** 2).sum(axis=2)
    nearest = np.where(np.asarray(weights) > 0, scaled_distances, np.inf).min(axis=1, keepdims=True)
    excess = np.maximum(scaled_distances - nearest, 0.0)
    with np.errstate(over="ignore"):
        # In this order the product is 0 if `excess` is 0, even if scale^2 overflows.
        return -0.5 * (excess * scale) * scale


def m_step(
    X: ArrayLike,
    resp: ArrayLike,
    covariance_type: str,
    reg_covar: float = 0.0,
    previous: Parameters | None = None,
) -> Parameters:
    """Return the maximum-likelihood parameters for given responsibilities (n, K).

    A component without any responsibility gets weight 0 and keeps its `previous` mean and
    covariance.
    """
    X = np.asarray(X, dtype=np.float64)
    resp = np.asarray(resp, dtype=np.float64)
    counts = resp.sum(axis=0)
    is_empty = counts == 0.0
    if is_empty.any() and previous is None:
        raise ValueError(f"components without samples: {np.flatnonzero(is_empty)}")

    shares = resp / np.where(is_empty, 1.0, counts)
    means = _weighted_means(X, shares)
    if previous is not None:
        means = np.where(is_empty[:, np.newaxis], previous.means, means)
    weights = counts / counts.sum()
    covariances = _covariances(
        _component_covariances(X, shares, means), weights, covariance_type, reg_covar
    )
    if previous is not None and covariance_type in ("full", "diag", "spherical"):
        covariances[is_empty] = previous.covariances[is_empty]
    return Parameters(weights, means, covariances)


def _weighted_means(X: Array, shares: Array) -> Array:
    """Return sum_i s_ik x_i for shares s that sum to 1, corrected by the mean of the residuals."""
    means = np.einsum("ik,id->kd", shares, X)
    return means + np.einsum("ik,ikd->kd", shares, X[:, np.newaxis, :] - means)


def _component_covariances(X: Array, shares: Array, means: Array) -> Array:
    """Return sum_i s_ik (x_i - mu_k)(x_i - mu_k)^T as an array of shape (K, D, D)."""
    centred = X[:, np.newaxis, :] - means
    covariances = np.einsum("ikd,ike->kde", shares[:, :, np.newaxis] * centred, centred)
    return (covariances + covariances.transpose(0, 2, 1)) / 2.0


def _covariances(own: Array, weights: Array, covariance_type: str, reg_covar: float) -> Array:
    """Return covariances of one type, given the covariance of each component, `own` (K, D, D)."""
    n_features = own.shape[-1]
    pooled = np.einsum("k,kde->de", weights, own)
    if covariance_type == "full":
        return own + reg_covar * np.eye(n_features)
    if covariance_type == "tied":
        return pooled + reg_covar * np.eye(n_features)
    if covariance_type == "diag":
        return np.einsum("kdd->kd", own) + reg_covar
    if covariance_type == "spherical":
        return np.einsum("kdd->k", own) / n_features + reg_covar
    if covariance_type == "tied-diag":
        return np.diag(pooled) + reg_covar
    if covariance_type == "tied-spherical":
        return np.asarray(np.trace(pooled) / n_features + reg_covar)
    raise ValueError(f"unknown covariance_type {covariance_type!r}")


def run_em(
    X: ArrayLike,
    weights: ArrayLike,
    means: ArrayLike,
    precisions_or_covariances: ArrayLike,
    covariance_type: str,
    reg_covar: float,
    n_iter: int,
    *,
    kind: Kind = "covariances",
) -> tuple[list[float], Parameters]:
    """Return the lower bounds and the parameters of `n_iter` iterations of EM.

    A lower bound is the mean log-likelihood before an M-step. `kind` tells whether the starting
    matrices are covariances or precisions.
    """
    weights, means = np.asarray(weights, np.float64), np.asarray(means, np.float64)
    matrices = np.asarray(precisions_or_covariances, np.float64)
    factors = precision_factors(dense(matrices, covariance_type, *means.shape), kind)
    covariances = matrices if kind == "covariances" else invert(matrices, covariance_type)
    parameters = Parameters(weights, means, covariances)
    lower_bounds = []
    for _ in range(n_iter):
        log_prob, resp = e_step(X, parameters.weights, parameters.means, factors)
        lower_bounds.append(float(log_prob.mean()))
        parameters = m_step(X, resp, covariance_type, reg_covar, previous=parameters)
        factors = factors_of(parameters, covariance_type)
    return lower_bounds, parameters


def factors_of(parameters: Parameters, covariance_type: str) -> Array:
    """Return the precision factors (K, D, D) of a mixture."""
    _, means, covariances = parameters
    return precision_factors(dense(covariances, covariance_type, *means.shape))


def mean_log_likelihood(X: ArrayLike, parameters: Parameters, covariance_type: str) -> float:
    """Return the mean log density of the rows of X."""
    weights, means, _ = parameters
    log_prob, _ = e_step(X, weights, means, factors_of(parameters, covariance_type))
    return float(log_prob.mean())


def n_parameters(covariance_type: str, n_components: int, n_features: int) -> int:
    """Return the number of free parameters of a mixture."""
    triangle = n_features * (n_features + 1) // 2
    in_covariances = {
        "full": n_components * triangle,
        "tied": triangle,
        "diag": n_components * n_features,
        "spherical": n_components,
        "tied-diag": n_features,
        "tied-spherical": 1,
    }[covariance_type]
    return in_covariances + n_components * n_features + (n_components - 1)
