"""K-means for starting values: scikit-learn's seeds and labels, found with less work."""

import numpy as np
import pytest
from sklearn import cluster

import gmmx
from gmmx._core.interface.kmeans import Assignment, cluster_moments
from gmmx.samples.array_source import ArraySource
from gmmx.starts.kmeans import KMeans

SHAPES = [
    (300, 1, 4),
    (500, 2, 1),
    (700, 3, 9),
    (600, 5, 7),
    (900, 8, 16),
    (500, 17, 33),
    (400, 64, 5),
    (3000, 9, 6),
]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)
spreads = pytest.mark.parametrize("spread", [0.0, 1.0, 6.0])


def samples(shape, spread, offset=0.0):
    n_samples, n_features, n_clusters = shape
    draw = np.random.default_rng(n_samples)
    means = spread * draw.normal(size=(n_clusters, n_features))
    labels = draw.integers(n_clusters, size=n_samples)
    return means[labels] + draw.normal(size=(n_samples, n_features)) + offset


def nearest(X, centers):
    """Return labels by distances in extended precision; the first label if distances are equal."""
    differences = X[:, np.newaxis].astype(np.longdouble) - centers
    return (differences * differences).sum(axis=2).argmin(axis=1)


@shapes
@spreads
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_seeds_are_those_of_scikit_learn(shape, spread, offset):
    X = samples(shape, spread)
    _, expected = cluster.kmeans_plusplus(X, shape[2], random_state=np.random.RandomState(3))
    seeds = KMeans(ArraySource(X + offset, 1)).seeds(shape[2], np.random.RandomState(3))
    np.testing.assert_array_equal(seeds, expected)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("spread", [0.5, 6.0])
def test_seeds_of_samples_too_many_for_their_distances_to_be_kept(spread, dtype):
    X = samples((40_000, 3, 12), spread).astype(dtype)
    _, expected = cluster.kmeans_plusplus(X, 12, random_state=np.random.RandomState(3))
    seeds = KMeans(ArraySource(X, 1)).seeds(12, np.random.RandomState(3))
    np.testing.assert_array_equal(seeds, expected)


@shapes
@spreads
def test_labels_are_those_of_scikit_learn(shape, spread):
    X = samples(shape, spread, offset=10.0)
    centers = X[: shape[2]]
    expected = cluster.KMeans(shape[2], init=centers, n_init=1, algorithm="lloyd").fit(X)
    labels, means = KMeans(ArraySource(X, 1)).lloyd(centers)
    np.testing.assert_array_equal(labels, expected.labels_)
    for k in range(shape[2]):
        np.testing.assert_allclose(means[k], X[labels == k].mean(axis=0), rtol=1e-12)


@pytest.mark.parametrize("n_features", [2, 7, 16])
def test_empty_clusters_get_the_farthest_samples_as_in_scikit_learn(n_features):
    X = samples((200, n_features, 3), 5.0)
    centers = np.concatenate([X[:3], np.full((2, n_features), 1e3)])
    expected = cluster.KMeans(5, init=centers, n_init=1, algorithm="lloyd").fit(X)
    np.testing.assert_array_equal(KMeans(ArraySource(X, 1)).lloyd(centers)[0], expected.labels_)


@shapes
@spreads
def test_bounds_leave_no_sample_with_a_center_that_is_not_the_nearest(shape, spread):
    X = samples(shape, spread)
    mean, draw = X.mean(axis=0), np.random.default_rng(0)
    assignment = Assignment(X, mean, X[: shape[2]] - mean, 1)
    for _ in range(12):
        assignment.assign()
        np.testing.assert_array_equal(assignment.labels, nearest(X - mean, assignment.centers))
        counts = np.bincount(assignment.labels, minlength=shape[2])
        np.testing.assert_array_equal(assignment.counts, counts)
        # Move the centers away from the means, farther than k-means would.
        totals = assignment.totals + draw.normal(scale=30.0, size=assignment.totals.shape)
        assignment.move_centers(np.maximum(assignment.counts, 1.0), totals)


@pytest.mark.parametrize("n_features", [1, 4, 9, 40])
def test_distances_that_the_samples_norms_would_swamp_are_told_apart(n_features):
    blob = samples((200, n_features, 4), 3.0)
    X = np.concatenate([blob, blob + 1e8])
    centers = X[[0, 1, 2, 3, 200, 201, 202, 203]]
    mean = X.mean(axis=0)
    labels = KMeans(ArraySource(X, 1)).nearest(centers)
    np.testing.assert_array_equal(labels, nearest(X - mean, centers - mean))


@pytest.mark.parametrize("n_features", [1, 3, 8, 21])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_of_equally_near_centers_the_first_counts(n_features, dtype):
    X = samples((100, n_features, 3), 2.0).astype(dtype)
    centers = np.repeat(X[:10].astype(np.float64), 2, axis=0)
    assert not (KMeans(ArraySource(X, 1)).nearest(centers) % 2).any()


@shapes
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_moments_of_clusters(shape, dtype):
    X = samples(shape, 2.0).astype(dtype)
    labels = np.random.default_rng(1).integers(shape[2], size=len(X))
    origin = X[: shape[2]].astype(np.float64)
    sums = cluster_moments(X, origin, 1, labels=labels)
    for k in range(shape[2]):
        differences = X[labels == k].astype(np.float64) - origin[k]
        expected = [(labels == k).sum(), *differences.sum(axis=0), *(differences**2).sum(axis=0)]
        np.testing.assert_allclose(sums[k], expected, rtol=1e-5 if dtype == np.float32 else 1e-11,
                                   atol=1e-3 if dtype == np.float32 else 1e-11)  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_features", [2, 24])
def test_threads_change_nothing(n_features, dtype):
    X = samples((9000, n_features, 12), 1.0).astype(dtype)
    one, two = (
        KMeans(ArraySource(X, n_threads)).partition(12, np.random.RandomState(0))
        for n_threads in (1, 2)
    )
    np.testing.assert_array_equal(one[0], two[0])
    assert one[1].tobytes() == two[1].tobytes()


def test_bad_arguments_are_refused():
    X = samples((50, 3, 2), 1.0)
    with pytest.raises(ValueError, match="label 5 is not from 0 to 1"):
        cluster_moments(X, X[:2], 1, labels=np.full(50, 5))
    with pytest.raises(ValueError, match="expected 50 labels"):
        cluster_moments(X, X[:2], 1, labels=np.zeros(49, dtype=np.int64))
    with pytest.raises(ValueError, match="expected samples, origins"):
        cluster_moments(X, X[:2], 1)
    with pytest.raises(ValueError, match="expected centers"):
        Assignment(X, X[0, :2].copy(), X[:2], 1)


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**32 - 1])
def test_an_integer_seeds_the_generator_that_numpy_makes_of_it(seed):
    ours = gmmx.checks.random_state.seeded_generator(seed).get_state(legacy=False)
    theirs = np.random.RandomState(seed).get_state(legacy=False)
    np.testing.assert_array_equal(ours["state"]["key"], theirs["state"]["key"])
    assert {**ours, "state": ours["state"]["pos"]} == {**theirs, "state": theirs["state"]["pos"]}
