"""Seconds per iteration on Spark: gmmx next to Spark's own mixture, from the same start.

Run as ``python -m bench.measures.scale.spark [n_samples]``, in an environment with gmmx and its
extra ``spark``.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

N_SAMPLES, N_FEATURES, N_COMPONENTS = 1_000_000, 16, 32
N_PARTITIONS = 2
# The difference to a fit of one iteration is the time of iterations, without reading and starting.
LONG = 4
SCORED = 20_000  # rows on which gmmx scores both models
SCALE = 0.01  # of the features: Spark adds 2e-16 to each density, which changes small ones


def measure_spark(n_samples: int = N_SAMPLES) -> dict[str, Any]:
    """Return seconds per iteration of both, their likelihoods per row, and the ratio."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra

    settings = {"spark.driver.memory": "6g", "spark.ui.showConsoleProgress": "false"}
    session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    try:
        data = _data(session, n_samples).persist()
        data.count()
        return {"n_samples": n_samples, **_compare(data)}
    finally:
        session.stop()


def _compare(data: Any) -> dict[str, float]:
    """Compare iterations of both from the model of Spark's first iteration."""
    _of_spark(data, 1)  # compiles and loads
    short, first = _of_spark(data, 1)
    long, theirs = _of_spark(data, LONG)
    start = _start_of(first)
    _of_gmmx(data, start, 1)
    our_short, _ = _of_gmmx(data, start, 1)
    our_long, _ = _of_gmmx(data, start, LONG)
    of_same_iterations = _of_gmmx(data, start, LONG - 1)[1].to_local()
    X = np.array([row.features.toArray() for row in data.limit(SCORED).collect()])
    their_seconds, our_seconds = (long - short) / (LONG - 1), (our_long - our_short) / (LONG - 1)
    return {
        "spark_seconds": their_seconds,
        "gmmx_seconds": our_seconds,
        "ratio": their_seconds / our_seconds,
        "spark_likelihood": _local_of(theirs).score(X),
        "gmmx_likelihood": of_same_iterations.score(X),
        "gmmx_fit_seconds": our_long,
        "spark_fit_seconds": long,
    }


def _data(session: Any, n_samples: int) -> Any:
    """Return rows of a mixture, made on the executors, in a column of vectors."""
    from pyspark.ml.functions import array_to_vector  # noqa: PLC0415 - an extra
    from pyspark.sql import functions  # noqa: PLC0415 - an extra

    component = (functions.rand(1) * N_COMPONENTS).cast("int")
    features = functions.array(
        *(
            SCALE * (functions.randn(seed) + 3 * ((functions.col("component") * (seed + 7)) % 5))
            for seed in range(2, 2 + N_FEATURES)
        )
    )
    rows = session.range(0, n_samples, 1, N_PARTITIONS).select(component.alias("component"))
    return rows.select(array_to_vector(features).alias("features"))


def _of_spark(data: Any, max_iter: int) -> tuple[float, Any]:
    """Return the seconds of a fit of Spark's own mixture, and its model."""
    from pyspark.ml.clustering import GaussianMixture  # noqa: PLC0415 - an extra

    estimator = GaussianMixture(k=N_COMPONENTS, seed=0, tol=0.0, maxIter=max_iter)
    return _timed(lambda: estimator.fit(data))


def _of_gmmx(data: Any, start: dict[str, Any], max_iter: int) -> tuple[float, Any]:
    """Return the seconds of a fit of gmmx from a start, and its model."""
    from gmmx.spark import SparkGaussianMixture  # noqa: PLC0415 - an extra

    estimator = SparkGaussianMixture(
        n_components=N_COMPONENTS, reg_covar=0.0, tol=0.0, max_iter=max_iter, **start
    )
    return _timed(lambda: estimator.fit(data))


def _start_of(model: Any) -> dict[str, Any]:
    """Return the parameters of a model of Spark as gmmx's starting values."""
    rows = model.gaussiansDF.collect()
    return {
        "weights_init": np.array(model.weights),
        "means_init": np.array([row.mean.toArray() for row in rows]),
        "precisions_init": np.linalg.inv([row["cov"].toArray() for row in rows]),
    }


def _local_of(model: Any) -> Any:
    """Return a model of Spark as a local mixture."""
    from gmmx import GaussianMixture  # noqa: PLC0415 - loads slowly

    rows = model.gaussiansDF.collect()
    means = np.array([row.mean.toArray() for row in rows])
    covariances = np.array([row["cov"].toArray() for row in rows])
    return GaussianMixture.from_parameters(np.array(model.weights), means, covariances)


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds that a call takes, and its result."""
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    print(measure_spark(*map(int, sys.argv[1:])))
