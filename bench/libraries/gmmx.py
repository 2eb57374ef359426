"""gmmx, the library of this repository."""

from __future__ import annotations

import gmmx
from bench.libraries.estimator import fit_estimator
from bench.problem import Fit, Problem
from gmmx import GaussianMixture

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")
DTYPES = ("float64", "float32")


def versions() -> dict[str, str]:
    """Version, compiler and instruction set."""
    build = gmmx.build_config()
    return {name: str(build[name]) for name in ("version", "compiler", "instruction_set")}


def fit(problem: Problem, n_iter: int) -> Fit:
    """EM from the problem's parameters."""
    return fit_estimator(GaussianMixture, problem, n_iter)
