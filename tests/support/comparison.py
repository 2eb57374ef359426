"""Differences between mixtures of gmmx and of scikit-learn after fits from the same start.

`tools/compare/compare_sklearn.py` prints these differences; tests check that they are small.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from sklearn import datasets, mixture
from sklearn.decomposition import PCA

import gmmx
from reference import faithful
from twin import Array, dense, invert, m_step

SHARED_TYPES = ("full", "tied", "diag", "spherical")
# With 'k-means++' and 'random_from_data' scikit-learn starts with covariances of single samples,
# which consist of rounding errors, except for 'tied', whose covariance contains all samples.
SHARED_STARTS = ("kmeans", "random")


@dataclass(frozen=True)
class Comparison:
    """Largest relative differences between two fits.

    Differences of parameters are in units of weights and standard deviations.
    """

    lower_bounds: float
    parameters: float
    criteria: float  # AIC and BIC
    same_n_iter: bool
    same_converged: bool

    def is_equal_within(self, tolerance: float) -> bool:
        """Return whether iterations agree, and numbers up to a relative difference."""
        largest = max(self.lower_bounds, self.parameters, self.criteria)
        return self.same_n_iter and self.same_converged and largest <= tolerance


def _iris() -> Array:
    return datasets.load_iris().data


def _wine() -> Array:
    return datasets.load_wine().data


def _digits() -> Array:
    return PCA(8, svd_solver="full").fit_transform(datasets.load_digits().data)


def _blobs() -> Array:
    return datasets.make_blobs(1000, n_features=5, centers=4, cluster_std=2.5, random_state=0)[0]


@dataclass(frozen=True)
class Dataset:
    """Samples and a suitable number of components."""

    load: Callable[[], Array]
    n_components: int


DATASETS = {
    "iris": Dataset(_iris, 3),
    "wine": Dataset(_wine, 3),
    "faithful": Dataset(faithful, 2),
    "digits PCA(8)": Dataset(_digits, 10),
    "blobs": Dataset(_blobs, 4),
}


@cache
def samples_of(name: str) -> Array:
    """Return the samples of one of DATASETS."""
    return np.ascontiguousarray(DATASETS[name].load())


def start_of(X: Array, n_components: int, covariance_type: str) -> dict[str, Array]:
    """Return starting parameters from equal parts of X along its first principal axis."""
    centred = X - X.mean(axis=0)
    axis = np.linalg.svd(centred, full_matrices=False)[2][0]
    axis *= np.sign(axis[np.argmax(np.abs(axis))])
    ranks = np.argsort(np.argsort(centred @ axis, kind="stable"))
    resp = np.eye(n_components)[ranks * n_components // len(X)]
    start = m_step(X, resp, covariance_type, reg_covar=1e-6)
    return {
        "weights_init": start.weights,
        "means_init": start.means,
        "precisions_init": invert(start.covariances, covariance_type),
    }


def compare(X: Array, n_components: int, covariance_type: str, **parameters: Any) -> Comparison:
    """Fit both with the same parameters and return their differences.

    `parameters` are parameters of the constructor. Without a random state both start from the
    parameters of `start_of`.
    """
    if "random_state" not in parameters:
        parameters |= start_of(np.asarray(X, np.float64), n_components, covariance_type)
    ours, theirs = (
        fitted(library, X, n_components, covariance_type=covariance_type, **parameters)
        for library in (gmmx, mixture)
    )
    return Comparison(
        lower_bounds=largest_relative(ours.lower_bounds_, theirs.lower_bounds_),
        parameters=parameter_difference(ours, theirs),
        criteria=largest_relative([ours.aic(X), ours.bic(X)], [theirs.aic(X), theirs.bic(X)]),
        same_n_iter=ours.n_iter_ == theirs.n_iter_,
        same_converged=ours.converged_ == theirs.converged_,
    )


def fitted(library: Any, X: Array, n_components: int, **parameters: Any) -> Any:
    """Return a fitted GaussianMixture of a library, without warnings."""
    return fitted_quietly(library.GaussianMixture(n_components, **parameters), X)


def fitted_quietly(model: Any, X: Array) -> Any:
    """Fit a model without warnings and return it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X)


def largest_relative(actual: Any, expected: Any) -> float:
    """Return the largest relative difference, infinity if the shapes differ."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    if actual.shape != expected.shape:
        return np.inf
    return float(np.max(np.abs(actual - expected) / np.abs(expected)))


def parameter_difference(ours: Any, theirs: Any) -> float:
    """Return the largest difference of parameters, in weights and standard deviations."""
    matrices, expected = (
        dense(model.covariances_, model.covariance_type, *theirs.means_.shape)
        for model in (ours, theirs)
    )
    deviations = np.sqrt(np.einsum("kdd->kd", expected))
    products = deviations[:, :, np.newaxis] * deviations[:, np.newaxis, :]
    return float(
        max(
            np.max(np.abs(ours.weights_ - theirs.weights_) / theirs.weights_),
            np.max(np.abs(ours.means_ - theirs.means_) / deviations),
            np.max(np.abs(matrices - expected) / products),
        )
    )
