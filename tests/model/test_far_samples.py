"""Squared distances that overflow, because samples are far away or variances are small."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from gmmx import BayesianGaussianMixture, GaussianMixture
from gmmx.model.covariance import CONJUGATE_STRUCTURES, STRUCTURES
from gmmx.model.parameters import MixtureParameters
from gmmx.samples.array_source import ArraySource

BITS = 5000  # precision in which all sums and products of the float64 values are exact

every_structure = pytest.mark.parametrize("name", STRUCTURES)
far_in_every_precision = pytest.mark.parametrize(
    ("dtype", "size"),
    [(np.float64, 1e155), (np.float64, 1e200), (np.float64, 1e308), (np.float32, 1e20),
     (np.float32, 3e38)],
)  # fmt: skip
WEIGHTS = np.array([0.5, 0.2, 0.3])
MEANS = np.array([[0.0, 1.0, -1.0], [2.0, 0.0, 0.5], [-1.0, 3.0, 1.0]])


def matrices_of(scales, matrix):
    """Return covariances of the structures of matrices with constraints, by name."""
    turn = np.array([[2.0, 2.0, -1.0], [2.0, -1.0, 2.0], [1.0, -2.0, -2.0]]) / 3
    turned = np.array([matrix, turn @ matrix @ turn.T, turn.T @ matrix @ turn])
    turned = 0.5 * (turned + turned.transpose(0, 2, 1))
    variances = np.array([[1.0, 2.0, 0.5], [2.0, 0.25, 2.0], [0.5, 4.0, 0.5]])
    aligned = (turn * variances[:, np.newaxis]) @ turn.T
    aligned = 0.5 * (aligned + aligned.transpose(0, 2, 1))
    volumes = scales[:, np.newaxis, np.newaxis]
    same_volumes = np.array([turned[0], aligned[1] * np.cbrt(np.linalg.det(matrix)), turned[2]])
    return {
        "VEE": volumes * matrix, "EVE": aligned, "VVE": volumes * aligned,
        "EEV": turned, "VEV": volumes * turned, "EVV": same_volumes,
    }  # fmt: skip


def covariances_of(name, scale=1.0):
    """Return covariances of order `scale` of three components with three features."""
    scales = np.array([1.0, 4.0, 2.25])
    matrix = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, -0.2], [0.1, -0.2, 1.5]])
    variances = np.array([1.0, 2.0, 0.5])
    order_one = {
        "full": scales[:, np.newaxis, np.newaxis] * matrix,
        "tied": matrix,
        "diag": np.outer(scales, variances),
        "spherical": scales,
        "tied-diag": variances,
        "tied-spherical": np.array(1.5),
        **matrices_of(scales, matrix),
        "VEI": np.outer(scales, variances),
        "EVI": np.array([[1.0, 2.0, 0.5], [2.0, 0.25, 2.0], [0.5, 4.0, 0.5]]),
    }
    return scale * order_one[name]


def mixture(name, scale=1.0, means=MEANS):
    return GaussianMixture.from_parameters(WEIGHTS, means, covariances_of(name, scale), name)


def factors_of(model):
    """Return upper triangular factors of the precisions, one matrix for each component."""
    n_components, n_features = model.means_.shape
    factors = np.asarray(model.precisions_cholesky_, dtype=np.float64)
    if STRUCTURES[model.covariance_type].are_matrices:
        return np.broadcast_to(factors, (n_components, n_features, n_features))
    if model.covariance_type == "spherical":
        factors = factors[:, np.newaxis]
    return np.broadcast_to(factors, (n_components, n_features))[:, :, np.newaxis] * np.eye(
        n_features
    )


def exact_responsibilities(model, X):
    """Return responsibilities from the model's factors and distances without rounding."""
    factors = factors_of(model)
    resp = np.empty((len(X), len(model.means_)))
    with mpmath.workprec(BITS):
        for i, row in enumerate(X):
            log_prob = [
                mpmath.log(mpmath.mpf(float(weight)))
                + mpmath.fsum(mpmath.log(mpmath.mpf(float(u))) for u in np.diag(factor))
                - sq_distance(row, mean, factor) / 2
                for weight, mean, factor in zip(model.weights_, model.means_, factors, strict=True)
            ]
            relative = [mpmath.exp(each - max(log_prob)) for each in log_prob]
            resp[i] = [float(each / mpmath.fsum(relative)) for each in relative]
    return resp


def sq_distance(row, mean, factor):
    centered = [mpmath.mpf(float(x)) - mpmath.mpf(float(m)) for x, m in zip(row, mean, strict=True)]
    return mpmath.fsum(
        mpmath.fsum(c * mpmath.mpf(float(u)) for c, u in zip(centered, column, strict=True)) ** 2
        for column in factor.T
    )


def assert_right(model, X):
    """Assert that probabilities and labels are exact, in batches of any rows."""
    expected = exact_responsibilities(model, X)
    resp = model.predict_proba(X)
    assert resp.dtype == X.dtype
    tolerance = 1e-4 if X.dtype == np.float32 else 1e-9
    np.testing.assert_allclose(resp, expected, rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(model.predict(X), expected.argmax(axis=1))
    for i in range(len(X)):
        np.testing.assert_array_equal(model.predict_proba(X[i : i + 1])[0], resp[i])
        assert model.predict(X[i : i + 1]) == expected[i].argmax()


# ---- predictions


@every_structure
@far_in_every_precision
def test_far_samples_have_their_true_responsibilities(name, dtype, size):
    directions = np.array([[1, 0, 0], [-1, 1, 0.25], [0, -0.5, 0], [1e-10, 1, -1], [0, 0, 1]])
    X = (size * directions).astype(dtype)
    model = mixture(name)
    assert np.isneginf(model.score_samples(X)).all()
    assert_right(model, X)


@pytest.mark.parametrize("name", ["diag", "full", "spherical"])
@pytest.mark.parametrize(("x", "dtype"), [(1e155, np.float64), (1e20, np.float32)])
def test_the_wider_of_two_components_holds_what_is_far(name, x, dtype):
    covariances = {"diag": [[1.0], [4.0]], "full": [[[1.0]], [[4.0]]], "spherical": [1.0, 4.0]}
    model = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [0.0]], covariances[name], name)
    X = np.array([[x], [-x]], dtype)
    np.testing.assert_array_equal(model.predict_proba(X), [[0, 1], [0, 1]])
    np.testing.assert_array_equal(model.predict(X), [1, 1])


@every_structure
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_far_samples_change_nothing_for_those_beside_them(name, dtype, n_threads):
    X = np.random.default_rng(0).normal(size=(5000, 3)).astype(dtype)
    model = mixture(name).set_params(n_threads=n_threads)
    near, labels = model.predict_proba(X), model.predict(X)
    far = [0, 17, 2500, 4999]
    others = np.delete(np.arange(len(X)), far)
    X[far, 1] = np.array([1, -1, 2, 3]) * (1e25 if dtype == np.float32 else 1e160)
    resp = model.predict_proba(X)
    np.testing.assert_array_equal(resp[others], near[others])
    np.testing.assert_array_equal(model.predict(X)[others], labels[others])
    np.testing.assert_allclose(resp[far], exact_responsibilities(model, X[far]), atol=1e-4)
    np.testing.assert_array_equal(model.predict(X)[far], resp[far].argmax(axis=1))


@every_structure
def test_all_samples_may_be_far(name):
    X = np.full((5000, 3), 1e170)
    X[::2] *= -1
    resp = mixture(name).predict_proba(X)
    np.testing.assert_array_equal(resp[2:], np.tile(resp[:2], (2499, 1)))
    np.testing.assert_array_equal(resp[:2], exact_responsibilities(mixture(name), X[:2]))


@every_structure
def test_weights_decide_between_equal_distances(name):
    model = mixture(name, means=np.zeros((3, 3)))
    X = np.array([[1e200, -1e200, 1e180]])
    assert_right(model, X)


@every_structure
def test_a_component_of_weight_zero_holds_nothing(name):
    model = mixture(name)
    X = np.array([[1e200, 0.0, 0.0]])
    k = int(model.predict(X)[0])
    model.weights_ = np.where(np.arange(3) == k, 0.0, model.weights_)
    model.weights_ = model.weights_ / model.weights_.sum()
    resp = model.predict_proba(X)
    assert resp[0, k] == 0
    assert resp.sum() == 1
    assert model.predict(X)[0] != k


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        *((name, 1e-323) for name in CONJUGATE_STRUCTURES),  # rounding breaks constraints
        *((name, 1e-312) for name in STRUCTURES if STRUCTURES[name].has_chart),
        *((name, scale) for scale in (1e-300, 1e-200) for name in STRUCTURES),
    ],
)
def test_variances_may_be_as_small_as_numbers_are(name, scale):
    deviation = scale**0.5
    means = deviation * MEANS
    X = deviation * (np.random.default_rng(0).normal(size=(20, 3)) + MEANS[1])
    model = mixture(name, scale, means)
    assert np.isfinite(model.score_samples(X)).all()
    assert_right(model, X)
    assert_right(model, 1e160 * deviation * np.array([[1, 0, 0], [0, -1, 1]]))


@every_structure
def test_samples_may_be_as_large_as_numbers_are(name):
    model = mixture(name, 1e280, 1e290 * MEANS)
    assert_right(model, 1e290 * np.array([[3, 1, 0], [1.5, -0.5, 1], [1e18, -1e18, 1e18]]))


@pytest.mark.parametrize("name", ["diag", "spherical", "full"])
@pytest.mark.parametrize(
    ("mean", "variances", "x"),
    [(0.0, [1e-80, 1.0], 0.0), (0.0, [1e80, 1.0], 1e38), (1e40, [1e76, 1e80], 1e38)],
)
def test_samples_in_float32_meet_parameters_beyond_its_range(name, mean, variances, x):
    shape = {"diag": (2, 1), "spherical": (2,), "full": (2, 1, 1)}[name]
    model = GaussianMixture.from_parameters(
        [0.5, 0.5], [[mean], [0.0]], np.reshape(variances, shape), name
    )
    X = np.array([[x], [0.5 * x]], np.float32)
    expected = exact_responsibilities(model, X)
    for rows in (slice(0, 2), slice(1, 2)):
        resp = model.predict_proba(X[rows])
        assert resp.dtype == np.float32
        np.testing.assert_allclose(resp, expected[rows], rtol=1e-5, atol=1e-30)
        np.testing.assert_array_equal(model.predict(X[rows]), expected[rows].argmax(axis=1))
        log_prob = model.score_samples(X[rows])
        assert log_prob.dtype == np.float32
        np.testing.assert_allclose(log_prob, model.score_samples(X[rows].astype(float)), rtol=1e-6)


@pytest.mark.filterwarnings("ignore::gmmx.ConvergenceWarning")
def test_bayesian_mixtures_place_far_samples():
    X = np.random.default_rng(0).normal(size=(200, 2))
    X[100:] *= 5
    model = BayesianGaussianMixture(n_components=2, random_state=0, max_iter=20).fit(X)
    wide = int(np.linalg.det(model.covariances_).argmax())
    far = np.array([[1e160, 1e160], [-1e200, 1e200]])
    np.testing.assert_array_equal(model.predict(far), wide)
    np.testing.assert_array_equal(model.predict_proba(far)[:, wide], 1)


def test_nothing_is_said_on_the_way():
    with np.errstate(all="raise"):
        mixture("full").predict_proba(np.array([[1e300, 1e-300, 0.0]]))


# ---- fits


@every_structure
@pytest.mark.parametrize(
    ("dtype", "deviation", "far"), [(np.float64, 1e-60, 1e120), (np.float32, 1e-12, 1e12)]
)
@pytest.mark.parametrize("n_samples", [40, 40_000])
@pytest.mark.parametrize("n_features", [1, 3])
def test_an_e_step_does_not_guess(name, dtype, deviation, far, n_samples, n_features):
    """Squares of the samples are in range; squared distances in standard deviations are not."""
    X = deviation * np.random.default_rng(0).normal(size=(n_samples, n_features))
    X[3] = far
    structure = STRUCTURES[name]
    shape = structure.covariance_shape(2, n_features)
    unit = np.eye(n_features) if structure.are_matrices else 1.0
    covariances = np.broadcast_to(deviation**2 * unit, shape).copy()
    covariance = structure.from_covariances(covariances, 2, n_features)
    means = deviation * np.array([[-1.0], [1.0]]) * np.ones(n_features)
    parameters = MixtureParameters(np.array([0.5, 0.5]), means, covariance)
    statistics = ArraySource(X.astype(dtype), 2).statistics(parameters)
    assert statistics.log_likelihood == -np.inf
    near = ArraySource(np.delete(X, 3, axis=0).astype(dtype), 2).statistics(parameters)
    assert np.isfinite(near.log_likelihood)


@every_structure
def test_a_fit_from_means_too_far_away_is_refused(name):
    X = np.random.default_rng(0).normal(size=(100, 2)).astype(np.float32)
    X[0] = 1e12
    shape = STRUCTURES[name].covariance_shape(2, 2)
    precisions = np.broadcast_to(1e18 * np.eye(2) if STRUCTURES[name].are_matrices else 1e18, shape)
    model = GaussianMixture(
        2, covariance_type=name, means_init=[[0.0, 0.0], [1.0, 1.0]], weights_init=[0.5, 0.5],
        precisions_init=precisions,
    )  # fmt: skip
    with pytest.raises(ValueError, match="too far from the starting means"):
        model.fit(X)
    assert not hasattr(model, "means_")
