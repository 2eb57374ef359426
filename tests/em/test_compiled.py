"""Compiled iterations of small fits, compared with steps made one by one: the same bits."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from gmmx import DegenerateMixtureError, GaussianMixture
from gmmx.em.compiled import MOST_AT_ONCE
from gmmx.em.loop import EMResult, run_em
from gmmx.em.maximum_likelihood import ExpectationMaximization
from gmmx.em.stopping import AbsoluteChange, AitkenEstimate
from gmmx.model.covariance import CONJUGATE_STRUCTURES, STRUCTURES
from gmmx.model.parameters import MixtureParameters, maximize
from gmmx.samples.array_source import ArraySource
from gmmx.samples.e_step import MOST_PAIRS, is_small_pass

COMPILED = [
    name
    for name, structure in STRUCTURES.items()
    if name in CONJUGATE_STRUCTURES or structure.has_compiled_m_step
]
every_structure = pytest.mark.parametrize("name", COMPILED)
in_every_precision = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def samples_of(n_samples, n_features, dtype=np.float64, seed=0):
    """Return three overlapping clusters."""
    random = np.random.default_rng(seed)
    centers = 2.0 * random.normal(size=(3, n_features))
    X = centers[random.integers(3, size=n_samples)] + random.normal(size=(n_samples, n_features))
    return X.astype(dtype)


def start_of(X, name, n_components, reg_covar=1e-6, seed=0):
    """Return the M-step of a random partition."""
    labels = np.random.default_rng(seed).permutation(np.arange(len(X)) % n_components)
    structure = STRUCTURES[name]
    statistics = ArraySource(X, 1).statistics_of_labels(labels, n_components, structure.layout)
    return maximize(statistics, reg_covar, structure)


def run(
    source: ArraySource, start: MixtureParameters, *, one_by_one: bool, reg_covar: float = 1e-6,
    equal_weights: bool = False, tol: float = 1e-3, max_iter: int = 40, **options: object,
) -> EMResult:  # fmt: skip
    """Run EM: a callback makes the loop take steps one by one."""
    source.restart()
    steps = ExpectationMaximization(source, reg_covar, equal_weights=equal_weights)
    callback: Callable[[int, float], object] | None = (lambda *_: False) if one_by_one else None
    with np.errstate(all="ignore"):
        return run_em(start, steps, tol, max_iter, callback=callback, **options)


def bits_of(result):
    """Return all values of a result as bytes."""
    mixture = result.parameters
    arrays = (
        mixture.weights, mixture.means, mixture.covariance.covariances,
        mixture.covariance.precisions_cholesky, result.lower_bounds, result.lower_bound,
        result.n_iter, result.converged, result.start_weights, result.emptied,
    )  # fmt: skip
    return [np.asarray(array).tobytes() for array in arrays]


def assert_same_bits(source, start, **options):
    """Check both ways of making the iterations; return the result."""
    result = run(source, start, one_by_one=False, **options)
    assert bits_of(result) == bits_of(run(source, start, one_by_one=True, **options))
    return result


@every_structure
@in_every_precision
@pytest.mark.parametrize("n_features", [1, 2, 3, 8, 11, 20])
def test_same_bits(name, dtype, n_features):
    for n_samples, n_components in product((85, 1037), (1, 2, 8, 17)):
        X = samples_of(n_samples, n_features, dtype)
        start = start_of(X, name, n_components, reg_covar=1e-2)
        assert_same_bits(ArraySource(X, 1), start, reg_covar=1e-2, max_iter=12, tol=0.0)


@every_structure
@in_every_precision
def test_same_bits_with_weights(name, dtype):
    X = samples_of(200, 3, dtype)
    weight = np.random.default_rng(1).exponential(size=200)
    for unit in (1.0, 1e-30, 1e30):
        source = ArraySource(X, 1, unit * weight)
        assert assert_same_bits(source, start_of(X, name, 3)).n_iter > 1


@every_structure
def test_same_bits_with_equal_weights(name):
    X = samples_of(300, 2)
    for n_components in (2, 3, 10):
        start = start_of(X, name, n_components)
        result = assert_same_bits(ArraySource(X, 1), start, equal_weights=True)
        assert np.ptp(result.parameters.weights) < 1e-15


@every_structure
def test_same_bits_when_the_tolerance_or_the_largest_number_ends_em(name):
    source = ArraySource(samples_of(272, 2), 1)
    start = start_of(source.X, name, 3)
    for tol in (1e-1, 1e-3, 1e-6):
        assert assert_same_bits(source, start, tol=tol, max_iter=2000).converged
    for max_iter in (0, 1, MOST_AT_ONCE - 1, MOST_AT_ONCE, MOST_AT_ONCE + 1, 3 * MOST_AT_ONCE):
        result = assert_same_bits(source, start, tol=0.0, max_iter=max_iter)
        assert (result.n_iter, result.converged) == (max_iter, False)
    assert assert_same_bits(source, start, stopping=AbsoluteChange(1 / 272), tol=1e-4).converged


@every_structure
def test_an_earlier_bound_counts_in_the_first_iteration(name):
    source = ArraySource(samples_of(272, 2), 1)
    start = start_of(source.X, name, 3)
    first = run(source, start, one_by_one=False, max_iter=1).lower_bound
    assert assert_same_bits(source, start, lower_bound=first).n_iter == 1


@every_structure
@in_every_precision
def test_same_bits_far_from_zero_and_with_features_of_any_scale(name, dtype):
    X = samples_of(150, 3)
    for shift, scale in ((1e4, 1.0), (1e6, 1.0), (0.0, 1e12), (0.0, 1e-12)):
        moved = (shift + X * np.array([1.0, scale, 1.0])).astype(dtype)
        reg_covar = 1e-2 * float(moved.var(axis=0).max())  # float32 rounds samples far from zero
        start = start_of(moved, name, 3, reg_covar)
        assert_same_bits(ArraySource(moved, 1), start, reg_covar=reg_covar)


@every_structure
def test_moments_that_cancel_are_taken_again(name):
    """From a start far away, sums about the old means lose all digits."""
    X = samples_of(150, 3)
    start = start_of(X, name, 1)
    far = MixtureParameters(start.weights, start.means + 1e9, start.covariance)
    result = assert_same_bits(ArraySource(X, 1), far, max_iter=30)
    assert np.abs(result.parameters.means).max() < 10


@every_structure
def test_squares_that_overflow_are_the_same_error(name):
    X = samples_of(150, 3)
    start = start_of(X, name, 2)
    far = MixtureParameters(start.weights, start.means + 1e200, start.covariance)
    messages = []
    for one_by_one in (False, True):
        with pytest.raises(ValueError, match="too large") as caught:
            run(ArraySource(X, 1), far, one_by_one=one_by_one)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


@every_structure
def test_an_empty_component_stays_as_it_is(name):
    X = samples_of(150, 3)
    start = start_of(X, name, 3)
    means = start.means.copy()
    means[1] += 1e4
    far = MixtureParameters(start.weights, means, start.covariance)
    result = assert_same_bits(ArraySource(X, 1), far)
    assert result.emptied == [1]
    assert np.array_equal(result.parameters.means[1], means[1])


@pytest.mark.parametrize("name", [n for n, s in STRUCTURES.items() if "component" in s.axes])
@pytest.mark.parametrize("degenerate", ["raise", "reseed", "drop"])
@pytest.mark.filterwarnings("ignore::gmmx.ConvergenceWarning")
def test_a_collapse_has_the_same_outcome(name, degenerate):
    X = samples_of(150, 2)
    X[:8] = 30.0
    outcomes = []
    for callback in (None, lambda *_: False):
        model = GaussianMixture(
            4, covariance_type=name, reg_covar=0.0, random_state=1, degenerate=degenerate,
            init_params="random_from_data", max_iter=500, callback=callback,
        )  # fmt: skip
        try:
            model.fit(X)
        except DegenerateMixtureError as error:
            outcomes.append((str(error), error.lower_bound))
        else:
            outcomes.append((model.means_.tobytes(), tuple(model.lower_bounds_)))
    assert outcomes[0] == outcomes[1]


def test_a_collapse_after_plain_iterations_reports_the_same_bound():
    random = np.random.default_rng(0)
    X = np.concatenate([random.normal(size=(60, 2)), np.full((5, 2), 4.0)])
    labels = np.r_[np.zeros(58, np.int64), np.ones(7, np.int64)]
    statistics = ArraySource(X, 1).statistics_of_labels(labels, 2, "dense")
    start = maximize(statistics, 0.0, STRUCTURES["full"])
    errors, observed = [], []
    with pytest.raises(DegenerateMixtureError) as caught:
        run_em(
            start, ExpectationMaximization(ArraySource(X, 1), 0.0), 0.0, 500,
            callback=lambda *step: observed.append(step),
        )  # fmt: skip
    errors.append(caught.value)
    with pytest.raises(DegenerateMixtureError) as caught:
        run(ArraySource(X, 1), start, one_by_one=False, reg_covar=0.0, tol=0.0, max_iter=500)
    errors.append(caught.value)
    assert len(observed) > 3
    assert str(errors[0]) == str(errors[1])
    assert errors[0].lower_bound == errors[1].lower_bound


def test_threads_change_nothing():
    X = samples_of(1000, 3)
    start = start_of(X, "full", 3)
    results = [bits_of(run(ArraySource(X, n), start, one_by_one=False)) for n in (1, 2, 5)]
    assert results[0] == results[1] == results[2]


@every_structure
def test_iterations_are_compiled_for_small_fits_only(name):
    X = samples_of(272, 2)
    start, plain = start_of(X, name, 3), AbsoluteChange()
    steps = ExpectationMaximization(ArraySource(X, 1), 1e-6)
    assert steps.compiled(start, plain) is not None
    assert steps.compiled(start, AitkenEstimate()) is None
    assert not is_small_pass(MOST_PAIRS, start)


def test_the_interrupt_is_called_now_and_then_and_its_error_ends_em():
    source = ArraySource(samples_of(272, 2), 1)
    start = start_of(source.X, "full", 3)
    calls: list[int] = []

    def interrupt():
        calls.append(1)
        if len(calls) == 5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        run(source, start, one_by_one=False, tol=0.0, max_iter=10**9, interrupt=interrupt)
    assert len(calls) == 5
