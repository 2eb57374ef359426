"""Samples for the scenarios."""

from __future__ import annotations

import numpy as np


def clusters(
    n_samples: int, n_features: int, n_clusters: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return samples of overlapping correlated clusters, and their labels."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(n_clusters, size=n_samples)
    centers = generator.normal(scale=3, size=(n_clusters, n_features))
    factors = generator.normal(size=(n_clusters, n_features, n_features)) / np.sqrt(n_features)
    noise = generator.normal(size=(n_samples, n_features))
    return centers[labels] + np.einsum("ide,ie->id", factors[labels], noise), labels
