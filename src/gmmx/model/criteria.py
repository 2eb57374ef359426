"""Information criteria: smaller is better."""

from __future__ import annotations

import math


def aic(log_likelihood: float, n_parameters: int) -> float:
    """Return the Akaike criterion, -2 log_likelihood + 2 n_parameters."""
    return -2 * log_likelihood + 2 * n_parameters


def bic(log_likelihood: float, n_parameters: int, n_samples: float) -> float:
    """Return the Bayesian criterion, -2 log_likelihood + log(n_samples) n_parameters."""
    return -2 * log_likelihood + n_parameters * math.log(n_samples)
