"""`gmmx.dask`: the same mixtures, fitted to Dask collections on a cluster of processes."""

from __future__ import annotations

import copy
import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import gmmx
from gmmx.model.covariance import STRUCTURES

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")

from dask.delayed import delayed  # noqa: E402

from gmmx.dask import DaskBayesianGaussianMixture, DaskGaussianMixture  # noqa: E402

PAIRS = [
    (DaskGaussianMixture, gmmx.GaussianMixture),
    (DaskBayesianGaussianMixture, gmmx.BayesianGaussianMixture),
]
SIZES = (150, 1, 0, 400, 249)
ATTRIBUTES = ("weights_", "means_", "covariances_", "lower_bounds_")


def samples(n_samples=800, n_features=3):
    draw = np.random.default_rng(n_features)
    means = 4.0 * draw.normal(size=(3, n_features))
    return means[draw.integers(3, size=n_samples)] + draw.normal(size=(n_samples, n_features))


def chunked(X):
    """Return a Dask array of chunks of different sizes, one of them empty."""
    return da.from_array(X, chunks=(SIZES, X.shape[1]))


def parts_of(X):
    return [delayed(part) for part in np.split(X, np.cumsum(SIZES)[:-1])]


def assert_equal_fits(found, expected, rtol=1e-8):
    for name in ATTRIBUTES:
        value = getattr(expected, name)
        scale = np.abs(value).max()
        np.testing.assert_allclose(getattr(found, name), value, rtol=rtol, atol=rtol * scale)


@pytest.fixture(scope="module")
def client():
    """Two worker processes of two threads each."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


# ---- fits


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("name", STRUCTURES)
def test_maximum_likelihood_equals_the_local_fit(name):
    X = samples()
    options = {"covariance_type": name, "tol": 0.01, "random_state": 0}
    found = DaskGaussianMixture(3, **options).fit(chunked(X))
    assert_equal_fits(found, gmmx.GaussianMixture(3, **options).fit(X))


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    ("distributed_class", "local_class", "is_weighted"), [(*PAIRS[0], True), (*PAIRS[1], False)]
)
def test_collections_of_every_kind_give_the_same_bits(distributed_class, local_class, is_weighted):
    X = samples()
    weight = np.random.default_rng(1).integers(0, 3, size=800) * 1.5 if is_weighted else None
    options = {"n_components": 3, "tol": 1.0, "random_state": 0}
    expected = local_class(**options).fit(X, sample_weight=weight)
    columns = ["a", "b", "c"]
    frame = pd.DataFrame(X, columns=columns)
    frames = [delayed(pd.DataFrame)(part, columns=columns) for part in parts_of(X)]
    collections = {
        "array": (chunked(X), weight is not None and da.from_array(weight, chunks=100)),
        "delayed": (parts_of(X), weight is not None and parts_of(weight)),
        "delayed frames": (frames, weight is not None and parts_of(weight)),
        "frame": (
            dd.from_delayed(frames, meta=frame.iloc[:0]),
            weight is not None
            and dd.from_delayed(
                [delayed(pd.Series)(part) for part in parts_of(weight)], meta=pd.Series([0.5])
            ),
        ),
    }
    fits = {
        kind: distributed_class(**options).fit(x, sample_weight=None if w is False else w)
        for kind, (x, w) in collections.items()
    }
    assert_equal_fits(fits["array"], expected)
    for kind, found in fits.items():
        for name in ATTRIBUTES:
            np.testing.assert_array_equal(getattr(found, name), getattr(fits["array"], name))
        assert hasattr(found, "feature_names_in_") == (kind in ("frame", "delayed frames"))


@pytest.mark.parametrize(("distributed_class", "local_class"), PAIRS)
@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_local_schedulers(distributed_class, local_class, scheduler):
    X = samples()
    with dask.config.set(scheduler=scheduler):
        found = distributed_class(n_components=3, tol=1.0, random_state=0).fit(chunked(X))
        labels = found.predict(chunked(X)).compute()
    expected = local_class(n_components=3, tol=1.0, random_state=0).fit(X)
    assert_equal_fits(found, expected)
    np.testing.assert_array_equal(labels, expected.predict(X))


def test_a_cluster_and_a_local_scheduler_give_the_same_bits(client):
    X = chunked(samples())
    on_cluster = DaskGaussianMixture(3, tol=0.01, random_state=0, client=client).fit(X)
    program = f"""if True:
        import pickle, sys, dask.array as da
        from gmmx.dask import DaskGaussianMixture
        X = da.from_array(pickle.load(sys.stdin.buffer), chunks=({SIZES}, 3))
        model = DaskGaussianMixture(3, tol=0.01, random_state=0).fit(X)
        sys.stdout.write(model.means_.tobytes().hex())
    """
    run = subprocess.run(
        [sys.executable, "-c", program], input=pickle.dumps(samples()), capture_output=True,
        check=True,
    )  # fmt: skip
    assert run.stdout.decode() == on_cluster.means_.tobytes().hex()


def test_samples_stay_on_their_workers(client):
    X = da.from_array(samples(4000, 8), chunks=(250, 8))
    X = client.persist(X)
    distributed.wait(X)
    before = client.who_has(X)
    given = {"weights_init": [1.0], "means_init": np.zeros((1, 8)), "precisions_init": [np.eye(8)]}
    client.run(lambda dask_worker: dask_worker.transfer_incoming_log.clear())
    DaskGaussianMixture(1, **given).fit(X)
    assert client.who_has(X) == before
    chunk = 250 * 8 * 8

    def received(dask_worker):
        return [log["total"] for log in dask_worker.transfer_incoming_log]

    sizes = [size for log in client.run(received).values() for size in log]
    assert sizes
    assert max(sizes) < chunk


def test_workers_use_the_threads_that_they_were_given(client):
    X = da.from_array(samples(1000), chunks=(250, 3)).persist()
    tasks = client.map(_threads_after_a_moment, range(8), pure=False)
    assert {*client.gather(tasks)} == {1}
    assert client.submit(_threads_after_a_moment, 0, 1, pure=False).result() == 1
    assert client.submit(_threads_after_a_moment, 0, pure=False).result() == 2
    assert DaskGaussianMixture(3, n_threads=1, random_state=0).fit(X).converged_


def _threads_after_a_moment(_, most=None):
    from gmmx.dask.worker import threads_of_task

    time.sleep(0.2)
    threads = threads_of_task(most)
    time.sleep(0.2)
    return threads


def test_starting_values_and_warm_start(client):
    X = samples()
    given = {
        "weights_init": np.full(3, 1 / 3), "means_init": X[:3], "precisions_init": [np.eye(3)] * 3,
        "tol": 0.1,
    }  # fmt: skip
    found = DaskGaussianMixture(3, **given).fit(chunked(X))
    assert_equal_fits(found, gmmx.GaussianMixture(3, **given).fit(X))
    found.set_params(warm_start=True, tol=0.01).fit(chunked(X))
    again = gmmx.GaussianMixture(3, **given).fit(X)
    assert_equal_fits(found, again.set_params(warm_start=True, tol=0.01).fit(X), rtol=1e-6)


# ---- faults


def test_a_killed_worker_costs_a_computation_and_changes_no_bit():
    parts = [delayed(samples)(2000 + number, 8) for number in range(4)]
    options = {"n_components": 6, "random_state": 0, "max_iter": 6, "tol": 0.0}
    killed = []
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0",
            silence_logs=60,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):  # fmt: skip

        def kill_once(iteration, lower_bound):
            if iteration == 3 and not killed:
                pids = client.run(os.getpid)
                killed.append(next(iter(pids)))
                os.kill(pids[killed[0]], signal.SIGKILL)

        def fit(**more):
            with pytest.warns(gmmx.ConvergenceWarning):
                return DaskGaussianMixture(**options, **more).fit(parts)

        undisturbed = fit()
        disturbed = fit(callback=kill_once)
        assert killed
        assert killed[0] not in client.run(os.getpid)
    for name in ATTRIBUTES:
        np.testing.assert_array_equal(getattr(disturbed, name), getattr(undisturbed, name))


def test_blocks_that_cannot_be_computed_again_are_named():
    parts = np.split(samples(), 4)
    killed = []
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0",
            silence_logs=60,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):  # fmt: skip

        def kill_once(iteration, lower_bound):
            if iteration == 2 and not killed:
                pids = client.run(os.getpid)
                killed.append(next(iter(pids)))
                os.kill(pids[killed[0]], signal.SIGKILL)

        model = DaskGaussianMixture(3, max_iter=6, tol=0.0, random_state=0, callback=kill_once)
        with pytest.raises(RuntimeError, match=r"Partition \d was lost with its worker"):
            model.fit([delayed(future) for future in client.scatter(parts)])
    assert killed
    assert not hasattr(model, "means_")


@pytest.fixture
def interruptible():
    """Let SIGINT raise KeyboardInterrupt, which a shell turns off for jobs in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_keyboard_interrupt_ends_the_fit_and_keeps_the_model(client):
    X = da.from_array(samples(8000), chunks=(500, 3)).persist()
    model = DaskGaussianMixture(3, tol=1.0, random_state=0).fit(X)
    means = model.means_
    model.set_params(max_iter=1000, tol=0.0)
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    start = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert time.perf_counter() - start < 60
    assert model.means_ is means
    model.set_params(max_iter=100, tol=1e-3).fit(X)  # the cluster is usable


def with_nan(X):
    X = X.copy()
    X[200, 1] = np.nan
    return X


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    ("X", "message"),
    [
        (chunked(with_nan(samples())), r"Partition 3: Input X contains NaN.*index \(49, 1\)"),
        ([*parts_of(samples())[:2], delayed(samples(50, 2))], "Partition 2 has 2 features"),
        (da.from_array(samples(), chunks=(100, 2)), r"in 2 chunks.*X.rechunk\(\{1: -1\}\)"),
        (da.from_array(samples()[:, 0], chunks=100), "Expected a 2D array"),
        (da.from_array(samples()[:1], chunks=100), r"Found 1 sample\(s\)"),
    ],
)
def test_collections_that_cannot_be_used_are_refused(X, message):
    with pytest.raises(ValueError, match=message):
        DaskGaussianMixture(2).fit(X)


@pytest.mark.usefixtures("client")
def test_an_error_of_a_block_is_the_error_of_the_fit():
    def missing():
        raise FileNotFoundError("part-2.npy")

    with pytest.raises(FileNotFoundError, match="part-2"):
        DaskGaussianMixture(2).fit([*parts_of(samples()), delayed(missing)()])


@pytest.mark.parametrize("X", [samples(), pd.DataFrame(samples()), [samples()], "X", None])
def test_data_in_memory_are_refused(X):
    with pytest.raises(TypeError, match="expected a Dask array"):
        DaskGaussianMixture(2).fit(X)


def test_weights_that_do_not_match_are_refused():
    X = chunked(samples())
    with pytest.raises(ValueError, match="sample_weight has 2 partitions, expected 5"):
        DaskGaussianMixture(2).fit(X, sample_weight=parts_of(np.ones(800))[:2])
    with pytest.raises(TypeError, match="sample_weight is a ndarray"):
        DaskGaussianMixture(2).fit(X, sample_weight=np.ones(800))
    wrong = [delayed(np.ones)(size) for size in (150, 2, 0, 400, 249)]
    with pytest.raises(ValueError, match=r"Partition 1: sample_weight\.shape"):
        DaskGaussianMixture(2).fit(X, sample_weight=wrong)


# ---- predictions


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(("distributed_class", "local_class"), PAIRS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_predictions_are_lazy_in_the_same_chunks_and_equal(distributed_class, local_class, dtype):
    X = samples().astype(dtype)
    model = distributed_class(n_components=3, tol=1.0, random_state=0).fit(chunked(X))
    for method in ("predict", "predict_proba", "score_samples"):
        expected = getattr(model.to_local(), method)(X)
        lazy = getattr(model, method)(chunked(X))
        assert isinstance(lazy, da.Array)
        assert lazy.chunks[0] == SIZES
        assert lazy.shape == expected.shape
        assert lazy.dtype == expected.dtype
        np.testing.assert_array_equal(lazy.compute(), expected)
        blocks = dask.compute(*getattr(model, method)(parts_of(X)))
        np.testing.assert_array_equal(np.concatenate(blocks), expected)


@pytest.mark.usefixtures("client")
def test_predictions_for_a_data_frame_have_its_index():
    frame = pd.DataFrame(samples(), columns=["a", "b", "c"]).sample(frac=1, random_state=0)
    X = dd.from_pandas(frame, npartitions=3, sort=False)
    model = DaskGaussianMixture(3, tol=1.0, random_state=0).fit(X)
    local = model.to_local()
    assert list(local.feature_names_in_) == ["a", "b", "c"]
    for method in ("predict", "score_samples", "predict_proba"):
        found = getattr(model, method)(X).compute()
        assert list(found.index) == list(frame.index)
        np.testing.assert_array_equal(found.to_numpy(), getattr(local, method)(frame))
    assert isinstance(model.predict(X), dd.Series)
    assert list(model.predict_proba(X).columns) == [0, 1, 2]
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(X[["b", "a", "c"]])
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(X[["a", "b"]])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        labels = model.predict(X.to_dask_array(lengths=True))
    np.testing.assert_array_equal(labels.compute(), local.predict(frame))


@pytest.mark.usefixtures("client")
def test_predictions_for_other_columns_are_refused_at_the_call():
    model = DaskGaussianMixture(3, tol=1.0, random_state=0).fit(chunked(samples()))
    with pytest.raises(
        ValueError, match="X has 2 features, but DaskGaussianMixture is expecting 3"
    ):
        model.predict(chunked(samples(800, 2)))
    with pytest.raises(gmmx.NotFittedError):
        DaskGaussianMixture(3).predict(chunked(samples()))


@pytest.mark.usefixtures("client")
def test_score_is_the_weighted_mean_of_the_log_likelihoods():
    X = samples()
    weight = np.random.default_rng(1).integers(0, 3, size=800).astype(float)
    weight[:151] = 0.0
    model = DaskGaussianMixture(3, tol=1.0, random_state=0).fit(chunked(X))
    local = model.to_local()
    assert model.score(chunked(X)) == pytest.approx(local.score(X), rel=1e-12)
    found = model.score(chunked(X), sample_weight=da.from_array(weight, chunks=200))
    assert found == pytest.approx(local.score(X, sample_weight=weight), rel=1e-12)
    with pytest.raises(ValueError, match="no samples of positive weight"):
        model.score(chunked(X), sample_weight=0)


# ---- the contract of an estimator


@pytest.mark.parametrize(("distributed_class", "local_class"), PAIRS)
def test_the_parameters_are_those_of_the_local_class_and_a_client(distributed_class, local_class):
    import inspect

    own = list(inspect.signature(distributed_class).parameters.values())
    assert own[:-1] == list(inspect.signature(local_class).parameters.values())
    assert own[-1].name == "client"
    model = distributed_class(n_components=2, tol=1e-5)
    assert model.get_params() == {
        **local_class(n_components=2, tol=1e-5).get_params(),
        "client": None,
    }
    assert repr(model) == f"{distributed_class.__name__}(n_components=2, tol=1e-05)"
    assert clone(model).get_params() == model.get_params()
    with pytest.raises(TypeError, match="unknown"):
        distributed_class(unknown=1)


@pytest.mark.parametrize(("distributed_class", "local_class"), PAIRS)
def test_a_clone_has_the_client_and_a_pickle_has_none(client, distributed_class, local_class):
    model = distributed_class(n_components=3, tol=1.0, random_state=0, client=client)
    model.fit(chunked(samples()))
    assert clone(model).client is client
    assert not hasattr(clone(model), "means_")
    for copied in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert copied.client is None
        np.testing.assert_array_equal(copied.means_, model.means_)


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(("distributed_class", "local_class"), PAIRS)
def test_the_local_model_is_an_ordinary_one_and_can_be_saved(
    distributed_class, local_class, tmp_path
):
    X = samples()
    model = distributed_class(n_components=3, tol=1.0, random_state=0)
    with pytest.raises(gmmx.NotFittedError):
        model.to_local()
    model.fit(chunked(X))
    local = model.to_local()
    assert type(local) is local_class
    assert (
        vars(local).keys()
        == vars(local_class(n_components=3, tol=1.0, random_state=0).fit(X)).keys()
    )
    assert not np.shares_memory(local.means_, model.means_)
    model.save(tmp_path / "model.gmmx")
    loaded = gmmx.load(tmp_path / "model.gmmx")
    assert type(loaded) is local_class
    np.testing.assert_array_equal(loaded.predict_proba(X), local.predict_proba(X))


def test_active_components_are_counted_as_in_the_local_model():
    X = samples()
    options = {"n_components": 5, "random_state": 0, "tol": 1.0}
    model = DaskBayesianGaussianMixture(**options).fit(da.from_array(X, chunks=(400, 3)))
    local = gmmx.BayesianGaussianMixture(**options).fit(X)
    assert model.n_active_components_ == local.n_active_components_


# ---- the import


def test_gmmx_does_not_import_dask():
    program = "import sys, gmmx; gmmx.GaussianMixture; assert 'dask' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("missing", ["dask", "distributed"])
def test_without_dask_the_error_names_the_extra(missing):
    program = f"""if True:
        import sys
        sys.modules[{missing!r}] = None
        try:
            import gmmx.dask
        except ImportError as error:
            print(error)
    """
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "pip install 'gmmx-native[dask]'" in run.stdout
