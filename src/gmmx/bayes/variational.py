"""Variational Bayesian inference: the EM loop with a posterior in place of parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.bayes.posterior import MixturePosterior, MixturePrior
from gmmx.em.loop import Step
from gmmx.em.maximum_likelihood import ExpectationMaximization
from gmmx.em.squarem import Chart
from gmmx.model.collapse import singular_error
from gmmx.model.covariance import ConjugateStructure, CovarianceStructure, DegenerateCovarianceError
from gmmx.model.parameters import MixtureParameters
from gmmx.model.statistics import SufficientStatistics, check_range

if TYPE_CHECKING:
    from gmmx.arrays import Array
    from gmmx.samples.source import SampleSource


class VariationalBayes(ExpectationMaximization):
    """The two steps of variational inference on one source of samples.

    The E-step is the pass over the samples under the posterior's expectations, the M-step adds
    their statistics to the prior.

    Parameters
    ----------
    samples : SampleSource
        Samples of the fit.
    prior : MixturePrior
        Prior of the parameters.
    reg_covar : float
        Added to every variance of the samples.

    References
    ----------
    Bishop (2006), "Pattern recognition and machine learning", 10.2.
    """

    def __init__(self, samples: SampleSource, prior: MixturePrior, reg_covar: float) -> None:
        super().__init__(samples, reg_covar)
        self.prior = prior

    def start(self, statistics: SufficientStatistics) -> MixturePosterior:
        """Return the posterior of a first assignment of the samples."""
        try:
            return self.prior.posterior(statistics, self.reg_covar)
        except DegenerateCovarianceError as error:
            raise singular_error(
                error, statistics.counts, self.samples.n_samples, self.samples.dtype
            ) from error

    def step(self, parameters: MixtureParameters) -> Step:
        """Make both steps: see `Steps`.

        The bound is that of the evidence, in nats, less what depends on the prior only.
        """
        assert isinstance(parameters, MixturePosterior)
        statistics = self.samples.statistics(parameters)
        check_range(statistics)
        end = self.m_step(statistics, parameters)
        assert isinstance(end, MixturePosterior)
        entropy = parameters.entropy(statistics, self.samples.dtype)
        return Step(end, entropy + end.log_normalizer())

    def update(
        self, statistics: SufficientStatistics, previous: MixtureParameters
    ) -> MixtureParameters:
        """Return the posterior of the parameters."""
        return self.prior.posterior(statistics, self.reg_covar)

    def chart(self, origin: MixtureParameters) -> Chart:
        """Coordinates of posteriors under this prior."""
        return PosteriorChart(origin, self.prior)

    def sq_shift(self, statistics: SufficientStatistics, parameters: MixtureParameters) -> float:
        """That of maximum likelihood, as far as it counts beside the prior's scatter."""
        assert isinstance(parameters, MixturePosterior)
        whitened = parameters.covariance.whiten(statistics.shift)
        shares = statistics.counts / parameters.degrees_of_freedom
        return float((shares[:, np.newaxis] * whitened).ravel() @ whitened.ravel())


class PosteriorChart(Chart):
    """Coordinates of the posteriors that samples can lead to from one prior.

    They are those of a mixture of the posterior's means and covariances, whose components count
    as much as the prior and their samples together. All other parameters follow from the counts.
    """

    def __init__(self, origin: MixtureParameters, prior: MixturePrior) -> None:
        super().__init__(origin)
        self.prior = prior
        self.n_samples = float((self.masses(origin) - prior.mean_precision).sum())

    @staticmethod
    def masses(parameters: MixtureParameters) -> Array:
        """Samples of each component, those that the prior stands for included."""
        assert isinstance(parameters, MixturePosterior)
        return parameters.mean_precision

    def mixture(
        self, log_ratios: Array, means: Array, covariance: CovarianceStructure
    ) -> MixturePosterior:
        """The posterior of as many samples as have led to the origin."""
        assert isinstance(covariance, ConjugateStructure)
        prior, masses = self.prior, self.masses(self.origin) * np.exp(log_ratios)
        counts = np.maximum(masses - prior.mean_precision, 0)
        counts *= self.n_samples / counts.sum()
        return prior.with_counts(counts, means, covariance)
