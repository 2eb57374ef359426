"""mlpack: C++, compiled from the headers in its wheel.

mlpack's Python function always starts from k-means; only in C++ can EM start from given parameters.
mlpack adds nothing to variances. Its mixtures with diagonal covariances are Armadillo's.
"""

from __future__ import annotations

from importlib.metadata import distribution, version
from pathlib import Path

from bench.cases.problem import Fit, Problem
from bench.rivals.compiled import compile_program, run_program, version_of

COVARIANCE_TYPES = ("full",)
DTYPES = ("float64",)


def program() -> Path:
    """Compile the program if necessary; return its path."""
    headers = distribution("mlpack").locate_file("mlpack/include")
    return compile_program("mlpack", f"-I{headers}")


def versions() -> dict[str, str]:
    """Return the versions of the library and of Armadillo, which it uses."""
    return {"mlpack": version("mlpack"), "Armadillo": version_of(program())}


def fit(problem: Problem, n_iter: int) -> Fit:
    """Run EM from the problem's parameters."""
    return run_program(program(), problem, n_iter)
