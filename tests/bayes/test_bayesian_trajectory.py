"""Bayesian fits have the same lower bounds and the same posterior as scikit-learn's."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn import mixture

import gmmx
from bayesian_comparison import PRIOR_TYPES, compare_posteriors
from comparison import DATASETS, SHARED_STARTS, SHARED_TYPES, fitted_quietly, samples_of

TOLERANCE = 1e-9

for_every_type = pytest.mark.parametrize("covariance_type", SHARED_TYPES)
for_every_prior = pytest.mark.parametrize("prior_type", PRIOR_TYPES)


@for_every_prior
@for_every_type
@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("init_params", SHARED_STARTS)
def test_from_the_same_random_state(name, covariance_type, prior_type, init_params):
    comparison = compare_posteriors(
        samples_of(name), n_components=DATASETS[name].n_components + 2,
        covariance_type=covariance_type, weight_concentration_prior_type=prior_type,
        init_params=init_params,
    )  # fmt: skip
    assert comparison.is_equal_within(TOLERANCE), comparison


@for_every_prior
@for_every_type
def test_one_feature_in_the_configuration_of_tabular_tools(covariance_type, prior_type):
    draw = np.random.default_rng(0)
    X = np.concatenate([draw.normal(0, 1, 900), draw.exponential(9, 600), np.full(50, 4.0)])
    comparison = compare_posteriors(
        X[:, np.newaxis], n_components=10, covariance_type=covariance_type,
        weight_concentration_prior_type=prior_type, weight_concentration_prior=0.001,
    )  # fmt: skip
    assert comparison.is_equal_within(TOLERANCE), comparison


@for_every_prior
@for_every_type
def test_with_a_prior_of_the_users(covariance_type, prior_type):
    X = samples_of("iris")
    scatter = {"full": np.cov(X.T), "diag": X.var(axis=0), "spherical": 0.3}
    comparison = compare_posteriors(
        X, n_components=4, covariance_type=covariance_type,
        weight_concentration_prior_type=prior_type, weight_concentration_prior=0.7,
        mean_precision_prior=2.5, mean_prior=X[0], degrees_of_freedom_prior=7.5,
        covariance_prior=scatter.get(covariance_type, scatter["full"]), reg_covar=1e-2,
    )  # fmt: skip
    assert comparison.is_equal_within(TOLERANCE), comparison


@for_every_type
@pytest.mark.parametrize("init_params", SHARED_STARTS)
def test_starting_values_alone(covariance_type, init_params):
    X = samples_of("wine")
    options = {"n_components": 3, "covariance_type": covariance_type, "max_iter": 0}
    options |= {"init_params": init_params, "random_state": 1}
    ours, theirs = (
        fitted_quietly(library.BayesianGaussianMixture(**options), X) for library in (gmmx, mixture)
    )
    assert (ours.n_iter_, ours.converged_) == (theirs.n_iter_, theirs.converged_) == (0, False)
    np.testing.assert_allclose(ours.means_, theirs.means_, rtol=TOLERANCE)
    np.testing.assert_allclose(ours.covariances_, theirs.covariances_, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("init_params", ["k-means++", "random_from_data"])
def test_starts_from_single_samples_draw_the_same_samples(init_params):
    for seed in range(3):
        comparison = compare_posteriors(
            samples_of("wine"), n_components=3, covariance_type="diag", init_params=init_params,
            random_state=seed,
        )  # fmt: skip
        assert comparison.is_equal_within(TOLERANCE), comparison


def test_several_starts_draw_the_same_numbers():
    generators = [np.random.RandomState(0), np.random.RandomState(0)]
    ours, theirs = (
        fitted_quietly(
            library.BayesianGaussianMixture(
                n_components=4, n_init=3, init_params="random", random_state=generator, tol=1e-2
            ),
            samples_of("iris"),
        )
        for library, generator in zip((gmmx, mixture), generators, strict=True)
    )
    assert generators[0].uniform() == generators[1].uniform()
    assert ours.lower_bound_ == pytest.approx(theirs.lower_bound_, rel=1e-9)


@for_every_type
def test_a_warm_start_goes_on_as_scikit_learn_does(covariance_type):
    X = samples_of("faithful")
    options = {"warm_start": True, "max_iter": 3, "n_components": 3, "random_state": 0}
    ours, theirs = (
        library.BayesianGaussianMixture(**options, covariance_type=covariance_type)
        for library in (gmmx, mixture)
    )
    for _ in range(4):
        for model in (ours, theirs):
            fitted_quietly(model, X)
        assert (ours.n_iter_, ours.converged_) == (theirs.n_iter_, theirs.converged_)
        np.testing.assert_allclose(
            ours.lower_bounds_, np.ravel(theirs.lower_bounds_), rtol=TOLERANCE
        )


@for_every_prior
@for_every_type
def test_predictions_are_those_of_the_same_posterior(covariance_type, prior_type):
    X = samples_of("iris")
    options = {"n_components": 4, "covariance_type": covariance_type, "random_state": 0}
    theirs = fitted_quietly(
        mixture.BayesianGaussianMixture(**options, weight_concentration_prior_type=prior_type), X
    )
    ours = gmmx.BayesianGaussianMixture(**options, weight_concentration_prior_type=prior_type)
    for name, value in vars(theirs).items():
        setattr(ours, name, value)
    np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X), rtol=1e-9)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-9)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert ours.score(X) == pytest.approx(theirs.score(X), rel=1e-9)
    for ours_drawn, theirs_drawn in zip(ours.sample(20), theirs.sample(20), strict=True):
        np.testing.assert_allclose(ours_drawn, theirs_drawn, rtol=1e-9)


def test_the_script_prints_the_largest_difference(capsys, monkeypatch):
    tools = Path(__file__).parents[2] / "tools" / "compare"
    monkeypatch.syspath_prepend(str(tools))
    script = runpy.run_path(str(tools / "compare_bayesian.py"))
    monkeypatch.setattr(sys.modules["compare_sklearn"], "DATASETS", {"iris": DATASETS["iris"]})
    largest = script["print_table"]("Title", max_iter=2)
    title, header, *rows = capsys.readouterr().out.strip().splitlines()
    assert title == "Title"
    assert header.endswith(script["HEADER"])
    assert [row.split()[1] for row in rows] == list(SHARED_TYPES)
    assert all(row.endswith("same") for row in rows)
    assert 0 <= largest < TOLERANCE
