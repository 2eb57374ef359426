"""gmmx, the library of this repository."""

from __future__ import annotations

from typing import Any

import gmmx
from bench.cases.problem import Array, Fit, Problem
from bench.rivals.estimator import fit_estimator
from gmmx import BayesianGaussianMixture, GaussianMixture

__all__ = ["BayesianGaussianMixture", "GaussianMixture", "fit", "fit_columns", "versions"]

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")
DTYPES = ("float64", "float32")


def fit_columns(columns: list[Array], model: Any) -> list[Any]:
    """Fit a copy of a model to each column."""
    return gmmx.fit_columns(columns, model)


def versions() -> dict[str, str]:
    """Return version, compiler and instruction set."""
    build = gmmx.build_config()
    return {name: str(build[name]) for name in ("version", "compiler", "instruction_set")}


def fit(problem: Problem, n_iter: int) -> Fit:
    """Run EM from the problem's parameters."""
    return fit_estimator(GaussianMixture, problem, n_iter)
