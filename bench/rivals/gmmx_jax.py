"""gmmx by A. Donath: JAX, in float32 only. The time of compilation does not count."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version
from typing import Any

import jax
import numpy as np

from bench.cases.problem import REG_COVAR, Fit, Parameters, Problem
from bench.timing import timed
from gmmx import EMFitter, GaussianMixtureModelJax  # type: ignore[attr-defined]

COVARIANCE_TYPES = ("full", "diag")
DTYPES = ("float32",)


def versions() -> dict[str, str]:
    """Return the versions of the library and of JAX."""
    return {"gmmx (JAX)": version("gmmx"), "jax": version("jax")}


@lru_cache(maxsize=2)
def compiled(problem: Problem, n_iter: int) -> tuple[Any, tuple[Any, ...]]:
    """Return compiled EM and its arguments."""
    model = GaussianMixtureModelJax.from_squeezed(
        means=problem.means,
        covariances=problem.identity,
        weights=problem.weights,
        covariance_type=problem.covariance_type,
    )
    fitter = EMFitter(max_iter=n_iter, tol=0.0, reg_covar=REG_COVAR)
    arguments = (fitter, jax.numpy.asarray(problem.X), model)
    return EMFitter.fit.lower(*arguments).compile(), arguments


def fit(problem: Problem, n_iter: int) -> Fit:
    """Run EM from the problem's parameters."""
    run, arguments = compiled(problem, n_iter)
    seconds, result = timed(lambda: jax.block_until_ready(run(*arguments)))
    assert int(result.n_iter) == n_iter
    model = result.gmm
    fitted = (model.weights_numpy, model.means_numpy, model.covariances.values_numpy)
    return Fit(seconds, Parameters(*(np.asarray(values) for values in fitted)))
