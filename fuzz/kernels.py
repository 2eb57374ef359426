"""Hold the kernels against NumPy on random problems of every size, precision, unit and place.

Usage: python fuzz/kernels.py --seconds 60 --seed 0
       python fuzz/kernels.py --only 17        one problem again, by the number that was printed

It ends by itself, with status 1 if a problem failed. A problem is a pure function of its number.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path

import numpy as np

TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS / "core"), str(TESTS / "support")]

import gmmx
from gmmx.model.covariance import CONJUGATE_STRUCTURES
from test_kernels import (
    BORDERS,
    DTYPES,
    FORMS,
    Problem,
    assert_log_densities,
    assert_outputs,
    assert_sums,
    problem,
)
from twin import Array, Parameters, dense, factors_of, log_constants, whiten

# Beyond these, squares or differences leave the precision's range.
LARGEST_EXPONENT = {np.float32: 50, np.float64: 300}
LARGEST_OFFSET = {np.float32: 1e4, np.float64: 1e10}  # in standard deviations
NUMBERS_PER_SEED = 10**9


def random_size(random: np.random.Generator) -> tuple[int, int, int]:
    """Return numbers of samples, features and components, most of them where blocks end."""
    n_samples = int(random.choice([*range(1, 6), *BORDERS, 700, 1025, 3000]))
    n_features = int(random.choice([*range(1, 42), 47, 48, 49, 64, 65, 100]))
    return n_samples, n_features, int(random.integers(1, 13))


def moved(
    X: Array, means: Array, random: np.random.Generator, dtype: type[np.floating]
) -> tuple[Array, Array, int]:
    """Return samples and means elsewhere and in other units, and the exponent of the unit."""
    largest = LARGEST_EXPONENT[dtype]
    exponent = int(random.choice([0, random.integers(-largest, largest + 1), -largest, largest]))
    offset = random.choice([0.0, 10.0 ** random.uniform(0.0, np.log10(LARGEST_OFFSET[dtype]))])
    offsets = offset * random.choice([-1.0, 1.0], size=X.shape[1])
    X, means = (
        np.ldexp((values + offsets).astype(dtype), exponent).astype(dtype) for values in (X, means)
    )
    return X, means.astype(np.float64), exponent


def kernel_problem(random: np.random.Generator) -> Problem:
    """Return arguments of the compiled pass."""
    dtype = DTYPES[random.integers(2)]
    form = str(random.choice(list(FORMS)))
    example = problem(*random_size(random), form, dtype, int(random.integers(2**32)))
    X, means, exponent = moved(example.X, example.means, random, dtype)
    if random.uniform() < 0.3:  # duplicates
        X = np.ascontiguousarray(X[random.integers(len(X), size=len(X)) // 7])
    log_scale = example.log_scale.copy()
    if random.uniform() < 0.2:  # as good as without weight
        log_scale[random.integers(len(log_scale))] = -(2.0**13)
    factors = np.ldexp(example.factors, -exponent)
    return replace(example, X=X, means=means, factors=factors, log_scale=log_scale)


def in_other_layouts(X: Array, random: np.random.Generator) -> list[Array]:
    """Return the same samples in other orders, strides and bytes."""
    padded = np.zeros((2 * len(X), 3 * X.shape[1]), X.dtype)
    padded[::2, 1::3] = X
    unaligned = np.zeros(X.nbytes + 1, np.uint8)[1:].view(X.dtype).reshape(X.shape)
    unaligned[...] = X
    read_only = X.copy()
    read_only.flags.writeable = False
    reversed_rows = X[::-1].copy()[::-1]
    reversed_features = X[:, ::-1].copy()[:, ::-1]
    swapped = X.astype(X.dtype.newbyteorder())
    others = [np.asfortranarray(X), padded[::2, 1::3], unaligned, read_only]
    return [*others, reversed_rows, reversed_features, swapped]


def mixture_and_samples(random: np.random.Generator) -> tuple[gmmx.GaussianMixture, Array]:
    """Return a mixture with means exact in the samples' precision, and samples of it."""
    dtype = DTYPES[random.integers(2)]
    n_samples, n_features, n_components = random_size(random)
    # Random covariances satisfy no constraints.
    name = str(random.choice(list(CONJUGATE_STRUCTURES)))
    shape = CONJUGATE_STRUCTURES[name].covariance_shape(n_components, n_features)
    covariances = random.uniform(0.2, 5.0, size=shape)
    if name in ("full", "tied"):
        mixing = np.eye(n_features) + 0.5 * random.normal(size=shape) / np.sqrt(n_features)
        covariances = mixing @ np.swapaxes(mixing, -1, -2)
    means = 3.0 * random.normal(size=(n_components, n_features))
    X = means[random.integers(n_components, size=n_samples)]
    X = X + random.normal(size=X.shape)
    X, means, exponent = moved(X, means, random, dtype)
    weights = random.dirichlet(np.ones(n_components))
    covariances = np.ldexp(covariances, 2 * exponent)
    return gmmx.GaussianMixture.from_parameters(weights, means, covariances, name), X


def check_kernels(random: np.random.Generator) -> None:
    """Check every output of the compiled pass."""
    example = kernel_problem(random)
    assert_log_densities(example)
    assert_outputs(example)
    assert_sums(example)


def check_model(random: np.random.Generator) -> None:
    """Check predictions of a model, which chooses layout and center itself, in every layout."""
    model, X = mixture_and_samples(random)
    log_prob, resp = model.score_samples(X), model.predict_proba(X)
    for samples in in_other_layouts(X, random):
        np.testing.assert_array_equal(model.score_samples(samples), log_prob)
        np.testing.assert_array_equal(model.predict_proba(samples), resp)
    expected, rounding = log_densities_of(model, X)
    best = expected.max(axis=1, keepdims=True)
    total = best[:, 0] + np.log(np.exp(expected - best).sum(axis=1))
    error = rounding.max(axis=1)
    assert np.all(np.abs(log_prob - total) <= error)
    # A change of log densities by e changes a probability by a factor of exp(2 e) at the most.
    logarithm, change = expected - total[:, np.newaxis], 2.0 * error[:, np.newaxis]
    assert np.all(resp >= np.exp(logarithm - change) - 1e-37)
    assert np.all(resp <= np.exp(np.minimum(logarithm + change, 1.0)) + 1e-37)


def log_densities_of(model: gmmx.GaussianMixture, X: Array) -> tuple[Array, Array]:
    """Return the twin's weighted log densities (n, K), and what rounding may change them."""
    parameters = Parameters(model.weights_, model.means_, model.covariances_)
    n_components, n_features = model.means_.shape
    factors = factors_of(parameters, model.covariance_type)
    constants = log_constants(model.weights_, factors)
    whitened = whiten(X, model.means_, factors)
    # Distances may be taken between points about a center among the means.
    spread = np.abs(model.means_ - model.means_.mean(axis=0)).max(axis=0)
    centred = np.abs(X[:, np.newaxis].astype(np.float64) - model.means_) + 2.0 * spread
    bounds = (np.einsum("kde,ike->ikd", np.abs(factors), centred) ** 2).sum(axis=2)
    matrices = dense(model.covariances_, model.covariance_type, n_components, n_features)
    eps = np.finfo(np.float64).eps * np.linalg.cond(matrices) + np.finfo(X.dtype).eps
    rounding = (n_features + 8.0) * eps * (1.0 + np.abs(constants) + bounds)
    return constants - 0.5 * (whitened**2).sum(axis=2), rounding


CHECKS = (check_kernels, check_model)


def passes(number: int) -> bool:
    """Whether problem `number` passes; print what failed."""
    random = np.random.default_rng(number)
    check = CHECKS[number % len(CHECKS)]
    try:
        check(random)
    except Exception:
        print(f"problem {number} fails: python fuzz/kernels.py --only {number}")
        traceback.print_exc()
        return False
    return True


def main() -> int:
    """Run problems until the time is over; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, metavar="NUMBER")
    arguments = parser.parse_args()
    if arguments.only is not None:
        return int(not passes(arguments.only))
    number, n_failed = arguments.seed * NUMBERS_PER_SEED, 0
    stop = time.monotonic() + arguments.seconds
    n_problems = 0
    while time.monotonic() < stop and n_failed < 10:
        n_failed += not passes(number + n_problems)
        n_problems += 1
    level = gmmx.build_config()["instruction_set"]
    print(f"{n_problems} problems from {number} on {level}, {n_failed} failed")
    return int(n_failed > 0)


if __name__ == "__main__":
    sys.exit(main())
