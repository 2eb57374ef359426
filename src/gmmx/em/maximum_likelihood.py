"""The two steps of maximum likelihood on one source of samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.em.compiled import CompiledSteps, compiled_steps
from gmmx.em.loop import Step
from gmmx.model.collapse import DegenerateMixtureError, empty_error, singular_error
from gmmx.model.covariance import DegenerateCovarianceError
from gmmx.model.parameters import MixtureParameters, maximize
from gmmx.model.statistics import SufficientStatistics, check_range

if TYPE_CHECKING:
    from gmmx.arrays import Array
    from gmmx.em.squarem import Chart
    from gmmx.em.stopping import StoppingRule
    from gmmx.samples.source import SampleSource


# If a mean moves farther than this, in squared standard deviations of the new covariance, the
# moments about the old mean lose too many digits and are taken again about the new mean.
LARGEST_SQ_SHIFT = 1e4
MOST_REFINEMENTS = 3  # each refinement recovers as many digits as one float64 holds


class ExpectationMaximization:
    """The two steps of maximum likelihood on one source of samples.

    Parameters
    ----------
    samples : SampleSource
        Samples of the fit.
    reg_covar : float
        Added to every variance.
    allow_empty : bool, default=True
        Whether a component without samples is kept with weight 0. Otherwise it is an error.
    equal_weights : bool, default=False
        Whether all components have the same weight.
    """

    def __init__(
        self,
        samples: SampleSource,
        reg_covar: float,
        *,
        allow_empty: bool = True,
        equal_weights: bool = False,
    ) -> None:
        self.samples = samples
        self.reg_covar = reg_covar
        self.allow_empty = allow_empty
        self.equal_weights = equal_weights

    def step(self, parameters: MixtureParameters) -> Step:
        """Make one E-step and one M-step: see `Steps`."""
        statistics = self.statistics(parameters)
        check_range(statistics)
        lower_bound = statistics.log_likelihood / self.samples.total_weight
        try:
            return Step(self.m_step(statistics, parameters), lower_bound)
        except DegenerateMixtureError as error:
            error.lower_bound = lower_bound
            raise

    def statistics(
        self, parameters: MixtureParameters, origin: Array | None = None
    ) -> SufficientStatistics:
        """Return the statistics of the E-step; their scale does not matter."""
        return self.samples.statistics(parameters, origin)

    def m_step(
        self, statistics: SufficientStatistics, previous: MixtureParameters
    ) -> MixtureParameters:
        """Return new parameters; take the moments again if they cancelled."""
        samples = self.samples
        if not self.allow_empty and statistics.empty.size:
            raise empty_error(int(statistics.empty[0]), samples.total_weight)
        for _ in range(MOST_REFINEMENTS):
            try:
                parameters = self.update(statistics, previous)
                if self.sq_shift(statistics, parameters) <= LARGEST_SQ_SHIFT:
                    return parameters
            except DegenerateCovarianceError:
                pass
            statistics = self.statistics(previous, statistics.means)
        try:
            return self.update(statistics, previous)
        except DegenerateCovarianceError as error:
            raise singular_error(
                error, statistics.counts, samples.total_weight, samples.dtype
            ) from error

    def update(
        self, statistics: SufficientStatistics, previous: MixtureParameters
    ) -> MixtureParameters:
        """Return the parameters of maximum likelihood."""
        covariance = previous.covariance
        return maximize(
            statistics, self.reg_covar, type(covariance), covariance, self.samples.n_threads,
            equal_weights=self.equal_weights,
        )  # fmt: skip

    def chart(self, origin: MixtureParameters) -> Chart:
        """Return the coordinates in which an acceleration extrapolates."""
        from gmmx.em.squarem import Chart  # noqa: PLC0415 - few need it

        return Chart(origin)

    def compiled(self, start: MixtureParameters, stopping: StoppingRule) -> CompiledSteps | None:
        """Return compiled steps from `start` on, for few samples: see `Steps`."""
        # The squared shift may be rounded in another way than here, so its bound is smaller.
        return compiled_steps(
            self.samples, start, self.reg_covar, self.equal_weights, 0.5 * LARGEST_SQ_SHIFT,
            stopping,
        )  # fmt: skip

    def sq_shift(self, statistics: SufficientStatistics, parameters: MixtureParameters) -> float:
        """Return sum_k |U_k^T (new mean - origin)|^2, the squared distance moments were moved."""
        whitened = parameters.covariance.whiten(statistics.shift)
        return float(np.vdot(whitened, whitened))
