"""Sizes and synthetic data, the same for all libraries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.cases.problem import Array

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")
# Standard deviation of the components' means; samples have standard deviation 1 about the means.
SPREADS = {"overlapping": 0.5, "separated": 4.0}
START_NOISE = 0.25  # standard deviation of the starting means about the true ones


@dataclass(frozen=True)
class Case:
    """Numbers of samples, features and components."""

    n_samples: int
    n_features: int
    n_components: int

    def shrunk(self, factor: int) -> Case:
        """Return the case with fewer samples, enough for definite covariances."""
        fewest = 2 * self.n_components * self.n_features
        n_samples = min(self.n_samples, max(self.n_samples // factor, fewest))
        return Case(n_samples, self.n_features, self.n_components)

    def __str__(self) -> str:
        return f"({self.n_samples}, {self.n_features}, {self.n_components})"


CASES = (
    Case(400_000, 1, 10),
    Case(400_000, 2, 8),
    Case(200_000, 8, 16),
    Case(100_000, 16, 32),
    Case(50_000, 32, 64),
    Case(50_000, 64, 16),
    Case(20_000, 128, 16),
    Case(10_000, 256, 8),
)


def generate(case: Case, data: str) -> tuple[Array, Array]:
    """Return samples and starting means; the same case and data give the same numbers."""
    seed = [case.n_samples, case.n_features, case.n_components, list(SPREADS).index(data)]
    random = np.random.default_rng(seed)
    means = SPREADS[data] * random.standard_normal((case.n_components, case.n_features))
    X = random.standard_normal((case.n_samples, case.n_features))
    X += means[random.integers(case.n_components, size=case.n_samples)]
    return X, means + START_NOISE * random.standard_normal(means.shape)


def save(case: Case, data: str, directory: Path) -> str:
    """Write the samples of a case to a file that all libraries read; return its path."""
    path = directory / f"{case}-{data}.npz"
    if not path.exists():
        X, means = generate(case, data)
        np.savez(path, X=X, means=means)
    return str(path)
