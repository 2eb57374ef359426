"""An EM iteration of gmmx beside another one: more threads, single precision, weights."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.cases.problem import load
from bench.cases.synthetic import COVARIANCE_TYPES, Case, save
from bench.hosts.host import Host
from bench.hosts.processes import Process
from bench.plan import Plan
from bench.rivals import GMMX
from bench.timing import timed

FEWEST_D = 8  # with fewer features single precision has no target
# Sizes for the cost of weights: a pass takes from one to some tens of milliseconds.
PASSES = 20  # in turn in each repeat, since they differ by a few percent only
WEIGHTED_CASES = tuple(
    Case(3_200_000 // (n_features * n_components), n_features, n_components)
    for n_features in (2, 10, 20, 50)
    for n_components in (8, 32)
)


def measure_scaling(
    cases: Sequence[Case], plan: Plan, n_threads: int, directory: Path
) -> list[dict[str, Any]]:
    """Measure one thread and several threads in turn, in float64."""
    with Process(1) as one, Process(n_threads) as several:
        return _gains(
            "threads", cases, plan, directory,
            lambda **arguments: _measure(one, dtype="float64", **arguments),
            lambda **arguments: _measure(several, dtype="float64", **arguments),
        )  # fmt: skip


def measure_precision(
    cases: Sequence[Case], plan: Plan, n_threads: int, directory: Path
) -> list[dict[str, Any]]:
    """Measure float64 and float32 in turn."""
    chosen = [case for case in cases if case.n_features >= FEWEST_D]
    with Process(n_threads) as process:
        return _gains(
            "float32", chosen, plan, directory,
            lambda **arguments: _measure(process, dtype="float64", **arguments),
            lambda **arguments: _measure(process, dtype="float32", **arguments),
        )  # fmt: skip


def measure_weights(hosts: Sequence[Host], plan: Plan, directory: Path) -> list[dict[str, Any]]:
    """Measure passes over samples with weights 1 and without weights in turn, in float64."""
    process = next(host.process for host in hosts if host.library == GMMX)
    rows = []
    for case in (case.shrunk(plan.shrink) for case in WEIGHTED_CASES):
        path = save(case, "overlapping", directory)
        for covariance_type in COVARIANCE_TYPES:
            found = process.call(
                f"{__name__}.cost_of_weights",
                path=path, covariance_type=covariance_type, repeats=plan.repeats,
            )  # fmt: skip
            print(f"weights {case} {covariance_type}: {found['gain']:.3f}", file=sys.stderr)
            rows.append({"case": case, "covariance_type": covariance_type, **found})
        Path(path).unlink()
    return rows


def cost_of_weights(path: str, covariance_type: str, repeats: int) -> dict[str, float]:
    """Return the seconds of a plain pass over those of a weighted pass; runs in gmmx's process."""
    from gmmx._core.interface.threads import resolve_n_threads  # noqa: PLC0415 - in the process
    from gmmx.model.covariance import STRUCTURES  # noqa: PLC0415
    from gmmx.model.parameters import MixtureParameters  # noqa: PLC0415
    from gmmx.samples.array_source import ArraySource  # noqa: PLC0415

    problem = load(path, "float64", covariance_type)
    X, means = np.asarray(problem.X, np.float64), np.asarray(problem.means, np.float64)
    covariance = STRUCTURES[covariance_type].from_covariances(
        np.asarray(problem.identity, np.float64), *means.shape
    )
    parameters = MixtureParameters(np.full(len(means), 1 / len(means)), means, covariance)
    n_threads = resolve_n_threads(None)
    plain, weighted = (
        ArraySource(X, n_threads, weight) for weight in (None, np.ones(len(X)))
    )  # fmt: skip
    likelihoods = [source.statistics(parameters).log_likelihood for source in (plain, weighted)]
    seconds: tuple[list[float], list[float]] = [], []
    for _ in range(repeats * PASSES):
        for source, durations in zip((plain, weighted), seconds, strict=True):
            durations.append(timed(partial(source.statistics, parameters))[0])
    without, with_weights = map(statistics.median, seconds)
    return {
        "seconds": without,
        "gain": without / with_weights,
        "difference": abs(likelihoods[1] / likelihoods[0] - 1),
    }


def _gains(
    title: str, cases: Sequence[Case], plan: Plan, directory: Path,
    slow: Callable[..., Any], fast: Callable[..., Any],
) -> list[dict[str, Any]]:  # fmt: skip
    """Return rows with the seconds of `slow` and their ratio to the seconds of `fast`."""
    rows = []
    for case in (case.shrunk(plan.shrink) for case in cases):
        path = save(case, "overlapping", directory)
        for covariance_type in COVARIANCE_TYPES:
            arguments = {"path": path, "covariance_type": covariance_type}
            pairs = [
                (slow(is_first=not repeat, **arguments), fast(is_first=not repeat, **arguments))
                for repeat in range(plan.repeats)
            ]
            likelihoods = [found["log_likelihood"] for found in pairs[0]]
            gains = [slower["seconds"] / faster["seconds"] for slower, faster in pairs]
            row = {
                "case": case,
                "covariance_type": covariance_type,
                "seconds": statistics.median(slower["seconds"] for slower, _ in pairs),
                "gain": statistics.median(gains),
                "difference": abs(likelihoods[1] / likelihoods[0] - 1),
            }
            print(f"{title} {case} {covariance_type}: {row['gain']:.2f}", file=sys.stderr)
            rows.append(row)
        Path(path).unlink()
    return rows


def _measure(process: Process, **arguments: Any) -> Any:
    """Measure an iteration of gmmx in a process."""
    return process.call("bench.measures.iteration_seconds.measure", module=GMMX.module, **arguments)
