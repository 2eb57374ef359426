"""Fit twice on two executors, and kill one of them in the second fit."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from pathlib import Path

import numpy as np
from pyspark.sql import SparkSession

from gmmx.spark import SparkGaussianMixture
from gmmx.spark import estimator as estimator_module
from gmmx.spark.engine import SparkEngine

PASS = 4  # of the second fit, before which an executor is killed


def executors():
    """Return the processes of this session's executors."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if b"CoarseGrainedExecutorBackend" in command and APPLICATION.encode() in command:
            found.append(int(folder.name))
    return found


class KillingEngine(SparkEngine):
    """An engine that kills an executor before one of its passes."""

    passes = 0

    def map_reduce(self, function, merge):
        """Return the merged values of all blocks."""
        self.passes += 1
        if self.passes == PASS:
            os.kill(min(executors()), signal.SIGKILL)
            print("killed")
        return super().map_reduce(function, merge)


warnings.simplefilter("ignore")
builder = SparkSession.builder.master("local-cluster[2,1,1024]")
settings = {
    "spark.executor.memory": "1024m",
    "spark.executorEnv.PYTHONPATH": os.environ["PYTHONPATH"],
    "spark.pyspark.python": sys.executable,
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
spark = builder.config(map=settings).getOrCreate()
spark.sparkContext.setLogLevel("OFF")
APPLICATION = spark.sparkContext.applicationId
X = np.random.default_rng(0).normal(size=(400, 2))
X[::2] += 3.0
data = spark.sparkContext.parallelize([(x.tolist(),) for x in X], 2)
dataset = spark.createDataFrame(data, "features array<double>")
estimator = SparkGaussianMixture(n_components=2, random_state=0, max_iter=2, tol=0.0)
first = estimator.fit(dataset).to_local()
estimator_module.SparkEngine = KillingEngine
second = estimator.fit(dataset).to_local()
names = ("weights_", "means_", "covariances_", "lower_bounds_")
same = all(np.array_equal(getattr(first, name), getattr(second, name)) for name in names)
print("same" if same else "different")
