"""The two steps of maximum likelihood on one set of samples."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from gmmx.em.squarem import Chart
from gmmx.model.collapse import empty_error, singular_error
from gmmx.model.covariance import DegenerateCovarianceError
from gmmx.model.moments import statistics_of_all
from gmmx.model.parameters import MixtureParameters, maximize
from gmmx.model.statistics import SufficientStatistics, check_range
from gmmx.model.visiting_order import VisitingOrder

if TYPE_CHECKING:
    from gmmx.arrays import Samples


# A mean that moves farther than this, in squared standard deviations of the new covariance,
# costs the moments about the old mean so many digits that they are taken again about the new.
LARGEST_SQ_SHIFT = 1e4
MOST_REFINEMENTS = 3  # each gains the digits of one float64


class ExpectationMaximization:
    """The two steps of maximum likelihood on one set of samples.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Samples in float32 or float64, C-contiguous.
    reg_covar : float
        Added to every variance.
    n_threads : int
        Threads of the compiled pass.
    allow_empty : bool, default=True
        Whether a component without samples is kept, with weight 0, or an error.
    """

    def __init__(
        self, X: Samples, reg_covar: float, n_threads: int, *, allow_empty: bool = True
    ) -> None:
        self.X = X
        self.reg_covar = reg_covar
        self.n_threads = n_threads
        self.allow_empty = allow_empty
        self.visits = VisitingOrder(X)

    @cached_property
    def _total(self) -> SufficientStatistics:
        """Statistics of all samples as one component."""
        return statistics_of_all(self.X, self.n_threads)

    def e_step(self, parameters: MixtureParameters) -> SufficientStatistics:
        """Statistics of the samples under the posterior."""
        is_shared = parameters.covariance.layout == "shared"
        total = self._total if is_shared and parameters.is_long_pass(self.X) else None
        statistics = parameters.statistics(self.X, self.n_threads, visits=self.visits, total=total)
        check_range(statistics)
        return statistics

    def m_step(
        self, statistics: SufficientStatistics, previous: MixtureParameters
    ) -> MixtureParameters:
        """New parameters; moments that cancelled are taken again."""
        if statistics.empty.size and not self.allow_empty:
            raise empty_error(int(statistics.empty[0]), self.X)
        for _ in range(MOST_REFINEMENTS):
            try:
                parameters = self.update(statistics, previous)
                if self.sq_shift(statistics, parameters) <= LARGEST_SQ_SHIFT:
                    return parameters
            except DegenerateCovarianceError:
                pass
            statistics = previous.statistics(self.X, self.n_threads, origin=statistics.means)
        try:
            return self.update(statistics, previous)
        except DegenerateCovarianceError as error:
            raise singular_error(error, statistics.counts, self.X) from error

    def update(
        self, statistics: SufficientStatistics, previous: MixtureParameters
    ) -> MixtureParameters:
        """Parameters of maximum likelihood."""
        covariance = previous.covariance
        return maximize(statistics, self.reg_covar, type(covariance), covariance, self.n_threads)

    def chart(self, origin: MixtureParameters) -> Chart:
        """Coordinates that an acceleration extrapolates in."""
        return Chart(origin)

    def sq_shift(self, statistics: SufficientStatistics, parameters: MixtureParameters) -> float:
        """sum_k |U_k^T (new mean - origin)|^2: how far moments had to be moved."""
        whitened = parameters.covariance.whiten(statistics.shift)
        return float(np.vdot(whitened, whitened))

    def bound(
        self, statistics: SufficientStatistics, start: MixtureParameters, end: MixtureParameters
    ) -> float:
        """What an iteration from `start` to `end` raises: the mean log-likelihood."""
        return statistics.log_likelihood / len(self.X)
