"""The models: transformers that add predictions to a data frame."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark import TaskContext
from pyspark.ml import Model
from pyspark.ml.functions import array_to_vector
from pyspark.ml.util import MLReadable, MLWritable
from pyspark.sql import DataFrame
from pyspark.sql.functions import arrow_udf, col

from gmmx.estimators.base import Mixture
from gmmx.estimators.bayesian_gaussian_mixture import BayesianGaussianMixture
from gmmx.estimators.gaussian_mixture import GaussianMixture
from gmmx.exceptions import not_fitted_error
from gmmx.spark.batches import BatchReader
from gmmx.spark.columns import check_is_new, feature_array
from gmmx.spark.params import MixtureParams
from gmmx.spark.persistence import ModelReader, ModelWriter

PREDICTIONS = "prediction int, probability array<double>"


class MixtureModel(Model, MixtureParams, MLReadable, MLWritable):
    """A fitted mixture that adds predictions to a data frame.

    Parameters
    ----------
    fitted : Mixture, optional
        The fitted mixture; None makes a model that only `load` completes.
    """

    def __init__(self, fitted: Mixture | None = None) -> None:
        super().__init__()
        self._fitted = fitted

    def to_local(self) -> Mixture:
        """Return the fitted mixture as an estimator that works without Spark.

        Returns
        -------
        GaussianMixture or BayesianGaussianMixture
            A copy, with the fitted attributes of a local fit.
        """
        if self._fitted is None:
            raise not_fitted_error(type(self).__name__)
        return deepcopy(self._fitted)

    def write(self) -> ModelWriter:
        """Return the writer that `save` uses."""
        return ModelWriter(self, self.to_local().to_bytes())

    @classmethod
    def read(cls) -> ModelReader:
        """Return the reader that `load` uses."""
        return ModelReader(cls)

    def _transform(self, dataset: DataFrame) -> DataFrame:
        """Add the columns of predictions; all other columns stay as they are."""
        features = feature_array(dataset, self.getOrDefault("features_col"))
        both = f"{self.uid}_predictions"
        added = {
            "prediction_col": col(f"{both}.prediction"),
            "probability_col": array_to_vector(col(f"{both}.probability")),
        }
        columns = []
        for parameter, column in added.items():
            name = self.getOrDefault(parameter)
            if name:
                check_is_new(dataset, name, parameter)
                columns.append(column.alias(name))
        predicted = dataset.withColumn(both, self._predictor()(features))
        return predicted.select("*", *columns).drop(both)

    def _predictor(self) -> Any:
        """Return the function of Spark that predicts from features."""
        fitted, names = self.to_local(), self._feature_names()
        vars(fitted).pop("feature_names_in_", None)  # the executors predict arrays without names

        # Spark reads the kind of the function from its types.
        def predict(batches: Iterator[pa.Array]) -> Iterator[pa.Array]:
            return _predictions(fitted, names, batches)

        return arrow_udf(predict, PREDICTIONS)


class SparkGaussianMixtureModel(MixtureModel):
    """Gaussian mixture that `SparkGaussianMixture` has fitted.

    `transform` adds the most probable component, an int, in the column `prediction_col`, and the
    probabilities of all components, a vector, in the column `probability_col`. Rows with null, NaN
    or infinity are an error that names column, row and partition.

    Examples
    --------
    See ``docs/spark.md``.
    """

    __module__ = "gmmx.spark"  # the name in saved files
    _local_class = GaussianMixture


class SparkBayesianGaussianMixtureModel(MixtureModel):
    """Bayesian Gaussian mixture that `SparkBayesianGaussianMixture` has fitted.

    See `SparkGaussianMixtureModel`.
    """

    __module__ = "gmmx.spark"
    _local_class = BayesianGaussianMixture


def _predictions(fitted: Mixture, names: str, batches: Iterator[pa.Array]) -> Iterator[pa.Array]:
    """Return predictions of batches of features, in the columns of `PREDICTIONS`."""
    context = TaskContext.get()
    assert context is not None
    fitted.set_params(n_threads=context.cpus())
    reader = BatchReader(names, context.partitionId())
    reader.n_features = fitted.n_features_in_
    for batch in batches:
        X = reader.rows(batch)
        labels, resp = fitted.predict(X), fitted.predict_proba(X)
        offsets = np.arange(0, resp.size + 1, resp.shape[1], dtype=np.int32)
        probabilities = pa.ListArray.from_arrays(offsets, resp.astype(np.float64).reshape(-1))
        yield pa.StructArray.from_arrays(
            [pa.array(labels.astype(np.int32)), probabilities], ["prediction", "probability"]
        )
        reader.n_rows += len(X)
