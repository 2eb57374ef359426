"""tgmm: PyTorch.

Chunks of 512 rows are several times faster than its default, all rows at once, and give the same
numbers.
"""

from __future__ import annotations

import os
import warnings
from importlib.metadata import version

import torch
from tgmm import GaussianMixture

from bench.problem import REG_COVAR, Fit, Parameters, Problem
from bench.timing import timed

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")
DTYPES = ("float64", "float32")
ROWS = 512
SMALLEST = 1e-300  # a tolerance of 0 is refused

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


def versions() -> dict[str, str]:
    """Versions of the library and of PyTorch."""
    return {name: version(name) for name in ("tgmm", "torch")}


def fit(problem: Problem, n_iter: int) -> Fit:
    """EM from the problem's parameters."""
    tied = problem.covariance_type == "tied"
    model = GaussianMixture(
        len(problem.means),
        covariance_type="tied_full" if tied else problem.covariance_type,
        tol=SMALLEST,
        reg_covar=REG_COVAR,
        max_iter=n_iter,
        init_weights=torch.from_numpy(problem.weights),
        init_means=torch.from_numpy(problem.means),
        init_covariances=torch.from_numpy(problem.identity),
        batch_size=ROWS,
    )
    X = torch.from_numpy(problem.X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it did not converge
        seconds, _ = timed(lambda: model.fit(X))
    if model.converged_:
        raise RuntimeError(f"stopped after {model.n_iter_} of {n_iter} iterations")
    fitted = (model.weights_, model.means_, model.covariances_)
    return Fit(seconds, Parameters(*(values.numpy() for values in fitted)))
