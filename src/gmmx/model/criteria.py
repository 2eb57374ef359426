"""Information criteria: smaller is better."""

from __future__ import annotations

import math


def aic(log_likelihood: float, n_parameters: int) -> float:
    """Return Akaike's information criterion, -2 log-likelihood + 2 number of parameters."""
    return -2 * log_likelihood + 2 * n_parameters


def bic(log_likelihood: float, n_parameters: int, n_samples: int) -> float:
    """Return the Bayesian one, -2 log-likelihood + log(n_samples) number of parameters."""
    return -2 * log_likelihood + n_parameters * math.log(n_samples)
