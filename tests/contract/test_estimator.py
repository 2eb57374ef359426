"""The base class `Estimator`, tested with a single Gaussian with a diagonal covariance."""

import pickle
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmmx import exceptions
from gmmx.checks.constructor import check_parameters
from gmmx.contract.estimator import Attributes, Estimator

DATA = np.random.RandomState(0).normal(size=(60, 3))


class Gaussian(Estimator):
    """One Gaussian with a diagonal covariance."""

    _fitted_names = Estimator._fitted_names | {"means_", "covariances_"}

    def __init__(self, n_components=1, *, reg_covar=1e-6, means_init=None, random_state=None):
        self.n_components = n_components
        self.reg_covar = reg_covar
        self.means_init = means_init
        self.random_state = random_state

    def fit(self, X, y=None):
        """Estimate mean and variances."""
        check_parameters(self.get_params(), type(self).__name__, {})
        samples, features = self._check_training_samples(X, min_samples=2)
        variances = samples.var(axis=0) + self.reg_covar
        if variances.min() <= 0:
            raise ValueError("ill-defined empirical covariance: increase reg_covar")
        means = samples.mean(axis=0)
        self._replace_fitted_attributes({**features, "means_": means, "covariances_": variances})
        return self

    def score_samples(self, X):
        """Return the log density of every sample."""
        samples = self._check_new_samples(X)
        squares = (samples - self.means_) ** 2 / self.covariances_
        return -0.5 * (squares + np.log(2 * np.pi * self.covariances_)).sum(axis=1)

    def score(self, X, y=None):
        """Return the mean log density."""
        return float(self.score_samples(X).mean())

    def predict(self, X):
        """Return label 0 for every sample."""
        return np.zeros(len(self._check_new_samples(X)), dtype=np.int64)

    def fit_predict(self, X, y=None):
        """Fit and predict."""
        return self.fit(X).predict(X)


class GaussianMixture(Estimator):
    """Parameters and their defaults as in scikit-learn."""

    def __init__(
        self,
        n_components=1,
        *,
        covariance_type="full",
        tol=1e-3,
        reg_covar=1e-6,
        max_iter=100,
        n_init=1,
        init_params="kmeans",
        weights_init=None,
        means_init=None,
        precisions_init=None,
        random_state=None,
        warm_start=False,
        verbose=0,
        verbose_interval=10,
    ):
        values = dict(locals())
        for name in set(values) - {"self"}:
            setattr(self, name, values[name])


# ---------------------------------------------------------------- parameters


def test_parameters_are_the_arguments_of_the_constructor():
    estimator = Gaussian(3, means_init=DATA)
    params = estimator.get_params()
    assert list(params) == ["means_init", "n_components", "random_state", "reg_covar"]
    assert params["means_init"] is DATA
    assert estimator.get_params(deep=False) == params


def test_set_params_changes_parameters_and_returns_the_estimator():
    estimator = Gaussian()
    assert estimator.set_params(n_components=4, reg_covar=0.0) is estimator
    assert (estimator.n_components, estimator.reg_covar) == (4, 0.0)
    assert estimator.set_params() is estimator


def test_unknown_parameter_is_refused_and_changes_nothing():
    estimator = Gaussian()
    message = (
        r"^Invalid parameter 'components' for estimator Gaussian\(\). Valid parameters are: "
        r"\['means_init', 'n_components', 'random_state', 'reg_covar'\].$"
    )
    with pytest.raises(ValueError, match=message):
        estimator.set_params(n_components=9, components=2)
    assert estimator.n_components == 1
    with pytest.raises(TypeError, match="components"):
        Gaussian(components=2)


# ---------------------------------------------------------------- representation


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, "Gaussian()"),
        ({"n_components": 1, "reg_covar": 1e-6}, "Gaussian()"),
        ({"n_components": 2}, "Gaussian(n_components=2)"),
        ({"reg_covar": float("nan"), "n_components": 2}, "Gaussian(n_components=2, reg_covar=nan)"),
        ({"means_init": [[0.0]]}, "Gaussian(means_init=[[0.0]])"),
        ({"means_init": np.eye(2)}, "Gaussian(means_init=array([[1., 0.], [0., 1.]]))"),
        ({"random_state": "a  b"}, "Gaussian(random_state='a b')"),
    ],
)
def test_representation_shows_what_differs_from_the_default(params, expected):
    assert repr(Gaussian(**params)) == expected


@pytest.mark.parametrize("value", [np.zeros((500, 7)), list(range(10_000)), "x" * 5000])
def test_long_values_are_abbreviated(value):
    text = repr(Gaussian(means_init=value))
    assert text.startswith("Gaussian(means_init=")
    assert "..." in text
    assert len(text) < 250


@settings(max_examples=100, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "n_components": st.integers(1, 10**9),
            "covariance_type": st.sampled_from(["full", "tied", "diag", "spherical"]),
            "tol": st.floats(0, 1),
            "reg_covar": st.floats(0, 1),
            "max_iter": st.integers(0, 10**6),
            "means_init": st.lists(st.floats(), max_size=2),
            "init_params": st.sampled_from(["kmeans", "k-means++", "random_from_data"]),
            "random_state": st.none() | st.integers(0, 99),
            "warm_start": st.booleans(),
        },
    )
)
def test_representation_is_that_of_scikit_learn(params):
    mixture = pytest.importorskip("sklearn.mixture")
    ours, theirs = repr(GaussianMixture(**params)), repr(mixture.GaussianMixture(**params))
    assert ours.split() == theirs.split()
    assert all(len(line) <= 80 for line in ours.splitlines())
    assert all(line.startswith(" " * len("GaussianMixture(")) for line in ours.splitlines()[1:])


class BalancedTags(HTMLParser):
    """Collect text and assert that every tag is closed."""

    def __init__(self):
        super().__init__()
        self.open_tags, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.open_tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open_tags.pop() == tag

    def handle_data(self, data):
        self.text += data + "\n"


def html_text(estimator):
    parser = BalancedTags()
    parser.feed(estimator._repr_html_())
    assert not parser.open_tags
    return parser.text


def test_html_shows_parameters_and_fitted_state():
    estimator = Gaussian(reg_covar=0.5)
    text = html_text(estimator)
    assert "not fitted" in text
    assert "reg_covar\n0.5\n" in text
    assert "means_\n" not in text
    text = html_text(estimator.fit(DATA))
    assert "(fitted)" in text
    assert "means_\narray of shape (3,), float64\n" in text
    assert "n_features_in_\n3\n" in text


def test_html_escapes_values():
    estimator = Gaussian(random_state="<script>&")
    estimator.note_ = "<img>"
    html = estimator._repr_html_()
    assert "&lt;script&gt;&amp;" in html
    assert "<script>" not in html
    assert "<img>" not in html


def test_notebooks_may_choose_text_or_html():
    estimator = Gaussian(2)
    bundle = estimator._repr_mimebundle_(include=None, exclude=None)
    assert bundle == {"text/plain": repr(estimator), "text/html": estimator._repr_html_()}


# ---------------------------------------------------------------- fitted state


@pytest.mark.parametrize("method", ["predict", "score_samples", "score"])
def test_methods_before_fit_say_so(method):
    message = (
        "^This Gaussian instance is not fitted yet. Call 'fit' with appropriate arguments before "
        "using this estimator.$"
    )
    for error in (exceptions.NotFittedError, ValueError, AttributeError):
        with pytest.raises(error, match=message):
            getattr(Gaussian(), method)(DATA)


def test_attributes_set_by_hand_make_a_fitted_model():
    estimator = Gaussian()
    estimator.means_, estimator.covariances_ = np.zeros(3), np.ones(3)
    fitted = Gaussian(reg_covar=0.0).fit(np.vstack([np.ones(3), -np.ones(3)]))
    np.testing.assert_array_equal(estimator.score_samples(DATA), fitted.score_samples(DATA))


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(np.full((4, 2), np.nan), id="found by validation"),
        pytest.param(np.ones((4, 2)), id="found by the fit itself"),
    ],
)
def test_failed_fit_leaves_the_fitted_model(bad):
    estimator = Gaussian(reg_covar=0.0).fit(DATA)
    before = pickle.dumps(estimator)
    with pytest.raises(ValueError, match=r"NaN|ill-defined"):
        estimator.fit(bad)
    assert pickle.dumps(estimator) == before


def test_second_fit_leaves_nothing_of_the_first():
    pandas = pytest.importorskip("pandas")
    estimator = Gaussian().fit(pandas.DataFrame(DATA, columns=["a", "b", "c"]))
    assert list(estimator.feature_names_in_) == ["a", "b", "c"]
    estimator.fit(DATA[:, :2])
    assert sorted(vars(estimator)) == sorted(vars(Gaussian().fit(DATA)))
    assert estimator.n_features_in_ == 2


def test_a_fit_keeps_attributes_that_it_does_not_make():
    estimator = Gaussian().fit(DATA)
    estimator.scale_ = 2.0
    assert estimator.fit(DATA[:, :2]).scale_ == 2.0


def test_pickle_keeps_parameters_and_fitted_state():
    estimator = Gaussian(means_init=DATA).fit(DATA)
    copy = pickle.loads(pickle.dumps(estimator))
    assert repr(copy) == repr(estimator)
    np.testing.assert_array_equal(copy.score_samples(DATA), estimator.score_samples(DATA))


def test_a_missing_fitted_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'Gaussian' object has no attribute 'means_'"):
        Attributes(Gaussian())["means_"]


# ---------------------------------------------------------------- features


def test_new_samples_need_the_features_of_fit():
    estimator = Gaussian().fit(DATA)
    message = "^X has 2 features, but Gaussian is expecting 3 features as input.$"
    with pytest.raises(ValueError, match=message):
        estimator.predict(DATA[:, :2])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_new_samples_need_the_names_of_fit(library):
    DataFrame = pytest.importorskip(library).DataFrame

    def frame(names):
        return DataFrame({name: DATA[:, i] for i, name in enumerate(names)})

    estimator = Gaussian().fit(frame("abc"))
    assert estimator.feature_names_in_.dtype == object
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimator.predict(frame("abc"))
    with pytest.raises(ValueError, match=r"names unseen at fit time:\n- z\n(.|\n)*missing:\n- c"):
        estimator.predict(frame("abz"))
    with pytest.raises(ValueError, match="same order"):
        estimator.predict(frame("cab"))


def test_warning_about_names_points_at_the_line_of_the_user():
    pandas = pytest.importorskip("pandas")
    with_names = pandas.DataFrame(DATA, columns=["a", "b", "c"])
    with pytest.warns(UserWarning, match="X does not have valid feature names, but") as caught:
        Gaussian().fit(with_names).predict(DATA)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="X has feature names, but Gaussian was fitted without"):
        Gaussian().fit(DATA).predict(with_names)


# ---------------------------------------------------------------- errors and warnings


def test_collected_warnings_are_those_of_the_own_thread():
    def warn():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            exceptions.warn_convergence("of the other thread")
        return [str(warning.message) for warning in caught]

    with ThreadPoolExecutor(1) as pool, exceptions.collected_warnings() as messages:
        exceptions.warn_convergence("of this thread")
        assert pool.submit(warn).result() == ["of the other thread"]
    assert messages == ["of this thread"]


def test_invalid_parameters_raise_the_error_of_scikit_learn():
    theirs = pytest.importorskip("sklearn.utils._param_validation").InvalidParameterError
    with pytest.raises(theirs) as raised:
        Gaussian(n_components=0).fit(DATA)
    assert isinstance(raised.value, ValueError)
    assert isinstance(raised.value, TypeError)
    copy = pickle.loads(pickle.dumps(raised.value))
    assert type(copy) is exceptions.InvalidParameterError
    assert copy.args == raised.value.args


def test_errors_are_those_of_scikit_learn_too():
    theirs = pytest.importorskip("sklearn.exceptions")
    with pytest.raises(theirs.NotFittedError) as raised:
        Gaussian().predict(DATA)
    assert isinstance(raised.value, exceptions.NotFittedError)
    with pytest.warns(theirs.ConvergenceWarning, match="too few") as caught:
        exceptions.warn_convergence("too few")
    assert issubclass(caught[0].category, exceptions.ConvergenceWarning)
    assert caught[0].filename == __file__


def test_errors_are_pickled_as_those_of_gmmx():
    error = exceptions.not_fitted_error("Gaussian")
    error.add_note("a note")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is exceptions.NotFittedError
    assert (copy.args, copy.__notes__) == (error.args, error.__notes__)
    with pytest.warns(exceptions.ConvergenceWarning) as caught:
        exceptions.warn_convergence("too few")
    assert type(pickle.loads(pickle.dumps(caught[0].message))) is exceptions.ConvergenceWarning


def test_scikit_learn_and_data_frames_are_not_imported():
    program = """
import sys, warnings
from gmmx import exceptions
from gmmx.contract.estimator import Attributes, Estimator

class Gaussian(Estimator):
    def __init__(self, n_components=1):
        self.n_components = n_components

estimator = Gaussian()
repr(estimator), estimator._repr_html_(), estimator.get_params()
try:
    estimator._check_new_samples([[1.0]])
except exceptions.NotFittedError as error:
    assert type(error) is exceptions.NotFittedError
with warnings.catch_warnings(record=True) as caught:
    exceptions.warn_convergence("too few")
assert caught[0].category is exceptions.ConvergenceWarning
samples, features = estimator._check_training_samples([[1.0], [2.0]], min_samples=2)
estimator._replace_fitted_attributes(features)
estimator._check_new_samples([[1.0]])
assert not {"sklearn", "pandas", "polars"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


# ---------------------------------------------------------------- scikit-learn's tools


def test_clone_copies_parameters_only():
    base = pytest.importorskip("sklearn.base")
    estimator = Gaussian(2, means_init=DATA).fit(DATA)
    copy = base.clone(estimator)
    assert repr(copy) == repr(estimator)
    assert copy.means_init is not DATA
    assert not copy.__sklearn_is_fitted__()


def test_tags_describe_a_density_estimator_of_dense_samples():
    tags = pytest.importorskip("sklearn.utils").get_tags(Gaussian())
    theirs = pytest.importorskip("sklearn.mixture").GaussianMixture().__sklearn_tags__()
    assert tags == theirs
    assert tags.estimator_type == "density_estimator"
    assert not (tags.input_tags.sparse)
    assert not (tags.input_tags.allow_nan)
    assert not (tags.array_api_support)


def test_works_in_pipelines_searches_and_cross_validation():
    model_selection = pytest.importorskip("sklearn.model_selection")
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipeline = make_pipeline(StandardScaler(), Gaussian(reg_covar=0.25))
    assert pipeline.fit(DATA).predict(DATA).shape == (60,)
    assert "Gaussian(reg_covar=0.25)" in pipeline._repr_html_()
    grid = {"gaussian__reg_covar": [1e-3, 1e-1, 1e9]}
    search = model_selection.GridSearchCV(pipeline, grid, cv=3).fit(DATA)
    assert search.best_params_["gaussian__reg_covar"] < 1e9
    assert np.isfinite(model_selection.cross_val_score(Gaussian(), DATA)).all()


def test_works_with_metadata_routing():
    sklearn = pytest.importorskip("sklearn")
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    assert repr(Gaussian().get_metadata_routing()) == "{}"
    with sklearn.config_context(enable_metadata_routing=True):
        make_pipeline(StandardScaler(), Gaussian()).fit(DATA).predict(DATA)


@pytest.mark.filterwarnings("ignore")
def test_passes_the_checks_of_scikit_learn():
    pytest.importorskip("sklearn.utils.estimator_checks").check_estimator(Gaussian())
