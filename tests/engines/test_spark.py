"""Fits on Spark are those of the local estimator, whatever the partitions and batches."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("pyspark")
pytest.importorskip("pyarrow")

from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.functions import array_to_vector

import gmmx
from gmmx.spark import (
    SparkBayesianGaussianMixture,
    SparkGaussianMixture,
    SparkGaussianMixtureModel,
    blocks,
    engine,
)

NAMES = ["a", "b.c", "d"]
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def samples(n_samples=300):
    draw = np.random.default_rng(0)
    labels = draw.integers(2, size=n_samples)
    return draw.normal(size=(n_samples, 3)) + 3.0 * labels[:, np.newaxis]


def frame(spark, X, weight=None, n_partitions=3):
    """Return a data frame whose rows are in order, the last partition being empty."""
    weight = np.ones(len(X)) if weight is None else weight
    rows = [(x.tolist(), float(w), *map(float, x)) for x, w in zip(X, weight, strict=True)]
    columns = ", ".join(f"`{name}` double" for name in NAMES[: X.shape[1]])
    bounds = np.linspace(0, len(rows), n_partitions).astype(int)
    parts = [rows[first:last] for first, last in pairwise(bounds)]
    data = spark.sparkContext.parallelize([*parts, []], n_partitions).flatMap(list)
    return spark.createDataFrame(data, f"features array<double>, w double, {columns}")


def start(X, n_components=2):
    return {
        "n_components": n_components,
        "means_init": X[:n_components],
        "weights_init": np.full(n_components, 1 / n_components),
        "precisions_init": np.tile(np.eye(X.shape[1]), (n_components, 1, 1)),
        "max_iter": 3,
        "tol": 0.0,
    }


def assert_close(one, other, rtol=1e-11):
    for name in ("weights_", "means_", "covariances_", "lower_bounds_"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=rtol, atol=1e-12)


def assert_equal_bits(one, other):
    for name in ("weights_", "means_", "covariances_", "lower_bounds_"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.fixture(scope="module")
def fitted(spark):
    """Return rows, their data frame, the estimator and its model."""
    X = samples()
    dataset = frame(spark, X)
    estimator = SparkGaussianMixture(**start(X))
    with pytest.warns(gmmx.ConvergenceWarning):
        model = estimator.fit(dataset)
    return X, dataset, estimator, model


@pytest.mark.filterwarnings("ignore::gmmx.ConvergenceWarning")
class TestFit:
    def test_from_the_same_start_equals_the_local_fit(self, fitted):
        X, _, _, model = fitted
        assert_close(model.to_local(), gmmx.GaussianMixture(**start(X)).fit(X))
        assert type(model.to_local()) is gmmx.GaussianMixture

    def test_weights_count_rows_and_zero_leaves_them_out(self, spark):
        X, weight = samples(), np.arange(300) % 3.0
        model = SparkGaussianMixture(weight_col="w", **start(X)).fit(frame(spark, X, weight))
        repeated = np.repeat(X, weight.astype(int), axis=0)
        assert_close(model.to_local(), gmmx.GaussianMixture(**start(X)).fit(repeated))

    def test_columns_and_vectors_give_the_bits_of_arrays(self, fitted):
        _, dataset, estimator, model = fitted
        of_columns = estimator.copy().setParams(features_col=NAMES).fit(dataset)
        assert_equal_bits(of_columns.to_local(), model.to_local())
        assert list(of_columns.to_local().feature_names_in_) == NAMES
        vectors = dataset.select(array_to_vector("features").alias("features"))
        assert_equal_bits(estimator.fit(vectors).to_local(), model.to_local())

    def test_the_size_of_arrow_batches_changes_no_bit(self, spark, fitted):
        _, dataset, estimator, model = fitted
        name = "spark.sql.execution.arrow.maxRecordsPerBatch"
        spark.conf.set(name, "7")
        try:
            other = estimator.fit(dataset)
        finally:
            spark.conf.unset(name)
        assert_equal_bits(other.to_local(), model.to_local())

    def test_groups_of_partitions_are_merged_on_executors(self, fitted, monkeypatch):
        _, dataset, estimator, model = fitted
        monkeypatch.setattr(engine, "MOST_VALUES", 1)
        assert_close(estimator.fit(dataset).to_local(), model.to_local())

    def test_float_columns_are_computed_in_float32(self, fitted):
        X, dataset, estimator, _ = fitted
        single = dataset.selectExpr("cast(features as array<float>) as features")
        found = estimator.fit(single).to_local()
        local = gmmx.GaussianMixture(**start(X)).fit(X.astype(np.float32))
        assert found.means_.dtype == np.float32
        assert_close(found, local, rtol=1e-4)

    def test_bayesian(self, fitted):
        X, dataset, _, _ = fitted
        parameters = {"n_components": 2, "random_state": 0, "max_iter": 2}
        model = SparkBayesianGaussianMixture(**parameters).fit(dataset)
        assert_close(model.to_local(), gmmx.BayesianGaussianMixture(**parameters).fit(X))

    def test_starting_values_are_those_of_the_local_fit_of_all_rows(self, fitted):
        X, dataset, _, _ = fitted
        parameters = {"n_components": 2, "random_state": 0, "max_iter": 1}
        model = SparkGaussianMixture(**parameters).fit(dataset)
        assert_close(model.to_local(), gmmx.GaussianMixture(**parameters).fit(X))

    def test_partitions_of_one_row(self, spark):
        X = samples(3)
        found = SparkGaussianMixture(max_iter=1).fit(frame(spark, X, n_partitions=4)).to_local()
        assert_close(found, gmmx.GaussianMixture(max_iter=1).fit(X))


class TestModel:
    def test_transform_adds_predictions_and_keeps_all_columns(self, fitted):
        X, dataset, _, model = fitted
        predicted = model.transform(dataset)
        assert predicted.schema.fields[:-2] == dataset.schema.fields
        assert predicted.columns[-2:] == ["prediction", "probability"]
        rows, local = predicted.collect(), model.to_local()
        np.testing.assert_array_equal([row.features for row in rows], X)
        np.testing.assert_array_equal([row.prediction for row in rows], local.predict(X))
        resp = [row.probability.toArray() for row in rows]
        np.testing.assert_array_equal(resp, local.predict_proba(X))

    def test_columns_may_be_named_or_left_out(self, fitted):
        _, dataset, _, model = fitted
        named = model.copy().setParams(prediction_col="component", probability_col=None)
        assert named.transform(dataset).columns == [*dataset.columns, "component"]
        with pytest.raises(ValueError, match=r"already has a column 'w'.*prediction_col"):
            model.copy().setParams(prediction_col="w").transform(dataset)

    def test_save_and_load(self, fitted, tmp_path):
        _, dataset, estimator, model = fitted
        model.save(str(tmp_path / "model"))
        loaded = SparkGaussianMixtureModel.load(str(tmp_path / "model"))
        assert_equal_bits(loaded.to_local(), model.to_local())
        assert loaded.uid == model.uid
        assert loaded.transform(dataset).head() == model.transform(dataset).head()
        estimator.save(str(tmp_path / "estimator"))
        again = SparkGaussianMixture.load(str(tmp_path / "estimator"))
        assert {param.name: value for param, value in again.extractParamMap().items()} == {
            param.name: value for param, value in estimator.extractParamMap().items()
        }

    def test_a_pipeline_fits_saves_and_loads(self, fitted, tmp_path):
        data = fitted[1].select("w", "a", "d")
        assembler = VectorAssembler(inputCols=["a", "d"], outputCol="both")
        mixture = SparkGaussianMixture(features_col="both", n_components=2, max_iter=1)
        with pytest.warns(gmmx.ConvergenceWarning):
            pipeline = Pipeline(stages=[assembler, mixture]).fit(data)
        pipeline.save(str(tmp_path / "pipeline"))
        loaded = PipelineModel.load(str(tmp_path / "pipeline"))
        assert loaded.transform(data).head() == pipeline.transform(data).head()


def test_blocks_do_not_depend_on_the_batches(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 10 * 24)
    X, weight = samples(47), np.arange(47.0)

    def cut(size):
        starts = range(0, 47, size)
        return [*blocks.recut((X[i : i + size], weight[i : i + size]) for i in starts)]

    for size in (1, 7, 10, 47):
        found = cut(size)
        assert [len(rows) for rows, _ in found] == [10, 10, 10, 10, 7]
        np.testing.assert_array_equal(np.concatenate([rows for rows, _ in found]), X)
        np.testing.assert_array_equal(np.concatenate([some for _, some in found]), weight)
