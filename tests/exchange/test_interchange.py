"""Exchange of models with other processes, scikit-learn and ONNX."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn import mixture
from sklearn.exceptions import NotFittedError as SklearnNotFittedError

import gmmx
from gmmx import GaussianMixture
from gmmx.model.covariance import STRUCTURES

SHARED = [name for name, structure in STRUCTURES.items() if structure.sklearn_name == name]
OURS = [name for name in STRUCTURES if name not in SHARED]
METHODS = ("predict", "predict_proba", "score_samples")

every_structure = pytest.mark.parametrize("name", STRUCTURES)


def samples(dtype=np.float64):
    random = np.random.default_rng(11)
    X = random.normal(size=(300, 3)) * [1, 2, 0.5] + 3 * random.integers(3, size=(300, 1))
    return X.astype(dtype)


def fitted(name, dtype=np.float64, **parameters):
    model = GaussianMixture(3, covariance_type=name, random_state=0, tol=1e-2, **parameters)
    return model.fit(samples(dtype))


def answers(model, X):
    return b"".join(getattr(model, method)(X).tobytes() for method in METHODS)


def assert_same_fit(one, other):
    """Assert that two estimators of any library have the same fitted attributes, bit for bit."""
    names = [name for name in vars(one) if name.endswith("_")]
    assert sorted(names) == sorted(name for name in vars(other) if name.endswith("_"))
    for name in names:
        value, other_value = getattr(one, name), getattr(other, name)
        assert type(value) is type(other_value)
        if isinstance(value, np.ndarray):
            assert (value.dtype, value.shape) == (other_value.dtype, other_value.shape)
            assert value.dtype == object or value.tobytes() == other_value.tobytes()
        np.testing.assert_array_equal(value, other_value)


# ---- other processes


@every_structure
def test_pickle_and_file_give_the_same_bits_in_another_process(tmp_path, name):
    model = fitted(name)
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(model))
    joblib.dump(model, tmp_path / "model.joblib")
    model.save(tmp_path / "model.gmmx")
    np.save(tmp_path / "X.npy", samples())
    program = """
import pickle, sys
import joblib, numpy as np
import gmmx
X = np.load("X.npy")
with open("model.pickle", "rb") as file:
    models = [pickle.load(file), joblib.load("model.joblib"), gmmx.load("model.gmmx")]
for model in models:
    for method in ("predict", "predict_proba", "score_samples"):
        sys.stdout.buffer.write(getattr(model, method)(X).tobytes())
"""
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, check=False, timeout=60
    )
    assert finished.returncode == 0, finished.stderr.decode()
    assert finished.stdout == 3 * answers(model, samples())


@pytest.mark.parametrize("compress", [0, 3])
@every_structure
def test_joblib_keeps_every_bit(name, compress):
    model, file = fitted(name), io.BytesIO()
    joblib.dump(model, file, compress=compress)
    file.seek(0)
    loaded = joblib.load(file)
    assert_same_fit(loaded, model)
    assert answers(loaded, samples()) == answers(model, samples())


def test_joblib_maps_a_model_into_memory(tmp_path):
    model = fitted("full")
    joblib.dump(model, tmp_path / "model.joblib")
    loaded = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    assert isinstance(loaded.means_, np.memmap)
    assert answers(loaded, samples()) == answers(model, samples())
    loaded.save(tmp_path / "model.gmmx")
    assert_same_fit(gmmx.load(tmp_path / "model.gmmx"), model)


# ---- scikit-learn


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_structure
def test_scikit_learns_estimator_predicts_the_same(name, dtype):
    X, model = samples(dtype), fitted(name, dtype)
    theirs = model.to_sklearn()
    assert type(theirs) is mixture.GaussianMixture
    tolerance = 1e-4 if dtype == np.float32 else 1e-12
    np.testing.assert_array_equal(theirs.predict(X), model.predict(X))
    np.testing.assert_allclose(theirs.predict_proba(X), model.predict_proba(X), atol=tolerance)
    np.testing.assert_allclose(theirs.score_samples(X), model.score_samples(X), rtol=tolerance)
    assert theirs.predict_proba(X).dtype == dtype


@pytest.mark.parametrize("name", SHARED)
def test_scikit_learns_estimator_has_the_same_fit(name):
    model = fitted(name, reg_covar=1e-5, weights_init=[0.2, 0.3, 0.5])
    theirs = model.to_sklearn()
    assert_same_fit(theirs, model)
    parameters = theirs.get_params()
    assert parameters == {name: model.get_params()[name] for name in parameters}
    assert theirs.bic(samples()) == pytest.approx(model.bic(samples()), rel=1e-12)
    assert_same_fit(GaussianMixture.from_sklearn(theirs), model)


@pytest.mark.parametrize("name", OURS)
def test_covariances_that_scikit_learn_lacks_become_those_of_a_type_that_holds_them(name):
    structure = STRUCTURES[name]
    precisions = np.full(structure.covariance_shape(3, 3), 2.0)
    if structure.are_matrices:
        precisions = precisions * np.eye(3)
    model = fitted(name, precisions_init=precisions)
    theirs = model.to_sklearn()
    assert theirs.covariance_type == structure.sklearn_name
    expected = np.asarray(model.covariances_)
    if not structure.are_matrices:
        expected = expected[..., np.newaxis] * np.eye(3)
    np.testing.assert_array_equal(theirs.covariances_, expected)
    assert theirs.precisions_init.shape == theirs.covariances_.shape
    np.testing.assert_array_equal(
        theirs.precisions_init, np.broadcast_to(2.0 * np.eye(3), theirs.covariances_.shape)
    )
    assert theirs.fit(samples()).converged_
    X = samples() + 1e6  # so far from zero that scikit-learn's 'diag' has no digit left
    far = GaussianMixture.from_parameters(
        model.weights_, model.means_ + 1e6, model.covariances_, name
    )
    np.testing.assert_allclose(
        far.to_sklearn().score_samples(X), far.score_samples(X), rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("name", SHARED)
def test_a_model_of_scikit_learn_comes_over_bit_for_bit(name):
    X = samples()
    theirs = mixture.GaussianMixture(
        3, covariance_type=name, random_state=0, tol=1e-2, warm_start=True
    ).fit(X)
    ours = GaussianMixture.from_sklearn(theirs)
    assert type(ours) is GaussianMixture
    assert_same_fit(ours, theirs)
    assert ours.get_params().items() >= theirs.get_params().items()
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-12)
    np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X), rtol=1e-12)
    assert_same_fit(ours.to_sklearn(), theirs)


def test_names_of_features_come_over():
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(samples(), columns=["a", "b", "c"])
    model = GaussianMixture(2, random_state=0).fit(X)
    theirs = model.to_sklearn()
    assert theirs.feature_names_in_.tolist() == ["a", "b", "c"]
    assert (theirs.predict(X) == GaussianMixture.from_sklearn(theirs).predict(X)).all()


def test_the_two_share_no_memory():
    random_state = np.random.RandomState(0)
    model = fitted("full").set_params(random_state=random_state)
    theirs = model.to_sklearn()
    back = GaussianMixture.from_sklearn(theirs)
    for one, other in [(model, theirs), (theirs, back)]:
        assert one.random_state is not other.random_state
        for name in ("weights_", "means_", "covariances_", "precisions_cholesky_"):
            assert not np.shares_memory(getattr(one, name), getattr(other, name))


def test_a_saved_copy_of_scikit_learns_model(tmp_path):
    theirs = mixture.GaussianMixture(2, random_state=0).fit(samples())
    GaussianMixture.from_sklearn(theirs).save(tmp_path / "model.gmmx")
    assert_same_fit(gmmx.load(tmp_path / "model.gmmx").to_sklearn(), theirs)


def test_only_fitted_estimators_of_the_same_class_come_over():
    with pytest.raises(gmmx.NotFittedError):
        GaussianMixture().to_sklearn()
    with pytest.raises(SklearnNotFittedError, match="This GaussianMixture instance is not fitted"):
        GaussianMixture.from_sklearn(mixture.GaussianMixture())
    for other in (mixture.BayesianGaussianMixture().fit(samples()), None):
        with pytest.raises(TypeError, match=r"expected a fitted sklearn\.mixture\.GaussianMixture"):
            GaussianMixture.from_sklearn(other)


def test_a_mixture_of_gmmx_is_none_of_scikit_learn():
    # A new process, because another test may have registered the class with scikit-learn.
    program = """if True:
    from gmmx import GaussianMixture
    model = GaussianMixture().fit([[0.0], [1.0], [2.0]])
    try:
        GaussianMixture.from_sklearn(model)
    except TypeError as error:
        assert "expected a fitted sklearn.mixture.GaussianMixture" in str(error)
    else:
        raise AssertionError("it was accepted")
    """
    subprocess.run([sys.executable, "-c", program], check=True)


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    model, theirs = fitted("full"), mixture.GaussianMixture().fit(samples())
    monkeypatch.setitem(sys.modules, "sklearn.mixture", None)
    for exchange in (model.to_sklearn, lambda: GaussianMixture.from_sklearn(theirs)):
        with pytest.raises(ImportError, match=r"pip install 'gmmx-native\[sklearn\]'"):
            exchange()


# ---- ONNX


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_structure
def test_onnx_gives_the_same_answers(name, dtype):
    skl2onnx = pytest.importorskip("skl2onnx", reason="the extra test-onnx is not installed")
    onnxruntime = pytest.importorskip("onnxruntime", reason="the extra test-onnx is not installed")
    X, model = samples(dtype), fitted(name)
    theirs = model.to_sklearn()
    onnx_model = skl2onnx.to_onnx(theirs, X[:1], options={id(theirs): {"score_samples": True}})
    session = onnxruntime.InferenceSession(
        onnx_model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    labels, probabilities, log_prob = session.run(
        ["label", "probabilities", "score_samples"], {"X": X}
    )
    tolerance = 1e-4 if dtype == np.float32 else 1e-12
    np.testing.assert_array_equal(labels.ravel(), model.predict(X))
    np.testing.assert_allclose(probabilities, model.predict_proba(X), atol=tolerance)
    np.testing.assert_allclose(log_prob.ravel(), model.score_samples(X), rtol=tolerance)
    assert probabilities.dtype == dtype
