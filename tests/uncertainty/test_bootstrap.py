"""`bootstrap` against R's mclust, formulas for one component, and properties."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gmmx import (
    BayesianGaussianMixture,
    ConvergenceWarning,
    DegenerateMixtureError,
    GaussianMixture,
    GaussianMixtureIC,
    NotFittedError,
    bootstrap,
)
from gmmx.model.covariance import STRUCTURES
from gmmx.uncertainty import bootstrap as module_of_bootstrap
from gmmx.uncertainty.draws import MOST_ATTEMPTS, repeated_draws
from gmmx.uncertainty.matching import bhattacharyya_distances, matched
from gmmx.uncertainty.resampling import with_replacement
from reference import bootstrap_errors, faithful

KINDS = ("nonparametric", "weighted", "parametric", "jackknife")
every_kind = pytest.mark.parametrize("kind", KINDS)
PARAMETERS = ("weights", "means", "covariances")


def fitted(X, n_components=2, **parameters):
    return GaussianMixture(n_components, random_state=0, **parameters).fit(X)


def clusters(n_samples=120, n_features=2):
    random = np.random.default_rng(0)
    return random.normal(size=(n_samples, n_features)) + 6 * (random.random((n_samples, 1)) < 0.4)


def bits(result):
    return [getattr(result, name).draws.tobytes() for name in PARAMETERS]


# ---- independent answers


@every_kind
def test_standard_errors_are_those_of_mclust(kind):
    truth = bootstrap_errors()
    order = np.argsort(truth["estimate"][2:6:2])
    shapes = {"weights": (2,), "means": (2, 2), "covariances": (2, 2, 2)}
    sizes = np.cumsum([np.prod(shape) for shape in shapes.values()])[:-1]
    X = faithful()
    start = fitted(X, reg_covar=0.0)
    model = GaussianMixture.from_parameters(
        *(getattr(start, f"{name}_")[np.argsort(start.means_[:, 0])] for name in PARAMETERS)
    ).set_params(reg_covar=0.0)
    result = bootstrap(model, X, kind, n_bootstrap=250, random_state=0)
    # The standard error of a standard error is its share of 1 / sqrt(2 draws), if draws are normal.
    tolerance = 1e-3 if kind == "jackknife" else 0.25
    for name, shape, error, estimate in zip(
        PARAMETERS, shapes.values(), np.split(truth[kind], sizes),
        np.split(truth["estimate"], sizes), strict=True,
    ):  # fmt: skip
        own = getattr(result, name)
        np.testing.assert_allclose(own.estimate, estimate.reshape(shape)[order], rtol=1e-4)
        np.testing.assert_allclose(own.standard_error, error.reshape(shape)[order], rtol=tolerance)


@pytest.mark.parametrize("covariance_type", STRUCTURES)
def test_the_jackknife_of_a_mean_is_exact(covariance_type):
    X = np.random.default_rng(1).normal(size=(40, 3)) * [1, 5, 0.1]
    result = bootstrap(fitted(X, 1, covariance_type=covariance_type), X, "jackknife")
    error = X.std(axis=0, ddof=1) / np.sqrt(len(X))
    np.testing.assert_allclose(result.means.standard_error[0], error, rtol=1e-10)
    np.testing.assert_allclose(result.means.upper[0], X.mean(axis=0) + 1.959964 * error, rtol=1e-6)
    assert result.n_draws == len(X)


@pytest.mark.parametrize("kind", KINDS[:3])
def test_the_standard_error_of_a_mean_is_its_formula(kind):
    X = np.random.default_rng(1).normal(size=(150, 1))
    result = bootstrap(fitted(X, 1), X, kind, n_bootstrap=800, random_state=0)
    error = X.std() / np.sqrt(len(X))
    assert result.means.standard_error[0, 0] == pytest.approx(error, rel=0.12)
    assert result.means.lower[0, 0] == pytest.approx(X.mean() - 1.96 * error, abs=0.3 * error)
    assert result.means.upper[0, 0] == pytest.approx(X.mean() + 1.96 * error, abs=0.3 * error)
    # The variance of n normal values has the standard error sqrt(2 / n) of itself.
    kurtosis = ((X - X.mean()) ** 4).mean() / X.var() ** 2 if kind != "parametric" else 3.0
    expected = X.var() * np.sqrt((kurtosis - 1) / len(X))
    assert result.covariances.standard_error[0, 0, 0] == pytest.approx(expected, rel=0.15)


def test_bhattacharyya_distances_are_integrals():
    def parameters(means, variances):
        return GaussianMixture.from_parameters(
            [0.5, 0.5], np.reshape(means, (2, 1)), np.reshape(variances, (2, 1)), "diag"
        )._parameters()

    x, step = np.linspace(-60, 60, 200_001, retstep=True)

    def density(mean, variance):
        return np.exp(-((x - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)

    one, other = ([0.0, 2.0], [1.0, 9.0]), ([1.0, -3.0], [4.0, 0.5])
    expected = [
        [
            -np.log((np.sqrt(density(*a) * density(*b))).sum() * step)
            for b in zip(*other, strict=True)
        ]
        for a in zip(*one, strict=True)
    ]
    distances = bhattacharyya_distances(parameters(*one), parameters(*other))
    np.testing.assert_allclose(distances, expected, rtol=1e-7)


# ---- labels


def random_mixture(seed, n_components=4):
    random = np.random.default_rng(seed)
    factors = random.normal(size=(n_components, 2, 2))
    return GaussianMixture.from_parameters(
        random.dirichlet(np.ones(n_components)),
        random.normal(size=(n_components, 2)),
        factors @ factors.transpose(0, 2, 1) + 0.1 * np.eye(2),
    )._parameters()


@pytest.mark.parametrize("seed", range(5))
def test_matched_components_have_the_smallest_sum_of_distances(seed):
    reference, parameters = random_mixture(seed), random_mixture(seed + 100)
    distances = bhattacharyya_distances(reference, parameters)
    best = min(
        itertools.permutations(range(4)),
        key=lambda order: sum(distances[k, j] for k, j in enumerate(order)),
    )
    result = matched(parameters, reference)
    np.testing.assert_allclose(result.means, parameters.means[[*best]])
    np.testing.assert_allclose(result.weights, parameters.weights[[*best]])
    np.testing.assert_allclose(
        result.covariance.covariances, parameters.covariance.covariances[[*best]]
    )


def test_components_with_equal_means_are_matched_by_their_covariances():
    model = GaussianMixture.from_parameters(
        [0.3, 0.7], np.zeros((2, 1)), [[1.0], [25.0]], "diag"
    )._parameters()
    swapped = model.of(np.array([1, 0]))
    np.testing.assert_array_equal(matched(swapped, model).covariance.covariances, [[1.0], [25.0]])


# ---- draws


def test_a_row_that_is_drawn_twice_has_weight_2():
    X = np.arange(50.0).reshape(-1, 1)
    source = with_replacement(X, None, np.random.RandomState(0))
    rows = np.random.RandomState(0).randint(50, size=50)
    values, counts = np.unique(X[rows], return_counts=True)
    np.testing.assert_array_equal(source.X[:, 0], values)
    np.testing.assert_array_equal(source.weight, counts)


@every_kind
def test_threads_change_no_bit(kind):
    X = clusters(60)
    model = fitted(X)
    one, two = (
        bootstrap(model, X, kind, n_bootstrap=20, random_state=3, n_threads=n) for n in (1, 2)
    )
    assert bits(one) == bits(two)


def test_a_seed_determines_the_draws():
    X = clusters()
    model = fitted(X)

    def draws(random_state):
        return bits(bootstrap(model, X, n_bootstrap=5, random_state=random_state))

    assert draws(1) == draws(1) == draws(np.random.RandomState(1)) != draws(2)
    generator = np.random.RandomState(1)
    assert draws(generator) != draws(generator)


@pytest.mark.parametrize("covariance_type", STRUCTURES)
@every_kind
def test_results_have_the_shapes_of_the_attributes(kind, covariance_type):
    X = clusters(40)
    model = fitted(X, covariance_type=covariance_type)
    before = {name: np.copy(getattr(model, f"{name}_")) for name in PARAMETERS}
    result = bootstrap(model, X, kind, n_bootstrap=7, random_state=0)
    n_draws = 40 if kind == "jackknife" else 7
    for name in PARAMETERS:
        one, attribute = getattr(result, name), getattr(model, f"{name}_")
        for array in (one.estimate, one.standard_error, one.lower, one.upper):
            assert array.shape == attribute.shape
            assert np.isfinite(array).all()
        assert one.draws.shape == (n_draws, *attribute.shape)
        assert (one.lower <= one.upper).all()
        np.testing.assert_array_equal(attribute, before[name])
    np.testing.assert_allclose(result.weights.draws.sum(axis=1), 1.0)


def test_intervals_are_percentiles_of_the_draws():
    X = clusters()
    means = bootstrap(fitted(X), X, n_bootstrap=50, level=0.8, random_state=0).means
    np.testing.assert_allclose(means.lower, np.quantile(means.draws, 0.1, axis=0))
    np.testing.assert_allclose(means.upper, np.quantile(means.draws, 0.9, axis=0))
    np.testing.assert_array_equal(means.standard_error, means.draws.std(axis=0, ddof=1))


def test_the_estimate_is_the_maximum_also_if_the_fit_stopped_early():
    X = faithful()
    with pytest.warns(ConvergenceWarning):
        early = fitted(X, max_iter=1)
    late = fitted(X, tol=1e-12, max_iter=1000)
    result = bootstrap(early, X, n_bootstrap=2, random_state=0)
    np.testing.assert_allclose(result.means.estimate, late.means_, rtol=1e-3)


def test_settings_of_the_model_hold_in_refits():
    X = np.random.default_rng(0).normal(size=(80, 1))
    model = fitted(X, 1, reg_covar=100.0)
    result = bootstrap(model, X, n_bootstrap=5, random_state=0)
    assert (result.covariances.draws > 100).all()


def test_samples_in_single_precision_are_computed_in_double():
    X = np.float32(clusters())
    single, double = (
        bootstrap(fitted(X), samples, "parametric", n_bootstrap=5, random_state=0)
        for samples in (X, np.float64(X))
    )
    assert bits(single) == bits(double)
    assert single.means.draws.dtype == np.float64


# ---- failures


def test_refits_of_the_jackknife_that_collapse_are_left_out_and_counted():
    X = np.concatenate([np.random.default_rng(0).normal(size=30), [50.0, 51.0]]).reshape(-1, 1)
    model = fitted(X, reg_covar=0.0)
    result = bootstrap(model, X, "jackknife")
    assert (result.n_failed, result.n_draws) == (2, 30)
    assert np.isfinite(result.means.standard_error).all()


def test_draws_of_a_bootstrap_that_collapse_are_repeated_and_counted():
    X = np.concatenate([np.random.default_rng(0).normal(size=30), [50.0, 51.0, 52.0]])
    model = fitted(X.reshape(-1, 1), reg_covar=0.0)
    result = bootstrap(model, X.reshape(-1, 1), n_bootstrap=40, random_state=0)
    assert result.n_draws == 40
    assert result.n_failed > 0
    assert np.isfinite(result.covariances.draws).all()
    assert f"{result.n_failed} more failed" in repr(result)


def test_failures_of_each_draw_are_counted():
    def draw(random_state):
        value = random_state.random_sample()
        if value < 0.5:
            raise DegenerateMixtureError
        return value

    results, n_failed = repeated_draws(draw, 400, np.random.RandomState(0), 2)
    assert min(results) >= 0.5
    assert len(results) == 400
    assert 300 < n_failed < 500


def test_a_draw_that_always_fails_ends_the_bootstrap():
    attempts = []

    def draw(random_state):
        attempts.append(random_state)
        raise DegenerateMixtureError("collapsed")

    with pytest.raises(DegenerateMixtureError, match="collapsed"):
        repeated_draws(draw, 3, np.random.RandomState(0), 1)
    assert len(attempts) == MOST_ATTEMPTS


def test_missing_convergence_is_reported_once(monkeypatch):
    monkeypatch.setattr(module_of_bootstrap, "MAX_ITER", 2)
    X = faithful()
    model = fitted(X)
    with pytest.warns(ConvergenceWarning, match="did not converge in [1-6] of 6 refits") as record:
        bootstrap(model, X, n_bootstrap=5, random_state=0)
    assert len(record) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "bs"}, "'kind' parameter of bootstrap must be a str among"),
        ({"n_bootstrap": 1}, "'n_bootstrap' parameter .* range \\[2, inf\\)"),
        ({"level": 95}, "'level' parameter .* range \\(0.0, 1.0\\)"),
        ({"random_state": "a"}, "'random_state' parameter"),
        ({"n_threads": 0}, "'n_threads' parameter"),
        ({"X": np.ones((20, 3))}, "expecting 2 features"),
        ({"X": np.full((20, 2), np.nan)}, "contains NaN"),
        ({"X": np.ones((1, 2))}, "n_samples >= n_components"),
    ],
)
def test_wrong_arguments_are_refused(given, message):
    X = clusters()
    with pytest.raises(ValueError, match=message):
        bootstrap(**{"model": fitted(X), "X": X, **given})


def test_other_models_are_refused():
    X = clusters()
    bayesian = BayesianGaussianMixture(n_components=2, random_state=0).fit(X)
    with pytest.raises(TypeError, match="bootstrap needs a GaussianMixture, got Bayesian"):
        bootstrap(bayesian, X)
    search = GaussianMixtureIC(1, 1, random_state=0).fit(X)
    with pytest.raises(TypeError, match="pass its best_estimator_"):
        bootstrap(search, X)
    with pytest.raises(NotFittedError):
        bootstrap(GaussianMixture(2), X)


# ---- representation


def test_the_table_has_a_row_for_each_parameter():
    X = clusters()
    rows = repr(bootstrap(fitted(X), X, n_bootstrap=3, random_state=0)).splitlines()[2:]
    assert len(rows) == 2 + 4 + 2 * 3  # a symmetric matrix has three parameters
    diagonal = bootstrap(fitted(X, covariance_type="diag"), X, n_bootstrap=3, random_state=0)
    assert len(repr(diagonal).splitlines()[2:]) == 2 + 4 + 4
    assert diagonal._repr_html_().count("<tr>") == 1 + 2 + 4 + 4
    assert "covariances_[1, 0]" in repr(diagonal)
    by_name_of_mclust = bootstrap(
        fitted(X, covariance_type="VVI"), X, n_bootstrap=3, random_state=0
    )
    assert repr(by_name_of_mclust) == repr(diagonal)
    wide = np.random.default_rng(0).normal(size=(60, 12))
    table = repr(bootstrap(fitted(wide, 1), wide, n_bootstrap=3, random_state=0))
    assert "the first 40 of 91 parameters" in table
