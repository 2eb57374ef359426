"""Variational Bayesian inference: the EM loop with a posterior in place of parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.covariance import DegenerateCovarianceError
from gmmx.degenerate import singular_error
from gmmx.em import ExpectationMaximization
from gmmx.parameters import MixtureParameters
from gmmx.posterior import MixturePosterior, MixturePrior
from gmmx.statistics import SufficientStatistics

if TYPE_CHECKING:
    from gmmx.arrays import Samples


class VariationalBayes(ExpectationMaximization):
    """The two steps of variational inference on one set of samples.

    The E-step is the pass over the samples under the posterior's expectations, the M-step adds
    their statistics to the prior.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Samples in float32 or float64, C-contiguous.
    prior : MixturePrior
        Prior of the parameters.
    reg_covar : float
        Added to every variance of the samples.
    n_threads : int
        Threads of the compiled pass.

    References
    ----------
    Bishop (2006), "Pattern recognition and machine learning", 10.2.
    """

    def __init__(self, X: Samples, prior: MixturePrior, reg_covar: float, n_threads: int) -> None:
        super().__init__(X, reg_covar, n_threads)
        self.prior = prior

    def start(self, statistics: SufficientStatistics) -> MixturePosterior:
        """Posterior of a first assignment of the samples."""
        try:
            return self.prior.posterior(statistics, self.reg_covar)
        except DegenerateCovarianceError as error:
            raise singular_error(error, statistics.counts, self.X) from error

    def update(
        self, statistics: SufficientStatistics, previous: MixtureParameters
    ) -> MixtureParameters:
        """Posterior of the parameters."""
        return self.prior.posterior(statistics, self.reg_covar)

    def sq_shift(self, statistics: SufficientStatistics, parameters: MixtureParameters) -> float:
        """That of maximum likelihood, as far as it counts beside the prior's scatter."""
        assert isinstance(parameters, MixturePosterior)
        whitened = parameters.covariance.whiten(statistics.shift)
        shares = statistics.counts / parameters.degrees_of_freedom
        return float(np.vdot(shares[:, np.newaxis] * whitened, whitened))

    def bound(
        self, statistics: SufficientStatistics, start: MixtureParameters, end: MixtureParameters
    ) -> float:
        """Lower bound of the evidence, in nats, less what depends on the prior only."""
        assert isinstance(start, MixturePosterior)
        assert isinstance(end, MixturePosterior)
        return start.entropy(statistics, self.X) + end.log_normalizer()
