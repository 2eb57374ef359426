"""Programs that run in new processes, in which nothing has been imported or started before."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import gmmx

SUPPORT = Path(__file__).parent  # programs import modules from this folder
SECONDS = 25  # a program that takes longer, even on a slow machine, counts as hanging

with_threads = pytest.mark.skipif(not gmmx.build_config()["openmp"], reason="built without threads")

PREAMBLE = """
import os, signal, sys, threading, time, warnings
import numpy as np
from gmmx import GaussianMixture

warnings.simplefilter("ignore")
random = np.random.default_rng(0)

def samples(n_samples, n_features=3):
    return random.normal(size=(n_samples, n_features)) + random.integers(4, size=(n_samples, 1))

def bits(model):
    return model.means_.tobytes() + model.covariances_.tobytes()
"""


def run(program, **environment):
    """Run a program and return its output; fail if the program fails or hangs.

    `environment` replaces variables of the tests' environment; None removes a variable. OpenBLAS
    has the threads that it has in a user's program, not one as in the tests.
    """
    given = os.environ | {"OPENBLAS_NUM_THREADS": None} | environment
    variables = {name: value for name, value in given.items() if value}
    finished = subprocess.run(
        [sys.executable, "-c", PREAMBLE + textwrap.dedent(program)], cwd=SUPPORT,
        env=variables, capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    return finished.stdout
