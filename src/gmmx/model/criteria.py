"""Information criteria: smaller is better."""

from __future__ import annotations

import math


def aic(log_likelihood: float, n_parameters: int) -> float:
    """Return the Akaike criterion, -2 log_likelihood + 2 n_parameters."""
    return -2 * log_likelihood + 2 * n_parameters


def bic(log_likelihood: float, n_parameters: int, n_samples: float) -> float:
    """Return the Bayesian criterion, -2 log_likelihood + log(n_samples) n_parameters."""
    return -2 * log_likelihood + n_parameters * math.log(n_samples)


def icl(bic: float, log_certainty: float) -> float:
    """Return the criterion of the integrated completed likelihood, bic - 2 log_certainty.

    `log_certainty` is sum_i log max_k p(k | x_i): 0 where no components overlap, else negative.
    """
    return bic - 2 * log_certainty
