"""A type checker infers the right types of the public API."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import gmmx

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "tests" / "support" / "user_program.py"


def run(*arguments: str) -> None:
    """Run Python in the root of the repository; a failure has its output as message."""
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "MYPY_FORCE_COLOR": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_user_program_runs() -> None:
    run(str(PROGRAM))


def test_the_user_program_has_the_types_it_asserts() -> None:
    pytest.importorskip("mypy", reason="mypy is not installed: pip install --group lint")
    run("-m", "mypy", "--strict", str(PROGRAM))


@pytest.mark.parametrize("name", [name for name in gmmx.__all__ if not name.startswith("_")])
def test_the_user_program_uses_all_that_is_public(name: str) -> None:
    assert name in PROGRAM.read_text(encoding="utf-8")


NEED_SCIKIT_LEARN = (
    "get_metadata_routing",
    "set_fit_request",
    "set_partial_fit_request",
    "set_score_request",
)


@pytest.mark.parametrize("estimator", [gmmx.GaussianMixture, gmmx.BayesianGaussianMixture])
def test_the_user_program_uses_every_method_and_parameter(estimator: type) -> None:
    text = PROGRAM.read_text(encoding="utf-8")
    parameters = list(inspect.signature(estimator).parameters)
    methods = [
        name
        for name, _ in inspect.getmembers(estimator, callable)
        if not name.startswith("_") and name not in NEED_SCIKIT_LEARN
    ]
    assert [name for name in parameters[1:] if f"{name}=" not in text] == []
    assert [name for name in methods if f".{name}(" not in text] == []
