"""Gaussian mixtures on Spark, as estimators and models of `pyspark.ml`.

The extra ``spark`` installs the packages that this module needs.
"""

from __future__ import annotations

try:
    import pandas as pandas
    import pyarrow as pyarrow
    import pyspark as pyspark
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"gmmx.spark needs {error.name}: pip install 'gmmx-native[spark]'", name=error.name
    ) from error

from gmmx.spark.estimator import SparkBayesianGaussianMixture, SparkGaussianMixture
from gmmx.spark.model import SparkBayesianGaussianMixtureModel, SparkGaussianMixtureModel

__all__ = [
    "SparkBayesianGaussianMixture",
    "SparkBayesianGaussianMixtureModel",
    "SparkGaussianMixture",
    "SparkGaussianMixtureModel",
]
