"""Print the time of importing gmmx's estimator, and of importing NumPy, which is part of it.

Usage: python tools/measure/import_time.py
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

REPEATS = 9
PROGRAMS = {
    "an empty program": "pass",
    "numpy": "import numpy",
    "gmmx, nothing of it": "import gmmx",
    "gmmx": "from gmmx import GaussianMixture",
}


def milliseconds(code: str, environment: dict[str, str]) -> float:
    """Return the time of running code in a new interpreter, in milliseconds."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    return 1e3 * (time.perf_counter() - start)


def main() -> None:
    """Run the programs in turn and print the median time of each."""
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    with tempfile.TemporaryDirectory() as cache:
        # Compiled modules are kept, as an installed package keeps them.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for code in PROGRAMS.values():
            milliseconds(code, environment)
        for _ in range(REPEATS):
            for name, code in PROGRAMS.items():
                times[name].append(milliseconds(code, environment))
    for name in PROGRAMS:
        print(f"{name}: {statistics.median(times[name]):.0f} ms")


if __name__ == "__main__":
    main()
