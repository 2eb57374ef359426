"""ConvergenceDisplay: the curves are the bounds of the fits."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from gmmx import (
    BayesianGaussianMixture,
    ConvergenceWarning,
    GaussianMixture,
    GaussianMixtureIC,
    NotFittedError,
)

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure

from gmmx.plotting import ConvergenceDisplay


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(0, 1, (150, 2)), rng.normal(2, 1, (150, 2))])


@pytest.fixture(scope="module")
def models(samples):
    """Return fits that converge, by EM and SQUAREM, and one that ends early."""
    options = {"n_components": 3, "tol": 1e-7, "max_iter": 3000, "random_state": 0}
    models = {
        name: GaussianMixture(**options, algorithm=name).fit(samples) for name in ("em", "squarem")
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        models["short"] = GaussianMixture(**options | {"max_iter": 5}).fit(samples)
    return models


def drawn(models, **options):
    return ConvergenceDisplay.from_estimator(models, ax=Figure().subplots(), **options)


def titles(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def test_a_curve_is_the_bounds_of_a_fit_over_its_iterations(models):
    display = drawn(models)
    assert list(display.lines_) == ["em", "squarem", "short"]
    for name, line in display.lines_.items():
        x, y = line.get_data()
        np.testing.assert_array_equal(x, np.arange(1, models[name].n_iter_ + 1))
        np.testing.assert_array_equal(y, models[name].lower_bounds_)
    assert "nats per sample" in display.ax_.get_ylabel()


def test_only_the_end_is_marked_and_hollow_unless_the_fit_converged(models):
    display = drawn(models)
    for name, line in display.lines_.items():
        assert line.get_markevery() == [-1]
        assert (line.get_fillstyle() == "full") == models[name].converged_
    assert titles(display) == ["em", "squarem", "short (not converged)"]


def test_differences_are_to_the_largest_bound_of_all_fits(models):
    display = drawn(models, difference=True)
    largest = max(max(model.lower_bounds_) for model in models.values())
    edge = display.ax_.get_ylim()[0]
    assert display.ax_.get_yscale() == "log"
    for name, line in display.lines_.items():
        expected = largest - np.array(models[name].lower_bounds_)
        is_drawn = expected > 0
        np.testing.assert_array_equal(line.get_ydata()[is_drawn], expected[is_drawn])
        np.testing.assert_array_equal(line.get_ydata()[~is_drawn], edge)
        assert 0 < edge < expected[is_drawn].min()
    assert any(line.get_ydata()[-1] == edge for line in display.lines_.values())


def test_one_mixture_or_a_list_have_names_of_their_classes(models):
    assert titles(drawn(models["em"])) == ["GaussianMixture"]
    assert titles(drawn([models["em"]] * 2)) == ["GaussianMixture 0", "GaussianMixture 1"]


def test_names_are_plain_text(models):
    display = drawn({"$a_1$ and $": models["em"]})
    (text,) = display.ax_.get_legend().get_texts()
    assert not text.get_parse_math()
    display.figure_.draw_without_rendering()


def test_the_bounds_of_a_bayesian_mixture_have_their_own_unit(samples, models):
    mixture = BayesianGaussianMixture(n_components=2, max_iter=1000, random_state=0).fit(samples)
    display = drawn(mixture)
    assert display.ax_.get_ylabel() == "lower bound of the log evidence (nats)"
    with pytest.raises(ValueError, match="different meanings"):
        drawn([mixture, models["em"]])


def test_a_single_bound_is_drawn_at_the_lower_edge(samples):
    display = drawn(GaussianMixture(1).partial_fit(samples), difference=True)
    (line,) = display.lines_.values()
    assert line.get_ydata()[0] == display.ax_.get_ylim()[0] > 0


def test_mixtures_without_bounds_raise(samples):
    known = GaussianMixture.from_parameters([1.0], [[0.0]], [[1.0]], "diag")
    with pytest.raises(ValueError, match="bounds of 'GaussianMixture' are not a list of one or"):
        ConvergenceDisplay.from_estimator(known)
    with pytest.raises(ValueError, match=r"converged lacks \['b'\]"):
        ConvergenceDisplay({"a": [1.0], "b": [1.0]}, {"a": True})
    with pytest.raises(ValueError, match="no fits to draw"):
        ConvergenceDisplay.from_estimator([])
    with pytest.raises(NotFittedError):
        ConvergenceDisplay.from_estimator(GaussianMixture())
    search = GaussianMixtureIC(1, 1, covariance_type="full").fit(samples)
    with pytest.raises(TypeError, match="pass its best_estimator_"):
        ConvergenceDisplay.from_estimator(search)
