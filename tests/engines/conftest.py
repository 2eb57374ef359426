"""The mark of all tests in this folder, and a Spark session for all tests of one run."""

from __future__ import annotations

import os
import shutil
import warnings
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """Mark the tests of this folder: they run where ``-m engines`` asks for them."""
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.engines)


@pytest.fixture(scope="session")
def spark():
    """Return a local session of two cores."""
    pytest.importorskip("pyarrow")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs Java, which is not installed")
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    sql = pytest.importorskip("pyspark.sql")
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sockets that pyspark leaves open
        builder = sql.SparkSession.builder.master("local[2]")
        session = builder.config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()
