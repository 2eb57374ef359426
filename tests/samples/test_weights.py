"""Weights of samples: the sums over weighted samples, and fits to them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import cluster

from gmmx import BayesianGaussianMixture, ColumnFitError, GaussianMixture, fit_columns
from gmmx._core.interface import passes
from gmmx._core.interface.kmeans import cluster_moments
from gmmx.exceptions import collected_warnings
from gmmx.model.covariance import CONJUGATE_STRUCTURES, STRUCTURES
from gmmx.samples.array_source import ArraySource
from gmmx.starts.initializer import INIT_PARAMS
from gmmx.starts.kmeans import KMeans
from moments import assert_same_statistics, statistics_of

every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def samples(n_features=3, n_samples=400, dtype=np.float64, seed=0):
    draw = np.random.default_rng(seed)
    means = 4.0 * draw.normal(size=(3, n_features))
    X = means[draw.integers(3, size=n_samples)] + draw.normal(size=(n_samples, n_features))
    return X.astype(dtype), draw.integers(1, 5, size=n_samples)


def fitted_to(model, X, weight=None):
    """Return the fitted attributes."""
    weight = None if weight is None else np.asarray(weight, dtype=np.float64)
    with collected_warnings():
        return model._fitted_to(ArraySource(X, 1, weight))


def assert_same_fit(one, other, rtol=1e-8):
    assert len(one["lower_bounds_"]) == len(other["lower_bounds_"])
    for name in ("weights_", "means_", "covariances_", "lower_bound_"):
        scale = np.abs(other[name]).max()
        np.testing.assert_allclose(one[name], other[name], rtol=rtol, atol=rtol * scale)


# ---- sums


@every_dtype
@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize(("n_features", "n_samples"), [(1, 900), (3, 57), (13, 2000), (20, 4000)])
def test_weighted_statistics_are_those_of_repeated_samples(name, n_features, n_samples, dtype):
    X, weight = samples(n_features, n_samples, dtype)
    model = GaussianMixture(3, covariance_type=name, random_state=0, max_iter=2)
    parameters = STRUCTURES[name].from_covariances  # the class is known by its name only
    assert parameters is not None
    with collected_warnings():
        parameters = model.fit(X)._parameters()
    weighted, repeated = (
        ArraySource(X, 2, weight.astype(np.float64)), ArraySource(np.repeat(X, weight, axis=0), 2)
    )  # fmt: skip
    tolerance = 1e-10 if dtype is np.float64 else 1e-4
    for _ in range(3):
        one, other = weighted.statistics(parameters), repeated.statistics(parameters)
        assert_same_statistics(one, other.about(one.origin), tolerance)
    assert weighted.total_weight == repeated.total_weight == len(repeated.X)


@every_dtype
@pytest.mark.parametrize("layout", ["dense", "diagonal"])
def test_weighted_moments_of_labels_and_of_all_samples(layout, dtype):
    X, weight = samples(dtype=dtype)
    labels = np.random.default_rng(1).integers(3, size=len(X))
    source = ArraySource(X, 1, weight.astype(np.float64))
    tolerance = 1e-11 if dtype is np.float64 else 1e-5
    some = source.statistics_of_labels(labels, 3, layout)
    resp = np.eye(3)[labels] * weight[:, np.newaxis]
    assert_same_statistics(some, statistics_of(X, resp, layout, some.origin), tolerance)
    total = source.total(layout)
    resp = weight[:, np.newaxis].astype(np.float64)
    assert_same_statistics(total, statistics_of(X, resp, layout, total.origin), tolerance)


@every_dtype
def test_weighted_moments_of_given_responsibilities(dtype):
    X, weight = samples(dtype=dtype)
    resp = np.random.default_rng(2).dirichlet(np.ones(4), size=len(X)).astype(dtype)
    origin = np.zeros((4, 3))
    weights = weight.astype(dtype)
    sums = passes.moments_of(X, origin, "dense", 1, resp=resp, sample_weight=weights)
    np.testing.assert_allclose(sums[1:5], weight @ resp, rtol=1e-5)
    with pytest.raises(ValueError, match="sample_weight has 3 values"):
        passes.moments_of(X, origin, "dense", 1, resp=resp, sample_weight=weights[:3])


# ---- k-means


@every_dtype
@pytest.mark.parametrize("n_features", [2, 9])
def test_k_means_weighs_samples_as_scikit_learn(n_features, dtype):
    X, weight = samples(n_features, 900, dtype)
    weight = weight + 0.25
    centers = X[:5].astype(np.float64)
    expected = cluster.KMeans(5, init=centers.astype(dtype), n_init=1, algorithm="lloyd", tol=0)
    expected.fit(X, sample_weight=weight)
    labels, means = KMeans(ArraySource(X, 1, weight)).lloyd(centers)
    np.testing.assert_array_equal(labels, expected.labels_)
    np.testing.assert_allclose(means, expected.cluster_centers_, rtol=1e-4, atol=1e-4)


def test_seeds_are_those_of_repeated_samples():
    X, weight = samples(4, 700)
    repeated = np.repeat(X, weight, axis=0)
    for seed in range(5):
        found = KMeans(ArraySource(X, 1, weight.astype(np.float64))).seeds(
            8, np.random.RandomState(seed)
        )
        expected = KMeans(ArraySource(repeated, 1)).seeds(8, np.random.RandomState(seed))
        np.testing.assert_array_equal(X[found], repeated[expected])


def test_a_cluster_that_weights_leave_empty_by_rounding_is_empty():
    X = np.array([[0.0], [0.1], [0.2], [9.0], [9.1], [20.0]])
    weight = np.array([0.1, 0.2, 0.7, 0.3, 0.1, 0.6])
    labels, means = KMeans(ArraySource(X, 1, weight)).lloyd(np.array([[0.0], [9.0], [50.0]]))
    assert np.isfinite(means).all()
    assert np.unique(labels).size == 3
    with pytest.raises(ValueError, match="expected 6 weights, got 2"):
        cluster_moments(X, X[:1], 1, weight=weight[:2])


# ---- fits


@pytest.mark.parametrize(
    "init_params", ["kmeans", "k-means++", "hierarchical", "whitened", "small-em"]
)
@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        *((name, "em") for name in STRUCTURES),
        *((name, "squarem") for name in STRUCTURES if STRUCTURES[name].has_chart),
    ],
)
def test_an_integer_weight_is_a_repetition_in_maximum_likelihood(init_params, name, algorithm):
    X, weight = samples()
    model = GaussianMixture(
        3, covariance_type=name, init_params=init_params, algorithm=algorithm, max_iter=12,
        random_state=0,
    )  # fmt: skip
    repeated = fitted_to(model, np.repeat(X, weight, axis=0))
    assert_same_fit(fitted_to(model, X, weight), repeated, 1e-6)


@pytest.mark.parametrize("n_features", [1, 3])
@pytest.mark.parametrize("name", CONJUGATE_STRUCTURES)
@pytest.mark.parametrize("algorithm", ["em", "squarem"])
def test_an_integer_weight_is_a_repetition_in_variational_inference(n_features, name, algorithm):
    X, weight = samples(n_features)
    model = BayesianGaussianMixture(
        n_components=3, covariance_type=name, algorithm=algorithm, max_iter=12, random_state=0
    )
    repeated = fitted_to(model, np.repeat(X, weight, axis=0))
    assert_same_fit(fitted_to(model, X, weight), repeated, 1e-6)


@every_dtype
@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e30, 1e300])
def test_the_scale_of_weights_does_not_matter_in_maximum_likelihood(scale, dtype):
    X, weight = samples(dtype=dtype)
    model = GaussianMixture(3, max_iter=10, random_state=0)
    expected = fitted_to(model, X, weight)
    assert_same_fit(fitted_to(model, X, scale * weight), expected, 1e-5)


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e30, 1e300])
@pytest.mark.parametrize("n_features", [1, 2])
def test_weights_of_any_scale_have_a_posterior(scale, n_features):
    X, weight = samples(n_features)
    fitted = fitted_to(
        BayesianGaussianMixture(n_components=3, max_iter=10, random_state=0), X, scale * weight
    )
    for name in ("weights_", "means_", "covariances_"):
        assert np.isfinite(fitted[name]).all()


@pytest.mark.parametrize("name", STRUCTURES)
def test_one_large_weight_loses_no_digits(name):
    X, _ = samples(16, 3000)
    weight = np.ones(len(X))
    weight[7] = 1e5
    with collected_warnings():
        model = GaussianMixture(3, covariance_type=name, random_state=0, max_iter=3).fit(X)
    parameters = model._parameters()
    log_resp = model.predict_log_proba(X)
    source = ArraySource(X, 1, weight)
    for _ in range(3):
        some = source.statistics(parameters)
        np.testing.assert_allclose(some.counts, weight @ np.exp(log_resp), rtol=1e-10)


# ---- what users call


def test_a_weight_of_zero_leaves_the_row_out():
    X, weight = samples()
    weight = np.where(np.arange(len(X)) % 3 == 0, 0, weight)
    kept = weight > 0
    for estimator in (GaussianMixture, BayesianGaussianMixture):
        model = estimator(n_components=3, random_state=0, max_iter=1000)
        one = model.fit(X, sample_weight=weight).means_
        np.testing.assert_array_equal(model.fit(X[kept], sample_weight=weight[kept]).means_, one)
        labels = model.fit_predict(X, sample_weight=weight)
        np.testing.assert_array_equal(labels, model.predict(X))
        assert model.score(X, sample_weight=weight) == pytest.approx(
            np.average(model.score_samples(X), weights=weight)
        )


@pytest.mark.parametrize("init_params", INIT_PARAMS)
@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        *((name, "em") for name in STRUCTURES),
        *((name, "squarem") for name in STRUCTURES if STRUCTURES[name].has_chart),
    ],
)
def test_no_start_and_no_step_sees_a_row_of_weight_zero(init_params, name, algorithm):
    X, weight = samples()
    X[::3], weight[::3] = 1e3 + X[::3], 0
    kept = weight > 0
    estimators = [GaussianMixture]
    if name in CONJUGATE_STRUCTURES:
        estimators.append(BayesianGaussianMixture)
    for estimator in estimators:
        model = estimator(
            n_components=3, covariance_type=name, init_params=init_params, algorithm=algorithm,
            max_iter=4, random_state=0,
        )  # fmt: skip
        with collected_warnings():
            one, other = (
                model._fitted(X, sample_weight=weight),
                model._fitted(X[kept], sample_weight=weight[kept]),
            )
        assert one["lower_bounds_"] == other["lower_bounds_"]
        np.testing.assert_array_equal(one["means_"], other["means_"])


def test_weights_give_the_same_bits_for_any_number_of_threads():
    X, weight = samples(13, 60_000)
    weight = weight + np.random.default_rng(1).uniform(size=len(X))
    with collected_warnings():  # it does not converge in three iterations
        fits = [
            GaussianMixture(3, random_state=0, max_iter=3, tol=0, n_threads=n_threads).fit(
                X, sample_weight=weight
            )
            for n_threads in (1, 2, 3)
        ]
    for fit in fits[1:]:
        np.testing.assert_array_equal(fit.means_, fits[0].means_)
        np.testing.assert_array_equal(fit.covariances_, fits[0].covariances_)
        assert fit.score(X, sample_weight=weight) == fits[0].score(X, sample_weight=weight)


def test_criteria_count_weights():
    X, weight = samples()
    model = GaussianMixture(3, random_state=0).fit(X, sample_weight=weight)
    repeated = np.repeat(X, weight, axis=0)
    assert model.bic(X, sample_weight=weight) == pytest.approx(model.bic(repeated))
    assert model.aic(X, sample_weight=weight) == pytest.approx(model.aic(repeated))
    assert model.bic(X, 2.0) == pytest.approx(model.bic(np.repeat(X, 2, axis=0)))


def test_criteria_pass_weights_to_the_score_of_a_subclass():
    class Halved(GaussianMixture):
        def score(self, X, y=None, sample_weight=None):
            return 0.5 * super().score(X, y, sample_weight)

    class Unweighted(GaussianMixture):
        def score(self, X, y=None):
            return super().score(X)

    X, weight = samples()
    model = Halved(2, random_state=0).fit(X)
    repeated = np.repeat(X, weight, axis=0)
    assert model.bic(X, sample_weight=weight) == pytest.approx(model.bic(repeated))
    with pytest.raises(TypeError, match="sample_weight"):
        Unweighted(2, random_state=0).fit(X).bic(X, sample_weight=weight)


def test_an_error_about_a_component_counts_weights():
    X = np.repeat([[0.0, 0.0], [9.0, 1.0]], [4, 6], axis=0) + 0.0
    X[4:] += np.random.default_rng(0).normal(size=(6, 2))
    with pytest.raises(ValueError, match="which holds 10 of 25 samples"):
        GaussianMixture(2, reg_covar=0, random_state=0).fit(X, sample_weight=2.5)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([-1.0], r"must not be negative: sample_weight\[0\] is -1"),
        ([np.nan], r"must be finite: sample_weight\[0\] is nan"),
        ([np.inf], r"must be finite: sample_weight\[0\] is inf"),
        (None, r"sample_weight.shape == \(3,\), expected \(400,\)"),
        ([], "sum of sample_weight is 0"),
    ],
)
@pytest.mark.parametrize("method", ["fit", "fit_predict", "score", "bic", "aic"])
def test_weights_that_cannot_be_used_are_refused(method, bad, message):
    X, weight = samples()
    model = GaussianMixture(2, random_state=0).fit(X)
    before = model.means_.copy()
    weight = weight.astype(np.float64)
    if bad is None:
        weight = weight[:3]
    elif not bad:
        weight[:] = 0.0
    else:
        weight[: len(bad)] = bad
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(X, sample_weight=weight)
    np.testing.assert_array_equal(model.means_, before)


def test_a_fit_needs_two_rows_of_positive_weight():
    X, weight = samples()
    weight = np.where(np.arange(len(X)) == 3, 1.0, 0.0)
    with pytest.raises(ValueError, match="Found 1 sample"):
        GaussianMixture().fit(X, sample_weight=weight)


def test_meta_estimators_pass_weights_that_are_requested():
    from sklearn import config_context
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, weight = samples()
    with config_context(enable_metadata_routing=True):
        model = GaussianMixture(3, random_state=0)
        model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        assert clone(model).get_metadata_routing().fit.requests == {"sample_weight": True}
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, clone(model)).fit(X, sample_weight=weight)
        scaled = StandardScaler().fit_transform(X)
        expected = clone(model).fit(scaled, sample_weight=weight)
        np.testing.assert_array_equal(pipeline[-1].means_, expected.means_)
        search = GridSearchCV(clone(model), {"n_components": [1, 3]}, cv=2)
        search.fit(X, sample_weight=weight)
        expected = clone(model).set_params(n_components=3).fit(X, sample_weight=weight)
        np.testing.assert_array_equal(search.best_estimator_.means_, expected.means_)
        search = GridSearchCV(GaussianMixture(), {"n_components": [1, 2]}, cv=2)
        with pytest.raises(ValueError, match="sample_weight"):
            search.fit(X, sample_weight=weight)


def test_columns_are_fitted_to_weighted_rows():
    X, weight = samples(2)
    X[::7, 0] = np.nan
    model = GaussianMixture(2, random_state=0)
    fits = fit_columns(X, model, sample_weight=weight)
    known = ~np.isnan(X[:, 0])
    expected = GaussianMixture(2, random_state=0).fit(X[known, :1], sample_weight=weight[known])
    np.testing.assert_array_equal(fits[0].means_, expected.means_)
    with pytest.raises(ColumnFitError, match=r"expected \(400,\)"):
        fit_columns(X, model, sample_weight=weight[:5])
