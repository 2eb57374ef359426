"""Passes over the samples of plain EM and of ``algorithm='squarem'``, from the same start."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from bench.cases.problem import Array
from bench.hosts.host import Host
from bench.hosts.interleave import the_pair
from bench.timing import median_seconds

TOL = 1e-7  # nats per sample; at the default of 1e-3 plain EM stops far from the maximum
MAX_ITER = 20_000
NEAR = 1e-6  # nats per sample; a likelihood this close to the goal reaches it


def measure_acceleration(hosts: Sequence[Host], directory: Path) -> list[dict[str, Any]]:
    """Compare scikit-learn, and gmmx with and without extrapolation, on every data set."""
    from bench.cases.datasets import DATASETS  # noqa: PLC0415 - loads scikit-learn

    sklearn, gmmx = the_pair(hosts)
    rows = []
    for dataset in DATASETS:
        path = directory / "samples.npy"
        np.save(path, np.ascontiguousarray(dataset.load()))
        arguments = {
            "path": str(path),
            "n_components": dataset.n_components,
            "covariance_type": dataset.covariance_type,
        }
        theirs = sklearn.process.call(f"{__name__}.fit", module=sklearn.library.module, **arguments)
        row: dict[str, Any] = {"data": dataset.title, "sklearn": theirs}
        for algorithm in ("em", "squarem"):
            row[algorithm] = gmmx.process.call(
                f"{__name__}.fit_to", algorithm=algorithm, goal=theirs["log_likelihood"],
                module=gmmx.library.module, **arguments,
            )  # fmt: skip
        passes = f"{row['em']['passes']} passes, squarem {row['squarem']['passes']}"
        print(f"{dataset.title}: {passes}", file=sys.stderr)
        rows.append(row)
    return rows


def fit(module: str, **arguments: Any) -> dict[str, float]:
    """Return seconds, iterations and mean log-likelihood of a fit; runs in a library's process."""
    model, X = _unfitted(module, **arguments)
    seconds = median_seconds(lambda: model.fit(X))
    return {
        "seconds": seconds,
        "n_iter": int(model.n_iter_),
        "log_likelihood": float(model.score(X)),
    }


def fit_to(goal: float, module: str, **arguments: Any) -> dict[str, float | None]:
    """Return the results of `fit`, the passes over the samples, and the passes to the goal.

    Each iteration is one pass, also one whose step was undone.
    """
    model, X = _unfitted(module, **arguments)
    model.fit(X)
    # Each bound is the likelihood before its iteration.
    reached = np.flatnonzero(np.array(model.lower_bounds_) >= goal - NEAR)
    passes_to_goal = seconds_to_goal = None
    if reached.size:
        passes_to_goal = max(1, int(reached[0]))
        seconds_to_goal = fit(module, **arguments, max_iter=passes_to_goal)["seconds"]
    return {
        **fit(module, **arguments),
        "passes": len(model.lower_bounds_),
        "passes_to_goal": passes_to_goal,
        "seconds_to_goal": seconds_to_goal,
    }


def gain_to_goal(row: dict[str, Any]) -> float:
    """Return the passes of EM divided by the passes of squarem to the goal, 0 if not reached."""
    passes = row["squarem"]["passes_to_goal"]
    return float(row["em"]["passes"] / passes) if passes else 0.0


def _unfitted(
    module: str, path: str, n_components: int, covariance_type: str, **parameters: Any
) -> tuple[Any, Array]:
    """Return a model and the samples."""
    warnings.simplefilter("ignore")  # ConvergenceWarning
    options = {"tol": TOL, "max_iter": MAX_ITER, "random_state": 0} | parameters
    estimator = import_module(module).GaussianMixture
    return estimator(n_components, covariance_type=covariance_type, **options), np.load(path)
