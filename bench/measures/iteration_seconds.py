"""Seconds of an EM iteration, measured in the process of a library."""

from __future__ import annotations

import math
import statistics
from importlib import import_module

from bench.cases.likelihood import mean_log_likelihood
from bench.cases.problem import Fit, load

# Numbers of iterations of two fits: the difference of their times leaves out constant costs.
FEWER, MORE = 1, 3
LONG = 1.0  # seconds; in a longer fit the costs of a first fit do not count
SHORTEST = 0.1  # seconds of measuring; short fits are repeated
LONGEST = 2.0  # seconds of measuring until a difference that is not positive is an error


def measure(
    module: str,
    path: str,
    dtype: str,
    covariance_type: str,
    *,
    is_first: bool,
    limit: float = math.inf,
) -> dict[str, float]:
    """Return seconds per iteration; if `is_first`, also the mean log-likelihood after `MORE`.

    The first fit of a library on a problem starts threads and touches new memory. It counts only
    if it takes more than `LONG` seconds. If it takes more than `limit` seconds, an error is raised.
    """
    adapter, problem = import_module(module), load(path, dtype, covariance_type)
    first = adapter.fit(problem, FEWER).seconds if is_first else 0.0
    if first > limit:
        raise RuntimeError(f"left out, a fit of {FEWER} iteration took more than {limit:g} s")
    fewer: list[float] = []
    more: list[float] = []
    seconds = 0.0
    while sum(fewer) + sum(more) < SHORTEST or seconds <= 0:
        if sum(more) > LONGEST:
            raise RuntimeError("more iterations take no more time: is the machine busy?")
        is_measured = first > LONG and not fewer
        fewer.append(first if is_measured else adapter.fit(problem, FEWER).seconds)
        last: Fit = adapter.fit(problem, MORE)
        more.append(last.seconds)
        seconds = (statistics.median(more) - statistics.median(fewer)) / (MORE - FEWER)
    if not is_first:
        return {"seconds": seconds}
    likelihood = mean_log_likelihood(problem.X, last.parameters, covariance_type)
    return {"seconds": seconds, "log_likelihood": likelihood}
