"""The statistics of the samples that led from a prior to a posterior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx._core.interface.conjugate import EXTRA_COUNT
from gmmx.bayes.posterior import MixturePosterior, MixturePrior
from gmmx.model.statistics import SufficientStatistics

if TYPE_CHECKING:
    from gmmx.arrays import Array


def statistics_of(
    posterior: MixturePosterior,
    prior: MixturePrior,
    reg_covar: float,
    lower_bound: float,
    dtype: np.dtype[Any],
) -> SufficientStatistics:
    """Return the statistics from which the M-step computes the posterior.

    Parameters
    ----------
    posterior : MixturePosterior
        Posterior of the parameters.
    prior : MixturePrior
        Its prior.
    reg_covar : float
        Added to every variance of the samples by the M-step.
    lower_bound : float
        Lower bound of the log evidence, in nats. If it is not finite, the entropy of the
        responsibilities counts as 0, its smallest value.
    dtype : dtype
        Precision of the next pass over samples.

    Returns
    -------
    SufficientStatistics
        About the posterior means. The log-likelihood is such that `MixturePosterior.entropy`
        returns the entropy of the responsibilities that `lower_bound` contains.

    References
    ----------
    Bishop (2006), "Pattern recognition and machine learning", (10.58) to (10.63).
    """
    structure = prior.structure
    counts = np.maximum(posterior.mean_precision - prior.mean_precision - EXTRA_COUNT, 0)
    divisors = counts + EXTRA_COUNT
    distance = posterior.means - prior.mean
    shift = (prior.mean_precision / divisors)[:, np.newaxis] * distance
    apart = prior.mean_precision * posterior.mean_precision / divisors
    mass = divisors if "component" in structure.axes else divisors.mean()
    average = (
        _along(posterior.degrees_of_freedom, posterior) * posterior.covariance.covariances
        - prior.scatter
        - _average_of_products(apart, distance, posterior)
    ) / _along(np.asarray(mass), posterior)
    second = posterior.covariance.with_covariances(average).scatter(counts, reg_covar)
    statistics = SufficientStatistics(
        structure.layout, counts, np.zeros_like(shift), second, posterior.means + shift, 0.0
    ).about(posterior.means)
    entropy = lower_bound - posterior.log_normalizer() if np.isfinite(lower_bound) else 0.0
    return statistics.with_log_likelihood(entropy - posterior.entropy(statistics, dtype))


def _along(values: Array, posterior: MixturePosterior) -> Array:
    """Return values of components, or one value, in a shape to multiply covariances with."""
    n_axes = posterior.covariance.covariances.ndim
    return values.reshape(values.shape + (1,) * (n_axes - values.ndim))


def _average_of_products(scale: Array, distance: Array, posterior: MixturePosterior) -> Array:
    """Return scale_k distance_k distance_k^T in the shape of the covariances.

    Shared covariances get the mean over the components or features that share them.
    """
    axes = posterior.covariance.axes
    if posterior.covariance.are_matrices:
        products = np.einsum("k,kd,ke->kde", scale, distance, distance)
    else:
        products = scale[:, np.newaxis] * distance * distance
    missing = [i for i, axis in enumerate(("component", "feature")) if axis not in axes]
    return np.asarray(products.mean(axis=tuple(missing)))
