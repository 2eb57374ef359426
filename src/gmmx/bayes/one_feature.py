"""Variational inference on an array of one feature: one compiled call makes an iteration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx._core.interface.one_feature import OneFeatureIteration
from gmmx.bayes.posterior import MixturePrior
from gmmx.bayes.variational import VariationalBayes
from gmmx.em.loop import Step
from gmmx.em.maximum_likelihood import LARGEST_SQ_SHIFT
from gmmx.model.parameters import MixtureParameters
from gmmx.model.statistics import SMALLEST_COUNT
from gmmx.samples.array_source import ArraySource

if TYPE_CHECKING:
    from gmmx.samples.source import SampleSource


class OneFeatureBayes(VariationalBayes):
    """The two steps of variational inference on an array of one feature, in one compiled call.

    A pass over one feature takes less time than the small computations of an iteration in Python.

    Parameters
    ----------
    samples : ArraySource
        Samples of one feature.
    prior : MixturePrior
        Prior of the parameters. Its covariance structure has a variance for each component.
    reg_covar : float
        Added to every variance of the samples.
    """

    def __init__(self, samples: ArraySource, prior: MixturePrior, reg_covar: float) -> None:
        super().__init__(samples, prior, reg_covar)
        concentration = prior.weight_distribution.concentration
        self.iteration = OneFeatureIteration(
            samples.X, np.atleast_2d(concentration),
            mean=prior.mean.item(), mean_precision=prior.mean_precision,
            scatter=prior.scatter.item(), degrees_of_freedom=prior.degrees_of_freedom,
            reg_covar=reg_covar, smallest_count=SMALLEST_COUNT,
            largest_sq_shift=LARGEST_SQ_SHIFT, n_threads=samples.n_threads,
            sample_weight=samples.weight,
        )  # fmt: skip

    def step(self, parameters: MixtureParameters) -> Step:
        """Make one E-step and one M-step: see `Steps`.

        If squares overflow, moments cancel or variances vanish, `VariationalBayes` makes the step.
        """
        found = self.iteration(
            parameters.means, parameters.covariance.precisions_cholesky.reshape(-1),
            parameters.log_scale, parameters.weights,
        )  # fmt: skip
        if found is None:
            return super().step(parameters)
        rows, log_normalizer, of_weights, lower_bound = found
        posterior = self.prior.posterior_of_rows(rows, log_normalizer, of_weights)
        return Step(posterior, lower_bound)


def variational_steps(
    samples: SampleSource, prior: MixturePrior, reg_covar: float
) -> VariationalBayes:
    """Return the compiled steps for an array of one feature, else the general steps."""
    has_own_variances = samples.n_features == 1 and "component" in prior.structure.axes
    if has_own_variances and isinstance(samples, ArraySource) and samples.weight_unit == 1.0:
        return OneFeatureBayes(samples, prior, reg_covar)
    return VariationalBayes(samples, prior, reg_covar)
