"""Programs in C++, compiled once, which read and write raw files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from bench.cases.problem import Fit, Parameters, Problem
from bench.rivals.environments import BUILD

FOLDER = Path(__file__).resolve().parent
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fopenmp", "-DNDEBUG", "-DARMA_NO_DEBUG")


def compile_program(name: str, *options: str) -> Path:
    """Compile ``name.cpp`` of this folder if necessary; return the path of the program."""
    source, program = FOLDER / f"{name}.cpp", BUILD / name
    if program.exists() and program.stat().st_mtime > source.stat().st_mtime:
        return program
    compiler = shutil.which(os.environ.get("CXX", "g++"))
    if compiler is None:
        raise FileNotFoundError("no C++ compiler")
    BUILD.mkdir(exist_ok=True)
    command = [compiler, *FLAGS, str(source), "-o", str(program), *options, "-larmadillo"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        first = re.search(r"error: .*", run.stderr)
        raise RuntimeError(f"{source.name}: {first[0] if first else run.stderr.strip()}")
    return program


def version_of(program: Path) -> str:
    """Return the version that the program prints."""
    return subprocess.run([program], capture_output=True, text=True, check=True).stdout.strip()


class InputFiles:
    """A folder with samples and starting means of a problem as raw files, and the result."""

    def __init__(self, problem: Problem) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        problem.X.tofile(self.folder / "X")
        problem.means.tofile(self.folder / "means")


input_files = lru_cache(maxsize=1)(InputFiles)


def run_program(program: Path, problem: Problem, n_iter: int) -> Fit:
    """Fit a problem with a program, which measures only the time of the fit."""
    folder = input_files(problem).folder
    (n_samples, n_features), n_components = problem.X.shape, len(problem.means)
    sizes = map(str, (n_samples, n_features, n_components, n_iter))
    kind = (problem.covariance_type, problem.X.dtype.name)
    command = [str(program), str(folder), *sizes, *kind]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(run.stderr.strip() or f"exit status {run.returncode}")
    iterations, seconds = run.stdout.split()[-2:]
    if int(iterations) != n_iter:
        raise RuntimeError(f"{iterations} iterations instead of {n_iter}")
    fitted = np.fromfile(folder / "result", problem.X.dtype)
    weights, means, covariances = np.split(fitted, [n_components, n_components * (1 + n_features)])
    return Fit(
        float(seconds),
        Parameters(
            weights,
            means.reshape(problem.means.shape),
            covariances.reshape(problem.identity.shape),
        ),
    )
