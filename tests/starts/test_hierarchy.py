"""Model-based agglomerative clustering: equal to R's mclust and to a search of all pairs."""

from __future__ import annotations

import json
from functools import cache
from itertools import combinations

import numpy as np
import pytest

import reference
from gmmx import GaussianMixture
from gmmx._core.interface.agglomeration import agglomerate
from gmmx.samples.array_source import ArraySource
from gmmx.starts.hierarchy import MOST_ROWS, Hierarchy
from gmmx.starts.quantiles import quantile_classes

NAMES = ("iris", "faithful", "wide", "eruptions", "waiting", "petal_width")


def samples_named(name):
    iris, faithful = reference.iris(), reference.faithful()
    return {
        "iris": iris,
        "faithful": faithful,
        "wide": iris.reshape(20, 30),
        "eruptions": faithful[:, :1],
        "waiting": faithful[:, 1:],
        "petal_width": iris[:, 3:],
    }[name]


@cache
def mclust_partitions():
    return json.loads((reference.DATA / "mclust_partitions.json").read_text(encoding="utf-8"))


def hierarchy_of(X, weight=None):
    X = np.ascontiguousarray(X)
    return Hierarchy(ArraySource(X, 1, None if weight is None else weight.astype(float)))


def groups_of(labels):
    """Return the partition as a set of sets of rows, without the numbers of the clusters."""
    return {frozenset(np.flatnonzero(labels == k).tolist()) for k in np.unique(labels)}


def clusters(n_samples, n_features, seed=0):
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(n_samples, n_features)) * draw.uniform(0.2, 3, n_features)
    return X + 4 * draw.normal(size=(3, n_features))[draw.integers(3, size=n_samples)]


# ---- mclust


@pytest.mark.parametrize("n_clusters", range(2, 10))
@pytest.mark.parametrize("name", NAMES)
def test_partitions_are_those_of_mclust(name, n_clusters):
    expected = np.array([*mclust_partitions()[name][str(n_clusters)]])
    labels = hierarchy_of(samples_named(name)).partition(n_clusters)
    assert groups_of(labels) == groups_of(expected)


@pytest.mark.parametrize("n_components", [2, 3])
@pytest.mark.parametrize("name", reference.DATASETS)
def test_a_fit_starts_from_the_partition(name, n_components):
    X = reference.dataset(name)
    labels = reference.start_labels(name, f"hc_G{n_components}")
    model = GaussianMixture(n_components, init_params="hierarchical", max_iter=0, reg_covar=0.0)
    model.fit(X)
    np.testing.assert_allclose(model.weights_, np.bincount(labels) / len(X))
    for k in range(n_components):
        np.testing.assert_allclose(model.means_[k], X[labels == k].mean(axis=0))
        covariance = np.cov(X[labels == k], rowvar=False, bias=True)
        np.testing.assert_allclose(model.covariances_[k], covariance, atol=1e-12)


# ---- the search of all pairs


def term(rows, weight, alpha, is_ward):
    """Return the term of a cluster in the criterion."""
    total = weight.sum()
    centered = rows - weight @ rows / total
    scatter = (weight * centered.T) @ centered
    trace = np.trace(scatter)
    if is_ward:
        return trace
    has_rank = len(rows) > rows.shape[1]
    determinant = np.linalg.det(scatter / total) if has_rank else 0.0
    return total * np.log(determinant + (trace + alpha) / total)


def greedy_mergers(rows, weight, alpha, is_ward):
    """Return the unions of clusters, each time of the pair that costs least among all pairs."""
    groups = [(i,) for i in range(len(rows))]

    @cache
    def term_of(group):
        return term(rows[[*group]], weight[[*group]], alpha, is_ward)

    while len(groups) > 1:
        one, other = min(
            combinations(groups, 2),
            key=lambda pair: term_of(pair[0] + pair[1]) - term_of(pair[0]) - term_of(pair[1]),
        )
        groups = [group for group in groups if group not in (one, other)] + [one + other]
        yield frozenset(one + other)


def unions_of(mergers, n):
    groups = [[i] for i in range(n)]
    for kept, joined in mergers:
        groups[kept] = groups[kept] + groups[joined]
        yield frozenset(groups[kept])


@pytest.mark.parametrize("is_ward", [False, True])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("scale", [0.1, 1.0, 20.0])
@pytest.mark.parametrize("shape", [(2, 3), (14, 1), (24, 2), (26, 3), (24, 5), (12, 20)], ids=str)
def test_mergers_are_the_cheapest_of_all_pairs(shape, scale, is_weighted, is_ward):
    n = shape[0]
    rows = scale * clusters(*shape)
    weight = np.random.default_rng(1).uniform(0.3, 4, n) if is_weighted else np.ones(n)
    mergers = agglomerate(rows, weight, 0.7, is_ward)
    assert list(unions_of(mergers, n)) == list(greedy_mergers(rows, weight, 0.7, is_ward))


def test_wrong_arguments_are_refused():
    rows, weight = clusters(5, 2), np.ones(5)
    with pytest.raises(ValueError, match="weight"):
        agglomerate(rows, weight[:3], 1.0, False)
    with pytest.raises(ValueError, match="expected alpha > 0, got 0"):
        agglomerate(rows, weight, 0.0, False)
    with pytest.raises(ValueError, match="at least 1 row and 1 column, got 5 and 0"):
        agglomerate(rows[:, :0].copy(), weight, 1.0, False)


# ---- partitions


@pytest.mark.parametrize("n_features", [1, 2, 6])
def test_a_partition_has_so_many_clusters_and_refines_the_ones_with_fewer(n_features):
    X = clusters(60, n_features)
    hierarchy = hierarchy_of(X)
    coarser = hierarchy.partition(1)
    np.testing.assert_array_equal(coarser, np.zeros(60))
    for n_clusters in range(2, 61):
        labels = hierarchy.partition(n_clusters)
        first = [int(np.argmax(labels == k)) for k in range(n_clusters)]
        assert first == sorted(first)
        assert np.unique(labels).size == n_clusters
        if n_features > 1:
            for k in range(n_clusters):
                assert np.unique(coarser[labels == k]).size == 1
        coarser = labels


@pytest.mark.parametrize("n_features", [1, 2, 4])
def test_a_whole_weight_is_a_repetition(n_features):
    X = clusters(90, n_features)
    weight = np.random.default_rng(3).integers(1, 4, 90)
    weighted, repeated = hierarchy_of(X, weight), hierarchy_of(np.repeat(X, weight, axis=0))
    np.testing.assert_array_equal(weighted.rows, np.repeat(np.arange(90), weight))
    for n_clusters in (2, 3, 7):
        expected = repeated.partition(n_clusters)
        np.testing.assert_array_equal(weighted.partition(n_clusters), expected)
        of_all = weighted.partition_of_all(n_clusters)
        np.testing.assert_array_equal(np.repeat(of_all, weight), expected)


@pytest.mark.parametrize("factor", [1e-3, 0.1])
def test_weights_whose_sum_is_below_the_number_of_rows_are_scaled_up(factor):
    X = clusters(90, 3)
    for n_clusters in (2, 5):
        expected = hierarchy_of(X).partition(n_clusters)
        weighted = hierarchy_of(X, np.full(90, factor))
        np.testing.assert_array_equal(weighted.partition(n_clusters), expected)


def test_weights_whose_sum_is_large_need_no_more_rows():
    X, weight = clusters(90, 3), np.random.default_rng(0).uniform(1, 2, 90)
    one, other = hierarchy_of(X, 1e6 * weight), hierarchy_of(X, 1e9 * weight)
    np.testing.assert_array_equal(one.rows, np.arange(90))
    np.testing.assert_array_equal(one.partition(4), other.partition(4))


@pytest.mark.parametrize("n_features", [1, 3])
def test_units_and_order_of_features_do_not_matter(n_features):
    X = clusters(80, n_features)
    changed = (X * 2.0 ** np.arange(n_features) - 1.0)[:, ::-1]
    for n_clusters in (2, 4):
        expected = hierarchy_of(X).partition(n_clusters)
        np.testing.assert_array_equal(hierarchy_of(changed).partition(n_clusters), expected)


def test_equal_costs_give_the_same_partition_again():
    grid = np.array([[a, b] for a in range(8) for b in range(8)], dtype=float)
    first, second = hierarchy_of(grid), hierarchy_of(grid.copy())
    for n_clusters in (2, 5, 64):
        labels = first.partition(n_clusters)
        np.testing.assert_array_equal(second.partition(n_clusters), labels)
        assert np.unique(labels).size == n_clusters


@pytest.mark.parametrize("n_features", [2, 3])
def test_constant_and_dependent_features_change_no_partition(n_features):
    X = clusters(80, n_features)
    redundant = np.column_stack([X, np.full(80, 7.0)])
    for n_clusters in (2, 4):
        expected = hierarchy_of(X).partition(n_clusters)
        np.testing.assert_array_equal(hierarchy_of(redundant).partition(n_clusters), expected)


@pytest.mark.parametrize("n_features", [1, 2, 3])
def test_equal_rows_stay_in_one_cluster(n_features):
    points = clusters(3, n_features)
    of_points = np.repeat([2, 0, 1], [50, 30, 20])
    tree = hierarchy_of(points[of_points])
    for n_clusters in (3, 4, 100):
        assert groups_of(tree.partition(n_clusters)) == groups_of(of_points)
    assert not hierarchy_of(np.ones((6, n_features))).partition(3).any()


# ---- many rows


def test_many_rows_are_represented_by_the_same_rows_each_time():
    X = clusters(3 * MOST_ROWS, 2)
    first, second = hierarchy_of(X), hierarchy_of(X)
    np.testing.assert_array_equal(first.rows, second.rows)
    assert np.unique(first.rows).size == MOST_ROWS
    labels = first.partition_of_all(3)
    np.testing.assert_array_equal(labels, second.partition_of_all(3))
    np.testing.assert_array_equal(labels[first.rows], first.partition(3))
    states = [
        GaussianMixture(3, init_params="hierarchical", max_iter=0, random_state=seed).fit(X).means_
        for seed in (0, 1)
    ]
    np.testing.assert_array_equal(*states)


def test_all_rows_join_the_cluster_of_the_nearest_mean():
    X = np.random.default_rng(0).normal(size=(2 * MOST_ROWS, 2)) * 0.1
    truth = np.arange(len(X)) % 4
    X += np.array([[0, 0], [0, 5], [5, 0], [5, 5]])[truth]
    assert groups_of(hierarchy_of(X).partition_of_all(4)) == groups_of(truth)


def test_many_rows_are_drawn_by_weight():
    X = clusters(2 * MOST_ROWS, 2)
    weight = np.where(np.arange(len(X)) < 40, 100.0, 1.0)
    rows = hierarchy_of(X, weight).rows
    share = (rows < 40).mean()
    assert len(rows) == MOST_ROWS
    assert share == pytest.approx(weight[:40].sum() / weight.sum(), abs=0.01)


def test_more_components_than_rows_of_a_tree_are_refused():
    X = np.random.default_rng(0).normal(size=(MOST_ROWS + 10, 1))
    model = GaussianMixture(MOST_ROWS + 1, init_params="hierarchical", max_iter=0)
    with pytest.raises(ValueError, match=r"clusters 2000 rows, too few(.|\n)*'kmeans'"):
        model.fit(X)
    assert not hasattr(model, "means_")


# ---- quantiles


@pytest.mark.parametrize("n_classes", [1, 2, 5, 9, 40])
def test_classes_between_quantiles_are_intervals_and_none_is_empty(n_classes):
    draw = np.random.default_rng(n_classes)
    for values in (
        draw.normal(size=200),
        np.round(draw.normal(size=200)),
        np.round(draw.exponential(size=200), 1),
        np.repeat([0.0, 1.0, 1e9], [190, 5, 5]),
    ):
        classes = quantile_classes(values, n_classes, np.ones(200))
        assert np.all(np.diff(classes[np.argsort(values, kind="stable")]) >= 0)
        assert np.unique(classes).size == min(n_classes, np.unique(values).size)
        for value in np.unique(values):
            assert np.unique(classes[values == value]).size == 1


@pytest.mark.parametrize("n_classes", [2, 3, 8])
def test_a_whole_weight_of_a_value_is_a_repetition(n_classes):
    draw = np.random.default_rng(0)
    values, weight = np.round(draw.normal(size=60), 1), draw.integers(1, 5, 60)
    classes = quantile_classes(values, n_classes, weight.astype(float))
    repeated = np.repeat(values, weight)
    expected = quantile_classes(repeated, n_classes, np.ones(len(repeated)))
    np.testing.assert_array_equal(np.repeat(classes, weight), expected)
