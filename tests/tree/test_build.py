"""The build of the kernels, the choice of the instruction set, and forbidden compiler flags."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import gmmx
from gmmx import _core
from gmmx._core.interface import passes

LEVELS = ("baseline", "avx2", "avx512")  # from the oldest to the newest processors
COMPILED = gmmx.build_config()["kernel_levels"]
USABLE = [level for level in passes.supported_levels() if level in COMPILED]
PRINT_LEVEL = "import gmmx; print(gmmx.build_config()['instruction_set'])"


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a new interpreter, with GMMX_ISA and limits of threads only if given."""
    dropped = ("GMMX_ISA", "OMP_NUM_THREADS", "OMP_THREAD_LIMIT")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def printed(code: str, **environment: str) -> str:
    """Run code in a new interpreter and return its output."""
    result = run_python(code, **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


# ---- build_config


def test_build_config_has_plain_values() -> None:
    config = gmmx.build_config()
    assert set(config) == {
        "version",
        "compiler",
        "openmp",
        "kernel_levels",
        "instruction_set",
        "numpy",
        "scipy",
    }
    assert isinstance(config["openmp"], bool)
    assert config["numpy"] == np.__version__
    for name in ("version", "compiler", "instruction_set", "numpy", "scipy"):
        assert config[name]
        assert isinstance(config[name], str)


def test_every_build_has_the_baseline() -> None:
    assert COMPILED[0] == "baseline"
    assert list(COMPILED) == [level for level in LEVELS if level in COMPILED]


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("level", USABLE)
def test_usable_levels_are_installed(level: str, precision: str) -> None:
    assert import_module(f"gmmx._core._em_pass_{level}_{precision}").kernels is not None


# ---- the choice of the instruction set


def test_the_highest_usable_level_is_chosen() -> None:
    assert printed(PRINT_LEVEL) == USABLE[-1]
    assert printed(PRINT_LEVEL, GMMX_ISA="") == USABLE[-1]


@pytest.mark.parametrize("level", COMPILED)
def test_the_environment_lowers_the_level(level: str) -> None:
    assert printed(PRINT_LEVEL, GMMX_ISA=level) == (level if level in USABLE else USABLE[-1])


def test_the_environment_cannot_exceed_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "supported_levels", lambda: ["baseline"])
    monkeypatch.setenv("GMMX_ISA", COMPILED[-1])
    assert _core.choose_level() == "baseline"


def test_unknown_level_is_refused() -> None:
    result = run_python(PRINT_LEVEL, GMMX_ISA="sse9")
    assert result.returncode != 0
    message = result.stderr.strip().splitlines()[-1]
    assert message == (
        "ImportError: the environment variable GMMX_ISA is 'sse9', but this build of gmmx has "
        f"kernels for {', '.join(COMPILED)}; set it to one of these or remove it"
    )


def test_levels_agree_to_rounding() -> None:
    code = (
        "import gmmx, numpy as np\n"
        "X = np.random.default_rng(0).standard_normal((500, 5))\n"
        "model = gmmx.GaussianMixture(2, max_iter=5, tol=0, random_state=0)\n"
        "import warnings; warnings.simplefilter('ignore')\n"
        "print(model.fit(X).score(X).hex())"
    )
    scores = [float.fromhex(printed(code, GMMX_ISA=level)) for level in USABLE]
    np.testing.assert_allclose(scores, scores[0], rtol=1e-10)


# ---- OpenMP

COUNT_THREADS = """
import os
import numpy as np
import gmmx

def n_threads():
    return len(os.listdir("/proc/self/task"))

X = np.random.default_rng(0).standard_normal((50_000, 4))
model = gmmx.GaussianMixture(3, n_threads=1, random_state=0, tol=1.0).fit(X)
before = n_threads()
model.set_params(n_threads=3).predict(X)
print(n_threads() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="counts threads in /proc")
def test_the_pass_starts_the_threads_asked_for() -> None:
    started = 2 if gmmx.build_config()["openmp"] else 0
    assert int(printed(COUNT_THREADS, OPENBLAS_NUM_THREADS="1")) == started


def test_openmp_limit_is_seen() -> None:
    limit = 3 if gmmx.build_config()["openmp"] else 1
    code = "from gmmx._core.interface import passes; print(passes.max_threads())"
    assert int(printed(code, OMP_NUM_THREADS="3")) == limit


# ---- -ffast-math and its parts


def smallest_subnormal_survives() -> bool:
    """Return whether arithmetic has subnormal numbers, which fast-math flushes to zero."""
    smallest = np.full(8, 5e-324)
    return bool((smallest + smallest > smallest).all() and (smallest * 1.0 > 0).all())


def test_subnormal_numbers_survive_the_import() -> None:
    survive = [smallest_subnormal_survives()]
    thread = threading.Thread(target=lambda: survive.append(smallest_subnormal_survives()))
    thread.start()
    thread.join()
    assert survive == [True, True]


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_infinities_and_nan_inside_a_kernel_are_seen(
    dtype: type[np.floating], covariance_type: str
) -> None:
    """Results are probabilities even if squared distances overflow and differences are NaN."""
    X = np.random.default_rng(0).standard_normal((200, 3)).astype(dtype)
    model = gmmx.GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(X)
    far = np.full((4, 3), np.finfo(dtype).max / 4, dtype)
    far[1] *= -1
    far[2, 0] *= -1
    far[3, 1:] = 0
    proba = model.predict_proba(far)
    assert np.isfinite(proba).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1.0, rtol=1e-6)
    assert not np.isnan(model.score_samples(far)).any()
