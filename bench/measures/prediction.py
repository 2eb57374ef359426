"""``predict_proba`` on a million rows and on a single one."""

from __future__ import annotations

import statistics
import sys
import warnings
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from bench.cases.problem import Array
from bench.cases.synthetic import Case, generate
from bench.hosts.host import Host
from bench.hosts.interleave import compare
from bench.plan import Plan
from bench.timing import median_seconds, timed

N_FEATURES, N_COMPONENTS = 8, 8
MANY = 1_000_000
PAIRS = 3  # pairs of a measurement with probabilities and one without


def measure_prediction(hosts: Sequence[Host], plan: Plan) -> dict[str, Any]:
    """Compare scikit-learn and gmmx on full covariances, D = 8, K = 8."""
    results = {
        name: compare(hosts, plan, f"{__name__}.{name}") for name in ("a_million_rows", "one_row")
    }
    print(f"predict_proba: {results}", file=sys.stderr)
    return results


@cache
def fitted(module: str) -> Any:
    """Return a fitted model of a library."""
    X, _ = generate(Case(10_000, N_FEATURES, N_COMPONENTS), "overlapping")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ConvergenceWarning
        return import_module(module).GaussianMixture(
            N_COMPONENTS, max_iter=5, random_state=0
        ).fit(X)  # fmt: skip


@cache
def samples(n_samples: int) -> Array:
    """Return samples for prediction."""
    return np.random.default_rng(0).standard_normal((n_samples, N_FEATURES))


def a_million_rows(module: str) -> dict[str, float]:
    """Return seconds, and their ratio to the E-step's seconds; runs in a library's process."""
    model, X = fitted(module), samples(MANY)
    pairs = [
        (timed(lambda: model.predict_proba(X))[0], timed(lambda: model.score_samples(X))[0])
        for _ in range(PAIRS)
    ]
    return {
        "seconds": statistics.median(proba for proba, _ in pairs),
        "of_e_step": statistics.median(proba / e_step for proba, e_step in pairs),
        "result": float(np.square(model.predict_proba(X)).mean()),
    }


def one_row(module: str) -> dict[str, float]:
    """Return seconds of predicting one row; runs in a library's process."""
    model, X = fitted(module), samples(1)
    return {
        "seconds": median_seconds(lambda: model.predict_proba(X)),
        "result": float(np.square(model.predict_proba(X)).mean()),
    }
