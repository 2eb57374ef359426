"""Ctrl-C ends a fit within a second, even during an iteration, and the model does not change."""

from __future__ import annotations

import os

import pytest

from processes import run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")

INTERRUPT = """
    def interrupted(fit, delay):
        sent = []
        def interrupt():
            sent.append(time.perf_counter())
            os.kill(os.getpid(), signal.SIGINT)
        timer = threading.Timer(delay, interrupt)
        timer.start()
        started = time.perf_counter()
        try:
            fit()
        except KeyboardInterrupt:
            latency = time.perf_counter() - sent[0]
            assert latency < 1.0, latency
            return time.perf_counter() - started
        timer.cancel()
        raise AssertionError(f"not interrupted, but done in {time.perf_counter() - started} s")
"""


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("name", ["full", "tied", "diag"])
def test_an_interrupt_ends_one_long_iteration(name, n_threads):
    run(
        INTERRUPT
        + f"""
    X = np.tile(samples(1000, 24), (2000, 1))
    model = GaussianMixture(
        {200 if name == "full" else 1500}, covariance_type={name!r}, n_threads={n_threads},
        init_params="random_from_data", reg_covar=1.0, random_state=0, max_iter=1,
    )
    small = GaussianMixture(2, random_state=0).fit(X[:1000])
    for attribute, value in vars(small).items():
        if attribute.endswith("_"):
            setattr(model, attribute, value)
    before = bits(model)
    iterations = []
    model.set_params(callback=lambda *_: iterations.append(1))
    interrupted(lambda: model.fit(X), 1.0)
    assert not iterations, "the first iteration was over"
    assert bits(model) == before
    assert np.isfinite(small.fit(X[:1000]).score(X[:1000]))
        """
    )


def test_an_interrupt_ends_k_means():
    run(
        INTERRUPT
        + """
    X = samples(400_000, 8)
    for n_threads in (1, 2):
        model = GaussianMixture(400, random_state=0, n_threads=n_threads)
        for delay in (0.3, 1.5):
            interrupted(lambda: model.fit(X), delay)
            assert not hasattr(model, "means_")
        """
    )


def test_an_interrupt_ends_a_long_m_step():
    run(
        INTERRUPT
        + """
    from gmmx._core.interface.structures import constrain
    rows = np.random.default_rng(0).normal(size=(8, 300, 160))
    own = rows.transpose(0, 2, 1) @ rows
    interrupted(lambda: constrain("VVE", own, np.full(8, 0.125), None), 0.3)
        """
    )


def test_an_interrupt_ends_a_hierarchical_clustering():
    run(
        INTERRUPT
        + """
    from gmmx._core.interface.agglomeration import agglomerate
    X = samples(2000, 800)
    interrupted(lambda: agglomerate(X, np.ones(len(X)), 1.0, False), 0.3)
        """
    )


def test_an_interrupt_ends_the_starts_of_a_search():
    run(
        INTERRUPT
        + """
    from gmmx import GaussianMixtureIC
    X = np.random.default_rng(0).normal(size=(5000, 50))
    search = GaussianMixtureIC(8, 9, n_init=1000, init_params="kmeans")
    interrupted(lambda: search.fit(X), 1.5)
    assert not hasattr(search, "means_")
        """
    )


def test_a_handler_that_raises_nothing_changes_nothing():
    run(
        """
    calls = []
    signal.signal(signal.SIGALRM, lambda *_: calls.append(time.perf_counter()))
    X = samples(200_000, 8)
    model = GaussianMixture(64, random_state=0, n_threads=2, max_iter=3, init_params="random")
    expected = bits(model.fit(X))
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    started = time.perf_counter()
    same = bits(model.fit(X)) == expected
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert same
    gaps = np.diff([started, *calls])
    assert len(calls) >= 3 and gaps.max() < 0.5, gaps
        """
    )


def test_an_exception_of_a_handler_passes_through_a_prediction():
    run(
        """
    class Deadline(Exception):
        pass
    def raise_deadline(*_):
        raise Deadline("too late")
    signal.signal(signal.SIGALRM, raise_deadline)
    X = samples(300_000, 8)
    model = GaussianMixture(
        300, random_state=0, init_params="random_from_data", max_iter=1
    ).fit(X[:2000])
    for n_threads in (1, 2):
        model.set_params(n_threads=n_threads)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            for _ in range(100):
                model.predict_proba(X)
        except Deadline as error:
            assert str(error) == "too late"
        else:
            raise AssertionError("no deadline")
    assert model.predict(X[:10]).shape == (10,)
        """
    )


def test_signals_of_other_threads_calls_are_left_to_the_main_thread():
    run(
        """
    X = samples(300_000, 8)
    model = GaussianMixture(
        300, random_state=0, init_params="random_from_data", max_iter=1
    ).fit(X[:2000])
    expected, result = model.predict(X), []
    thread = threading.Thread(target=lambda: result.append(model.predict(X)))
    threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    try:
        thread.start()
        time.sleep(5)
        raise AssertionError("no interrupt")
    except KeyboardInterrupt:
        pass
    thread.join()
    assert np.array_equal(result[0], expected)
        """
    )


def test_an_interrupt_ends_a_small_fit_of_many_iterations():
    run(
        INTERRUPT
        + """
    X = samples(200, 2)
    model = GaussianMixture(3, random_state=0, tol=0.0, max_iter=10**7)
    interrupted(lambda: model.fit(X), 0.5)
    assert not hasattr(model, "means_")
        """
    )
