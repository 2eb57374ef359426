"""The time of a pass on a worker of Dask, and in memory, with as many threads."""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from typing import Any

import numpy as np

from bench.cases.problem import Array
from bench.cases.synthetic import Case
from bench.hosts.processes import Process
from bench.plan import Plan

CASE = Case(1_000_000, 16, 32)
QUICK_SAMPLES = 100_000
PARTITIONS = (1, 2, 4)
PASSES = 5


def measure_dask(plan: Plan, n_threads: int) -> list[dict[str, Any]]:
    """Return the median seconds of a pass over some numbers of partitions, and in memory."""
    n_samples = QUICK_SAMPLES if plan.name == "quick" else CASE.n_samples
    with Process(n_threads) as process:
        rows: list[dict[str, Any]] = process.call(
            f"{__name__}.seconds_of_passes", n_samples=n_samples, n_threads=n_threads
        )
    for row in rows:
        print(f"Dask, {row}", file=sys.stderr)
    return rows


def seconds_of_passes(n_samples: int, n_threads: int) -> list[dict[str, Any]]:
    """Measure passes in turns, on one worker process with all threads and in this process."""
    import dask.array as da  # noqa: PLC0415 - in the process that measures
    from distributed import Client, LocalCluster  # noqa: PLC0415

    X = samples(n_samples)
    rows = []
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=n_threads, processes=True, dashboard_address=":0",
            memory_limit=0,
        ) as cluster,
        Client(cluster) as client,
    ):  # fmt: skip
        for n_partitions in PARTITIONS:
            chunks = (-(-n_samples // n_partitions), CASE.n_features)
            partitions = da.from_array(X, chunks=chunks).persist()
            in_memory, on_worker = [], []
            for _ in range(PASSES):
                in_memory.append(_seconds_of_pass(X, n_threads, None))
                on_worker.append(_seconds_of_pass(partitions, n_threads, client))
            seconds = statistics.median(on_worker), statistics.median(in_memory)
            rows.append(
                {
                    "n_samples": n_samples,
                    "n_partitions": n_partitions,
                    "seconds": seconds[0],
                    "in_memory": seconds[1],
                    "ratio": seconds[0] / seconds[1],
                }
            )
    return rows


def samples(n_samples: int) -> Array:
    """Return samples of components that overlap."""
    draw = np.random.default_rng(0)
    means = 1.5 * draw.normal(size=(CASE.n_components, CASE.n_features))
    noise = draw.normal(size=(n_samples, CASE.n_features))
    return means[draw.integers(CASE.n_components, size=n_samples)] + noise


def _seconds_of_pass(X: Any, n_threads: int, client: Any) -> float:
    """Return the mean seconds of two passes, after a first one."""
    from gmmx import GaussianMixture  # noqa: PLC0415 - in the process that measures
    from gmmx.dask import DaskGaussianMixture  # noqa: PLC0415

    n_components, n_features = CASE.n_components, CASE.n_features
    moments: list[float] = []
    options: dict[str, Any] = {
        "tol": 0, "max_iter": 3, "n_threads": n_threads,
        "weights_init": np.full(n_components, 1 / n_components),
        "means_init": 1.5 * np.random.default_rng(0).normal(size=(n_components, n_features)),
        "precisions_init": np.repeat(np.eye(n_features)[np.newaxis], n_components, axis=0),
        "callback": lambda n_iter, bound: moments.append(time.perf_counter()),
    }  # fmt: skip
    model: Any = GaussianMixture(n_components, **options)
    if client is not None:
        model = DaskGaussianMixture(n_components, **options, client=client)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ConvergenceWarning
        model.fit(X)
    return (moments[-1] - moments[0]) / 2
