"""Invariants after fits, refits, changed parameters, files and pickles in any order."""

from __future__ import annotations

import math
import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

import gmmx
from gmmx import GaussianMixture
from gmmx.starts.initializer import INIT_PARAMS
from twin import COVARIANCE_TYPES, dense, n_parameters

EPS = float(np.finfo(np.float64).eps)
N_FEATURES = 5  # more than components, so that no two covariance types have the same shape

seeds = st.integers(0, 2**16)
parameter_values = {
    "n_components": st.integers(1, 4),
    "reg_covar": st.sampled_from([0.0, 1e-6, 0.5]),
    "max_iter": st.integers(1, 6),
    "tol": st.sampled_from([0.0, 1e-3]),
    "n_init": st.integers(1, 2),
    "init_params": st.sampled_from(INIT_PARAMS),
    "algorithm": st.sampled_from(["em", "squarem"]),
    "warm_start": st.booleans(),
    "n_threads": st.sampled_from([1, 2, None]),
    "random_state": seeds,
}
invalid_values = st.sampled_from(
    [{"n_components": 0}, {"tol": -1.0}, {"reg_covar": math.nan}, {"init_params": "kmean"}]
)


def samples_of(seed, dtype=np.float64):
    random = np.random.default_rng(seed)
    n_samples = int(random.integers(30, 90))
    X = random.normal(size=(n_samples, N_FEATURES)) + 4 * random.integers(3, size=(n_samples, 1))
    return X.astype(dtype)


def state_of(model):
    """Return a model's parameters and attributes, arrays as bytes."""
    return {
        name: (value.dtype, value.shape, value.tobytes())
        if isinstance(value, np.ndarray | np.generic)
        else value
        for name, value in vars(model).items()
    }


class Mixtures(RuleBasedStateMachine):
    """One estimator, and the training data and covariance type of its last successful fit."""

    def __init__(self):
        super().__init__()
        self.model = GaussianMixture(2, random_state=0)
        self.X = self.fitted_type = None
        self.is_streamed = False  # whether `partial_fit` came after the last fit

    @initialize(seed=seeds)
    def first_fit(self, seed):
        self.fit(seed, np.float64)

    @rule(seed=seeds, dtype=st.sampled_from([np.float32, np.float64]))
    def fit(self, seed, dtype):
        """Fit; if the fit fails, the model must not change."""
        before, X = state_of(self.model), samples_of(seed, dtype)
        unused = X.copy()
        try:
            self.model.fit(X)
        except ValueError:
            # A warm start with other shapes, or a component with too few samples.
            if not self.model.warm_start and self.model.reg_covar > 0.0:
                raise
            assert state_of(self.model) == before
        else:
            self.X, self.fitted_type = X, self.model.covariance_type
            self.is_streamed = False
        np.testing.assert_array_equal(X, unused)

    @rule(seed=seeds, dtype=st.sampled_from([np.float32, np.float64]))
    def partial_fit(self, seed, dtype):
        """Learn from a batch; if this fails, the model must not change."""
        before, X = state_of(self.model), samples_of(seed, dtype)
        try:
            self.model.partial_fit(X)
        except ValueError:
            assert state_of(self.model) == before
        else:
            self.is_streamed = True

    @rule(values=st.fixed_dictionaries({}, optional=parameter_values))
    def set_params(self, values):
        self.model.set_params(**values)
        assert values.items() <= self.model.get_params().items()

    @rule(name=st.sampled_from(sorted(COVARIANCE_TYPES)), seed=seeds)
    def set_covariance_type(self, name, seed):
        """Change the type; until the next fit, matrices of the old type must be refused."""
        self.model.set_params(covariance_type=name, warm_start=False, reg_covar=1e-6)
        if name != self.fitted_type:
            for use in (lambda: self.model.predict(samples_of(seed)), self.model.sample):
                with pytest.raises(ValueError, match=f"covariance_type='{name}' asks for"):
                    use()
        self.fit(seed, np.float64)

    @rule(values=invalid_values, seed=seeds)
    def failed_fit(self, values, seed):
        """Fit with invalid parameters and samples; the model must not change."""
        kept = self.model.get_params()
        self.model.set_params(**values)
        before = state_of(self.model)
        with pytest.raises(ValueError):  # noqa: PT011 - messages have tests of their own
            self.model.fit(samples_of(seed))
        assert state_of(self.model) == before
        self.model.set_params(**kept)
        before, X = state_of(self.model), samples_of(seed)
        X[-1, 0] = math.nan
        with pytest.raises(ValueError, match="NaN"):
            self.model.fit(X)
        assert state_of(self.model) == before

    @rule(protocol=st.integers(2, pickle.HIGHEST_PROTOCOL))
    def pickle(self, protocol):
        self._replace(pickle.loads(pickle.dumps(self.model, protocol)))

    @rule()
    def save_and_load(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.gmmx"
            self.model.save(path)
            self._replace(gmmx.load(path))

    def _replace(self, copy):
        assert state_of(copy) == state_of(self.model)
        self.model = copy

    @rule()
    def refit(self):
        """Fit twice; the results must have the same bits."""
        if self.model.warm_start:
            return
        parameters = self.model.get_params() | {"reg_covar": 1e-6}
        first, second = (GaussianMixture(**parameters).fit(self.X) for _ in range(2))
        assert state_of(first) == state_of(second)

    @rule(seed=seeds, dtype=st.sampled_from([np.float32, np.float64]))
    def predict(self, seed, dtype):
        """Predict; results must agree in any batch, and the model must not change."""
        model, X, before = self.model, samples_of(seed, dtype), state_of(self.model)
        resp, log_prob, labels = model.predict_proba(X), model.score_samples(X), model.predict(X)
        assert np.all(resp >= 0.0)
        eps = float(np.finfo(dtype).eps)
        sums = resp.sum(axis=1, dtype=np.float64)
        assert np.all(np.abs(sums - 1.0) <= 4.0 * eps * resp.shape[1])
        assert np.all(np.isfinite(log_prob))
        for i in (0, len(X) - 1):
            row = X[i : i + 1]
            assert model.predict_proba(row).tobytes() == resp[i].tobytes()
            assert model.score_samples(row)[0] == log_prob[i]
            assert model.predict(row)[0] == labels[i]
        assert model.score(X) == pytest.approx(log_prob.mean(dtype=np.float64), rel=1e-14)
        assert state_of(model) == before

    @rule(n_samples=st.integers(1, 20))
    def sample(self, n_samples):
        before = state_of(self.model)
        X, labels = self.model.sample(n_samples)
        assert X.shape == (n_samples, N_FEATURES)
        assert np.all((labels >= 0) & (labels < len(self.model.weights_)))
        assert state_of(self.model) == before

    @invariant()
    def parameters_are_those_of_a_mixture(self):
        model = self.model
        n_components = len(model.weights_)
        assert np.all(model.weights_ >= 0.0)
        eps = float(np.finfo(model.weights_.dtype).eps)
        assert abs(model.weights_.sum(dtype=np.float64) - 1.0) <= 4.0 * eps * n_components
        assert model.means_.shape == (n_components, N_FEATURES)
        matrices = dense(model.covariances_, self.fitted_type, n_components, N_FEATURES)
        np.testing.assert_array_equal(matrices, matrices.transpose(0, 2, 1))
        assert np.all(np.einsum("kdd->kd", matrices) > 0.0)
        assert model.n_features_in_ == N_FEATURES
        assert len(model.lower_bounds_) == (1 if self.is_streamed else model.n_iter_)

    @rule()
    def criteria(self):
        model = self.model
        count = n_parameters(self.fitted_type, *model.means_.shape)
        log_likelihood, n_samples = model.score(self.X) * len(self.X), len(self.X)
        assert model.aic(self.X) == pytest.approx(2 * count - 2 * log_likelihood, rel=1e-12)
        expected = count * np.log(n_samples) - 2 * log_likelihood
        assert model.bic(self.X) == pytest.approx(expected, rel=1e-12)


Mixtures.TestCase.settings = settings(
    max_examples=50, stateful_step_count=15, deadline=None, derandomize=True
)


@pytest.mark.filterwarnings("ignore::gmmx.ConvergenceWarning")
class TestMixtures(Mixtures.TestCase):
    """Run the state machine."""
