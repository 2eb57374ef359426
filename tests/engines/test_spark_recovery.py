"""An executor that is killed in mid-fit costs a recomputation, and changes no bit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyspark")
pytest.importorskip("pyarrow")

if sys.platform != "linux":
    pytest.skip("finds executors in /proc", allow_module_level=True)

if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
    pytest.skip("Spark needs Java, which is not installed", allow_module_level=True)

PROGRAM = Path(__file__).with_name("killed_executor.py")
PATIENCE = 900  # seconds


def test_a_killed_executor_changes_no_bit():
    environment = {
        **os.environ,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    # A session of its own: a process has one session, and the other tests need a local one.
    result = subprocess.run(
        [sys.executable, PROGRAM], env=environment, capture_output=True, text=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-3000:]
    killed, same = result.stdout.split()[-2:]
    assert (killed, same) == ("killed", "same"), result.stdout
