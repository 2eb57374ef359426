"""The tests in the source distributions of other packages: emlearn, autogmm."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tools.compare.clients.scenario import Results, scenario


def source_of(package: str) -> Path:
    """Return the source distribution of an installed package, downloaded at the first call."""
    name = f"{package}-{version(package)}"
    folder = Path(sys.prefix) / "sources"
    if not (folder / name).exists():
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*pip, "--dest", str(folder), f"{package}=={version(package)}"], check=True)
        with tarfile.open(folder / f"{name}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return folder / name


class Record:
    """A pytest plugin that records which tests passed, failed or were skipped."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Record the outcome of a test's call, or of a setup or teardown that did not pass."""
        if report.when == "call" or report.outcome != "passed":
            self.outcomes[report.nodeid] = report.outcome


def outcomes(package: str, tests: str) -> Results:
    """Return the numbers of passed, failed and skipped tests, and the names of all tests."""
    import pytest

    os.chdir(source_of(package))
    record = Record()
    pytest.main(["-q", "-p", "no:cacheprovider", tests], plugins=[record])
    found = list(record.outcomes.values())
    return {
        "tests": sorted(record.outcomes),
        "passed": found.count("passed"),
        "failed": found.count("failed"),
        "skipped": found.count("skipped"),
    }


@scenario("emlearn", "its own tests of mixtures", repeats=0)
def emlearn_tests() -> Results:
    """Run emlearn's tests of mixtures."""
    return outcomes("emlearn", "test/test_mixture.py")


@scenario("autogmm", "its own tests", group="clients-older", repeats=0)
def autogmm_tests() -> Results:
    """Run autogmm's tests."""
    return outcomes("autogmm", "tests")
