"""degenerate='reseed' and 'drop': repairs of collapsed components, and the warnings about them."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest

from gmmx import ConvergenceWarning, GaussianMixture
from gmmx.em.repair import MOST_RESEEDS, Reseed
from gmmx.model.collapse import DegenerateMixtureError, empty_error
from gmmx.model.covariance import STRUCTURES
from gmmx.samples.array_source import ArraySource

every_structure = pytest.mark.parametrize("name", STRUCTURES)
OWN = [name for name in STRUCTURES if "component" in STRUCTURES[name].axes]
# If components share their volume (mclust's E), a component stays on equal points for ever.
SHRINKING = [name for name in OWN if not name.startswith("E")]
REPAIRS = ("reseed", "drop")


def clusters(n_samples=300, n_features=2):
    random = np.random.default_rng(0)
    return random.normal(size=(n_samples, n_features)) + 9.0 * random.integers(
        3, size=(n_samples, 1)
    )


def start(X, name, means, variance=1.0):
    """Return arguments of the constructor that start components at given means."""
    precisions = np.full(STRUCTURES[name].covariance_shape(len(means), X.shape[1]), 1 / variance)
    if STRUCTURES[name].are_matrices:
        precisions = precisions * np.eye(X.shape[1])
    return {
        "n_components": len(means),
        "covariance_type": name,
        "weights_init": np.full(len(means), 1 / len(means)),
        "means_init": means,
        "precisions_init": precisions,
    }


def fit_with_warnings(X, **options):
    with pytest.warns(ConvergenceWarning) as caught:
        model = GaussianMixture(**options).fit(X)
    assert all(warning.filename == __file__ for warning in caught)
    return model, [str(warning.message) for warning in caught]


def assert_is_a_mixture(model, X):
    for name in ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_"):
        assert np.isfinite(getattr(model, name)).all()
    assert abs(model.weights_.sum() - 1) <= 8 * np.finfo(model.weights_.dtype).eps
    assert (model.weights_ > 0).all()
    resp = model.predict_proba(X)
    assert resp.shape == (len(X), len(model.weights_))
    np.testing.assert_allclose(resp.sum(axis=1), 1.0, rtol=1e-6)
    assert np.isfinite(model.score(X))
    assert np.isfinite(model.bic(X))
    assert model.sample(20)[0].shape == (20, X.shape[1])


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        *((name, "em") for name in STRUCTURES),
        *((name, "squarem") for name in STRUCTURES if STRUCTURES[name].has_chart),
    ],
)
@pytest.mark.parametrize("degenerate", REPAIRS)
def test_a_component_without_samples_is_repaired(name, algorithm, degenerate):
    X = clusters()
    means = np.array([[0.0, 0.0], [1e5, 1e5], [9.0, 9.0], [18.0, 18.0]])
    model, messages = fit_with_warnings(
        X, degenerate=degenerate, algorithm=algorithm, tol=1e-6, max_iter=500,
        **start(X, name, means),
    )  # fmt: skip
    assert messages[0].startswith("Component 1, which holds 0 of 300 samples, is empty: ")
    assert len(model.weights_) == (4 if degenerate == "reseed" else 3)
    assert_is_a_mixture(model, X)
    assert model.converged_
    three = GaussianMixture(tol=1e-6, max_iter=500, **start(X, name, means[[0, 2, 3]])).fit(X)
    if degenerate == "drop":
        assert "component 1 of the start was dropped" in messages[0]
        np.testing.assert_allclose(model.means_, three.means_, rtol=1e-3)
        assert model.lower_bound_ == pytest.approx(three.lower_bound_, abs=1e-5)
    else:
        seed = int(re.search(r"started anew at sample (\d+)\.", messages[0])[1])
        before = GaussianMixture(max_iter=0, **start(X, name, means)).fit(X)
        assert before.score_samples(X).argmin() == seed
        assert model.lower_bound_ >= three.lower_bound_ - 1e-6


def test_a_new_start_is_named_by_the_row_of_the_users_array():
    X = clusters()
    weight = np.ones(len(X))
    weight[::2] = 0
    means = np.array([[0.0, 0.0], [1e5, 1e5], [9.0, 9.0], [18.0, 18.0]])
    options = {"degenerate": "reseed", "tol": 1e-6, "max_iter": 500, **start(X, "full", means)}
    with pytest.warns(ConvergenceWarning) as caught:
        GaussianMixture(**options).fit(X, sample_weight=weight)
    seed = int(re.search(r"started anew at sample (\d+)\.", str(caught[0].message))[1])
    before = GaussianMixture(max_iter=0, **start(X, "full", means)).fit(X)
    densities = np.where(weight > 0, before.score_samples(X), np.inf)
    assert densities.argmin() == seed


@pytest.mark.parametrize("name", SHRINKING)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("degenerate", REPAIRS)
def test_a_component_on_equal_points_is_repaired(name, dtype, degenerate):
    X = clusters().astype(dtype)
    X[:20] = [40.0, -40.0]
    means = np.array([[0.0, 0.0], [9.0, 9.0], [18.0, 18.0], [40.0, -40.0]])
    model, messages = fit_with_warnings(
        X, degenerate=degenerate, reg_covar=0.0, max_iter=1000, **start(X, name, means)
    )
    assert messages[0].startswith("Component 3, which holds 20 of 300 samples, has no variance")
    done = {"drop": "component 3 of the start was dropped", "reseed": "3 was started anew at"}
    assert done[degenerate] in messages[0]
    assert model.means_.shape == (3 if degenerate == "drop" else 4, 2)
    assert_is_a_mixture(model, X)


# In VEV the collapsing component gives all others its elongated shape, and one of them follows it.
@pytest.mark.parametrize("name", [name for name in SHRINKING if name != "VEV"])
def test_a_component_leaves_the_points_that_it_collapsed_on(name):
    X = clusters()
    X[:100] = [40.0, -40.0]
    means = np.array([[0.0, 0.0], [9.0, 9.0], [18.0, 18.0], [40.0, -40.0]])
    model, messages = fit_with_warnings(
        X, degenerate="reseed", reg_covar=0.0, max_iter=1000, **start(X, name, means)
    )
    assert all("component 3 was started anew" in message for message in messages)
    assert_is_a_mixture(model, X)


def test_a_component_is_started_anew_so_often_and_at_other_points_each_time():
    X = clusters()
    parameters = GaussianMixture(3, random_state=0).fit(X)._parameters()
    error = empty_error(2, len(X))
    repair = Reseed(ArraySource(X, 1))
    for _ in range(MOST_RESEEDS):
        repaired = repair(error, parameters)
        np.testing.assert_array_equal(repaired.means[2], repair.memory[-1])
        assert repaired.weights.sum() == pytest.approx(1.0)
    assert len(np.unique(repair.memory, axis=0)) == len(repair.actions) == MOST_RESEEDS
    with pytest.raises(DegenerateMixtureError, match="Components were started anew 10 times"):
        repair(error, parameters)
    equal = Reseed(ArraySource(np.ones((5, 2)), 1))
    equal(error, parameters)
    with pytest.raises(DegenerateMixtureError, match="Components were started anew once"):
        equal(error, parameters)


def test_a_collapse_can_be_pickled():
    error = pickle.loads(pickle.dumps(empty_error(2, 300)))
    assert (type(error), error.component) == (DegenerateMixtureError, 2)
    assert error.finding in str(error)


@pytest.mark.parametrize("name", ["tied", "tied-diag", "tied-spherical"])
@pytest.mark.parametrize("degenerate", REPAIRS)
def test_a_shared_covariance_that_collapses_costs_the_smallest_component(name, degenerate):
    X = np.repeat([[0.0, 0.0], [5.0, 1.0], [0.0, 7.0], [8.0, 8.0]], [10, 20, 30, 40], axis=0)
    means = np.array([[0.0, 0.0], [5.0, 1.0], [0.0, 7.0], [8.0, 8.0]])
    options = {"reg_covar": 0.0, "max_iter": 300, **start(X, name, means, 0.01)}
    with pytest.raises(DegenerateMixtureError, match="the shared covariance has no variance"):
        GaussianMixture(**options).fit(X)
    model = GaussianMixture(degenerate=degenerate, **options)
    if (name, degenerate) == ("tied", "reseed"):  # after any new start three points are left
        with pytest.raises(DegenerateMixtureError, match="the shared covariance has no variance"):
            model.fit(X)
        return
    with pytest.warns(ConvergenceWarning) as caught:
        model.fit(X)
    message = str(caught[0].message)
    assert "component 0 holds the fewest of 100 samples, 10: component 0" in message
    assert len(model.weights_) < 4 or degenerate == "reseed"
    assert_is_a_mixture(model, X)


@every_structure
@pytest.mark.parametrize("degenerate", REPAIRS)
@pytest.mark.parametrize("init_params", ["k-means++", "random_from_data"])
@pytest.mark.filterwarnings("ignore:Best performing")
def test_singular_starts_begin_with_a_pooled_covariance(name, degenerate, init_params):
    X = clusters()
    options = {"covariance_type": name, "init_params": init_params, "random_state": 0}
    with pytest.raises(DegenerateMixtureError):
        GaussianMixture(3, reg_covar=0.0, **options).fit(X)
    with pytest.warns(ConvergenceWarning, match="At the start .* singular"):
        model = GaussianMixture(3, reg_covar=0.0, degenerate=degenerate, **options).fit(X)
    assert_is_a_mixture(model, X)


@every_structure
@pytest.mark.parametrize("degenerate", REPAIRS)
def test_fits_without_collapse_are_those_of_raise(name, degenerate):
    X = clusters()
    plain, repaired = (
        GaussianMixture(3, covariance_type=name, random_state=0, degenerate=choice).fit(X)
        for choice in ("raise", degenerate)
    )
    assert plain.lower_bounds_ == repaired.lower_bounds_
    np.testing.assert_array_equal(plain.covariances_, repaired.covariances_)


@every_structure
@pytest.mark.parametrize("degenerate", REPAIRS)
def test_what_no_repair_can_help_is_an_error_and_the_model_is_kept(name, degenerate):
    X = clusters()
    model = GaussianMixture(2, covariance_type=name, degenerate=degenerate, random_state=0).fit(X)
    before = model.means_.tobytes()
    with (
        pytest.warns(ConvergenceWarning, match="fewer distinct points"),
        pytest.raises(DegenerateMixtureError, match="increase reg_covar"),
    ):
        model.set_params(reg_covar=0.0).fit(np.full((20, 2), 0.1))
    assert model.means_.tobytes() == before


def test_a_model_that_lost_components_goes_on_from_a_warm_start():
    X = clusters()
    means = np.array([[0.0, 0.0], [1e5, 1e5], [9.0, 9.0], [18.0, 18.0]])
    options = start(X, "full", means) | {"degenerate": "drop", "warm_start": True}
    model, _ = fit_with_warnings(X, **options)
    assert len(model.fit(X).weights_) == 3


def test_dropping_works_where_samples_are_visited_in_order_of_their_labels():
    random = np.random.default_rng(0)
    centers = 20.0 * random.normal(size=(6, 12))
    X = random.normal(size=(3000, 12)) + centers[random.integers(6, size=3000)]
    X[:300] = 100.0
    model, messages = fit_with_warnings(
        X, degenerate="drop", reg_covar=0.0, tol=1e-9, max_iter=300,
        **start(X, "full", np.vstack([centers, np.full(12, 100.0)]), 4.0),
    )  # fmt: skip
    assert "component 6 of the start was dropped" in messages[0]
    assert_is_a_mixture(model, X)


def test_other_choices_are_refused():
    with pytest.raises(ValueError, match=r"'degenerate' parameter.*'raise', 'reseed', 'drop'"):
        GaussianMixture(degenerate="ignore").fit(clusters())


# ---- the message of the error


def correlated(n_samples=200, n_features=4):
    return np.random.default_rng(0).normal(size=(n_samples, n_features))


@pytest.mark.parametrize("name", ["full", "tied"])
@pytest.mark.parametrize("scale", [1.0, 1e-8, 1e8])
def test_collinear_features_are_named_by_their_relation(name, scale):
    X = correlated()
    X[:, 2] = scale * (X[:, 0] - X[:, 1])
    where = "component 0, which holds 200 of 200 samples," if name == "full" else "shared"
    with pytest.raises(DegenerateMixtureError, match="increase reg_covar") as caught:
        GaussianMixture(1, covariance_type=name, reg_covar=0.0).fit(X)
    message = str(caught.value)
    assert where in message
    assert "of its own in feature 2, since 0." in message
    named = re.findall(r"([+-]?[\d.]+) z(\d)", message)
    parts = {int(d): float(value) for value, d in named}
    assert set(parts) == {0, 1, 2}
    deviations = X.std(axis=0)
    combined = sum(value * X[:, d] / deviations[d] for d, value in parts.items())
    assert combined.std() < 0.02


def test_a_constant_feature_is_named_alone():
    X = correlated()
    X[:, 1] = 3.0
    with pytest.raises(DegenerateMixtureError, match=r"no variance of its own in feature 1\.$"):
        GaussianMixture(1, reg_covar=0.0).fit(X)


@pytest.mark.parametrize("noise", [1e-3, 1e-5, 1e-7])
def test_nearly_collinear_features_are_fitted_as_long_as_digits_last(noise):
    X = correlated()
    X[:, 2] = X[:, 0] + noise * X[:, 2]
    model = GaussianMixture(1, reg_covar=0.0).fit(X)
    unit = GaussianMixture(1, reg_covar=0.0).fit(
        np.column_stack([X[:, 0], X[:, 1], (X[:, 2] - X[:, 0]) / noise, X[:, 3]])
    )
    expected = unit.score(
        np.column_stack([X[:, 0], X[:, 1], (X[:, 2] - X[:, 0]) / noise, X[:, 3]])
    ) - np.log(noise)
    assert model.score(X) == pytest.approx(expected, abs=1e-2)


def test_what_rounding_alone_keeps_from_being_singular_is_singular():
    X = correlated()
    X[:, 2] = 0.1 * X[:, 0] + 0.7 * X[:, 1]
    X[:, 3] = X[:, 2] / 3.0
    with pytest.raises(DegenerateMixtureError, match="of its own in feature 2"):
        GaussianMixture(1, reg_covar=0.0).fit(X)
