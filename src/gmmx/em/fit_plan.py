"""The plan of a fit: its steps, starting values, stopping rule, acceleration and repair."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from gmmx.em.loop import EMResult, Steps
    from gmmx.em.repair import Repair
    from gmmx.em.stopping import StoppingRule
    from gmmx.model.parameters import MixtureParameters


class FitPlan:
    """The checked parameters of an estimator and one set of samples, in the form of the EM loop.

    Parameters
    ----------
    steps : Steps
        The E-step and the M-step.
    start : callable
        Takes a random state and returns starting parameters.
    algorithm : {'em', 'squarem'}
        Plain or accelerated EM.
    stopping : callable
        Returns a new stopping rule for one start.
    attributes : callable
        Takes a result and returns the fitted attributes.
    repair : callable, optional
        Returns a new repair of collapsed components for one start. Without a repair a collapse
        is an error.
    """

    def __init__(
        self,
        *,
        steps: Steps,
        start: Callable[[np.random.RandomState], MixtureParameters],
        algorithm: str,
        stopping: Callable[[], StoppingRule],
        attributes: Callable[[EMResult], Mapping[str, object]],
        repair: Callable[[], Repair] | None = None,
    ) -> None:
        self.steps = steps
        self.start = start
        self.algorithm = algorithm
        self.stopping = stopping
        self.attributes = attributes
        self.repair = repair
