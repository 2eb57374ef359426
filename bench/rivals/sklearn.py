"""scikit-learn's GaussianMixture, the reference for all other libraries."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from sklearn.base import clone
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture

from bench.cases.problem import Array, Fit, Problem
from bench.rivals.estimator import fit_estimator

__all__ = ["BayesianGaussianMixture", "GaussianMixture", "fit", "fit_columns", "versions"]

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")
DTYPES = ("float64", "float32")


def fit_columns(columns: list[Array], model: Any) -> list[Any]:
    """Fit a copy of a model to each column."""
    return [clone(model).fit(column) for column in columns]


def versions() -> dict[str, str]:
    """Return the versions of scikit-learn, NumPy and SciPy."""
    return {name: version(name) for name in ("scikit-learn", "numpy", "scipy")}


def fit(problem: Problem, n_iter: int) -> Fit:
    """Run EM from the problem's parameters."""
    return fit_estimator(GaussianMixture, problem, n_iter)
