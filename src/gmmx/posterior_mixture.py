"""What a mixture with a posterior of its parameters offers beside predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.base import Mixture
from gmmx.covariance import DegenerateCovarianceError
from gmmx.em import EMResult
from gmmx.estimator import Attributes
from gmmx.fitting import fitted_means_and_covariance
from gmmx.mixture import GaussianMixture
from gmmx.posterior import MixturePosterior
from gmmx.posterior_attributes import components_in_use, fitted_posterior, fitted_prior
from gmmx.weight_distributions import WEIGHT_DISTRIBUTIONS, WeightDistribution

if TYPE_CHECKING:
    from gmmx.arrays import Array, ArrayLike


class PosteriorMixture(Mixture):
    """A mixture whose fitted attributes describe a posterior."""

    weight_concentration_prior_type: str
    weight_concentration_prior_: float
    weight_concentration_: tuple[Array, Array] | Array
    mean_precision_prior_: float
    mean_precision_: Array
    mean_prior_: Array
    degrees_of_freedom_prior_: float
    degrees_of_freedom_: Array
    covariance_prior_: Array

    _output_dtype = np.float64
    _predicts_from = (
        *Mixture._predicts_from,
        "weight_concentration_prior_type",
        "weight_concentration_",
        "mean_precision_",
        "degrees_of_freedom_",
    )

    _fitted_names = Mixture._fitted_names | {
        "weight_concentration_prior_", "weight_concentration_", "mean_precision_prior_",
        "mean_precision_", "mean_prior_", "degrees_of_freedom_prior_", "degrees_of_freedom_",
        "covariance_prior_",
    }  # fmt: skip

    @property
    def n_active_components_(self) -> int:
        """Number of components that hold at least one sample, counted by responsibilities."""
        return int(components_in_use(self.mean_precision_, self.mean_precision_prior_).sum())

    def elbo(self, X: ArrayLike) -> float:
        """Return a lower bound of the log evidence of X under the fitted posterior.

        Unlike `lower_bound_` it has every term, so that it compares numbers of components and
        priors. Each component has a Wishart distribution of its own here, also where it is
        restricted to a shared or a diagonal scale.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        float
            E log p(X, parameters, components) - E log q(parameters, components), in nats for all
            samples together, with the best q of the components.

        Raises
        ------
        ValueError
            If the prior's scatter is singular: then the prior has no density.

        References
        ----------
        Bishop (2006), "Pattern recognition and machine learning", 10.2.2.
        """
        log_likelihood = self.score_samples(X).sum(dtype=np.float64)
        posterior = self._parameters()
        try:
            divergence = posterior.divergence_from(fitted_prior(Attributes(self), posterior))
        except DegenerateCovarianceError as error:
            raise ValueError(
                "The evidence has no lower bound: covariance_prior_ is singular. Pass a "
                "covariance_prior that is positive definite."
            ) from error
        return float(log_likelihood) - divergence

    def prune(self, threshold: float | None = None) -> GaussianMixture:
        """Return a mixture of the components that are in use.

        Parameters
        ----------
        threshold : float, optional
            Smallest weight of a component that is kept. By default those are kept that
            `n_active_components_` counts.

        Returns
        -------
        GaussianMixture
            A fitted model with the expected weights, rescaled to sum 1, the expected means and
            the inverses of the expected precisions. It knows nothing of their uncertainty.
            `converged_`, `n_iter_`, `lower_bound_` and `lower_bounds_` are those of the fit that
            found them, bounds of the evidence.

        Raises
        ------
        ValueError
            If no component has so large a weight.
        """
        self._check_is_fitted()
        posterior = self._parameters()
        kept = (
            components_in_use(posterior.mean_precision, self.mean_precision_prior_)
            if threshold is None
            else posterior.weights >= threshold
        )
        if not kept.any():
            raise ValueError(
                f"threshold={threshold!r} leaves no component: the largest weight is "
                f"{posterior.weights.max():.6g}."
            )
        fitted = vars(self)
        result = EMResult(
            posterior.of(np.flatnonzero(kept)), fitted.get("lower_bounds_", []),
            fitted.get("n_iter_", 0), fitted.get("converged_", False),
            fitted.get("lower_bound_", -np.inf),
        )  # fmt: skip
        return GaussianMixture._of(result, np.float64, fitted.get("feature_names_in_"))

    def _get_parameters(self) -> tuple[Any, ...]:
        """Return the fitted attributes that determine the posterior."""
        return (
            self.weight_concentration_,
            self.mean_precision_,
            self.means_,
            self.degrees_of_freedom_,
            self.covariances_,
            self.precisions_cholesky_,
        )

    def _weight_distribution(self) -> type[WeightDistribution]:
        """Kind of distribution of the weights."""
        return WEIGHT_DISTRIBUTIONS[self.weight_concentration_prior_type]

    def _parameters(self) -> MixturePosterior:
        """The posterior in float64 from the fitted attributes, which users may have set."""
        fitted = Attributes(self)
        means, covariance = fitted_means_and_covariance(fitted, self._structure())
        return fitted_posterior(fitted, self._weight_distribution(), means, covariance)
