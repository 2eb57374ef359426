"""Passes in the order of labels skip work without a loss of digits."""

import numpy as np
import pytest
from sklearn.base import clone

from gmmx import GaussianMixture
from gmmx._core.interface import components
from gmmx.model.covariance import STRUCTURES
from gmmx.model.parameters import MixtureParameters
from gmmx.samples.array_source import ArraySource
from gmmx.samples.kernel_parameters import KernelParameters
from gmmx.samples.visiting_order import FEWEST_FEATURES, VisitingOrder, share_of_far_pairs


def mixture_and_samples(
    separation, n_features, n_components, n_samples=3000, dtype=np.float64, stretch=0.2
):
    draw = np.random.default_rng(n_features)
    means = (separation * draw.normal(size=(n_components, n_features))).astype(dtype)
    X = means[draw.integers(n_components, size=n_samples)]
    X = (X + draw.normal(size=X.shape)).astype(dtype)
    weights = draw.dirichlet(np.full(n_components, 5.0))
    mixing = np.eye(n_features) + stretch * draw.normal(size=(n_components, n_features, n_features))
    covariances = mixing @ mixing.transpose(0, 2, 1)
    shape = n_components, n_features
    covariance = STRUCTURES["full"].from_covariances(covariances, *shape)
    return MixtureParameters(weights, means.astype(np.float64), covariance), X


def sums_of(parameters, X, **options):
    """Return the sums of the exact pass, with and without an order."""
    return KernelParameters(parameters).run(X, 1, "dense", None, **options)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("separation", [0.0, 1.0, 4.0, 100.0])
@pytest.mark.parametrize(
    ("n_features", "n_components"), [(8, 3), (12, 4), (17, 5), (24, 2), (33, 9)]
)
def test_sums_and_labels_are_those_of_every_term(separation, n_features, n_components, dtype):
    parameters, X = mixture_and_samples(separation, n_features, n_components, dtype=dtype)
    labels = np.empty(len(X), dtype=np.int64)
    options = {"moments": 2, "origin": parameters.means, "labels": labels}
    every_term = sums_of(parameters, X, **options)
    expected = labels.copy()
    order = np.empty_like(labels)
    components.label_order(labels, n_components, order)
    ordered = sums_of(parameters, X, weights=parameters.weights, order=order, **options)
    np.testing.assert_array_equal(labels, expected)
    scale = np.abs(every_term).max()
    tolerance = 1e-12 if dtype is np.float64 else 1e-4
    np.testing.assert_allclose(ordered, every_term, rtol=tolerance, atol=tolerance * scale)


def test_hints_may_be_wrong():
    parameters, X = mixture_and_samples(4.0, 20, 6)
    right = np.empty(len(X), dtype=np.int64)
    options = {"moments": 2, "origin": parameters.means, "weights": parameters.weights}
    expected = sums_of(parameters, X, labels=right, **options)
    hints = np.random.default_rng(0).integers(6, size=len(X))
    order = np.random.default_rng(1).permutation(len(X))
    sums = sums_of(parameters, X, labels=hints, order=order, **options)
    np.testing.assert_array_equal(hints, right)
    np.testing.assert_allclose(sums, expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max())


def test_a_far_sample_keeps_its_part_in_every_component():
    # The sample has a tiny responsibility and a huge squared distance for the far component.
    parameters, X = mixture_and_samples(1.0, 20, 2)
    X[0] = 1e6
    options = {"moments": 2, "origin": parameters.means}
    labels = np.empty(len(X), dtype=np.int64)
    expected = sums_of(parameters, X, labels=labels, **options)
    order = np.empty_like(labels)
    components.label_order(labels, 2, order)
    sums = sums_of(parameters, X, labels=labels, order=order, weights=parameters.weights, **options)
    np.testing.assert_allclose(sums, expected, rtol=1e-11)


def test_a_component_without_weight_gets_nothing():
    parameters, X = mixture_and_samples(0.5, 20, 3)
    weights = np.array([0.5, 0.0, 0.5])
    parameters = MixtureParameters(weights, parameters.means, parameters.covariance)
    source = ArraySource(X, 1)
    for _ in range(3):
        statistics = source.statistics(parameters)
        assert statistics.counts[1] == 0.0
        assert np.isfinite(statistics.second).all()


@pytest.fixture
def passes(monkeypatch):
    """Return the list of options of `VisitingOrder` for the passes of a fit."""
    given, options = [], VisitingOrder.options

    def recorded(self, means, factors):
        given.append(options(self, means, factors))
        return given[-1]

    monkeypatch.setattr(VisitingOrder, "options", recorded)
    return given


@pytest.mark.parametrize("name", ["full", "tied"])
def test_fits_take_the_same_way_as_without_order(name, passes, monkeypatch):
    _, X = mixture_and_samples(3.0, 20, 8)
    model = GaussianMixture(8, covariance_type=name, random_state=0, tol=1e-9, max_iter=60).fit(X)
    n_ordered = sum("order" in options for options in passes)
    assert (n_ordered > 0) == (name == "full"), "samples of one matrix need no order"
    monkeypatch.setattr(VisitingOrder, "options", lambda self, means, factors: {})
    every_term = clone(model).fit(X)
    np.testing.assert_allclose(model.lower_bounds_, every_term.lower_bounds_, rtol=1e-11)
    np.testing.assert_allclose(model.means_, every_term.means_, rtol=1e-8, atol=1e-8)
    np.testing.assert_array_equal(model.predict(X), every_term.predict(X))


def shares_left_out(passes, X, parameters, n_passes):
    """Return the share of pairs that each E-step skipped, None for an E-step in X's order."""
    source, shares = ArraySource(X, 1), []
    for _ in range(n_passes):
        source.statistics(parameters)
        is_ordered = "order" in passes[-1]
        n_pairs = len(X) * (len(parameters.weights) - 1)
        shares.append(int(passes[-1]["n_skipped"][0]) / n_pairs if is_ordered else None)
    return shares


def test_components_that_lie_apart_are_left_out_of_most_passes(passes):
    parameters, X = mixture_and_samples(20.0, 20, 8, stretch=0.0)
    shares = shares_left_out(passes, X, parameters, 10)
    assert shares[0] is None, "no pass has told the labels yet"
    assert min(shares[1:]) > 0.9


def test_components_that_overlap_are_visited_as_the_samples_stand(passes):
    parameters, X = mixture_and_samples(0.0, 20, 8, stretch=0.0)
    assert shares_left_out(passes, X, parameters, 10) == 10 * [None]


def test_order_that_leaves_out_too_little_is_tried_again_ever_less_often(passes):
    # The means are far apart, but the samples lie half way between them.
    parameters, X = mixture_and_samples(20.0, 20, 2, stretch=0.0)
    X = np.random.default_rng(0).normal(parameters.means.mean(axis=0), 0.01, X.shape)
    shares = shares_left_out(passes, X, parameters, 60)
    tried = [i for i, share in enumerate(shares) if share is not None]
    assert 2 < len(tried) < 10
    assert max(shares[i] for i in tried) < 0.1
    assert (np.diff(tried, n=2) > 0).all()


def test_samples_are_visited_by_their_labels(passes):
    parameters, X = mixture_and_samples(20.0, 20, 8, stretch=0.0)
    shares_left_out(passes, X, parameters, 2)
    labels = np.empty(len(X), dtype=np.int64)
    KernelParameters(parameters).predict(X, 1, labels=labels)
    np.testing.assert_array_equal(passes[-1]["order"], np.argsort(labels, kind="stable"))


def test_far_pairs_are_counted_in_deviations_of_each_component():
    means = np.array([[0.0, 0.0], [15.0, 0.0]])
    wide_and_narrow = np.array([np.eye(2) / 10, np.eye(2)])
    assert share_of_far_pairs(means, wide_and_narrow) == 0.5
    assert share_of_far_pairs(means, np.eye(2)) == 1.0


def test_few_features_are_visited_as_they_stand():
    assert ArraySource(np.zeros((10, FEWEST_FEATURES - 1)), 1)._visits is None
    assert ArraySource(np.zeros((10, FEWEST_FEATURES)), 1)._visits is not None


def test_label_order_is_a_stable_sort():
    labels = np.random.default_rng(0).integers(5, size=1000)
    order = np.empty_like(labels)
    components.label_order(labels, 5, order)
    np.testing.assert_array_equal(order, np.argsort(labels, kind="stable"))
    for bad in (-1, 5):
        labels[3] = bad
        with pytest.raises(ValueError, match="is not from 0 to 4"):
            components.label_order(labels, 5, order)


@pytest.mark.parametrize("spoiled", ["labels", "order"])
@pytest.mark.parametrize("value", [-1, 10**6])
def test_indices_out_of_range_are_refused(spoiled, value):
    parameters, X = mixture_and_samples(1.0, 20, 3)
    indices = {"labels": np.zeros(len(X), dtype=np.int64), "order": np.arange(len(X))}
    indices[spoiled][7] = value
    with pytest.raises(ValueError, match="indices of samples"):
        sums_of(parameters, X, weights=parameters.weights, **indices)


def test_order_is_refused_with_outputs_that_would_show_it():
    parameters, X = mixture_and_samples(1.0, 20, 3)
    labels, order = np.zeros(len(X), dtype=np.int64), np.arange(len(X))
    with pytest.raises(ValueError, match="order needs"):
        sums_of(
            parameters, X, labels=labels, order=order, weights=parameters.weights,
            log_prob=np.empty(len(X)),
        )  # fmt: skip
