"""algorithm='squarem': maxima at least as good as EM's, in fewer passes if EM is slow."""

import numpy as np
import pytest

from gmmx import BayesianGaussianMixture, GaussianMixture
from gmmx.em.loop import run_em
from gmmx.em.maximum_likelihood import ExpectationMaximization
from gmmx.em.squarem import LARGEST_DISTANCE, Chart, SquaredExtrapolation
from gmmx.model.covariance import CONJUGATE_STRUCTURES, STRUCTURES, DegenerateCovarianceError
from gmmx.model.parameters import MixtureParameters
from gmmx.samples.array_source import ArraySource
from reference import faithful, iris

every_structure = pytest.mark.parametrize(
    "name", [name for name in STRUCTURES if STRUCTURES[name].has_chart]
)
every_conjugate_structure = pytest.mark.parametrize("name", CONJUGATE_STRUCTURES)


def overlapping(n_features=2):
    draw = np.random.default_rng(0)
    means = 1.2 * draw.normal(size=(4, n_features))
    return means[draw.integers(4, size=1500)] + draw.normal(size=(1500, n_features))


def separated():
    draw = np.random.default_rng(0)
    return np.repeat([[0.0, 0.0], [40.0, 0.0], [0.0, 40.0]], 200, axis=0) + draw.normal(
        size=(600, 2)
    )


def fitted(X, n_components, algorithm, **options):
    options = {"tol": 1e-6, "max_iter": 5000, "random_state": 0, **options}
    return GaussianMixture(n_components, algorithm=algorithm, **options).fit(X)


def started(X, name, reg_covar=0.0):
    """Return starting parameters and the steps of EM."""
    model = GaussianMixture(4, covariance_type=name, max_iter=0, random_state=0)
    return model.fit(X)._parameters(), ExpectationMaximization(ArraySource(X, 1), reg_covar)


def passes_to(lower_bounds, target):
    """Return the number of passes after which the likelihood has reached a target."""
    return int(np.argmax(np.array(lower_bounds) >= target)) + 1


@every_structure
def test_ends_no_lower_and_gets_there_in_fewer_passes(name):
    X = overlapping()
    em = fitted(X, 4, "em", covariance_type=name)
    squarem = fitted(X, 4, "squarem", covariance_type=name)
    assert squarem.converged_
    assert squarem.lower_bound_ >= em.lower_bound_ - 1e-6
    assert squarem.n_iter_ < 0.75 * em.n_iter_
    passes = passes_to(squarem.lower_bounds_, em.lower_bound_ - 1e-6)
    assert passes < 0.6 * em.n_iter_


@every_structure
@pytest.mark.parametrize("data", [overlapping, separated, faithful], ids=lambda d: d.__name__)
def test_likelihood_never_falls(name, data):
    model = fitted(data(), 3, "squarem", covariance_type=name, tol=1e-9)
    bounds = np.array(model.lower_bounds_)
    assert (np.diff(bounds) >= -1e-12 * np.abs(bounds[1:])).all()
    assert len(bounds) == model.n_iter_
    assert bounds[-1] == model.lower_bound_


@every_structure
@pytest.mark.parametrize("tol", [1e-3, 1e-5, 1e-7])
@pytest.mark.parametrize("data", [overlapping, separated, iris], ids=lambda d: d.__name__)
def test_takes_no_more_passes_and_ends_no_lower_at_any_tolerance(data, tol, name):
    em, squarem = (
        fitted(data(), 3, algorithm, covariance_type=name, tol=tol)
        for algorithm in ("em", "squarem")
    )
    assert squarem.lower_bound_ >= em.lower_bound_ - tol / 4
    assert squarem.n_iter_ <= em.n_iter_


@every_structure
@pytest.mark.parametrize("unit", [2.0**-40, 2.0**40])
def test_path_does_not_depend_on_the_unit_of_the_features(name, unit):
    X = overlapping()
    start, steps = started(X, name)
    covariance = type(start.covariance).from_covariances(
        start.covariance.covariances * unit**2, *start.means.shape
    )
    rescaled = MixtureParameters(start.weights, start.means * unit, covariance)
    rescaled_steps = ExpectationMaximization(ArraySource(X * unit, 1), 0.0)
    paths = [
        run_em(
            parameters, e_and_m, 1e-6, 200,
            acceleration=SquaredExtrapolation(Chart),
        ).lower_bounds
        for parameters, e_and_m in ((start, steps), (rescaled, rescaled_steps))
    ]  # fmt: skip
    expected = np.array(paths[0]) - X.shape[1] * np.log(unit)
    np.testing.assert_allclose(paths[1], expected, rtol=1e-7)


def divergence(one, other):
    """Return the Kullback-Leibler divergence of two mixtures of samples with known components."""
    total = 0.0
    pairs = zip(one.covariance.dense(), other.covariance.dense(), strict=True)
    for k, (covariance, other_covariance) in enumerate(pairs):
        shift = other.means[k] - one.means[k]
        ratio = np.linalg.solve(other_covariance, covariance)
        total += one.weights[k] * np.log(one.weights[k] / other.weights[k])
        total += one.weights[k] / 2 * (
            np.trace(ratio) - len(shift) - np.linalg.slogdet(ratio)[1]
            + shift @ np.linalg.solve(other_covariance, shift)
        )  # fmt: skip
    return total


@every_structure
def test_distances_are_roots_of_twice_the_divergence(name):
    parameters, steps = started(overlapping(3), name)
    for _ in range(5):
        chart = Chart(parameters)
        end = steps.step(parameters).end
        step = chart.coordinates(end)
        np.testing.assert_allclose(chart.coordinates(parameters), 0, atol=1e-14)
        near = chart.parameters(1e-4 * step / np.linalg.norm(step))
        coordinates = chart.coordinates(near)
        np.testing.assert_allclose(divergence(parameters, near), 0.5e-8, rtol=1e-3)
        np.testing.assert_allclose(np.linalg.norm(coordinates), 1e-4, rtol=1e-3)
        again = chart.coordinates(chart.parameters(coordinates))
        np.testing.assert_allclose(again, coordinates, atol=1e-13)
        parameters = end


@every_structure
def test_has_converged_when_about_the_tolerance_is_left_to_gain(name):
    model = GaussianMixture(3, covariance_type=name, max_iter=0, random_state=0).fit(iris())
    parameters, steps = model._parameters(), ExpectationMaximization(ArraySource(iris(), 1), 1e-6)
    top = run_em(parameters, steps, 1e-13, 5000)
    extrapolation = SquaredExtrapolation(Chart)
    checked = 0
    for lower_bound in top.lower_bounds:
        end = steps.step(parameters).end
        extrapolation.propose(parameters, end, lower_bound)
        left = top.lower_bound - lower_bound
        if 1e-9 < left < 1e-5:
            assert extrapolation.has_converged(parameters, end, 0.0, 3 * left)
            assert not extrapolation.has_converged(parameters, end, 0.0, left / 3)
            checked += 1
        extrapolation.before, parameters = parameters, end
    assert checked > 3


@every_structure
def test_proposals_are_near(name):
    distances = []

    class Watched(SquaredExtrapolation):
        def propose(self, start, end, lower_bound):
            proposal = super().propose(start, end, lower_bound)
            if self.fallback is not None:
                distances.append(np.linalg.norm(Chart(start).coordinates(proposal)))
            return proposal

    parameters, steps = started(overlapping(), name)
    run_em(parameters, steps, 0.0, 60, acceleration=Watched(Chart))
    assert len(distances) > 10
    assert max(distances) <= LARGEST_DISTANCE * (1 + 1e-9)


def test_has_not_converged_at_max_iter():
    with pytest.warns(UserWarning, match="did not converge"):
        model = fitted(overlapping(), 4, "squarem", max_iter=13, tol=1e-12)
    assert model.n_iter_ == 13
    assert np.isfinite(model.means_).all()


@pytest.mark.parametrize("fault", ["likelihood", "collapse"])
def test_bad_proposals_are_left_for_the_steps_of_em(fault):
    X = overlapping()
    start, steps = started(X, "full", 1e-6)
    plain = run_em(start, steps, 0.0, 40)

    class Spoiled(SquaredExtrapolation):
        def propose(self, *arguments):
            proposed = super().propose(*arguments)
            if self.fallback is None:
                return proposed
            shift = 1e3 if fault == "likelihood" else 1e200
            return MixtureParameters(proposed.weights, proposed.means + shift, proposed.covariance)

    with np.errstate(all="ignore"):
        spoiled = run_em(start, steps, 0.0, 60, acceleration=Spoiled(Chart))
    unique = sorted(set(spoiled.lower_bounds))
    assert len(unique) < len(spoiled.lower_bounds)
    np.testing.assert_allclose(unique[:40], plain.lower_bounds[: len(unique)], rtol=1e-12)


@pytest.mark.parametrize("step", ["step", "m_step", "update"])
def test_an_error_of_the_program_under_a_proposal_is_not_hidden(step):
    start, steps = started(overlapping(), "full", 1e-6)
    acceleration, error = SquaredExtrapolation(Chart), ValueError("a bug")
    original = getattr(steps, step)

    def broken(*arguments):
        if acceleration.fallback is not None:
            raise error
        return original(*arguments)

    setattr(steps, step, broken)
    with pytest.raises(ValueError, match="a bug") as caught:
        run_em(
            start, steps, 0.0, 60,
            acceleration=acceleration,
        )  # fmt: skip
    assert caught.value is error


def test_unknown_algorithm_is_refused():
    with pytest.raises(ValueError, match=r"'algorithm' parameter.*'em', 'squarem'"):
        GaussianMixture(algorithm="gradient").fit(overlapping())


def test_a_proposal_that_rounding_spoils_is_not_made(monkeypatch):
    def spoil(*arguments):
        raise DegenerateCovarianceError(0, 1)

    monkeypatch.setattr(Chart, "parameters", spoil)
    em = fitted(overlapping(), 4, "em")
    with pytest.warns(UserWarning, match="did not converge"):
        squarem = fitted(overlapping(), 4, "squarem", max_iter=em.n_iter_)
    assert squarem.lower_bounds_ == em.lower_bounds_


# ---- posteriors


every_prior = pytest.mark.parametrize("prior", ["dirichlet_process", "dirichlet_distribution"])


def bayesian(X, n_components, algorithm, **options):
    options = {"tol": 1e-8, "tol_type": "per-sample", "max_iter": 5000, **options}
    model = BayesianGaussianMixture(
        n_components=n_components, algorithm=algorithm, random_state=0, **options
    )
    return model.fit(X)


@every_conjugate_structure
@every_prior
def test_posteriors_end_no_lower_and_get_there_in_fewer_passes(name, prior):
    X = overlapping()
    options = {"covariance_type": name, "weight_concentration_prior_type": prior}
    em, squarem = (bayesian(X, 4, algorithm, **options) for algorithm in ("em", "squarem"))
    assert squarem.converged_
    near = em.lower_bound_ - 1e-6 * len(X)
    assert squarem.lower_bound_ >= near
    assert passes_to(squarem.lower_bounds_, near) < 0.75 * passes_to(em.lower_bounds_, near)


@every_conjugate_structure
@every_prior
@pytest.mark.parametrize("data", [overlapping, separated, faithful], ids=lambda d: d.__name__)
def test_bounds_of_the_evidence_never_fall(name, prior, data):
    model = bayesian(
        data(), 6, "squarem", covariance_type=name, weight_concentration_prior_type=prior,
        weight_concentration_prior=1e-3, tol=1e-7,
    )  # fmt: skip
    bounds = np.array(model.lower_bounds_)
    assert (np.diff(bounds) >= -1e-10 * np.abs(bounds[1:])).all()


@every_conjugate_structure
@every_prior
def test_a_posterior_is_found_again_from_its_coordinates(name, prior):
    options = {"covariance_type": name, "weight_concentration_prior_type": prior}
    model = BayesianGaussianMixture(n_components=4, max_iter=0, random_state=0, **options)
    X = overlapping(3)
    start, steps = model.fit(X)._parameters(), model._plan(ArraySource(X, 1)).steps
    end = steps.step(start).end
    found = steps.chart(start).parameters(steps.chart(start).coordinates(end))
    assert isinstance(found, type(end))
    for attribute in ("weights", "means", "mean_precision", "degrees_of_freedom", "log_scale"):
        np.testing.assert_allclose(
            getattr(found, attribute), getattr(end, attribute), rtol=1e-11, atol=1e-11
        )
    np.testing.assert_allclose(found.covariance.dense(), end.covariance.dense(), rtol=1e-10)
