"""Bayesian mixtures of data without variance: constant, zero, few and duplicated rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import mixture

import gmmx
from bayesian_comparison import PRIOR_TYPES
from comparison import SHARED_TYPES, fitted_quietly
from gmmx import BayesianGaussianMixture, fit_columns
from gmmx.model.covariance import CONJUGATE_STRUCTURES

# The parameters in tools that model each column of a table by a mixture.
TABULAR = {
    "n_components": 10, "weight_concentration_prior_type": "dirichlet_process",
    "weight_concentration_prior": 0.001, "max_iter": 100, "n_init": 1, "random_state": 0,
}  # fmt: skip


def with_column(value):
    """Return two clusters with four features; one feature has the same value in all rows."""
    X = np.random.default_rng(0).normal(size=(300, 4))
    X[:150] += 4
    X[:, 2] = value
    return X


ROWS = np.array([[1.0, 2.0], [2.0, 1.0], [4.0, 3.0]])
ZEROS = {"column": np.zeros((200, 1)), "table": np.zeros((50, 3)), "feature": with_column(0.0)}
FEW = {
    "three numbers": ROWS[:, :1],
    "three rows": ROWS,
    "duplicated numbers": np.repeat(ROWS[:, :1], 40, axis=0),
    "duplicated rows": np.repeat(ROWS, 40, axis=0),
}
CONSTANT = {
    "column": np.full((500, 1), 3.0),
    "fraction": np.full((500, 1), 0.1),
    "large": np.full((500, 1), 1e5),
    "table": np.full((100, 2), 3.0),
    "equal rows": np.full((3, 2), 2.0),
    "feature": with_column(7.0),
    "two features": with_column(7.0) * [1, 1, 1, 0] + [0, 0, 0, 2024.0],
}

for_every_prior = pytest.mark.parametrize("prior_type", PRIOR_TYPES)
for_every_type = pytest.mark.parametrize("covariance_type", SHARED_TYPES)


def assert_same_fit(X, rtol, **parameters):
    """Assert that fits of gmmx and scikit-learn have the same iterations and posterior."""
    ours, theirs = (
        fitted_quietly(library.BayesianGaussianMixture(**parameters, random_state=0), X)
        for library in (gmmx, mixture)
    )
    assert (ours.n_iter_, ours.converged_) == (theirs.n_iter_, theirs.converged_)
    np.testing.assert_allclose(ours.lower_bounds_, np.ravel(theirs.lower_bounds_), rtol=rtol)
    for name in (
        "weights_", "means_", "covariances_", "weight_concentration_", "mean_precision_",
        "degrees_of_freedom_",
    ):  # fmt: skip
        actual, expected = (np.asarray(getattr(model, name)) for model in (ours, theirs))
        atol = rtol * np.abs(expected).max() if name == "covariances_" and X.shape[1] > 1 else 0.0
        np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol, err_msg=name)


@for_every_prior
@for_every_type
@pytest.mark.parametrize("n_components", [2, 3, 10])
@pytest.mark.parametrize("data", ZEROS)
def test_samples_of_zeros_end_as_in_scikit_learn(data, n_components, covariance_type, prior_type):
    assert_same_fit(
        ZEROS[data], 1e-9, n_components=n_components, covariance_type=covariance_type,
        weight_concentration_prior_type=prior_type,
    )  # fmt: skip


@for_every_prior
@for_every_type
@pytest.mark.parametrize("n_components", [2, 3])
@pytest.mark.parametrize("data", FEW)
def test_few_and_duplicated_rows_end_as_in_scikit_learn(
    data, n_components, covariance_type, prior_type
):
    assert_same_fit(
        FEW[data], 1e-9, n_components=n_components, covariance_type=covariance_type,
        weight_concentration_prior_type=prior_type,
    )  # fmt: skip


@for_every_prior
@pytest.mark.parametrize("covariance_type", ["full", "tied"])
@pytest.mark.parametrize("data", ["column", "fraction", "table", "equal rows", "feature"])
def test_constant_values_end_as_in_scikit_learn(data, covariance_type, prior_type):
    # For other types scikit-learn subtracts squares of values, and rounding decides the result.
    assert_same_fit(
        CONSTANT[data], 1e-5, n_components=2, covariance_type=covariance_type,
        weight_concentration_prior_type=prior_type,
    )  # fmt: skip


@for_every_prior
@pytest.mark.parametrize("algorithm", ["em", "squarem"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("covariance_type", CONJUGATE_STRUCTURES)
@pytest.mark.parametrize("data", CONSTANT)
def test_constant_values_give_a_model_that_predicts(
    data, covariance_type, dtype, algorithm, prior_type
):
    X = CONSTANT[data].astype(dtype)
    model = BayesianGaussianMixture(
        n_components=min(10, len(X)), covariance_type=covariance_type, algorithm=algorithm,
        weight_concentration_prior_type=prior_type, random_state=0,
    )  # fmt: skip
    fitted_quietly(model, X)
    assert np.isfinite(model.lower_bounds_).all()
    assert np.isfinite(model.score_samples(X)).all()
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(model.weights_.sum(), 1)
    np.testing.assert_allclose(model.weights_ @ model.means_, X.mean(axis=0), rtol=0.05, atol=0.1)


@for_every_prior
@pytest.mark.parametrize("names", [("full", "diag", "spherical"), ("tied-diag", "tied-spherical")])
def test_structures_agree_on_a_constant_column(names, prior_type):
    bounds = [
        fitted_quietly(
            BayesianGaussianMixture(
                n_components=2, covariance_type=name, random_state=0,
                weight_concentration_prior_type=prior_type,
            ), CONSTANT["column"],
        ).lower_bounds_
        for name in names
    ]  # fmt: skip
    np.testing.assert_allclose(bounds[1:], bounds[:1] * (len(bounds) - 1), rtol=1e-12)


def test_constant_columns_of_a_table_are_fitted_beside_others():
    table = np.column_stack([np.zeros(400), np.random.default_rng(0).normal(size=400)])
    model = BayesianGaussianMixture(**TABULAR)
    with pytest.warns(gmmx.ConvergenceWarning):
        constant, varying = fit_columns(table, model)
    theirs = fitted_quietly(mixture.BayesianGaussianMixture(**TABULAR), table[:, :1])
    assert (constant.n_iter_, constant.converged_) == (theirs.n_iter_, theirs.converged_)
    np.testing.assert_allclose(constant.weights_, theirs.weights_, rtol=1e-9)
    np.testing.assert_allclose(constant.covariances_, theirs.covariances_, rtol=1e-9)
    assert np.isfinite(varying.means_).all()


@pytest.mark.parametrize("value", [0.0, -7.0, 42.0, 1e5, 1e-3])
def test_tabular_tools_model_a_constant_column(value):
    X = np.full((1000, 1), value)
    model = fitted_quietly(BayesianGaussianMixture(**TABULAR), X)
    np.testing.assert_allclose(model.means_, value, rtol=1e-9)
    assert np.isfinite(model.predict_proba(X)).all()
    assert model.prune().weights_.sum() == pytest.approx(1)
