"""Growth of the time of an EM iteration with n, K and D."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.cases.synthetic import Case
from bench.hosts.host import Host
from bench.hosts.interleave import the_pair
from bench.measures.iteration import Measurement, measure_iterations
from bench.plan import Plan, Round
from bench.rivals import GMMX, SKLEARN

LARGEST_SHRINK = 5  # with fewer samples, the constant costs of an iteration would count
ROUND = Round("overlapping", "float64", covariance_types=("full",))
SERIES = {
    "n": [Case(n, 16, 16) for n in (10_000, 20_000, 40_000, 80_000)],
    "K": [Case(40_000, 16, n_components) for n_components in (4, 8, 16, 32)],
    "D": [Case(40_000, n_features, 16) for n_features in (4, 8, 16, 32)],
}


def measure_growth(hosts: Sequence[Host], plan: Plan, directory: Path) -> list[dict[str, Any]]:
    """Return slopes of log seconds over the logarithm of each size, for full covariances."""
    shrink = min(plan.shrink, LARGEST_SHRINK)
    chosen = replace(plan, shrink=shrink, repeats=min(3, plan.repeats), rounds=(ROUND,))
    rows = []
    for size, cases in SERIES.items():
        measured = measure_iterations(the_pair(hosts), cases, chosen, directory)
        measurements = [measurement for row in measured for measurement in row]
        for library in (SKLEARN, GMMX):
            found = [row for row in measurements if row.library == library.key and row.agrees]
            rows.append({"size": size, "library": library.key, **_fit_line(size, found)})
            print(f"growth with {size}: {library.name} {rows[-1]['slope']:.2f}", file=sys.stderr)
    return rows


def _fit_line(size: str, measurements: Sequence[Measurement]) -> dict[str, Any]:
    """Return sizes, seconds, and the slope of a line fitted to their logarithms."""
    sizes = [_value(measurement.case, size) for measurement in measurements]
    seconds = [measurement.median for measurement in measurements]
    slope = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
    return {"sizes": sizes, "seconds": seconds, "slope": slope}


def _value(case: Case, size: str) -> int:
    """Return a size of a case by its letter."""
    return {"n": case.n_samples, "K": case.n_components, "D": case.n_features}[size]
