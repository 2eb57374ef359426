"""Gain of an EM iteration of gmmx by more threads and by single precision."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.cases.synthetic import COVARIANCE_TYPES, Case, save
from bench.hosts.processes import Process
from bench.plan import Plan
from bench.rivals import GMMX

FEWEST_D = 8  # with fewer features single precision has no target


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
