"""scikit-learn and gmmx in turn."""

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
    """Measure both as often as the plan says.

    Parameters
    ----------
    hosts : sequence of Host
        scikit-learn's, gmmx's and any others.
    plan : Plan
        How often.
    function : str
        Dotted name of a function of a library's ``module`` that returns a dictionary with
        ``seconds``, and ``result``, a number that tells whether both did the same.
    **arguments
        Its other arguments.

    Returns
    -------
    dict
        ``ratio``, the median over repeats of scikit-learn's seconds divided by gmmx's;
        ``difference``, the relative one of the results; for each library what the function
        returned last, with the median ``seconds``. The median of seconds that are not all
        positive is None, and so is its ratio: a difference of two fits may be negative.
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
