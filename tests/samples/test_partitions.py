"""A fit to partitions of an engine equals the fit to all rows in one array."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from gmmx import BayesianGaussianMixture, GaussianMixture
from gmmx.exceptions import collected_warnings
from gmmx.model.covariance import CONJUGATE_STRUCTURES, STRUCTURES
from gmmx.samples import partitions
from gmmx.samples.array_source import ArraySource
from gmmx.samples.partitions import merge_in_tree, summaries_of
from gmmx.starts.initializer import INIT_PARAMS
from list_engine import ListEngine, cut, source_of

ATTRIBUTES = ("weights_", "means_", "covariances_", "lower_bounds_")
SIZES = [0, 150, 1, 0, 0, 200, 1]  # and the rest in one more


def samples(n_features=3, n_samples=700, dtype=np.float64):
    draw = np.random.default_rng(n_features)
    means = 4.0 * draw.normal(size=(3, n_features))
    X = means[draw.integers(3, size=n_samples)] + draw.normal(size=(n_samples, n_features))
    return X.astype(dtype)


def some_weights(n_samples, scale=1.0):
    return scale * np.random.default_rng(1).uniform(0.5, 3.0, size=n_samples)


def in_partitions(X, weight=None, sizes=SIZES, n_threads=1):
    weights = None if weight is None else cut(weight, sizes)
    return source_of(cut(X, sizes), weights, n_threads)


def fitted_to(model, source):
    """Return the fitted attributes and the warnings of a fit."""
    with collected_warnings() as messages, np.errstate(all="raise"):
        attributes = model._fitted_to(source)
    return attributes, messages


def assert_the_same_fit(make_model, X, rtol=1e-8, weight=None):
    whole, messages = fitted_to(make_model(), ArraySource(X, 1, weight))
    parts, part_messages = fitted_to(make_model(), in_partitions(X, weight))
    assert len(whole["lower_bounds_"]) > 1
    assert messages == part_messages
    for name in ATTRIBUTES:
        scale = np.abs(whole[name]).max()
        np.testing.assert_allclose(parts[name], whole[name], rtol=rtol, atol=rtol * scale)
    return messages


@pytest.mark.parametrize("weight", [None, some_weights(700), some_weights(700, 1e-200)])
@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("algorithm", ["em", "squarem"])
def test_maximum_likelihood(weight, name, algorithm):
    assert_the_same_fit(
        lambda: GaussianMixture(
            3, covariance_type=name, algorithm=algorithm, tol=1e-6, max_iter=30, random_state=0
        ),
        samples(),
        rtol=1e-6 if algorithm == "squarem" else 1e-8,
        weight=weight,
    )


@pytest.mark.parametrize("weight", [None, some_weights(700)])
@pytest.mark.parametrize("name", CONJUGATE_STRUCTURES)
@pytest.mark.parametrize("algorithm", ["em", "squarem"])
def test_bayes(weight, name, algorithm):
    assert_the_same_fit(
        lambda: BayesianGaussianMixture(
            n_components=3, covariance_type=name, algorithm=algorithm, max_iter=30, random_state=0
        ),
        samples(),
        rtol=1e-6 if algorithm == "squarem" else 1e-8,
        weight=weight,
    )


@pytest.mark.parametrize("estimator", [GaussianMixture, BayesianGaussianMixture])
@pytest.mark.parametrize("init_params", INIT_PARAMS)
def test_starting_values(estimator, init_params):
    assert_the_same_fit(
        lambda: estimator(n_components=3, init_params=init_params, max_iter=5, random_state=0),
        samples(),
    )


@pytest.mark.parametrize("estimator", [GaussianMixture, BayesianGaussianMixture])
@pytest.mark.parametrize("n_features", [1, 20])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_feature_and_many(estimator, n_features, dtype):
    assert_the_same_fit(
        lambda: estimator(n_components=4, max_iter=20, random_state=0),
        samples(n_features, 3000, dtype),
        rtol=1e-8 if dtype is np.float64 else 1e-4,
    )


@pytest.mark.parametrize("name", STRUCTURES)
def test_the_number_of_threads_changes_no_bit(name):
    X = samples(6, 5000)
    model = GaussianMixture(3, covariance_type=name, max_iter=10, random_state=0)
    one, two = (fitted_to(model, in_partitions(X, n_threads=n))[0] for n in (1, 2))
    for attribute in ATTRIBUTES:
        np.testing.assert_array_equal(one[attribute], two[attribute])


@pytest.mark.parametrize("layout", ["dense", "diagonal"])
def test_moments_of_all_samples_lose_no_digits_if_one_partition_is_far_away(layout):
    X = samples(2, 100_001)
    X[0] += 1e8
    found = in_partitions(X, sizes=[1]).total(layout)
    exact = X.astype(np.longdouble)
    mean = exact.mean(axis=0)
    second = ((exact - mean) ** 2).sum(axis=0).astype(np.float64)
    moments = found.about(found.means).second[0]
    moments = moments.diagonal() if moments.ndim == 2 else moments
    np.testing.assert_allclose(moments, second, rtol=1e-13)
    np.testing.assert_allclose(found.means[0], mean.astype(np.float64), rtol=1e-13)


def test_the_worst_explained_sample_and_its_row():
    X = samples()
    X[[351, 690]] = 50.0
    X[699] = 40.0
    model = GaussianMixture(3, random_state=0).fit(X[:300])
    parameters = model._parameters()
    whole, parts = ArraySource(X, 1), in_partitions(X)
    excluded = []
    for row in (351, 699):
        for source in (whole, parts):
            index, sample = source.worst_explained(parameters, excluded)
            assert index == row
            np.testing.assert_array_equal(sample, X[row])
        excluded.append(X[row])
    assert parts.worst_explained(parameters, list(X)) is None


@pytest.mark.parametrize("algorithm", ["em", "squarem"])
def test_a_component_that_collapses_is_started_anew_at_the_same_sample(algorithm):
    X = samples()
    X[5:45] = X[5]
    means = np.array([X[5], X[200], X[300], X[400]])
    precisions = np.repeat(np.eye(3)[np.newaxis], 4, axis=0)
    precisions[0] *= 1e8
    messages = assert_the_same_fit(
        lambda: GaussianMixture(
            4, degenerate="reseed", reg_covar=0.0, means_init=means, weights_init=np.full(4, 0.25),
            precisions_init=precisions, algorithm=algorithm, max_iter=60,
        ),
        X,
        rtol=1e-6,
    )  # fmt: skip
    assert any("was started anew at sample" in message for message in messages)


# ---- starting values


@pytest.fixture
def few_start_rows(monkeypatch):
    """Starting values come from at most 200 rows."""
    monkeypatch.setattr(partitions, "MOST_START_BYTES", 0)
    monkeypatch.setattr(partitions, "FEWEST_START_ROWS", 200)


@pytest.mark.usefixtures("few_start_rows")
def test_starting_values_come_from_the_same_rows_in_any_partitions():
    X, weight = samples(), some_weights(700)
    found = in_partitions(X, weight).in_memory()
    other = in_partitions(X, weight, sizes=[10, 10, 10]).in_memory()
    np.testing.assert_array_equal(found.X, other.X)
    np.testing.assert_array_equal(found.weight, other.weight)
    assert 140 < found.n_samples <= 200
    rows = [int(np.flatnonzero((x == X).all(axis=1))[0]) for x in found.X]
    assert sorted({*rows}) == rows  # none twice, in their order
    np.testing.assert_array_equal(found.weight, weight[rows])
    quarters = np.histogram(rows, bins=4, range=(0, 700))[0]
    assert quarters.min() > 20


@pytest.mark.usefixtures("few_start_rows")
@pytest.mark.parametrize("estimator", [GaussianMixture, BayesianGaussianMixture])
def test_a_fit_that_starts_from_some_of_the_rows_reaches_the_same_optimum(estimator):
    X = samples()

    def model():
        return estimator(n_components=3, tol=1e-9, max_iter=500, random_state=0)

    whole, parts = (fitted_to(model(), one)[0] for one in (ArraySource(X, 1), in_partitions(X)))
    for name in ("weights_", "means_"):
        order = (np.argsort(fit["means_"][:, 0]) for fit in (whole, parts))
        expected, found = (fit[name][one] for fit, one in zip((whole, parts), order, strict=True))
        np.testing.assert_allclose(found, expected, rtol=1e-2, atol=1e-3)


@pytest.mark.usefixtures("few_start_rows")
def test_statistics_of_the_start_count_all_samples():
    X = samples()
    model = BayesianGaussianMixture(n_components=3, max_iter=0, random_state=0)
    whole, parts = (fitted_to(model, one)[0] for one in (ArraySource(X, 1), in_partitions(X)))
    for attributes in (whole, parts):
        np.testing.assert_allclose(attributes["mean_precision_"].sum(), 700 + 3, rtol=1e-12)


def test_given_starting_values_are_used_without_reading_samples_for_a_start():
    source = in_partitions(samples())
    given = GaussianMixture(
        1, weights_init=[1.0], means_init=[[0.0] * 3], precisions_init=[np.eye(3)], max_iter=1,
        tol=1e9,
    )  # fmt: skip
    fitted_to(given, source)
    assert len(source.engine.sent_bytes) == 2  # the summaries, and one pass


# ---- the interface of an engine


def test_the_tree_depends_on_the_number_of_values_only():
    joined = partial(map, "({}{})".format)
    assert [merge_in_tree("abcdefg"[:n], joined) for n in range(1, 8)] == [
        "a", "(ab)", "((ab)c)", "((ab)(cd))", "(((ab)(cd))e)", "(((ab)(cd))(ef))",
        "(((ab)(cd))((ef)g))",
    ]  # fmt: skip


def test_parameters_are_sent_and_samples_are_not():
    K, D = 8, 10
    source = in_partitions(samples(D, 4000))
    model = GaussianMixture(K, max_iter=3, tol=0, random_state=0, init_params="random_from_data")
    fitted_to(model, source)
    assert max(source.engine.sent_bytes) < 2 * 8 * K * D * D + 8192


def test_summaries_tell_sizes_weights_and_ranges():
    X, weight = samples(), some_weights(700, 1e200)
    found = summaries_of(ListEngine(cut(X, SIZES), cut(weight, SIZES)))
    assert [one.number for one in found] == list(range(8))
    assert [one.n_samples for one in found] == [*SIZES, 700 - sum(SIZES)]
    np.testing.assert_allclose(sum(one.total_weight for one in found), weight.sum(), rtol=1e-14)
    assert max(one.largest_weight for one in found) == weight.max()
    occupied = [one for one in found if one.n_samples]
    np.testing.assert_array_equal(np.min([one.smallest for one in occupied], axis=0), X.min(axis=0))
    np.testing.assert_array_equal(np.max([one.largest for one in occupied], axis=0), X.max(axis=0))
