"""Mean log-likelihood of fitted parameters, computed with NumPy for all libraries alike."""

from __future__ import annotations

import numpy as np

from bench.cases.problem import Array, Parameters

ROWS = 4096  # rows of a chunk, which limit the memory


def mean_log_likelihood(X: Array, parameters: Parameters, covariance_type: str) -> float:
    """Return the mean log-likelihood of samples of any precision, in nats, as float64."""
    parameters = Parameters(*(np.asarray(values, np.float64) for values in parameters))
    weights, means, _ = parameters
    whiteners = [_whitener(parameters, covariance_type, k) for k in range(len(means))]
    log_det = np.array([log_det for _, log_det in whiteners])
    log_scale = np.log(weights) + log_det - 0.5 * means.shape[1] * np.log(2 * np.pi)
    total = 0.0
    for start in range(0, len(X), ROWS):
        rows = X[start : start + ROWS].astype(np.float64)
        log_prob = np.empty((len(rows), len(means)))
        for k, (factor, _) in enumerate(whiteners):
            centred = rows - means[k]
            whitened = centred @ factor if factor.ndim == 2 else centred * factor
            log_prob[:, k] = log_scale[k] - 0.5 * np.einsum("ij,ij->i", whitened, whitened)
        largest = log_prob.max(axis=1)
        total += float(np.sum(largest + np.log(np.exp(log_prob.T - largest).sum(axis=0))))
    return total / len(X)


def _whitener(parameters: Parameters, covariance_type: str, k: int) -> tuple[Array, float]:
    """Return the factor of a component's precision and the logarithm of its determinant."""
    _, means, covariances = parameters
    covariance = covariances if covariance_type == "tied" else covariances[k]
    if covariance_type in {"full", "tied"}:
        cholesky = np.linalg.cholesky(covariance)
        return np.linalg.inv(cholesky).T, -float(np.log(np.diag(cholesky)).sum())
    variances = np.broadcast_to(covariance, means.shape[1])
    return 1 / np.sqrt(variances), -0.5 * float(np.log(variances).sum())
