"""Earlier findings of the fuzzers in fuzz/, run again."""

from __future__ import annotations

import sys
from importlib import util
from pathlib import Path

import pytest

FUZZ = Path(__file__).parents[2] / "fuzz"
KERNEL_PROBLEMS = (
    1_000_004_152,  # products of responsibilities and samples are subnormal
    2_000_000_120,  # the longest sums of the baseline's two lanes
    2_000_000_260,
    100_000_006_958,  # the reference's single long sum had larger rounding errors
    100_000_013_766,
    100_000_016_264,
    100_000_020_989,  # probabilities that rounding may change by any factor
)


def fuzzer(name):
    """Import a fuzzer from its file."""
    spec = util.spec_from_file_location(f"fuzz_{name}", FUZZ / f"{name}.py")
    module = util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


LOAD = fuzzer("load")
KERNELS = fuzzer("kernels")
INPUTS = sorted(path for path in LOAD.CORPUS.iterdir() if path.is_file())


def test_the_corpus_reaches_a_model_of_every_type():
    assert {path.name for path in INPUTS} >= {"golden", "parameters", *KERNELS.CONJUGATE_STRUCTURES}


def test_inputs_are_the_contents_of_model_files():
    golden = Path(__file__).parents[1] / "data" / "model_v1.gmmx"
    assert LOAD.model_file(LOAD.contents_of(golden)) == golden.read_bytes()


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.name)
def test_model_files_of_the_corpus_load_or_are_refused(path):
    LOAD.check(path.read_bytes())


@pytest.mark.parametrize("number", [*KERNEL_PROBLEMS, *range(40)])
def test_kernels_agree_with_the_twin(number):
    assert KERNELS.passes(number)
