"""A fit to partitions checks the rows of each partition, and names the one that it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gmmx import BayesianGaussianMixture, GaussianMixture
from gmmx.distributed.fit import fit_to_partitions
from gmmx.distributed.preparation import prepared_partition
from gmmx.exceptions import InvalidParameterError
from list_engine import ListEngine


def samples(n_samples=400):
    draw = np.random.default_rng(0)
    return np.concatenate(
        [draw.normal(0, 1, (n_samples // 2, 2)), draw.normal(7, 2, (n_samples // 2, 2))]
    )


class PreparedEngine(ListEngine):
    """An engine of partitions as users pass them, which are checked first."""

    def __init__(self, blocks, weights=None):
        weights = weights or [None] * len(blocks)
        self.sent_bytes = []
        self.partitions = [
            prepared_partition(number, X, weight, 1, "GaussianMixture")
            for number, (X, weight) in enumerate(zip(blocks, weights, strict=True))
        ]


def fit(blocks, weights=None, **parameters):
    model = GaussianMixture(2, random_state=0, **parameters)
    fit_to_partitions(model, PreparedEngine(blocks, weights))
    return model


def frames(X, columns=("a", "b")):
    return [pd.DataFrame(block, columns=list(columns)) for block in np.array_split(X, 3)]


@pytest.mark.parametrize("estimator", [GaussianMixture, BayesianGaussianMixture])
def test_a_fit_equals_the_fit_to_all_rows(estimator):
    X = samples()
    parts = estimator(n_components=2, random_state=0)
    fit_to_partitions(parts, PreparedEngine(np.array_split(X, 5)))
    whole = estimator(n_components=2, random_state=0).fit(X)
    assert parts.n_features_in_ == 2
    assert vars(parts).keys() == vars(whole).keys()
    np.testing.assert_allclose(parts.covariances_, whole.covariances_, rtol=1e-9)
    np.testing.assert_array_equal(parts.predict(X), whole.predict(X))


def test_structures_with_constraints_and_equal_weights_fit_as_to_all_rows():
    X, options = samples(), {"covariance_type": "VEI", "equal_weights": True}
    parts, whole = fit(np.array_split(X, 5), **options), fit([X], **options)
    assert parts.weights_.tolist() == whole.weights_.tolist() == [0.5, 0.5]
    np.testing.assert_allclose(parts.covariances_, whole.covariances_, rtol=1e-9)


def test_rows_of_weight_0_are_left_out_exactly():
    X = samples()
    weight = np.random.default_rng(1).integers(0, 3, size=400).astype(float)
    weight[:150] = 0.0  # all rows of a partition
    found = fit(np.split(X, [150, 300]), np.split(weight, [150, 300]))
    kept = weight > 0
    expected = fit(
        [X[:0], X[150:300][kept[150:300]], X[300:][kept[300:]]],
        [weight[:0], weight[150:300][kept[150:300]], weight[300:][kept[300:]]],
    )
    np.testing.assert_array_equal(found.means_, expected.means_)
    repeated = GaussianMixture(2, random_state=0).fit(X, sample_weight=weight)
    np.testing.assert_allclose(found.means_, repeated.means_, rtol=1e-9)


def test_a_number_is_the_weight_of_each_row():
    blocks = np.array_split(samples(), 3)
    np.testing.assert_allclose(fit(blocks, [2.0] * 3).means_, fit(blocks).means_, rtol=1e-9)


def test_names_of_the_columns_are_kept():
    model = fit(frames(samples()))
    assert list(model.feature_names_in_) == ["a", "b"]
    fitted_without_names = fit([samples()])
    assert not hasattr(fitted_without_names, "feature_names_in_")


def test_integers_and_lists_are_converted():
    whole = np.round(samples()).astype(int)
    blocks = [whole[:100].tolist(), pd.DataFrame(whole[100:300]), whole[300:]]
    expected = fit([whole[:100].astype(float), whole[100:300].astype(float), whole[300:] * 1.0])
    np.testing.assert_array_equal(fit(blocks).means_, expected.means_)


def damaged(X, row, column, value):
    X = X.copy()
    X[row, column] = value
    return X


THREE = np.array_split(samples(), 3)


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([THREE[0], damaged(THREE[1], 7, 1, np.nan), THREE[2]],
         r"Partition 1: Input X contains NaN. The first one is at index \(7, 1\)"),
        ([THREE[0], THREE[1], damaged(THREE[2], 0, 0, np.inf)], r"Partition 2: .*infinity"),
        ([THREE[0], THREE[1][:, :1], THREE[2]],
         "Partition 1 has 1 features, partition 0 has 2 features"),
        ([THREE[0], THREE[1].astype(np.float32), THREE[2]],
         "Partition 1 has float32 values, partition 0 has float64 values"),
        ([THREE[0], THREE[1][:, 0]], "Partition 1: Expected 2D array"),
        ([THREE[0], np.array([["x", "y"]])], "Partition 1: could not convert string"),
        ([frames(samples())[0], frames(samples(), "ba")[1]],
         "Partition 1 has 'b', 'a' columns, partition 0 has 'a', 'b' columns"),
        ([frames(samples())[0], THREE[1]], "Partition 1 has None columns"),
        ([THREE[0][:0], THREE[1][:1]], r"Found 1 sample\(s\) in 2 partition\(s\)"),
        ([THREE[0][:1], THREE[1][:0], 1e200 * THREE[2]], "values in X are too large"),
        ([THREE[0][:1], THREE[1][:0]], r"Found 1 sample\(s\)"),
    ],
)  # fmt: skip
def test_partitions_that_cannot_be_used_are_named(blocks, message):
    with pytest.raises(ValueError, match=message):
        fit(blocks)


def test_partitions_without_numbers_are_named():
    dates = np.array([["2020-01-01", "2020-01-02"]], dtype="datetime64[s]")
    with pytest.raises(TypeError, match="Partition 1: Input X contains datetime64"):
        fit([THREE[0], dates])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, -1.0], "Partition 1: sample_weight must not be negative"),
        ([1.0, np.r_[1.0, np.nan, np.ones(131)]], "Partition 1: sample_weight must be finite"),
        ([1.0, np.ones(5)], r"Partition 1: sample_weight.shape == \(5,\)"),
        ([0.0, 0.0], r"Found 0 sample\(s\) in 2 partition\(s\)"),
        ([1e307, 1e307], "The sum of sample_weight is inf"),
    ],
)
def test_weights_that_cannot_be_used_are_named(weights, message):
    with pytest.raises(ValueError, match=message):
        fit(THREE[:2], weights)


def test_empty_partitions_need_no_columns():
    fitted = fit([np.empty((0, 0)).reshape(0, 2), *THREE, pd.DataFrame(columns=["a", "b"])])
    assert fitted.means_.shape == (2, 2)


def test_parameters_are_checked_before_the_partitions_are_read():
    engine = PreparedEngine(THREE)
    with pytest.raises(InvalidParameterError, match="tol"):
        fit_to_partitions(GaussianMixture(2, tol=-1), engine)
    assert not engine.sent_bytes
    with pytest.raises(ValueError, match="n_components = 500, n_samples = 400"):
        fit_to_partitions(GaussianMixture(500), engine)


def test_a_failed_fit_leaves_the_model_as_it_was():
    model = fit(THREE)
    before = dict(vars(model))
    bad = PreparedEngine([THREE[0], THREE[1] * np.nan])
    with pytest.raises(ValueError, match="Partition 1"):
        fit_to_partitions(model, bad)
    assert vars(model) == before
