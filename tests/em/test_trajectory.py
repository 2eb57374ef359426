"""Fits have the same likelihood after every iteration, and the same end, as scikit-learn's."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from sklearn import mixture

import gmmx
from comparison import (
    DATASETS,
    SHARED_STARTS,
    SHARED_TYPES,
    compare,
    fitted,
    samples_of,
    start_of,
)

TOLERANCE = 1e-9

for_every_type = pytest.mark.parametrize("covariance_type", SHARED_TYPES)
for_every_dataset = pytest.mark.parametrize("name", DATASETS)


@for_every_type
@for_every_dataset
def test_from_the_same_parameters(name, covariance_type):
    comparison = compare(samples_of(name), DATASETS[name].n_components, covariance_type)
    assert comparison.is_equal_within(TOLERANCE), comparison


@for_every_type
@pytest.mark.parametrize("name", ["iris", "wine", "faithful"])
def test_without_convergence(name, covariance_type):
    options = {"tol": 0.0, "max_iter": 10, "reg_covar": 1e-3}
    comparison = compare(samples_of(name), DATASETS[name].n_components, covariance_type, **options)
    assert comparison.is_equal_within(TOLERANCE), comparison


@for_every_type
@for_every_dataset
@pytest.mark.parametrize("init_params", SHARED_STARTS)
def test_the_same_random_state_gives_the_same_start(name, covariance_type, init_params):
    comparison = compare(
        samples_of(name), DATASETS[name].n_components, covariance_type,
        init_params=init_params, random_state=0,
    )  # fmt: skip
    assert comparison.is_equal_within(TOLERANCE), comparison


@pytest.mark.parametrize("init_params", ["kmeans", "k-means++", "random", "random_from_data"])
@pytest.mark.parametrize("n_components", [1, 2, 9])
def test_several_starts_draw_the_same_numbers(n_components, init_params):
    generators = [np.random.RandomState(0), np.random.RandomState(0)]
    ours, theirs = (
        fitted(
            library, samples_of("iris"), n_components, covariance_type="diag",
            init_params=init_params, random_state=generator, n_init=3, tol=1e-2,
        )
        for library, generator in zip((gmmx, mixture), generators, strict=True)
    )  # fmt: skip
    assert generators[0].uniform() == generators[1].uniform()
    # Several starts may end at the same maximum with permuted labels; rounding selects the best.
    assert ours.lower_bound_ == pytest.approx(theirs.lower_bound_, rel=1e-6)


@for_every_type
def test_parts_of_a_start_replace_those_found(covariance_type):
    X = samples_of("iris")
    start = start_of(X, 3, covariance_type)
    for argument, values in start.items():
        comparison = compare(X, 3, covariance_type, random_state=0, **{argument: values})
        assert comparison.is_equal_within(TOLERANCE), f"{argument}: {comparison}"


@for_every_type
@pytest.mark.parametrize("init_params", ["k-means++", "random_from_data"])
def test_starts_from_single_samples_draw_the_same_samples(covariance_type, init_params):
    for seed in range(5):
        ours, theirs = (
            fitted(
                library, samples_of("wine"), 3, covariance_type=covariance_type,
                init_params=init_params, random_state=seed, max_iter=0,
            )
            for library in (gmmx, mixture)
        )  # fmt: skip
        np.testing.assert_allclose(ours.means_, theirs.means_, rtol=1e-13)


@for_every_type
@pytest.mark.filterwarnings("ignore:Best performing initialization did not converge")
def test_a_warm_start_goes_on_as_scikit_learn_does(covariance_type):
    X = samples_of("faithful")
    options = {"warm_start": True, "max_iter": 3, "tol": 1e-4, "reg_covar": 1e-3}
    options |= {"covariance_type": covariance_type, **start_of(X, 2, covariance_type)}
    ours, theirs = (library.GaussianMixture(2, **options) for library in (gmmx, mixture))
    for _ in range(5):
        for model in (ours, theirs):
            model.fit(X)
        assert (ours.n_iter_, ours.converged_) == (theirs.n_iter_, theirs.converged_)
        np.testing.assert_allclose(ours.lower_bounds_, theirs.lower_bounds_, rtol=TOLERANCE)
        assert ours.lower_bound_ == pytest.approx(theirs.lower_bound_, rel=TOLERANCE)
        np.testing.assert_allclose(ours.means_, theirs.means_, rtol=TOLERANCE)


@for_every_type
@pytest.mark.parametrize("name", ["iris", "blobs"])
def test_single_precision_comes_near(name, covariance_type):
    X = samples_of(name)
    X = ((X - X.mean(axis=0)) / X.std(axis=0)).astype(np.float32)
    n_components = DATASETS[name].n_components
    options = {"max_iter": 5, "tol": 0.0, "reg_covar": 1e-3}
    comparison = compare(X, n_components, covariance_type, **options)
    assert comparison.is_equal_within(1e-3), comparison
    start = start_of(X.astype(np.float64), n_components, covariance_type)
    single, double = (
        fitted(gmmx, samples, n_components, covariance_type=covariance_type, **options, **start)
        for samples in (X, X.astype(np.float64))
    )
    assert single.means_.dtype == np.float32
    np.testing.assert_allclose(single.lower_bounds_, double.lower_bounds_, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(single.means_, double.means_, rtol=1e-3, atol=1e-3)


# ---- the table for users


def test_the_script_prints_a_row_for_each_type(capsys, monkeypatch):
    tools = Path(__file__).parents[2] / "tools" / "compare"
    script = runpy.run_path(str(tools / "compare_sklearn.py"))
    monkeypatch.setitem(script["print_table"].__globals__, "DATASETS", {"iris": DATASETS["iris"]})
    script["print_table"]("Title", max_iter=2)
    title, header, *rows = capsys.readouterr().out.strip().splitlines()
    assert title == "Title"
    assert header == script["LABELS"] + script["HEADER"]
    assert [row.split()[1] for row in rows] == list(SHARED_TYPES)
    assert all(row.startswith("iris") and row.endswith("same") for row in rows)
