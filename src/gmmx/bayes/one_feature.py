"""Variational inference on samples of one feature, in one compiled call an iteration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gmmx._core.interface.one_feature import OneFeatureIteration
from gmmx.bayes.posterior import MixturePosterior, MixturePrior
from gmmx.bayes.variational import VariationalBayes
from gmmx.em.maximum_likelihood import LARGEST_SQ_SHIFT
from gmmx.model.parameters import MixtureParameters
from gmmx.model.statistics import SMALLEST_COUNT

if TYPE_CHECKING:
    from gmmx.arrays import Samples


class Iteration(NamedTuple):
    """What both steps on one column find, in the place of an E-step's statistics."""

    posterior: MixturePosterior
    lower_bound: float


class OneFeatureBayes(VariationalBayes):
    """The steps on samples of one feature, of which a compiled call makes both at once.

    A pass over a column takes less time than the small steps of an iteration in Python.
    """

    def __init__(self, X: Samples, prior: MixturePrior, reg_covar: float, n_threads: int) -> None:
        super().__init__(X, prior, reg_covar, n_threads)
        concentration = prior.weight_distribution.concentration
        self.iteration = OneFeatureIteration(
            X, np.atleast_2d(concentration),
            mean=prior.mean.item(), mean_precision=prior.mean_precision,
            scatter=prior.scatter.item(), degrees_of_freedom=prior.degrees_of_freedom,
            reg_covar=reg_covar, smallest_count=SMALLEST_COUNT,
            largest_sq_shift=LARGEST_SQ_SHIFT, n_threads=n_threads,
        )  # fmt: skip

    def e_step(self, parameters: MixtureParameters) -> Any:
        """An `Iteration`; statistics where squares overflow, moments cancel or variances vanish."""
        found = self.iteration(
            parameters.means, parameters.covariance.precisions_cholesky.reshape(-1),
            parameters.log_scale, parameters.weights,
        )  # fmt: skip
        if found is None:
            return super().e_step(parameters)
        rows, log_normalizer, of_weights, bound = found
        return Iteration(self.prior.posterior_of_rows(rows, log_normalizer, of_weights), bound)

    def m_step(self, statistics: Any, previous: MixtureParameters) -> MixtureParameters:
        """The posterior that the E-step has found."""
        if isinstance(statistics, Iteration):
            return statistics.posterior
        return super().m_step(statistics, previous)

    def bound(self, statistics: Any, start: MixtureParameters, end: MixtureParameters) -> float:
        """As `VariationalBayes`."""
        if isinstance(statistics, Iteration):
            return statistics.lower_bound
        return super().bound(statistics, start, end)


def variational_steps(
    X: Samples, prior: MixturePrior, reg_covar: float, n_threads: int
) -> VariationalBayes:
    """The steps that suit the samples."""
    has_own_variances = X.shape[1] == 1 and "component" in prior.structure.axes
    kind = OneFeatureBayes if has_own_variances else VariationalBayes
    return kind(X, prior, reg_covar, n_threads)
