"""gmmx compared with results of other programs: mpmath and R's mclust."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from gmmx import ConvergenceWarning, GaussianMixture
from gmmx.model.covariance import STRUCTURES
from moments import statistics_of
from reference import (
    DATASETS,
    DensityCase,
    DensityTruth,
    EMCase,
    Fixpoint,
    assert_same_parameters,
    assert_within,
    dataset,
    density_cases,
    em_cases,
    fixpoints,
    name_of,
    one_component_bic,
)
from twin import COVARIANCE_TYPES, Parameters, invert, m_step

CONSTRAINED_TYPES = ("VEI", "EVI", "VEE", "EVE", "EEV", "VEV", "EVV")


def fit(X: np.ndarray, parameters: dict[str, Any]) -> GaussianMixture:
    """Return a model after exactly `max_iter` iterations from the given start."""
    n_components = len(parameters["weights_init"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return GaussianMixture(n_components, tol=0.0, **parameters).fit(X)


def parameters_of(model: GaussianMixture) -> Parameters:
    """Return the fitted parameters."""
    return Parameters(model.weights_, model.means_, model.covariances_)


# ---- log densities


@pytest.mark.parametrize("case", density_cases(), ids=name_of)
def test_log_densities_from_covariances(case: DensityCase) -> None:
    model = GaussianMixture.from_parameters(
        case.weights.astype(case.dtype),
        case.means.astype(case.dtype),
        case.covariances.astype(case.dtype),
        case.covariance_type,
    )
    check_log_densities(model, case, case.truth_from_covariances)


@pytest.mark.parametrize("case", density_cases(), ids=name_of)
def test_log_densities_from_precisions(case: DensityCase) -> None:
    start = {
        "covariance_type": case.covariance_type,
        "weights_init": case.weights.astype(case.dtype),
        "means_init": case.means.astype(case.dtype),
        "precisions_init": case.precisions.astype(case.dtype),
    }
    model = fit(case.X.astype(case.dtype), start | {"max_iter": 0})
    check_log_densities(model, case, case.truth_from_precisions)


def check_log_densities(model: GaussianMixture, case: DensityCase, truth: DensityTruth) -> None:
    """Assert that densities and responsibilities are as exact as the model's dtype allows."""
    X = case.X.astype(case.dtype)
    log_prob, resp = model.score_samples(X), model.predict_proba(X)
    tolerance = case.log_prob_tolerance(truth.log_prob)
    assert_within(log_prob, truth.log_prob, tolerance)
    assert_within(model.score(X), truth.score, tolerance.mean())
    assert_within(resp, truth.resp, case.resp_tolerance(truth))
    assert np.all(resp[:, case.weights == 0.0] == 0.0)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_a_point_beyond_the_range_of_squares_has_responsibilities(covariance_type: str) -> None:
    X = dataset("iris")
    start = m_step(X, np.eye(3)[np.arange(150) // 50], covariance_type)
    model = GaussianMixture.from_parameters(*start, covariance_type)
    far_points = np.array([[1e200, 0.0, 0.0, 0.0], [-1e200, 1e200, 1e200, -1e200]])
    assert np.all(model.score_samples(far_points) == -np.inf)
    resp = model.predict_proba(far_points)
    assert np.all(resp >= 0.0)
    np.testing.assert_allclose(resp.sum(axis=1), 1.0, rtol=1e-15)


# ---- EM


@pytest.mark.parametrize("case", em_cases(), ids=name_of)
def test_em(case: EMCase) -> None:
    if case.must_raise:
        with pytest.raises(ValueError, match="ill-defined empirical covariance"):
            run_case(case)
        return
    model = run_case(case)
    tolerance = case.relative_tolerance
    assert_within(model.lower_bounds_, case.lower_bounds, tolerance * np.abs(case.lower_bounds))
    assert_within(model.score(case.X), case.final_score, tolerance * abs(case.final_score))
    snapshot = case.snapshots[case.n_iter]
    assert_same_parameters(parameters_of(model), snapshot, case.covariance_type, tolerance)


def run_case(case: EMCase) -> GaussianMixture:
    """Return the model after the iterations of a case."""
    return fit(
        case.X,
        {
            "covariance_type": case.covariance_type,
            "reg_covar": case.reg_covar,
            "max_iter": case.n_iter,
            "weights_init": case.weights_init,
            "means_init": case.means_init,
            "precisions_init": case.precisions_init,
        },
    )


def test_a_component_without_samples_keeps_its_place() -> None:
    case = next(case for case in em_cases() if case.name == "far_component_spherical")
    model = run_case(case)
    assert model.weights_.tolist() == [1.0, 0.0]
    assert np.array_equal(model.means_[1], case.means_init[1])
    np.testing.assert_allclose(model.precisions_[1], case.precisions_init[1], rtol=1e-14)


@pytest.mark.parametrize("case", fixpoints(COVARIANCE_TYPES), ids=name_of)
def test_mclust_fixpoint(case: Fixpoint) -> None:
    X, covariance_type = case.X, case.covariance_type
    start = m_step(X, case.start_resp, covariance_type)
    model = fit(
        X,
        {
            "covariance_type": covariance_type,
            "reg_covar": 0.0,
            "max_iter": case.n_m_steps - 1,
            "weights_init": start.weights,
            "means_init": start.means,
            "precisions_init": invert(start.covariances, covariance_type),
        },
    )
    log_likelihoods = len(X) * np.array([*model.lower_bounds_, model.score(X)])
    for n_m_steps, expected in case.trace.items():
        if n_m_steps <= case.n_m_steps:
            assert log_likelihoods[n_m_steps - 1] == pytest.approx(expected, rel=1e-9)
    assert log_likelihoods[-1] == pytest.approx(case.log_likelihood, rel=1e-9)
    assert_same_parameters(parameters_of(model), case.parameters, covariance_type, 1e-9)
    assert model._n_parameters() == case.n_parameters
    assert model.bic(X) == pytest.approx(case.bic, rel=1e-9)


@pytest.mark.parametrize("case", fixpoints(CONSTRAINED_TYPES), ids=name_of)
def test_mclust_fixpoint_of_a_structure_with_constraints(case: Fixpoint) -> None:
    X, structure = case.X, STRUCTURES[case.covariance_type]
    means = (case.start_resp.T @ X) / case.start_resp.sum(axis=0)[:, np.newaxis]
    partition = statistics_of(X, case.start_resp, structure.layout, means)
    model = fit(
        X,
        {
            "covariance_type": case.covariance_type,
            "reg_covar": 0.0,
            "max_iter": 2 * case.n_m_steps,
            "weights_init": case.start_resp.mean(axis=0),
            "means_init": means,
            "precisions_init": structure.estimate(partition, 0.0).precisions(),
        },
    )
    # mclust's M-step of the partition ends at a tolerance.
    assert len(X) * model.lower_bounds_[0] == pytest.approx(case.trace[1], rel=1e-7)
    assert len(X) * model.score(X) == pytest.approx(case.log_likelihood, rel=1e-9)
    # The likelihood is flat at the fixpoint.
    assert_same_parameters(parameters_of(model), case.parameters, case.covariance_type, 1e-5)
    assert model._n_parameters() == case.n_parameters
    assert model.bic(X) == pytest.approx(case.bic, rel=1e-9)


@pytest.mark.parametrize("case", fixpoints(("VVE",)), ids=name_of)
def test_common_axes_of_mclust_leave_volumes_out_and_are_not_those_of_maximum_likelihood(
    case: Fixpoint,
) -> None:
    X = case.X
    model = GaussianMixture.from_parameters(*case.parameters, covariance_type="VVE")
    total = len(X) * model.score(X)
    assert total == pytest.approx(case.log_likelihood, rel=1e-9)
    resp = model.predict_proba(X)
    means = resp.T @ X / resp.sum(axis=0)[:, np.newaxis]
    statistics = statistics_of(X, resp, "dense", means)
    axes = np.linalg.eigh(case.parameters.covariances[0])[1]
    rotated = axes.T @ statistics.second @ axes  # scatter along mclust's axes
    variances = np.einsum("kdd->kd", rotated) / statistics.counts[:, np.newaxis]
    volumes = np.exp(np.log(variances).mean(axis=1, keepdims=True))
    # sum_k trace(S_k Q A_k^-1 Q^T / v_k) is stationary if the sums of its rotations are symmetric.
    # mclust's axes are stationary for v_k = 1, but v_k in the likelihood are the volumes.
    without_volumes = np.einsum("kij,kj->ij", rotated, volumes / variances)
    with_volumes = np.einsum("kij,kj->ij", rotated, 1 / variances)
    size = np.abs(without_volumes).max()
    np.testing.assert_allclose(without_volumes, without_volumes.T, atol=1e-8 * size)
    assert np.abs(with_volumes - with_volumes.T).max() > 1e-3 * np.abs(with_volumes).max()

    better = fit(
        X,
        {
            "covariance_type": "VVE",
            "reg_covar": 0.0,
            "max_iter": 400,
            "weights_init": case.parameters.weights,
            "means_init": case.parameters.means,
            "precisions_init": model.precisions_,
        },
    )
    assert len(X) * better.score(X) > total + 0.05
    assert np.diff(better.lower_bounds_).min() > -1e-12


@pytest.mark.parametrize("covariance_type", STRUCTURES)
@pytest.mark.parametrize("name", DATASETS)
def test_bic_of_one_component(name: str, covariance_type: str) -> None:
    X = dataset(name)
    model = GaussianMixture(1, covariance_type=covariance_type, reg_covar=0.0).fit(X)
    assert model.bic(X) == pytest.approx(one_component_bic(name)[covariance_type], rel=1e-9)
