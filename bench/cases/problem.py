"""The argument and the result of an adapter of a library; this module needs only NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

REG_COVAR = 1e-6  # added to variances, if the library has such a parameter


@dataclass(frozen=True, eq=False)
class Problem:
    """Samples and starting parameters: equal weights, given means, identity covariances."""

    X: Array
    means: Array
    covariance_type: str

    @property
    def weights(self) -> Array:
        """Equal starting weights."""
        n_components = len(self.means)
        return np.full(n_components, 1 / n_components, dtype=self.X.dtype)

    @property
    def identity(self) -> Array:
        """Starting precisions and covariances in scikit-learn's shape."""
        (n_components, n_features), dtype = self.means.shape, self.X.dtype
        if self.covariance_type == "spherical":
            return np.ones(n_components, dtype)
        if self.covariance_type == "diag":
            return np.ones((n_components, n_features), dtype)
        identity = np.eye(n_features, dtype=dtype)
        return (
            identity if self.covariance_type == "tied" else np.tile(identity, (n_components, 1, 1))
        )


class Parameters(NamedTuple):
    """Parameters of a mixture in scikit-learn's shapes."""

    weights: Array
    means: Array
    covariances: Array


class Fit(NamedTuple):
    """Duration of a fit, and its result."""

    seconds: float
    parameters: Parameters


@lru_cache(maxsize=2)
def load(path: str, dtype: str, covariance_type: str) -> Problem:
    """Read a problem; keep the last two in memory, for measures that use both precisions."""
    with np.load(path) as arrays:
        X, means = (np.ascontiguousarray(arrays[name], dtype=dtype) for name in ("X", "means"))
    return Problem(X, means, covariance_type)
