"""Validation of parameters and starting values: accepted, converted and refused values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmmx import GaussianMixture
from gmmx.checks.constructor import check_component_count, check_parameters, check_sample_count
from gmmx.checks.parameters import check_definite, check_means, check_weights
from gmmx.checks.random_state import check_random_state
from gmmx.model.covariance import STRUCTURES

NAME = "GaussianMixture"
OPTIONS = {"covariance_type": ("full", "tied"), "init_params": ("kmeans", "random")}


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


# ---------------------------------------------------------------- parameters of the constructor


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("n_components", value) for value in (1, np.int64(3), True)],
        *[("tol", value) for value in (0, 0.0, 1e-3, np.float32(0.5), np.int8(1))],
        *[("reg_covar", value) for value in (0, 1e-6)],
        *[("max_iter", value) for value in (0, 100)],
        *[("n_init", value) for value in (1, 10**30)],
        *[("init_params", value) for value in ("kmeans", "random")],
        *[("covariance_type", value) for value in ("full", "tied")],
        *[("random_state", value) for value in (None, 0, 2**32 - 1, np.random.RandomState(0))],
        *[("warm_start", value) for value in (True, np.False_)],
        *[("verbose", value) for value in (0, 2, True, np.True_)],
        ("verbose_interval", 1),
        *[("n_threads", value) for value in (None, 1, 64)],
        ("means_init", "looked at elsewhere"),
    ],
)
def test_valid_parameter_is_accepted(name, value):
    check_parameters({name: value}, NAME, OPTIONS)


AT_LEAST_ONE = r"an int in the range \[1, inf\)"
AT_LEAST_ZERO = r"a float in the range \[0.0, inf\)"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        *[
            ("n_components", value, AT_LEAST_ONE)
            for value in (0, -1, 2.5, 2.0, "3", np.nan, None, [2])
        ],
        *[("tol", value, AT_LEAST_ZERO) for value in (-1.0, np.nan, np.inf, "0.1", None)],
        *[("reg_covar", value, AT_LEAST_ZERO) for value in (-1e-6, np.nan, np.inf, 1j)],
        *[("max_iter", value, r"an int in the range \[0, inf\)") for value in (-1, 1.5)],
        ("n_init", 0, AT_LEAST_ONE),
        ("verbose_interval", 0, AT_LEAST_ONE),
        *[
            ("init_params", value, "a str among {'kmeans', 'random'}")
            for value in ("kmean", None, 1)
        ],
        *[
            ("covariance_type", value, "a str among {'full', 'tied'}")
            for value in ("fulll", None, ["full"])
        ],
        *[
            (
                "random_state",
                value,
                r"an int in the range \[0, 4294967295\], an instance of "
                "'numpy.random.mtrand.RandomState' or None",
            )
            for value in ("x", -1, 2**32, 0.5, np.random.default_rng(0), np.random)
        ],
        *[
            ("warm_start", value, "an instance of 'bool' or an instance of 'numpy.bool_?'")
            for value in (0, 1, "yes", None)
        ],
        *[
            (
                "verbose",
                value,
                r"an int in the range \[0, inf\), an instance of 'bool' or an instance of 'numpy",
            )
            for value in (-1, 0.5, None)
        ],
        *[
            ("n_threads", value, r"an int in the range \[1, 2147483647\] or None")
            for value in (0, -2, 1.0, "2", 2**31)
        ],
    ],
)
def test_invalid_parameter_is_refused(name, value, expected):
    message = rf"^The '{name}' parameter of {NAME} must be {expected}"
    with pytest.raises(ValueError, match=message) as raised:
        check_parameters({name: value}, NAME, OPTIONS)
    assert str(raised.value).endswith(f" Got {value!r} instead.")


def test_messages_about_parameters_are_those_of_scikit_learn():
    mixture = pytest.importorskip("sklearn.mixture")
    bad = {
        "n_components": 0,
        "tol": -1.0,
        "reg_covar": np.nan,
        "max_iter": -1,
        "n_init": 0,
        "random_state": "x",
        "warm_start": 2,
        "verbose": -1,
        "verbose_interval": 0,
    }
    for name, value in bad.items():
        with pytest.raises(ValueError, match=name) as theirs:
            mixture.GaussianMixture(**{name: value}).fit(np.arange(12.0).reshape(4, 3))
        with pytest.raises(ValueError, match=name) as ours:
            check_parameters({name: value}, NAME, OPTIONS)
        assert str(ours.value) == str(theirs.value)


def test_options_may_be_any_iterable():
    check_parameters({"covariance_type": "b"}, NAME, {"covariance_type": {"a": 1, "b": 2}})
    check_parameters({"covariance_type": "b"}, NAME, {"covariance_type": iter("ab")})


def test_random_state_is_that_of_scikit_learn():
    assert check_random_state(None) is np.random.mtrand._rand
    generator = np.random.RandomState(3)
    assert check_random_state(generator) is generator
    for seed in (3, np.uint8(3)):
        assert check_random_state(seed).uniform() == np.random.RandomState(3).uniform()
    for seed in ("x", 0.5, np.random.default_rng(0)):
        with pytest.raises(ValueError, match=r"cannot be used to seed a numpy.random.RandomState"):
            check_random_state(seed)


def test_more_components_than_samples_are_refused():
    check_component_count(3, 3)
    message = "Expected n_samples >= n_components but got n_components = 4, n_samples = 3"
    with pytest.raises(ValueError, match=message):
        check_component_count(4, 3)


def test_number_of_samples_to_draw():
    counts = [check_sample_count(n) for n in (1, np.int64(7), True, 1e5, np.float32(3))]
    assert counts == [1, 7, 1, 100_000, 3]
    assert all(type(count) is int for count in counts)
    for n_samples in (0, -1):
        message = f"Invalid value for 'n_samples': {n_samples} . The sampling requires at least"
        with pytest.raises(ValueError, match=message):
            check_sample_count(n_samples)
    for n_samples in (2.5, float("nan"), float("inf"), "3", None):
        with pytest.raises(TypeError, match="'n_samples' must be an int"):
            check_sample_count(n_samples)


# ---------------------------------------------------------------- starting values


CHECKS = {
    "weights_init": lambda values: check_weights(values, 2),
    "means_init": lambda values: check_means(values, 2, 1),
    "precisions_init": lambda values: check_definite(
        values, "precisions_init", "diag precision", (2, 1), are_matrices=False
    ),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64, int])
@pytest.mark.parametrize("argument", CHECKS)
def test_starting_values_are_copied_and_keep_their_precision(argument, dtype):
    values = np.array([1, 0] if argument == "weights_init" else [[1], [2]], dtype=dtype)
    result = CHECKS[argument](read_only(values))
    assert result.dtype == (np.float32 if dtype is np.float32 else np.float64)
    assert not np.shares_memory(result, values)
    assert result.flags.writeable
    np.testing.assert_array_equal(result, values)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("argument", CHECKS)
def test_starting_values_that_are_not_finite_are_refused(argument, bad):
    values = np.array([0.5, bad])
    with pytest.raises(ValueError, match=f"Input {argument} contains (NaN|infinity)"):
        CHECKS[argument](values if argument == "weights_init" else values[:, np.newaxis])


@pytest.mark.parametrize(
    ("argument", "quantity"),
    [("weights_init", "weights"), ("means_init", "means"), ("precisions_init", "diag precision")],
)
def test_starting_values_of_wrong_shape_are_refused(argument, quantity):
    message = rf"The parameter '{quantity}' should have the shape of \(2,.*\), but got \(3, 3\)"
    with pytest.raises(ValueError, match=message):
        CHECKS[argument](np.ones((3, 3)))


def test_weights_outside_their_range_are_refused():
    message = r"should be in the range \[0, 1\], but got max value 1.25000, min value -0.25000"
    with pytest.raises(ValueError, match="The parameter 'weights' " + message):
        check_weights([1.25, -0.25], 2)


@pytest.mark.parametrize(("dtype", "error"), [(np.float32, 1e-5), (np.float64, 1e-7)])
def test_weights_must_sum_to_one(dtype, error):
    with pytest.raises(ValueError, match=r"should be normalized, but got sum\(weights\) = 0.90000"):
        check_weights([0.4, 0.5], 2)
    check_weights(np.array([0.5, 0.5 - error / 100], dtype=dtype), 2)
    with pytest.raises(ValueError, match="should be normalized"):
        check_weights(np.array([0.5, 0.5 - error], dtype=dtype), 2)


def test_shape_of_precisions_is_that_of_the_structure():
    one = check_definite(2.0, "precisions_init", "tied-spherical precision", (), are_matrices=False)
    assert one.shape == ()
    message = r"'tied precision' should have the shape of \(2, 2\), but got \(2,\)"
    with pytest.raises(ValueError, match=message):
        check_definite([1.0, 2.0], "precisions_init", "tied precision", (2, 2), are_matrices=True)


@pytest.mark.parametrize("bad", [0.0, -1.0])
def test_single_precisions_must_be_positive(bad):
    with pytest.raises(ValueError, match="'diag precision' should be positive"):
        check_definite(
            [[1.0, bad]], "precisions_init", "diag precision", (1, 2), are_matrices=False
        )


NOT_POSITIVE_DEFINITE = {
    "asymmetric": [[1.0, 0.5], [0.4, 1.0]],
    "indefinite": [[1.0, 2.0], [2.0, 1.0]],
    "singular": [[1.0, 1.0], [1.0, 1.0]],
    "zero": [[0.0, 0.0], [0.0, 1.0]],
    "negative": [[-1.0, 0.0], [0.0, -1.0]],
    "huge beside tiny": [[1e-60, 1e60], [1e60, 1e-60]],
}


@pytest.mark.parametrize("scale", [2.0**-800, 1.0, 2.0**800])
@pytest.mark.parametrize("case", NOT_POSITIVE_DEFINITE)
def test_matrices_that_are_no_precisions_are_refused(case, scale):
    bad = np.array(NOT_POSITIVE_DEFINITE[case]) * scale
    with np.errstate(all="raise"):
        with pytest.raises(
            ValueError, match=r"^'tied precision' should be symmetric, positive-def"
        ):
            check_definite(bad, "precisions_init", "tied precision", (2, 2), are_matrices=True)
        message = "'full precision' should be .*, but the matrix of component 1 is not"
        with pytest.raises(ValueError, match=message):
            check_definite(
                [np.eye(2), bad], "precisions_init", "full precision", (2, 2, 2), are_matrices=True
            )


def test_entry_out_of_proportion_is_refused():
    with np.errstate(all="raise"), pytest.raises(ValueError, match="positive-definite"):
        check_definite(
            [[1e-300, 1e300], [1e300, 1e-300]],
            "precisions_init",
            "tied precision",
            (2, 2),
            are_matrices=True,
        )


@pytest.mark.parametrize("scale", [1e-6, 1.0, 3e4])
@pytest.mark.parametrize("multiple", range(1, 33))
def test_given_covariances_are_singular_where_those_of_a_fit_are(multiple, scale):
    eps = np.finfo(np.float64).eps
    correlation = np.sqrt(1 - multiple * eps)
    covariance = np.array([[1.0, correlation * scale], [correlation * scale, scale**2]])
    parameters = [1.0], [[0.0, 0.0]], covariance[np.newaxis]
    if STRUCTURES["full"].is_singular(covariance):
        assert multiple < 10
        with pytest.raises(ValueError, match="positive-definite"):
            GaussianMixture.from_parameters(*parameters)
    else:
        assert multiple > 7
        model = GaussianMixture.from_parameters(*parameters)
        np.testing.assert_array_equal(model.covariances_[0], covariance)


def test_low_rank_matrices_are_refused():
    for seed in range(20):
        factor = np.random.RandomState(seed).normal(size=(8, 1 + seed % 7))
        with pytest.raises(ValueError, match="positive-definite"):
            check_definite(
                factor @ factor.T, "precisions_init", "tied precision", (8, 8), are_matrices=True
            )


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_features=st.integers(1, 12),
    log10_condition=st.floats(0.0, 12.5),
    exponent=st.integers(-800, 800),
    spread=st.integers(0, 100),
)
def test_precisions_are_accepted_in_any_unit(seed, n_features, log10_condition, exponent, spread):
    random = np.random.RandomState(seed)
    axes, _ = np.linalg.qr(random.normal(size=(n_features, n_features)))
    eigenvalues = np.geomspace(1.0, 10.0**-log10_condition, n_features)
    units = 2.0 ** random.randint(-spread, spread + 1, size=n_features)
    precision = (axes * eigenvalues) @ axes.T * 2.0**exponent * units * units[:, np.newaxis]
    result = check_definite(
        precision, "precisions_init", "tied precision", precision.shape, are_matrices=True
    )
    np.testing.assert_array_equal(np.triu(result), np.triu(precision))
    np.testing.assert_array_equal(result, result.T)


def test_matrix_of_rounded_inverse_is_made_symmetric_and_input_is_kept():
    precision = np.array([[2.0, 0.5], [0.5 + 1e-9, 1.0]])
    before = precision.copy()
    result = check_definite(
        precision, "precisions_init", "tied precision", (2, 2), are_matrices=True
    )
    np.testing.assert_array_equal(result, [[2.0, 0.5], [0.5, 1.0]])
    np.testing.assert_array_equal(precision, before)
