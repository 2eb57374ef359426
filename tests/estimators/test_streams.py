"""Streams: `partial_fit` of both mixtures."""

from __future__ import annotations

import copy
import pickle
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy.stats import multivariate_normal
from sklearn import mixture

import gmmx
from gmmx import BayesianGaussianMixture, DegenerateMixtureError, GaussianMixture, NotFittedError
from gmmx.model.covariance import CONJUGATE_STRUCTURES, STRUCTURES

MIXTURES = {"EM": GaussianMixture, "Bayesian": BayesianGaussianMixture}
every_mixture = pytest.mark.parametrize("mixture_class", MIXTURES.values(), ids=MIXTURES)
every_structure = pytest.mark.parametrize("name", STRUCTURES)


def draw(n_samples, n_features=2, distance=4.0, seed=0):
    """Return samples of three clusters in random order."""
    random = np.random.default_rng(seed)
    means = distance * np.random.default_rng(99).normal(size=(3, n_features))
    spreads = np.array([[0.5], [1.0], [1.5]])
    labels = random.integers(3, size=n_samples)
    return means[labels] + spreads[labels] * random.normal(size=(n_samples, n_features))


def batches(X, size):
    return [X[start : start + size] for start in range(0, len(X), size)]


def streamed(model, X, size=100):
    for part in batches(X, size):
        model.partial_fit(part)
    return model


def state(model):
    """Return all attributes, arrays and first rows as bytes."""

    def frozen(value):
        if isinstance(value, tuple | list):
            return [frozen(item) for item in value]
        if hasattr(value, "tobytes"):
            return value.dtype.str, value.shape, value.tobytes()
        return frozen(list(vars(value).values())) if hasattr(value, "samples") else value

    return {name: frozen(value) for name, value in vars(model).items()}


# ---- the numbers of a stream


@pytest.mark.parametrize(
    ("mixture_class", "name"),
    [
        *((GaussianMixture, name) for name in STRUCTURES),
        *((BayesianGaussianMixture, name) for name in CONJUGATE_STRUCTURES),
    ],
)
@pytest.mark.parametrize("size", [1, 17, 150])
def test_with_one_component_and_decay_1_a_stream_equals_a_fit(mixture_class, name, size):
    X = draw(300) + 1000
    options = {"covariance_type": name, "reg_covar": 0.01}
    if mixture_class is BayesianGaussianMixture:
        structure = STRUCTURES[name]
        covariance = np.eye(2) if structure.are_matrices else np.ones(structure.prior_shape(2))
        options |= {"mean_prior": np.full(2, 990.0), "covariance_prior": covariance}
    model = streamed(mixture_class(n_components=1, learning_decay=1.0, **options), X, size)
    whole = mixture_class(n_components=1, **options).fit(X)
    assert model.n_samples_seen_ == pytest.approx(whole.n_samples_seen_) == 300
    np.testing.assert_allclose(model.means_, whole.means_, rtol=1e-12)
    # Each step makes a few updates of the axes that components have in common, not all.
    tolerance = 1e-4 if name in ("EVE", "VVE") else 1e-9
    np.testing.assert_allclose(
        model.covariances_, whole.covariances_, rtol=tolerance, atol=tolerance
    )


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_step_is_the_weighted_mean_of_the_statistics(share):
    X, weights = draw(80), np.array([0.2, 0.5, 0.3])
    means, covariances = draw(3, seed=5), np.array([s * np.eye(2) for s in (1.0, 2.0, 3.0)])
    components = zip(weights, means, covariances, strict=True)
    density = np.stack([w * multivariate_normal(m, c).pdf(X) for w, m, c in components], axis=1)
    resp = density / density.sum(axis=1, keepdims=True) / len(X)
    counts = (1 - share) * weights + share * resp.sum(axis=0)
    first = (1 - share) * weights[:, None] * means + share * resp.T @ X
    outer = covariances + means[:, :, None] * means[:, None, :]
    second = (1 - share) * weights[:, None, None] * outer
    second += share * np.einsum("ik,id,ie->kde", resp, X, X)
    expected = first / counts[:, None]
    model = GaussianMixture.from_parameters(weights, means, covariances)
    model.set_params(n_components=3, forget_factor=share, reg_covar=0.0).partial_fit(X)
    np.testing.assert_allclose(model.weights_, counts, rtol=1e-12)
    np.testing.assert_allclose(model.means_, expected, rtol=1e-12)
    np.testing.assert_allclose(
        model.covariances_,
        second / counts[:, None, None] - expected[:, :, None] * expected[:, None, :],
        rtol=1e-9,
    )
    assert model.lower_bound_ == pytest.approx(np.log(density.sum(axis=1)).mean())


@every_structure
def test_a_maximum_of_the_likelihood_stays_where_it_is(name):
    X = draw(400)
    model = GaussianMixture(3, covariance_type=name, tol=1e-13, max_iter=5000, random_state=0)
    model.fit(X)
    before = model.means_.copy(), model.covariances_.copy()
    streamed(model, np.concatenate([X] * 5), len(X))
    np.testing.assert_allclose(model.means_, before[0], atol=1e-5)
    np.testing.assert_allclose(model.covariances_, before[1], atol=1e-5)
    assert model.lower_bound_ == pytest.approx(model.score(X), abs=1e-9)


@every_mixture
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_data_far_from_zero_lose_no_digits(mixture_class, dtype):
    X = np.round(draw(1500) * 8) / 8  # exact in float32 after the shift
    options = {"n_components": 3, "random_state": 0}
    near, far = (
        streamed(mixture_class(**options), (X + shift).astype(dtype)) for shift in (0, 8192)
    )
    tolerance = 1e-8 if dtype == np.float64 else 2e-3
    np.testing.assert_allclose(far.means_ - 8192, near.means_, atol=tolerance)
    np.testing.assert_allclose(far.covariances_, near.covariances_, atol=tolerance)


@every_mixture
def test_an_integer_weight_counts_as_repeated_rows(mixture_class):
    X, counts = draw(1200), np.random.default_rng(1).integers(0, 4, size=1200)
    first = mixture_class(n_components=3, random_state=0, forget_factor=0.2).fit(X[:600])
    weighted, repeated = first, copy.deepcopy(first)
    for rows in (slice(600, 900), slice(900, 1200)):
        weighted.partial_fit(X[rows], sample_weight=counts[rows])
        repeated.partial_fit(np.repeat(X[rows], counts[rows], axis=0))
    np.testing.assert_allclose(weighted.means_, repeated.means_, rtol=1e-9)
    np.testing.assert_allclose(weighted.covariances_, repeated.covariances_, rtol=1e-9)
    assert weighted.lower_bound_ == pytest.approx(repeated.lower_bound_, rel=1e-9)
    assert weighted.n_samples_seen_ == pytest.approx(repeated.n_samples_seen_)


@pytest.mark.parametrize("scale", [1e-280, 1e280])
def test_the_scale_of_weights_changes_no_likelihood_fit(scale):
    X, weight = draw(1000), np.random.default_rng(1).uniform(0.1, 2, size=1000)
    plain, scaled = (GaussianMixture(3, random_state=0) for _ in range(2))
    for rows in batches(np.arange(1000), 100):
        plain.partial_fit(X[rows], sample_weight=weight[rows])
        scaled.partial_fit(X[rows], sample_weight=scale * weight[rows])
    np.testing.assert_allclose(scaled.means_, plain.means_, rtol=1e-9)
    np.testing.assert_allclose(scaled.covariances_, plain.covariances_, rtol=1e-8)


@every_mixture
def test_a_weight_of_zero_leaves_a_row_out(mixture_class):
    X = draw(1000)
    one, other = (mixture_class(n_components=3, random_state=0) for _ in range(2))
    for part in batches(X, 100):
        one.partial_fit(part)
        wrong = np.vstack([part[:50], np.full((7, 2), 1e9), part[50:]])
        other.partial_fit(wrong, sample_weight=np.repeat([1.0, 0.0, 1.0], [50, 7, 50]))
    np.testing.assert_allclose(other.means_, one.means_, rtol=1e-12)
    np.testing.assert_allclose(other.covariances_, one.covariances_, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("forget_factor", [None, 0.1])
def test_weights_whose_sum_overflows_are_refused(forget_factor):
    model = GaussianMixture(1, forget_factor=forget_factor)
    model.fit(draw(100), sample_weight=1e306)
    before = state(model)
    with pytest.raises(ValueError, match="weights of all batches overflows"):
        model.partial_fit(draw(100), sample_weight=1.7e306)
    assert state(model) == before


# ---- stationary streams and drift


@pytest.mark.parametrize("name", ["full", "tied", "diag"])
def test_a_stationary_stream_ends_near_the_fit_of_all_rows(name):
    X = draw(100_000, n_features=3, distance=1.0)
    start = streamed(GaussianMixture(3, covariance_type=name, random_state=0), X[:1000], 500)
    whole = copy.deepcopy(start).set_params(warm_start=True, tol=1e-6, max_iter=500).fit(X)
    stream = streamed(start, X[1000:], 1000)
    assert stream.score(X) > whole.score(X) - 0.01
    assert stream.n_samples_seen_ == len(X)


@every_mixture
def test_a_forget_factor_follows_a_drift(mixture_class):
    random = np.random.default_rng(0)
    follows, averages = (
        mixture_class(n_components=2, random_state=0, forget_factor=forget)
        for forget in (0.1, None)
    )
    for t in range(300):
        centers = np.array([0.0, 8.0]) + 0.05 * t
        batch = random.normal(size=(200, 1)) + centers[random.integers(2, size=(200, 1))]
        follows.partial_fit(batch)
        averages.partial_fit(batch)
    lag = 0.05 / 0.1  # the mean age of the rows in the statistics is 1 / forget_factor batches
    np.testing.assert_allclose(np.sort(follows.means_.ravel()), centers - lag, atol=0.25)
    assert follows.score(batch) > averages.score(batch) + 0.05
    assert follows.n_samples_seen_ == pytest.approx(200 / 0.1, rel=0.01)


# ---- state


@every_mixture
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_batches", [6, 12])
@pytest.mark.parametrize(
    "resume",
    [
        lambda model: gmmx.load(model.to_bytes()),
        lambda model: pickle.loads(pickle.dumps(model)),
        copy.deepcopy,
    ],
    ids=["file", "pickle", "copy"],
)
def test_a_stream_resumes_bit_for_bit(mixture_class, dtype, n_batches, resume):
    X = draw(2000, seed=3).astype(dtype)
    model = streamed(mixture_class(n_components=3, random_state=0), X[: 100 * n_batches])
    resumed = streamed(resume(model), X[100 * n_batches :])
    assert state(resumed) == state(streamed(model, X[100 * n_batches :]))


@every_mixture
def test_a_pickle_keeps_the_first_rows(mixture_class):
    X = draw(1000)
    model = mixture_class(n_components=3, random_state=0).partial_fit(X[:50])
    resumed = pickle.loads(pickle.dumps(model))
    assert state(streamed(resumed, X[50:])) == state(streamed(model, X[50:]))


@every_mixture
def test_every_number_of_threads_gives_the_same_bits(mixture_class):
    X = draw(20_000)
    found = []
    for n_threads in (1, 2, 3):
        model = mixture_class(n_components=3, random_state=0, n_threads=n_threads)
        found.append(state(streamed(model, X, 2500)))
        assert found[-1].pop("n_threads") == n_threads
    assert found[0] == found[1] == found[2]


@every_mixture
def test_the_state_of_a_stream_does_not_grow(mixture_class):
    X = draw(30_000)
    model = streamed(mixture_class(n_components=3, random_state=0), X[:1000], 100)
    size = len(pickle.dumps(model))
    assert abs(len(pickle.dumps(streamed(model, X[1000:], 100))) - size) < 16


@every_mixture
@pytest.mark.parametrize("n_rows", [50, 1000])
def test_fit_starts_anew(mixture_class, n_rows):
    X = draw(1500)
    model = streamed(mixture_class(n_components=3, random_state=0), X[:n_rows]).fit(X)
    assert state(model) == state(mixture_class(n_components=3, random_state=0).fit(X))


@every_mixture
def test_partial_fit_goes_on_from_a_fit(mixture_class):
    X = draw(3000)
    model = mixture_class(n_components=3, random_state=0).fit(X)
    n_iter, means = model.n_iter_, model.means_.copy()
    model.partial_fit(X[:1] + 50.0)
    assert (model.n_iter_, model.converged_) == (n_iter + 1, False)
    assert model.n_samples_seen_ == pytest.approx(3001)
    assert model.lower_bounds_ == [model.lower_bound_]
    moved = np.abs(model.means_ - means).max()
    assert 1e-4 < moved < 2.0  # one row of 3001, but it is far away


def test_first_rows_are_copied():
    buffer, X = np.empty((50, 2)), draw(1000)
    model, expected = (GaussianMixture(3, random_state=0) for _ in range(2))
    for part in batches(X, 50):
        buffer[:] = part
        model.partial_fit(buffer)
        expected.partial_fit(part.copy())
    assert state(model) == state(expected)


def test_a_stream_without_enough_rows_is_not_fitted():
    model = GaussianMixture(2).partial_fit(draw(30))
    assert model.n_features_in_ == 2
    for call in (model.predict, model.score, model.sample, model.to_bytes):
        with pytest.raises(NotFittedError, match="partial_fit has 30 of the 220 rows"):
            call() if call in (model.sample, model.to_bytes) else call(draw(5))


def test_models_of_scikit_learn_and_of_known_parameters_go_on():
    X = draw(2000)
    other = mixture.BayesianGaussianMixture(n_components=3, random_state=0).fit(X)
    bayesian = BayesianGaussianMixture.from_sklearn(other).partial_fit(X)
    assert bayesian.n_samples_seen_ == pytest.approx(4000)
    known = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [1.0]], [1.0, 1.0], "spherical")
    before = known.means_.copy()
    known.partial_fit([[0.5]])
    assert 0 < np.abs(known.means_ - before).max() < 0.05
    pruned = bayesian.prune().partial_fit(X[:10])
    assert pruned.n_samples_seen_ == pytest.approx(4010)
    assert known.to_sklearn().predict([[5.0]]) == [1]


def test_a_file_from_before_streams_goes_on():
    model = gmmx.load(Path(__file__).parents[1] / "data" / "model_v1.gmmx")
    assert (model.learning_decay, model.forget_factor) == (0.7, None)
    with pytest.raises(AttributeError, match="n_samples_seen_"):
        model.n_samples_seen_  # noqa: B018
    batch = pd.DataFrame(model.sample(5)[0], columns=model.feature_names_in_)
    assert model.partial_fit(batch).n_samples_seen_ > 5


# ---- errors


@every_mixture
@pytest.mark.parametrize("n_rows", [50, 1000])
@pytest.mark.parametrize(
    ("batch", "match"),
    [
        (np.full((5, 2), np.nan), "contains NaN"),
        (np.zeros((5, 3)), "X has 3 features, but .* is expecting 2"),
        (np.array([[1e200, 0.0], [-1e200, 1.0]]), "too large"),
        ([["a", "b"]], "could not convert"),
        (np.zeros((0, 2)), "0 sample"),
    ],
)
def test_a_batch_that_cannot_be_used_changes_nothing(mixture_class, n_rows, batch, match):
    model = streamed(mixture_class(n_components=3, random_state=0), draw(n_rows))
    before = state(model)
    with pytest.raises(ValueError, match=match):
        model.partial_fit(batch)
    assert state(model) == before


@every_mixture
@pytest.mark.parametrize(
    ("weight", "match"),
    [([1.0], "expected"), ([1.0, -1.0], "negative"), ([0.0, 0.0], "sum of sample_weight")],
)
def test_weights_that_cannot_be_used_change_nothing(mixture_class, weight, match):
    model = streamed(mixture_class(n_components=3, random_state=0), draw(1000))
    before = state(model)
    with pytest.raises(ValueError, match=match):
        model.partial_fit(draw(2), sample_weight=weight)
    assert state(model) == before


@every_mixture
def test_another_shape_of_mixture_is_refused(mixture_class):
    model = streamed(mixture_class(n_components=3, random_state=0), draw(1000))
    before = state(model.set_params(n_components=4))
    with pytest.raises(ValueError, match="partial_fit continue from means"):
        model.partial_fit(draw(10))
    assert state(model) == before


def test_batches_have_the_names_of_the_first():
    frame = pd.DataFrame(draw(1000), columns=["a", "b"])
    for first in (frame[:20], frame):
        model = GaussianMixture(2).partial_fit(first)
        with pytest.raises(ValueError, match="feature names should match"):
            model.partial_fit(frame[["b", "a"]])
        assert list(model.partial_fit(frame[:5]).feature_names_in_) == ["a", "b"]


@every_mixture
@pytest.mark.parametrize(
    "parameter",
    [
        {"learning_offset": -0.1},
        {"learning_offset": np.inf},
        {"learning_decay": 0.5},
        {"learning_decay": 1.01},
        {"forget_factor": 0.0},
        {"forget_factor": 1.0},
        {"forget_factor": "slow"},
    ],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_invalid_parameters_are_refused(mixture_class, parameter, method):
    with pytest.raises(ValueError, match=f"The '{next(iter(parameter))}' parameter of"):
        getattr(mixture_class(**parameter), method)(draw(5))


# ---- collapse

LINE = 30 + np.random.default_rng(0).normal(size=(300, 1)) * np.ones(2)


def fitted_beside_a_line(**options):
    """Return a model with a component at `LINE` that hardly any sample before belongs to."""
    model = GaussianMixture(3, reg_covar=0.0, random_state=0, **options).fit(draw(600))
    model.means_[0], model.weights_[0] = 30.0, 1e-20
    return model


def test_a_collapse_is_an_error_and_changes_nothing():
    model = fitted_beside_a_line()
    before = state(model)
    with pytest.raises(DegenerateMixtureError, match="does not vary"):
        model.partial_fit(LINE)
    assert state(model) == before


@pytest.mark.parametrize(("degenerate", "n_left"), [("drop", 2), ("reseed", 3)])
def test_a_collapse_is_repaired_with_a_warning(degenerate, n_left):
    model = fitted_beside_a_line(degenerate=degenerate)
    with pytest.warns(gmmx.ConvergenceWarning, match="omponent 0"):
        model.partial_fit(LINE)
    assert len(model.means_) == n_left
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        streamed(model, draw(600))
    assert np.isfinite(model.covariances_).all()


def test_a_component_that_loses_its_last_samples_is_named():
    model = GaussianMixture(3, random_state=0, forget_factor=0.9).fit(draw(600))
    model.means_[0], model.weights_[0] = 1e6, 1e-283
    before = model.covariances_[0].copy()
    with pytest.warns(gmmx.ConvergenceWarning, match=r"Components \[0\] hold no samples"):
        model.partial_fit(draw(100))
    assert model.weights_[0] == 0
    np.testing.assert_array_equal(model.covariances_[0], before)
    streamed(model, draw(500))  # without a further warning
    assert model.weights_[0] == 0


# ---- scikit-learn


@every_mixture
def test_weights_are_requested_for_partial_fit(mixture_class):
    with sklearn.config_context(enable_metadata_routing=True):
        model = mixture_class().set_partial_fit_request(sample_weight=True)
        request = sklearn.base.clone(model).get_metadata_routing()
    assert request.partial_fit.requests == {"sample_weight": True}
    assert request.fit.requests == {"sample_weight": None}


def test_the_first_rows_count_no_weights_if_they_are_equal():
    X = draw(200)
    for equal_weights, n_parameters in ((False, 17), (True, 15)):
        needed = 40 * n_parameters // 2
        model = GaussianMixture(3, random_state=0, tol=1e-1, equal_weights=equal_weights)
        model.partial_fit(np.resize(X, (needed - 1, 2)))
        assert not hasattr(model, "means_")
        model.partial_fit(X[:1])
        assert hasattr(model, "means_")


@pytest.mark.parametrize("name", ["E", "V"])
@every_mixture
def test_a_structure_of_one_feature_refuses_the_first_batch_of_more(mixture_class, name):
    model = mixture_class(covariance_type=name)
    with pytest.raises(ValueError, match="is for samples of one feature"):
        model.partial_fit(draw(1))
    assert not hasattr(model, "n_features_in_")
