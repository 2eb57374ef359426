"""scikit-learn's GaussianMixture, to which all others are compared."""

from __future__ import annotations

from importlib.metadata import version

from sklearn.mixture import GaussianMixture

from bench.libraries.estimator import fit_estimator
from bench.problem import Fit, Problem

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")
DTYPES = ("float64", "float32")


def versions() -> dict[str, str]:
    """Versions of the library and of what it computes with."""
    return {name: version(name) for name in ("scikit-learn", "numpy", "scipy")}


def fit(problem: Problem, n_iter: int) -> Fit:
    """EM from the problem's parameters."""
    return fit_estimator(GaussianMixture, problem, n_iter)
