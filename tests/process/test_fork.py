"""Children of a process that has fitted: they fit and predict like their parent."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from processes import run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")

# The parent has run parallel regions. A child returns the bits of its own fit and prediction.
FAMILY = """
    import multiprocessing
    signal.alarm(20)  # ends a program that hangs
    X = samples(30_000)

    def answer(init_params="kmeans"):
        model = GaussianMixture(4, random_state=0, n_threads=2, max_iter=3, init_params=init_params)
        return bits(model.fit(X)) + model.predict_proba(X).tobytes()

    expected = answer()

    def status(child):
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def fork(work):
        child = os.fork()
        if child == 0:
            signal.alarm(8)
            os._exit(0 if work() else 3)
        return child
"""


def test_children_of_a_fork():
    run(
        FAMILY
        + """
    children = [fork(lambda: answer() == expected) for _ in range(3)]
    assert [status(child) for child in children] == [0, 0, 0]
    assert answer() == expected
        """
    )


def test_grandchildren():
    run(
        FAMILY
        + """
    def work():
        here = answer() == expected
        return here and status(fork(lambda: answer() == expected)) == 0 and answer() == expected
    assert status(fork(work)) == 0
        """
    )


def test_children_forked_while_another_thread_fits():
    run(
        FAMILY
        + """
    stop = threading.Event()
    def fit():
        while not stop.is_set():
            answer("random_from_data")
    thread = threading.Thread(target=fit)
    thread.start()
    try:
        statuses = []
        for _ in range(8):
            statuses.append(status(fork(lambda: answer() == expected)))
            time.sleep(0.01)
    finally:
        stop.set()
        thread.join()
    assert statuses == [0] * 8, statuses
        """
    )


def test_a_child_forked_by_another_thread():
    run(
        FAMILY
        + """
    statuses = []
    thread = threading.Thread(
        target=lambda: statuses.append(status(fork(lambda: answer() == expected))))
    thread.start()
    thread.join()
    assert statuses == [0]
        """
    )


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
@pytest.mark.parametrize("kind", ["process", "pool", "executor"])
def test_workers_of_multiprocessing(tmp_path, method, kind):
    # Workers that are not forked import their function from a file.
    (tmp_path / "family.py").write_text(
        "import signal\nimport numpy as np\nfrom gmmx import GaussianMixture\n"
        "X = np.random.default_rng(0).normal(size=(30_000, 3))\n"
        "def answer(n=0):\n"
        "    model = GaussianMixture(4, random_state=0, n_threads=2, max_iter=3, tol=1e9)\n"
        "    return model.fit(X).means_.tobytes() + model.predict_proba(X).tobytes()\n"
        "def send(queue):\n"
        "    signal.alarm(20)\n"
        "    queue.put(answer())\n"
    )
    run(
        f"""
    import multiprocessing, concurrent.futures
    sys.path.insert(0, {str(tmp_path)!r})
    from family import answer, send
    signal.alarm(24)
    context = multiprocessing.get_context({method!r})
    expected = answer()
    if {kind!r} == "process":
        queue = context.Queue()
        workers = [context.Process(target=send, args=(queue,)) for _ in range(2)]
        for worker in workers:
            worker.start()
        answers = [queue.get(timeout=20) for _ in workers]
        for worker in workers:
            worker.join()
    elif {kind!r} == "pool":
        with context.Pool(2) as pool:
            answers = pool.map_async(answer, range(3)).get(timeout=20)
    else:
        with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
            answers = list(pool.map(answer, range(3), timeout=20))
    assert set(answers) == {{expected}}
    assert answer() == expected
        """,
        PYTHONPATH=str(tmp_path),
    )


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_workers_of_joblib(backend):
    run(
        FAMILY
        + f"""
    import joblib
    with joblib.parallel_config({backend!r}, n_jobs=2):
        answers = joblib.Parallel()(
            joblib.delayed(GaussianMixture(
                4, random_state=0, n_threads=2, max_iter=3).fit)(X) for _ in range(3))
    model = GaussianMixture(4, random_state=0, n_threads=2, max_iter=3).fit(X)
    assert {{bits(each) for each in answers}} == {{bits(model)}}
        """
    )


SERVICE = """
import numpy as np
from gmmx import GaussianMixture

X = np.random.default_rng(0).normal(size=(30_000, 3))
model = GaussianMixture(4, random_state=0, n_threads=2, max_iter=3, tol=1e9).fit(X)
expected = model.predict_proba(X).tobytes()

def application(environ, start_response):
    again = GaussianMixture(4, random_state=0, n_threads=2, max_iter=3, tol=1e9).fit(X)
    same = again.means_.tobytes() == model.means_.tobytes()
    same = same and model.predict_proba(X).tobytes() == expected
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"same" if same else b"different"]
"""


@pytest.mark.skipif(
    importlib.util.find_spec("gunicorn") is None,
    reason="gunicorn is not installed: pip install 'gmmx-native[service]'",
)
def test_workers_of_gunicorn_that_share_a_loaded_application(tmp_path):
    (tmp_path / "service.py").write_text(SERVICE)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "gunicorn", "--preload", "--workers=2", "--timeout=20",
        f"--bind=127.0.0.1:{port}", "service:application",
    ]  # fmt: skip
    with (tmp_path / "log.txt").open("w") as log:
        server = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
    try:
        answers = [_get(f"http://127.0.0.1:{port}/", server, tmp_path) for _ in range(6)]
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)
    assert answers == ["same"] * 6


def _get(address, server, folder):
    """Return the body of an answer; try again until the server has started."""
    for _ in range(200):
        try:
            with urllib.request.urlopen(address, timeout=20) as answer:
                return answer.read().decode()
        except ConnectionError:
            pass
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionError):
                raise
        assert server.poll() is None, (folder / "log.txt").read_text()
        time.sleep(0.1)
    raise AssertionError((folder / "log.txt").read_text())
