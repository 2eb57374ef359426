"""Invalid, unusual and degenerate data: a clear error or a finite model, and no lost model."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn import mixture
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gmmx import ConvergenceWarning, GaussianMixture, NotFittedError
from gmmx.model.collapse import DegenerateMixtureError
from gmmx.model.covariance import CONJUGATE_STRUCTURES, STRUCTURES
from gmmx.starts.initializer import INIT_PARAMS
from twin import dense

EPS = float(np.finfo(np.float64).eps)
SEVERAL_TYPES = [name for name in STRUCTURES if STRUCTURES[name].covariance_shape(7, 5)[:1] == (7,)]
# A component of EEV on equal points gets the variances of the others.
COLLAPSING_TYPES = [name for name in SEVERAL_TYPES if name != "EEV"]

every_structure = pytest.mark.parametrize("name", STRUCTURES)
every_start = pytest.mark.parametrize("init_params", INIT_PARAMS)
unconverged = pytest.mark.filterwarnings("ignore:Best performing initialization did not converge")


def clusters(n_samples=200, n_features=2, seed=0):
    random = np.random.default_rng(seed)
    X = random.normal(size=(n_samples, n_features))
    X[: n_samples // 2] += 6.0
    return X


def fitted_state(model):
    """Return all fitted attributes, arrays as bytes."""
    return {
        name: (value.dtype, value.shape, value.tobytes()) if hasattr(value, "dtype") else value
        for name, value in copy.deepcopy(vars(model)).items()
        if name.endswith("_")
    }


def is_finite(model):
    names = ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_")
    return all(np.all(np.isfinite(getattr(model, name))) for name in names)


def variances_of(model):
    matrices = dense(model.covariances_, model.covariance_type, *model.means_.shape)
    return np.einsum("kdd->kd", matrices)


# ---- data that cannot be used

X3 = clusters(n_features=3)
WITH_NAN, WITH_INFINITY, WITH_BOTH = X3.copy(), X3.copy(), X3.copy()
WITH_NAN[-1, 2] = np.nan
WITH_INFINITY[5, 0] = -np.inf
WITH_BOTH[:2, 1] = np.inf, -np.inf
LATE_NAN = np.zeros((70_002, 3))
LATE_NAN[-1, 0] = np.nan

BAD_SAMPLES = {
    "NaN": (WITH_NAN, ValueError, "Input X contains NaN"),
    "late NaN": (LATE_NAN, ValueError, r"Input X contains NaN.*\(70001, 0\)"),
    "infinity": (WITH_INFINITY, ValueError, "contains infinity"),
    "opposite infinities": (WITH_BOTH, ValueError, "contains infinity"),
    "1-d": (X3[:, 0], ValueError, r"Expected 2D array, got 1D array(.|\n)*reshape"),
    "3-d": (X3[:, :, np.newaxis], ValueError, "dim 3"),
    "scalar": (1.0, ValueError, "Expected 2D array"),
    "none": (None, ValueError, "Expected 2D array"),
    "no rows": (X3[:0], ValueError, r"0 sample\(s\)"),
    "no columns": (X3[:, :0], ValueError, r"0 feature\(s\)"),
    "complex": (X3 * 1j, ValueError, "Complex data not supported"),
    "strings": ([["a", "b", "c"]] * 4, ValueError, "could not convert"),
    "sparse": (sparse.csr_array(X3), TypeError, "Sparse data was passed(.|\n)*dense"),
    "ragged": ([[1.0, 2.0, 3.0], [1.0, 2.0]], ValueError, "inhomogeneous"),
    "dict": ({"a": [1.0]}, TypeError, "dict"),
    "dates": (np.zeros((4, 3), "datetime64[s]"), TypeError, "datetime64"),
}


@pytest.mark.parametrize("case", BAD_SAMPLES)
def test_unusable_samples_are_refused_everywhere_and_the_model_is_kept(case):
    X, error, message = BAD_SAMPLES[case]
    model = GaussianMixture(2, random_state=0).fit(X3)
    before = fitted_state(model)
    for method in ("fit", "fit_predict", "predict", "predict_proba", "score_samples", "score",
                   "aic", "bic"):  # fmt: skip
        with pytest.raises(error, match=message):
            getattr(model, method)(X)
    assert fitted_state(model) == before


def test_too_few_samples_are_refused():
    with pytest.raises(ValueError, match="minimum of 2 is required by GaussianMixture"):
        GaussianMixture().fit(X3[:1])
    message = "Expected n_samples >= n_components but got n_components = 5, n_samples = 4"
    with pytest.raises(ValueError, match=message):
        GaussianMixture(5).fit(X3[:4])
    model = GaussianMixture(2).fit(X3)
    assert model.predict(X3[:1]).shape == (1,)


def test_other_features_than_those_of_fit_are_refused():
    model = GaussianMixture(2).fit(X3)
    with pytest.raises(ValueError, match="X has 2 features, but GaussianMixture is expecting 3"):
        model.predict(X3[:, :2])


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score_samples", "score", "bic"])
def test_an_unfitted_model_says_so(method):
    with pytest.raises(NotFittedError, match=r"not fitted yet\. Call 'fit'"):
        getattr(GaussianMixture(), method)(X3)
    with pytest.raises(NotFittedError):
        GaussianMixture().sample()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_components": 0}, "'n_components' parameter of GaussianMixture must be an int"),
        ({"n_components": 2.5}, "'n_components' parameter"),
        ({"covariance_type": "fulll"}, "among {'full', 'tied', 'diag', 'spherical'"),
        ({"init_params": "kmean"}, "among {'kmeans', 'k-means\\+\\+', 'random'"),
        ({"tol": -1.0}, "'tol' parameter"),
        ({"reg_covar": np.nan}, "'reg_covar' parameter"),
        ({"max_iter": -1}, "'max_iter' parameter"),
        ({"n_init": 0}, "'n_init' parameter"),
        ({"random_state": "x"}, "'random_state' parameter"),
        ({"n_threads": 0}, "'n_threads' parameter"),
        ({"weights_init": [0.4, 0.5]}, "should be normalized"),
        ({"weights_init": [1.5, -0.5]}, r"in the range \[0, 1\]"),
        ({"weights_init": [0.5, np.nan]}, "weights_init contains NaN"),
        ({"weights_init": [1.0]}, "should have the shape of"),
        ({"means_init": np.full((2, 3), np.nan)}, "means_init contains NaN"),
        ({"means_init": np.zeros((2, 2))}, "should have the shape of"),
        ({"precisions_init": -np.eye(3)}, "should have the shape of"),
        ({"precisions_init": [np.eye(3), -np.eye(3)]}, "symmetric, positive-definite"),
        (
            {"covariance_type": "diag", "precisions_init": [[1.0, 0.0, 1.0], [1.0, 1.0, 1.0]]},
            "should be positive",
        ),
        (
            {"covariance_type": "diag", "precisions_init": np.full((2, 3), np.inf)},
            "precisions_init contains infinity",
        ),
    ],
)
def test_invalid_parameters_are_refused_and_the_model_is_kept(parameters, message):
    model = GaussianMixture(2).fit(X3)
    before = fitted_state(model)
    with pytest.raises(ValueError, match=message):
        model.set_params(**parameters).fit(X3)
    assert fitted_state(model) == before


def test_unknown_parameters_are_refused():
    with pytest.raises(TypeError, match="components"):
        GaussianMixture(components=2)


@pytest.mark.parametrize(
    ("n_samples", "error"), [(0, ValueError), (-1, ValueError), (2.5, TypeError)]
)
def test_impossible_numbers_of_samples_are_refused(n_samples, error):
    with pytest.raises(error, match="n_samples"):
        GaussianMixture().fit(X3).sample(n_samples)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5, 0.4], [[0.0], [1.0]], [[1.0], [1.0]]), "should be normalized"),
        (([1.0], [0.0], [[1.0]]), "'means' should have the shape of"),
        (([1.0], [[np.nan]], [[1.0]]), "contains NaN"),
        (([1.0], [[0.0]], [[0.0]]), "should be positive"),
        (([1.0], [[0.0, 1.0]], [[1.0]]), "should have the shape of"),
    ],
)
def test_known_parameters_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture.from_parameters(*arguments, covariance_type="diag")
    with pytest.raises(ValueError, match="covariance_type"):
        GaussianMixture.from_parameters([1.0], [[0.0]], [[1.0]], "round")


# ---- collapse


def with_repeated_points(n_repeated=30):
    """Return samples with equal points, on which a component may collapse."""
    X = clusters(150)
    X[:n_repeated] = [20.0, -20.0]
    return X


COLLAPSED = (
    r"^Fitting the mixture model failed because some components have ill-defined empirical "
    r"covariance .* increase reg_covar, or scale the input data\."
)


@pytest.mark.parametrize("name", COLLAPSING_TYPES)
def test_a_collapsed_component_is_named(name):
    model = GaussianMixture(3, covariance_type=name, reg_covar=0.0, n_init=3, random_state=0)
    message = COLLAPSED + r" Here component \d, which holds 30 of 150 samples, has no variance"
    with pytest.raises(ValueError, match=message):
        model.fit(with_repeated_points())
    with pytest.raises(ValueError, match="passing float64 data instead of float32"):
        model.fit(with_repeated_points().astype(np.float32))
    assert not hasattr(model, "means_")
    model.set_params(reg_covar=1e-6).fit(with_repeated_points())
    # A structure with constraints may divide the variance among the two features.
    floor = 1e-6 if name in CONJUGATE_STRUCTURES else 1e-6 / 2
    assert variances_of(model).min() >= floor * (1.0 - 4.0 * EPS)


@pytest.mark.parametrize("name", COLLAPSING_TYPES)
def test_a_failed_fit_leaves_the_model_as_it_was(name):
    model = GaussianMixture(3, covariance_type=name, random_state=0).fit(clusters())
    before, predicted = fitted_state(model), model.predict_proba(clusters())
    with pytest.raises(ValueError, match=COLLAPSED):
        model.set_params(reg_covar=0.0).fit(with_repeated_points())
    assert fitted_state(model) == before
    np.testing.assert_array_equal(model.predict_proba(clusters()), predicted)


@pytest.mark.parametrize("name", ["full", "diag", "spherical"])
@unconverged
def test_a_start_that_collapses_is_left_out(name):
    X = clusters()
    X[:2] = [9.0, -9.0]
    options = {"covariance_type": name, "reg_covar": 0.0, "init_params": "random", "max_iter": 60}
    generator, lower_bounds = np.random.RandomState(0), []
    for _ in range(12):
        try:
            model = GaussianMixture(3, random_state=generator, **options).fit(X)
            lower_bounds.append(model.lower_bound_)
        except DegenerateMixtureError:
            lower_bounds.append(-np.inf)
    is_collapsed = np.isneginf(lower_bounds)
    assert is_collapsed.any(), "no start collapses"
    assert not is_collapsed.all(), "every start collapses"
    model = GaussianMixture(3, random_state=0, n_init=12, **options).fit(X)
    assert model.lower_bound_ == max(lower_bounds)
    assert is_finite(model)


@every_structure
def test_equal_points_need_regularization(name):
    X = np.full((20, 3), 0.1)
    message = COLLAPSED + ".*has no variance"
    with pytest.raises(ValueError, match=message):
        GaussianMixture(1, covariance_type=name, reg_covar=0.0).fit(X)
    model = GaussianMixture(1, covariance_type=name).fit(X)
    np.testing.assert_allclose(variances_of(model), 1e-6, rtol=1e-9)
    np.testing.assert_array_equal(model.means_, X[:1])


@every_structure
def test_fewer_samples_than_features_need_regularization(name):
    X = clusters(5, 12)
    if STRUCTURES[name].are_matrices:
        with pytest.raises(ValueError, match=COLLAPSED):
            GaussianMixture(1, covariance_type=name, reg_covar=0.0).fit(X)
    assert is_finite(GaussianMixture(1, covariance_type=name).fit(X))


# ---- components and points


@every_structure
def test_an_empty_component_is_named_and_keeps_finite_parameters(name):
    X = clusters()
    means = np.array([[0.0, 0.0], [1e5, 1e5], [6.0, 6.0]])
    precisions = np.ones(STRUCTURES[name].covariance_shape(3, 2))
    if STRUCTURES[name].are_matrices:
        precisions = precisions * np.eye(2)
    model = GaussianMixture(
        3, covariance_type=name, weights_init=np.full(3, 1 / 3), means_init=means,
        precisions_init=precisions,
    )  # fmt: skip
    with pytest.warns(ConvergenceWarning, match=r"Components \[1\] hold no samples"):
        model.fit(X)
    assert is_finite(model)
    assert model.weights_[1] == 0.0
    np.testing.assert_array_equal(model.means_[1], means[1])
    assert np.all(model.predict_proba(X)[:, 1] == 0.0)
    assert np.all(model.predict_proba(means)[:, 1] == 0.0)
    assert 1 not in model.predict(np.vstack([X, means]))
    assert np.all(np.isfinite(model.score_samples(X)))
    assert 1 not in model.sample(1000)[1]
    model.set_params(warm_start=True).fit(X)  # no warning: the component was empty at the start
    assert is_finite(model)


@every_structure
@every_start
def test_more_components_than_distinct_points(name, init_params):
    X = np.repeat([[0.0, 1.0], [5.0, 5.0], [-3.0, 2.0]], 10, axis=0)
    model = GaussianMixture(5, covariance_type=name, init_params=init_params, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X)
    assert all(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    if init_params in ("kmeans", "whitened", "hierarchical"):
        assert any("fewer distinct points than components" in str(each.message) for each in caught)
    assert is_finite(model)
    assert np.all(np.isfinite(model.score_samples(X)))
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)


# ---- scales and offsets


@every_structure
@pytest.mark.parametrize("constant", [0.0, 1.0, 1e8 + 0.1, -1e15])
@unconverged
def test_constant_features_get_the_variance_reg_covar(name, constant):
    X = np.column_stack([clusters(), np.full(200, constant)])
    model = GaussianMixture(2, covariance_type=name, random_state=0).fit(X)
    assert is_finite(model)
    np.testing.assert_array_equal(model.means_[:, 2], constant)
    without = GaussianMixture(2, covariance_type=name, random_state=0).fit(X[:, :2])
    np.testing.assert_array_equal(model.predict(X), without.predict(X[:, :2]))
    if STRUCTURES[name].covariance_shape(7, 5)[-1:] == (5,):
        # Constraints couple a component's variance of this feature to other variances.
        tolerance = 1e-9 if name in CONJUGATE_STRUCTURES else 0.5
        np.testing.assert_allclose(variances_of(model)[:, 2], 1e-6, rtol=tolerance)


@every_structure
@pytest.mark.parametrize(
    ("offset", "dtype", "tolerance"), [(1e8, np.float64, 1e-4), (1e4, np.float32, 0.05)]
)
def test_data_far_from_the_origin_are_fitted_as_those_near_it(name, offset, dtype, tolerance):
    X = np.round(clusters(2000) * 2.0**10) / 2.0**10
    near = GaussianMixture(2, covariance_type=name, random_state=0).fit(X)
    far = GaussianMixture(2, covariance_type=name, random_state=0).fit((X + offset).astype(dtype))
    assert is_finite(far)
    assert far.means_.dtype == dtype
    np.testing.assert_allclose(far.means_.astype(float) - offset, near.means_, atol=tolerance)
    np.testing.assert_allclose(variances_of(far), variances_of(near), rtol=tolerance)
    agreement = far.predict((X + offset).astype(dtype)) == near.predict(X)
    assert agreement.mean() > 0.999
    assert far.score((X + offset).astype(dtype)) == pytest.approx(near.score(X), rel=tolerance)


@every_structure
@every_start
@pytest.mark.parametrize(("size", "dtype"), [(1e200, np.float64), (1e25, np.float32)])
def test_values_whose_squares_overflow_are_refused(name, init_params, size, dtype):
    X = (size * clusters()).astype(dtype)
    model = GaussianMixture(2, covariance_type=name, init_params=init_params, random_state=0)
    with pytest.raises(ValueError, match=r"values in X are too large(.|\n)*Scale the data"):
        model.fit(X)


@every_structure
@pytest.mark.parametrize("size", [1e-140, 1e-20, 1e20, 1e140])
def test_values_whose_squares_do_not_overflow_are_fitted(name, size):
    X = clusters()
    options = {"covariance_type": name, "random_state": 0, "reg_covar": 0.0}
    unit, other = GaussianMixture(2, **options).fit(X), GaussianMixture(2, **options).fit(size * X)
    # An iterative orientation of all components may take one step more or less.
    tolerance = 1e-6 if name in ("EVE", "VVE") else 1e-9
    np.testing.assert_allclose(other.means_ / size, unit.means_, rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(other.predict(size * X), unit.predict(X))


@every_structure
@pytest.mark.parametrize(("dtype", "far"), [(np.float64, 1e200), (np.float32, 1e30)])
def test_far_points_have_probabilities(name, dtype, far):
    X = clusters().astype(dtype)
    model = GaussianMixture(2, covariance_type=name, random_state=0).fit(X)
    points = np.array([[far, 0.0], [-far, far], [0.0, 0.0]], dtype)
    resp = model.predict_proba(points)
    assert np.all(resp >= 0.0)
    np.testing.assert_allclose(resp.sum(axis=1), 1.0, rtol=1e-6)
    log_prob = model.score_samples(points)
    assert np.all(np.isneginf(log_prob[:2]))
    assert np.isfinite(log_prob[2])
    assert set(model.predict(points).tolist()) <= {0, 1}
    assert model.score(points) == -np.inf


@every_structure
@every_start
@pytest.mark.parametrize("spread", [1.0, 1e3, 1e100])
@unconverged
def test_no_floating_point_error_reaches_the_caller(name, init_params, spread):
    X = clusters(300)
    X[:10] = 1e-160
    X[10:20] *= spread
    model = GaussianMixture(
        3, covariance_type=name, init_params=init_params, random_state=0, max_iter=5
    )
    with np.errstate(all="raise"):
        try:
            model.fit(X)
        except DegenerateMixtureError:  # a few points of this size may be collinear
            return
        model.weights_ = np.array([0.5, 0.5, 0.0])
        for points in (X, np.array([[1e200, 0.0], [1e-310, 5e-324]])):
            model.predict_proba(points), model.score_samples(points), model.predict(points)
        model.sample(50), model.bic(X)


# ---- bookkeeping


@every_structure
def test_no_iterations_leave_the_given_model(name):
    X = clusters()
    source = GaussianMixture(2, covariance_type=name, random_state=0).fit(X)
    start = {
        "weights_init": source.weights_,
        "means_init": source.means_,
        "precisions_init": source.precisions_,
    }
    model = GaussianMixture(2, covariance_type=name, max_iter=0, **start).fit(X)
    np.testing.assert_array_equal(model.weights_, source.weights_)
    np.testing.assert_array_equal(model.means_, source.means_)
    np.testing.assert_allclose(model.covariances_, source.covariances_, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(model.score_samples(X), source.score_samples(X), rtol=1e-11)
    assert (model.n_iter_, model.converged_, model.lower_bounds_) == (0, False, [])
    assert model.lower_bound_ == -np.inf


@every_start
def test_no_iterations_from_any_start(init_params):
    model = GaussianMixture(3, max_iter=0, init_params=init_params, random_state=0)
    assert model.fit_predict(clusters()).shape == (200,)
    assert is_finite(model)


@every_structure
def test_fit_leaves_the_arguments_of_the_constructor_alone(name):
    X = clusters()
    source = GaussianMixture(2, covariance_type=name, random_state=0).fit(X)
    start = {
        "weights_init": source.weights_.tolist(),
        "means_init": source.means_.astype(np.float32),
        "precisions_init": source.precisions_.copy(),
    }
    before = copy.deepcopy(start)
    model = GaussianMixture(2, covariance_type=name, **start)
    params = model.get_params()
    model.fit(X)
    for argument, value in start.items():
        assert model.get_params()[argument] is value
        np.testing.assert_array_equal(value, before[argument])
    assert model.get_params() is not params
    for attribute in ("means_", "precisions_"):
        assert not np.shares_memory(getattr(model, attribute), start[attribute[:-1] + "_init"])
    assert model.means_.dtype == np.float64


@every_structure
@unconverged
def test_the_best_of_several_starts_is_kept(name):
    X = clusters(300, 4)
    options = {"covariance_type": name, "init_params": "random", "max_iter": 20, "tol": 1e-4}
    generator = np.random.RandomState(3)
    singles = [GaussianMixture(4, random_state=generator, **options).fit(X) for _ in range(5)]
    best = max(singles, key=lambda model: model.lower_bound_)
    model = GaussianMixture(4, random_state=3, n_init=5, **options).fit(X)
    assert fitted_state(model) == fitted_state(best)
    assert model.lower_bounds_[-1] == model.lower_bound_
    assert len(model.lower_bounds_) == model.n_iter_
    assert type(model.lower_bounds_) is list
    assert model.score(X) >= model.lower_bound_ - 1e-6
    assert type(model.converged_) is bool


@every_structure
def test_an_unconverged_fit_is_warned_about(name):
    model = GaussianMixture(3, covariance_type=name, max_iter=2, tol=0.0, random_state=0)
    with pytest.warns(ConvergenceWarning, match="increase max_iter") as caught:
        model.fit(clusters())
    assert caught[0].filename == __file__
    assert not model.converged_
    with pytest.warns(ConvergenceWarning) as caught:
        model.fit_predict(clusters())
    assert caught[0].filename == __file__


@every_structure
@unconverged
def test_a_warm_start_goes_on_where_the_last_fit_ended(name):
    X = clusters()
    options = {"covariance_type": name, "tol": 0.0, "random_state": 0, "init_params": "random"}
    together = GaussianMixture(3, max_iter=6, **options).fit(X)
    apart = GaussianMixture(3, max_iter=2, warm_start=True, **options).fit(X).fit(X).fit(X)
    for attribute in ("weights_", "means_", "covariances_", "precisions_cholesky_"):
        np.testing.assert_array_equal(getattr(apart, attribute), getattr(together, attribute))
    assert apart.lower_bound_ == together.lower_bound_
    assert apart.lower_bounds_ == together.lower_bounds_[4:]
    apart.set_params(warm_start=False).fit(X)
    assert apart.lower_bounds_ == together.lower_bounds_[:2]


def test_a_warm_start_with_other_sizes_is_refused():
    X = clusters()
    model = GaussianMixture(2, warm_start=True).fit(X)
    before = fitted_state(model)
    for parameters in ({"n_components": 3}, {"covariance_type": "diag"}):
        other = copy.deepcopy(model).set_params(**parameters)
        with pytest.raises(ValueError, match="warm_start=False"):
            other.fit(X)
        assert fitted_state(other) == before
    with pytest.raises(ValueError, match="warm_start=False"):
        model.fit(clusters(n_features=3))
    assert fitted_state(model) == before


def test_without_random_state_the_generator_of_numpy_decides():
    X = clusters(300, 3)
    state = np.random.get_state()  # noqa: NPY002
    try:
        models = []
        for _ in range(2):
            np.random.seed(7)  # noqa: NPY002
            models.append(GaussianMixture(5, init_params="random", max_iter=0).fit(X))
        assert fitted_state(models[0]) == fitted_state(models[1])
        assert fitted_state(models[0].fit(X)) != fitted_state(models[1])
    finally:
        np.random.set_state(state)  # noqa: NPY002


@unconverged
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_verbose_prints_what_scikit_learn_prints(capsys):
    options = {"n_init": 2, "verbose": 1, "verbose_interval": 2, "max_iter": 5, "tol": 0.0}
    printed = []
    for library in (GaussianMixture, mixture.GaussianMixture):
        library(2, random_state=0, **options).fit(clusters())
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    GaussianMixture(2, random_state=0, verbose=2).fit(clusters())
    assert "lower bound" in capsys.readouterr().out


# ---- copies


@every_structure
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickled_models_are_the_same(name, protocol):
    X = clusters()
    model = GaussianMixture(2, covariance_type=name, random_state=0).fit(X)
    for twin in (pickle.loads(pickle.dumps(model, protocol)), copy.deepcopy(model)):
        assert fitted_state(twin) == fitted_state(model)
        np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
        assert repr(twin) == repr(model)
        assert fitted_state(twin.fit(X)) == fitted_state(model)


def test_a_deep_copy_shares_nothing():
    model = GaussianMixture(2, random_state=0).fit(clusters())
    before = fitted_state(model)
    copy.deepcopy(model).means_[...] = 0.0
    assert fitted_state(model) == before


def test_a_clone_has_the_parameters_only():
    means = [[0.0, 0.0], [6.0, 6.0]]
    model = GaussianMixture(2, means_init=means, n_threads=1, random_state=0).fit(clusters())
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    assert not hasattr(twin, "means_")
    assert fitted_state(twin.fit(clusters())) == fitted_state(model)


@every_structure
def test_attributes_set_by_hand_make_a_model(name):
    X = clusters()
    model = GaussianMixture(2, covariance_type=name, random_state=0).fit(X)
    twin = GaussianMixture(2, covariance_type=name)
    for attribute in ("weights_", "means_", "covariances_", "precisions_cholesky_"):
        setattr(twin, attribute, getattr(model, attribute))
    np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))


# ---- scikit-learn's tools, and data frames


def test_pipelines_searches_and_cross_validation():
    X = clusters(120)
    pipeline = make_pipeline(StandardScaler(), GaussianMixture(2, random_state=0))
    assert set(pipeline.fit(X).predict(X).tolist()) == {0, 1}
    assert np.isfinite(pipeline.score(X))
    grid = {"n_components": [1, 2], "covariance_type": list(STRUCTURES)}
    search = GridSearchCV(GaussianMixture(random_state=0), grid, cv=3).fit(X)
    assert search.best_params_["n_components"] == 2
    ours = cross_val_score(GaussianMixture(2, random_state=0), X, cv=3)
    theirs = cross_val_score(mixture.GaussianMixture(2, random_state=0), X, cv=3)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_names_of_data_frames_are_kept(library):
    frame = pytest.importorskip(library).DataFrame
    X = clusters()
    data = frame({"length": X[:, 0], "width": X[:, 1]})
    model = GaussianMixture(2, random_state=0).fit(data)
    assert model.feature_names_in_.tolist() == ["length", "width"]
    expected = GaussianMixture(2, random_state=0).fit(X)
    np.testing.assert_array_equal(model.predict_proba(data), expected.predict_proba(X))
    with pytest.raises(ValueError, match=r"feature names should match(.|\n)*same order"):
        model.predict(frame({"width": X[:, 1], "length": X[:, 0]}))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)
    model.fit(X)
    assert not hasattr(model, "feature_names_in_")


# ---- moments about distant points


@every_structure
def test_starting_means_far_from_the_samples(name):
    X = clusters() + 1e8
    far = GaussianMixture(1, covariance_type=name, means_init=[[0.0, 0.0]]).fit(X)
    near = GaussianMixture(1, covariance_type=name).fit(clusters())
    np.testing.assert_allclose(far.covariances_, near.covariances_, rtol=1e-6)


@pytest.mark.parametrize("name", ["full", "tied"])
def test_float32_far_from_the_origin(name):
    X = (clusters() + 1e6).astype(np.float32)
    single, double = (
        GaussianMixture(1, covariance_type=name).fit(samples) for samples in (X, X.astype(float))
    )
    np.testing.assert_allclose(single.covariances_, double.covariances_, rtol=1e-5, atol=1e-5)
    # In float32 means near 1e6 are rounded to 1/16.
    assert single.lower_bound_ == pytest.approx(double.lower_bound_, abs=2e-4)


def test_the_last_start_is_kept_without_iterations():
    X = clusters()
    starts = np.random.RandomState(0)
    options = {"max_iter": 0, "init_params": "random", "random_state": starts}
    one_by_one = [GaussianMixture(3, **options).fit(X) for _ in range(3)]
    at_once = GaussianMixture(3, n_init=3, **{**options, "random_state": 0}).fit(X)
    np.testing.assert_array_equal(at_once.means_, one_by_one[-1].means_)
    assert at_once.lower_bound_ == -np.inf


def test_predicts_from_the_attributes_that_predictions_need():
    X = np.random.default_rng(0).normal(size=(50, 2))
    for covariance_type in ("full", "tied", "diag", "spherical"):
        fitted = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(X)
        model = GaussianMixture(2, covariance_type=covariance_type)
        model.weights_, model.means_ = fitted.weights_, fitted.means_
        model.precisions_cholesky_ = fitted.precisions_cholesky_
        np.testing.assert_allclose(model.predict_proba(X), fitted.predict_proba(X), rtol=1e-10)


def test_a_covariance_type_that_the_fitted_matrices_do_not_suit_is_refused():
    X = clusters(200)[:, :2]
    model = GaussianMixture(2, covariance_type="tied", random_state=0).fit(X)
    for other in ("diag", "full", "spherical"):
        model.set_params(covariance_type=other)
        with pytest.raises(ValueError, match="Set covariance_type to that of the last fit"):
            model.predict(X)
    assert np.isfinite(model.set_params(covariance_type="tied").score(X))
