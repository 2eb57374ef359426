"""EM from several starts, of which the best result is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from gmmx.em.loop import EMResult, run_em
from gmmx.em.maximum_likelihood import ExpectationMaximization
from gmmx.em.repair import Repair
from gmmx.em.report import VerboseReport
from gmmx.em.squarem import Chart, SquaredExtrapolation
from gmmx.em.stopping import AbsoluteChange, StoppingRule
from gmmx.model.collapse import DegenerateMixtureError
from gmmx.model.parameters import MixtureParameters

ALGORITHMS: dict[
    str, Callable[[Callable[[MixtureParameters], Chart]], SquaredExtrapolation | None]
] = {
    "em": lambda chart: None,
    "squarem": SquaredExtrapolation,
}


def best_of(
    starts: Iterable[Callable[[], MixtureParameters]],
    steps: ExpectationMaximization,
    *,
    tol: float,
    max_iter: int,
    algorithm: str,
    lower_bound: float,
    report: VerboseReport,
    callback: Callable[[int, float], object] | None = None,
    stopping: Callable[[], StoppingRule] = AbsoluteChange,
    repair: Callable[[], Repair | None] = lambda: None,
) -> EMResult:
    """The result with the largest likelihood; a start that collapses is discarded.

    Raises `DegenerateMixtureError` if every start collapses. `stopping` and `repair` make what
    one start needs. A callback that returns something true ends the search for a better start.
    """
    best, collapse = None, None
    observer = _Observer(report, callback)
    for init, start in enumerate(starts):
        report.start(init, lower_bound)
        try:
            # What overflows is looked for in the statistics, what underflows does no harm.
            with np.errstate(all="ignore"):
                result = run_em(
                    start(), steps.e_step, steps.m_step, tol, max_iter, bound=steps.bound,
                    lower_bound=lower_bound, callback=observer,
                    acceleration=ALGORITHMS[algorithm](steps.chart), stopping=stopping(),
                    repair=repair(),
                )  # fmt: skip
        except DegenerateMixtureError as error:
            collapse = error
            continue
        if max_iter > 0:
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
    """What looks on after each iteration: the report, and the user's callback."""

    def __init__(
        self, report: VerboseReport, callback: Callable[[int, float], object] | None
    ) -> None:
        self.report = report
        self.callback = callback
        self.errors = np.geterr()

    def __call__(self, n_iter: int, lower_bound: float) -> bool:
        """Whether to end EM."""
        self.report.iteration(n_iter, lower_bound)
        if self.callback is None:
            return False
        with np.errstate(**self.errors):
            return bool(self.callback(n_iter, lower_bound))
