"""Iterations on one feature in one compiled call, compared with the separate steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gmmx import BayesianGaussianMixture
from gmmx.bayes.one_feature import OneFeatureBayes
from gmmx.bayes.posterior import MixturePosterior
from gmmx.bayes.variational import VariationalBayes
from gmmx.samples.array_source import ArraySource
from moments import statistics_of

KINDS = ("dirichlet_process", "dirichlet_distribution")


def column(n_samples, dtype):
    draw = np.random.default_rng(0)
    kinds = [draw.normal(0, 1, n_samples), draw.exponential(4, n_samples), np.full(n_samples, 2.0)]
    return np.choose(draw.integers(3, size=n_samples), kinds).astype(dtype)[:, np.newaxis]


def both(X, covariance_type="full", weights=KINDS[0], reg_covar=1e-6):
    """Return the steps in one call, the separate steps, and starting parameters."""
    model = BayesianGaussianMixture(
        n_components=4, covariance_type=covariance_type, reg_covar=reg_covar,
        weight_concentration_prior_type=weights,
    )  # fmt: skip
    fused = model._plan(ArraySource(X, 1)).steps
    assert isinstance(fused, OneFeatureBayes)
    plain = VariationalBayes(ArraySource(X, 1), fused.prior, reg_covar)
    resp = np.eye(4)[np.argsort(np.argsort(X[:, 0])) * 4 // len(X)]
    layout = fused.prior.structure.layout
    statistics = statistics_of(X, resp, layout, np.repeat(X[:1], 4, axis=0))
    return fused, plain, fused.start(statistics)


def makes_one_call(fused, start):
    """Return whether the compiled call computes the posterior after a step from `start`."""
    found = fused.iteration(
        start.means, start.covariance.precisions_cholesky.reshape(-1), start.log_scale,
        start.weights,
    )  # fmt: skip
    return found is not None


def assert_same(one: MixturePosterior, other: MixturePosterior, rtol):
    for name in ("weights", "means", "mean_precision", "degrees_of_freedom", "log_scale"):
        assert getattr(one, name).shape == getattr(other, name).shape
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=rtol, atol=rtol)
    for name in ("covariances", "precisions_cholesky"):
        expected = getattr(other.covariance, name)
        assert getattr(one.covariance, name).shape == expected.shape
        np.testing.assert_allclose(getattr(one.covariance, name), expected, rtol=rtol)
    assert type(one.covariance) is type(other.covariance)
    concentrations = one.weight_distribution.concentration, other.weight_distribution.concentration
    np.testing.assert_allclose(*map(np.atleast_2d, concentrations), rtol=rtol)
    assert one.log_normalizer() == pytest.approx(other.log_normalizer(), rel=rtol)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
@pytest.mark.parametrize("weights", KINDS)
def test_one_call_finds_what_the_steps_find(weights, covariance_type, dtype):
    fused, plain, posterior = both(column(1500, dtype), covariance_type, weights)
    for _ in range(5):
        assert makes_one_call(fused, posterior)
        end, bound = fused.step(posterior)
        expected, expected_bound = plain.step(posterior)
        assert_same(end, expected, 1e-11)
        assert bound == pytest.approx(expected_bound, rel=1e-12)
        posterior = end


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.0, 3.0])
@pytest.mark.parametrize("weights", KINDS)
def test_one_call_finds_what_the_steps_find_of_a_constant_column(weights, value, dtype):
    fused, plain, _ = both(column(900, dtype), weights=weights)
    X = np.full((900, 1), value, dtype=dtype)
    fused, plain = (
        type(steps)(ArraySource(X, 1), replace(steps.prior, scatter=np.zeros((1, 1))), 1e-6)
        for steps in (fused, plain)
    )
    resp = np.eye(4)[np.zeros(900, dtype=int)]
    posterior = fused.start(statistics_of(X, resp, "dense", np.repeat(X[:1], 4, axis=0)))
    assert posterior.covariance.covariances.min() < 1e-12
    for _ in range(5):
        assert makes_one_call(fused, posterior)
        end, bound = fused.step(posterior)
        expected, expected_bound = plain.step(posterior)
        assert_same(end, expected, 1e-11)
        assert bound == pytest.approx(expected_bound, rel=1e-12)
        posterior = end


def test_moments_that_cancel_are_taken_again():
    fused, plain, posterior = both(column(900, np.float64))
    posterior = MixturePosterior(
        posterior.weights, posterior.means - 1e6, posterior.covariance,
        posterior.weight_distribution, posterior.mean_precision, posterior.degrees_of_freedom,
    )  # fmt: skip
    assert not makes_one_call(fused, posterior)
    end, bound = fused.step(posterior)
    expected, expected_bound = plain.step(posterior)
    assert_same(end, expected, 1e-11)
    assert bound == expected_bound


def test_squares_that_overflow_are_an_error():
    fused, _, posterior = both(column(900, np.float64))
    fused = OneFeatureBayes(ArraySource(np.full((900, 1), 1e200), 1), fused.prior, 1e-6)
    with pytest.raises(ValueError, match="squares of the differences overflow"):
        fused.step(posterior)
