"""tol_type='aitken', with which a fit ends near its maximum; callbacks."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest

from gmmx import ConvergenceWarning, GaussianMixture, load
from gmmx.em.stopping import AbsoluteChange, AitkenEstimate
from gmmx.model.collapse import DegenerateMixtureError
from gmmx.model.covariance import STRUCTURES
from reference import faithful

every_structure = pytest.mark.parametrize("name", STRUCTURES)
every_algorithm = pytest.mark.parametrize("algorithm", ["em", "squarem"])


def overlapping(n_samples=2000):
    random = np.random.default_rng(0)
    halves = random.normal(0, 1, n_samples // 2), random.normal(2.2, 1.3, n_samples // 2)
    return np.concatenate(halves)[:, np.newaxis]


def fitted(X, n_components, **options):
    options = {"random_state": 0, "init_params": "k-means++", "max_iter": 20_000, **options}
    return GaussianMixture(n_components, **options).fit(X)


def nats_left(model, X):
    """Return the total gain of EM, in nats, after the end of a fit."""
    start = {"weights_init": model.weights_, "means_init": model.means_}
    limit = fitted(
        X, len(model.weights_), covariance_type=model.covariance_type, tol_type="aitken",
        tol=1e-8, precisions_init=model.precisions_, **start,
    )  # fmt: skip
    assert limit.converged_
    return len(X) * (limit.lower_bound_ - model.score(X))


# ---- rules


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_a_geometric_series_ends_where_its_rest_is_below_the_tolerance(ratio, scale):
    rule, limit, tol = AitkenEstimate(scale), -3.0, 1e-3
    bounds = limit - ratio ** np.arange(40_000.0)
    gains = np.diff(bounds, prepend=-np.inf)
    stop = next(
        i for i, (gain, bound) in enumerate(zip(gains, bounds, strict=True))
        if rule.has_converged(gain, bound, tol)
    )  # fmt: skip
    assert scale * (limit - bounds[stop]) < tol * (1 + 1e-6)
    assert stop <= 3 or scale * (limit - bounds[stop - 1]) > 0.99 * tol


def test_gains_that_grow_or_turn_are_no_end():
    rule = AitkenEstimate()
    for gain in (math.inf, 1e-9, 2e-9, 4e-9, -1e-9, 1e-9):
        assert not rule.has_converged(gain, -1.0, 1e-3)


def test_gains_of_rounding_are_the_end_unless_the_tolerance_is_zero():
    assert AitkenEstimate(1e9).has_converged(1e-16, -1.0, 1e-12)
    assert AitkenEstimate().has_converged(0.0, -1.0, 1e-12)
    assert not AitkenEstimate().has_converged(0.0, -1.0, 0.0)


def test_gains_before_a_restart_are_forgotten():
    rule = AitkenEstimate()
    for gain in (1.0, 0.1, 0.01):
        rule.has_converged(gain, -1.0, 1e-9)
    rule.restart()
    assert not rule.has_converged(1e-3, -1.0, 1e-3)


def test_the_absolute_rule_is_that_of_scikit_learn():
    rule = AbsoluteChange()
    assert rule.has_converged(-0.9e-3, -1.0, 1e-3)
    assert not rule.has_converged(1.1e-3, -1.0, 1e-3)
    assert not rule.has_converged(math.inf, -1.0, 1e-3)


@every_algorithm
@pytest.mark.parametrize(("data", "n_components"), [(faithful, 2), (faithful, 4), (overlapping, 2)])
def test_fits_end_within_a_fraction_of_a_nat_of_the_maximum(data, n_components, algorithm):
    X = data()
    model = fitted(X, n_components, tol_type="aitken", algorithm=algorithm)
    assert model.converged_
    assert -1e-6 <= nats_left(model, X) < 0.1


def test_the_absolute_rule_ends_nats_early_where_em_is_slow():
    X = overlapping(10_000)
    early, late = (fitted(X, 2, tol_type=tol_type) for tol_type in ("absolute", "aitken"))
    assert nats_left(early, X) > 1.0
    assert late.lower_bounds_[: early.n_iter_] == early.lower_bounds_


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        *((name, "em") for name in STRUCTURES),
        *((name, "squarem") for name in STRUCTURES if STRUCTURES[name].has_chart),
    ],
)
def test_every_structure_ends_near_its_maximum(name, algorithm):
    X, options = faithful(), {"tol_type": "aitken", "init_params": "kmeans"}
    model = fitted(X, 3, covariance_type=name, algorithm=algorithm, **options)
    assert nats_left(model, X) < 0.1


def test_other_rules_are_refused():
    with pytest.raises(ValueError, match=r"'tol_type' parameter.*'absolute', 'aitken'"):
        GaussianMixture(tol_type="relative").fit(faithful())


# ---- callbacks


@every_algorithm
def test_a_callback_hears_of_each_iteration(algorithm):
    heard = []
    model = fitted(
        faithful(), 3, algorithm=algorithm, tol=1e-6, callback=lambda *args: heard.append(args)
    )
    assert heard == list(enumerate(model.lower_bounds_, start=1))


def test_a_callback_is_called_although_it_is_false():
    class History(list):
        def __call__(self, iteration, lower_bound):
            self.append(iteration)

    history = History()  # empty, and so false, when the fit starts
    model = fitted(faithful(), 2, callback=history)
    assert history == list(range(1, model.n_iter_ + 1))


@every_algorithm
@pytest.mark.parametrize("answer", [True, np.True_, 1])
def test_a_callback_ends_a_fit(algorithm, answer):
    X = faithful()
    model = fitted(X, 3, algorithm=algorithm, tol=0.0, callback=lambda i, _: i == 15 and answer)
    assert (model.n_iter_, model.converged_) == (15, False)
    with pytest.warns(ConvergenceWarning):
        same = fitted(X, 3, algorithm=algorithm, tol=0.0, max_iter=15)
    assert same.means_.tobytes() == model.means_.tobytes()


def test_a_fit_that_ends_by_itself_in_the_same_iteration_has_converged():
    X = faithful()
    n_iter = fitted(X, 2).n_iter_
    assert fitted(X, 2, callback=lambda i, _: i == n_iter).converged_


def test_a_callback_ends_all_starts_and_the_best_is_kept():
    X = faithful()
    started = []

    def callback(iteration, lower_bound):
        if iteration == 1:
            started.append(lower_bound)
        return len(started) == 3

    model = fitted(X, 3, n_init=5, callback=callback)
    assert len(started) == 3
    assert model.converged_
    assert model.lower_bound_ == fitted(X, 3, n_init=2).lower_bound_


@pytest.mark.parametrize(
    "error", [RuntimeError("stop"), KeyboardInterrupt(), DegenerateMixtureError("theirs"),
              StopIteration()],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
@every_algorithm
def test_what_a_callback_raises_passes_through_and_the_model_is_kept(error, algorithm):
    X = faithful()
    model = fitted(X, 2, algorithm=algorithm)
    before = {name: np.copy(value) for name, value in vars(model).items() if name.endswith("_")}

    def callback(iteration, lower_bound):
        if iteration == 12:
            raise error

    model.set_params(callback=callback, n_components=3, tol=0.0, n_init=2, degenerate="drop")
    with pytest.raises(type(error)) as caught:
        model.fit(X)
    assert caught.value is error
    for name, value in before.items():
        np.testing.assert_array_equal(getattr(model, name), value)
    model.set_params(callback=None, tol=1e-3).fit(X)


def test_a_callback_runs_under_the_error_state_of_the_caller():
    seen = []
    with np.errstate(all="raise"):
        fitted(faithful(), 2, callback=lambda *_: seen.append(np.geterr()))
    assert set(seen[0].values()) == {"raise"}


def test_a_callback_may_use_the_estimator_and_other_threads():
    X = faithful()
    model = fitted(X, 2)

    def callback(iteration, lower_bound):
        thread = threading.Thread(target=model.predict, args=(X,))
        thread.start()
        thread.join()
        assert model.score(X) < 0

    model.set_params(callback=callback).fit(X)


def test_a_model_is_saved_without_its_callback(tmp_path):
    X = faithful()
    model = fitted(X, 2, callback=lambda *_: None, tol_type="aitken", degenerate="drop")
    model.save(tmp_path / "model.gmmx")
    loaded = load(tmp_path / "model.gmmx")
    assert loaded.get_params() == {**model.get_params(), "callback": None}
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_what_cannot_be_called_is_refused():
    with pytest.raises(ValueError, match=r"'callback' parameter .* a callable or None"):
        GaussianMixture(callback=3).fit(faithful())
