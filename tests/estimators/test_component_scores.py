"""Log probabilities, log densities and distances for each component."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import multivariate_normal

from comparison import fitted_quietly
from gmmx import BayesianGaussianMixture, GaussianMixture
from gmmx.model.covariance import CONJUGATE_STRUCTURES, STRUCTURES

rng = np.random.default_rng(5)
X = rng.normal(size=(400, 3)) * [1, 2, 0.5] + 3 * rng.integers(3, size=(400, 1))
METHODS = ("predict_log_proba", "score_components", "mahalanobis")
every_structure = pytest.mark.parametrize("name", STRUCTURES)
in_every_precision = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def fitted(cls=GaussianMixture, name="full", dtype=np.float64):
    return fitted_quietly(
        cls(n_components=3, covariance_type=name, random_state=0), X.astype(dtype)
    )


def dense_covariances(model):
    structure = STRUCTURES[model.covariance_type]
    covariances = model.covariances_.astype(np.float64)
    return structure(covariances, covariances, *model.means_.shape).dense()


@every_structure
@in_every_precision
def test_scores_of_components_are_their_log_densities(name, dtype):
    model = fitted(name=name, dtype=dtype)
    scores = model.score_components(X.astype(dtype))
    assert (scores.shape, scores.dtype) == ((400, 3), dtype)
    for k, covariance in enumerate(dense_covariances(model)):
        expected = multivariate_normal(model.means_[k], covariance).logpdf(X)
        np.testing.assert_allclose(
            scores[:, k], expected, rtol=5e-5 if dtype == np.float32 else 1e-10
        )


@every_structure
@in_every_precision
def test_mahalanobis_distances_are_those_of_scipy(name, dtype):
    model = fitted(name=name, dtype=dtype)
    distances = model.mahalanobis(X.astype(dtype))
    assert (distances.shape, distances.dtype) == ((400, 3), dtype)
    for k, covariance in enumerate(dense_covariances(model)):
        mean = model.means_[k : k + 1].astype(np.float64)
        expected = cdist(X, mean, "mahalanobis", VI=np.linalg.inv(covariance))[:, 0]
        tolerance = 1e-4 if dtype == np.float32 else 1e-10
        np.testing.assert_allclose(distances[:, k], expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", CONJUGATE_STRUCTURES)
def test_expected_scores_of_a_posterior_add_up_to_its_predictions(name):
    model = fitted(BayesianGaussianMixture, name)
    weighted = model.score_components(X) + model._estimate_log_weights()
    np.testing.assert_allclose(
        np.logaddexp.reduce(weighted, axis=1), model.score_samples(X), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("cls", "name"),
    [
        *((GaussianMixture, name) for name in STRUCTURES),
        *((BayesianGaussianMixture, name) for name in CONJUGATE_STRUCTURES),
    ],
)
def test_log_probabilities_are_logarithms_of_probabilities(cls, name):
    model = fitted(cls, name)
    log_resp = model.predict_log_proba(X)
    np.testing.assert_allclose(np.exp(log_resp), model.predict_proba(X), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(np.logaddexp.reduce(log_resp, axis=1), 0, atol=1e-12)


def test_log_probabilities_reach_where_probabilities_underflow():
    model = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [100.0]], [[[1.0]], [[1.0]]])
    assert model.predict_proba([[0.0]])[0, 1] == 0
    np.testing.assert_allclose(model.predict_log_proba([[0.0]]), [[0.0, -5000.0]], rtol=1e-14)


@pytest.mark.parametrize("name", ["full", "diag", "spherical"])
def test_log_probabilities_are_never_nan_where_densities_underflow(name):
    covariances = np.ones(STRUCTURES[name].covariance_shape(2, 1))
    covariances[1] *= 4.0
    model = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [0.0]], covariances, name)
    log_resp = model.predict_log_proba([[1e155], [1.0]])
    assert not np.isnan(log_resp).any()
    np.testing.assert_allclose(np.exp(log_resp).sum(axis=1), 1)
    np.testing.assert_array_equal(np.exp(log_resp[0]), [0.0, 1.0])


@every_structure
@pytest.mark.parametrize("size", [1e155, 1e-160, 3e200])
def test_distances_whose_squares_leave_the_range_are_finite(name, size):
    covariances = np.ones(STRUCTURES[name].covariance_shape(1, 2))
    if STRUCTURES[name].are_matrices:
        covariances = np.broadcast_to([[2.0, 0.5], [0.5, 1.0]], covariances.shape)
    model = GaussianMixture.from_parameters([1.0], [[0.0, 0.0]], covariances, name)
    x = np.array([size, -2 * size])
    precision = mpmath.inverse(mpmath.matrix(dense_covariances(model)[0].tolist()))
    exact = mpmath.sqrt((mpmath.matrix(x.tolist()).T * precision * mpmath.matrix(x.tolist()))[0])
    if size < 1:  # the square underflows; the distance may be rounded to 0
        assert model.mahalanobis([x])[0, 0] <= 1e-159
    else:
        np.testing.assert_allclose(model.mahalanobis([x])[0, 0], float(exact), rtol=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_scores_check_their_samples(method):
    model = fitted()
    with pytest.raises(ValueError, match="X has 2 features"):
        getattr(model, method)(X[:, :2])
    with pytest.raises(ValueError, match="contains NaN"):
        getattr(model, method)([[np.nan, 1.0, 2.0]])
    with pytest.raises(ValueError, match="not fitted yet"):
        getattr(GaussianMixture(), method)(X)


@pytest.mark.parametrize("method", METHODS)
def test_scores_do_not_depend_on_threads_or_neighbours(method):
    many = np.tile(X, (40, 1))
    models = [fitted().set_params(n_threads=n) for n in (1, 2)]
    one, two = (getattr(model, method)(many) for model in models)
    assert one.tobytes() == two.tobytes()
    assert getattr(models[0], method)(many[:7]).tobytes() == one[:7].tobytes()


@pytest.mark.parametrize("quantile", [0, 0.01, 0.5, 1])
def test_a_share_of_the_samples_lies_below_the_threshold(quantile):
    model = fitted()
    threshold = model.outlier_threshold(X, quantile)
    assert type(threshold) is float
    share = (model.score_samples(X) < threshold).mean()
    assert share == pytest.approx(quantile, abs=1.5 / len(X))


def test_a_threshold_among_samples_without_density_is_no_nan():
    far = np.vstack([X, np.full((50, 3), 1e200)])
    assert fitted().outlier_threshold(far, 0.05) == -np.inf


@pytest.mark.parametrize("quantile", [-0.1, 1.5, float("nan"), "0.1", None])
def test_a_share_outside_its_range_is_refused(quantile):
    with pytest.raises(ValueError, match=r"'quantile' must be a number in \[0, 1\]"):
        fitted().outlier_threshold(X, quantile)
