"""Predictions from packed parameters: updates of the packed parameters, and refused input."""

from __future__ import annotations

import copy
import os
import pickle
import re
import subprocess
import sys
import threading
import tracemalloc
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from gmmx import GaussianMixture, NotFittedError
from gmmx._core.interface import passes
from gmmx._core.interface.memory import forget_spare, large_array
from gmmx._core.interface.prediction import Predictor, Snapshot
from gmmx.blocks.recognition import blocks_of
from gmmx.checks.feature_names import check_feature_count
from gmmx.checks.samples import check_samples
from gmmx.model.covariance import STRUCTURES
from gmmx.samples.kernel_parameters import KernelParameters

pytestmark = pytest.mark.filterwarnings("ignore::gmmx.ConvergenceWarning")

METHODS = ("predict", "predict_proba", "score_samples", "score")
SOURCES = ("weights_", "means_", "precisions_cholesky_")
CHUNK = 1024  # smallest number of samples in a partial sum

every_structure = pytest.mark.parametrize("name", STRUCTURES)
every_method = pytest.mark.parametrize("method", METHODS)
in_every_precision = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def samples_of(n_samples=300, n_features=3, dtype=np.float64, seed=0):
    random = np.random.default_rng(seed)
    X = random.normal(size=(n_samples, n_features)) + 2 * random.integers(3, size=(n_samples, 1))
    return X.astype(dtype)


def fitted(name="full", dtype=np.float64, seed=0, **parameters):
    parameters = {"max_iter": 3, "random_state": 0} | parameters
    return GaussianMixture(4, covariance_type=name, **parameters).fit(
        samples_of(300, 3, dtype, seed)
    )


def answers(model, X):
    return [np.asarray(getattr(model, method)(X)).tobytes() for method in METHODS]


def answers_anew(model, X):
    """Return the predictions of a copy of the model that has not predicted before."""
    return answers(copy.deepcopy(model), X)


# ---- bits


@every_structure
@in_every_precision
@pytest.mark.parametrize("dtype_of_fit", [np.float32, np.float64])
def test_bits_are_those_of_the_pass_that_packs_for_itself(name, dtype, dtype_of_fit):
    model, X = fitted(name, dtype_of_fit), samples_of(100, dtype=dtype, seed=1)
    parameters = model._parameters()
    resp, log_prob = np.empty((100, 4), dtype), np.empty(100, dtype)
    labels = np.empty(100, dtype=np.int64)
    KernelParameters(parameters).predict(X, 1, resp=resp, log_prob=log_prob)
    KernelParameters(parameters).predict(X, 1, labels=labels)
    for rows in (slice(0, 100), slice(40, 41)):
        np.testing.assert_array_equal(model.predict_proba(X[rows]), resp[rows])
        np.testing.assert_array_equal(model.score_samples(X[rows]), log_prob[rows])
        np.testing.assert_array_equal(model.predict(X[rows]), labels[rows])
        assert model.score(X[rows]) == log_prob[rows].mean(dtype=np.float64)


@in_every_precision
@pytest.mark.parametrize("n_components", [*range(1, 18), 31, 32, 33])
def test_rows_of_probabilities_end_where_they_should(n_components, dtype):
    random = np.random.default_rng(n_components)
    means, scale = random.normal(size=(n_components, 2)), np.ones(2 * n_components)
    arguments = means, scale, np.zeros(n_components), "diagonal", 1
    for n_samples in (1, 2, 7, 31, 33, 100):
        X = random.normal(size=(n_samples, 2)).astype(dtype)
        log_prob = -0.5 * ((X[:, np.newaxis, :].astype(float) - means) ** 2).sum(axis=2)
        expected = np.exp(log_prob)
        expected /= expected.sum(axis=1, keepdims=True)
        resp = np.full((n_samples + 2, n_components), 7, dtype)
        passes.em_pass(X, *arguments, resp=resp[1:-1])
        np.testing.assert_allclose(
            resp[1:-1], expected, rtol=1e-4 if dtype == np.float32 else 1e-12
        )
        assert (resp[[0, -1]] == 7).all()


# ---- attributes that change


@every_structure
@pytest.mark.parametrize("attribute", SOURCES)
def test_an_attribute_that_is_replaced_counts(name, attribute):
    model, X = fitted(name), samples_of(5)
    before = answers(model, X)
    setattr(model, attribute, getattr(model, attribute) * np.linspace(0.5, 1.5, 4).max())
    assert answers(model, X) == answers_anew(model, X)
    assert answers(model, X) != before


@every_structure
@in_every_precision
@pytest.mark.parametrize("attribute", SOURCES)
def test_an_attribute_that_is_changed_in_place_counts(name, dtype, attribute):
    model, X = fitted(name, dtype), samples_of(5)
    before = answers(model, X)
    value = getattr(model, attribute)
    value[(0,) * value.ndim] *= 2
    assert answers(model, X) == answers_anew(model, X)
    assert answers(model, X) != before
    value[(0,) * value.ndim] /= 2
    assert answers(model, X) == before


@pytest.mark.parametrize(
    "kind",
    [
        np.ndarray.tolist,
        np.asfortranarray,
        lambda array: np.repeat(array, 2, axis=-1)[..., ::2],
        lambda array: array.astype(object),
        lambda array: array.astype(">f8"),
        lambda array: array.view(type("Array", (np.ndarray,), {})),
    ],
    ids=["list", "fortran", "strided", "objects", "big-endian", "subclass"],
)
def test_attributes_of_every_kind_may_change_in_place(kind):
    model, X = fitted(), samples_of(5)
    before = answers(model, X)
    model.means_ = kind(model.means_)
    assert answers(model, X) == before
    model.means_[0][1] += 1.0
    assert answers(model, X) == answers_anew(model, X)
    assert answers(model, X) != before


def test_another_fit_counts():
    model, X = fitted(), samples_of(5)
    before = answers(model, X)
    model.fit(samples_of(seed=1))
    assert answers(model, X) == answers_anew(model, X)
    assert answers(model, X) != before
    model.fit(samples_of(n_features=2))
    assert answers(model, X[:, :2]) == answers_anew(model, np.ascontiguousarray(X[:, :2]))
    with pytest.raises(ValueError, match="X has 3 features, but GaussianMixture is expecting 2"):
        model.predict(X)


def test_a_failed_fit_changes_no_answer():
    model, X = fitted(), samples_of(5)
    before = answers(model, X)
    with pytest.raises(ValueError, match="NaN"):
        model.fit([[np.nan], [1.0]])
    assert answers(model, X) == before


def test_another_covariance_type_counts():
    model, X = fitted("diag"), samples_of(5)
    model.predict(X)
    full = fitted("full")
    model.set_params(covariance_type="full")
    model.precisions_cholesky_ = full.precisions_cholesky_
    model.covariances_, model.means_, model.weights_ = full.covariances_, full.means_, full.weights_
    assert answers(model, X) == answers(full, X)


def test_a_missing_attribute_counts():
    model, X = fitted(), samples_of(5)
    model.predict(X)
    for attribute in [name for name in vars(model) if name.endswith("_")]:
        delattr(model, attribute)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_attributes_that_do_not_belong_together_are_refused():
    model = fitted()
    model.n_features_in_ = 2
    for n_features in (2, 3):
        with pytest.raises(ValueError, match="means_ holds 3 features, but n_features_in_ is 2"):
            model.predict(samples_of(5, n_features))
    del model.n_features_in_
    assert model.predict(samples_of(5)).shape == (5,)
    with pytest.raises(ValueError, match="X has 2 features, but GaussianMixture is expecting 3"):
        model.predict(samples_of(5, 2))


def test_snapshots_see_what_changes():
    array = np.arange(4.0)
    attributes = {"a": array, "pair": (array, np.float32(2)), "name": "full", "n": 3, "other": []}
    snapshot = Snapshot(attributes, ("a", "pair", "name", "n", "missing"))
    assert snapshot.matches(attributes)
    assert snapshot.matches({**attributes, "other": 1})
    for change in ({"a": array.copy()}, {"name": "diag"}, {"n": 4}, {"missing": 0}, {"pair": ()}):
        assert not snapshot.matches({**attributes, **change})
    array[2] = -2
    assert not snapshot.matches(attributes)
    array[2] = 2
    assert snapshot.matches(attributes)
    for unknown in ([1.0], (array, []), np.array([None]), {}):
        assert not Snapshot({"a": unknown}, ("a",)).matches({"a": unknown})


# ---- packed parameters are not a part of the model


def test_predictions_leave_no_trace_in_the_model():
    model, X = fitted(), samples_of(5)
    attributes, pickled = dict(vars(model)), pickle.dumps(model)
    expected = answers(model, X)
    assert vars(model) == attributes
    assert pickle.dumps(model) == pickled
    for other in (pickle.loads(pickled), copy.copy(model), copy.deepcopy(model)):
        assert not hasattr(other, "_kept")
        assert answers(other, X) == expected
    with pytest.raises(NotFittedError):
        clone(model).predict(X)


def test_a_copy_goes_its_own_way():
    model, X = fitted(), samples_of(5)
    expected = answers(model, X)
    twin = copy.deepcopy(model)
    answers(twin, X)
    twin.means_ += 1.0
    assert answers(twin, X) != expected
    assert answers(model, X) == expected


# ---- samples


def arrays_and_the_like():
    """Return samples in forms that must be converted."""
    X = samples_of(40)
    frame = pd.DataFrame(X)
    unaligned = np.frombuffer(b"\0" + X.tobytes(), dtype=np.uint8)[1:].view(np.float64)
    return {
        "list": X.tolist(),
        "fortran": np.asfortranarray(X),
        "columns of a larger array": np.hstack([X, X])[:, :3],
        "one row of a fortran array": np.asfortranarray(X)[:1],
        "every other row": X[::2],
        "unaligned": unaligned.reshape(X.shape),
        "big-endian": X.astype(">f8"),
        "read-only": np.broadcast_to(X[:1], (4, 3)),
        "int": np.round(X).astype(int),
        "float16": X.astype(np.float16),
        "long double": X.astype(np.longdouble),
        "strings": X.astype(str),
        "objects": X.astype(object),
        "data frame": frame,
        "subclass": X.view(type("Array", (np.ndarray,), {})),
        "without mask": np.ma.array(X),
        "other native float": X.astype(np.dtype("f8", metadata={"unit": "m"})),
    }


@every_method
@pytest.mark.parametrize("kind", arrays_and_the_like())
def test_what_is_no_plain_array_is_converted(kind, method):
    model, X = fitted(), arrays_and_the_like()[kind]
    plain = np.array(check_samples(X, "GaussianMixture"))
    for _ in range(2):
        np.testing.assert_array_equal(getattr(model, method)(X), getattr(model, method)(plain))


def bad_samples():
    """Return invalid samples: arrays of one row and other objects."""
    row = np.array([[1.0, 2.0, 3.0]])
    return {
        "NaN": np.array([[1.0, np.nan, 3.0]]),
        "infinity": np.array([[1.0, 2.0, -np.inf]]),
        "NaN in float32": np.array([[np.nan, 2.0, 3.0]], dtype=np.float32),
        "NaN in a list": [[np.nan, 2.0, 3.0]],
        "too narrow": row[:, :2].copy(),
        "too wide": np.hstack([row, row]),
        "no columns": np.empty((1, 0)),
        "no rows": np.empty((0, 3)),
        "one dimension": row[0],
        "three dimensions": row[np.newaxis],
        "scalar": np.float64(1.0),
        "0 dimensions": np.array(1.0),
        "None": None,
        "text": "abc",
        "strings": np.array([["a", "b", "c"]]),
        "complex": row.astype(complex),
        "dates": row.astype("datetime64[s]"),
        "intervals": row.astype("timedelta64[s]"),
        "records": np.zeros((1, 3), dtype=[("value", float)]),
        "record of one number": np.zeros((1, 3), dtype=[("d", "d")]),
        "bytes": row.astype(np.void(8).dtype),
        "matrix": np.asmatrix(row),
        "masked": np.ma.array(row, mask=[[True, False, False]]),
        "ragged": [[1.0, 2.0], [3.0]],
    }


@every_method
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("kind", bad_samples())
def test_unusable_samples_are_refused_as_in_fit(kind, method):
    model, X = fitted(), bad_samples()[kind]

    def check(X):
        if method == "score" and kind == "text":  # the name of a file
            blocks_of(X)
        check_feature_count(check_samples(X, "GaussianMixture").shape[1], 3, "GaussianMixture")

    with pytest.raises((TypeError, ValueError)) as refused:
        check(X)
    for _ in range(2):  # the second time with packed parameters
        with pytest.raises(refused.type, match=f"^{re.escape(str(refused.value))}$"):
            getattr(model, method)(X)


@in_every_precision
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("n_features", [1, 3, 20])
def test_a_number_that_is_not_finite_is_found_anywhere(value, n_features, dtype):
    n_samples = 3 * CHUNK + 5
    model = GaussianMixture(2, max_iter=1, covariance_type="diag", n_threads=2)
    model.fit(samples_of(50, n_features))
    X = samples_of(n_samples, n_features, dtype)
    for row in (0, 1, 31, 32, 255, 256, CHUNK, 2 * CHUNK - 1, n_samples - 1):
        column = row % n_features
        kept, X[row, column] = X[row, column], value
        for method in METHODS:
            with pytest.raises(ValueError, match=re.escape(f"at index ({row}, {column})")):
                getattr(model, method)(X)
        X[row, column] = kept
    assert np.isfinite(model.score(X))


@in_every_precision
def test_the_largest_numbers_are_finite(dtype):
    X = np.full((3, 3), np.finfo(dtype).max, dtype=dtype)
    X[1] *= -1
    probabilities = fitted().predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def test_samples_that_change_during_the_call_are_refused(monkeypatch):
    model, X = fitted(), [[1.0, 2.0, 3.0]]
    monkeypatch.setattr(model, "_check_new_samples", lambda X: np.full((1, 3), np.nan))
    with pytest.raises(ValueError, match="X changed while it was read"):
        model.predict(X)


@every_method
@pytest.mark.parametrize("n_threads", [-1, 0, "2", 2.7])
@pytest.mark.parametrize("n_samples", [1, 3000])
def test_threads_are_checked_by_predictions_too(method, n_threads, n_samples):
    model = fitted().set_params(n_threads=n_threads)
    with pytest.raises(ValueError, match="'n_threads' parameter must be an int in the range"):
        getattr(model, method)(samples_of(n_samples))


def test_names_of_features_are_looked_at_each_time():
    X = samples_of(50)
    frame = pd.DataFrame(X, columns=list("abc"))
    model = GaussianMixture(2, random_state=0).fit(frame)
    labels = GaussianMixture(2, random_state=0).fit_predict(frame)
    np.testing.assert_array_equal(labels, model.predict(frame))
    for _ in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model.predict_proba(frame)
        for method in METHODS:
            with pytest.warns(UserWarning, match="does not have valid feature names") as warned:
                getattr(model, method)(X)
            assert warned[0].filename == __file__
        with pytest.raises(ValueError, match="should match"):
            model.predict(frame[["b", "a", "c"]])
    plain = GaussianMixture(2, random_state=0).fit(X)
    plain.predict(X)
    with pytest.warns(UserWarning, match="X has feature names, but"):
        plain.predict(frame)


def test_too_many_threads_are_no_more_than_there_are_chunks():
    model, X = fitted(n_threads=1), samples_of(5000)
    expected = answers(model, X)
    for n_threads in (None, 2, 10_000):
        assert answers(model.set_params(n_threads=n_threads), X) == expected


# ---- threads


@in_every_precision
def test_answers_from_many_threads_are_those_of_one(dtype):
    model = fitted(n_threads=1)
    batches = [samples_of(size, dtype=dtype, seed=size) for size in (1, 1, 5, 40, 3000)]
    expected = [answers_anew(model, X) for X in batches]
    model = copy.deepcopy(model)  # many threads make its first call at the same time
    barrier = threading.Barrier(32)

    def work(start):
        barrier.wait()
        return [answers(model, batches[i % 5]) == expected[i % 5] for i in range(start, start + 20)]

    with ThreadPoolExecutor(32) as pool:
        assert all(all(right) for right in pool.map(work, range(32)))


def test_answers_during_fits_are_those_of_one_of_the_models():
    data, X = [samples_of(seed=seed) for seed in (0, 1)], samples_of(3)
    model = fitted()
    possible = {answers(fitted(seed=seed), X)[1] for seed in (0, 1)}
    assert len(possible) == 2
    ended = threading.Event()

    def predict():
        found = set()
        while not ended.is_set():
            found.add(model.predict_proba(X).tobytes())
        return found

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(predict) for _ in range(4)]
        for i in range(60):
            model.fit(data[i % 2])
        ended.set()
        assert set().union(*(future.result() for future in futures)) <= possible
    assert answers(model, X) == answers_anew(model, X)


def test_answers_during_changes_in_place_end_with_the_last():
    model, X = fitted(), samples_of(3)
    ended = threading.Event()

    def predict():
        while not ended.is_set():
            model.predict_proba(X)

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(predict) for _ in range(4)]
        for _ in range(300):
            model.means_ += 0.01
            model.predict_proba(X)
        ended.set()
        for future in futures:
            future.result()
    assert answers(model, X) == answers_anew(model, X)


# ---- the compiled object


def test_predictors_check_their_arguments():
    arguments = {
        "means": np.zeros((2, 3)), "factors": np.ones(6), "log_scale": np.zeros(2),
        "parameters": None,
    }  # fmt: skip
    for name, value in (
        ("factors", np.ones(5)),
        ("log_scale", np.zeros(3)),
        ("means", np.zeros((0, 3))),
    ):
        with pytest.raises(ValueError, match=r"expected"):
            Predictor(**{**arguments, name: value}, layout="diagonal")
    with pytest.raises(ValueError, match="layout must be"):
        Predictor(**arguments, layout="round")
    two = np.zeros(2)
    with pytest.raises(ValueError, match="center has"):
        Predictor(np.zeros((2, 3)), np.ones(9), two, "shared", two, parameters=None)
    predictor = Predictor(**arguments, layout="diagonal")
    assert predictor.n_features == 3
    assert predictor.labels([[0.0, 0.0, 0.0]], 1) is None
    with pytest.raises(TypeError):
        pickle.dumps(predictor)


# ---- memory of large results

MANY = 70_001  # rows: too many probabilities for a cache, and an incomplete last group


@in_every_precision
@pytest.mark.parametrize("n_components", [8, 9, 17])
def test_large_results_are_those_of_their_rows(n_components, dtype):
    X = np.random.default_rng(0).normal(size=(2 * MANY, 2)).astype(dtype)
    model = GaussianMixture(n_components, random_state=0, max_iter=1).fit(X[:500])
    parts = [model.predict_proba(X[start : start + 999]) for start in range(0, len(X), 999)]
    proba = model.predict_proba(X)
    np.testing.assert_array_equal(proba, np.concatenate(parts))
    assert proba.flags.carray


def test_memory_of_a_large_result_is_used_again_when_no_view_of_it_is_left():
    model, X = fitted(), samples_of(MANY)
    first = model.predict_proba(X)
    address, part, values = first.ctypes.data, first[5:7, 1], first[5:7, 1].copy()
    del first
    second = model.predict_proba(X[::-1].copy())
    assert second.ctypes.data != address
    np.testing.assert_array_equal(part, values)
    del part
    assert model.predict_proba(X).ctypes.data == address


def test_memory_that_is_kept_for_results_is_bounded():
    forget_spare()
    tracemalloc.start()
    results = [large_array((1 << 20, size), np.dtype(np.float64)) for size in [1] * 30 + [7, 17]]
    assert tracemalloc.get_traced_memory()[0] > 1 << 28
    del results
    assert tracemalloc.get_traced_memory()[0] <= (1 << 27) + (1 << 16)
    forget_spare()
    assert tracemalloc.get_traced_memory()[0] < 1 << 16
    tracemalloc.stop()


def test_threads_do_not_share_the_memory_of_their_results():
    model = fitted()
    samples = [samples_of(MANY, seed=seed) for seed in range(4)]
    expected = [model.predict_proba(X).copy() for X in samples]

    def predict(i):
        return all(
            np.array_equal(model.predict_proba(samples[i % 4]), expected[i % 4]) for _ in range(5)
        )

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(predict, range(16)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")
def test_a_forked_child_keeps_none_of_its_parents_memory():
    """A write by the child would copy the parent's memory."""
    program = """
import os, tracemalloc
import numpy as np
from gmmx._core.interface.memory import large_array
tracemalloc.start()
large_array((1 << 20,), np.dtype(np.float64))
assert tracemalloc.get_traced_memory()[0] > 1 << 23
child = os.fork()
kept = tracemalloc.get_traced_memory()[0]
if child == 0:
    os._exit(kept > 1 << 20)
assert kept > 1 << 23 and os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-c", program], check=True)
