"""Covariances and precisions that a user gives to structures with constraints."""

from __future__ import annotations

import numpy as np
import pytest

from gmmx import GaussianMixture
from gmmx.model.covariance import CONJUGATE_STRUCTURES, STRUCTURES
from reference import dataset

every_constrained_structure = pytest.mark.parametrize(
    "name", [name for name in STRUCTURES if name not in CONJUGATE_STRUCTURES]
)


def fitted(name, dtype=np.float64):
    X = dataset("iris").astype(dtype)
    return GaussianMixture(3, covariance_type=name, random_state=0, reg_covar=1e-3).fit(X)


def fitted_without_constraints(name):
    """Return a mixture whose covariances have the same shape."""
    return fitted("full" if STRUCTURES[name].are_matrices else "diag")


@every_constrained_structure
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fitted_covariances_are_accepted_bit_for_bit(name, dtype):
    model = fitted(name, dtype)
    parameters = model.weights_, model.means_, model.covariances_
    again = GaussianMixture.from_parameters(*parameters, covariance_type=name)
    assert again.covariances_.dtype == dtype
    assert again.covariances_.tobytes() == model.covariances_.tobytes()
    start = {"weights_init": model.weights_, "means_init": model.means_}
    options = {"covariance_type": name, "precisions_init": model.precisions_, "max_iter": 0}
    continued = GaussianMixture(3, **start, **options).fit(dataset("iris").astype(dtype))
    np.testing.assert_allclose(continued.covariances_, model.covariances_, rtol=1e-2, atol=1e-4)


@every_constrained_structure
def test_covariances_without_the_constraints_are_refused(name):
    free = fitted_without_constraints(name)
    message = f"should satisfy the constraints of covariance_type='{name}'"
    with pytest.raises(ValueError, match=message):
        GaussianMixture.from_parameters(free.weights_, free.means_, free.covariances_, name)
    model = GaussianMixture(3, covariance_type=name, precisions_init=free.precisions_)
    with pytest.raises(ValueError, match=message):
        model.fit(dataset("iris"))
    assert not hasattr(model, "means_")


@pytest.mark.parametrize("name", [n for n in STRUCTURES if STRUCTURES[n].are_matrices])
@pytest.mark.parametrize(("dtype", "thickness"), [(np.float32, 1e-3), (np.float64, 1e-6)])
def test_fitted_matrices_are_accepted_if_they_are_ill_conditioned(name, dtype, thickness):
    draw = np.random.default_rng(0)
    along, across, labels = draw.normal(size=500), draw.normal(size=500), draw.integers(2, size=500)
    X = np.column_stack([along, along + thickness * across]) + 8 * labels[:, np.newaxis]
    options = {"covariance_type": name, "reg_covar": 0.0, "random_state": 0}
    model = GaussianMixture(2, **options).fit(X.astype(dtype))
    parameters = model.weights_, model.means_, model.covariances_
    again = GaussianMixture.from_parameters(*parameters, covariance_type=name)
    assert again.covariances_.tobytes() == model.covariances_.tobytes()


def test_precisions_whose_covariances_are_no_matrices_of_the_structure_are_named():
    precisions = [np.diag([1.0, 1e17])] * 2
    model = GaussianMixture(2, covariance_type="VVE", precisions_init=precisions)
    with pytest.raises(ValueError, match="'VVE precision' should be symmetric, positive-definite"):
        model.fit(dataset("faithful"))


@pytest.mark.parametrize("name", ["EEV", "EVE", "VEE"])
def test_a_warm_start_in_a_narrower_structure_goes_on_until_it_converges(name):
    X = dataset("faithful")
    options = {"random_state": 0, "tol": 1e-6, "max_iter": 2000}
    model = GaussianMixture(2, warm_start=True, **options).fit(X)
    start = {"weights_init": model.weights_, "means_init": model.means_}
    model.set_params(covariance_type=name).fit(X)
    anew = GaussianMixture(2, covariance_type=name, **start, **options).fit(X)
    assert model.converged_
    assert model.n_iter_ > 1
    assert model.score(X) == pytest.approx(anew.score(X), abs=1e-4)
    assert model.fit(X).n_iter_ == 1
