"""How the time of an EM iteration grows with n, K and D."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.cases import Case, save
from bench.interleave import the_pair
from bench.libraries import Host
from bench.plan import Plan

LARGEST_SHRINK = 5  # with fewer samples, what happens once would count
SERIES = {
    "n": [Case(n, 16, 16) for n in (10_000, 20_000, 40_000, 80_000)],
    "K": [Case(40_000, 16, n_components) for n_components in (4, 8, 16, 32)],
    "D": [Case(40_000, n_features, 16) for n_features in (4, 8, 16, 32)],
}


def measure_growth(hosts: Sequence[Host], plan: Plan, directory: Path) -> list[dict[str, Any]]:
    """Slopes of log seconds over the logarithm of each size, full covariances, overlapping."""
    rows = []
    for size, cases in SERIES.items():
        chosen = [case.shrunk(min(plan.shrink, LARGEST_SHRINK)) for case in cases]
        paths = [save(case, "overlapping", directory) for case in chosen]
        for host in the_pair(hosts):
            seconds = [_seconds(host, path, plan) for path in paths]
            sizes = [_value(case, size) for case in chosen]
            slope = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
            rows.append(
                {
                    "size": size,
                    "library": host.library.key,
                    "sizes": sizes,
                    "seconds": seconds,
                    "slope": slope,
                }
            )
            print(f"growth with {size}: {host.library.name} {slope:.2f}", file=sys.stderr)
    return rows


def _seconds(host: Host, path: str, plan: Plan) -> float:
    """Median seconds of an iteration."""
    repeats = min(3, plan.repeats)
    seconds: list[float] = [
        host.process.call(
            "bench.iteration.measure",
            module=host.library.module,
            path=path,
            dtype="float64",
            covariance_type="full",
            is_first=not repeat,
        )["seconds"]
        for repeat in range(repeats)
    ]
    return statistics.median(seconds)


def _value(case: Case, size: str) -> int:
    """A size by its letter."""
    return {"n": case.n_samples, "K": case.n_components, "D": case.n_features}[size]
