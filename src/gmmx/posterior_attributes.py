"""What a fitted Bayesian mixture keeps of prior and posterior, and both from what it has kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.covariance import ConjugateStructure, CovarianceStructure
from gmmx.em import EMResult
from gmmx.fitting import fitted_attributes
from gmmx.posterior import FEWEST_SAMPLES, MixturePosterior, MixturePrior
from gmmx.weight_distributions import WeightDistribution

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray


def posterior_attributes(result: EMResult, prior: MixturePrior) -> dict[str, Any]:
    """Fitted attributes of a result, in float64."""
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
    """The posterior from fitted attributes."""
    weights = weight_distribution.from_concentration(fitted["weight_concentration_"])
    mean_precision, degrees_of_freedom = (
        np.asarray(fitted[name], dtype=np.float64, order="C")
        for name in ("mean_precision_", "degrees_of_freedom_")
    )
    return MixturePosterior(
        weights.mean(), means, covariance, weights, mean_precision, degrees_of_freedom
    )


def fitted_prior(fitted: Mapping[str, Any], posterior: MixturePosterior) -> MixturePrior:
    """The prior from fitted attributes, of the posterior's kind."""
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
    """Which components hold samples: the precisions of their means have counted them."""
    return np.asarray(mean_precision - mean_precision_prior >= FEWEST_SAMPLES)
