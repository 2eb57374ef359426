"""pomegranate: PyTorch. It adds nothing to variances."""

from __future__ import annotations

import os
from importlib.metadata import version

# At import a dependency spends seconds on compiling functions that only other starts use.
os.environ["NUMBA_DISABLE_JIT"] = "1"

import numpy as np
import torch
from pomegranate.distributions import Normal
from pomegranate.gmm import GeneralMixtureModel

from bench.cases.problem import Fit, Parameters, Problem
from bench.timing import timed

COVARIANCE_TYPES = ("full", "diag")
DTYPES = ("float64", "float32")

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


def versions() -> dict[str, str]:
    """Return the versions of the library and of PyTorch."""
    return {name: version(name) for name in ("pomegranate", "torch")}


def fit(problem: Problem, n_iter: int) -> Fit:
    """Run EM from the problem's parameters."""
    X = torch.from_numpy(problem.X)
    torch.set_default_dtype(X.dtype)  # the dtype of pomegranate's sums
    components = [
        Normal(
            torch.from_numpy(mean.copy()),
            torch.from_numpy(covariance.copy()),
            covariance_type=problem.covariance_type,
            check_data=False,
        )
        for mean, covariance in zip(problem.means, problem.identity, strict=True)
    ]
    model = GeneralMixtureModel(
        components,
        priors=torch.from_numpy(problem.weights),
        max_iter=n_iter,
        tol=-np.inf,
        check_data=False,
    )
    seconds, _ = timed(lambda: model.fit(X))
    parameters = Parameters(
        model.priors.numpy(),
        np.stack([component.means.numpy() for component in components]),
        np.stack([component.covs.numpy() for component in components]),
    )
    return Fit(seconds, parameters)
