"""When EM has converged: rules that the EM loop asks after each pass."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np

# Gains below this share of the bound are rounding errors of its sum.
ROUNDING = 8 * float(np.finfo(np.float64).eps)


class StoppingRule(Protocol):
    """Decides after each pass over the samples whether EM has converged."""

    def has_converged(self, gain: float, lower_bound: float, tol: float) -> bool:
        """Whether the bound, which rose by `gain` to `lower_bound`, is as good as its limit.

        Parameters
        ----------
        gain : float
            Change of the bound in the last pass, infinite in the first one.
        lower_bound : float
            The bound that EM raises.
        tol : float
            The user's tolerance.
        """

    def in_bound(self, tol: float) -> float:
        """The user's tolerance in the unit of the bound, for an acceleration with its own rule."""

    def restart(self) -> None:
        """Forget all gains: parameters did not come from a step of EM."""


class AbsoluteChange:
    """The change in one pass is smaller than `tol`: scikit-learn's rule.

    Parameters
    ----------
    scale : float, default=1.0
        Factor from the unit of the bound to that of `tol`.
    """

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def has_converged(self, gain: float, lower_bound: float, tol: float) -> bool:
        """As `StoppingRule`."""
        return self.scale * abs(gain) < tol

    def in_bound(self, tol: float) -> float:
        """As `StoppingRule`."""
        return tol / self.scale

    def restart(self) -> None:
        """Nothing is remembered."""


class AitkenEstimate:
    """The gain that is left, extrapolated from the last gains, is smaller than `tol`.

    Near its limit EM's gains shrink by a constant ratio a, so that gain a / (1 - a) is left.
    What is left may be many times the last gain, which is all that `AbsoluteChange` sees. Of two
    successive ratios the larger counts, since a start may hide slow directions behind quick ones.

    Parameters
    ----------
    scale : float, default=1.0
        Factor from the unit of the bound to that of `tol`: the number of samples for a mean
        log-likelihood and a tolerance of the total one.

    References
    ----------
    Boehning, Dietz, Schaub, Schlattmann, Lindsay (1994), "The distribution of the likelihood
    ratio for mixtures of densities from the one-parameter exponential family", Annals of the
    Institute of Statistical Mathematics 46. McNicholas, Murphy, McDaid, Frost (2010), "Serial and
    parallel implementations of model-based clustering via parsimonious Gaussian mixture models",
    Computational Statistics and Data Analysis 54.

    Examples
    --------
    >>> rule, bounds = AitkenEstimate(), [-1.0, -0.5, -0.25, -0.125, -0.0625]
    >>> [rule.has_converged(b - a, b, tol=0.1) for a, b in zip(bounds, bounds[1:])]
    [False, False, False, True]
    """

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self.restart()

    def restart(self) -> None:
        """Forget all gains."""
        self.last_gain = math.inf
        self.last_ratio = math.inf

    def in_bound(self, tol: float) -> float:
        """As `StoppingRule`."""
        return tol / self.scale

    def has_converged(self, gain: float, lower_bound: float, tol: float) -> bool:
        """As `StoppingRule`."""
        return self.scale * self._remaining_gain(gain, lower_bound) < tol

    def _remaining_gain(self, gain: float, lower_bound: float) -> float:
        """gain a / (1 - a), a being the larger of the last two ratios of gains."""
        if abs(gain) <= ROUNDING * abs(lower_bound):
            return 0.0
        ratio = gain / self.last_gain if 0 < self.last_gain < math.inf else math.inf
        largest = max(ratio, self.last_ratio)
        self.last_gain, self.last_ratio = gain, ratio
        if not (ratio > 0 and largest < 1):
            return math.inf
        return gain * largest / (1 - largest)


# How `tol` is compared to a bound, by the names that estimators offer: a rule for `n_samples`.
TOL_TYPES: dict[str, Callable[[int], StoppingRule]] = {
    "absolute": lambda n_samples: AbsoluteChange(),
    "per-sample": lambda n_samples: AbsoluteChange(1.0 / n_samples),
    "aitken": AitkenEstimate,
}
