"""A fit to a file larger than memory should be, and the time of a pass over a mapped file.

The file is made for the measure and removed after it: 8 GiB, or half of the free disk.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from bench.cases.problem import Array
from bench.hosts.processes import Process
from bench.measures.resources import peak_memory

GIB = 1 << 30
LARGEST = 8 * GIB
N_FEATURES, N_COMPONENTS = 16, 8
MAX_ITER = 3
ROWS_AT_ONCE = 1 << 16
PASSES = (("full", 32), ("full", 8), ("diag", 8))  # covariance type, components
N_MAPPED = 1 << 20  # rows of the file that fits the page cache
REPEATS = 5


def measure_large_file(n_threads: int, directory: Path) -> dict[str, Any]:
    """Return the peak memory of a fit to a large file, and times of passes over a mapped one."""
    size = min(LARGEST, shutil.disk_usage(directory).free // 2)
    path = directory / "large.npy"
    try:
        write_samples(path, size // (8 * N_FEATURES))
        with Process(n_threads) as process:
            large = process.call(f"{__name__}.fit_to_file", path=str(path))
        print(f"fit to {size / GIB:.1f} GiB: {large}", file=sys.stderr)
        write_samples(path, N_MAPPED)
        passes = []
        for covariance_type, n_components in PASSES:
            with Process(n_threads) as process:
                found = process.call(
                    f"{__name__}.seconds_of_passes", path=str(path),
                    covariance_type=covariance_type, n_components=n_components,
                )  # fmt: skip
            passes.append({"covariance_type": covariance_type, "K": n_components, **found})
            print(f"mapped file, {passes[-1]}", file=sys.stderr)
    finally:
        path.unlink(missing_ok=True)
    return {"bytes": size, **large, "passes": passes}


def write_samples(path: Path, n_samples: int) -> None:
    """Write samples of a mixture to a ``.npy`` file, some rows at a time."""
    draw = np.random.default_rng(0)
    means = 3.0 * draw.normal(size=(N_COMPONENTS, N_FEATURES))
    header = {"descr": "<f8", "fortran_order": False, "shape": (n_samples, N_FEATURES)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, n_samples, ROWS_AT_ONCE):
            n_rows = min(ROWS_AT_ONCE, n_samples - start)
            rows = draw.standard_normal((n_rows, N_FEATURES), dtype=np.float32)
            (means[draw.integers(N_COMPONENTS, size=n_rows)] + rows).tofile(file)


def fit_to_file(path: str) -> dict[str, float]:
    """Fit to a mapped file; return the peak memory of the process in bytes, and the seconds."""
    from gmmx import GaussianMixture  # noqa: PLC0415 - in the process that measures

    model = GaussianMixture(N_COMPONENTS, max_iter=MAX_ITER, tol=0, random_state=0)
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ConvergenceWarning
        model.fit(np.load(path, mmap_mode="r"))
    return {
        "peak": peak_memory(),
        "seconds": time.perf_counter() - begin,
        "n_iter": model.n_iter_,
        "lower_bound": float(model.lower_bound_),
    }


def seconds_of_passes(path: str, covariance_type: str, n_components: int) -> dict[str, float]:
    """Return the median seconds of an iteration on samples in memory and on the mapped file."""
    in_memory, mapped = np.load(path), np.load(path, mmap_mode="r")
    times: dict[str, list[float]] = {"memory": [], "mapped": []}
    bounds = set()
    for _ in range(REPEATS):
        for name, X in (("memory", in_memory), ("mapped", mapped)):
            seconds, bound = _seconds_of_iteration(X, covariance_type, n_components)
            times[name].append(seconds)
            bounds.add(bound)
    if len(bounds) > 1:
        raise ValueError(f"the fits differ: {bounds}")
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {**medians, "ratio": medians["mapped"] / medians["memory"]}


def _seconds_of_iteration(X: Array, covariance_type: str, n_components: int) -> tuple[float, float]:
    """Return the seconds from the first to the last of some iterations, and the bound."""
    from gmmx import GaussianMixture  # noqa: PLC0415 - in the process that measures

    moments: list[float] = []
    shape = {"full": (N_FEATURES, N_FEATURES), "diag": (N_FEATURES,)}[covariance_type]
    unit = np.eye(N_FEATURES) if len(shape) == 2 else np.ones(N_FEATURES)
    model = GaussianMixture(
        n_components, covariance_type=covariance_type, tol=0, max_iter=1 + MAX_ITER,
        weights_init=np.full(n_components, 1 / n_components), means_init=X[:n_components],
        precisions_init=np.broadcast_to(unit, (n_components, *shape)),
        callback=lambda n_iter, bound: moments.append(time.perf_counter()),
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ConvergenceWarning
        model.fit(X)
    return (moments[-1] - moments[0]) / MAX_ITER, float(model.lower_bound_)
