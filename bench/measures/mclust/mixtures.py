"""Simulated mixtures of all fourteen covariance structures, with known overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.cases.problem import Array

# mclust's names: volume, shape and orientation of the covariances are equal (E) or vary (V) between
# components, or are those of the identity matrix (I).
STRUCTURES = (
    "EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV",
    "VVV",
)  # fmt: skip
# The smallest distance between two means, over the sum of the two standard deviations along it.
SEPARATIONS = {"clear": 3.0, "moderate": 2.0, "heavy": 1.3}
MOST_FEATURES, MOST_COMPONENTS = 10, 8
FEWEST_SAMPLES, MOST_SAMPLES = 100, 2000
SPREAD_OF_VOLUME, SPREAD_OF_SHAPE = 0.5, 0.6  # standard deviations of logarithms


@dataclass(frozen=True)
class Mixture:
    """A simulated mixture, and samples of it."""

    structure: str
    overlap: str
    n_components: int
    X: Array

    @property
    def n_features(self) -> int:
        """Number of features."""
        return self.X.shape[1]


def simulated(number: int) -> Mixture:
    """Return mixture `number`; structures and overlaps take turns, sizes are random."""
    random = np.random.default_rng(number)
    structure = STRUCTURES[number % len(STRUCTURES)]
    overlap = tuple(SEPARATIONS)[number // len(STRUCTURES) % len(SEPARATIONS)]
    n_features = int(random.integers(1, MOST_FEATURES + 1))
    n_components = int(random.integers(1, MOST_COMPONENTS + 1))
    fewest, most = np.log([FEWEST_SAMPLES, MOST_SAMPLES])
    n_samples = int(np.exp(random.uniform(fewest, most)))
    covariances = _covariances(structure, n_components, n_features, random)
    means = _separated(random.normal(size=(n_components, n_features)), covariances)
    means *= SEPARATIONS[overlap]
    labels = random.choice(n_components, n_samples, p=random.dirichlet(np.full(n_components, 10.0)))
    factors = np.linalg.cholesky(covariances)
    noise = random.normal(size=(n_samples, n_features))
    X = means[labels] + np.einsum("nij,nj->ni", factors[labels], noise)
    return Mixture(structure, overlap, n_components, X)


def _covariances(
    structure: str, n_components: int, n_features: int, random: np.random.Generator
) -> Array:
    """Return random covariances of a structure, (n_components, n_features, n_features)."""
    volume, shape, orientation = structure
    volumes = np.exp(random.normal(scale=SPREAD_OF_VOLUME, size=(n_components, 1)))
    shapes = random.normal(scale=SPREAD_OF_SHAPE, size=(n_components, n_features))
    shapes = np.exp(shapes - shapes.mean(axis=1, keepdims=True))
    axes = np.linalg.qr(random.normal(size=(n_components, n_features, n_features)))[0]
    if volume == "E":
        volumes[:] = 1.0
    if shape != "V":
        shapes[:] = shapes[0] if shape == "E" else 1.0
    if orientation != "V":
        axes[:] = axes[0] if orientation == "E" else np.eye(n_features)
    scaled = axes * (volumes * shapes)[:, np.newaxis, :]
    return np.asarray(scaled @ axes.swapaxes(1, 2))


def _separated(means: Array, covariances: Array) -> Array:
    """Return the means, scaled so that the smallest separation of two components is 1."""
    separations = []
    for i in range(len(means)):
        for j in range(i):
            difference = means[i] - means[j]
            distance = np.linalg.norm(difference)
            along = difference / distance
            deviations = np.sqrt(np.einsum("kij,i,j->k", covariances[[i, j]], along, along))
            separations.append(distance / deviations.sum())
    return means / min(separations, default=1.0)
