"""The plan of a fit: its steps, its starts, and how the loop goes on and ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gmmx.em.loop import EMResult, Steps
from gmmx.em.repair import Repair
from gmmx.em.stopping import StoppingRule
from gmmx.model.parameters import MixtureParameters

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class FitPlan:
    """The parameters of an estimator, checked, as the EM loop needs them for one set of samples.

    Attributes
    ----------
    steps : Steps
        The E-step and the M-step.
    start : callable
        Returns starting parameters, drawn with a given random state.
    algorithm : {'em', 'squarem'}
        Plain or accelerated EM.
    stopping : callable
        Returns a new stopping rule, for one start.
    attributes : callable
        Returns the fitted attributes of a result.
    repair : callable, optional
        Returns a new repair of collapsed components, for one start. Without it a collapse is an
        error.
    """

    steps: Steps
    start: Callable[[np.random.RandomState], MixtureParameters]
    algorithm: str
    stopping: Callable[[], StoppingRule]
    attributes: Callable[[EMResult], Mapping[str, object]]
    repair: Callable[[], Repair] | None = None
