"""algorithm='squarem': the same maxima as EM's or better ones, in fewer passes where EM is slow."""

import numpy as np
import pytest

from gmmx import GaussianMixture
from gmmx.covariance import STRUCTURES, DegenerateCovarianceError
from gmmx.em import ExpectationMaximization, run_em
from gmmx.parameters import MixtureParameters
from gmmx.squarem import PATIENCE, SquaredExtrapolation
from reference import faithful, iris

every_structure = pytest.mark.parametrize("name", STRUCTURES)


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


def passes_to(lower_bounds, target):
    """Number of passes after which the likelihood has reached a target."""
    return int(np.argmax(np.array(lower_bounds) >= target)) + 1


@every_structure
def test_ends_no_lower_and_gets_there_in_fewer_passes(name):
    X = overlapping()
    em = fitted(X, 4, "em", covariance_type=name)
    squarem = fitted(X, 4, "squarem", covariance_type=name)
    assert squarem.converged_
    assert squarem.lower_bound_ >= em.lower_bound_ - 1e-6
    passes = passes_to(squarem.lower_bounds_, em.lower_bound_ - 1e-6)
    assert passes < 0.75 * em.n_iter_ or em.n_iter_ <= 2 * PATIENCE


@every_structure
@pytest.mark.parametrize("data", [overlapping, separated, faithful], ids=lambda d: d.__name__)
def test_likelihood_never_falls(name, data):
    model = fitted(data(), 3, "squarem", covariance_type=name, tol=1e-9)
    bounds = np.array(model.lower_bounds_)
    assert (np.diff(bounds) >= -1e-12 * np.abs(bounds[1:])).all()
    assert len(bounds) == model.n_iter_
    assert bounds[-1] == model.lower_bound_


@every_structure
def test_quick_fits_are_those_of_em(name):
    em, squarem = (
        fitted(separated(), 3, algorithm, covariance_type=name) for algorithm in ("em", "squarem")
    )
    assert em.n_iter_ <= PATIENCE
    assert squarem.lower_bounds_ == em.lower_bounds_
    np.testing.assert_array_equal(squarem.means_, em.means_)


def test_iris_takes_no_more_passes():
    em, squarem = (fitted(iris(), 3, algorithm) for algorithm in ("em", "squarem"))
    assert squarem.lower_bound_ >= em.lower_bound_ - 1e-6
    assert squarem.n_iter_ <= em.n_iter_


def test_has_not_converged_at_max_iter():
    with pytest.warns(UserWarning, match="did not converge"):
        model = fitted(overlapping(), 4, "squarem", max_iter=PATIENCE + 3, tol=1e-12)
    assert model.n_iter_ == PATIENCE + 3
    assert np.isfinite(model.means_).all()


@pytest.mark.parametrize("fault", ["likelihood", "collapse"])
def test_bad_proposals_are_left_for_the_steps_of_em(fault):
    X = overlapping()
    start = GaussianMixture(4, max_iter=0, random_state=0).fit(X)._parameters()
    steps = ExpectationMaximization(X, 1e-6, 1)
    plain = run_em(start, steps.e_step, steps.m_step, 0.0, 40)

    class Spoiled(SquaredExtrapolation):
        def propose(self, *arguments):
            proposed = super().propose(*arguments)
            if self.fallback is None:
                return proposed
            shift = 1e3 if fault == "likelihood" else 1e200
            return MixtureParameters(proposed.weights, proposed.means + shift, proposed.covariance)

    with np.errstate(all="ignore"):
        spoiled = run_em(start, steps.e_step, steps.m_step, 0.0, 60, acceleration=Spoiled())
    unique = sorted(set(spoiled.lower_bounds))
    assert len(unique) < len(spoiled.lower_bounds)
    np.testing.assert_allclose(unique[:40], plain.lower_bounds[: len(unique)], rtol=1e-12)


def test_unknown_algorithm_is_refused():
    with pytest.raises(ValueError, match=r"'algorithm' parameter.*'em', 'squarem'"):
        GaussianMixture(algorithm="gradient").fit(overlapping())


def test_a_proposal_that_rounding_spoils_is_not_made(monkeypatch):
    def spoil(*arguments):
        raise DegenerateCovarianceError(0, 1)

    monkeypatch.setattr("gmmx.squarem._from_vector", spoil)
    em, squarem = (fitted(overlapping(), 4, algorithm) for algorithm in ("em", "squarem"))
    assert squarem.lower_bounds_ == em.lower_bounds_
