"""Conversion of the parameters of a mixture, or of its posterior, to fitted attributes and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from gmmx.bayes.posterior import FEWEST_SAMPLES, MixturePosterior, MixturePrior
from gmmx.bayes.weight_distributions import WeightDistribution
from gmmx.checks.parameters import check_fitted_matrices
from gmmx.em.loop import EMResult
from gmmx.model.covariance import ConjugateStructure, CovarianceStructure
from gmmx.model.parameters import MixtureParameters

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray


class MixtureAttributes(TypedDict):
    """Fitted attributes that both mixtures have, except number and names of the features."""

    weights_: NDArray[np.floating]
    means_: NDArray[np.floating]
    covariances_: NDArray[np.floating]
    precisions_: NDArray[np.floating]
    precisions_cholesky_: NDArray[np.floating]
    converged_: bool
    n_iter_: int
    lower_bound_: np.float64
    lower_bounds_: list[np.float64]


class PosteriorAttributes(MixtureAttributes):
    """Fitted attributes of a Bayesian mixture, except number and names of the features."""

    weight_concentration_prior_: float
    weight_concentration_: Array | tuple[Array, Array]
    mean_precision_prior_: float
    mean_precision_: Array
    mean_prior_: Array
    degrees_of_freedom_prior_: float
    degrees_of_freedom_: Array
    covariance_prior_: Array


def fitted_attributes(
    result: EMResult, dtype: np.dtype[Any] | type[np.float64]
) -> MixtureAttributes:
    """Return the fitted attributes of a result, with arrays of the given dtype."""
    parameters, covariance = result.parameters, result.parameters.covariance

    def array(values: Array) -> NDArray[np.floating]:
        return np.array(values, dtype=dtype)

    with np.errstate(all="ignore"):
        return {
            "weights_": array(parameters.weights),
            "means_": array(parameters.means),
            "covariances_": array(covariance.covariances),
            "precisions_": array(covariance.precisions()),
            "precisions_cholesky_": array(covariance.precisions_cholesky),
            "converged_": result.converged,
            "n_iter_": result.n_iter,
            "lower_bound_": np.float64(result.lower_bound),
            "lower_bounds_": [np.float64(bound) for bound in result.lower_bounds],
        }


def fitted_means_and_covariance(
    fitted: Mapping[str, Any], structure: type[CovarianceStructure]
) -> tuple[Array, CovarianceStructure]:
    """Return means and covariances in float64; precisions replace missing covariances."""
    means, factors = (
        np.ascontiguousarray(fitted[name], dtype=np.float64)
        for name in ("means_", "precisions_cholesky_")
    )
    factors = factors.reshape(np.shape(fitted["precisions_cholesky_"]))
    check_fitted_matrices(fitted, structure, structure.covariance_shape(*means.shape))
    if "covariances_" not in fitted:
        unknown = structure(factors, factors, *means.shape)
        return means, structure.from_precisions(unknown.precisions(), *means.shape)
    covariances = np.asarray(fitted["covariances_"], dtype=np.float64)
    return means, structure(covariances, factors, *means.shape)


def fitted_distribution(
    fitted: Mapping[str, Any], structure: type[CovarianceStructure]
) -> MixtureParameters:
    """Return weights, means and covariances in float64, with NaN in place of precisions."""
    weights, means, covariances = (
        np.asarray(fitted[name], dtype=np.float64)
        for name in ("weights_", "means_", "covariances_")
    )
    check_fitted_matrices(fitted, structure, structure.covariance_shape(*means.shape))
    unknown = np.full(covariances.shape, np.nan)
    return MixtureParameters(weights, means, structure(covariances, unknown, *means.shape))


def posterior_attributes(result: EMResult, prior: MixturePrior) -> PosteriorAttributes:
    """Return the fitted attributes of a Bayesian result, with arrays in float64."""
    posterior = result.parameters
    assert isinstance(posterior, MixturePosterior)
    return {
        **fitted_attributes(result, np.float64),
        "weight_concentration_prior_": prior.weight_distribution.prior_concentration,
        "weight_concentration_": posterior.weight_distribution.concentration,
        "mean_precision_prior_": prior.mean_precision,
        "mean_precision_": posterior.mean_precision,
        "mean_prior_": prior.mean,
        "degrees_of_freedom_prior_": prior.degrees_of_freedom,
        "degrees_of_freedom_": posterior.degrees_of_freedom[()],
        "covariance_prior_": prior.scatter[()],
    }


def fitted_posterior(
    fitted: Mapping[str, Any],
    weight_distribution: type[WeightDistribution],
    means: Array,
    covariance: CovarianceStructure,
) -> MixturePosterior:
    """Return the posterior that the fitted attributes describe."""
    weights = weight_distribution.from_concentration(fitted["weight_concentration_"])
    mean_precision, degrees_of_freedom = (
        np.asarray(fitted[name], dtype=np.float64, order="C")
        for name in ("mean_precision_", "degrees_of_freedom_")
    )
    return MixturePosterior(
        weights.mean(), means, covariance, weights, mean_precision, degrees_of_freedom
    )


def fitted_prior(fitted: Mapping[str, Any], posterior: MixturePosterior) -> MixturePrior:
    """Return the prior that the fitted attributes describe, of the same kind as the posterior."""
    structure = type(posterior.covariance)
    assert issubclass(structure, ConjugateStructure)
    return MixturePrior(
        structure,
        posterior.weight_distribution.symmetric(
            len(posterior.means), fitted["weight_concentration_prior_"]
        ),
        float(fitted["mean_precision_prior_"]),
        np.asarray(fitted["mean_prior_"], dtype=np.float64),
        float(fitted["degrees_of_freedom_prior_"]),
        np.asarray(fitted["covariance_prior_"], dtype=np.float64),
    )


def components_in_use(mean_precision: Array, mean_precision_prior: float) -> NDArray[np.bool_]:
    """Return whether each component holds samples: the precision of its mean counts them."""
    return np.asarray(mean_precision - mean_precision_prior >= FEWEST_SAMPLES)
