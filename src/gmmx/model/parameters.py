"""The parameters of a mixture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx._core.interface import components
from gmmx.model.covariance import CovarianceStructure
from gmmx.model.frozen import Frozen
from gmmx.model.statistics import SufficientStatistics

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray


class MixtureParameters(Frozen):
    """Weights, means and covariances of a Gaussian mixture, in float64.

    Attributes
    ----------
    weights : ndarray of shape (n_components,)
        Probabilities of the components.
    means : ndarray of shape (n_components, n_features)
        Means of the components.
    covariance : CovarianceStructure
        Covariances of the components.
    """

    weights: Array
    means: Array
    covariance: CovarianceStructure

    def __init__(self, weights: Array, means: Array, covariance: CovarianceStructure) -> None:
        vars(self).update(weights=weights, means=means, covariance=covariance)

    @property
    def empty(self) -> NDArray[np.intp]:
        """Components without samples; they keep their last means and covariances."""
        return np.flatnonzero(self.weights == 0)

    @property
    def log_weights(self) -> Array:
        """log weight_k, -inf for weight 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.weights)

    @property
    def component_log_scale(self) -> Array:
        """Log density of each component at its own mean: `log_scale` without the weights."""
        factors = self.covariance.factors().reshape(-1)
        n_components, n_features = self.means.shape
        return components.log_scale(
            np.ones(n_components), factors, self.covariance.layout, n_features
        )

    @property
    def log_scale(self) -> Array:
        """log weight_k + log det U_k - D/2 log 2 pi: log weighted density at the mean."""
        covariance = self.covariance
        factors = covariance.factors().reshape(-1)
        return components.log_scale(self.weights, factors, covariance.layout, self.means.shape[1])

    def with_weights(self, weights: Array) -> MixtureParameters:
        """Return the mixture of the same components with other weights."""
        return MixtureParameters(weights, self.means, self.covariance)

    def of(self, components: NDArray[np.intp]) -> MixtureParameters:
        """Return the mixture of some of the components, with weights rescaled to sum 1."""
        weights = self.weights[components]
        return MixtureParameters(
            weights / weights.sum(), self.means[components], self.covariance.of(components)
        )

    def sample(
        self, n_samples: int, random_state: np.random.RandomState
    ) -> tuple[Array, NDArray[np.int64]]:
        """Draw samples, grouped by component, and return them with their components.

        The random numbers are drawn in the same order as in scikit-learn.
        """
        counts = random_state.multinomial(n_samples, self.weights / self.weights.sum())
        dense, n_features = self.covariance.dense(), self.means.shape[1]
        blocks = []
        for count, mean, covariance in zip(counts, self.means, dense, strict=True):
            if self.covariance.are_matrices:
                block = random_state.multivariate_normal(mean, covariance, int(count))
            else:
                deviations = np.sqrt(np.diag(covariance))
                block = mean + random_state.standard_normal((count, n_features)) * deviations
            blocks.append(block)
        return np.vstack(blocks), np.repeat(np.arange(len(counts)), counts)


def maximize(
    statistics: SufficientStatistics,
    reg_covar: float,
    structure: type[CovarianceStructure],
    previous: CovarianceStructure | None = None,
    n_threads: int = 1,
    *,
    equal_weights: bool = False,
) -> MixtureParameters:
    """Return the parameters of the M-step: weights counts / n, means and covariances.

    A component whose count underflows gets weight 0. It keeps its mean, which is the origin of
    the statistics, and its `previous` covariance. With `equal_weights` all others have the same
    weight.
    """
    weights = statistics.counts
    if statistics.empty.size:
        weights = weights.copy()
        weights[statistics.empty] = 0
    if equal_weights:
        weights = equalized(weights)
    covariance = structure.estimate(statistics, reg_covar, previous, n_threads)
    return MixtureParameters(components.shares(weights), statistics.means, covariance)


def equalized(weights: Array) -> Array:
    """Return weights with sum 1 that are equal for all components whose weight is not 0."""
    is_used = (weights > 0).astype(np.float64)
    return np.asarray(is_used / is_used.sum())
