"""Run one scenario with the classes of one library, in a process of its own.

Usage: ``python -m tools.compare.clients.worker NUMBER sklearn|gmmx OUTCOME``. The program pickles
the outcome to the file `OUTCOME`.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import numpy as np

from tools.compare.clients import swap
from tools.compare.clients.scenario import Results, Scenario
from tools.compare.clients.scenarios import SCENARIOS

SIDES = ("sklearn", "gmmx")
ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONWARNINGS": "ignore",
    "MPLBACKEND": "Agg",
}


@dataclass(frozen=True)
class Outcome:
    """The results or the error of a scenario, and its time."""

    version: str
    results: Results
    error: str
    seconds: float


def run_in_process(python: Path, scenario: Scenario, side: str) -> Outcome:
    """Run a scenario in a new process of the interpreter `python`."""
    environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "outcome"
        number = str(SCENARIOS.index(scenario))
        command = [str(python), "-m", "tools.compare.clients.worker", number, side, str(file)]
        run = subprocess.run(
            command, cwd=folder, env=environment, check=False, capture_output=True, text=True
        )
        if run.returncode != 0:
            return Outcome("", {}, f"exit {run.returncode}: {run.stderr.strip()[-500:]}", np.nan)
        outcome: Outcome = pickle.loads(file.read_bytes())
        return outcome


def run_here(scenario: Scenario, side: str) -> Outcome:
    """Run a scenario in this process."""
    found = version(scenario.package)
    try:
        arguments = mixtures(scenario, side)
        results = scenario.function(*arguments)
    except Exception as error:
        traceback.print_exc()
        message = " ".join(str(error).split())
        return Outcome(found, {}, f"{type(error).__name__}: {message[:200]}", np.nan)
    seconds = np.nan
    for _ in range(scenario.repeats):
        start = time.perf_counter()
        scenario.function(*arguments)
        seconds = np.fmin(seconds, time.perf_counter() - start)
    return Outcome(found, {name: np.asarray(x) for name, x in results.items()}, "", seconds)


def mixtures(scenario: Scenario, side: str) -> list[ModuleType]:
    """Return the arguments of a scenario; bind scikit-learn's names to gmmx's classes if needed."""
    if scenario.handed:
        from sklearn import mixture

        return [swap.gmmx_module() if side == "gmmx" else mixture]
    if side == "gmmx":
        swap.put_gmmx_in_place_of_sklearn()
    return []


if __name__ == "__main__":
    # Import by the full name, so that the parent process can unpickle `Outcome`.
    from tools.compare.clients.worker import run_here as run

    outcome = run(SCENARIOS[int(sys.argv[1])], sys.argv[2])
    Path(sys.argv[3]).write_bytes(pickle.dumps(outcome))
