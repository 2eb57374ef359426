"""Seconds of an EM iteration; runs in the process of a library."""

from __future__ import annotations

import math
import statistics
from importlib import import_module

from bench.cases.likelihood import mean_log_likelihood
from bench.cases.problem import Fit, load

# Numbers of iterations of two fits: their difference leaves out what happens once.
FEWER, MORE = 1, 3
LONG = 1.0  # seconds of a fit next to which what happens once does not count
SHORTEST = 0.1  # seconds of measuring; short fits are repeated
LONGEST = 2.0  # seconds after which a difference that is not positive is a failure


def measure(
    module: str,
    path: str,
    dtype: str,
    covariance_type: str,
    *,
    is_first: bool,
    limit: float = math.inf,
) -> dict[str, float]:
    """Seconds per iteration; the first time the mean log-likelihood after `MORE` as well.

    A library's first fit on a problem starts threads and touches memory: it is not measured unless
    it is long, and raises an error if it takes more than `limit` seconds.
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
