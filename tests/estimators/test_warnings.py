"""Warnings name the user's line and are given once."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import mixture

from gmmx import (
    BayesianGaussianMixture,
    ConvergenceWarning,
    GaussianMixture,
    fit_columns,
)

X = np.random.default_rng(0).normal(size=(80, 2))
FRAME = pd.DataFrame(X, columns=["a", "b"])
FEW_POINTS = np.repeat([[0.0, 0.0], [1.0, 2.0]], 20, axis=0)


def caught_in(action):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        action()
    return caught


@pytest.mark.parametrize(
    ("cls", "method"),
    [
        (GaussianMixture, "aic"),
        (GaussianMixture, "bic"),
        (GaussianMixture, "score"),
        (GaussianMixture, "score_samples"),
        (GaussianMixture, "predict"),
        (GaussianMixture, "predict_proba"),
        (GaussianMixture, "predict_log_proba"),
        (GaussianMixture, "score_components"),
        (GaussianMixture, "mahalanobis"),
        (GaussianMixture, "outlier_threshold"),
        (BayesianGaussianMixture, "elbo"),
        (BayesianGaussianMixture, "predict"),
    ],
)
@pytest.mark.parametrize("of_list", [False, True], ids=["array", "list"])
def test_samples_without_names_are_warned_about_once_at_the_line_of_the_user(cls, method, of_list):
    model = cls(n_components=2, max_iter=300, random_state=0).fit(FRAME)
    samples = X.tolist() if of_list else X
    caught = caught_in(lambda: getattr(model, method)(samples))
    assert len(caught) == 1
    assert "X does not have valid feature names" in str(caught[0].message)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("cls", [GaussianMixture, BayesianGaussianMixture])
def test_fewer_points_than_components_are_warned_about_at_the_line_of_the_user(cls):
    model = cls(n_components=3, max_iter=300, random_state=0)
    caught = caught_in(lambda: model.fit(FEW_POINTS))
    assert "Number of distinct clusters (2)" in str(caught[0].message)
    assert caught[0].filename == __file__


def test_a_fit_warns_as_often_as_scikit_learn():
    for parameters in ({}, {"n_init": 3}, {"max_iter": 1, "tol": 0.0}, {"init_params": "random"}):
        options = {"n_components": 3, "random_state": 0, "covariance_type": "diag", **parameters}
        ours = caught_in(lambda options=options: GaussianMixture(**options).fit(FEW_POINTS))
        theirs = caught_in(
            lambda options=options: mixture.GaussianMixture(**options).fit(FEW_POINTS)
        )
        # scikit-learn repeats a warning for each start.
        assert len(ours) == len({str(warning.message) for warning in theirs}), parameters


def test_components_that_start_without_weight_are_no_surprise():
    model = GaussianMixture(
        2, weights_init=[1.0, 0.0], means_init=[[0.0, 0.0], [9.0, 9.0]],
        precisions_init=[np.eye(2)] * 2,
    )  # fmt: skip
    assert caught_in(lambda: model.fit(X)) == []
    assert model.weights_[1] == 0


def test_columns_with_few_points_are_warned_about_once():
    columns = [FEW_POINTS[:, 0]] * 4
    model = GaussianMixture(3, random_state=0)
    caught = caught_in(lambda: fit_columns(columns, model, n_threads=2))
    of_points = [warning for warning in caught if "distinct clusters" in str(warning.message)]
    assert len(of_points) == 1
    assert "columns 0, 1, 2, 3." in str(of_points[0].message)
    assert of_points[0].filename == __file__


def test_a_warning_that_is_an_error_leaves_the_fitted_model():
    model = GaussianMixture(3, random_state=0).fit(X)
    means = model.means_.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConvergenceWarning):
            model.fit(FEW_POINTS)
    np.testing.assert_array_equal(model.means_, means)
