"""Memory of a fit beyond its samples, and time of an import."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import warnings
from importlib import import_module
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from bench.cases.synthetic import Case, generate
from bench.hosts.processes import Process, RequestError, environment
from bench.rivals import GMMX, SKLEARN

BIG = Case(200_000, 16, 16)
SMALL = Case(5_000, 16, 16)
IMPORTS = {
    "gmmx": ("gmmx.estimators.gaussian_mixture", 15),
    "sklearn": ("sklearn.mixture", 3),
}  # modules, repeats


def measure_memory(n_threads: int) -> dict[str, Any]:
    """Return the peak memory of a fit in bytes, each measured in a new process."""
    results: dict[str, Any] = {"case": BIG}
    for library in (SKLEARN, GMMX):
        with Process(n_threads) as process:
            peak = process.call(f"{__name__}.peak_of_fit", module=library.module)
        results[library.key] = peak
        text = f"memory: {library.name} {peak['extra'] / peak['samples']:.2f} of the samples'"
        print(text, file=sys.stderr)
    return results


def peak_of_fit(module: str) -> dict[str, int]:
    """Return the size of the samples, and the peak memory beyond the memory before the fit."""
    estimator = import_module(module).GaussianMixture
    model = estimator(BIG.n_components, max_iter=3, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ConvergenceWarning
        # A small fit starts the threads and loads modules that are imported at first use.
        model.fit(generate(SMALL, "overlapping")[0])
        X, _ = generate(BIG, "overlapping")
        before = _resetpeak_memory()
        model.fit(X)
    return {"samples": X.nbytes, "extra": peak_memory() - before}


def _resetpeak_memory() -> int:
    """Return the memory held now; reset the peak if the system supports it."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return peak_memory()
    return _status("VmRSS")


def peak_memory() -> int:
    """Return the peak memory of this process in bytes."""
    if Path("/proc/self/status").exists():
        return _status("VmHWM")
    import resource  # noqa: PLC0415 - not on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _status(name: str) -> int:
    """Return a size from the process's status, converted from kilobytes to bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return 1024 * int(line.split()[1])
    raise ValueError(f"the status of the process has no {name}")


def measure_imports(n_threads: int) -> dict[str, float]:
    """Return the median seconds of imports after NumPy, each measured in a new process."""
    if _is_editable("gmmx-native"):
        raise RequestError("gmmx is installed editable, looks at each import whether to build")
    medians = {}
    for library, (module, repeats) in IMPORTS.items():
        code = f"""if True:
            import time, numpy
            start = time.perf_counter()
            import {module}
            print(time.perf_counter() - start)"""
        command, variables = [sys.executable, "-c", code], environment(n_threads)
        runs = [
            subprocess.run(command, capture_output=True, text=True, check=True, env=variables)
            for _ in range(repeats)
        ]
        medians[library] = statistics.median(float(run.stdout) for run in runs)
        print(f"import {module}: {1e3 * medians[library]:.3g} ms", file=sys.stderr)
    return medians


def _is_editable(name: str) -> bool:
    """Return whether a distribution is an editable install."""
    origin = json.loads(distribution(name).read_text("direct_url.json") or "{}")
    return bool(origin.get("dir_info", {}).get("editable", False))
