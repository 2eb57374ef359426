"""Run EM from several starts and keep the best result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gmmx.em.loop import EMResult, run_em
from gmmx.model.collapse import DegenerateMixtureError

if TYPE_CHECKING:
    from gmmx.em.checkpoint import Checkpoint, Progress
    from gmmx.em.fit_plan import FitPlan
    from gmmx.em.report import VerboseReport
    from gmmx.em.squarem import SquaredExtrapolation
    from gmmx.model.parameters import MixtureParameters

ALGORITHMS = ("em", "squarem")


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
    checkpoint: Checkpoint | None = None,
) -> EMResult:
    """Return the result with the largest bound; a start that collapses is discarded.

    Raises `DegenerateMixtureError` if every start collapses. If the callback returns a true
    value, no further start is tried. With a checkpoint EM goes on from the progress that it holds.
    """
    saved = checkpoint.load() if checkpoint is not None else None
    best, collapse = saved.best if saved is not None else None, None
    report = None
    if settings.verbose:
        from gmmx.em.report import VerboseReport  # noqa: PLC0415 - few need it

        report = VerboseReport(settings.verbose, settings.verbose_interval)
    observer = _observer(report, settings.callback)
    for init, start in enumerate(starts):
        if saved is not None and init < saved.init:
            continue
        if report is not None:
            report.start(init, lower_bound)
        try:
            # Each step checks its statistics for overflow; underflow does no harm.
            with np.errstate(all="ignore"):
                one = _Start(plan, settings, observer)
                if checkpoint is None:
                    result = one.run(_before_em(start(), lower_bound), settings.max_iter)
                elif saved is not None and init == saved.init:
                    result = one.run_in_segments(saved, checkpoint)
                else:
                    from gmmx.em.checkpoint import Progress  # noqa: PLC0415 - few need it

                    first = _before_em(start(), lower_bound)
                    result = one.run_in_segments(Progress(init, first, best), checkpoint)
        except DegenerateMixtureError as error:
            collapse = error
            continue
        if report is not None and settings.max_iter > 0:
            report.end(result)
        if best is None or settings.max_iter == 0 or result.lower_bound > best.lower_bound:
            best = result
        if result.is_stopped:
            break
    if best is None:
        assert collapse is not None
        raise collapse
    return best


def _before_em(parameters: MixtureParameters, lower_bound: float) -> EMResult:
    """Return the result before the first iteration."""
    return EMResult(parameters, [], 0, False, lower_bound, start_weights=parameters.weights)


class _Start:
    """EM from one start, with a repair of its own."""

    def __init__(self, plan: FitPlan, settings: Settings, observer: _Observer | None) -> None:
        self.plan = plan
        self.settings = settings
        self.observer = observer
        self.repair = plan.repair and plan.repair()

    def run_in_segments(self, progress: Progress, checkpoint: Checkpoint) -> EMResult:
        """Run EM to its end in segments, and save the result of each."""
        from gmmx.em.checkpoint import run_in_segments  # noqa: PLC0415 - few need it

        repair = self.repair
        if repair is not None:
            repair.actions.extend(progress.current.repairs)
            repair.memory.extend(progress.memory)

        def save(result: EMResult) -> None:
            memory = () if repair is None else repair.memory
            checkpoint.save(progress._replace(current=result, memory=memory))

        return run_in_segments(progress.current, self.run, self.settings.max_iter, save)

    def run(self, last: EMResult, max_iter: int) -> EMResult:
        """Go on from a result for up to `max_iter` iterations."""
        plan, observer = self.plan, self.observer
        if observer is not None:
            observer.n_before = last.n_iter
        return run_em(
            last.parameters, plan.steps, self.settings.tol, max_iter, lower_bound=last.lower_bound,
            callback=observer, acceleration=_acceleration(plan),
            stopping=plan.stopping(), repair=self.repair,
        )  # fmt: skip


def _acceleration(plan: FitPlan) -> SquaredExtrapolation | None:
    """Return the acceleration of a start, None for plain EM."""
    if plan.algorithm == "em":
        return None
    from gmmx.em.squarem import SquaredExtrapolation  # noqa: PLC0415 - few need it

    return SquaredExtrapolation(plan.steps.chart)


def _observer(
    report: VerboseReport | None, callback: Callable[[int, float], object] | None
) -> _Observer | None:
    """Return an observer, None if nothing observes the iterations."""
    if report is None and callback is None:
        return None
    return _Observer(report, callback)


class _Observer:
    """Call the report and the user's callback after each iteration."""

    def __init__(
        self, report: VerboseReport | None, callback: Callable[[int, float], object] | None
    ) -> None:
        self.report = report
        self.callback = callback
        self.errors = np.geterr()
        self.n_before = 0  # iterations of the segments before

    def __call__(self, n_iter: int, lower_bound: float) -> bool:
        """Return whether to end EM."""
        n_iter += self.n_before
        if self.report is not None:
            self.report.iteration(n_iter, lower_bound)
        if self.callback is None:
            return False
        with np.errstate(**self.errors):
            return bool(self.callback(n_iter, lower_bound))
