"""Armadillo: C++. It raises smaller variances to `REG_COVAR`, instead of adding `REG_COVAR`."""

from __future__ import annotations

from bench.cases.problem import Fit, Problem
from bench.rivals.compiled import compile_program, run_program, version_of

COVARIANCE_TYPES = ("full", "diag")
DTYPES = ("float64", "float32")


def versions() -> dict[str, str]:
    """Return the version of the library."""
    return {"Armadillo": version_of(compile_program("armadillo"))}


def fit(problem: Problem, n_iter: int) -> Fit:
    """Run EM from the problem's parameters."""
    return run_program(compile_program("armadillo"), problem, n_iter)
