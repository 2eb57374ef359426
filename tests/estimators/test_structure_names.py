"""Covariance structures under the names of R's mclust."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

import gmmx
from gmmx import BayesianGaussianMixture, GaussianMixture, fit_columns
from gmmx.cli import main
from gmmx.exceptions import InvalidParameterError
from gmmx.model.covariance import (
    CONJUGATE_STRUCTURES,
    CONJUGATE_STRUCTURES_BY_NAME,
    MCLUST_NAMES,
    ONE_FEATURE_NAMES,
    STRUCTURES,
    STRUCTURES_BY_NAME,
    ConjugateStructure,
)
from reference import COVARIANCE_TYPE_OF_MODEL, dataset
from searching import search

every_alias = pytest.mark.parametrize("alias", MCLUST_NAMES)


def samples_for(alias):
    X = dataset("faithful")
    return X[:, :1] if alias in ONE_FEATURE_NAMES else X


def test_aliases_are_the_names_of_the_same_models_in_mclust():
    known = {alias: name for alias, name in COVARIANCE_TYPE_OF_MODEL.items() if alias != name}
    assert known == {a: n for a, n in MCLUST_NAMES.items() if a not in ONE_FEATURE_NAMES}
    assert list(STRUCTURES_BY_NAME) == [*STRUCTURES, *MCLUST_NAMES]
    assert list(CONJUGATE_STRUCTURES_BY_NAME) == [*CONJUGATE_STRUCTURES, *MCLUST_NAMES]


@pytest.mark.parametrize("name", STRUCTURES)
def test_a_structure_has_the_name_that_it_is_registered_by(name):
    assert STRUCTURES[name].name == name
    assert issubclass(STRUCTURES[name], ConjugateStructure) == (name in CONJUGATE_STRUCTURES)


@every_alias
@pytest.mark.parametrize("cls", [GaussianMixture, BayesianGaussianMixture])
def test_an_alias_fits_the_same_bits_and_stays_the_parameter(cls, alias):
    X = samples_for(alias)
    models = [
        cls(n_components=2, covariance_type=name, random_state=0, tol=1e-2).fit(X)
        for name in (alias, MCLUST_NAMES[alias])
    ]
    named, other = models
    assert named.covariance_type == clone(named).covariance_type == alias
    assert named.covariances_.tobytes() == other.covariances_.tobytes()
    assert named.score_samples(X).tobytes() == other.score_samples(X).tobytes()
    assert gmmx.load(named.to_bytes()).covariance_type == alias
    assert named.to_sklearn().covariance_type == STRUCTURES[MCLUST_NAMES[alias]].sklearn_name
    named.partial_fit(X[:50])
    other.partial_fit(X[:50])
    assert named.means_.tobytes() == other.means_.tobytes()


@every_alias
def test_a_mixture_of_given_parameters_keeps_the_alias(alias):
    model = GaussianMixture(2, covariance_type=alias, random_state=0).fit(samples_for(alias))
    given = GaussianMixture.from_parameters(
        model.weights_, model.means_, model.covariances_, covariance_type=alias
    )
    assert given.covariance_type == alias
    assert given.bic(samples_for(alias)) == pytest.approx(model.bic(samples_for(alias)))


def test_columns_and_the_search_accept_aliases(capsys):
    X = dataset("faithful")
    models = fit_columns(X, GaussianMixture(2, covariance_type="V", random_state=0))
    assert [model.covariance_type for model in models] == ["V", "V"]
    (own,), (alias,) = (search(X, [2], [name]) for name in ("tied", "EEE"))
    assert alias.covariance_type == own.covariance_type == "tied"
    assert alias.bic == own.bic
    assert main(["fit", "--components", "2", "--covariance", "EEE,VVI"]) == 0
    assert {"tied", "diag"} < set(capsys.readouterr().out.split())


@pytest.mark.parametrize("alias", ONE_FEATURE_NAMES)
def test_names_for_one_feature_are_refused_for_more(alias):
    X = dataset("faithful")
    covariances = np.ones(STRUCTURES_BY_NAME[alias].covariance_shape(1, 2))
    message = f"covariance_type='{alias}' is for samples of one feature, but there are 2"
    for fit in (
        GaussianMixture(covariance_type=alias).fit,
        BayesianGaussianMixture(covariance_type=alias).fit,
        lambda X: search(X, [1], [alias]),
        lambda X: GaussianMixture.from_parameters([1.0], X[:1], covariances, alias),
    ):
        with pytest.raises(ValueError, match=message):
            fit(X)


@pytest.mark.parametrize("name", sorted(STRUCTURES.keys() - CONJUGATE_STRUCTURES.keys()))
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_bayesian_mixture_names_the_structures_with_a_conjugate_prior(name, method):
    model = BayesianGaussianMixture(covariance_type=name)
    with pytest.raises(InvalidParameterError, match=f"covariance_type='{name}' has no conj") as e:
        getattr(model, method)(dataset("faithful"))
    assert all(repr(known) in str(e.value) for known in CONJUGATE_STRUCTURES)
