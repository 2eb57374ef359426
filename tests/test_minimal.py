"""Tests of an installed copy of gmmx; they need only NumPy, pytest and gmmx.

With GMMX_WHEEL=1 in the environment the tests also check the properties of a wheel for release.
"""

from __future__ import annotations

import os
import pickle
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

import gmmx

COVARIANCE_SHAPES = {
    "full": (3, 4, 4),
    "tied": (4, 4),
    "diag": (3, 4),
    "spherical": (3,),
    "tied-diag": (4,),
    "tied-spherical": (),
}
MEANS = np.array([[0.0, 0.0, 0.0, 0.0], [8.0, 0.0, -8.0, 0.0], [0.0, 8.0, 0.0, 8.0]])

covariance_types = pytest.mark.parametrize("covariance_type", COVARIANCE_SHAPES)
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def draw(dtype: type[np.floating], n_samples: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Return samples of three well separated components, and the component of each sample."""
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=n_samples)
    return (MEANS[labels] + rng.standard_normal((n_samples, 4))).astype(dtype), labels


def fitted(
    covariance_type: str, X: np.ndarray, n_threads: int | None = None
) -> gmmx.GaussianMixture:
    """Return a model of three components fitted to X."""
    model = gmmx.GaussianMixture(
        3, covariance_type=covariance_type, random_state=0, n_threads=n_threads
    )
    return model.fit(X)


def run_python(code: str, **environment: str) -> str:
    """Run code in a new interpreter and return its output."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    ).stdout.strip()


def test_version_is_that_of_the_distribution() -> None:
    assert gmmx.__version__ == version("gmmx-native")


def test_build_config(capsys: pytest.CaptureFixture[str]) -> None:
    config = gmmx.build_config()
    with capsys.disabled():
        print()
        for name, value in config.items():
            print(f"  {name}: {value}")
    assert config["version"] == gmmx.__version__
    assert config["instruction_set"] in config["kernel_levels"]


is_wheel = pytest.mark.skipif(
    "GMMX_WHEEL" not in os.environ,
    reason="a build from source may lack OpenMP and wide vectors; GMMX_WHEEL=1 asks for them",
)


@is_wheel
def test_wheel_has_openmp_and_every_instruction_set() -> None:
    config = gmmx.build_config()
    is_x86 = platform.machine().lower() in ("x86_64", "amd64")
    assert config["openmp"] is True
    assert config["kernel_levels"] == (("baseline", "avx2", "avx512") if is_x86 else ("baseline",))


@is_wheel
def test_wheel_uses_the_threads_asked_for() -> None:
    code = "from gmmx._core.interface import passes; print(passes.max_threads())"
    assert run_python(code, OMP_NUM_THREADS="3") == "3"


PREDICT_AFTER_FORK = """
import os, signal
import numpy as np
from gmmx import GaussianMixture

X = np.random.default_rng(0).standard_normal((50_000, 4))
model = GaussianMixture(3, n_threads=2, random_state=0, tol=1.0).fit(X)
labels = model.predict(X)
child = os.fork()
if child == 0:
    signal.alarm(60)
    os._exit(int(not np.array_equal(model.predict(X), labels)))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks processes with threads")
def test_forked_child_predicts() -> None:
    """OpenMP's threads must end before a fork, else the child hangs until the alarm."""
    assert run_python(PREDICT_AFTER_FORK) == "0"


@covariance_types
@dtypes
def test_fit_finds_the_components(covariance_type: str, dtype: type[np.floating]) -> None:
    X, labels = draw(dtype)
    model = fitted(covariance_type, X)
    assert model.converged_
    assert model.covariances_.shape == COVARIANCE_SHAPES[covariance_type]
    order = [int(np.abs(model.means_ - mean).sum(axis=1).argmin()) for mean in MEANS]
    assert sorted(order) == [0, 1, 2]
    np.testing.assert_allclose(model.means_[order], MEANS, atol=0.15)
    np.testing.assert_array_equal(model.predict(X), np.array(order)[labels])


@covariance_types
@dtypes
def test_outputs_agree_with_each_other(covariance_type: str, dtype: type[np.floating]) -> None:
    X, _ = draw(dtype)
    model = fitted(covariance_type, X)
    proba = model.predict_proba(X)
    assert proba.shape == (len(X), 3)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(proba.argmax(axis=1), model.predict(X))
    assert model.score(X) == pytest.approx(model.score_samples(X).mean(dtype=float), rel=1e-5)


def test_log_density_of_one_gaussian() -> None:
    X, _ = draw(np.float64)
    model = gmmx.GaussianMixture(1, reg_covar=0.0).fit(X)
    covariance = np.cov(X.T, bias=True)
    centered = X - X.mean(axis=0)
    squares = np.einsum("id,id->i", centered @ np.linalg.inv(covariance), centered)
    expected = -0.5 * (squares + np.linalg.slogdet(2 * np.pi * covariance)[1])
    np.testing.assert_allclose(model.score_samples(X), expected, rtol=1e-10)


@covariance_types
@dtypes
def test_threads_change_no_bit(covariance_type: str, dtype: type[np.floating]) -> None:
    X, _ = draw(dtype, 20_000)
    models = [fitted(covariance_type, X, n_threads) for n_threads in (1, 2, 3, None)]
    for model in models[1:]:
        np.testing.assert_array_equal(model.means_, models[0].means_)
        np.testing.assert_array_equal(model.covariances_, models[0].covariances_)
        np.testing.assert_array_equal(model.score_samples(X), models[0].score_samples(X))


def test_pickle_keeps_every_bit() -> None:
    X, _ = draw(np.float64)
    model = fitted("full", X)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))


def test_a_file_keeps_every_bit(tmp_path: Path) -> None:
    X, _ = draw(np.float64)
    model = fitted("full", X)
    model.save(tmp_path / "model.gmmx")
    copy = gmmx.load(tmp_path / "model.gmmx")
    np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))


def test_sample_draws_from_the_components() -> None:
    X, labels = fitted("full", draw(np.float64)[0]).sample(50)
    assert X.shape == (50, 4)
    assert set(labels) <= {0, 1, 2}


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        gmmx.GaussianMixture().fit([[1.0, np.nan], [2.0, 3.0]])
    with pytest.raises(gmmx.NotFittedError):
        gmmx.GaussianMixture().predict([[1.0, 2.0]])
