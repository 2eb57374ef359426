"""Convert a posterior and its prior to fitted attributes, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.bayes.posterior import FEWEST_SAMPLES, MixturePosterior, MixturePrior
from gmmx.bayes.weight_distributions import WeightDistribution
from gmmx.em.loop import EMResult
from gmmx.estimators.attributes import fitted_attributes
from gmmx.model.covariance import ConjugateStructure, CovarianceStructure

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray
    from gmmx.estimators.attributes import MixtureAttributes

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
