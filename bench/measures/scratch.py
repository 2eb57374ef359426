"""A fit with default parameters, including its starting values."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.cases.likelihood import mean_log_likelihood
from bench.cases.problem import Parameters, load
from bench.cases.synthetic import COVARIANCE_TYPES, Case, save
from bench.hosts.host import Host
from bench.hosts.interleave import compare
from bench.plan import Plan
from bench.timing import median_seconds

LARGEST_D = 64
SMALL = Case(300, 4, 3)


def measure_scratch(
    hosts: Sequence[Host], cases: Sequence[Case], plan: Plan, directory: Path
) -> list[dict[str, Any]]:
    """Compare scikit-learn and gmmx with the same random state."""
    chosen = [case.shrunk(plan.scratch_shrink) for case in cases if case.n_features <= LARGEST_D]
    rows = []
    for data in plan.scratch:
        for case in (*chosen, SMALL):
            path = save(case, data, directory)
            for covariance_type in COVARIANCE_TYPES:
                row = compare(
                    hosts, plan, f"{__name__}.fit", path=path, covariance_type=covariance_type
                )
                text = f"from scratch {case} {data} {covariance_type}: {row['ratio']:.1f}"
                print(text, file=sys.stderr)
                rows.append({"data": data, "case": case, "covariance_type": covariance_type, **row})
            Path(path).unlink()
    return rows


def fit(module: str, path: str, covariance_type: str) -> dict[str, Any]:
    """Fit with default parameters; runs in a library's process."""
    problem = load(path, "float64", covariance_type)
    estimator = import_module(module).GaussianMixture
    model = estimator(len(problem.means), covariance_type=covariance_type, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ConvergenceWarning
        seconds = median_seconds(lambda: model.fit(problem.X))
    parameters = Parameters(model.weights_, model.means_, model.covariances_)
    likelihood = mean_log_likelihood(problem.X, parameters, covariance_type)
    return {"seconds": seconds, "n_iter": model.n_iter_, "result": likelihood}
