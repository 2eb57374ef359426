"""The number of threads: limits by the process, by control groups, and by concurrent calls."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from gmmx import GaussianMixture
from gmmx._core.interface.threads import (
    NO_QUOTA,
    cgroup_quota,
    is_daemonic_worker,
    quota_at,
    resolve_n_threads,
)
from processes import run, with_threads

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def system(tmp_path, lines, files):
    """Return a root folder with a process's control groups and their files."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("\n".join(lines) + "\n")
    for name, text in files.items():
        file = tmp_path / "sys/fs/cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("lines", "files", "quota"),
    [
        (["0::/"], {"cpu.max": "150000 100000\n"}, 2),
        (["0::/"], {"cpu.max": "max 100000\n"}, NO_QUOTA),
        (["0::/"], {"cpu.max": "1000 100000\n"}, 1),
        (["0::/"], {}, NO_QUOTA),
        (["0::/a/b"], {"a/cpu.max": "300000 100000", "a/b/cpu.max": "max 100000"}, 3),
        (["0::/a/b"], {"a/cpu.max": "300000 100000", "a/b/cpu.max": "200000 100000"}, 2),
        (["0::/host/path"], {"cpu.max": "400000 100000"}, 4),
        (
            ["3:memory:/x", "2:cpu,cpuacct:/x", "0::/"],
            {
                "cpu,cpuacct/x/cpu.cfs_quota_us": "250000",
                "cpu,cpuacct/x/cpu.cfs_period_us": "100000",
            },
            3,
        ),
        (
            ["2:cpu,cpuacct:/"],
            {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"},
            NO_QUOTA,
        ),
        (["0::/"], {"cpu.max": "nonsense"}, NO_QUOTA),
    ],
)
def test_quotas_of_control_groups_are_read(tmp_path, lines, files, quota):
    assert cgroup_quota(system(tmp_path, lines, files)) == quota


def test_a_system_without_control_groups_has_no_quota(tmp_path):
    assert cgroup_quota(tmp_path) == NO_QUOTA


def test_a_quota_that_changes_is_honoured(monkeypatch):
    quotas = iter([5, 1])
    monkeypatch.setattr("gmmx._core.interface.threads.cgroup_quota", lambda system: next(quotas))
    quota_at.cache_clear()
    assert [quota_at(1), quota_at(1), quota_at(2)] == [5, 5, 1]
    quota_at.cache_clear()


@with_threads
@on_linux
@pytest.mark.skipif(
    sys.platform == "linux" and len(os.sched_getaffinity(0)) < 2, reason="needs two cores"
)
def test_limits_that_change_after_the_import_are_honoured():
    printed = run(
        """
        from threadpoolctl import threadpool_limits
        from gmmx._core.interface.threads import resolve_n_threads
        seen = [resolve_n_threads(None)]
        with threadpool_limits(1):
            seen.append(resolve_n_threads(None))
        with threadpool_limits(1, user_api="openmp"):
            seen.append(resolve_n_threads(None))
        seen.append(resolve_n_threads(None))
        cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(cores)})
        seen.append(resolve_n_threads(None))
        os.sched_setaffinity(0, cores)
        seen.append(resolve_n_threads(None))
        for setting in ("1", "1,4", "2", "many"):
            os.environ["OMP_NUM_THREADS"] = setting
            seen.append(resolve_n_threads(None))
        print(seen)
        """,
        OMP_NUM_THREADS="2",
    )
    assert printed.strip() == "[2, 1, 1, 2, 1, 2, 1, 1, 2, 2]"


PREPARE = """
    from concurrent.futures import ThreadPoolExecutor
    X = samples(200_000, 4)
"""
CALLS = {
    "predict": """
    model = GaussianMixture(8, init_params="random_from_data", max_iter=2, n_threads=4)
    model.fit(X[:2000])
    def call():
        return model.predict(X)
    """,
    "k-means": """
    from gmmx.samples.array_source import ArraySource
    from gmmx.starts.kmeans import KMeans
    centers = X[:400]
    def call():
        return KMeans(ArraySource(X, 4)).nearest(centers)
    """,
}
COUNT_THREADS = """
    n_callers = 8
    def is_running(thread):
        try:
            return open(f"/proc/self/task/{thread}/stat").read().rpartition(") ")[2][0] == "R"
        except OSError:  # it has ended
            return False
    def busy():
        return sum(map(is_running, os.listdir("/proc/self/task")))
    with ThreadPoolExecutor(n_callers) as pool:
        expected = call().tobytes()
        work = [pool.submit(call) for _ in range(40)]
        seen = []
        while not all(each.done() for each in work):
            seen.append(busy())
            time.sleep(0.002)
        assert {each.result().tobytes() for each in work} == {expected}
    print(sorted(seen)[len(seen) // 2])
"""


@with_threads
@on_linux
@pytest.mark.parametrize("call", CALLS)
def test_passes_side_by_side_share_their_threads(call):
    # 8 callers, this thread, and some threads while passes begin and end; 32 without sharing.
    assert int(run(PREPARE + CALLS[call] + COUNT_THREADS)) <= 8 + 1 + 4


@with_threads
@on_linux
@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_workers_of_joblib_do_not_use_more_threads_than_there_are_cores(backend):
    printed = run(
        f"""
        import joblib
        from gmmx._core.interface.threads import resolve_n_threads
        cores = resolve_n_threads(None)
        with joblib.parallel_config({backend!r}, n_jobs=cores):
            seen = joblib.Parallel()(joblib.delayed(resolve_n_threads)(None) for _ in range(cores))
        print(cores, sum(seen))
        """,
        OMP_NUM_THREADS=None,
    )
    cores, total = map(int, printed.split())
    assert total <= cores


def test_a_process_without_workers_is_none():
    assert not is_daemonic_worker()
    assert resolve_n_threads(7) == 7


@with_threads
def test_a_limit_of_threads_changes_no_bit():
    X = np.random.default_rng(0).normal(size=(30_000, 3))
    model = GaussianMixture(4, random_state=0, max_iter=5, tol=1e9)
    with threadpool_limits(2):
        free = model.fit(X).means_.tobytes()
    with threadpool_limits(1):
        assert model.fit(X).means_.tobytes() == free
    with ThreadPoolExecutor(4) as pool:
        fits = [pool.submit(GaussianMixture(4, random_state=0, max_iter=5, tol=1e9).fit, X)
                for _ in range(4)]  # fmt: skip
        assert {fit.result().means_.tobytes() for fit in fits} == {free}
