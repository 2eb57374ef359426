"""Measurement of durations."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

SHORTEST = 0.05  # smallest duration of a measurement in seconds; short calls are repeated


def timed(function: Callable[[], Result]) -> tuple[float, Result]:
    """Return the seconds of a call, and its result."""
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def median_seconds(function: Callable[[], object]) -> float:
    """Return the median duration of a call, repeated for at least `SHORTEST` seconds."""
    values: list[float] = []
    while sum(values) < SHORTEST:
        values.append(timed(function)[0])
    return statistics.median(values)
