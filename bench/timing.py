"""Durations."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

SHORTEST = 0.05  # seconds that a measurement takes at least; short things are repeated


def timed(function: Callable[[], Result]) -> tuple[float, Result]:
    """Return how many seconds a call takes, and what it returns."""
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def median_seconds(function: Callable[[], object]) -> float:
    """Median duration of a call, measured again until `SHORTEST` has passed."""
    values: list[float] = []
    while sum(values) < SHORTEST:
        values.append(timed(function)[0])
    return statistics.median(values)
