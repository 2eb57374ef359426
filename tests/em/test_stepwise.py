"""Stepwise EM: the statistics behind parameters, and the shares of batches."""

from __future__ import annotations

import numpy as np
import pytest

from gmmx import BayesianGaussianMixture, GaussianMixture
from gmmx.em.stepwise import StepSize
from gmmx.estimators.posterior_attributes import fitted_prior
from gmmx.model.covariance import CONJUGATE_STRUCTURES, STRUCTURES
from gmmx.model.parameters import maximize
from gmmx.samples.array_source import ArraySource


def samples(shift=0.0):
    random = np.random.default_rng(0)
    return np.concatenate([random.normal(k, 1 + k, (100, 3)) for k in (0, 3, 5)]) + shift


def batch(n_samples, weight=None):
    return ArraySource(np.zeros((n_samples, 1)), 1, weight)


# ---- the statistics of given parameters


@pytest.mark.parametrize("reg_covar", [1e-6, 0.5])
@pytest.mark.parametrize("name", STRUCTURES)
def test_an_m_step_returns_the_parameters_of_its_statistics(name, reg_covar):
    model = GaussianMixture(3, covariance_type=name, random_state=0, reg_covar=reg_covar)
    model.fit(samples(shift=1e4))
    parameters = model._parameters()
    past = model._stream_plan(parameters, np.dtype(np.float64)).past
    found = maximize(past, reg_covar, STRUCTURES[name])
    np.testing.assert_allclose(found.weights, parameters.weights, rtol=1e-14)
    np.testing.assert_allclose(found.means, parameters.means, rtol=1e-14)
    np.testing.assert_allclose(
        found.covariance.covariances, parameters.covariance.covariances, rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize("reg_covar", [1e-6, 0.5])
@pytest.mark.parametrize("prior_type", ["dirichlet_process", "dirichlet_distribution"])
@pytest.mark.parametrize("name", CONJUGATE_STRUCTURES)
def test_a_bayesian_m_step_returns_the_posterior_of_its_statistics(name, prior_type, reg_covar):
    # Six components for three clusters: some of them are nearly empty.
    model = BayesianGaussianMixture(
        n_components=6, covariance_type=name, weight_concentration_prior_type=prior_type,
        mean_precision_prior=2.0, reg_covar=reg_covar, max_iter=500, tol=1e-6, random_state=0,
    ).fit(samples(shift=100.0))  # fmt: skip
    posterior = model._parameters()
    prior = fitted_prior(vars(model), posterior)
    past = model._stream_plan(posterior, np.dtype(np.float64)).past
    found = prior.posterior(past, reg_covar)
    assert past.counts.sum() == pytest.approx(300)
    np.testing.assert_allclose(found.weights, posterior.weights, atol=1e-14)
    np.testing.assert_allclose(found.means, posterior.means, rtol=1e-13)
    np.testing.assert_allclose(found.mean_precision, posterior.mean_precision, rtol=1e-13)
    np.testing.assert_allclose(
        found.covariance.covariances, posterior.covariance.covariances, rtol=1e-11, atol=1e-11
    )
    entropy = posterior.entropy(past, np.dtype(np.float64))
    assert entropy + posterior.log_normalizer() == pytest.approx(model.lower_bound_, rel=1e-12)


# ---- shares of batches


def shares(step_size, sizes, n_seen=0.0):
    found = []
    for size in sizes:
        share, n_seen = step_size.of(batch(size), n_seen)
        found.append(share)
    return np.array(found)


@pytest.mark.parametrize(("offset", "decay"), [(0.0, 0.6), (10.0, 0.7), (1.5, 1.0)])
def test_equal_batches_have_the_shares_of_cappe_and_moulines(offset, decay):
    t = np.arange(1, 21)
    found = shares(StepSize(offset, decay, None, 100), [100] * 20)
    np.testing.assert_allclose(found, (offset + t) ** -decay, rtol=1e-13)


@pytest.mark.parametrize("n_rows_full", [1, 30, 1000])
def test_with_decay_1_all_rows_weigh_the_same_in_batches_of_any_size(n_rows_full):
    sizes = np.array([7, 1, 300, 45, 2, 90])
    found = shares(StepSize(0.0, 1.0, None, n_rows_full), sizes)
    left = np.append(np.cumprod((1 - found)[::-1])[::-1][1:], 1.0)
    np.testing.assert_allclose(found * left, sizes / sizes.sum(), rtol=1e-12)


def test_small_batches_forget_no_faster_than_large_ones():
    step_size = StepSize(0.0, 0.6, None, 100)
    large = shares(step_size, [100] * 50, n_seen=100)
    small = shares(step_size, [1] * 5000, n_seen=100)
    kept = np.log1p(-small).reshape(50, 100).sum(axis=1)
    np.testing.assert_allclose(kept, np.log1p(-large), rtol=0.4)
    assert small.max() < 0.011


def test_the_scale_of_weights_does_not_change_shares():
    weight = np.random.default_rng(0).uniform(size=40)
    step_size = StepSize(1.0, 0.6, None, 100)
    shares = [step_size.of(batch(40, weight * s), 200 * s)[0] for s in (1e-290, 1.0, 1e290)]
    np.testing.assert_allclose(shares, shares[1], rtol=1e-12)
