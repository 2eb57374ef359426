"""The prior of a Bayesian mixture: the user's values, checked, and defaults from the samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.bayes.posterior import MixturePrior
from gmmx.bayes.weight_distributions import WeightDistribution
from gmmx.checks.parameters import check_definite, checked_copy
from gmmx.model.covariance import ConjugateStructure
from gmmx.model.layouts import LAYOUTS

if TYPE_CHECKING:
    from gmmx.arrays import Array, ArrayLike
    from gmmx.samples.source import SampleSource


def prior_of(
    samples: SampleSource,
    structure: type[ConjugateStructure],
    weight_distribution: type[WeightDistribution],
    n_components: int,
    *,
    weight_concentration: float | None,
    mean_precision: float | None,
    mean: ArrayLike | None,
    degrees_of_freedom: float | None,
    covariance: ArrayLike | None,
) -> MixturePrior:
    """Return the prior with the user's values, and defaults for the values not given.

    Parameters
    ----------
    samples : SampleSource
        Samples of the fit; mean and covariance are computed from them where they are None.
    structure : type of ConjugateStructure
        Covariance structure.
    weight_distribution : type of WeightDistribution
        Kind of distribution of the weights.
    n_components : int
        Number of components.
    weight_concentration, mean_precision, degrees_of_freedom : float or None
        None stands for 1 / `n_components`, 1 and the number of features.
    mean : array-like of shape (n_features,) or None
        None stands for the mean of the samples.
    covariance : array-like of shape ``structure.prior_shape(n_features)`` or None
        None stands for the covariance of the samples.

    Returns
    -------
    MixturePrior

    Raises
    ------
    ValueError
        If a value cannot be used.
    """
    n_features = samples.n_features
    center = None if mean is None else _checked_mean(mean, n_features)
    degrees_of_freedom = _checked_degrees_of_freedom(degrees_of_freedom, n_features)
    scatter = None if covariance is None else _checked_covariance(covariance, structure, n_features)
    if center is None or scatter is None:
        total = samples.total(LAYOUTS[structure.layout].exact).to_layout(structure.layout)
        center = total.means[0] if center is None else center
        scatter = structure.default_prior(total, samples.n_samples) if scatter is None else scatter
    concentration = 1.0 / n_components if weight_concentration is None else weight_concentration
    return MixturePrior(
        structure=structure,
        weight_distribution=weight_distribution.symmetric(n_components, concentration),
        mean_precision=1.0 if mean_precision is None else float(mean_precision),
        mean=center,
        degrees_of_freedom=degrees_of_freedom,
        scatter=scatter,
    )


def _checked_mean(mean: ArrayLike, n_features: int) -> Array:
    """Return the user's mean in float64."""
    return checked_copy(mean, "mean_prior", "means", (n_features,)).astype(np.float64)


def _checked_degrees_of_freedom(degrees_of_freedom: float | None, n_features: int) -> float:
    """Return degrees of freedom for which the Wishart density can be normalized."""
    if degrees_of_freedom is None:
        return n_features
    if not degrees_of_freedom > n_features - 1:
        raise ValueError(
            "The parameter 'degrees_of_freedom_prior' should be greater than "
            f"{n_features - 1}, but got {degrees_of_freedom:.3f}."
        )
    return degrees_of_freedom


def _checked_covariance(
    covariance: ArrayLike, structure: type[ConjugateStructure], n_features: int
) -> Array:
    """Return the user's covariance in float64."""
    return check_definite(
        covariance,
        "covariance_prior",
        f"{structure.name} covariance_prior",
        structure.prior_shape(n_features),
        are_matrices=structure.are_matrices,
    ).astype(np.float64)
