"""The likelihood ratio of a mixture and of one with a component more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gmmx.em.loop import EMResult, run_em
from gmmx.em.maximum_likelihood import ExpectationMaximization
from gmmx.model.collapse import DegenerateMixtureError
from gmmx.model.covariance import CovarianceStructure
from gmmx.model.parameters import MixtureParameters, maximize
from gmmx.samples.array_source import ArraySource
from gmmx.starts.kmeans import KMeans

FIRST_ITERATIONS = 10  # of each start, after which the best one goes on
MAX_ITER = 1000
# EM ends when the total log-likelihood changes by less, in nats. Under the null hypothesis the
# likelihood ratio has a standard deviation of some nats.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class LikelihoodRatio:
    """Fits of nested mixtures to one set of samples.

    The same fits are made to the data and to each bootstrap sample, with the same starts, so that
    a maximum which they miss is missed in both.

    Attributes
    ----------
    structure : type of CovarianceStructure
        Covariance structure of the mixtures.
    reg_covar : float
        Added to every variance.
    n_init : int
        Number of k-means++ starts of the larger mixture. A split of each component of the smaller
        one is a start, too.
    """

    structure: type[CovarianceStructure]
    reg_covar: float
    n_init: int

    def one_component(self, samples: ArraySource) -> EMResult:
        """Return the fit of a single component."""
        labels = np.zeros(samples.n_samples, dtype=np.int64)
        statistics = samples.statistics_of_labels(labels, 1, self.structure.layout)
        return self._em(samples, maximize(statistics, self.reg_covar, self.structure))

    def statistic(
        self,
        samples: ArraySource,
        null: MixtureParameters,
        random_state: np.random.RandomState,
    ) -> float:
        """Return twice the gain in log-likelihood by one component more.

        Parameters
        ----------
        samples : ArraySource
            Samples.
        null : MixtureParameters
            Start of the smaller mixture.
        random_state : RandomState
            Draws the starts of the larger mixture.

        Returns
        -------
        float
            The statistic; not below 0, since the larger mixture includes the smaller one.

        Raises
        ------
        DegenerateMixtureError
            If a component of the smaller mixture collapses, or one of the larger in every start.
        """
        smaller = self._em(samples, null)
        larger = self.larger(samples, smaller.parameters, random_state)
        gain = larger.lower_bound - smaller.lower_bound
        return max(0.0, 2 * samples.total_weight * gain)

    def larger(
        self,
        samples: ArraySource,
        smaller: MixtureParameters,
        random_state: np.random.RandomState,
    ) -> EMResult:
        """Return the best fit of a mixture with a component more.

        All starts make a few iterations, the best one goes on. If it collapses, the next best one
        takes its place.
        """
        last: DegenerateMixtureError | None = None
        first = []
        for start in self._starts(samples, smaller, random_state):
            try:
                first.append(self._em(samples, start, FIRST_ITERATIONS))
            except DegenerateMixtureError as error:
                last = error
        for result in sorted(first, key=lambda one: -one.lower_bound):
            try:
                return self._em(samples, result.parameters)
            except DegenerateMixtureError as error:
                last = error
        assert last is not None
        raise last

    def _em(
        self, samples: ArraySource, start: MixtureParameters, max_iter: int = MAX_ITER
    ) -> EMResult:
        """Return the result of EM."""
        steps = ExpectationMaximization(samples, self.reg_covar)
        with np.errstate(all="ignore"):
            return run_em(start, steps, TOLERANCE / samples.total_weight, max_iter)

    def _starts(
        self,
        samples: ArraySource,
        smaller: MixtureParameters,
        random_state: np.random.RandomState,
    ) -> Iterator[MixtureParameters]:
        """Yield starting values of a mixture with a component more than `smaller`.

        Components at k-means++ seeds start with the mean covariance of the smaller mixture.
        """
        n_components = len(smaller.weights)
        for k in range(n_components):
            yield split(smaller, k)
        weights = np.full(n_components + 1, 1 / (n_components + 1))
        pooled = smaller.covariance.with_pooled(np.arange(n_components), smaller.weights)
        covariance = pooled.of(np.zeros(n_components + 1, dtype=np.intp))
        kmeans = KMeans(samples)
        for _ in range(self.n_init):
            seeds = kmeans.seeds(n_components + 1, random_state)
            yield MixtureParameters(weights, samples.rows(seeds), covariance)


def split(parameters: MixtureParameters, component: int) -> MixtureParameters:
    """Return the mixture with two components in place of one.

    The two means lie one standard deviation to either side of the mean, in the direction of the
    largest variance. Weight and covariance are shared.
    """
    variances, directions = np.linalg.eigh(parameters.covariance.dense()[component])
    shift = np.sqrt(variances[-1]) * directions[:, -1]
    doubled = np.sort([*range(len(parameters.weights)), component])
    larger = parameters.of(doubled)
    weights = parameters.weights[doubled]
    weights[component : component + 2] /= 2
    means = larger.means.copy()
    means[component] -= shift
    means[component + 1] += shift
    return MixtureParameters(weights, means, larger.covariance)
