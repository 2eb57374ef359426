"""The gamma function's relatives, from SciPy, which is imported when the first is needed.

SciPy takes longer to import than all of gmmx, and only Bayesian mixtures need it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gmmx.arrays import Array


def digamma(x: Array) -> Array:
    """Derivative of log Gamma(x)."""
    return np.asarray(_functions()[0](x))


def log_gamma(x: Array) -> Array:
    """log Gamma(x) for x > 0."""
    return np.asarray(_functions()[1](x))


def log_beta(a: Array, b: Array) -> Array:
    """log B(a, b) = log Gamma(a) + log Gamma(b) - log Gamma(a + b)."""
    return np.asarray(_functions()[2](a, b))


@cache
def _functions() -> tuple[np.ufunc, np.ufunc, np.ufunc]:
    """Of SciPy."""
    from scipy.special import betaln, gammaln, psi  # noqa: PLC0415 - see above

    return psi, gammaln, betaln
