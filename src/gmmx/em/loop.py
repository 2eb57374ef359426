"""Expectation-maximization: the only EM loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from gmmx.em.repair import Repair
from gmmx.em.squarem import Chart, SquaredExtrapolation
from gmmx.em.stopping import AbsoluteChange, StoppingRule
from gmmx.model.collapse import DegenerateMixtureError
from gmmx.model.parameters import MixtureParameters
from gmmx.model.statistics import OutOfRangeError


class Step(NamedTuple):
    """The end of one step of EM, and the bound that the step has raised."""

    end: MixtureParameters
    lower_bound: float


class Steps(Protocol):
    """Both steps of EM on one set of samples."""

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
            log-likelihood of `parameters`, in variational inference a bound of the evidence.

        Raises
        ------
        DegenerateMixtureError
            If a component collapses; its `lower_bound` is the bound of `parameters`.
        OutOfRangeError
            If squares overflow.
        """

    def chart(self, origin: MixtureParameters) -> Chart:
        """Return the coordinates about `origin` in which an acceleration extrapolates."""


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
) -> EMResult:
    """Make steps of EM until the bound that they raise has converged.

    Parameters
    ----------
    parameters : MixtureParameters
        Where to start.
    steps : Steps
        The E-step and the M-step.
    tol : float
        Tolerance of the stopping rule.
    max_iter : int
        Largest number of iterations, passes over the samples.
    lower_bound : float, default=-inf
        Bound to which the first one is compared.
    callback : callable, optional
        Called after each iteration with its number, from 1, and the bound. EM ends when it
        returns a true value.
    acceleration : SquaredExtrapolation, optional
        Proposes the parameters of the next step and tells when to stop. A proposal that is worse
        than the parameters before it is given up for the end of the last EM step: the bound never
        falls.
    stopping : StoppingRule, optional
        Tells when EM has converged; by default when the bound changes by less than `tol`.
    repair : Repair, optional
        Gives the parameters to go on with if a component collapses. Without it that is an error.

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
            end, lower_bound = steps.step(parameters)
        except (DegenerateMixtureError, OutOfRangeError) as error:
            # A proposal under which a component collapses is a bad one, no more.
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
        repair.actions if repair is not None else (), start,
    )  # fmt: skip
