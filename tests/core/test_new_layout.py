"""A memory layout added by the recipe in CONTRIBUTING.md: a file and a line on each side.

The files are `toy_layout/plain.pxd` and `toy_layout/plain.py`. The pass of EM is compiled from the
source tree with the former added to it, for one instruction set and without optimization.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from gmmx import BayesianGaussianMixture, GaussianMixture, _core
from gmmx._core.interface import passes
from gmmx.model import covariance
from gmmx.model.layouts import LAYOUTS
from toy_layout.plain import Plain, PlainDiag

ROOT = Path(__file__).parents[2]
NAME = PlainDiag.name

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="calls the compiler as on Linux")


def source_with(layout: Path, folder: Path) -> Path:
    """Return a copy of the sources in `folder`, with the layout's file and its line added."""
    shutil.copytree(
        ROOT / "src" / "gmmx", folder / "gmmx", ignore=shutil.ignore_patterns("*.so", "__pycache__")
    )
    layouts = folder / "gmmx" / "_core" / "layouts"
    shutil.copy(layout, layouts)
    registered = layouts / "all.pxd"
    text = registered.read_text(encoding="utf-8")
    number = len(re.findall(r"\.define\(", text))
    text = text.replace("layouts cimport ", f"layouts cimport {layout.stem}, ", 1)
    text += f"    {layout.stem}.define(&layouts[{number}])\n"
    registered.write_text(text, encoding="utf-8")
    return folder


def compiled_passes(source: Path) -> list[object]:
    """Compile the pass in float64 and in float32, and return the kernels of both."""
    core = source / "gmmx" / "_core"
    name, code = "em_pass_with_a_new_layout", source / "em_pass.c"
    cython = [sys.executable, "-m", "cython", "-3", "-X", "boundscheck=False"]
    cython += ["-X", "wraparound=False", "-X", "cdivision=True", "-X", "initializedcheck=False"]
    cython += ["-X", "freethreading_compatible=True", "--module-name", name]
    run([*cython, str(core / "em" / "em_pass.pyx"), "-o", str(code)])
    compiler = [*os.environ.get("CC", "cc").split(), "-shared", "-fPIC", "-O0", "-w"]
    compiler += [f"-I{core / 'vectors'}", f"-I{sysconfig.get_path('include')}"]
    kernels = []
    for precision, definition in (("float64", []), ("float32", ["-DGMMX_SINGLE"])):
        library = source / f"{precision}.so"
        run([*compiler, *definition, str(code), "-lm", "-o", str(library)])
        spec = importlib.util.spec_from_file_location(name, library)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        kernels.append(module.kernels)
    return kernels


def run(command: list[str]) -> None:
    """Run a command; fail with its output if it fails."""
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    pytest.importorskip("Cython")
    file = ROOT / "tests" / "support" / "toy_layout" / "plain.pxd"
    return compiled_passes(source_with(file, tmp_path_factory.mktemp("source")))


@pytest.fixture(autouse=True)
def registered(kernels, monkeypatch):
    built_in = [
        import_module(f"gmmx._core._em_pass_{_core.LEVEL}_{precision}").kernels
        for precision in ("float64", "float32")
    ]
    passes.install(*kernels)
    monkeypatch.setitem(LAYOUTS, Plain.name, Plain)
    monkeypatch.setitem(covariance.STRUCTURES, NAME, PlainDiag)
    monkeypatch.setitem(covariance.CONJUGATE_STRUCTURES, NAME, PlainDiag)
    monkeypatch.setitem(covariance.STRUCTURES_BY_NAME, NAME, PlainDiag)
    monkeypatch.setitem(covariance.CONJUGATE_STRUCTURES_BY_NAME, NAME, PlainDiag)
    yield
    passes.install(*built_in)


def samples(n_samples: int, n_features: int) -> np.ndarray:
    random = np.random.default_rng(8)
    centers = random.normal(scale=3.0, size=(3, n_features))
    return centers[random.integers(3, size=n_samples)] + random.normal(size=(n_samples, n_features))


def assert_equal_fits(mixture: type, X: np.ndarray, **parameters: object) -> None:
    """Assert that a mixture with the new layout equals the one with the built-in layout."""
    options = {"n_components": 3, "random_state": 0, **parameters}
    new, built_in = (mixture(covariance_type=name, **options).fit(X) for name in (NAME, "diag"))
    np.testing.assert_allclose(new.lower_bounds_, built_in.lower_bounds_, rtol=1e-11)
    for name in ("weights_", "means_", "covariances_"):
        np.testing.assert_allclose(getattr(new, name), getattr(built_in, name), rtol=1e-9)
    np.testing.assert_allclose(new.score_samples(X), built_in.score_samples(X), rtol=1e-10)
    np.testing.assert_allclose(
        new.predict_proba(X), built_in.predict_proba(X), rtol=1e-8, atol=1e-12
    )


def test_the_compiled_pass_knows_it():
    with pytest.raises(ValueError, match="'isotropic' or 'plain', got 'other'"):
        passes.moments_of(samples(4, 1), np.zeros((1, 1)), "other", 1)


@pytest.mark.parametrize("mixture", [GaussianMixture, BayesianGaussianMixture])
@pytest.mark.parametrize("n_features", [1, 2, 20])
@pytest.mark.filterwarnings("ignore::gmmx.ConvergenceWarning")
def test_a_fit_equals_a_fit_with_the_built_in_layout(mixture, n_features):
    assert_equal_fits(mixture, samples(3000, n_features), max_iter=30)


@pytest.mark.parametrize("init_params", ["k-means++", "random", "random_from_data"])
@pytest.mark.filterwarnings("ignore::gmmx.ConvergenceWarning")
def test_all_starting_values_know_it(init_params):
    assert_equal_fits(GaussianMixture, samples(300, 4), init_params=init_params, max_iter=10)


@pytest.mark.filterwarnings("ignore::gmmx.ConvergenceWarning")
def test_components_far_apart_know_it():
    X = samples(300, 2)
    X[:100] += 1e6
    assert_equal_fits(GaussianMixture, X, max_iter=10)


@pytest.mark.filterwarnings("ignore::gmmx.ConvergenceWarning")
def test_weights_and_an_accelerated_fit_know_it():
    X = samples(3000, 2)
    new, built_in = (
        GaussianMixture(3, covariance_type=name, random_state=0, algorithm="squarem").fit(
            X, sample_weight=np.linspace(0.0, 2.0, len(X))
        )
        for name in (NAME, "diag")
    )
    assert new.lower_bound_ == pytest.approx(built_in.lower_bound_, rel=1e-10)
    np.testing.assert_allclose(new.means_, built_in.means_, rtol=1e-6)
