"""Bad rows and columns on Spark are errors that name column, row and partition."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pyspark")
pytest.importorskip("pyarrow")

import pyarrow as pa
from pyspark.errors import PySparkException

from gmmx.spark import SparkGaussianMixture, SparkGaussianMixtureModel
from gmmx.spark.batches import BatchReader

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def frame(spark, rows, schema="features array<double>, w double"):
    """Return a data frame of three partitions."""
    return spark.createDataFrame(spark.sparkContext.parallelize(rows, 3), schema)


ROWS = [([0.0, 1.0], 1.0), ([2.0, 0.0], 1.0), ([1.0, 1.0], 1.0)]


def reader():
    return BatchReader("x", partition=4, weight="w")


def batch(features, weight):
    kinds = [pa.list_(pa.float64()), pa.float64()]
    return pa.record_batch(
        [pa.array(features, kinds[0]), pa.array(weight, kinds[1])], ["features", "weight"]
    )


@pytest.mark.parametrize(
    ("features", "weight", "message"),
    [
        ([[1.0, 2.0], None], [1, 1], "x holds null in row 3 of partition 4"),
        ([[1.0, 2.0], [1.0, None]], [1, 1], "x holds null in row 3 of partition 4"),
        ([[1.0, 2.0], [np.nan, 1.0]], [1, 1], "x holds NaN in row 3 of partition 4"),
        ([[-np.inf, 2.0], [1.0, 1.0]], [1, 1], "x holds infinity in row 2 of partition 4"),
        ([[1.0, 2.0], [1.0]], [1, 1], "x holds 1 features instead of 2 in row 3"),
        ([[1.0, 2.0], [1.0, 1.0]], [1, None], "w holds null in row 3 of partition 4"),
        ([[1.0, 2.0], [1.0, 1.0]], [1, np.nan], "w holds NaN in row 3 of partition 4"),
        ([[1.0, 2.0], [1.0, 1.0]], [-1, 1], "w holds a negative weight in row 2 of partition 4"),
    ],
)
def test_bad_rows_of_a_batch(features, weight, message):
    one = reader()
    one.read(batch([[0.0, 0.0], [1.0, 1.0]], [1.0, 0.0]))  # two rows before
    with pytest.raises(ValueError, match=message):
        one.read(batch(features, weight))


def test_finite_numbers_whose_sum_overflows_are_accepted():
    big = np.finfo(float).max
    (rows, _) = reader().read(batch([[big, big]], [1.0]))
    np.testing.assert_array_equal(rows, [[big, big]])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*ROWS[:2], ([1.0, float("nan")], 1.0)], "features holds NaN in row 0 of partition 2"),
        ([*ROWS[:2], ([1.0], 1.0)], "Partition 2 has 1 features, partition 0 has 2"),
        ([(x, 0.0) for x, _ in ROWS], "all rows have weight 0"),
    ],
)
def test_bad_partitions_are_value_errors_of_the_driver(spark, rows, message):
    with pytest.raises(ValueError, match=message):
        SparkGaussianMixture(weight_col="w").fit(frame(spark, rows))
    assert not spark.sparkContext._jsc.getPersistentRDDs()


def test_columns_are_checked_before_a_job_runs(spark):
    dataset = frame(spark, [("a", 1.0)], "name string, w double")
    for parameters, error, message in (
        ({}, ValueError, "features_col names 'features', but the data frame has columns 'name'"),
        ({"features_col": "name"}, TypeError, "'name', a column of string: expected a column of"),
        ({"features_col": ["w", "name"]}, TypeError, "'name', a column of string"),
        ({"features_col": ["w"], "weight_col": "v"}, ValueError, "weight_col names 'v'"),
        ({"features_col": ["w"], "weight_col": "name"}, TypeError, "weight_col names 'name'"),
        ({"features_col": ["w"], "n_components": 0}, ValueError, "'n_components' parameter"),
    ):
        with pytest.raises(error, match=message):
            SparkGaussianMixture(**parameters).fit(dataset)


def test_parameters_that_spark_cannot_save_are_refused():
    with pytest.raises(TypeError, match="no parameter 'n_threads'"):
        SparkGaussianMixture(n_threads=2)
    with pytest.raises(TypeError, match="got a RandomState"):
        SparkGaussianMixture(random_state=np.random.RandomState(0))


def test_a_model_without_a_fit_cannot_predict(spark):
    with pytest.raises(AttributeError, match="not fitted"):
        SparkGaussianMixtureModel().transform(frame(spark, ROWS))


def test_predictions_name_the_bad_row(spark):
    model = SparkGaussianMixture().fit(frame(spark, ROWS))
    bad = frame(spark, [*ROWS[:2], ([1.0, float("nan")], 1.0)])
    with pytest.raises(PySparkException, match="features holds NaN in row 0 of partition 2"):
        model.transform(bad).collect()
