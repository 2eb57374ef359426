"""A fit by an estimator with the constructor of scikit-learn's."""

from __future__ import annotations

import warnings
from typing import Any

from bench.cases.problem import REG_COVAR, Fit, Parameters, Problem
from bench.timing import timed


def fit_estimator(estimator: Any, problem: Problem, n_iter: int) -> Fit:
    """Fit an estimator of a class from the problem's parameters."""
    model = estimator(
        len(problem.means),
        covariance_type=problem.covariance_type,
        tol=0.0,
        reg_covar=REG_COVAR,
        max_iter=n_iter,
        weights_init=problem.weights,
        means_init=problem.means,
        precisions_init=problem.identity,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ConvergenceWarning
        seconds, _ = timed(lambda: model.fit(problem.X))
    assert model.n_iter_ == n_iter
    return Fit(seconds, Parameters(model.weights_, model.means_, model.covariances_))
