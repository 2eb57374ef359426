"""Promises of docs/reliability.md without tests in other files, and the existence of its tests."""

from __future__ import annotations

import ast
import functools
import importlib.util
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from gmmx import ConvergenceWarning, GaussianMixture
from gmmx.model.covariance import STRUCTURES
from processes import run, with_threads

ROOT = Path(__file__).parents[2]
every_structure = pytest.mark.parametrize("name", STRUCTURES)


def clusters(n_samples=200, n_features=3):
    random = np.random.default_rng(0)
    return random.normal(size=(n_samples, n_features)) + 6 * random.integers(2, size=(n_samples, 1))


def state(model):
    return {
        name: (value.dtype, value.shape, value.tobytes()) if hasattr(value, "dtype") else value
        for name, value in vars(model).items()
    }


def stop(iteration, lower_bound):
    raise RuntimeError("stop")


WITH_NAN, TOO_LARGE, EQUAL = clusters(), 1e200 * clusters(), np.ones((50, 3))
WITH_NAN[-1, -1] = np.nan
FAILURES = {
    "NaN": (WITH_NAN, {}),
    "too large": (TOO_LARGE, {}),
    "collapse": (EQUAL, {"reg_covar": 0.0, "init_params": "random"}),
    "parameter": (clusters(), {"tol": -1.0}),
    "callback": (clusters(), {"callback": stop}),
    "warning": (clusters(), {"max_iter": 1, "tol": 0.0}),
    "no numbers": ([["a", "b", "c"]] * 9, {}),
}


@every_structure
@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("method", ["fit", "fit_predict"])
def test_a_fit_that_fails_leaves_every_attribute(name, failure, method):
    X, options = FAILURES[failure]
    model = GaussianMixture(2, covariance_type=name, random_state=0).fit(clusters())
    before = state(model.set_params(**options))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises((ValueError, RuntimeError, ConvergenceWarning)):
            getattr(model, method)(X)
    assert list(state(model).items()) == list(before.items())
    model.set_params(tol=1e-3, max_iter=100, callback=None).fit(clusters())


@with_threads
def test_limits_of_libraries_are_left_alone():
    run(
        """
        from threadpoolctl import threadpool_info, threadpool_limits
        X = samples(30_000)
        GaussianMixture(2, n_threads=2, random_state=0).fit(X)
        before = threadpool_info()
        for n_threads in (1, 2, 3, None):
            model = GaussianMixture(4, n_threads=n_threads, random_state=0).fit(X)
            model.predict_proba(X)
            assert threadpool_info() == before
        with threadpool_limits(1):
            limited = threadpool_info()
            model.fit(X)
            assert threadpool_info() == limited
        """
    )


def test_threads_predict_on_one_model_as_the_first_call_of_a_process():
    run(
        """
        import hashlib, pickle
        from concurrent.futures import ThreadPoolExecutor
        X = samples(20_000)
        model = GaussianMixture.from_parameters(
            np.full(4, 0.25), X[:4], np.tile(np.eye(3), (4, 1, 1)))
        digest = hashlib.sha256(pickle.dumps(model)).digest()
        barrier = threading.Barrier(32)
        def predict(_):
            barrier.wait()
            return model.predict_proba(X).tobytes() + model.predict(X).tobytes()
        with ThreadPoolExecutor(32) as pool:
            answers = set(pool.map(predict, range(32)))
        assert answers == {model.predict_proba(X).tobytes() + model.predict(X).tobytes()}
        assert hashlib.sha256(pickle.dumps(model)).digest() == digest
        """
    )


def test_threads_fit_models_of_their_own():
    run(
        """
        from concurrent.futures import ThreadPoolExecutor
        X = samples(20_000)
        def fit(seed):
            return bits(GaussianMixture(3, random_state=seed, max_iter=5).fit(X))
        expected = [fit(seed) for seed in range(8)]
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(fit, range(8))) == expected
        """
    )


def test_the_interpreter_ends_while_threads_of_every_kind_run():
    run(
        """
        import atexit
        X = samples(200_000, 4)
        model = GaussianMixture(8, random_state=0, n_threads=2).fit(X[:1000])
        def work():
            while True:
                model.predict_proba(X)
        for _ in range(4):
            threading.Thread(target=work, daemon=True).start()
        atexit.register(lambda: model.predict(X[:10]))
        time.sleep(0.2)
        """
    )


def test_criteria_are_their_formulas():
    X = clusters()
    for name in STRUCTURES:
        model = GaussianMixture(2, covariance_type=name, random_state=0).fit(X)
        n_parameters = STRUCTURES[name].n_free_parameters(2, 3)
        log_likelihood = float(model.score_samples(X).sum())
        assert model.bic(X) == pytest.approx(
            n_parameters * np.log(len(X)) - 2 * log_likelihood, rel=1e-12
        )
        assert model.aic(X) == pytest.approx(2 * n_parameters - 2 * log_likelihood, rel=1e-12)


@every_structure
def test_parameters_are_never_nan_for_repeated_data(name):
    random = np.random.default_rng(0)
    for seed in range(5):
        X = np.repeat(random.normal(size=(6, 2)), 20, axis=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = GaussianMixture(4, covariance_type=name, random_state=seed).fit(X)
        for attribute in ("weights_", "means_", "covariances_", "precisions_cholesky_"):
            assert np.isfinite(getattr(model, attribute)).all()
        assert np.isfinite(model.score(X))


def test_more_pairs_of_sample_and_component_than_32_bits_count():
    """Indices of pairs of sample and component must not be computed in 32 bits."""
    run(
        """
        n, K = 1_100_000, 2000
        X = np.linspace(0, 2000, n)[:, np.newaxis]
        assert n * K > 2**31
        means = np.arange(K)[:, np.newaxis] + 0.5
        model = GaussianMixture.from_parameters(
            np.full(K, 1 / K), means, np.full(K, 1.0), covariance_type="spherical")
        labels = model.predict(X)
        assert np.abs(means[labels, 0] - X[:, 0]).max() <= 0.5 + 1e-9
        """,
    )


# ---- the table

TABLE = ROOT / "docs" / "reliability.md"


def table():
    """Return the lines of the table, read by the tool that counts them."""
    path = ROOT / "tools" / "measure" / "reliability.py"
    specification = importlib.util.spec_from_file_location("reliability", path)
    tool = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(tool)
    return tool.read_table(TABLE)


@functools.cache
def functions_of(file):
    """Return the names of the functions in a file of tests."""
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_line_of_the_table_names_tests_that_exist():
    lines = table()
    missing = []
    for line in lines:
        assert line.tests or line.note, line
        for test in line.tests:
            file, name = test.split("::")
            if name not in functions_of(file):
                missing.append(f"{line.number}: {test}")
    assert not missing


def test_lines_of_the_table_are_numbered_without_gaps():
    numbers = [line.number for line in table()]
    assert all(re.fullmatch(r"[1345]\.\d+", number) for number in numbers)
    for section, count in (("1", 22), ("3", 19), ("4", 51), ("5", 20)):
        expected = [f"{section}.{i}" for i in range(1, count + 1)]
        assert [number for number in numbers if number.startswith(f"{section}.")] == expected
