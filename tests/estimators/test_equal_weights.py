"""equal_weights=True: mixtures whose components all have the same weight."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import gmmx
from gmmx import GaussianMixture
from gmmx.model.covariance import STRUCTURES
from reference import dataset
from twin import dense, e_step, m_step, precision_factors

every_fit = pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        *((name, "em") for name in STRUCTURES),
        *((name, "squarem") for name in STRUCTURES if STRUCTURES[name].has_chart),
    ],
)


def fitted(X, n_components=3, **parameters):
    options = {"random_state": 0, "tol": 1e-9, "max_iter": 2000, "equal_weights": True}
    return GaussianMixture(n_components, **{**options, **parameters}).fit(X)


@every_fit
def test_weights_stay_equal_and_the_likelihood_never_falls(name, algorithm):
    model = fitted(dataset("faithful"), covariance_type=name, algorithm=algorithm, reg_covar=0.0)
    assert model.converged_
    np.testing.assert_allclose(model.weights_, 1 / 3, rtol=1e-15)
    bounds = np.array(model.lower_bounds_)
    assert (np.diff(bounds) >= -1e-12 * np.abs(bounds[1:])).all()


@pytest.mark.parametrize("name", ["full", "tied", "diag", "spherical"])
def test_each_step_is_that_of_the_twin_with_equal_weights(name):
    X = dataset("iris")
    model = GaussianMixture(
        3, covariance_type=name, max_iter=20, tol=0, random_state=0, equal_weights=True
    )
    with pytest.warns(gmmx.ConvergenceWarning):
        model.fit(X)
    start = GaussianMixture(
        3, covariance_type=name, max_iter=0, random_state=0, equal_weights=True
    ).fit(X)
    equal, means, covariances = np.full(3, 1 / 3), start.means_, start.covariances_
    for _ in range(20):
        factors = precision_factors(dense(covariances, name, *means.shape))
        _, means, covariances = m_step(X, e_step(X, equal, means, factors)[1], name, 1e-6)
    np.testing.assert_allclose(model.means_, means, rtol=1e-9)
    np.testing.assert_allclose(model.covariances_, covariances, rtol=1e-9, atol=1e-12)


def test_criteria_count_no_weights():
    X = dataset("iris")
    free, equal = fitted(X, equal_weights=False), fitted(X)
    assert free._n_parameters() - equal._n_parameters() == 2
    assert equal.aic(X) == pytest.approx(2 * 42 - 2 * 150 * equal.score(X))
    assert equal.bic(X) == pytest.approx(42 * np.log(150) - 2 * 150 * equal.score(X))


def test_weights_of_samples_count_as_repetitions():
    X = dataset("faithful")
    counts = np.arange(len(X)) % 3
    weighted, repeated = (
        GaussianMixture(
            2, means_init=[[2.0, 54.0], [4.3, 80.0]], random_state=0, tol=1e-9, max_iter=1000,
            equal_weights=True,
        )
        for _ in range(2)
    )  # fmt: skip
    weighted.fit(X, sample_weight=counts)
    repeated.fit(np.repeat(X, counts, axis=0))
    assert weighted.weights_.tolist() == repeated.weights_.tolist() == [0.5, 0.5]
    np.testing.assert_allclose(weighted.means_, repeated.means_, rtol=1e-6)


def test_a_stream_of_unequal_groups_keeps_equal_weights():
    random = np.random.default_rng(0)
    model = GaussianMixture(2, random_state=0, equal_weights=True)
    for _ in range(60):
        labels = random.random(200) < 0.2
        X = random.normal(size=(200, 1)) + 20 * labels[:, np.newaxis]
        model.partial_fit(X)
    assert model.weights_.tolist() == [0.5, 0.5]
    np.testing.assert_allclose(np.sort(model.means_[:, 0]), [0, 20], atol=0.1)
    np.testing.assert_allclose(model.covariances_.ravel(), 1, atol=0.1)


@pytest.mark.parametrize("degenerate", ["reseed", "drop"])
def test_repairs_keep_weights_equal(degenerate):
    X = dataset("faithful")
    model = GaussianMixture(
        3, equal_weights=True, degenerate=degenerate, max_iter=500, tol=1e-6,
        means_init=[[2.0, 54.0], [4.3, 80.0], [1e5, 1e5]],
        precisions_init=[np.diag([4.0, 0.03])] * 3,
    )  # fmt: skip
    with pytest.warns(gmmx.ConvergenceWarning, match="Component 2, which holds 0"):
        model.fit(X)
    n_left = 3 if degenerate == "reseed" else 2
    np.testing.assert_allclose(model.weights_, np.full(n_left, 1 / n_left), rtol=1e-15)


def test_a_component_that_loses_all_samples_has_weight_0_and_the_others_share():
    model = GaussianMixture(
        3, equal_weights=True, means_init=[[2.0, 54.0], [4.3, 80.0], [1e5, 1e5]],
        precisions_init=[np.diag([4.0, 0.03])] * 3,
    )  # fmt: skip
    with pytest.warns(gmmx.ConvergenceWarning):
        model.fit(dataset("faithful"))
    assert model.weights_.tolist() == [0.5, 0.5, 0.0]


def test_a_warm_start_from_unequal_weights_starts_from_equal_ones():
    X = dataset("faithful")
    model = GaussianMixture(2, random_state=0, warm_start=True).fit(X)
    assert model.weights_[0] != model.weights_[1]
    assert model.set_params(equal_weights=True, max_iter=0).fit(X).weights_.tolist() == [0.5, 0.5]


def test_files_pickles_and_scikit_learn_keep_the_weights():
    X = dataset("faithful")
    model = fitted(X)
    for other in (gmmx.load(model.to_bytes()), pickle.loads(pickle.dumps(model))):
        assert other.equal_weights is True
        assert other.bic(X) == model.bic(X)
    assert model.to_sklearn().weights_.tobytes() == model.weights_.tobytes()


def test_unequal_starting_weights_are_refused():
    X = dataset("faithful")
    with pytest.raises(ValueError, match=r"weights_init holds values from 0\.40000 to 0\.60000"):
        GaussianMixture(2, equal_weights=True, weights_init=[0.4, 0.6]).fit(X)
    model = GaussianMixture(2, equal_weights=True, weights_init=[0.5, 0.5], random_state=0)
    assert model.fit(X).weights_.tolist() == [0.5, 0.5]
