"""Starts by whitened k-means, by short runs of EM, and from a part of the rows."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

import reference
from gmmx import BayesianGaussianMixture, DegenerateMixtureError, GaussianMixture
from gmmx.em.loop import run_em
from gmmx.em.maximum_likelihood import ExpectationMaximization
from gmmx.model.covariance import STRUCTURES
from gmmx.model.parameters import maximize
from gmmx.samples.array_source import ArraySource
from gmmx.starts import small_em
from gmmx.starts.initializer import INIT_PARAMS
from gmmx.starts.partitions import KMeansPartitions
from gmmx.starts.principal_axes import PrincipalAxes
from gmmx.starts.small_em import N_ITERATIONS, N_RUNS, best_of_short_runs
from gmmx.starts.subset import draw_rows, subset_of

NEW_STARTS = ("hierarchical", "whitened", "small-em")


def rods(n_samples=600):
    """Return two long parallel rods, which k-means cuts across, and the rod of each sample."""
    draw = np.random.default_rng(0)
    labels = np.arange(n_samples) % 2
    X = draw.normal(size=(n_samples, 2)) * [20.0, 0.3] + np.array([[0, 0], [0, 4]])[labels]
    return X, labels


# ---- coordinates


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_whitened_samples_are_uncorrelated(is_weighted, dtype):
    X = (reference.iris() * [1, 100, 1e-3, 5]).astype(dtype)
    weight = np.random.default_rng(0).uniform(0.5, 2, len(X)) if is_weighted else None
    axes = PrincipalAxes.of(ArraySource(X, 1, weight))
    whitened = axes.whitened(X)
    assert whitened.dtype == dtype
    covariance = np.cov(whitened, rowvar=False, bias=True, aweights=weight)
    np.testing.assert_allclose(covariance, np.eye(4), atol=1e-10 if dtype == np.float64 else 1e-3)
    standardized = axes.standardized(X)
    np.testing.assert_allclose(np.average(standardized, axis=0, weights=weight), 0, atol=1e-5)
    np.testing.assert_allclose(np.average(standardized**2, axis=0, weights=weight), 1, rtol=1e-5)


def test_directions_without_variance_are_left_out():
    X = np.column_stack([reference.faithful(), reference.faithful().sum(axis=1), np.ones(272)])
    assert PrincipalAxes.of(ArraySource(X, 1)).whitened(X).shape == (272, 2)
    constant = np.ones((9, 3))
    whitened = PrincipalAxes.of(ArraySource(constant, 1)).whitened(constant)
    np.testing.assert_array_equal(whitened, np.zeros((9, 1)))


# ---- whitened k-means


def test_whitened_k_means_finds_rods_that_k_means_cuts_across():
    X, labels = rods()
    options = {"random_state": 0, "max_iter": 0}
    found = GaussianMixture(2, init_params="whitened", **options).fit_predict(X)
    cut = GaussianMixture(2, init_params="kmeans", **options).fit_predict(X)
    assert adjusted_rand_score(labels, found) > 0.95
    assert adjusted_rand_score(labels, cut) < 0.1


@pytest.mark.parametrize("init_params", ["whitened", "hierarchical"])
def test_a_start_does_not_depend_on_the_units_of_features(init_params):
    X, _ = rods()
    options = {"random_state": 0, "max_iter": 0, "reg_covar": 0.0, "init_params": init_params}
    one = GaussianMixture(2, **options).fit(X)
    other = GaussianMixture(2, **options).fit(X * [64.0, 0.25])
    np.testing.assert_allclose(other.means_, one.means_ * [64.0, 0.25], rtol=1e-9)
    np.testing.assert_allclose(other.weights_, one.weights_, rtol=1e-12)


# ---- short runs of EM


@pytest.mark.parametrize("name", STRUCTURES)
def test_the_best_short_run_has_the_largest_likelihood(name):
    structure, samples = STRUCTURES[name], ArraySource(reference.iris(), 1)
    best = best_of_short_runs(samples, structure, 3, 1e-6, np.random.RandomState(0))
    steps = ExpectationMaximization(samples, 1e-6)
    same_draws = np.random.RandomState(0)
    same_draws.randint(np.iinfo(np.int32).max)
    bounds = []
    for labels in KMeansPartitions(samples).draw(3, N_RUNS, same_draws):
        start = maximize(samples.statistics_of_labels(labels, 3, structure.layout), 1e-6, structure)
        run = run_em(start, steps, 0.0, N_ITERATIONS)
        bounds.append((run.lower_bound, run.parameters))
    assert len({bound for bound, _ in bounds}) > 1
    np.testing.assert_array_equal(best.means, max(bounds, key=lambda pair: pair[0])[1].means)


def test_short_runs_keep_weights_equal():
    samples = ArraySource(reference.faithful(), 1)
    free, equal = (
        best_of_short_runs(
            samples, STRUCTURES["full"], 2, 1e-6, np.random.RandomState(0), equal_weights=equal
        )
        for equal in (False, True)
    )
    assert free.weights.max() > 0.6
    assert equal.weights.tolist() == [0.5, 0.5]
    model = GaussianMixture(
        2, init_params="small-em", max_iter=0, random_state=0, equal_weights=True
    ).fit(samples.X)
    again = samples.statistics(equal)
    np.testing.assert_allclose(model.means_, again.means, rtol=1e-12)


def test_short_runs_that_lose_a_component_do_not_win(monkeypatch):
    def run_that_empties(parameters, steps, *_):
        assert not steps.allow_empty
        raise DegenerateMixtureError("a component holds no samples")

    samples = ArraySource(reference.faithful(), 1)
    monkeypatch.setattr(small_em, "run_em", run_that_empties)
    random_state = np.random.RandomState(0)
    assert best_of_short_runs(samples, STRUCTURES["full"], 2, 1e-6, random_state) is None


def test_short_runs_that_all_collapse_leave_the_start_to_k_means():
    X = np.repeat([[0.0, 1.0], [5.0, 5.0], [9.0, 2.0]], 10, axis=0)
    samples = ArraySource(X, 1)
    structure = STRUCTURES["full"]
    assert best_of_short_runs(samples, structure, 3, 0.0, np.random.RandomState(0)) is None
    assert best_of_short_runs(samples, structure, 5, 1e-6, np.random.RandomState(0)) is None
    options = {"reg_covar": 1e-6, "random_state": 0, "max_iter": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GaussianMixture(5, init_params="small-em", **options).fit(X)
    assert np.isfinite(model.means_).all()


@pytest.mark.parametrize("name", reference.DATASETS)
def test_short_runs_find_a_larger_likelihood_than_most_single_starts(name):
    X = reference.dataset(name)
    options = {"covariance_type": "tied", "max_iter": 500, "tol": 1e-6}
    raced = GaussianMixture(4, init_params="small-em", random_state=0, **options).fit(X)
    single = [
        GaussianMixture(4, init_params="k-means++", random_state=seed, **options).fit(X)
        for seed in range(10)
    ]
    assert raced.lower_bound_ > np.median([model.lower_bound_ for model in single]) - 1e-6


# ---- all starts


@pytest.mark.parametrize("init_params", NEW_STARTS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("estimator", [GaussianMixture, BayesianGaussianMixture])
def test_both_estimators_find_clear_clusters(estimator, dtype, init_params):
    draw = np.random.default_rng(1)
    labels = np.arange(900) % 3
    X = (draw.normal(size=(900, 3)) + 12 * np.eye(3)[labels]).astype(dtype)
    model = estimator(n_components=3, init_params=init_params, random_state=0).fit(X)
    assert model.means_.dtype == dtype or estimator is BayesianGaussianMixture
    assert adjusted_rand_score(labels, model.predict(X)) == 1.0
    in_blocks = estimator(n_components=3, init_params=init_params, random_state=0)
    in_blocks.fit(np.array_split(X, 4))
    np.testing.assert_allclose(in_blocks.means_, model.means_, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("init_params", NEW_STARTS)
def test_a_start_from_many_rows_has_the_weight_of_all_rows(init_params):
    draw = np.random.default_rng(1)
    X = draw.normal(size=(12_000, 2)) + 9 * np.array([[0, 0], [1, 1]])[np.arange(12_000) % 2]
    model = BayesianGaussianMixture(
        n_components=2, init_params=init_params, random_state=0, max_iter=0,
        weight_concentration_prior_type="dirichlet_distribution",
    ).fit(X)  # fmt: skip
    assert model.weight_concentration_.sum() == pytest.approx(12_000 + 1)
    raw = GaussianMixture(2, init_params=init_params, random_state=0, max_iter=0).fit(X)
    np.testing.assert_allclose(raw.weights_, [0.5, 0.5], atol=0.03)


def test_an_unknown_start_is_refused_with_the_names_of_all():
    with pytest.raises(ValueError, match="'hierarchical', 'whitened', 'small-em'"):
        GaussianMixture(init_params="hierarchy").fit(reference.faithful())


@pytest.mark.parametrize("init_params", INIT_PARAMS)
def test_a_model_for_scikit_learn_has_a_start_that_it_knows(init_params):
    X = reference.faithful()
    model = GaussianMixture(2, init_params=init_params, random_state=0).fit(X)
    theirs = model.to_sklearn()
    known = init_params not in NEW_STARTS
    assert theirs.init_params == (init_params if known else "kmeans")
    np.testing.assert_allclose(theirs.score_samples(X), model.score_samples(X))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(X)


# ---- a part of the rows


def test_rows_are_drawn_once_without_weights_and_by_weight_with_them():
    rows = draw_rows(1000, None, 300, np.random.default_rng(0))
    assert np.unique(rows).size == 300
    weight = np.r_[np.full(10, 50.0), np.full(990, 0.5)]
    drawn = draw_rows(1000, weight, 300, np.random.default_rng(0))
    assert (drawn < 10).mean() == pytest.approx(500 / 995, abs=0.01)
    assert np.all(np.diff(drawn) >= 0)
    samples = ArraySource(np.arange(1000.0)[:, np.newaxis], 1, weight)
    some = subset_of(samples, 300, np.random.default_rng(0))
    assert some.total_weight == 300
    assert subset_of(samples, 1000, np.random.default_rng(0)) is samples
