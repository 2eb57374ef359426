"""Spark is an extra: gmmx works without it, and the import says how to install it."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
sys.modules["pyspark"] = None
import gmmx
try:
    import gmmx.spark
except ModuleNotFoundError as error:
    print(error.name, error)
"""


def test_without_spark_the_error_names_the_extra():
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert "pip install 'gmmx-native[spark]'" in result.stdout


def test_gmmx_does_not_import_spark():
    program = "import gmmx, sys; gmmx.GaussianMixture(); print('pyspark' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"
