"""Properties for arbitrary samples: invariants of fit, prediction and sampling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import mixture

from gmmx import GaussianMixture
from gmmx.model.covariance import STRUCTURES
from twin import COVARIANCE_TYPES, Parameters, dense, e_step, factors_of, invert, m_step, run_em

EPS = float(np.finfo(np.float64).eps)

pytestmark = pytest.mark.filterwarnings("ignore::gmmx.ConvergenceWarning")

every_structure = pytest.mark.parametrize("name", COVARIANCE_TYPES)  # types of the twin
derandomized = settings(max_examples=15, deadline=None, derandomize=True)
on_many_samples = given(
    seed=st.integers(0, 2**32 - 1),
    n_components=st.integers(1, 4),
    n_features=st.integers(1, 5),
)


def samples_of(seed, n_components, n_features, n_samples=150):
    """Return correlated, overlapping clusters."""
    random = np.random.default_rng(seed)
    labels = random.integers(n_components, size=n_samples)
    centers = 2.0 * random.normal(size=(n_components, n_features))
    mixing = random.normal(size=(n_features, n_features)) + 2.0 * np.eye(n_features)
    return centers[labels] + random.normal(size=(n_samples, n_features)) @ mixing


def start_of(X, n_components, name, seed=0):
    """Return starting parameters that differ between components."""
    resp = np.random.default_rng(seed).dirichlet(np.full(n_components, 0.3), size=len(X))
    start = m_step(X, resp, name)
    return {
        "weights_init": start.weights,
        "means_init": start.means,
        "precisions_init": invert(start.covariances, name),
    }


def fitted(X, name, start, **parameters):
    parameters = {"reg_covar": 0.0, "tol": 0.0, "max_iter": 5} | start | parameters
    n_components = len(parameters["weights_init"])
    return GaussianMixture(n_components, covariance_type=name, **parameters).fit(X)


def dense_covariances(model):
    return dense(model.covariances_, model.covariance_type, *model.means_.shape)


def assert_same_model(
    actual, expected, tolerance=1e-9, components=slice(None), features=slice(None)
):
    """Assert that parameters agree, up to order, in standard deviations of the second model."""
    matrices = dense_covariances(expected)[components][:, features][:, :, features]
    deviations = np.sqrt(np.einsum("kdd->kd", matrices))
    means = expected.means_[components][:, features]
    products = deviations[:, :, np.newaxis] * deviations[:, np.newaxis, :]
    weights = expected.weights_[components]
    assert np.all(np.abs(actual.weights_ - weights) <= tolerance * weights)
    assert np.all(np.abs(actual.means_ - means) <= tolerance * deviations)
    assert np.all(np.abs(dense_covariances(actual) - matrices) <= tolerance * products)
    sizes = 1.0 + np.abs(expected.lower_bounds_)
    differences = np.abs(np.subtract(actual.lower_bounds_, expected.lower_bounds_))
    assert np.all(differences <= tolerance * sizes)


# ---- results of a fit


@every_structure
@derandomized
@on_many_samples
def test_responsibilities_are_probabilities(name, seed, n_components, n_features):
    X = samples_of(seed, n_components, n_features)
    model = fitted(X, name, start_of(X, n_components, name))
    for samples in (X, 1e3 * X, X.astype(np.float32)):
        resp = model.predict_proba(samples)
        eps = float(np.finfo(resp.dtype).eps)
        assert resp.dtype == samples.dtype
        assert np.all(resp >= 0.0)
        sums = resp.astype(np.float64).sum(axis=1)
        assert np.all(np.abs(sums - 1.0) <= 4.0 * eps * n_components)


@every_structure
@derandomized
@on_many_samples
def test_likelihood_never_falls(name, seed, n_components, n_features):
    X = samples_of(seed, n_components, n_features)
    model = fitted(X, name, start_of(X, n_components, name), max_iter=12)
    log_likelihoods = np.append(model.lower_bounds_, model.score(X))
    assert np.all(np.diff(log_likelihoods) >= -1e-12 * (1.0 + np.abs(log_likelihoods[1:])))


@every_structure
@derandomized
@on_many_samples
def test_parameters_are_those_of_a_mixture(name, seed, n_components, n_features):
    X = samples_of(seed, n_components, n_features)
    for reg_covar in (0.0, 1e-6, 10.0):
        model = fitted(X, name, start_of(X, n_components, name), reg_covar=reg_covar)
        assert np.all(model.weights_ >= 0.0)
        assert abs(model.weights_.sum() - 1.0) <= 4.0 * EPS * n_components
        matrices = dense_covariances(model)
        np.testing.assert_array_equal(matrices, matrices.transpose(0, 2, 1))
        variances = np.einsum("kdd->kd", matrices)
        assert np.all(variances >= reg_covar * (1.0 - 4.0 * EPS))
        assert np.all(variances > 0.0)
        precisions = dense(model.precisions_, name, n_components, n_features)
        np.testing.assert_array_equal(precisions, precisions.transpose(0, 2, 1))
        np.testing.assert_allclose(
            precisions @ matrices, np.broadcast_to(np.eye(n_features), matrices.shape), atol=1e-9
        )


@every_structure
@derandomized
@on_many_samples
def test_predictions_are_those_of_the_twin(name, seed, n_components, n_features):
    X = samples_of(seed, n_components, n_features)
    model = fitted(X, name, start_of(X, n_components, name), max_iter=2)
    parameters = Parameters(model.weights_, model.means_, model.covariances_)
    factors = factors_of(parameters, name)
    log_prob, resp = e_step(X, model.weights_, model.means_, factors)
    np.testing.assert_allclose(model.score_samples(X), log_prob, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(model.predict_proba(X), resp, rtol=1e-9, atol=1e-12)
    assert model.score(X) == pytest.approx(log_prob.mean(), rel=1e-12)


@every_structure
@derandomized
@on_many_samples
def test_fits_are_those_of_the_dense_definition(name, seed, n_components, n_features):
    X = samples_of(seed, n_components, n_features)
    start = start_of(X, n_components, name)
    model = fitted(X, name, start)
    lower_bounds, expected = run_em(X, *start.values(), name, 0.0, 5, kind="precisions")
    np.testing.assert_allclose(model.lower_bounds_, lower_bounds, rtol=1e-11)
    np.testing.assert_allclose(model.weights_, expected.weights, rtol=1e-9)
    np.testing.assert_allclose(model.means_, expected.means, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(model.covariances_, expected.covariances, rtol=1e-9, atol=1e-9)


# ---- symmetries


@every_structure
@derandomized
@on_many_samples
def test_order_of_rows_does_not_matter(name, seed, n_components, n_features):
    X = samples_of(seed, n_components, n_features)
    start = start_of(X, n_components, name)
    order = np.random.default_rng(0).permutation(len(X))
    assert_same_model(fitted(X[order], name, start), fitted(X, name, start))


@every_structure
@derandomized
@on_many_samples
def test_order_of_components_permutes_the_answer(name, seed, n_components, n_features):
    X = samples_of(seed, n_components, n_features)
    start = start_of(X, n_components, name)
    order = np.random.default_rng(0).permutation(n_components)
    is_own = STRUCTURES[name].covariance_shape(7, 5)[:1] == (7,)
    permuted = {
        "weights_init": start["weights_init"][order],
        "means_init": start["means_init"][order],
        "precisions_init": start["precisions_init"][order] if is_own else start["precisions_init"],
    }
    one, other = fitted(X, name, permuted), fitted(X, name, start)
    assert_same_model(one, other, components=order)
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X)[:, order], atol=1e-9)


@every_structure
@derandomized
@on_many_samples
def test_order_of_features_permutes_the_answer(name, seed, n_components, n_features):
    X = samples_of(seed, n_components, n_features)
    order = np.random.default_rng(0).permutation(n_features)
    one = fitted(X[:, order], name, start_of(X[:, order], n_components, name))
    assert_same_model(one, fitted(X, name, start_of(X, n_components, name)), features=order)


@every_structure
@derandomized
@on_many_samples
def test_duplicated_samples_change_nothing(name, seed, n_components, n_features):
    X = samples_of(seed, n_components, n_features)
    start = start_of(X, n_components, name)
    for twice in (np.vstack([X, X]), np.repeat(X, 2, axis=0)):
        assert_same_model(fitted(twice, name, start), fitted(X, name, start))


@every_structure
@derandomized
@given(
    seed=st.integers(0, 2**32 - 1),
    n_components=st.integers(1, 4),
    n_features=st.integers(1, 5),
    exponent=st.sampled_from([-300, -17, 1, 300]),
)
def test_units_scale_the_answer(name, seed, n_components, n_features, exponent):
    X = samples_of(seed, n_components, n_features)
    start = start_of(X, n_components, name)
    scaled_start = start | {
        "means_init": np.ldexp(start["means_init"], exponent),
        "precisions_init": np.ldexp(start["precisions_init"], -2 * exponent),
    }
    model, scaled = fitted(X, name, start), fitted(np.ldexp(X, exponent), name, scaled_start)
    np.testing.assert_allclose(scaled.weights_, model.weights_, rtol=1e-10)
    unscaled = dense_covariances(scaled) * 0.25**exponent
    deviations = np.sqrt(np.einsum("kdd->kd", dense_covariances(model)))
    differences = np.abs(np.ldexp(scaled.means_, -exponent) - model.means_)
    assert np.all(differences <= 1e-10 * deviations)
    products = deviations[:, :, np.newaxis] * deviations[:, np.newaxis, :]
    assert np.all(np.abs(unscaled - dense_covariances(model)) <= 1e-10 * products)
    shift = n_features * exponent * np.log(2.0)
    np.testing.assert_allclose(
        np.add(scaled.lower_bounds_, shift), model.lower_bounds_, atol=1e-11 * (1.0 + abs(shift))
    )


@every_structure
@pytest.mark.parametrize("init_params", ["kmeans", "random"])
@pytest.mark.parametrize("exponent", [-300, -17, 1, 300])
def test_units_scale_a_start_exactly(name, init_params, exponent):
    for seed in range(3):
        X = samples_of(seed, 3, 2)
        model, scaled = (
            GaussianMixture(
                3, covariance_type=name, reg_covar=0.0, max_iter=0, init_params=init_params,
                random_state=0,
            ).fit(samples)
            for samples in (X, np.ldexp(X, exponent))
        )  # fmt: skip
        np.testing.assert_array_equal(scaled.weights_, model.weights_)
        np.testing.assert_array_equal(scaled.means_, np.ldexp(model.means_, exponent))
        covariances = np.ldexp(model.covariances_, 2 * exponent)
        np.testing.assert_array_equal(scaled.covariances_, covariances)


@every_structure
@pytest.mark.parametrize("exponent", [-300, -17, 1, 300])
def test_units_scale_a_single_gaussian_exactly(name, exponent):
    X = samples_of(0, 1, 3)
    model = GaussianMixture(1, covariance_type=name, reg_covar=0.0).fit(X)
    scaled = GaussianMixture(1, covariance_type=name, reg_covar=0.0).fit(np.ldexp(X, exponent))
    np.testing.assert_array_equal(scaled.means_, np.ldexp(model.means_, exponent))
    np.testing.assert_array_equal(scaled.covariances_, np.ldexp(model.covariances_, 2 * exponent))


@every_structure
@derandomized
@given(
    seed=st.integers(0, 2**32 - 1),
    n_components=st.integers(1, 4),
    n_features=st.integers(1, 5),
    offset=st.sampled_from([-1024.0, 2.0**20, 2.0**27]),
    reg_covar=st.sampled_from([0.0, 1e-3]),
)
def test_a_shift_changes_means_only(name, seed, n_components, n_features, offset, reg_covar):
    # Samples on this grid can be shifted without rounding.
    X = np.round(samples_of(seed, n_components, n_features) * 2.0**20) / 2.0**20
    start = start_of(X, n_components, name)
    start["means_init"] = np.round(start["means_init"] * 2.0**20) / 2.0**20
    options = {"reg_covar": reg_covar, "tol": 1e-3, "max_iter": 100}
    model = fitted(X, name, start, **options)
    start["means_init"] = start["means_init"] + offset
    shifted = fitted(X + offset, name, start, **options)
    assert shifted.n_iter_ == model.n_iter_
    # Means near 2^27 are rounded to 2^-26.
    tolerance = 1e-9 + abs(offset) * 64.0 * EPS
    shifted.means_ = shifted.means_ - offset
    assert_same_model(shifted, model, tolerance)


# ---- samples


@every_structure
@pytest.mark.parametrize("n_components", [1, 3])
def test_sampling_is_reproducible_and_grouped(name, n_components):
    X = samples_of(0, n_components, 3)
    model = fitted(X, name, start_of(X, n_components, name), random_state=5)
    samples, labels = model.sample(500)
    assert samples.shape == (500, 3)
    assert samples.dtype == np.float64
    assert labels.shape == (500,)
    assert np.all(np.diff(labels) >= 0)
    again, same_labels = model.sample(500)
    np.testing.assert_array_equal(again, samples)
    np.testing.assert_array_equal(same_labels, labels)
    model.set_params(random_state=np.random.RandomState(5))
    np.testing.assert_array_equal(model.sample(500)[0], samples)
    assert np.any(model.sample(500)[0] != samples)


@pytest.mark.parametrize("name", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_samples_are_those_of_scikit_learn(name, dtype):
    X = samples_of(0, 3, 4).astype(dtype)
    model = fitted(X, name, start_of(X, 3, name), random_state=11)
    theirs = mixture.GaussianMixture(3, covariance_type=name, random_state=11)
    for attribute in ("weights_", "means_", "covariances_"):
        # scikit-learn cannot sample if the weights do not sum to 1 in double precision.
        values = getattr(model, attribute).astype(np.float64)
        setattr(theirs, attribute, values / values.sum() if attribute == "weights_" else values)
    theirs.precisions_cholesky_ = model.precisions_cholesky_
    expected, expected_labels = theirs.sample(200)
    samples, labels = model.sample(200)
    np.testing.assert_array_equal(labels, expected_labels)
    np.testing.assert_allclose(samples, expected, rtol=1e-12, atol=1e-12)


@every_structure
def test_samples_have_the_moments_of_the_model(name):
    X = samples_of(0, 2, 2)
    model = fitted(X, name, start_of(X, 2, name), random_state=0)
    samples, labels = model.sample(40_000)
    np.testing.assert_allclose(np.bincount(labels) / 40_000, model.weights_, atol=0.01)
    for k in range(2):
        own, covariance = samples[labels == k], dense_covariances(model)[k]
        scale = np.sqrt(np.diag(covariance))
        assert np.all(np.abs(own.mean(axis=0) - model.means_[k]) <= 0.04 * scale)
        difference = np.cov(own.T) - covariance
        assert np.all(np.abs(difference) <= 0.05 * scale[:, np.newaxis] * scale)
    assert model.score(samples) >= model.score(X + 1.0)
