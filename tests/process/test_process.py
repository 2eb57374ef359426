"""Effects of a fit on its process, and of the process on a fit.

Each program runs in a new process, in which nothing has been imported or started before.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score
from threadpoolctl import threadpool_info, threadpool_limits

from gmmx import GaussianMixture
from gmmx._core.interface.threads import resolve_n_threads
from gmmx.model.covariance import STRUCTURES
from memory import peak_of_fit
from processes import run, with_threads

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


# ---- unchanged state of the process


def test_only_numpy_is_imported():
    program = """
import sys
import gmmx
others = {"sklearn", "scipy", "matplotlib", "pandas", "polars", "joblib", "pyarrow", "tqdm"}
assert not others & set(sys.modules), others & set(sys.modules)
import numpy as np
X = np.random.default_rng(0).normal(size=(50, 2))
model = gmmx.GaussianMixture(2, random_state=0).fit(X)
model.predict(X), model.sample(), model.bic(X), repr(model)
assert not others & set(sys.modules), others & set(sys.modules)
"""
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr


def test_a_plain_fit_imports_no_module_that_only_other_programs_need():
    # Together with the values being dataclasses, these modules took a third of the import's time.
    program = """
import sys
import numpy as np
X = np.random.default_rng(0).normal(size=(50, 2))
before = set(sys.modules)
from gmmx import GaussianMixture
rare = {
    "bayes", "blocks", "distributed", "exchange", "plotting", "selection", "uncertainty",
    "em.checkpoint", "em.report", "em.squarem", "em.stepwise", "estimators.streaming",
    "model.far_samples", "model.covariance.eigen", "model.covariance.evi", "model.covariance.vei",
    "starts.hierarchy", "starts.partitions", "starts.principal_axes", "starts.small_em",
}
others = {"copy", "dataclasses", "json", "pathlib", "tempfile"} | {f"gmmx.{name}" for name in rare}
assert not others & set(sys.modules) - before, others & set(sys.modules) - before
GaussianMixture(2, random_state=0, n_threads=1).fit(X)
assert not others & set(sys.modules) - before, others & set(sys.modules) - before
"""
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr


def test_the_state_of_the_process_is_left_alone():
    run(
        """
        import locale
        def state():
            return {
                "environment": dict(os.environ),
                "interrupt": signal.getsignal(signal.SIGINT),
                "terminate": signal.getsignal(signal.SIGTERM),
                "errors": np.geterr(),
                "printing": np.get_printoptions(),
                "random": np.random.get_state()[1].tobytes(),
                "filters": list(warnings.filters),
                "recursion": sys.getrecursionlimit(),
                "directory": os.getcwd(),
                "locale": locale.setlocale(locale.LC_ALL),
                "hook": sys.excepthook,
                "stack": threading.stack_size(),
            }

        def subnormals_work():
            tiny = np.full(100, 5e-324)
            singles = np.full(100, 1e-45, np.float32)
            return bool(
                np.all(tiny * 1.0 > 0) and np.all(tiny + tiny == 1e-323)
                and np.all(singles * np.float32(1) > 0) and 2.0**-1074 > 0
            )

        assert subnormals_work()
        before = state()
        import gmmx.cli, gmmx.selection.search
        assert state() == before
        X = samples(30_000)
        for dtype in (np.float32, np.float64):
            for name in ("full", "tied", "diag"):
                model = GaussianMixture(4, covariance_type=name, random_state=0, n_threads=2)
                model.fit(X.astype(dtype)).predict_proba(X)
                model.sample(10)
        assert state() == before
        assert subnormals_work()
        checks = []
        thread = threading.Thread(target=lambda: checks.append(subnormals_work()))
        thread.start()
        thread.join()
        assert checks == [True]
        """
    )


def test_the_import_alone_changes_nothing():
    program = """
import os, signal, sys, warnings
import numpy as np
before = dict(os.environ), signal.getsignal(signal.SIGINT), np.geterr(), list(warnings.filters)
state = np.random.get_state()[1].tobytes()
import gmmx
after = dict(os.environ), signal.getsignal(signal.SIGINT), np.geterr(), list(warnings.filters)
assert before == after
assert np.random.get_state()[1].tobytes() == state
assert np.all(np.full(64, 5e-324) * 1.0 > 0.0)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


# ---- threads


@with_threads
def test_the_number_of_threads_honours_the_limits_of_the_process():
    pools = threadpool_info()
    with threadpool_limits(1):
        assert resolve_n_threads(None) == 1
    assert threadpool_info() == pools
    assert resolve_n_threads(5) == 5
    printed = run(
        """
        from gmmx._core.interface.threads import resolve_n_threads
        print(resolve_n_threads(None))
        """,
        OMP_NUM_THREADS="1",
    )
    assert printed.strip() == "1"


@with_threads
@on_linux
def test_a_limit_of_one_thread_starts_none():
    printed = run(
        """
        from threadpoolctl import threadpool_limits
        X = samples(30_000)
        before = len(os.listdir("/proc/self/task"))
        with threadpool_limits(1):
            GaussianMixture(4, random_state=0).fit(X)
        print(len(os.listdir("/proc/self/task")) - before)
        """
    )
    assert printed.strip() == "0"


def test_the_first_calls_of_a_process_may_come_from_many_threads():
    run(
        """
        from concurrent.futures import ThreadPoolExecutor
        X = samples(20_000)
        barrier = threading.Barrier(32)
        def fit(_):
            barrier.wait()
            model = GaussianMixture(3, random_state=0, max_iter=3, n_threads=2).fit(X)
            return bits(model) + model.predict_proba(X[:5000]).tobytes()
        with ThreadPoolExecutor(32) as pool:
            assert len(set(pool.map(fit, range(32)))) == 1
        """
    )


def test_threads_that_fit_one_estimator_leave_one_of_their_models():
    X = np.random.default_rng(0).normal(size=(3000, 3))
    parts = [X[i * 500 : i * 500 + 1000] for i in range(5)]
    options = {"covariance_type": "full", "random_state": 0, "tol": 1e-2}
    expected = {GaussianMixture(2, **options).fit(part).means_.tobytes() for part in parts}
    shared = GaussianMixture(2, **options)

    def fit(part):
        for _ in range(10):
            shared.fit(part)

    threads = [threading.Thread(target=fit, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shared.means_.tobytes() in expected


def test_other_threads_run_during_a_prediction():
    X = np.random.default_rng(0).normal(size=(300_000, 4))
    model = GaussianMixture(16, random_state=0, n_threads=1, max_iter=1, tol=1e9)
    model.set_params(init_params="random_from_data", max_iter=2).fit(X[:2000])
    prediction = threading.Thread(target=model.predict_proba, args=(X,))
    ticks = 0
    prediction.start()
    while prediction.is_alive():
        prediction.join(0.001)
        ticks += 1
    assert ticks >= 5


def test_workers_of_joblib_give_the_same_scores():
    X = np.random.default_rng(0).normal(size=(600, 3))
    model = GaussianMixture(2, random_state=0, tol=1e-2)
    np.testing.assert_array_equal(
        cross_val_score(model, X, cv=3, n_jobs=2), cross_val_score(model, X, cv=3)
    )


# ---- forks, interrupts, exits

fork_exists = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")


@fork_exists
def test_a_forked_child_fits_and_predicts():
    run(
        """
        X = samples(30_000)
        def fitted():
            model = GaussianMixture(4, random_state=0, n_threads=2, max_iter=3)
            return bits(model.fit(X)) + model.predict_proba(X).tobytes()
        expected = fitted()
        children = []
        for _ in range(2):
            child = os.fork()
            if child == 0:
                signal.alarm(6)  # ends a child that hangs
                os._exit(0 if fitted() == expected else 3)
            children.append(child)
        statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        assert statuses == [0, 0], f"children ended with {statuses}"
        assert fitted() == expected
        """
    )


@fork_exists
def test_a_pool_of_forked_workers_predicts():
    run(
        """
        import multiprocessing
        X = samples(30_000)
        model = GaussianMixture(4, random_state=0, n_threads=2, max_iter=3).fit(X)
        expected = model.predict(X)
        signal.alarm(10)
        with multiprocessing.get_context("fork").Pool(2) as pool:
            for labels in pool.map_async(model.predict, [X, X, X]).get(timeout=6):
                assert np.array_equal(labels, expected)
        """
    )


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
@pytest.mark.parametrize("init_params", ["kmeans", "random_from_data"])
def test_an_interrupt_ends_a_long_fit_at_once(init_params):
    run(
        f"""
        small, X = samples(500), samples(300_000, 8)
        model = GaussianMixture(
            16, random_state=0, tol=0.0, max_iter=100_000, n_threads=2, init_params={init_params!r}
        )
        model.set_params(max_iter=2).fit(small)
        before = bits(model)
        model.set_params(max_iter=100_000)
        for delay in (0.05, 0.6):
            sent = []
            def interrupt():
                sent.append(time.perf_counter())
                os.kill(os.getpid(), signal.SIGINT)
            threading.Timer(delay, interrupt).start()
            try:
                model.fit(X)
            except KeyboardInterrupt:
                latency = time.perf_counter() - sent[0]
            assert latency < 1.0, latency
            assert bits(model) == before
        model.set_params(max_iter=2).fit(small)
        assert bits(model) == before
        """
    )


def test_the_interpreter_ends_while_a_thread_fits():
    run(
        """
        X = samples(200_000, 4)
        model = GaussianMixture(8, random_state=0, tol=0.0, max_iter=100_000, n_threads=2)
        threading.Thread(target=model.fit, args=(X,), daemon=True).start()
        time.sleep(0.3)
        """
    )


# ---- memory


@on_linux
def test_a_fit_takes_little_memory_beyond_the_samples():
    assert peak_of_fit("gmmx", 200_000, 8, 32).ratio <= 0.5


@on_linux
@pytest.mark.parametrize("name", STRUCTURES)
def test_a_pass_takes_memory_that_does_not_grow_with_the_samples(name):
    run(
        f"""
        from memory import peak, resident
        X = samples(400_000, 4)
        labels = np.zeros(len(X))
        model = GaussianMixture(
            8, covariance_type={name!r}, n_threads=2, max_iter=2, tol=0.0, random_state=0,
            init_params="random_from_data",
        )
        model.fit(X[:20_000])
        before = resident()
        model.fit(X)
        extra = peak() - before
        assert extra < 0.35 * X.nbytes, extra / X.nbytes
        """
    )


@on_linux
def test_fits_do_not_leak():
    run(
        """
        from memory import resident, status_field
        X, bad = samples(2000), np.ones((100, 3))
        def fit(n_fits):
            for seed in range(n_fits):
                model = GaussianMixture(3, random_state=seed, max_iter=3, n_threads=2).fit(X)
                model.predict_proba(X)
                try:
                    model.set_params(reg_covar=0.0).fit(bad)
                except ValueError:
                    pass
        fit(50)
        before = resident()
        fit(200)
        growth = status_field("VmRSS") - before
        assert growth < 8 * 2**20, growth
        """
    )


@on_linux
def test_too_little_memory_is_an_error_of_python():
    run(
        """
        import resource
        X = samples(200_000, 2)
        model = GaussianMixture(
            32, covariance_type="diag", n_threads=2, max_iter=1, random_state=0,
            init_params="random_from_data",
        )
        expected = model.fit(X[:20_000]).predict(X[:20_000])
        size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        outcomes = set()
        for mebibytes in (0, 3, 10, 30, 60, 350):
            resource.setrlimit(resource.RLIMIT_AS, (size + mebibytes * 2**20, -1))
            for work in (lambda: model.predict_proba(X), lambda: model.predict(X)):
                try:
                    work()
                    outcomes.add("success")
                except MemoryError:
                    outcomes.add("error")
        assert outcomes == {"success", "error"}, outcomes
        resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
        assert np.array_equal(model.predict(X[:20_000]), expected)
        before = bits(model)
        resource.setrlimit(resource.RLIMIT_AS, (size + 2**20, -1))
        try:
            model.set_params(init_params="kmeans").fit(X)
        except MemoryError:
            assert bits(model) == before
        resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
        model.fit(X[:20_000])
        """
    )
