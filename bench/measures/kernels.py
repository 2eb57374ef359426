"""Rates of gmmx's kernels for full covariances, compared with NumPy's matrix product."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.cases.problem import Array
from bench.cases.synthetic import Case
from bench.hosts.host import Host
from bench.hosts.processes import RequestError
from bench.plan import Plan
from bench.rivals import GMMX
from bench.timing import median_seconds

GEMM_SIZE = 1024
DTYPES = ("float64", "float32")


def measure_kernels(
    hosts: Sequence[Host], cases: Sequence[Case], plan: Plan
) -> list[dict[str, Any]]:
    """Measure every case in both precisions."""
    process = next(host.process for host in hosts if host.library == GMMX)
    rows = []
    for dtype in DTYPES:
        for case in cases:
            fewer = case.shrunk(max(1, plan.shrink // 4))
            try:
                found = process.call(
                    f"{__name__}.rates", **vars(fewer), dtype=dtype, repeats=plan.repeats
                )
            except RequestError as error:
                print(f"kernels {fewer} {dtype}: {error}", file=sys.stderr)
                continue
            rows.append({"case": fewer, "dtype": dtype, **found})
            fractions = f"{found['e_step_fraction']:.2f} {found['m_step_fraction']:.2f}"
            print(f"kernels {fewer} {dtype}: {fractions} of gemm", file=sys.stderr)
    return rows


def rates(
    n_samples: int, n_features: int, n_components: int, dtype: str, repeats: int
) -> dict[str, float]:
    """Return Gflop/s of matrix product, E-step and M-step; runs in gmmx's process.

    The E-step and the M-step each count n K D^2 operations. The samples are near all components,
    so that the kernels can skip no term. The time of the M-step is the time of a pass with moments
    minus the time of a pass without; moments are taken about a center if a fit does so.
    """
    from gmmx._core.interface import passes  # noqa: PLC0415 - in the process only
    from gmmx._core.interface.threads import resolve_n_threads  # noqa: PLC0415
    from gmmx.samples.kernel_parameters import MOST_PAIRED_FEATURES  # noqa: PLC0415

    samples, means, factors, log_scale = _near_samples(n_samples, n_features, n_components, dtype)
    log_prob, n_threads = np.empty(n_samples, dtype), resolve_n_threads(None)
    square = np.random.default_rng(0).standard_normal((GEMM_SIZE, GEMM_SIZE)).astype(dtype)
    model: tuple[Any, ...] = (samples, means, factors.ravel(), log_scale, "dense", n_threads)
    about: dict[str, Array] = {"origin": means}
    if n_features <= MOST_PAIRED_FEATURES:
        about = {"center": means.mean(axis=0).astype(dtype).astype(np.float64)}
    work = n_samples * n_components * n_features**2 / 1e9

    gemm, e_step, m_step = [], [], []
    for _ in range(repeats):
        gemm.append(2 * GEMM_SIZE**3 / 1e9 / median_seconds(lambda: square @ square))
        without = median_seconds(lambda: passes.em_pass(*model, log_prob=log_prob, **about))
        both = median_seconds(lambda: passes.em_pass(*model, moments=2, **about))
        if both <= without:
            raise RuntimeError("the M-step takes no time: is the machine busy?")
        e_step.append(work / without)
        m_step.append(work / (both - without))
    return {
        "gemm": statistics.median(gemm),
        "e_step": statistics.median(e_step),
        "m_step": statistics.median(m_step),
        "e_step_fraction": statistics.median(np.divide(e_step, gemm).tolist()),
        "m_step_fraction": statistics.median(np.divide(m_step, gemm).tolist()),
    }


def _near_samples(
    n_samples: int, n_features: int, n_components: int, dtype: str
) -> tuple[Array, NDArray[np.float64], Array, Array]:
    """Return samples, means, factors of precisions and logarithms of weights."""
    random = np.random.default_rng(0)
    X = random.standard_normal((n_samples, n_features)).astype(dtype)
    means = 0.1 * random.standard_normal((n_components, n_features))
    means = means.astype(dtype).astype(np.float64)  # rounded as in the kernels
    factors = np.triu(random.standard_normal((n_components, n_features, n_features)))
    factors = 0.01 / n_features * factors + 0.3 * np.eye(n_features)
    return X, means, factors, np.full(n_components, -np.log(n_components))
