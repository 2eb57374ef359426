"""A fit uses only the interface of a source of samples: rows in blocks give the same result."""

from __future__ import annotations

import numpy as np
import pytest

from block_source import BlockSource
from gmmx import BayesianGaussianMixture, GaussianMixture
from gmmx._core.interface.threads import resolve_n_threads
from gmmx.exceptions import collected_warnings
from gmmx.model.covariance import CONJUGATE_STRUCTURES, STRUCTURES
from gmmx.samples.array_source import ArraySource
from gmmx.starts.initializer import INIT_PARAMS

ATTRIBUTES = ("weights_", "means_", "covariances_", "lower_bounds_")


def samples(n_features=3, n_samples=700, dtype=np.float64):
    draw = np.random.default_rng(n_features)
    means = 4.0 * draw.normal(size=(3, n_features))
    X = means[draw.integers(3, size=n_samples)] + draw.normal(size=(n_samples, n_features))
    return X.astype(dtype)


def in_blocks(X):
    return BlockSource([X[:100], X[100:101], X[101:]])


def fitted_to(model, source):
    """Return the fitted attributes and the warnings of a fit."""
    with collected_warnings() as messages, np.errstate(all="raise"):
        attributes = model._fitted_to(source)
    return attributes, messages


def assert_the_same_fit(make_model, X, rtol=1e-9):
    whole, messages = fitted_to(make_model(), ArraySource(X, resolve_n_threads(1)))
    blocks, block_messages = fitted_to(make_model(), in_blocks(X))
    assert len(whole["lower_bounds_"]) > 1
    assert messages == block_messages
    for name in ATTRIBUTES:
        scale = np.abs(whole[name]).max()
        np.testing.assert_allclose(blocks[name], whole[name], rtol=rtol, atol=rtol * scale)
    return messages


@pytest.mark.parametrize("init_params", INIT_PARAMS)
@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("algorithm", ["em", "squarem"])
def test_maximum_likelihood(init_params, name, algorithm):
    assert_the_same_fit(
        lambda: GaussianMixture(
            3, covariance_type=name, init_params=init_params, algorithm=algorithm, tol=1e-6,
            max_iter=30, random_state=0,
        ),
        samples(),
        rtol=1e-6 if algorithm == "squarem" else 1e-8,
    )  # fmt: skip


@pytest.mark.parametrize("init_params", INIT_PARAMS)
@pytest.mark.parametrize("name", CONJUGATE_STRUCTURES)
@pytest.mark.parametrize("algorithm", ["em", "squarem"])
def test_bayes(init_params, name, algorithm):
    assert_the_same_fit(
        lambda: BayesianGaussianMixture(
            n_components=3, covariance_type=name, init_params=init_params, algorithm=algorithm,
            max_iter=30, random_state=0,
        ),
        samples(),
        rtol=1e-6 if algorithm == "squarem" else 1e-8,
    )  # fmt: skip


@pytest.mark.parametrize("estimator", [GaussianMixture, BayesianGaussianMixture])
@pytest.mark.parametrize("n_features", [1, 20])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_feature_and_many(estimator, n_features, dtype):
    assert_the_same_fit(
        lambda: estimator(n_components=4, max_iter=20, random_state=0),
        samples(n_features, 3000, dtype),
        rtol=1e-9 if dtype is np.float64 else 1e-4,
    )


@pytest.mark.parametrize("algorithm", ["em", "squarem"])
def test_a_component_that_collapses_is_started_anew_at_the_same_sample(algorithm):
    X = samples()
    X[5:45] = X[5]
    means = np.array([X[5], X[200], X[300], X[400]])
    precisions = np.repeat(np.eye(3)[np.newaxis], 4, axis=0)
    precisions[0] *= 1e8
    messages = assert_the_same_fit(
        lambda: GaussianMixture(
            4, degenerate="reseed", reg_covar=0.0, means_init=means, weights_init=np.full(4, 0.25),
            precisions_init=precisions, algorithm=algorithm, max_iter=60,
        ),
        X,
        rtol=1e-6,
    )  # fmt: skip
    assert any("was started anew at sample" in message for message in messages)
