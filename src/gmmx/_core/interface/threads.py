"""The number of threads of the compiled passes."""

from __future__ import annotations

import math
import os
import sys
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np

from gmmx._core.interface import passes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NO_QUOTA = 1 << 16
MOST_THREADS = 2**31 - 1


def resolve_n_threads(n_threads: int | None) -> int:
    """Return the number of threads to use.

    Parameters
    ----------
    n_threads : int or None
        The user's parameter; None for all cores that this process may use.

    Returns
    -------
    int
        At least 1. For None the number of cores that the affinity and the cgroup's quota allow,
        at most OpenMP's own limit, which OMP_NUM_THREADS and threadpoolctl set. In a daemonic
        process of multiprocessing, such as a worker of its pools, 1, since usually each core has
        a worker.

    Raises
    ------
    ValueError
        If `n_threads` is neither a positive int nor None.

    Examples
    --------
    >>> resolve_n_threads(3)
    3
    """
    if n_threads is not None:
        if not (isinstance(n_threads, int | np.integer) and 1 <= n_threads <= MOST_THREADS):
            raise ValueError(
                f"The 'n_threads' parameter must be an int in the range [1, {MOST_THREADS}] or "
                f"None. Got {n_threads!r} instead."
            )
        return int(n_threads)
    if is_daemonic_worker():
        return 1
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    limits = cores, quota_at(int(monotonic())), passes.max_threads(), environment_limit()
    return max(1, min(limits))


def environment_limit() -> int:
    """Return the present limit by OMP_NUM_THREADS, which OpenMP reads only when it starts."""
    threads = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return int(threads) if threads.isdecimal() else NO_QUOTA


def is_daemonic_worker() -> bool:
    """Return whether this process is a daemonic child of multiprocessing."""
    process = sys.modules.get("multiprocessing.process")
    return process is not None and bool(process.current_process().daemon)


@lru_cache(maxsize=1)
def quota_at(second: int) -> int:
    """Return `cgroup_quota`, read again at most once a second, since it may change."""
    from pathlib import Path  # noqa: PLC0415 - a fifth of gmmx's import time

    return cgroup_quota(Path("/"))


def cgroup_quota(system: Path) -> int:
    """Return the number of cores that this process's control groups allow, rounded up.

    Parameters
    ----------
    system : Path
        Root of the file system.

    Returns
    -------
    int
        A large number without a quota. Control groups of versions 1 and 2 count.
    """
    try:
        lines = (system / "proc/self/cgroup").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        lines = []
    shares = [_quota(folder) for line in lines for folder in _folders(system, line)]
    return max(1, math.ceil(min(shares, default=NO_QUOTA)))


def _folders(system: Path, line: str) -> Iterator[Path]:
    """Yield the folders of a line of /proc/self/cgroup, `number:controllers:/path`, to the root."""
    _, controllers, path = line.split(":", 2)
    mount = system / "sys/fs/cgroup"
    if controllers and "cpu" in controllers.split(","):
        joined = mount / controllers
        mount = joined if joined.is_dir() else mount / "cpu"
    elif controllers:
        return
    folder = mount / path.lstrip("/")
    # In a container the path may be a path of the host; then only the mount itself exists.
    yield from (parent for parent in (folder, *folder.parents) if parent.is_relative_to(mount))


def _quota(folder: Path) -> float:
    """Return the number of cores that one control group may use."""
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
        else:
            quota, period = (
                (folder / f"cpu.cfs_{name}_us").read_text(encoding="ascii")
                for name in ("quota", "period")
            )
        share = int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return NO_QUOTA
    return share if share > 0 else NO_QUOTA
