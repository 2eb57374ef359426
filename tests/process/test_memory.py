"""Failing allocations: each raises MemoryError, and the model does not change.

The tests let each allocation of the compiled pass fail, down to the smallest. In NumPy's functions
of arrays only allocations above 64 KiB fail: NumPy 2.4 itself raises SystemError, or crashes, if it
has no memory for the buffers of its iterators.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gmmx.model.covariance import STRUCTURES
from processes import run

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None,
    reason="needs a C compiler and glibc",
)


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    """Compile the library that makes allocations fail, and return its path."""
    library = tmp_path_factory.mktemp("shim") / "failing_malloc.so"
    source = Path(__file__).parents[1] / "support" / "failing_malloc.c"
    compiled = subprocess.run(
        ["cc", "-O1", "-shared", "-fPIC", "-o", library, source], capture_output=True, check=False
    )
    if compiled.returncode != 0:
        pytest.skip("the C library is not glibc")
    return str(library)


SWEEP = """
    import ctypes
    shim = ctypes.CDLL(os.environ["LD_PRELOAD"])
    shim.arm.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_size_t]
    shim.disarm.restype = ctypes.c_long

    def sweep(work, check, persistent, smallest):
        # Let the first allocation fail, then the second, ... until work is done without a failure.
        n = 0
        while True:
            n += 1
            shim.arm(n, persistent, smallest)
            try:
                result = work()
            except MemoryError:
                result = None
            finally:
                n_failed = shim.disarm()
            check(result)
            if not n_failed:
                return n - 1

    def state(model):
        return {
            name: value.tobytes() if hasattr(value, "tobytes") else value
            for name, value in vars(model).items() if name.endswith("_")
        }
"""


CASES = [(name, "em", "kmeans", i % 2) for i, name in enumerate(STRUCTURES)]


@pytest.mark.parametrize(
    ("name", "algorithm", "init_params", "persistent"), [*CASES, ("full", "squarem", "random", 1)]
)
def test_any_large_allocation_of_a_fit_may_fail(shim, name, algorithm, init_params, persistent):
    printed = run(
        SWEEP
        + f"""
    X = samples(20_000, 9)
    options = dict(
        covariance_type={name!r}, init_params={init_params!r}, random_state=0, tol=0.0, n_threads=2,
        max_iter={3 if algorithm == "em" else 14}, algorithm={algorithm!r})
    fitted = GaussianMixture(3, **options).fit(X)
    model = GaussianMixture(3, **options).fit(X[:500])
    before, after = state(model), state(fitted)
    old = vars(model).copy()

    def check(result):
        if result is None:
            assert state(model) == before
        else:
            assert state(model) == after
            vars(model).update(old)

    n = sweep(lambda: model.fit(X), check, {persistent}, 65_537)
    assert n >= 5, n
    assert state(model.fit(X)) == after
        """,
        LD_PRELOAD=shim,
    )
    assert printed == ""


def test_any_large_allocation_of_a_prediction_may_fail(shim):
    run(
        SWEEP
        + """
    X = samples(20_000, 3)
    model = GaussianMixture(3, random_state=0, n_threads=2).fit(X)
    before = state(model)
    for method in ("predict", "predict_proba", "score_samples", "score", "bic"):
        expected = getattr(model, method)(X)
        def check(result):
            assert result is None or np.array_equal(result, expected)
            assert state(model) == before
        for persistent in (0, 1):
            assert sweep(lambda: getattr(model, method)(X), check, persistent, 65_537) >= 1
        assert np.array_equal(getattr(model, method)(X), expected)
        """,
        LD_PRELOAD=shim,
    )


@pytest.mark.parametrize("layout", ["dense", "shared", "diagonal", "isotropic"])
def test_any_allocation_of_the_compiled_pass_may_fail(shim, layout):
    run(
        SWEEP
        + f"""
    from gmmx._core.interface import passes
    K, D, n = 3, 4, 2000
    X = samples(n, D)
    means = np.ascontiguousarray(X[:K])
    eye = np.eye(D)
    factors = {{
        "dense": np.tile(eye, (K, 1, 1)), "shared": eye, "diagonal": np.ones((K, D)),
        "isotropic": np.ones(K),
    }}
    factors = factors[{layout!r}].ravel()
    labels, log_prob, resp = np.empty(n, np.int64), np.empty(n), np.empty((n, K))
    center = means[0].copy() if {layout!r} in ("shared", "isotropic") else None
    arguments = X, means, factors, np.full(K, -9.0), {layout!r}, 1
    moments = 1 if {layout!r} == "shared" else 2
    outputs = dict(moments=moments, origin=means, center=center, labels=labels, log_prob=log_prob)
    work = lambda: passes.em_pass(*arguments, **outputs)
    expected = work().tobytes()
    def check(sums):
        assert sums is None or sums.tobytes() == expected
    for persistent in (0, 1):
        assert sweep(work, check, persistent, 1) > 10
    labels %= K
    work = lambda: passes.moments_of(X, means, "diagonal", 1, labels=labels)
    expected = work().tobytes()
    assert sweep(work, check, 0, 1) > 10
    factors, covariances = np.empty((K, D, D)), np.tile(eye, (K, 1, 1))
    def check(failed):
        assert failed in (None, -1)
    sweep(lambda: passes.factorize(covariances, 1e-15, True, factors, 1), check, 0, 1)
        """,
        LD_PRELOAD=shim, PYTHONMALLOC="malloc",
    )  # fmt: skip


def test_where_no_thread_can_be_started_there_is_one():
    run(
        """
    import resource
    X = samples(30_000)
    model = GaussianMixture(4, random_state=0, n_threads=1, max_iter=3)
    expected = bits(model.fit(X))
    size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    # Less than the stack of a thread, and enough for the fit.
    resource.setrlimit(resource.RLIMIT_STACK, (64 * 2**20, -1))
    resource.setrlimit(resource.RLIMIT_AS, (size + 6 * 2**20, -1))
    try:
        threading.Thread(target=print).start()
        raise AssertionError("a thread could be started")
    except RuntimeError:
        pass
    model.set_params(n_threads=2)
    assert bits(model.fit(X)) == expected
    resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
    assert bits(model.fit(X)) == expected
        """
    )


def test_a_model_fits_after_python_itself_ran_out_of_memory():
    testcapi = pytest.importorskip("_testcapi", reason="this Python has no test module")
    assert testcapi.set_nomemory
    run(
        """
    import _testcapi
    X = samples(500)
    model = GaussianMixture(2, random_state=0, max_iter=3).fit(X)
    before = bits(model)
    from gmmx._core.interface import passes
    means, ones, zeros = np.ascontiguousarray(X[:2]), np.ones(6), np.zeros(2)
    for n in range(1, 60):
        try:
            _testcapi.set_nomemory(n, n + 1)
            passes.em_pass(X, means, ones, zeros, "diagonal", 1, moments=2, origin=means)
        except MemoryError:
            pass
        finally:
            _testcapi.remove_mem_hooks()
    assert bits(model) == before
    assert bits(model.fit(X)) == before
        """
    )
