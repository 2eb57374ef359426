"""How many threads the compiled pass uses."""

from __future__ import annotations

import math
import os
from functools import cache

from gmmx._core import core


def resolve_n_threads(n_threads: int | None) -> int:
    """Number of threads to use.

    Parameters
    ----------
    n_threads : int or None
        As the user asked; None for all cores that this process may use.

    Returns
    -------
    int
        At least 1. For None the cores allowed by affinity and by the cgroup's quota, bounded by
        OpenMP's own limit, which OMP_NUM_THREADS and threadpoolctl set.

    Examples
    --------
    >>> resolve_n_threads(3)
    3
    """
    if n_threads is not None:
        return int(n_threads)
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores, cgroup_quota(), core.max_threads()))


@cache
def cgroup_quota() -> int:
    """Cores that the control group's quota allows, rounded up; a large number without quota."""
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as file:
            quota, period = file.read().split()
        return max(1, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError):
        return 1 << 16
