"""Users' subclasses of a mixture, written like subclasses of scikit-learn's mixtures."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn import mixture
from sklearn.base import clone

from gmmx import BayesianGaussianMixture, GaussianMixture
from gmmx.contract.hooks import HOOKS

X = np.random.default_rng(0).normal(size=(80, 2))
every_mixture = pytest.mark.parametrize("base", [GaussianMixture, BayesianGaussianMixture])


def with_keywords(base):
    class WithKeywords(base):
        def __init__(self, n_components=2, **keywords):
            super().__init__(n_components=n_components, **keywords)

    return WithKeywords


@pytest.mark.parametrize("base", [GaussianMixture, mixture.GaussianMixture])
def test_keywords_of_a_constructor_are_no_parameters(base):
    model = with_keywords(base)(3, tol=0.5, random_state=0)
    assert model.get_params() == {"n_components": 3}
    assert repr(model) == "WithKeywords(n_components=3)"
    assert clone(model).n_components == 3
    assert model.fit(X).means_.shape == (3, 2)
    assert model.tol == 0.5


@pytest.mark.parametrize("base", [GaussianMixture, mixture.GaussianMixture])
@pytest.mark.parametrize("use", ["get_params", "__repr__", "fit"])
def test_a_constructor_of_unnamed_parameters_is_refused_when_they_are_needed(base, use):
    class Unnamed(base):
        def __init__(self, *parameters):
            super().__init__(*parameters)

    arguments = [X] if use == "fit" else []
    with pytest.raises(RuntimeError, match="should always specify their parameters"):
        getattr(Unnamed(2), use)(*arguments)


@every_mixture
@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_that_is_never_called_is_warned_about(base, hook):
    with pytest.warns(UserWarning, match=f"Own defines {hook}. scikit-learn calls") as caught:
        type("Own", (base,), {hook: lambda self: None})
    assert caught[0].filename == __file__


def test_the_hooks_are_methods_of_scikit_learn():
    theirs = mixture.GaussianMixture
    assert [name for name in HOOKS if not hasattr(theirs, name)] == []


@every_mixture
def test_a_subclass_of_public_methods_is_not_warned_about(base):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        type("Own", (base,), {"score": lambda self, X, y=None: 0.0})


@pytest.mark.parametrize("base", [GaussianMixture, mixture.GaussianMixture])
def test_public_methods_call_those_that_a_subclass_overrides(base):
    class Own(base):
        def score_samples(self, X):
            return np.full(len(X), -2.0)

    model = Own(1).fit(X)
    assert model.score(X) == -2.0
    assert model.bic(X) == pytest.approx(4.0 * len(X) + 5 * np.log(len(X)))

    class OwnScore(base):
        def score(self, X, y=None):
            return -3.0

    model = OwnScore(1).fit(X)
    assert model.aic(X) == pytest.approx(6.0 * len(X) + 10)
    assert model.bic(X) == pytest.approx(6.0 * len(X) + 5 * np.log(len(X)))


@pytest.mark.parametrize(
    "base", [GaussianMixture, BayesianGaussianMixture, mixture.GaussianMixture]
)
def test_fit_calls_a_fit_predict_that_a_subclass_overrides(base):
    class Own(base):
        def fit_predict(self, X, y=None):
            self.labels_ = super().fit_predict(X, y)
            return self.labels_

    model = Own(n_components=2, random_state=0)
    assert model.fit(X) is model
    np.testing.assert_array_equal(model.labels_, model.predict(X))


@every_mixture
def test_a_fit_keeps_attributes_of_a_subclass(base):
    class Scaled(base):
        def fit(self, X, y=None):
            self.scale_ = np.std(X, axis=0)
            return super().fit(X / self.scale_)

    model = Scaled(n_components=2).fit(X)
    np.testing.assert_array_equal(model.scale_, X.std(axis=0))
    model.note_ = "of the user"
    assert model.fit(2 * X).note_ == "of the user"


@every_mixture
def test_a_fit_replaces_all_attributes_that_a_fit_makes(base):
    model = base(n_components=2, random_state=0).fit(X)
    made = {name for name in vars(model) if name.endswith("_")} | {"feature_names_in_"}
    assert made == {name for name in base._fitted_names if name.endswith("_")}
