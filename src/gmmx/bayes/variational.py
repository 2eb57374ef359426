"""Variational Bayesian inference: the EM loop over posteriors instead of parameters."""

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
    from gmmx.em.stopping import StoppingRule
    from gmmx.samples.source import SampleSource


class VariationalBayes(ExpectationMaximization):
    """The two steps of variational inference on one source of samples.

    The E-step is the pass over the samples with expectations under the posterior. The M-step adds
    the statistics of the samples to the prior.

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

    def statistics(
        self, parameters: MixtureParameters, origin: Array | None = None
    ) -> SufficientStatistics:
        """Return the statistics of the E-step, which count beside the prior."""
        return self._with_unit(self.samples.statistics(parameters, origin))

    def _with_unit(self, statistics: SufficientStatistics) -> SufficientStatistics:
        """Return statistics with the user's weights."""
        unit = self.samples.weight_unit
        return statistics if unit == 1.0 else statistics.scaled(unit)

    def start(self, statistics: SufficientStatistics) -> MixturePosterior:
        """Return the posterior after a first assignment of samples to components."""
        try:
            return self.prior.posterior(self._with_unit(statistics), self.reg_covar)
        except DegenerateCovarianceError as error:
            raise singular_error(
                error, statistics.counts, self.samples.total_weight, self.samples.dtype
            ) from error

    def step(self, parameters: MixtureParameters) -> Step:
        """Make one E-step and one M-step: see `Steps`.

        The bound is the lower bound of the log evidence, in nats, without the terms that depend
        on the prior only.
        """
        assert isinstance(parameters, MixturePosterior)
        statistics = self.statistics(parameters)
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

    def compiled(self, start: MixtureParameters, stopping: StoppingRule) -> None:
        """Return None: the compiled steps are those of maximum likelihood."""

    def chart(self, origin: MixtureParameters) -> Chart:
        """Return the coordinates of posteriors about `origin`, under this prior."""
        return PosteriorChart(origin, self.prior)

    def sq_shift(self, statistics: SufficientStatistics, parameters: MixtureParameters) -> float:
        """Return the squared shift, weighted by counts / degrees of freedom.

        The prior's scatter reduces the effect of a shift on the posterior's covariance.
        """
        assert isinstance(parameters, MixturePosterior)
        whitened = parameters.covariance.whiten(statistics.shift)
        shares = statistics.counts / parameters.degrees_of_freedom
        return float((shares[:, np.newaxis] * whitened).ravel() @ whitened.ravel())


class PosteriorChart(Chart):
    """Coordinates of the posteriors that samples can produce from one prior.

    The means and covariances have the coordinates of a mixture. The mass of a component is the
    number of its samples plus the prior's mean precision; all other parameters follow from the
    counts.
    """

    def __init__(self, origin: MixtureParameters, prior: MixturePrior) -> None:
        super().__init__(origin)
        self.prior = prior
        self.n_samples = float((self.masses(origin) - prior.mean_precision).sum())

    @staticmethod
    def masses(parameters: MixtureParameters) -> Array:
        """Return the mean precisions: the counts plus the prior's mean precision."""
        assert isinstance(parameters, MixturePosterior)
        return parameters.mean_precision

    def mixture(
        self, log_ratios: Array, means: Array, covariance: CovarianceStructure
    ) -> MixturePosterior:
        """Return the posterior with as many samples as the origin's."""
        assert isinstance(covariance, ConjugateStructure)
        prior, masses = self.prior, self.masses(self.origin) * np.exp(log_ratios)
        counts = np.maximum(masses - prior.mean_precision, 0)
        counts *= self.n_samples / counts.sum()
        return prior.with_counts(counts, means, covariance)
