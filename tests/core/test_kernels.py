"""The compiled passes, compared with their formulas at all borders of blocks and tiles."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gmmx
from gmmx._core.interface import passes
from gmmx.model.statistics import Layout
from gmmx.samples.moments import unpack_sums
from moments import factors_shape, squares_of, statistics_of
from twin import Array

# Layouts by the name of a form: 'paired' and 'centered' have a center near all means.
FORMS: dict[str, Layout] = {
    "dense": "dense", "paired": "dense", "shared": "shared", "diagonal": "diagonal",
    "centered": "diagonal", "isotropic": "isotropic",
}  # fmt: skip
EXACT_FORMS = ("dense", "diagonal")  # moments about one point for each component
DTYPES = (np.float32, np.float64)
BORDERS = sorted({size + step for size in (4, 8, 12, 32, 64, 256, 512) for step in (-1, 0, 1)})

in_every_form = pytest.mark.parametrize("form", FORMS)
in_exact_forms = pytest.mark.parametrize("form", EXACT_FORMS)
in_every_precision = pytest.mark.parametrize("dtype", DTYPES)


def at_many_sizes_of(forms):
    return given(
        n_samples=st.sampled_from([1, 2, *BORDERS, 700, 1000, 3000]),
        n_features=st.integers(1, 40) | st.sampled_from([64, 100]),
        n_components=st.integers(1, 12),
        form=st.sampled_from(sorted(forms)),
        dtype=st.sampled_from(DTYPES),
        seed=st.integers(0, 2**32 - 1),
    )


at_many_sizes = at_many_sizes_of(FORMS)
derandomized = settings(max_examples=70, deadline=None, derandomize=True)


@dataclass(frozen=True)
class Problem:
    """Arguments of em_pass that the samples' precision represents exactly."""

    X: Array  # (n, D) in float32 or float64
    means: Array  # (K, D)
    factors: Array  # in the layout's shape
    log_scale: Array  # (K,)
    form: str

    @property
    def layout(self) -> Layout:
        return FORMS[self.form]

    @property
    def eps(self) -> float:
        return float(np.finfo(self.X.dtype).eps)

    @property
    def center(self) -> Array | None:
        return None if self.form in EXACT_FORMS else self.means[0]

    @property
    def most_moments(self) -> int:
        return 1 if self.form == "shared" else 2

    @property
    def origin(self) -> Array:
        """Points that moments are taken about if there is no center."""
        if self.center is not None:
            return np.repeat(self.center[np.newaxis], len(self.means), axis=0)
        return (self.means + 0.25).astype(self.X.dtype).astype(np.float64)

    def run(self, n_threads: int = 1, **options):
        return passes.em_pass(
            self.X, self.means, np.ascontiguousarray(self.factors).ravel(), self.log_scale,
            self.layout, n_threads, center=self.center, **options,
        )  # fmt: skip

    def outputs(self, n_threads: int = 1, **options):
        """Return log densities (n, K), responsibilities (n, K), log_prob (n,) and labels (n,)."""
        n_samples, n_components, dtype = len(self.X), len(self.means), self.X.dtype
        weighted = np.full((n_components, n_samples), np.nan, dtype)
        resp = np.full((n_samples, n_components), np.nan, dtype)
        log_prob = np.full(n_samples, np.nan, dtype)
        labels = np.full(n_samples, -7)
        self.run(
            n_threads, weighted_log_prob=weighted, resp=resp, log_prob=log_prob, labels=labels,
            **options,
        )  # fmt: skip
        return weighted.T, resp, log_prob, labels

    def weighted_log_prob(self) -> tuple[Array, Array]:
        """Return log_scale - |U^T (x - mu)|^2 / 2 in float64, and a bound of its rounding error."""
        n_components = len(self.means)
        factors = [self.factors] * n_components if self.layout == "shared" else self.factors
        X = self.X.astype(np.float64)
        weighted, sizes = [], []
        for mean, factor, log_scale in zip(self.means, factors, self.log_scale, strict=True):
            centred = X - mean
            weighted.append(log_scale - 0.5 * (transformed(centred, factor) ** 2).sum(axis=1))
            if self.center is not None:  # distances of points about the center
                centred = np.abs(X - self.center) + np.abs(mean - self.center)
            bounds = transformed(np.abs(centred), np.abs(factor)) ** 2
            sizes.append(np.abs(log_scale) + bounds.sum(axis=1))
        rounding = (X.shape[1] + 4.0) * self.eps * np.stack(sizes, axis=1)
        return np.stack(weighted, axis=1), rounding


def transformed(points: Array, factor: Array) -> Array:
    """Return points (n, D) times a matrix (D, D), or times its diagonal (D,) or (1,)."""
    return points @ factor if factor.ndim == 2 else points * factor


def problem(n_samples, n_features, n_components, form, dtype, seed) -> Problem:
    random = np.random.default_rng(seed)
    shape = factors_shape(FORMS[form], n_components, n_features)
    factors = random.normal(size=shape) / np.sqrt(n_features)
    if FORMS[form] in ("dense", "shared"):
        factors = np.triu(factors)
    means = random.normal(size=(n_components, n_features))
    X = means[random.integers(n_components, size=n_samples)]
    X = X + random.normal(size=(n_samples, n_features))
    log_scale = random.normal(size=n_components) - 3.0
    means, factors, log_scale = (
        values.astype(dtype).astype(np.float64) for values in (means, factors, log_scale)
    )
    return Problem(X.astype(dtype), means, factors, log_scale, form)


def log_sum_exp(weighted: Array) -> tuple[Array, Array]:
    """Return log sum_k exp(weighted) and the responsibilities, in float64."""
    weighted = weighted.astype(np.float64)
    best = weighted.max(axis=1, keepdims=True)
    densities = np.exp(weighted - best)
    total = densities.sum(axis=1, keepdims=True)
    return (best + np.log(total))[:, 0], densities / total


# ---- densities, responsibilities, labels


def assert_log_densities(example):
    """Assert that log densities agree with their formula."""
    weighted, _, _, _ = example.outputs()
    expected, rounding = example.weighted_log_prob()
    assert np.all(np.abs(weighted - expected) <= rounding)


def assert_outputs(example):
    """Assert that responsibilities, log_prob and labels follow from the log densities."""
    weighted, resp, log_prob, labels = example.outputs()
    expected_log_prob, expected_resp = log_sum_exp(weighted)
    eps, largest = example.eps, np.abs(weighted).max(axis=1)
    assert np.all(np.abs(log_prob - expected_log_prob) <= 4.0 * eps * (largest + 1.0))
    # The difference from the largest log density is rounded before exp.
    spread = weighted.max(axis=1, keepdims=True) - weighted
    tolerance = expected_resp * (spread + 8.0) * eps + 2.0 * np.finfo(example.X.dtype).tiny
    assert np.all(np.abs(resp - expected_resp) <= tolerance)
    np.testing.assert_array_equal(labels, weighted.argmax(axis=1))


@derandomized
@at_many_sizes
def test_log_densities_are_their_formula(**sizes):
    assert_log_densities(problem(**sizes))


@derandomized
@at_many_sizes
def test_outputs_follow_from_the_log_densities(**sizes):
    assert_outputs(problem(**sizes))


@derandomized
@at_many_sizes
def test_outputs_do_not_depend_on_what_else_is_asked_for(**sizes):
    example = problem(**sizes)
    weighted, resp, log_prob, labels = example.outputs(
        moments=example.most_moments, origin=example.origin
    )
    together = {
        "weighted_log_prob": weighted.T, "resp": resp, "log_prob": log_prob, "labels": labels
    }  # fmt: skip
    for name, expected in together.items():
        alone = np.empty(expected.shape, expected.dtype)
        assert example.run(**{name: alone}) is None
        np.testing.assert_array_equal(alone, expected)


@in_every_form
@in_every_precision
def test_the_first_of_equal_components_is_the_label(form, dtype):
    example = problem(50, 3, 2, form, dtype, seed=0)
    twins = Problem(
        example.X, np.repeat(example.means, 2, axis=0),
        example.factors if form == "shared" else np.repeat(example.factors, 2, axis=0),
        np.repeat(example.log_scale, 2), form,
    )  # fmt: skip
    _, resp, _, labels = twins.outputs()
    assert set(labels.tolist()) <= {0, 2}
    np.testing.assert_array_equal(resp[:, 0], resp[:, 1])


@in_every_form
@in_every_precision
def test_a_component_of_weight_zero_has_no_responsibility(form, dtype):
    example = problem(70, 3, 4, form, dtype, seed=0)
    example.log_scale[2] = -np.inf
    far = np.full((1, 3), np.finfo(dtype).max / 4, dtype)
    for X in (example.X, far):
        some = Problem(X, example.means, example.factors, example.log_scale, form)
        weighted, resp, _, labels = some.outputs()
        assert np.all(weighted[:, 2] == -np.inf)
        assert np.all(resp[:, 2] == 0.0)
        assert 2 not in labels
        sums = some.run(moments=1, origin=some.means)
        assert sums[1 + 2] == 0.0


@in_every_form
@pytest.mark.parametrize(("dtype", "far"), [(np.float64, 1e200), (np.float32, 1e30)])
def test_far_points_have_responsibilities(form, dtype, far):
    example = problem(6, 4, 3, form, dtype, seed=0)
    X = example.X.copy()
    X[0], X[1], X[2, 0], X[3] = far, -far, far, [far, -far, far, -far]
    some = Problem(X, example.means, example.factors, example.log_scale, form)
    _, resp, log_prob, labels = some.outputs()
    assert np.all(resp >= 0.0)
    np.testing.assert_allclose(resp.sum(axis=1), 1.0, rtol=12 * some.eps)
    assert np.all(log_prob[:4] == -np.inf)
    assert np.all(np.isfinite(log_prob[4:]))
    assert set(labels.tolist()) <= {0, 1, 2}
    np.testing.assert_array_equal(resp[4:], example.outputs()[1][4:])


def test_a_point_that_is_far_for_one_component_belongs_to_the_other():
    X = np.array([[1e200], [0.0]])
    example = Problem(
        X, np.zeros((2, 1)), np.array([[1.0], [1e-200]]), np.array([0.0, -460.0]), "diagonal"
    )
    _, resp, log_prob, labels = example.outputs()
    np.testing.assert_array_equal(resp[0], [0.0, 1.0])
    assert labels.tolist() == [1, 0]
    assert log_prob[0] == pytest.approx(-460.5, rel=1e-15)


# ---- exp and log, seen through two components on a line


def points_with_exact_squares(dtype, largest, n_points=400):
    """Return points x > 0 with few bits, so that x^2 / 2 is exact, up to a largest x^2 / 2."""
    random = np.random.default_rng(0)
    x = np.sqrt(2.0 * largest * random.uniform(size=n_points) ** 2)
    grid = 2.0**-18 if dtype is np.float64 else 2.0**-7
    return np.round(x / grid)[:, np.newaxis] * grid


@in_every_precision
def test_exp_and_log_are_within_a_few_units_in_the_last_place(dtype):
    # A flat and a normal density have the weights 1 and exp(-t), with t = x^2 / 2 exact.
    X = points_with_exact_squares(dtype, 700.0 if dtype is np.float64 else 80.0)
    example = Problem(
        X.astype(dtype), np.zeros((2, 1)), np.array([[0.0], [1.0]]), np.zeros(2), "diagonal"
    )
    weighted, resp, log_prob, _ = example.outputs()
    with mpmath.workdps(40):
        for x, log_densities, probabilities, total in zip(
            X[:, 0], weighted, resp, log_prob, strict=True
        ):
            t = mpmath.mpf(float(x)) ** 2 / 2
            assert log_densities.tolist() == [0.0, float(-t)]
            density = mpmath.exp(-t)
            for probability, expected in zip(probabilities, (1, density), strict=True):
                truth = expected / (1 + density)
                assert abs(mpmath.mpf(float(probability)) / truth - 1) <= 3 * example.eps
            error = abs(mpmath.mpf(float(total)) - mpmath.log1p(density))
            assert error <= 2 * example.eps


@in_every_precision
def test_densities_below_the_normal_range_vanish(dtype):
    smallest = np.finfo(dtype).smallest_normal
    depths = np.linspace(0.5, 1.5, 401) * -np.log(np.float64(smallest))
    example = Problem(
        np.zeros((1, 1), dtype), np.zeros((402, 1)), np.zeros((402, 1)),
        np.append(0.0, -depths).astype(dtype).astype(np.float64), "diagonal",
    )  # fmt: skip
    _, resp, log_prob, _ = example.outputs()
    assert np.all((resp == 0.0) | (resp >= 0.5 * smallest))
    assert np.all(resp[0, 1:][depths > 1.01 * depths[200]] == 0.0)
    assert np.all(resp[0, 1:][depths < 0.99 * depths[200]] > 0.0)
    assert log_prob[0] >= 0.0


# ---- moments


def assert_moments(sums, X, resp, origin, layout, moments, eps):
    """Assert that sums contain counts and moments up to the rounding of their terms."""
    n_components, n_features = origin.shape
    counts = sums[1 : 1 + n_components]
    exact_counts, exact_first, squares = squares_of(X, resp, origin)
    np.testing.assert_allclose(counts, exact_counts, rtol=40 * eps, atol=40 * eps)
    first_sizes = np.sqrt(squares) * np.sqrt(exact_counts)[:, np.newaxis]
    tolerance = 40 * eps
    # Products of tiny responsibilities are rounded to a multiple of the smallest subnormal number.
    farthest = np.abs(X[:, np.newaxis] - origin).max(initial=1.0)
    underflow = len(X) * float(np.finfo(X.dtype).smallest_subnormal) * farthest
    if moments == 1:
        first = sums[1 + n_components :].reshape(n_components, n_features)
        assert np.all(np.abs(first - exact_first) <= tolerance * first_sizes + underflow)
        assert sums.size == 1 + n_components + origin.size
        return
    actual = unpack_sums(sums, layout, origin)
    expected = sizes = squares
    if layout == "dense":
        expected = statistics_of(X, resp, layout, origin).second
        roots = np.sqrt(squares)  # products of squares may overflow or underflow
        sizes = roots[:, :, np.newaxis] * roots[:, np.newaxis, :]
    elif layout == "isotropic":
        expected = sizes = squares.sum(axis=1, keepdims=True)
    assert actual.second.shape == expected.shape
    assert np.all(np.abs(actual.first - exact_first) <= tolerance * first_sizes + underflow)
    assert np.all(np.abs(actual.second - expected) <= tolerance * sizes + underflow * farthest)


def assert_sums(example):
    """Assert that moments agree with the responsibilities."""
    _, resp, log_prob, _ = example.outputs()
    origin = example.origin
    for moments in range(1, example.most_moments + 1):
        sums = example.run(moments=moments, origin=origin)
        assert_moments(sums, example.X, resp, origin, example.layout, moments, example.eps)
        log_likelihood = log_prob.sum(dtype=np.float64)
        rounding = example.eps * np.abs(log_prob).sum(dtype=np.float64)
        assert sums[0] == pytest.approx(log_likelihood, abs=40 * rounding, rel=0)


@derandomized
@at_many_sizes
def test_moments_are_those_of_the_responsibilities(**sizes):
    assert_sums(problem(**sizes))


@pytest.mark.parametrize("n_features", [*range(1, 42), 47, 48, 49, 64, 80, 100])
def test_every_number_of_features_in_full_and_partial_blocks(n_features):
    for form in FORMS:
        for dtype in DTYPES:
            for n_samples in (64, 300):
                example = problem(n_samples, n_features, 2, form, dtype, seed=0)
                weighted, resp, _, _ = example.outputs()
                expected, rounding = example.weighted_log_prob()
                assert np.all(np.abs(weighted - expected) <= rounding)
                origin = example.origin
                sums = example.run(moments=example.most_moments, origin=origin)
                assert_moments(
                    sums, example.X, resp, origin, example.layout, example.most_moments, example.eps
                )


@pytest.mark.parametrize("n_components", [1, 2, 5, 9, 17])
@pytest.mark.parametrize("n_features", [129, 136, 139, 345, 1027])
def test_rows_that_fill_the_first_cache(n_features, n_components):
    for form in ("centered", "isotropic"):
        for dtype in DTYPES:
            for n_samples in (1, 31, 100):
                example = problem(n_samples, n_features, n_components, form, dtype, seed=0)
                assert_log_densities(example)
                assert_outputs(example)
                assert_sums(example)


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4])
@pytest.mark.parametrize("raised", [0.0, 10.0, 100.0, -200.0, 200.0])
@in_every_precision
def test_moments_of_one_feature_in_and_out_of_reach(dtype, raised, scale):
    # Groups with only near samples, groups with some far samples, and densities out of range.
    example = problem(1000, 1, 5, "diagonal", dtype, seed=0)
    X = example.X * np.where(np.arange(1000) % 97 < 2, scale, 1.0)[:, np.newaxis].astype(dtype)
    log_scale = (example.log_scale + raised).astype(dtype).astype(np.float64)
    assert_sums(Problem(X, example.means, example.factors, log_scale, "diagonal"))


@derandomized
@at_many_sizes_of(EXACT_FORMS)
def test_moments_of_given_responsibilities(**sizes):
    example = problem(**sizes)
    random = np.random.default_rng(0)
    shape = len(example.X), len(example.means)
    resp = random.uniform(size=shape).astype(example.X.dtype)
    resp[random.uniform(size=shape) < 0.3] = 0.0
    origin = example.origin
    for moments in (1, 2):
        sums = passes.moments_of(example.X, origin, example.layout, 1, moments=moments, resp=resp)
        assert sums[0] == 0.0
        assert_moments(sums, example.X, resp, origin, example.layout, moments, example.eps)


@derandomized
@at_many_sizes_of(EXACT_FORMS)
def test_moments_of_given_labels(**sizes):
    example = problem(**sizes)
    n_components = len(example.means)
    labels = np.random.default_rng(0).integers(n_components, size=len(example.X))
    resp = np.eye(n_components)[labels]
    origin = example.origin
    sums = passes.moments_of(example.X, origin, example.layout, 1, labels=labels)
    np.testing.assert_array_equal(sums[1 : 1 + n_components], resp.sum(axis=0))
    assert_moments(sums, example.X, resp, origin, example.layout, 2, example.eps)


@derandomized
@at_many_sizes_of(EXACT_FORMS)
def test_moments_of_all_samples(**sizes):
    example = problem(**sizes)
    origin = example.origin[:1]
    sums = passes.moments_of(example.X, origin, example.layout, 1)
    resp = np.ones((len(example.X), 1))
    assert_moments(sums, example.X, resp, origin, example.layout, 2, example.eps)


@pytest.mark.parametrize("n_features", [1, 5, 16, 17, 40])
def test_second_moments_are_exactly_symmetric(n_features):
    example = problem(400, n_features, 2, "dense", np.float64, seed=0)
    sums = example.run(moments=example.most_moments, origin=example.origin)
    matrices = sums[1 + 2 + 2 * n_features :].reshape(-1, n_features, n_features)
    np.testing.assert_array_equal(matrices, matrices.transpose(0, 2, 1))


@in_exact_forms
def test_single_precision_is_summed_in_double(form):
    n_samples = 200_000
    X = np.full((n_samples, 1), 1.1, np.float32)
    resp = np.full((n_samples, 1), 0.1, np.float32)
    sums = passes.moments_of(X, np.zeros((1, 1)), form, 2, resp=resp)
    count = n_samples * float(resp[0, 0])
    expected = [0.0, count, count * float(X[0, 0]), count * float(X[0, 0]) ** 2]
    np.testing.assert_allclose(sums, expected, rtol=1e-5)
    in_order = np.cumsum(resp[:, 0], dtype=np.float32)[-1]
    assert abs(sums[1] - count) < abs(in_order - count) / 10


@in_every_form
@in_every_precision
def test_any_number_of_threads_gives_the_same_bits(form, dtype):
    example = problem(20_000, 5, 3, form, dtype, seed=0)
    moments = {"moments": example.most_moments, "origin": example.origin}
    expected = [*example.outputs(1), example.run(1, **moments)]
    for n_threads in (2, 3, 7):
        actual = [*example.outputs(n_threads), example.run(n_threads, **moments)]
        for one, other in zip(actual, expected, strict=True):
            np.testing.assert_array_equal(one, other)


# ---- instruction sets

PROGRAM = """
import sys
import numpy as np
import test_kernels as kernels
from gmmx import build_config

results = {"level": np.array(build_config()["instruction_set"])}
for form in kernels.FORMS:
    for dtype in kernels.DTYPES:
        for n_samples, n_features, n_components in [(1000, 3, 4), (333, 19, 2), (70, 1, 9)]:
            example = kernels.problem(n_samples, n_features, n_components, form, dtype, 0)
            sums = example.run(moments=example.most_moments, origin=example.origin)
            name = f"{form} {np.dtype(dtype)} {n_features}"
            for output, values in zip(("weighted", "resp", "log_prob"), example.outputs()):
                results[f"{name} {output}"] = values
            results[f"{name} sums"] = sums
np.savez(sys.argv[1], **results)
"""


def run_with_level(level, program, *arguments):
    """Run a program in this folder with the kernels of one instruction set."""
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=Path(__file__).parent,
        env=os.environ | {"GMMX_ISA": level, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_every_instruction_set_gives_the_same_results(tmp_path):
    usable = [
        level
        for level in passes.supported_levels()
        if level in gmmx.build_config()["kernel_levels"]
    ]
    results = {}
    for level in usable:
        path = str(tmp_path / f"{level}.npz")
        run = run_with_level(level, PROGRAM, path)
        assert run.returncode == 0, run.stderr
        with np.load(path) as arrays:
            results[level] = dict(arrays)
        assert results[level].pop("level") == level
    for level in usable[1:]:
        assert results[level].keys() == results["baseline"].keys()
        for name, expected in results["baseline"].items():
            eps = np.finfo(np.float32 if "float32" in name else np.float64).eps
            scale = np.abs(expected).max()
            np.testing.assert_allclose(
                results[level][name], expected, rtol=200 * eps, atol=200 * eps * scale,
                err_msg=f"{level}: {name}",
            )  # fmt: skip


def test_an_unknown_instruction_set_is_refused():
    run = run_with_level("avx1024", "from gmmx import GaussianMixture")
    assert run.returncode != 0
    assert "GMMX_ISA is 'avx1024', but this build of gmmx has kernels for baseline" in run.stderr


# ---- arguments

GOOD = {"n_samples": 5, "n_features": 2, "n_components": 3, "dtype": np.float64, "seed": 0}
OUTPUTS = {
    "weighted_log_prob": (3, 4), "resp": (5, 2), "log_prob": 4, "labels": 6
}  # fmt: skip


@in_every_form
@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs_of_wrong_size_are_refused(form, name):
    out = np.empty(OUTPUTS[name], np.int64 if name == "labels" else np.float64)
    with pytest.raises(ValueError, match=f"{name} has {out.size} values, expected"):
        problem(form=form, **GOOD).run(**{name: out})


@in_every_form
@pytest.mark.parametrize("name", ["means", "factors", "log_scale"])
def test_parameters_of_wrong_size_are_refused(form, name):
    some = problem(form=form, **GOOD)
    arguments = {
        "means": some.means, "factors": some.factors.ravel(), "log_scale": some.log_scale
    }  # fmt: skip
    arguments[name] = np.append(arguments[name], 1.0)
    if name == "means":
        arguments[name] = np.ones((3, 3))
    with pytest.raises(ValueError, match=f"{name} has . values, expected|has .. values, expected"):
        passes.em_pass(some.X, *arguments.values(), some.layout, 1, center=some.center)


@in_exact_forms
@pytest.mark.parametrize("run", ["em_pass", "moments_of"])
def test_moments_about_a_point_of_wrong_size_are_refused(form, run):
    some = problem(form=form, **GOOD)
    resp = np.ones((5, 3))
    runs = {
        "em_pass": lambda **options: some.run(moments=2, **options),
        "moments_of": lambda origin, **options: passes.moments_of(
            some.X, origin, form, 1, resp=resp, **options
        ),
    }
    with pytest.raises(ValueError, match="origin has 9 values, expected 6"):
        runs[run](origin=np.zeros((3, 3)))
    with pytest.raises(ValueError, match="moments must be 0, 1 or 2"):
        passes.moments_of(some.X, some.means, form, 1, resp=resp, moments=3)


@pytest.mark.parametrize(
    ("form", "options", "error"),
    [
        ("shared", {"center": np.zeros(3)}, "center has 3 values, expected 2"),
        ("centered", {"center": np.zeros(3)}, "center has 3 values, expected 2"),
        ("shared", {"center": np.zeros(2), "moments": 2}, "shared has no second moments"),
        ("shared", {}, "shared needs a center"),
        ("isotropic", {}, "isotropic needs a center"),
        ("paired", {"center": np.zeros(3)}, "center has 3 values, expected 2"),
    ],
)
def test_centers_that_do_not_suit_the_layout_are_refused(form, options, error):
    some = problem(form=form, **GOOD)
    with pytest.raises(ValueError, match=error):
        passes.em_pass(
            some.X, some.means, some.factors.ravel(), some.log_scale, some.layout, 1, **options
        )


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"resp": np.ones((5, 2))}, "resp has 10 values, expected 15"),
        ({"labels": np.zeros(4, np.int64)}, "labels has 4 values, expected 5"),
        ({"labels": np.array([0, 1, 2, 3, 0])}, "label 3 is not from 0 to 2"),
        ({"labels": np.array([0, 1, -1, 2, 0])}, "label -1 is not from 0 to 2"),
    ],
)
@in_exact_forms
def test_given_assignments_of_wrong_size_are_refused(form, options, error):
    some = problem(form=form, **GOOD)
    with pytest.raises(ValueError, match=error):
        passes.moments_of(some.X, some.means, form, 1, **options)


def test_missing_arguments_are_refused():
    some = problem(form="shared", **GOOD)
    arguments = some.X, some.means, some.factors.ravel(), some.log_scale, "shared", 1
    with pytest.raises((TypeError, ValueError, AttributeError)):
        passes.em_pass(*arguments)


def test_arrays_that_kernels_cannot_read_are_refused():
    some = problem(form="diagonal", **GOOD)
    rest = some.means, some.factors.ravel(), some.log_scale
    for X in (np.asfortranarray(some.X), some.X[:, ::-1], some.X.astype(np.int64), some.X[0]):
        with pytest.raises((ValueError, TypeError)):
            passes.em_pass(X, *rest, "diagonal", 1)
    with pytest.raises((ValueError, TypeError)):
        passes.em_pass(some.X, *rest, "diagonal", 1, log_prob=np.empty(5, np.float32))
    with pytest.raises(ValueError, match="layout must be 'dense', 'shared', 'diagonal' or"):
        passes.em_pass(some.X, *rest, "round", 1)
    with pytest.raises(ValueError, match="at least 1 sample, feature and component, got 0, 2, 3"):
        passes.em_pass(np.empty((0, 2)), *rest, "diagonal", 1)


def test_read_only_samples_are_read():
    some = problem(form="dense", **GOOD)
    X = some.X.copy()
    X.flags.writeable = False
    frozen = Problem(X, some.means, some.factors, some.log_scale, "dense")
    np.testing.assert_array_equal(frozen.outputs()[1], some.outputs()[1])
    np.testing.assert_array_equal(X, some.X)
