"""Likelihood at the end of a stream, next to EM on all its rows and to a truth that moves."""

from __future__ import annotations

import copy
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

import numpy as np

from bench.cases.problem import Array
from bench.cases.synthetic import Case, generate
from bench.hosts.processes import Process
from bench.plan import Plan

N_SAMPLES, BATCH = 1_000_000, 1_000
LONGEST_CALL = 1800  # seconds; EM on a million rows takes a minute, longer beside other work
TOL, MAX_ITER = 1e-4, 100  # of EM on all rows
# Covariance type, features, components, kind of data.
STATIONARY = (
    ("full", 2, 4, "separated"),
    ("full", 8, 16, "overlapping"),
    ("full", 32, 4, "overlapping"),
    ("full", 32, 32, "overlapping"),
    ("tied", 2, 16, "separated"),
    ("tied", 8, 32, "overlapping"),
    ("tied", 32, 4, "overlapping"),
    ("diag", 2, 32, "separated"),
    ("diag", 32, 16, "overlapping"),
)
DRIFT = Case(N_SAMPLES, 8, 4)
FORGET_FACTORS = (None, 0.02, 0.1)
DISTANCE = 8.0  # standard deviations that each mean moves during the stream
LAST = 10 * BATCH  # rows at the end of the moving stream, at which models are compared


def measure_stream(plan: Plan, n_threads: int) -> dict[str, list[dict[str, Any]]]:
    """Return the differences of likelihoods of stationary and of moving streams."""
    with Process(n_threads, longest_call=LONGEST_CALL) as process:
        return {"stationary": _stationary(process, plan), "drift": _drift(process, plan)}


def _stationary(process: Process, plan: Plan) -> list[dict[str, Any]]:
    """Return a row for each stationary stream."""
    rows = []
    for covariance_type, n_features, n_components, data in STATIONARY:
        case = Case(N_SAMPLES // plan.shrink, n_features, n_components)
        found = process.call(
            f"{__name__}.end_of_stream", sizes=astuple(case), data=data,
            covariance_type=covariance_type,
        )  # fmt: skip
        rows.append({"case": case, "covariance_type": covariance_type, "data": data, **found})
        print(f"stream {case} {covariance_type}: {found['shortfall']:.4f}", file=sys.stderr)
    return rows


def _drift(process: Process, plan: Plan) -> list[dict[str, Any]]:
    """Return a row for each `forget_factor` of the stream whose means move."""
    rows = []
    case = Case(DRIFT.n_samples // plan.shrink, DRIFT.n_features, DRIFT.n_components)
    for forget_factor in FORGET_FACTORS:
        found = process.call(
            f"{__name__}.end_of_drift", sizes=astuple(case), forget_factor=forget_factor
        )
        rows.append({"case": case, "forget_factor": forget_factor, **found})
        print(f"drift, {forget_factor}: {found['shortfall']:.4f}", file=sys.stderr)
    return rows


def end_of_stream(sizes: Sequence[int], data: str, covariance_type: str) -> dict[str, float]:
    """Compare a stream with EM on all its rows from the same start; runs in gmmx's process."""
    warnings.simplefilter("ignore")  # ConvergenceWarning
    X, _ = generate(Case(*sizes), data)
    start, n_first = _started(X, n_components=sizes[2], covariance_type=covariance_type)
    whole = copy.deepcopy(start).set_params(warm_start=True, tol=TOL, max_iter=MAX_ITER)
    begin = time.perf_counter()
    bound = whole.fit(X).score(X)
    of_fit, begin = time.perf_counter() - begin, time.perf_counter()
    stream = _continued(start, X[n_first:])
    return {
        "shortfall": bound - stream.score(X),
        "n_first": n_first,
        "n_iter": whole.n_iter_,
        "fit_seconds": of_fit,
        "stream_seconds": time.perf_counter() - begin,
    }


def end_of_drift(sizes: Sequence[int], forget_factor: float | None) -> dict[str, float]:
    """Compare a stream whose means move with the truth at its end; runs in gmmx's process."""
    from gmmx import GaussianMixture  # noqa: PLC0415 - in gmmx's process only

    n_samples, n_features, n_components = sizes
    random = np.random.default_rng(0)
    means = 4 * random.standard_normal((n_components, n_features))
    directions = random.standard_normal(means.shape)
    directions *= DISTANCE / np.linalg.norm(directions, axis=1, keepdims=True)
    labels = random.integers(n_components, size=n_samples)
    X = random.standard_normal((n_samples, n_features)) + means[labels]
    X += np.linspace(0, 1, n_samples)[:, np.newaxis] * directions[labels]
    start, n_first = _started(X, n_components=n_components, forget_factor=forget_factor)
    model = _continued(start, X[n_first:])
    weights = np.full(n_components, 1 / n_components)
    covariances = np.tile(np.eye(n_features), (n_components, 1, 1))
    middle = means + directions * (1 - LAST / n_samples / 2)
    truth = GaussianMixture.from_parameters(weights, middle, covariances)
    return {"shortfall": truth.score(X[-LAST:]) - model.score(X[-LAST:])}


def _started(X: Array, **parameters: Any) -> tuple[Any, int]:
    """Return a mixture that the first batches started, and the number of their rows."""
    from gmmx import GaussianMixture  # noqa: PLC0415 - in gmmx's process only

    model, n_first = GaussianMixture(random_state=0, **parameters), 0
    while not hasattr(model, "means_"):
        model.partial_fit(X[n_first : n_first + BATCH])
        n_first += BATCH
    return model, n_first


def _continued(model: Any, X: Array) -> Any:
    """Return the mixture after the rest of the batches."""
    for first in range(0, len(X), BATCH):
        model.partial_fit(X[first : first + BATCH])
    return model
