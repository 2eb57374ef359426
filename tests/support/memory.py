"""Peak memory of a fit beyond the samples, measured in a process of its own.

`tools/measure/peak_memory.py` prints it; a test checks that it is below a limit.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Peak:
    """Memory in bytes."""

    samples: int  # size of X
    extra: int  # peak memory beyond the memory held before the fit

    @property
    def ratio(self) -> float:
        """Extra memory as a multiple of the size of the samples."""
        return self.extra / self.samples


def peak_of_fit(
    library: str, n_samples: int, n_features: int, n_components: int, max_iter: int = 3
) -> Peak:
    """Return the peak of a fit by ``'gmmx'`` or ``'sklearn.mixture'``."""
    sizes = map(str, (n_samples, n_features, n_components, max_iter))
    run = subprocess.run(
        [sys.executable, __file__, library, *sizes], capture_output=True, text=True, check=True
    )
    return Peak(*map(int, run.stdout.split()))


def _measure(
    library: str, n_samples: int, n_features: int, n_components: int, max_iter: int
) -> Peak:
    """Fit in this process and return the peak."""
    import importlib
    import warnings

    warnings.simplefilter("ignore")
    module = importlib.import_module(library)
    model = module.GaussianMixture(
        n_components, max_iter=max_iter, tol=0.0, random_state=0, init_params="kmeans"
    )
    random = np.random.default_rng(0)
    # A small fit starts the threads and loads modules that are imported at first use.
    model.fit(random.standard_normal((5000, n_features)))
    X = np.empty((n_samples, n_features))
    centers = 10.0 * random.standard_normal((n_components, n_features))
    for rows in np.array_split(X, max(1, n_samples // 10_000)):
        rows[...] = random.standard_normal(rows.shape)
        np.add(rows, centers[random.integers(n_components, size=len(rows))], out=rows)
    before = resident()
    model.fit(X)
    return Peak(X.nbytes, peak() - before)


def resident() -> int:
    """Return the memory that this process holds now, and reset its peak if possible."""
    clear, status = Path("/proc/self/clear_refs"), Path("/proc/self/status")
    if not status.exists():
        return peak()
    try:
        clear.write_text("5", encoding="ascii")
    except OSError:  # not allowed: the earlier peak then counts as memory held
        return peak()
    return status_field("VmRSS")


def peak() -> int:
    """Return the peak memory of this process, without its parent's if the system can tell."""
    if Path("/proc/self/status").exists():
        return status_field("VmHWM")
    import resource

    # This value includes the parent's peak. It is in kilobytes, on macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def status_field(name: str) -> int:
    """Return a size from the process's status file, converted from kilobytes to bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return 1024 * int(line.split()[1])
    raise ValueError(f"the system's status file has no field {name}")


if __name__ == "__main__":
    _found = _measure(sys.argv[1], *map(int, sys.argv[2:]))
    print(_found.samples, _found.extra)
