"""Prior and posterior distributions of a mixture's parameters.

Means and precisions have Gauss-Wishart distributions; the weights have a distribution of
`weight_distributions`. The M-step computes the posterior from the prior and the statistics.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx._core.interface import conjugate
from gmmx.bayes.weight_distributions import WeightDistribution
from gmmx.model.covariance import ConjugateStructure, DegenerateCovarianceError
from gmmx.model.covariance.cholesky import EPS, square
from gmmx.model.parameters import MixtureParameters
from gmmx.model.statistics import SufficientStatistics
from gmmx.samples.kernel_parameters import has_one_variance_each
from gmmx.samples.moments import rounded_to

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray
    from gmmx.model.covariance import CovarianceStructure

N_ROWS = 5  # rows that `OneFeatureIteration` returns before the terms of the normalizers
# A component whose responsibilities sum to less is not in use.
FEWEST_SAMPLES = 1.0


class MixturePosterior(MixtureParameters):
    """Posterior of a mixture's parameters.

    `weights` and `means` are expected values; `covariance` holds the inverses of the expected
    precisions.

    Attributes
    ----------
    weight_distribution : WeightDistribution
        Distribution of the weights.
    mean_precision : ndarray of shape (n_components,)
        Precisions of the means, in units of the components' precisions.
    degrees_of_freedom : ndarray of shape (n_components,) or ()
        Degrees of freedom of the Wishart distributions; one number for a shared covariance.

    References
    ----------
    Bishop (2006), "Pattern recognition and machine learning", 10.2.
    """

    weight_distribution: WeightDistribution
    mean_precision: Array
    degrees_of_freedom: Array

    def __init__(
        self,
        weights: Array,
        means: Array,
        covariance: CovarianceStructure,
        weight_distribution: WeightDistribution,
        mean_precision: Array,
        degrees_of_freedom: Array,
    ) -> None:
        super().__init__(weights, means, covariance)
        vars(self).update(
            weight_distribution=weight_distribution, mean_precision=mean_precision,
            degrees_of_freedom=degrees_of_freedom,
        )  # fmt: skip

    @property
    def empty(self) -> NDArray[np.intp]:
        """No component: a component without samples has the prior's parameters."""
        return np.empty(0, dtype=np.intp)

    @property
    def log_weights(self) -> Array:
        """E log weight_k."""
        return self.weight_distribution.expected_log()

    @property
    def component_log_scale(self) -> Array:
        """`log_scale` without the weights."""
        return self.log_scale - self.log_weights

    @cached_property
    def log_scale(self) -> Array:
        """E log weight_k + 1/2 E log det precision_k - D/2 (log 2 pi + 1 / mean precision_k)."""
        return np.asarray(self._terms[0][1])

    def log_normalizer(self) -> float:
        """Return the log integral that normalizes the density, without the powers of pi."""
        return self._terms[1] + self.weight_distribution.log_normalizer()

    @cached_property
    def _terms(self) -> tuple[Array, float]:
        """1/2 E log det precision_k and `log_scale`; `log_normalizer` without the weights' part."""
        return conjugate.gauss_wishart(
            self.weight_distribution.expected_log(), self.mean_precision,
            self.degrees_of_freedom.reshape(-1), self.covariance.precisions_cholesky.reshape(-1),
            self.means.shape[1],
        )  # fmt: skip

    def divergence_from(self, prior: MixturePrior) -> float:
        """Return the Kullback-Leibler divergence KL(self || prior), in nats.

        It is log Z_0 - log Z + (eta - eta_0) . E T, with normalizers Z, natural parameters eta and
        the sufficient statistics T: logarithms of the weights, log det precision, precision, and
        squared distance to the prior's mean.
        """
        n_features = self.means.shape[1]
        start = prior.without_samples()
        precisions = self.covariance.with_covariances(self.covariance.precisions()).dense()
        scatters = start.covariance.dense() * prior.degrees_of_freedom
        distance = self.means - prior.mean
        apart = np.einsum("kd,kde,ke->k", distance, precisions, distance)
        degrees = self.degrees_of_freedom - prior.degrees_of_freedom
        moved = (
            2 * degrees * self._terms[0][0]
            + prior.mean_precision * (n_features / self.mean_precision + apart)
            + np.einsum("kde,kde->k", scatters, precisions)
            - n_features * (1 + self.degrees_of_freedom)
        )
        return float(
            start.log_normalizer()
            - self.log_normalizer()
            + self.weight_distribution.moved_from(start.weight_distribution)
            + 0.5 * moved.sum()
        )

    def entropy(self, statistics: SufficientStatistics, dtype: np.dtype[Any]) -> float:
        """Return the entropy of the responsibilities, -sum_ik r_ik log r_ik, in nats.

        The statistics hold the sums of log r_ik = log scale_k - 1/2 |U_k^T (x_i - mean_k)|^2
        - log p_i. Factors and scales are rounded as in the kernels, which use U_k / sqrt(2) with
        one feature.
        """
        root = math.sqrt(0.5) if has_one_variance_each(self) else 1.0
        factors = rounded_to(dtype, root * self.covariance.factors()) / root
        precisions = square(factors) if self.covariance.are_matrices else factors * factors
        sq_distances = (precisions * statistics.second).sum()
        log_scale = rounded_to(dtype, self.log_scale)
        weighted = statistics.counts @ log_scale - 0.5 * sq_distances
        return float(statistics.log_likelihood - weighted)


@dataclass(frozen=True, eq=False)
class MixturePrior:
    """Prior of a mixture's parameters, the same for all components.

    Attributes
    ----------
    structure : type of ConjugateStructure
        Covariance structure.
    weight_distribution : WeightDistribution
        Distribution of the weights.
    mean_precision : float
        Weight of the prior's mean, as a number of samples.
    mean : ndarray of shape (n_features,)
        Expected mean of each component.
    degrees_of_freedom : float
        Degrees of freedom of the precisions' Wishart distributions.
    scatter : ndarray of shape ``structure.prior_shape(n_features)``
        Inverse of the Wishart distributions' scale.
    """

    structure: type[ConjugateStructure]
    weight_distribution: WeightDistribution
    mean_precision: float
    mean: Array
    degrees_of_freedom: float
    scatter: Array

    def posterior(self, statistics: SufficientStatistics, reg_covar: float) -> MixturePosterior:
        """Return the posterior of the parameters, given the statistics of the samples.

        `reg_covar` is added to the variances of the samples.
        """
        structure = self.structure
        n_components, n_features = statistics.origin.shape
        means, mean_precision = np.empty(statistics.origin.shape), np.empty(n_components)
        covariances = np.empty(structure.covariance_shape(n_components, n_features))
        degrees_of_freedom = np.empty(structure.degrees_shape(n_components))
        conjugate.gauss_wishart_posterior(
            statistics.counts, statistics.shift, statistics.origin, statistics.second.reshape(-1),
            self.mean, self.mean_precision, self.scatter.reshape(-1), self.degrees_of_freedom,
            reg_covar,
            means, mean_precision, degrees_of_freedom.reshape(-1), covariances.reshape(-1),
        )  # fmt: skip
        weight_distribution = self.weight_distribution.updated(
            statistics.counts + conjugate.EXTRA_COUNT
        )
        try:
            covariance = structure.from_covariances(covariances, n_components, n_features)
        except DegenerateCovarianceError:
            if not (structure.are_matrices and "component" in structure.axes):
                raise
            widen(covariances, statistics.counts < FEWEST_SAMPLES)
            covariance = structure.from_covariances(covariances, n_components, n_features)
        return MixturePosterior(
            weight_distribution.mean(), means, covariance, weight_distribution, mean_precision,
            degrees_of_freedom,
        )  # fmt: skip

    def posterior_of_rows(
        self, rows: Array, log_normalizer: float, of_weights: float
    ) -> MixturePosterior:
        """Return the posterior of one feature from the results of `OneFeatureIteration`."""
        means, mean_precision, degrees, covariances, factors = rows[:N_ROWS]
        n_components, n_parameters = len(means), (len(rows) - N_ROWS - 2) // 3
        first_term = N_ROWS + 2 + n_parameters
        weight_distribution = type(self.weight_distribution)(*rows[N_ROWS + 2 : first_term])
        shape = self.structure.covariance_shape(n_components, 1)
        posterior = MixturePosterior(
            rows[first_term], means.reshape(n_components, 1),
            self.structure(covariances.reshape(shape), factors.reshape(shape), n_components, 1),
            weight_distribution.with_terms(rows[first_term:], of_weights),
            mean_precision, degrees,
        )  # fmt: skip
        vars(posterior)["_terms"] = rows[N_ROWS : N_ROWS + 2], log_normalizer
        return posterior

    def with_counts(
        self, counts: Array, means: Array, covariance: ConjugateStructure
    ) -> MixturePosterior:
        """Return the posterior with given means, covariances and numbers of samples `counts`."""
        weight_distribution = self.weight_distribution.updated(counts)
        shares = counts if covariance.degrees_shape(len(counts)) else np.asarray(counts.mean())
        return MixturePosterior(
            weight_distribution.mean(), means, covariance, weight_distribution,
            self.mean_precision + counts, np.asarray(self.degrees_of_freedom + shares),
        )  # fmt: skip

    def without_samples(self) -> MixturePosterior:
        """Return the posterior without samples, which is the prior of all components."""
        weights = self.weight_distribution.mean()
        n_components, n_features = len(weights), len(self.mean)
        shape = self.structure.covariance_shape(n_components, n_features)
        covariances = np.broadcast_to(self.scatter / self.degrees_of_freedom, shape).copy()
        return MixturePosterior(
            weights, np.tile(self.mean, (n_components, 1)),
            self.structure.from_covariances(covariances, n_components, n_features),
            self.weight_distribution, np.full(n_components, self.mean_precision),
            np.full(self.structure.degrees_shape(n_components), self.degrees_of_freedom),
        )  # fmt: skip


def widen(covariances: Array, is_unused: NDArray[np.bool_]) -> None:
    """Increase the variances of components not in use by a few rounding errors, in place.

    Such a component has the prior's covariance. By default this is the covariance of all samples,
    which is singular, for example, if they lie on a line. A fit must not fail because of a
    component without samples.
    """
    n_features = covariances.shape[-1]
    variances = np.einsum("kdd->kd", covariances)
    variances[is_unused] *= 1 + 16 * n_features * EPS
