"""The estimators."""

from __future__ import annotations

from typing import Any, ClassVar

from pyspark.ml import Estimator
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import DataFrame

from gmmx.distributed.fit import fit_to_partitions
from gmmx.estimators.bayesian_gaussian_mixture import BayesianGaussianMixture
from gmmx.estimators.gaussian_mixture import GaussianMixture
from gmmx.spark.blocks import blocks_of
from gmmx.spark.columns import feature_array, weight_values
from gmmx.spark.engine import SparkEngine
from gmmx.spark.model import (
    MixtureModel,
    SparkBayesianGaussianMixtureModel,
    SparkGaussianMixtureModel,
)
from gmmx.spark.params import MixtureParams


class MixtureEstimator(Estimator, MixtureParams, DefaultParamsReadable, DefaultParamsWritable):
    """A mixture that is fitted to the rows of a data frame.

    Parameters
    ----------
    **params : object
        Parameters by their names.
    """

    _model_class: ClassVar[type[MixtureModel]]

    def __init__(self, **params: Any) -> None:
        super().__init__()
        self.setParams(**params)

    def _fit(self, dataset: DataFrame) -> MixtureModel:
        """Return the model fitted to a data frame."""
        features_col = self.getOrDefault("features_col")
        names = None if isinstance(features_col, str) else tuple(features_col)
        local = self._local()
        blocks = self._blocks(dataset).persist()
        try:
            fit_to_partitions(local, SparkEngine(blocks, names))
        finally:
            blocks.unpersist()
        model = self._model_class(local)
        self._copyValues(model)
        return model

    def _blocks(self, dataset: DataFrame) -> DataFrame:
        """Return the rows of a data frame in blocks."""
        features_col, weight_col = (
            self.getOrDefault("features_col"),
            self.getOrDefault("weight_col"),
        )
        features = feature_array(dataset, features_col)
        weight = None if weight_col is None else weight_values(dataset, weight_col)
        return blocks_of(dataset, features, self._feature_names(), weight, weight_col)


class SparkGaussianMixture(MixtureEstimator):
    """Gaussian mixture that is fitted to the rows of a Spark data frame.

    Each pass of EM runs on the executors that hold the rows; only parameters and sums move. The
    fitted model is the same, bit for bit, whichever executor runs a task, also if an executor is
    lost and its tasks run again.

    Parameters
    ----------
    features_col : str or list of str, default='features'
        A column of arrays of numbers or of vectors, or several columns of numbers. Float columns
        are computed in float32, all others in float64.
    weight_col : str or None, default=None
        Column of weights; a row of weight 0 is left out.
    prediction_col : str or None, default='prediction'
        Column that the model adds: the most probable component.
    probability_col : str or None, default='probability'
        Column that the model adds: a vector of the probabilities of all components.
    **params : object
        Parameters of `gmmx.GaussianMixture`, without `callback`, `n_threads` and `warm_start`.
        A task uses as many threads as it was assigned cores (``spark.task.cpus``).

    Raises
    ------
    TypeError
        If a parameter is unknown, or if Spark could not save its value.

    Notes
    -----
    A fit caches the rows in blocks, in memory or on disk as there is room, so that the data frame
    itself need not be cached. Starting values are computed from a sample of the rows
    (`gmmx.samples.partitions.PartitionSource.in_memory`). `fit` raises ValueError if a value is
    null, NaN or infinite; the message names column, row and partition.

    References
    ----------
    Chu et al. (2006), "Map-reduce for machine learning on multicore".

    Examples
    --------
    See ``docs/spark.md``.
    """

    __module__ = "gmmx.spark"  # the name in saved files
    _local_class = GaussianMixture
    _model_class = SparkGaussianMixtureModel


class SparkBayesianGaussianMixture(MixtureEstimator):
    """Bayesian Gaussian mixture that is fitted to the rows of a Spark data frame.

    Parameters
    ----------
    features_col, weight_col, prediction_col, probability_col
        As for `SparkGaussianMixture`.
    **params : object
        Parameters of `gmmx.BayesianGaussianMixture`, without `callback`, `n_threads` and
        `warm_start`.

    Examples
    --------
    See ``docs/spark.md``.
    """

    __module__ = "gmmx.spark"
    _local_class = BayesianGaussianMixture
    _model_class = SparkBayesianGaussianMixtureModel
