"""gmmx's mixtures in code for scikit-learn's, beyond scikit-learn's public interface."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest
import sklearn
from sklearn import mixture
from sklearn.utils import estimator_html_repr

import gmmx
from gmmx import BayesianGaussianMixture, GaussianMixture
from gmmx.model.covariance import STRUCTURES

X = np.concatenate([np.random.default_rng(k).normal(5 * k, 1 + k, size=(60, 3)) for k in range(3)])
SHARED = [name for name, structure in STRUCTURES.items() if structure.sklearn_name == name]
PAIRS = [(GaussianMixture, mixture.GaussianMixture)]
PAIRS += [(BayesianGaussianMixture, mixture.BayesianGaussianMixture)]
every_pair = pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=["EM", "Bayesian"])


def fitted(cls, data=X, **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cls(n_components=3, random_state=0, **parameters).fit(data)


# ---- models with attributes that are set by hand


@pytest.mark.parametrize("name", SHARED)
@every_pair
def test_a_model_without_precisions_draws_the_samples_of_scikit_learn(ours, theirs, name):
    drawn = []
    for cls in (ours, theirs):
        model = fitted(cls, covariance_type=name)
        template = fitted(theirs, covariance_type=name)
        for attribute in ("weights_", "means_", "covariances_"):
            setattr(model, attribute, getattr(template, attribute))
        del model.precisions_cholesky_, model.precisions_
        drawn.append(model.sample(1e2))
    np.testing.assert_array_equal(drawn[0][1], drawn[1][1])
    np.testing.assert_allclose(drawn[0][0], drawn[1][0], rtol=1e-12)


def test_samples_of_a_singular_covariance_lie_where_it_has_variance():
    model = GaussianMixture(1, random_state=0)
    model.weights_, model.means_ = np.ones(1), np.zeros((1, 2))
    model.covariances_ = np.array([[[1.0, 1.0], [1.0, 1.0]]])
    drawn, _ = model.sample(50)
    np.testing.assert_allclose(drawn[:, 0], drawn[:, 1], atol=1e-7)
    assert drawn[:, 0].std() > 0.5


@every_pair
@pytest.mark.parametrize("method", ["sample", "predict", "score_components"])
def test_a_missing_attribute_is_named_in_the_error_of_scikit_learn(ours, theirs, method):
    model = ours(n_components=1)
    model.means_ = np.zeros((1, 3))
    arguments = [] if method == "sample" else [X]
    with pytest.raises(AttributeError, match=f"'{ours.__name__}' object has no attribute"):
        getattr(model, method)(*arguments)


# ---- isinstance


def test_registered_mixtures_are_instances_of_those_of_scikit_learn():
    program = """if True:
    import gmmx
    from sklearn import mixture
    models = gmmx.GaussianMixture(), gmmx.BayesianGaussianMixture()
    classes = mixture.GaussianMixture, mixture.BayesianGaussianMixture
    asked = [[isinstance(model, cls) for cls in classes] for model in models]
    assert asked == [[False, False], [False, False]], asked
    gmmx.register_with_sklearn()
    asked = [[isinstance(model, cls) for cls in classes] for model in models]
    assert asked == [[True, False], [False, True]], asked
    """
    subprocess.run([sys.executable, "-c", program], check=True)


def test_registration_without_scikit_learn_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.mixture", None)
    with pytest.raises(ImportError, match=r"gmmx-native\[sklearn\]"):
        gmmx.register_with_sklearn()


# ---- private methods that other packages call


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("prior", ["dirichlet_process", "dirichlet_distribution"])
@every_pair
def test_private_methods_return_the_numbers_of_scikit_learn(ours, theirs, name, prior):
    parameters = {"covariance_type": name}
    if ours is BayesianGaussianMixture:
        parameters["weight_concentration_prior_type"] = prior
    other = fitted(theirs, **parameters)
    model = ours.from_sklearn(other)
    for method in ("_estimate_log_prob", "_estimate_weighted_log_prob"):
        expected = getattr(other, method)(X)
        np.testing.assert_allclose(getattr(model, method)(X), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        model._estimate_log_weights(), other._estimate_log_weights(), rtol=1e-12
    )
    for values, expected in zip(
        model._estimate_log_prob_resp(X), other._estimate_log_prob_resp(X), strict=True
    ):
        np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-9)
    assert model._get_param_names() == sorted(model.get_params())


@every_pair
def test_get_parameters_returns_the_attributes_of_scikit_learn(ours, theirs):
    other = fitted(theirs)
    for values, expected in zip(
        ours.from_sklearn(other)._get_parameters(), other._get_parameters(), strict=True
    ):
        np.testing.assert_array_equal(values, expected)


# ---- types of scalars


@every_pair
def test_scalars_have_the_types_of_scikit_learn(ours, theirs):
    model, other = fitted(ours), fitted(theirs)
    for name in other.__dict__:
        if name.endswith("_"):
            assert type(getattr(model, name)) is type(getattr(other, name)), name
    assert type(model.lower_bounds_[0]) is type(other.lower_bounds_[0])
    for method in ("score", "aic", "bic"):
        if hasattr(other, method):
            assert type(getattr(model, method)(X)) is type(getattr(other, method)(X)), method
    assert model.lower_bound_.round(3) == round(float(model.lower_bound_), 3)


# ---- representation


def test_a_representation_shows_all_parameters_if_scikit_learn_is_asked_to():
    with sklearn.config_context(print_changed_only=False):
        text = repr(GaussianMixture(2))
    assert "n_components=2" in text
    assert "tol=0.001" in text
    assert "tol" not in repr(GaussianMixture(2))


def test_diagrams_of_scikit_learn_list_parameters_and_fitted_attributes():
    assert "lower_bounds_" not in estimator_html_repr(GaussianMixture(3))
    html = estimator_html_repr(fitted(GaussianMixture))
    for name in ("covariance_type", "lower_bounds_", "converged_"):
        assert name in html
