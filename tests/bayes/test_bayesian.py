"""BayesianGaussianMixture: lower bound, posterior, and public interface."""

from __future__ import annotations

import itertools
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln, gammaln
from scipy.stats import multivariate_t
from sklearn import mixture
from sklearn.base import clone

import gmmx
from bayesian_comparison import PRIOR_TYPES
from comparison import DATASETS, SHARED_TYPES, fitted_quietly, samples_of
from gmmx import BayesianGaussianMixture
from gmmx.bayes.weight_distributions import WEIGHT_DISTRIBUTIONS
from gmmx.estimators.given_prior import prior_of
from gmmx.model.covariance import CONJUGATE_STRUCTURES
from gmmx.samples.array_source import ArraySource
from gmmx.samples.moments import statistics_of_labels
from twin import COVARIANCE_TYPES

for_every_structure = pytest.mark.parametrize("name", CONJUGATE_STRUCTURES)
for_every_prior = pytest.mark.parametrize("prior_type", PRIOR_TYPES)


def bgm(**parameters):
    """Return an unfitted mixture with a seed."""
    return BayesianGaussianMixture(**{"random_state": 0} | parameters)


def blobs(n_clusters, n_features=2, n_samples=100, seed=0):
    """Return well separated clusters of n_samples each."""
    draw = np.random.default_rng(seed)
    centers = 20.0 * np.arange(n_clusters)[:, np.newaxis] * np.ones(n_features)
    return np.concatenate([draw.normal(center, 1, (n_samples, n_features)) for center in centers])


# ---- the evidence


@for_every_prior
@pytest.mark.parametrize("n_features", [1, 3])
def test_the_bound_of_one_component_is_the_evidence(n_features, prior_type):
    X = np.random.default_rng(0).normal(3, 2, (30, n_features))
    model = bgm(
        reg_covar=0.0, weight_concentration_prior_type=prior_type, mean_precision_prior=0.5,
        mean_prior=np.ones(n_features), degrees_of_freedom_prior=n_features + 1.5,
        covariance_prior=2 * np.eye(n_features), max_iter=2,
    ).fit(X)  # fmt: skip
    # A Dirichlet process may also leave a share of the last stick to truncated components.
    concentration = model.weight_concentration_prior_
    cut_off = betaln(1 + len(X), concentration) - betaln(1, concentration)
    expected = exact_evidence(X, model) + (cut_off if prior_type == "dirichlet_process" else 0.0)
    assert model.elbo(X) == pytest.approx(expected, rel=1e-12)


def exact_evidence(X, model):
    """Return log p(X), sample by sample, from the predictive t distributions.

    Murphy (2007), "Conjugate Bayesian analysis of the Gaussian distribution", (232).
    """
    n_features = X.shape[1]
    weight, mean = model.mean_precision_prior_, model.mean_prior_.copy()
    degrees, scatter = model.degrees_of_freedom_prior_, model.covariance_prior_.copy()
    evidence = 0.0
    for x in X:
        df = degrees - n_features + 1
        shape = scatter * (weight + 1) / (weight * df)
        evidence += multivariate_t(mean, shape, df).logpdf(x)
        scatter = scatter + weight / (weight + 1) * np.outer(x - mean, x - mean)
        mean = (weight * mean + x) / (weight + 1)
        weight, degrees = weight + 1, degrees + 1
    return evidence


@for_every_prior
@pytest.mark.parametrize("n_components", [1, 4])
def test_the_bound_is_scikit_learns_with_the_terms_it_leaves_out(n_components, prior_type):
    X = samples_of("iris")
    n_samples, n_features = X.shape
    model = fitted_quietly(
        bgm(
            n_components=n_components, weight_concentration_prior_type=prior_type, reg_covar=0.0,
            tol=1e-12, max_iter=3000,
        ), X,
    )  # fmt: skip
    degrees, concentration = model.degrees_of_freedom_prior_, model.weight_concentration_prior_
    log_det = np.linalg.slogdet(model.covariance_prior_)[1]
    wishart = 0.5 * degrees * (n_features * np.log(2) - log_det)
    wishart += gammaln(0.5 * (degrees - np.arange(n_features))).sum()
    gauss = -0.5 * n_features * np.log(model.mean_precision_prior_)
    if prior_type == "dirichlet_process":
        weights = n_components * betaln(1, concentration)
    else:
        weights = n_components * gammaln(concentration) - gammaln(n_components * concentration)
    left_out = n_components * (wishart + gauss) + weights
    left_out += 0.5 * n_samples * n_features * np.log(2 * np.pi)
    assert model.elbo(X) == pytest.approx(model.lower_bound_ - left_out, rel=1e-9)


def test_the_bound_knows_how_many_clusters_there_are():
    X = blobs(3, n_features=3)
    bounds = [bgm(n_components=k, max_iter=500).fit(X).elbo(X) for k in (1, 2, 3, 4)]
    assert int(np.argmax(bounds)) == 2


def test_the_bound_of_a_singular_prior_is_refused():
    X = np.random.default_rng(0).normal(size=(4, 6))
    model = fitted_quietly(bgm(reg_covar=1e-2), X)
    with pytest.raises(ValueError, match="covariance_prior_ is singular"):
        model.elbo(X)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_features=st.integers(1, 4),
    n_components=st.integers(1, 6),
    prior_type=st.sampled_from(PRIOR_TYPES),
    scale=st.sampled_from([1e-6, 1.0, 1e5]),
)
def test_the_bound_never_decreases(seed, n_features, n_components, prior_type, scale):
    draw = np.random.default_rng(seed)
    X = scale * draw.normal(size=(60, n_features)) * draw.exponential(size=(60, 1))
    model = fitted_quietly(
        bgm(
            n_components=n_components, weight_concentration_prior_type=prior_type, tol=0.0,
            init_params="random", random_state=seed, reg_covar=0.0, max_iter=40,
        ), X,
    )  # fmt: skip
    bounds = np.array(model.lower_bounds_)
    assert np.all(np.diff(bounds) >= -1e-12 * np.abs(bounds).max() * len(X))


@for_every_structure
@pytest.mark.parametrize("data", DATASETS)
def test_the_bound_rises_on_real_data_for_every_structure(data, name):
    model = fitted_quietly(bgm(n_components=5, covariance_type=name), samples_of(data))
    assert np.diff(model.lower_bounds_).min() >= 0


# ---- the posterior


def brute_force(X, labels, name, prior, reg_covar, n_components):
    """Return (10.60) to (10.63) of Bishop (2006), component by component, with full matrices."""
    n_features = X.shape[1]
    matrices, counts, means = [], [], []
    for k in range(n_components):
        own = X[labels == k]
        n, mean = len(own), own.mean(axis=0)
        scatter = (own - mean).T @ (own - mean) + n * reg_covar * np.eye(n_features)
        distance = mean - prior.mean
        share = prior.mean_precision * n / (prior.mean_precision + n)
        matrices.append(scatter + share * np.outer(distance, distance))
        counts.append(n)
        means.append((prior.mean_precision * prior.mean + n * mean) / (prior.mean_precision + n))
    matrices, counts = np.array(matrices), np.array(counts, float)
    if "tied" in name:
        matrices = np.broadcast_to(matrices.mean(axis=0), matrices.shape)
        counts = np.full_like(counts, counts.mean())
    prior_matrix = np.asarray(prior.scatter)
    if "full" not in name and name != "tied":
        matrices = matrices * np.eye(n_features)
        prior_matrix = prior_matrix * np.eye(n_features)
    if "spherical" in name:
        traces = np.einsum("kdd->k", matrices) / n_features
        matrices = traces[:, np.newaxis, np.newaxis] * np.eye(n_features)
    degrees = prior.degrees_of_freedom + counts
    return np.array(means), (prior_matrix + matrices) / degrees[:, np.newaxis, np.newaxis], degrees


@pytest.mark.parametrize("name", COVARIANCE_TYPES)
@pytest.mark.parametrize("n_features", [1, 2, 5])
def test_the_posterior_is_the_textbooks(name, n_features):
    draw = np.random.default_rng(1)
    X = draw.normal(size=(90, n_features)) * draw.exponential(size=n_features)
    labels = draw.integers(3, size=90)
    X += labels[:, np.newaxis]
    structure = CONJUGATE_STRUCTURES[name]
    prior = prior_of(
        ArraySource(X, 1), structure, WEIGHT_DISTRIBUTIONS["dirichlet_process"], 3,
        weight_concentration=0.5, mean_precision=2.0, mean=np.ones(n_features),
        degrees_of_freedom=n_features + 3.0, covariance=None,
    )  # fmt: skip
    statistics = statistics_of_labels(X, labels, 3, structure.layout, 1)
    posterior = prior.posterior(statistics, 0.1)
    means, covariances, degrees = brute_force(X, labels, name, prior, 0.1, 3)
    np.testing.assert_allclose(posterior.means, means, rtol=1e-12)
    np.testing.assert_allclose(posterior.covariance.dense(), covariances, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(np.broadcast_to(posterior.degrees_of_freedom, 3), degrees)
    np.testing.assert_allclose(posterior.mean_precision, 2.0 + np.bincount(labels))


@for_every_structure
def test_the_default_prior_is_the_covariance_of_the_samples(name):
    X = samples_of("wine")
    prior = fitted_quietly(bgm(covariance_type=name, max_iter=1), X).covariance_prior_
    covariance = np.cov(X.T)
    if name in ("full", "tied"):
        expected = covariance
    else:
        expected = np.diag(covariance)
        expected = expected.mean() if "spherical" in name else expected
    np.testing.assert_allclose(prior, expected, rtol=1e-12)


@for_every_prior
def test_structures_agree_on_one_feature(prior_type):
    X = samples_of("faithful")[:, :1]
    for names in [("full", "diag", "spherical"), ("tied", "tied-diag", "tied-spherical")]:
        bounds = [
            fitted_quietly(
                bgm(
                    n_components=3, covariance_type=name, weight_concentration_prior_type=prior_type
                ),
                X,
            ).lower_bounds_
            for name in names
        ]
        np.testing.assert_allclose(bounds[1:], [bounds[0]] * 2, rtol=1e-10)


def test_components_in_use_are_counted():
    for n_clusters in (1, 2, 4):
        model = fitted_quietly(bgm(n_components=8, max_iter=300), blobs(n_clusters))
        assert model.n_active_components_ == n_clusters


def test_many_unused_components_underflow_silently():
    X = blobs(2, n_features=1)
    model = bgm(
        n_components=150, weight_concentration_prior=1e-9, max_iter=1000, tol_type="per-sample"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        fitted_quietly(model, X)
    assert model.weights_.min() == 0.0
    assert np.isfinite(model.lower_bounds_).all()
    assert np.isfinite(model.score_samples(X)).all()
    assert model.prune().weights_.sum() == pytest.approx(1)


@for_every_structure
def test_far_from_zero_nothing_is_lost(name):
    X = np.round(samples_of("faithful") * 2**10) / 2**10
    options = {"n_components": 3, "covariance_type": name, "max_iter": 200}
    near, far = (fitted_quietly(bgm(**options), X + shift) for shift in (0.0, 2.0**30))
    assert near.n_iter_ == far.n_iter_
    np.testing.assert_allclose(far.means_ - 2.0**30, near.means_, atol=1e-5)
    np.testing.assert_allclose(far.covariances_, near.covariances_, rtol=1e-5)
    np.testing.assert_allclose(far.lower_bounds_, near.lower_bounds_, rtol=1e-7)


@for_every_structure
def test_units_of_the_features_do_not_matter(name):
    X, factor = samples_of("iris"), 2.0**40
    options = {"n_components": 4, "covariance_type": name}
    model = fitted_quietly(bgm(reg_covar=1e-6, **options), X)
    scaled = fitted_quietly(bgm(reg_covar=1e-6 * factor**2, **options), X * factor)
    assert scaled.n_iter_ == model.n_iter_
    np.testing.assert_allclose(scaled.means_, model.means_ * factor, rtol=1e-9)
    np.testing.assert_allclose(scaled.weights_, model.weights_, rtol=1e-9)


@pytest.mark.parametrize("name", SHARED_TYPES)
def test_the_order_of_features_does_not_matter(name):
    X = samples_of("iris")
    model, reversed_ = (
        fitted_quietly(bgm(n_components=4, covariance_type=name), features)
        for features in (X, X[:, ::-1])
    )
    np.testing.assert_allclose(reversed_.means_[:, ::-1], model.means_, rtol=1e-8)
    np.testing.assert_allclose(reversed_.lower_bounds_, model.lower_bounds_, rtol=1e-10)


# ---- threads and precision


@for_every_structure
def test_the_number_of_threads_changes_no_bit(name):
    X = np.random.default_rng(0).normal(size=(12_000, 3))
    one, two = (
        fitted_quietly(
            bgm(n_components=4, covariance_type=name, n_threads=n_threads, max_iter=5), X
        )
        for n_threads in (1, 2)
    )
    assert one.lower_bounds_ == two.lower_bounds_
    for attribute in ("means_", "covariances_", "weights_", "mean_precision_"):
        assert getattr(one, attribute).tobytes() == getattr(two, attribute).tobytes()
    assert one.elbo(X) == two.elbo(X)


@for_every_structure
@pytest.mark.parametrize("data", ["iris", "blobs"])
def test_single_precision_comes_near_and_gives_double(data, name):
    X = samples_of(data)
    X = ((X - X.mean(axis=0)) / X.std(axis=0)).astype(np.float32)
    options = {"n_components": 4, "covariance_type": name, "max_iter": 5, "tol": 0.0}
    single, double = (
        fitted_quietly(bgm(**options), samples) for samples in (X, X.astype(np.float64))
    )
    np.testing.assert_allclose(single.lower_bounds_, double.lower_bounds_, rtol=1e-5)
    np.testing.assert_allclose(single.means_, double.means_, atol=1e-3)
    for attribute in ("means_", "covariances_", "precisions_", "weights_", "mean_prior_"):
        assert getattr(single, attribute).dtype == np.float64
    assert single.predict_proba(X).dtype == single.score_samples(X).dtype == np.float64


def test_single_precision_converges_on_many_samples():
    X = blobs(3, n_features=1, n_samples=50_000).astype(np.float32)
    model = bgm(n_components=3, max_iter=400).fit(X)
    assert model.converged_


# ---- prune


@for_every_structure
def test_a_pruned_mixture_is_that_of_the_components_in_use(name):
    X = blobs(3)
    model = fitted_quietly(bgm(n_components=7, covariance_type=name, max_iter=500), X)
    pruned = model.prune()
    assert type(pruned) is gmmx.GaussianMixture
    assert pruned.covariance_type == name
    assert len(pruned.weights_) == model.n_active_components_ == 3
    assert pruned.weights_.sum() == pytest.approx(1)
    kept = np.flatnonzero(np.bincount(model.predict(X), minlength=7))
    np.testing.assert_array_equal(pruned.means_, model.means_[kept])
    np.testing.assert_array_equal(kept[pruned.predict(X)], model.predict(X))


def test_a_pruned_mixture_says_how_it_was_found():
    X = pd.DataFrame(samples_of("faithful"), columns=["eruptions", "waiting"])
    model = bgm(n_components=3, max_iter=2000).fit(X)
    pruned = model.prune()
    assert (pruned.converged_, pruned.n_iter_) == (True, model.n_iter_)
    assert (pruned.lower_bound_, pruned.lower_bounds_) == (model.lower_bound_, model.lower_bounds_)
    assert list(pruned.feature_names_in_) == ["eruptions", "waiting"]


@pytest.mark.parametrize("name", ["full", "tied"])
def test_fitted_covariances_that_are_nearly_singular_are_models(name):
    draw = np.random.default_rng(0).normal(size=(2, 100))
    shares = []
    for apart in np.linspace(2e-8, 1e-7, 60):
        X = np.column_stack([draw[0], draw[0] + apart * draw[1]])
        try:
            model = fitted_quietly(bgm(covariance_type=name, reg_covar=0.0, max_iter=1), X)
        except gmmx.DegenerateMixtureError:
            continue
        matrix = model.covariances_.reshape(2, 2)
        shares.append(1 - matrix[0, 1] ** 2 / (matrix[0, 0] * matrix[1, 1]))
        np.testing.assert_array_equal(model.prune().covariances_, model.covariances_)
        given = gmmx.GaussianMixture.from_parameters(
            model.weights_, model.means_, model.covariances_, name
        )
        np.testing.assert_array_equal(given.precisions_cholesky_, model.precisions_cholesky_)
    assert min(shares) < 14 * np.finfo(np.float64).eps


def test_a_threshold_is_the_smallest_weight_kept():
    model = bgm(n_components=3, max_iter=500).fit(np.concatenate([blobs(2), blobs(1)]))
    weights = np.sort(model.weights_)[::-1]
    assert len(model.prune(0.0).weights_) == 3
    assert len(model.prune(weights[1]).weights_) == 2
    assert len(model.prune(weights[0]).weights_) == 1
    with pytest.raises(ValueError, match=r"threshold=0\.99 leaves no component"):
        model.prune(0.99)


def test_unfitted_models_have_nothing_to_prune():
    with pytest.raises(gmmx.NotFittedError):
        bgm().prune()
    with pytest.raises(gmmx.NotFittedError):
        bgm().elbo([[1.0]])


# ---- parameters and methods


@pytest.mark.parametrize(
    ("parameters", "is_worded_alike"),
    [
        ({"n_components": 0}, True),
        ({"weight_concentration_prior": 0.0}, True),
        ({"weight_concentration_prior": -1}, True),
        ({"weight_concentration_prior": "many"}, True),
        ({"weight_concentration_prior_type": "pitman_yor"}, False),
        ({"mean_precision_prior": 0.0}, True),
        ({"mean_prior": [1.0, 2.0, 3.0]}, True),
        ({"degrees_of_freedom_prior": 0.0}, True),
        ({"degrees_of_freedom_prior": 1.0}, True),
        ({"covariance_prior": np.eye(3)}, True),
        ({"covariance_prior": -np.eye(2)}, False),
        ({"covariance_prior": [1.0, -1.0], "covariance_type": "diag"}, False),
        ({"covariance_prior": -1.0, "covariance_type": "spherical"}, False),
        ({"covariance_type": "wishart"}, False),
    ],
)
def test_bad_parameters_are_refused_as_in_scikit_learn(parameters, is_worded_alike):
    X = samples_of("faithful")
    with pytest.raises(ValueError, match=r".") as ours:
        BayesianGaussianMixture(**parameters).fit(X)
    with pytest.raises(ValueError, match=r".") as theirs:
        mixture.BayesianGaussianMixture(**parameters).fit(X)
    name = next(iter(parameters))
    assert name.removesuffix("_prior") in str(ours.value) or "means" in str(ours.value)
    if is_worded_alike:
        assert str(ours.value) == str(theirs.value)


def test_the_constructor_is_scikit_learns_and_more():
    ours, theirs = (library.BayesianGaussianMixture().get_params() for library in (gmmx, mixture))
    assert {name: ours[name] for name in theirs} == theirs
    assert ours.keys() - theirs.keys() == {
        "n_threads", "callback", "tol_type", "algorithm",
        "learning_offset", "learning_decay", "forget_factor",
    }  # fmt: skip
    with pytest.raises(TypeError):
        BayesianGaussianMixture(3)


def test_the_attributes_are_scikit_learns_and_more():
    X = samples_of("iris")
    for name, prior_type in itertools.product(SHARED_TYPES, PRIOR_TYPES):
        options = {"n_components": 3, "covariance_type": name, "random_state": 0, "max_iter": 3}
        options["weight_concentration_prior_type"] = prior_type
        ours, theirs = (
            fitted_quietly(library.BayesianGaussianMixture(**options), X)
            for library in (gmmx, mixture)
        )
        fitted = {key: value for key, value in vars(theirs).items() if key.endswith("_")}
        missing = fitted.keys() - vars(ours).keys()
        assert not missing
        for key, value in fitted.items():
            if not key.startswith("lower_bound"):
                assert np.shape(getattr(ours, key)) == np.shape(value), key
                assert type(getattr(ours, key)) in (type(value), float, np.float64), key
        assert isinstance(ours.lower_bound_, float)


def test_a_fit_that_fails_leaves_the_model_as_it_was():
    X = samples_of("faithful")
    model = fitted_quietly(bgm(n_components=2), X)
    before = dict(vars(model))
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.full((5, 2), np.nan))
    model.set_params(degrees_of_freedom_prior=0.1)
    with pytest.raises(ValueError, match="degrees_of_freedom_prior"):
        model.fit(X)
    fitted = {name: value for name, value in vars(model).items() if name.endswith("_")}
    assert all(fitted[name] is before[name] for name in fitted)


def test_a_collapse_names_the_component():
    X = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    with pytest.raises(ValueError, match=r"ill-defined empirical covariance.*component 0"):
        bgm(n_components=2, reg_covar=0.0).fit(X)


def test_the_tolerance_may_count_by_sample():
    X = np.repeat(samples_of("faithful"), 20, axis=0)
    total, mean = (
        fitted_quietly(bgm(n_components=4, max_iter=1000, tol_type=tol_type), X)
        for tol_type in ("absolute", "per-sample")
    )
    assert mean.converged_
    assert mean.n_iter_ < total.n_iter_
    assert mean.lower_bounds_ == total.lower_bounds_[: mean.n_iter_]
    change = np.diff(mean.lower_bounds_) / len(X)
    assert change[-1] < 1e-3 <= change[:-1].min()


def test_a_callback_hears_every_bound_and_may_end_the_fit():
    heard = []

    def callback(iteration, lower_bound):
        heard.append((iteration, lower_bound))
        return iteration == 4

    model = bgm(n_components=3, callback=callback).fit(samples_of("iris"))
    assert heard == list(enumerate(model.lower_bounds_, 1))
    assert model.n_iter_ == 4


def test_what_is_not_in_use_is_no_reason_to_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bgm(n_components=9, max_iter=3000).fit(blobs(2))


def test_models_are_cloned_and_pickled():
    X = samples_of("iris")
    model = fitted_quietly(bgm(n_components=3, mean_prior=[1.0, 2.0, 3.0, 4.0]), X)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
    assert copy.elbo(X) == model.elbo(X)
    assert clone(model).get_params() == model.get_params()


# ---- files and scikit-learn's estimator


@for_every_prior
@for_every_structure
def test_models_are_saved_and_loaded_bit_for_bit(name, prior_type, tmp_path):
    X = samples_of("iris")
    options = {"n_components": 3, "covariance_type": name}
    model = fitted_quietly(bgm(**options, weight_concentration_prior_type=prior_type), X)
    model.save(tmp_path / "model.gmmx")
    loaded = gmmx.load(tmp_path / "model.gmmx")
    assert type(loaded) is BayesianGaussianMixture
    assert loaded.get_params() == model.get_params()
    assert loaded.elbo(X) == model.elbo(X)
    assert loaded.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
    assert loaded.n_active_components_ == model.n_active_components_


def test_a_file_of_shapes_that_do_not_agree_is_refused(tmp_path):
    model = fitted_quietly(bgm(n_components=3), samples_of("iris"))
    for name in ("mean_precision_", "degrees_of_freedom_", "weight_concentration_"):
        whole = getattr(model, name)
        setattr(model, name, np.ones(2))
        with pytest.raises(ValueError, match=name):
            model.save(tmp_path / "model.gmmx")
        setattr(model, name, whole)


@for_every_prior
@for_every_structure
def test_scikit_learns_estimator_predicts_the_same(name, prior_type):
    X = samples_of("iris")
    options = {"n_components": 3, "covariance_type": name}
    model = fitted_quietly(bgm(**options, weight_concentration_prior_type=prior_type), X)
    theirs = model.to_sklearn()
    assert type(theirs) is mixture.BayesianGaussianMixture
    np.testing.assert_allclose(theirs.score_samples(X), model.score_samples(X), rtol=1e-9)
    back = BayesianGaussianMixture.from_sklearn(theirs)
    np.testing.assert_allclose(back.score_samples(X), model.score_samples(X), rtol=1e-9)
    assert back.n_active_components_ == model.n_active_components_
    assert back.elbo(X) == pytest.approx(model.elbo(X), rel=1e-9)


def test_samples_are_not_summed_for_a_prior_that_the_user_gives(monkeypatch):
    prior = {"mean_prior": [0.0, 0.0], "covariance_prior": np.eye(2)}
    model = BayesianGaussianMixture(n_components=2, random_state=0, **prior)
    X = np.random.default_rng(0).standard_normal((50, 2))
    expected = model.fit(X).means_
    monkeypatch.setattr("gmmx.samples.windowed_source.statistics_of_all", None)
    np.testing.assert_array_equal(model.fit(X).means_, expected)
    with pytest.raises(TypeError, match="not callable"):
        BayesianGaussianMixture(mean_prior=[0.0, 0.0]).fit(X)
