"""Measurements of scikit-learn and gmmx in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any

from bench.hosts.host import Host
from bench.plan import Plan
from bench.rivals import GMMX, SKLEARN


def the_pair(hosts: Sequence[Host]) -> list[Host]:
    """Return the hosts of scikit-learn and gmmx."""
    found = {host.library.key: host for host in hosts}
    return [found[SKLEARN.key], found[GMMX.key]]


def compare(hosts: Sequence[Host], plan: Plan, function: str, **arguments: Any) -> dict[str, Any]:
    """Measure scikit-learn and gmmx in turn, with the repeats of the plan.

    Parameters
    ----------
    hosts : sequence of Host
        Hosts of scikit-learn, gmmx and any other libraries.
    plan : Plan
        Plan with the number of repeats and the patience.
    function : str
        Dotted name of a function with the argument ``module``, the name of a library's module. It
        returns a dictionary with ``seconds`` and ``result``, a number that must be the same for
        both libraries.
    **arguments
        Other arguments of the function.

    Returns
    -------
    dict
        ``ratio``, the median over repeats of scikit-learn's seconds divided by gmmx's;
        ``difference``, the relative difference of the results; for each library the last result
        of the function, with the median ``seconds``. If some seconds of a library are not
        positive, its ``seconds`` and ``ratio`` are None: seconds may be differences of two fits.
    """
    seconds: dict[str, list[float]] = {SKLEARN.key: [], GMMX.key: []}
    results: dict[str, Any] = {}
    start = time.perf_counter()
    for repeat in range(plan.repeats):
        if repeat and time.perf_counter() - start > plan.patience:
            break
        for host in the_pair(hosts):
            found = host.process.call(function, module=host.library.module, **arguments)
            results[host.library.key] = found
            seconds[host.library.key].append(found["seconds"])
    for key, values in seconds.items():
        results[key]["seconds"] = statistics.median(values) if min(values) > 0 else None
    ratio = None
    if all(results[key]["seconds"] for key in seconds):
        pairs = zip(seconds[SKLEARN.key], seconds[GMMX.key], strict=True)
        ratio = statistics.median(theirs / ours for theirs, ours in pairs)
    difference = abs(results[GMMX.key]["result"] / results[SKLEARN.key]["result"] - 1)
    return {"ratio": ratio, "difference": difference, **results}
