"""Expectation-maximization: the only EM loop, and its two steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from gmmx.covariance import CovarianceStructure, DegenerateCovarianceError
from gmmx.degenerate import DegenerateMixtureError, Repair, empty_error, singular_error
from gmmx.parameters import MixtureParameters, statistics_of_all
from gmmx.squarem import Chart, SquaredExtrapolation
from gmmx.statistics import SufficientStatistics
from gmmx.stopping import AbsoluteChange, StoppingRule
from gmmx.visits import VisitingOrder

if TYPE_CHECKING:
    from gmmx.arrays import Samples

# A mean that moves farther than this, in squared standard deviations of the new covariance,
# costs the moments about the old mean so many digits that they are taken again about the new.
LARGEST_SQ_SHIFT = 1e4
MOST_REFINEMENTS = 3  # each gains the digits of one float64

EStep = Callable[[MixtureParameters], SufficientStatistics]
MStep = Callable[[SufficientStatistics, MixtureParameters], MixtureParameters]
LowerBound = Callable[[SufficientStatistics, MixtureParameters, MixtureParameters], float]


class OutOfRangeError(ValueError):
    """Squared differences of samples and means overflow."""


@dataclass(frozen=True, eq=False)
class EMResult:
    """Where the EM loop ended.

    Attributes
    ----------
    parameters : MixtureParameters
        Parameters after the last M-step.
    lower_bounds : list of float
        Mean log-likelihood per sample, in nats, before each M-step; or what bounds the evidence.
    n_iter : int
        Number of iterations.
    converged : bool
        Whether the last change was below the tolerance.
    lower_bound : float
        The last of `lower_bounds`, or the one that the loop started from.
    is_stopped : bool
        Whether the callback ended the loop.
    repairs : list of str
        What was done about components that collapsed.
    start : MixtureParameters, optional
        Parameters that the loop started from.
    """

    parameters: MixtureParameters
    lower_bounds: list[float]
    n_iter: int
    converged: bool
    lower_bound: float
    is_stopped: bool = False
    repairs: Sequence[str] = ()
    start: MixtureParameters | None = None

    @property
    def emptied(self) -> list[int]:
        """Components that have lost all samples, those left out that started with weight 0."""
        empty: list[int] = self.parameters.empty.tolist()
        if self.start is None or not empty:
            return empty
        return [k for k in empty if self.start.weights[k] > 0]


def mean_log_likelihood(
    statistics: SufficientStatistics,
    start: MixtureParameters | None = None,
    end: MixtureParameters | None = None,
) -> float:
    """Log-likelihood per sample, before the M-step from `start` to `end`."""
    return statistics.log_likelihood / float(statistics.counts.sum())


def run_em(
    parameters: MixtureParameters,
    e_step: EStep,
    m_step: MStep,
    tol: float,
    max_iter: int,
    *,
    bound: LowerBound = mean_log_likelihood,
    lower_bound: float = -np.inf,
    callback: Callable[[int, float], object] | None = None,
    acceleration: SquaredExtrapolation | None = None,
    stopping: StoppingRule | None = None,
    repair: Repair | None = None,
) -> EMResult:
    """Alternate E-step and M-step until the mean log-likelihood has converged.

    Parameters
    ----------
    parameters : MixtureParameters
        Where to start.
    e_step, m_step : callable
        Parameters to statistics; statistics and the parameters they stem from to new parameters.
    tol : float
        Tolerance of the stopping rule.
    max_iter : int
        Largest number of iterations, passes over the samples.
    bound : callable, optional
        What an iteration raises and convergence is judged by, in the mean log-likelihood's place:
        statistics, the parameters they stem from, the new ones to a number.
    lower_bound : float, default=-inf
        Bound to which the first one is compared.
    callback : callable, optional
        Called after each iteration with its number, from 1, and the mean log-likelihood. EM ends
        when it returns something true.
    acceleration : SquaredExtrapolation, optional
        Proposes where to go on from and tells when to stop. An iteration that finds a proposal
        worse than where it started from returns to plain EM: the likelihood never falls.
    stopping : StoppingRule, optional
        When EM has converged; by default when the mean log-likelihood changes by less than `tol`.
    repair : Repair, optional
        Parameters to go on from if a component collapses, which is an error without it.

    Returns
    -------
    EMResult

    References
    ----------
    Dempster, Laird, Rubin (1977), "Maximum likelihood from incomplete data via the EM
    algorithm", Journal of the Royal Statistical Society B 39.
    """
    stopping = stopping or AbsoluteChange()
    lower_bounds: list[float] = []
    converged, is_stopped, start, end = False, False, parameters, parameters
    while len(lower_bounds) < max_iter and not (converged or is_stopped):
        previous, is_repaired = lower_bound, False
        try:
            statistics = e_step(parameters)
            end = m_step(statistics, parameters)
            lower_bound = bound(statistics, parameters, end)
        except (DegenerateMixtureError, OutOfRangeError) as error:
            # A proposal under which a component collapses is a bad one, no more.
            if acceleration is not None and acceleration.fallback is not None:
                lower_bound = -np.inf
            elif repair is not None and isinstance(error, DegenerateMixtureError):
                end, is_repaired = repair(error, parameters), True
                lower_bound = bound(statistics, parameters, end)
            else:
                raise
        gain = lower_bound - previous
        if is_repaired:
            parameters = end
            stopping.restart()
            if acceleration is not None:
                acceleration.restart()
        elif acceleration is None:
            parameters = end
            converged = stopping.has_converged(gain, lower_bound, tol)
        elif acceleration.rejects(lower_bound):
            lower_bound = previous
            parameters = end = acceleration.retreat()
        else:
            origin, parameters = parameters, acceleration.propose(parameters, end, lower_bound)
            converged = acceleration.has_converged(origin, end, gain, stopping.in_bound(tol))
        lower_bounds.append(lower_bound)
        if callback is not None:
            is_stopped = bool(callback(len(lower_bounds), lower_bound))
    return EMResult(
        end, lower_bounds, len(lower_bounds), converged, lower_bound, is_stopped,
        repair.actions if repair is not None else (), start,
    )  # fmt: skip


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


def maximize(
    statistics: SufficientStatistics,
    reg_covar: float,
    structure: type[CovarianceStructure],
    previous: CovarianceStructure | None = None,
    n_threads: int = 1,
) -> MixtureParameters:
    """The M-step: weights counts / n, means and covariances of the moments.

    A component whose count underflows gets weight 0 and keeps its mean, the origin of the
    statistics, and its `previous` covariance.
    """
    weights = statistics.counts
    if statistics.empty.size:
        weights = weights.copy()
        weights[statistics.empty] = 0
    covariance = structure.estimate(statistics, reg_covar, previous, n_threads)
    return MixtureParameters(weights / weights.sum(), statistics.means, covariance)


def check_range(statistics: SufficientStatistics) -> None:
    """Raise `OutOfRangeError` if squares of the samples or of their distances overflow."""
    total = statistics.log_likelihood + float(statistics.second.sum())
    if isfinite(total):
        return
    if not (np.isfinite(statistics.second).all() and np.isfinite(statistics.log_likelihood)):
        raise OutOfRangeError(
            "The values in X are too large, or too far from the starting means: squares of the "
            "differences overflow. Scale the data, for example to unit variance."
        )
