"""Expectation-maximization: the only EM loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from gmmx.em.stopping import AbsoluteChange, StoppingRule
from gmmx.model.collapse import DegenerateMixtureError
from gmmx.model.parameters import MixtureParameters
from gmmx.model.statistics import OutOfRangeError

if TYPE_CHECKING:
    from gmmx.arrays import Array
    from gmmx.em.compiled import CompiledSteps
    from gmmx.em.repair import Repair
    from gmmx.em.squarem import Chart, SquaredExtrapolation


class Step(NamedTuple):
    """The parameters after one step of EM, and the value of the bound."""

    end: MixtureParameters
    lower_bound: float


class Steps(Protocol):
    """The E-step and the M-step of EM on one set of samples."""

    def step(self, parameters: MixtureParameters) -> Step:
        """Make one E-step and one M-step.

        Parameters
        ----------
        parameters : MixtureParameters
            Parameters before the step.

        Returns
        -------
        Step
            Parameters after the step, and the bound: in maximum likelihood the mean
            log-likelihood of `parameters` per sample, in variational inference a lower bound of
            the log evidence.

        Raises
        ------
        DegenerateMixtureError
            If a component collapses; its `lower_bound` is the bound of `parameters`.
        OutOfRangeError
            If squares overflow.
        """

    def chart(self, origin: MixtureParameters) -> Chart:
        """Return the coordinates about `origin` in which an acceleration extrapolates."""

    def compiled(self, start: MixtureParameters, stopping: StoppingRule) -> CompiledSteps | None:
        """Return compiled steps from `start` on with the same bits, None if there are none."""


class EMResult(NamedTuple):
    """The result of the EM loop.

    Attributes
    ----------
    parameters : MixtureParameters
        Parameters after the last M-step.
    lower_bounds : list of float
        Mean log-likelihood per sample, in nats, before each M-step; in variational inference the
        lower bound of the log evidence.
    n_iter : int
        Number of iterations.
    converged : bool
        Whether the last change was below the tolerance.
    lower_bound : float
        The last of `lower_bounds`, or the bound given to the loop if it made no iteration.
    is_stopped : bool
        Whether the callback ended the loop.
    repairs : list of str
        A sentence for each collapsed component: the finding and the repair.
    start_weights : ndarray of shape (n_components,), optional
        Weights at the start of the loop.
    """

    parameters: MixtureParameters
    lower_bounds: list[float]
    n_iter: int
    converged: bool
    lower_bound: float
    is_stopped: bool = False
    repairs: Sequence[str] = ()
    start_weights: Array | None = None

    @property
    def emptied(self) -> list[int]:
        """Components that lost all samples during the loop; they started with a weight above 0."""
        empty: list[int] = self.parameters.empty.tolist()
        if self.start_weights is None or not empty:
            return empty
        return [k for k in empty if self.start_weights[k] > 0]


def run_em(
    parameters: MixtureParameters,
    steps: Steps,
    tol: float,
    max_iter: int,
    *,
    lower_bound: float = -np.inf,
    callback: Callable[[int, float], object] | None = None,
    acceleration: SquaredExtrapolation | None = None,
    stopping: StoppingRule | None = None,
    repair: Repair | None = None,
    interrupt: Callable[[], object] = lambda: None,
) -> EMResult:
    """Make steps of EM until the bound has converged.

    Parameters
    ----------
    parameters : MixtureParameters
        Starting parameters.
    steps : Steps
        The E-step and the M-step.
    tol : float
        Tolerance of the stopping rule.
    max_iter : int
        Largest number of iterations. Each iteration is one pass over the samples.
    lower_bound : float, default=-inf
        Bound that the bound of the first iteration is compared with.
    callback : callable, optional
        Called after each iteration with its number, from 1, and the bound. EM ends when the
        callback returns a true value.
    acceleration : SquaredExtrapolation, optional
        Proposes the parameters of the next step and tells when EM has converged. If the bound of
        a proposal is below the bound before it, the loop goes back to the end of the last EM step.
    stopping : StoppingRule, optional
        Tells when EM has converged; by default a change of the bound by less than `tol`.
    repair : Repair, optional
        Returns the parameters to continue with when a component collapses. Without a repair a
        collapse is an error.
    interrupt : callable
        Called at least every few hundredths of a second in a small fit, else before each iteration.
        It may raise an error to end EM.

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
    converged, is_stopped, start_weights, end = False, False, parameters.weights, parameters
    is_plain = callback is None and acceleration is None
    compiled = steps.compiled(parameters, stopping) if is_plain else None
    if compiled is not None:
        end, lower_bounds, converged = compiled.run(tol, max_iter, lower_bound, interrupt)
        parameters, lower_bound = end, lower_bounds[-1] if lower_bounds else lower_bound
    while len(lower_bounds) < max_iter and not (converged or is_stopped):
        interrupt()
        previous, is_repaired = lower_bound, False
        try:
            end, lower_bound = steps.step(parameters)
        except (DegenerateMixtureError, OutOfRangeError) as error:
            # If the failed step started from a proposal, only the proposal is rejected.
            if acceleration is not None and acceleration.fallback is not None:
                lower_bound = -np.inf
            elif repair is not None and isinstance(error, DegenerateMixtureError):
                end, is_repaired = repair(error, parameters), True
                lower_bound = error.lower_bound
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
        repair.actions if repair is not None else (), start_weights,
    )  # fmt: skip
