"""Expectation-maximization: the only EM loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gmmx.em.repair import Repair
from gmmx.em.squarem import SquaredExtrapolation
from gmmx.em.stopping import AbsoluteChange, StoppingRule
from gmmx.model.collapse import DegenerateMixtureError
from gmmx.model.parameters import MixtureParameters
from gmmx.model.statistics import OutOfRangeError, SufficientStatistics

EStep = Callable[[MixtureParameters], SufficientStatistics]
MStep = Callable[[SufficientStatistics, MixtureParameters], MixtureParameters]
LowerBound = Callable[[SufficientStatistics, MixtureParameters, MixtureParameters], float]


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
