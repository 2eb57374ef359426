"""An EM iteration of gmmx on one thread and on several."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.cases import COVARIANCE_TYPES, Case, save
from bench.libraries import GMMX
from bench.plan import Plan
from bench.processes import Process


def measure_scaling(
    cases: Sequence[Case], plan: Plan, n_threads: int, directory: Path
) -> list[dict[str, Any]]:
    """Measure both numbers of threads in turn, on overlapping data in float64."""
    rows = []
    with Process(1) as one, Process(n_threads) as several:
        for case in (case.shrunk(plan.shrink) for case in cases):
            path = save(case, "overlapping", directory)
            for covariance_type in COVARIANCE_TYPES:
                arguments = {"module": GMMX.module, "path": path, "dtype": "float64"}
                arguments["covariance_type"] = covariance_type
                pairs = [
                    [
                        process.call("bench.iteration.measure", is_first=not repeat, **arguments)
                        for process in (one, several)
                    ]
                    for repeat in range(plan.repeats)
                ]
                row = {
                    "case": case,
                    "covariance_type": covariance_type,
                    "seconds": statistics.median(pair[0]["seconds"] for pair in pairs),
                    "gain": statistics.median(
                        single["seconds"] / multiple["seconds"] for single, multiple in pairs
                    ),
                }
                print(f"threads {case} {covariance_type}: {row['gain']:.2f}", file=sys.stderr)
                rows.append(row)
            Path(path).unlink()
    return rows
