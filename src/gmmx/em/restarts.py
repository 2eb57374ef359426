"""Run EM from several starts and keep the best result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np

from gmmx.em.fit_plan import FitPlan
from gmmx.em.loop import EMResult, run_em
from gmmx.em.report import VerboseReport
from gmmx.em.squarem import Chart, SquaredExtrapolation
from gmmx.model.collapse import DegenerateMixtureError
from gmmx.model.parameters import MixtureParameters

ALGORITHMS: dict[
    str, Callable[[Callable[[MixtureParameters], Chart]], SquaredExtrapolation | None]
] = {
    "em": lambda chart: None,
    "squarem": SquaredExtrapolation,
}


class Settings(Protocol):
    """The parameters of an estimator that all its starts share."""

    tol: float
    max_iter: int
    verbose: int
    verbose_interval: int
    callback: Callable[[int, float], object] | None


def best_of(
    plan: FitPlan,
    starts: Iterable[Callable[[], MixtureParameters]],
    settings: Settings,
    lower_bound: float,
) -> EMResult:
    """Return the result with the largest bound; a start that collapses is discarded.

    Raises `DegenerateMixtureError` if every start collapses. If the callback returns a true
    value, no further start is tried.
    """
    best, collapse, steps = None, None, plan.steps
    max_iter, callback = settings.max_iter, settings.callback
    report = None
    if settings.verbose:
        report = VerboseReport(settings.verbose, settings.verbose_interval)
    observer = None
    if report is not None or callback is not None:
        observer = _Observer(report, callback)
    for init, start in enumerate(starts):
        if report is not None:
            report.start(init, lower_bound)
        try:
            # Each step checks its statistics for overflow; underflow does no harm.
            with np.errstate(all="ignore"):
                result = run_em(
                    start(), steps, settings.tol, max_iter, lower_bound=lower_bound,
                    callback=observer, acceleration=ALGORITHMS[plan.algorithm](steps.chart),
                    stopping=plan.stopping(), repair=plan.repair and plan.repair(),
                )  # fmt: skip
        except DegenerateMixtureError as error:
            collapse = error
            continue
        if report is not None and max_iter > 0:
            report.end(result)
        if best is None or max_iter == 0 or result.lower_bound > best.lower_bound:
            best = result
        if result.is_stopped:
            break
    if best is None:
        assert collapse is not None
        raise collapse
    return best


class _Observer:
    """Call the report and the user's callback after each iteration."""

    def __init__(
        self, report: VerboseReport | None, callback: Callable[[int, float], object] | None
    ) -> None:
        self.report = report
        self.callback = callback
        self.errors = np.geterr()

    def __call__(self, n_iter: int, lower_bound: float) -> bool:
        """Return whether to end EM."""
        if self.report is not None:
            self.report.iteration(n_iter, lower_bound)
        if self.callback is None:
            return False
        with np.errstate(**self.errors):
            return bool(self.callback(n_iter, lower_bound))
