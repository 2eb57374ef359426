"""Stopping rules: the EM loop asks one after each pass whether EM has converged."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np

# Gains below this fraction of the bound are rounding errors of the sum over samples.
ROUNDING = 8 * float(np.finfo(np.float64).eps)


class StoppingRule(Protocol):
    """Decide after each pass over the samples whether EM has converged."""

    def has_converged(self, gain: float, lower_bound: float, tol: float) -> bool:
        """Return whether the bound, which rose by `gain` to `lower_bound`, has converged.

        Parameters
        ----------
        gain : float
            Change of the bound in the last pass, infinite in the first one.
        lower_bound : float
            The bound of the last pass.
        tol : float
            The user's tolerance.
        """

    def in_bound(self, tol: float) -> float:
        """Return the user's tolerance in the unit of the bound, for the rule of SQUAREM."""

    def restart(self) -> None:
        """Forget all gains, because the parameters did not come from a step of EM."""


class AbsoluteChange:
    """Stop when the change in one pass is smaller than `tol`: scikit-learn's rule.

    Parameters
    ----------
    scale : float, default=1.0
        Factor from the unit of the bound to the unit of `tol`.
    """

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def has_converged(self, gain: float, lower_bound: float, tol: float) -> bool:
        """Return whether the bound has converged: see `StoppingRule`."""
        return self.scale * abs(gain) < tol

    def in_bound(self, tol: float) -> float:
        """Return the tolerance in the unit of the bound."""
        return tol / self.scale

    def restart(self) -> None:
        """Do nothing: the rule has no memory."""


class AitkenEstimate:
    """Stop when the remaining gain, estimated from the last gains, is smaller than `tol`.

    Near the limit of EM each gain is a constant ratio a times the gain before it, so that the
    remaining gain is gain a / (1 - a). It may be many times the last gain, the only value that
    `AbsoluteChange` uses. The rule takes the larger of the last two ratios, since in the first
    iterations fast directions may hide the slow ones.

    Parameters
    ----------
    scale : float, default=1.0
        Factor from the unit of the bound to the unit of `tol`: the number of samples, if the
        bound is a mean log-likelihood and `tol` is in nats of the total log-likelihood.

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
        """Return the tolerance in the unit of the bound."""
        return tol / self.scale

    def has_converged(self, gain: float, lower_bound: float, tol: float) -> bool:
        """Return whether the bound has converged: see `StoppingRule`."""
        return self.scale * self._remaining_gain(gain, lower_bound) < tol

    def _remaining_gain(self, gain: float, lower_bound: float) -> float:
        """Return gain a / (1 - a), where a is the larger of the last two ratios of gains."""
        if abs(gain) <= ROUNDING * abs(lower_bound):
            return 0.0
        ratio = gain / self.last_gain if 0 < self.last_gain < math.inf else math.inf
        largest = max(ratio, self.last_ratio)
        self.last_gain, self.last_ratio = gain, ratio
        if not (ratio > 0 and largest < 1):
            return math.inf
        return gain * largest / (1 - largest)


# The values of `tol_type`, each with a function from the number of samples to a stopping rule.
TOL_TYPES: dict[str, Callable[[float], StoppingRule]] = {
    "absolute": lambda n_samples: AbsoluteChange(),
    "per-sample": lambda n_samples: AbsoluteChange(1.0 / n_samples),
    "aitken": AitkenEstimate,
}
