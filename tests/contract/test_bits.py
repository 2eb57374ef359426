"""The same bits for any number of threads, memory layout, batch size and order of rows."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import gmmx
from gmmx import GaussianMixture
from gmmx.model.covariance import STRUCTURES

pytestmark = pytest.mark.filterwarnings("ignore::gmmx.ConvergenceWarning")

PARAMETERS = ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_")
METHODS = ("predict", "predict_proba", "score_samples")

every_structure = pytest.mark.parametrize("name", STRUCTURES)
in_every_precision = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def samples_of(n_samples=20_000, n_features=3, dtype=np.float64):
    """Return overlapping clusters with enough samples for many chunks and threads."""
    random = np.random.default_rng(0)
    centers = 3.0 * random.normal(size=(4, n_features))
    X = centers[random.integers(4, size=n_samples)] + random.normal(size=(n_samples, n_features))
    return X.astype(dtype)


def fitted(X, name, **parameters):
    parameters = {"max_iter": 6, "tol": 0.0, "random_state": 0, "n_threads": 2} | parameters
    return GaussianMixture(4, covariance_type=name, **parameters).fit(X)


def bits_of(model):
    """Return all results of a fit as bytes."""
    arrays = [getattr(model, parameter) for parameter in PARAMETERS]
    arrays.append(np.array([*model.lower_bounds_, model.lower_bound_, model.n_iter_]))
    return [array.tobytes() for array in arrays]


# ---- threads


@every_structure
@pytest.mark.parametrize("init_params", ["kmeans", "random"])
def test_fit_for_any_number_of_threads(name, init_params):
    X = samples_of()
    expected = bits_of(fitted(X, name, init_params=init_params, n_threads=1))
    for n_threads in (2, 3, 4, 7):
        model = fitted(X, name, init_params=init_params, n_threads=n_threads)
        assert bits_of(model) == expected, f"{n_threads} threads"


@pytest.mark.parametrize(
    "init_params", ["k-means++", "random_from_data", "hierarchical", "whitened", "small-em"]
)
def test_other_starts_for_any_number_of_threads(init_params):
    X = samples_of()
    models = [fitted(X, "full", init_params=init_params, n_threads=n) for n in (1, 3)]
    assert bits_of(models[0]) == bits_of(models[1])


@pytest.mark.parametrize("n_features", [1, 20])
def test_fit_of_one_and_of_many_features_for_any_number_of_threads(n_features):
    X = samples_of(6000, n_features)
    for name in ("full", "tied", "diag"):
        models = [fitted(X, name, max_iter=2, n_threads=n) for n in (1, 2, 7)]
        assert bits_of(models[0]) == bits_of(models[1]) == bits_of(models[2])


@every_structure
@in_every_precision
def test_prediction_for_any_number_of_threads(name, dtype):
    X = samples_of(dtype=dtype)
    model = fitted(X[:2000], name)
    expected = {method: getattr(model, method)(X) for method in METHODS}
    for n_threads in (1, 3, 4, 7):
        model.set_params(n_threads=n_threads)
        for method in METHODS:
            np.testing.assert_array_equal(getattr(model, method)(X), expected[method])


@pytest.mark.skipif(not gmmx.build_config()["openmp"], reason="built without threads")
@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads are counted in /proc")
def test_data_of_this_size_use_all_threads():
    program = """
import os
import numpy as np
from test_bits import samples_of, fitted

fitted(samples_of(), "full", max_iter=1, n_threads=1)
before = len(os.listdir("/proc/self/task"))
fitted(samples_of(), "full", max_iter=1, n_threads=7)
print(len(os.listdir("/proc/self/task")) - before)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=os.path.dirname(__file__), capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert int(run.stdout) == 6


@every_structure
def test_calls_from_many_threads(name):
    X = samples_of(5000)
    model = fitted(X, name)
    expected = model.predict_proba(X).tobytes()
    with ThreadPoolExecutor(16) as pool:
        results = pool.map(lambda _: model.predict_proba(X).tobytes(), range(32))
        assert set(results) == {expected}
        models = pool.map(lambda _: fitted(X, name), range(8))
        assert all(bits_of(other) == bits_of(model) for other in models)


# ---- memory layouts


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def unaligned(X):
    buffer = bytearray(X.nbytes + 1)
    view = np.frombuffer(memoryview(buffer)[1:], dtype=X.dtype).reshape(X.shape)
    view[...] = X
    assert not view.flags.aligned
    return view


def memory_mapped(X, directory):
    path = directory / "X.npy"
    np.save(path, X)
    return np.load(path, mmap_mode="r")


LAYOUTS = {
    "fortran": lambda X, _: np.asfortranarray(X),
    "strided rows": lambda X, _: np.repeat(X, 2, axis=0)[::2],
    "strided columns": lambda X, _: np.repeat(X, 2, axis=1)[:, ::2],
    "negative strides": lambda X, _: X[::-1, ::-1].copy()[::-1, ::-1],
    "read-only": lambda X, _: read_only(X),
    "unaligned": lambda X, _: unaligned(X),
    "big-endian": lambda X, _: X.astype(X.dtype.newbyteorder(">")),
    "memory map": memory_mapped,
}


@every_structure
@in_every_precision
def test_every_memory_layout(name, dtype, tmp_path):
    X = samples_of(3000, dtype=dtype)
    model = fitted(X, name, max_iter=2)
    for layout, change in LAYOUTS.items():
        same = change(X, tmp_path)
        np.testing.assert_array_equal(same, X)
        assert bits_of(fitted(same, name, max_iter=2)) == bits_of(model), layout
        for method in METHODS:
            expected = getattr(model, method)(X)
            np.testing.assert_array_equal(getattr(model, method)(same), expected, err_msg=layout)


@every_structure
def test_lists(name):
    X = samples_of(2000)
    model = fitted(X, name)
    assert bits_of(fitted(X.tolist(), name)) == bits_of(model)
    for method in METHODS:
        expected = getattr(model, method)(X)
        np.testing.assert_array_equal(getattr(model, method)(X.tolist()), expected)


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, np.int8, np.bool_, np.uint64])
def test_other_types_are_their_values_in_double(dtype):
    X = np.abs(np.round(samples_of(2000))).astype(dtype)
    expected = fitted(X.astype(np.float64), "diag")
    assert bits_of(fitted(X, "diag")) == bits_of(expected)
    np.testing.assert_array_equal(expected.predict_proba(X), expected.predict_proba(X.tolist()))


# ---- batches and order


@every_structure
@in_every_precision
def test_prediction_in_batches(name, dtype):
    X = samples_of(2000, dtype=dtype)
    model = fitted(X, name)
    for size, n_batches in ((1, 100), (3, 50), (64, 31)):
        batches = [X[i * size : (i + 1) * size] for i in range(n_batches)]
        for method in METHODS:
            together = getattr(model, method)(X)[: size * n_batches]
            apart = np.concatenate([getattr(model, method)(batch) for batch in batches])
            np.testing.assert_array_equal(apart, together, err_msg=f"{method} by {size} rows")


@every_structure
@in_every_precision
def test_prediction_does_not_depend_on_the_order_of_rows(name, dtype):
    X = samples_of(dtype=dtype)
    model = fitted(X[:2000], name)
    order = np.random.default_rng(1).permutation(len(X))
    for method in METHODS:
        expected = getattr(model, method)(X)[order]
        np.testing.assert_array_equal(getattr(model, method)(X[order]), expected)


# ---- consistency of methods


@every_structure
@in_every_precision
def test_methods_agree(name, dtype):
    X = samples_of(3000, dtype=dtype)
    model = fitted(X, name)
    assert model.score(X) == model.score_samples(X).mean(dtype=np.float64)
    np.testing.assert_array_equal(model.predict(X), model.predict_proba(X).argmax(axis=1))
    labels = GaussianMixture(**model.get_params())
    np.testing.assert_array_equal(labels.fit_predict(X), model.predict(X))
    assert bits_of(labels) == bits_of(model)


@every_structure
def test_another_fit_gives_the_same_bits(name):
    X = samples_of(3000)
    model = fitted(X, name, n_init=2, init_params="random")
    assert bits_of(fitted(X, name, n_init=2, init_params="random")) == bits_of(model)
    expected = bits_of(model)
    fitted(X[:100], name)
    assert bits_of(model) == expected
