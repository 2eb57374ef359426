"""fit_columns: the fit of a column does not depend on other columns or their errors."""

from __future__ import annotations

import pickle
import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest

from comparison import fitted_quietly
from gmmx import (
    BayesianGaussianMixture,
    ColumnFitError,
    ConvergenceWarning,
    GaussianMixture,
    fit_columns,
    progress,
)

MODELS = {
    "bayesian": BayesianGaussianMixture(n_components=4, max_iter=20, random_state=0),
    "em": GaussianMixture(2, covariance_type="diag", max_iter=20, random_state=0),
}
for_every_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def table(n_columns, n_samples=200, seed=0):
    """Return columns with two clusters each."""
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(n_samples, n_columns)) * draw.exponential(size=n_columns)
    return X + 5 * draw.integers(2, size=X.shape)


def quietly(X, model, **options):
    """Fit without warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit_columns(X, model, **options)


def alone(model, column):
    """Fit the model to one column."""
    return fitted_quietly(type(model)(**model.get_params()), np.reshape(column, (-1, 1)))


def assert_same_bits(actual, expected):
    for name, value in vars(expected).items():
        if name.endswith("_") and name != "feature_names_in_":
            assert np.asarray(getattr(actual, name)).tobytes() == np.asarray(value).tobytes(), name


@for_every_model
@pytest.mark.parametrize("n_threads", [1, 2, None])
def test_each_column_is_fitted_as_if_alone(model, n_threads):
    X = table(5)
    models = quietly(X, model, n_threads=n_threads)
    assert len(models) == 5
    for fitted, column in zip(models, X.T, strict=True):
        assert type(fitted) is type(model)
        assert fitted.get_params() == model.get_params()
        assert_same_bits(fitted, alone(model, column))
    assert not hasattr(model, "weights_")


@for_every_model
def test_missing_values_are_left_out_of_their_column(model):
    X = table(3)
    X[::3, 1] = np.nan
    models = quietly(X, model)
    assert_same_bits(models[0], alone(model, X[:, 0]))
    assert_same_bits(models[1], alone(model, X[~np.isnan(X[:, 1]), 1]))


@for_every_model
def test_columns_of_a_list_have_lengths_of_their_own(model):
    columns = [table(1, n)[:, 0] for n in (50, 80, 120)]
    columns[1] = columns[1].astype(np.float32)
    columns[2] = columns[2][:, np.newaxis]
    for fitted, column in zip(quietly(columns, model), columns, strict=True):
        assert_same_bits(fitted, alone(model, column))


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_columns_of_data_frames_keep_their_names(frame):
    X = table(2)
    models = quietly(frame({"age": X[:, 0], "height": X[:, 1]}), MODELS["em"])
    assert [list(fitted.feature_names_in_) for fitted in models] == [["age"], ["height"]]
    assert_same_bits(models[1], alone(MODELS["em"], X[:, 1]))
    models[0].predict(frame({"age": X[:, 0]}))


def test_a_data_frame_may_hold_missing_values_and_text():
    X = pd.DataFrame({"a": [1.0, None, 3.0], "b": ["x", "y", "z"], "c": [3, 1, 2]})
    X["d"] = pd.array([1, None, 2], dtype="Int64")
    with pytest.raises(ColumnFitError) as caught:
        quietly(X, GaussianMixture())
    assert list(caught.value.errors) == ["b"]
    fitted = caught.value.models
    assert [None if one is None else one.means_[0, 0] for one in fitted] == [2.0, None, 2.0, 1.5]


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_column_that_fails_does_not_lose_the_others(n_threads):
    X = table(4)
    X[7, 1] = np.inf
    X[:, 2] = np.nan
    with pytest.raises(ColumnFitError, match="2 of 4 columns could not be fitted") as caught:
        quietly(X, MODELS["em"], n_threads=n_threads)
    error = caught.value
    assert list(error.errors) == [1, 2]
    assert "column 1: Input X contains infinity" in str(error)
    assert "column 2: Found array with 0 sample(s)" in str(error)
    assert error.models[1] is error.models[2] is None
    assert error.__cause__ is error.errors[1]
    for j in (0, 3):
        assert_same_bits(error.models[j], alone(MODELS["em"], X[:, j]))
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)


def test_many_failures_are_named_in_short():
    with pytest.raises(ColumnFitError, match="and 4 more, in the attribute `errors`"):
        quietly(np.full((5, 9), np.nan), GaussianMixture())


def test_all_that_did_not_converge_is_said_in_one_warning():
    model = GaussianMixture(3, max_iter=1, tol=0.0, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"columns 0, 1, 2, 3, 4 and 3 more\.") as caught:
        fit_columns(table(8), model)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    frame = pd.DataFrame({"age": table(1)[:, 0]})
    with pytest.warns(ConvergenceWarning, match=r"columns 'age'\."):
        fit_columns(frame, model)


def test_a_generator_gives_each_column_a_seed():
    model = GaussianMixture(2, init_params="random", max_iter=3)
    runs = [
        quietly(table(4), model.set_params(random_state=np.random.RandomState(3)), n_threads=n)
        for n in (1, 2)
    ]
    for one, two in zip(*runs, strict=True):
        assert_same_bits(one, two)
    assert len({fitted.random_state for fitted in runs[0]}) == 4


@pytest.mark.parametrize("n_threads", [-3, 0, "2", 2.7])
def test_threads_are_a_positive_number(n_threads):
    message = r"'n_threads' parameter of {} must be an int in the range \[1, 2147483647\] or None"
    with pytest.raises(ValueError, match=message.format("fit_columns")):
        fit_columns(table(2), GaussianMixture(), n_threads=n_threads)
    with pytest.raises(ColumnFitError) as caught:
        fit_columns(table(2), GaussianMixture(n_threads=n_threads))
    assert re.search(message.format("GaussianMixture"), str(caught.value.errors[0]))


@pytest.mark.parametrize("X", [np.ones(5), np.ones((5, 2, 2)), 3.0])
def test_what_is_no_table_is_refused(X):
    with pytest.raises(ValueError, match=r"Expected an array of shape \(n_samples, n_columns\)"):
        fit_columns(X, GaussianMixture())


def test_no_columns_give_no_models():
    assert fit_columns([], GaussianMixture()) == []


def test_an_invalid_parameter_is_told_for_each_column():
    with pytest.raises(ColumnFitError, match="'n_components' parameter of GaussianMixture"):
        fit_columns(table(2), GaussianMixture(0))


def test_an_interrupt_ends_all():
    fitted = []

    def interrupt(iteration, lower_bound):
        fitted.append(iteration)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_columns(table(50), GaussianMixture(2, callback=interrupt), n_threads=2)
    assert len(fitted) < 50


def test_progress_is_shown_where_it_is_asked_for(capsys):
    pytest.importorskip("tqdm")
    quietly(table(3), MODELS["em"], progress=True)
    assert "/3 [" in capsys.readouterr().err
    quietly(table(3), MODELS["em"])
    assert capsys.readouterr().err == ""


def test_progress_needs_an_extra(monkeypatch):
    monkeypatch.setattr(progress, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"gmmx-native\[progress\]"):
        fit_columns(table(3), MODELS["em"], progress=True)
