"""Data sets for the comparison of numbers of iterations, with fast and with slow convergence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from sklearn import datasets
from sklearn.decomposition import PCA

from bench.cases.problem import Array


@dataclass(frozen=True)
class Dataset:
    """Samples, and the size and covariance type of the mixture fitted to them."""

    name: str
    load: Callable[[], Array]
    n_components: int
    covariance_type: str = "full"

    @property
    def title(self) -> str:
        """Name of the data set, number of components and covariance type."""
        return f"{self.name}, K={self.n_components}, {self.covariance_type}"


def _faithful() -> Array:
    with files("gmmx").joinpath("data/faithful.csv").open(encoding="utf-8") as file:
        return np.loadtxt(file, delimiter=",", skiprows=1)


def _principal(samples: Array, n_features: int) -> Array:
    return np.asarray(PCA(n_features, svd_solver="full").fit_transform(samples))


def _breast_cancer() -> Array:
    samples = datasets.load_breast_cancer().data
    return _principal((samples - samples.mean(axis=0)) / samples.std(axis=0), 6)


def _digits() -> Array:
    return _principal(datasets.load_digits().data, 12)


def _iris() -> Array:
    return np.asarray(datasets.load_iris().data)


def _wine() -> Array:
    return np.asarray(datasets.load_wine().data)


def _mixture(n_samples: int, n_features: int, n_components: int, spread: float) -> Array:
    """Return samples of components with variance 1 and means with standard deviation `spread`."""
    random = np.random.default_rng(n_samples + n_features)
    means = spread * random.standard_normal((n_components, n_features))
    labels = random.integers(n_components, size=n_samples)
    return means[labels] + random.standard_normal((n_samples, n_features))


def _line() -> Array:
    random = np.random.default_rng(0)
    means = np.array([0.0, 2.0, 4.0])[random.integers(3, size=2000)]
    return (means + random.standard_normal(2000))[:, np.newaxis]


DATASETS = (
    Dataset("iris", _iris, 3),
    Dataset("iris", _iris, 3, "tied"),
    Dataset("wine", _wine, 3, "diag"),
    Dataset("wine", _wine, 3, "tied"),
    Dataset("Old Faithful", _faithful, 2),
    Dataset("Old Faithful", _faithful, 3, "tied"),
    Dataset("Old Faithful", _faithful, 4, "spherical"),
    Dataset("breast cancer PCA(6)", _breast_cancer, 6),
    Dataset("breast cancer PCA(6)", _breast_cancer, 6, "diag"),
    Dataset("digits PCA(12)", _digits, 10),
    Dataset("digits PCA(12)", _digits, 10, "spherical"),
    Dataset("1-D, overlapping", _line, 3),
    Dataset("2-D, overlapping", lambda: _mixture(5000, 2, 4, 1.5), 4),
    Dataset("8-D, overlapping", lambda: _mixture(5000, 8, 5, 1.0), 5, "tied"),
    Dataset("4-D, separated", lambda: _mixture(2000, 4, 5, 6.0), 5),
    Dataset("16-D, separated", lambda: _mixture(2000, 16, 8, 4.0), 8, "diag"),
)
