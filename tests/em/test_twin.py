"""The NumPy twin, compared with results that do not come from gmmx or the twin."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture

from reference import (
    DATASETS,
    DensityCase,
    EMCase,
    Fixpoint,
    assert_same_parameters,
    assert_within,
    dataset,
    density_cases,
    em_cases,
    faithful,
    fixpoints,
    iris,
    name_of,
    one_component_bic,
    start_labels,
)
from twin import (
    COVARIANCE_TYPES,
    Kind,
    Parameters,
    dense,
    e_step,
    factors_of,
    invert,
    m_step,
    mean_log_likelihood,
    n_parameters,
    precision_factors,
    run_em,
    weighted_log_densities,
)

# ---- log densities


@pytest.mark.parametrize("kind", ["covariances", "precisions"])
@pytest.mark.parametrize("case", density_cases(), ids=name_of)
def test_log_densities(case: DensityCase, kind: Kind) -> None:
    if kind == "covariances":
        matrices, truth = case.covariances, case.truth_from_covariances
    else:
        matrices, truth = case.precisions, case.truth_from_precisions
    factors = precision_factors(dense(matrices, case.covariance_type, *case.means.shape), kind)
    weighted = weighted_log_densities(case.X, case.weights, case.means, factors)
    log_prob, resp = e_step(case.X, case.weights, case.means, factors)

    # The twin computes in float64 for every dtype of a case.
    in_use = np.broadcast_to(case.weights > 0.0, weighted.shape)
    expected = truth.weighted_log_prob[in_use]
    tolerance = case.log_prob_tolerance(expected, np.float64)
    assert_within(weighted[in_use], expected, tolerance)
    assert_within(log_prob, truth.log_prob, case.log_prob_tolerance(truth.log_prob, np.float64))
    assert_within(resp, truth.resp, case.resp_tolerance(truth, np.float64))
    assert np.all(weighted[~in_use] == -np.inf)
    assert np.all(resp[~in_use] == 0.0)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_log_densities_against_scipy(covariance_type: str) -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(20, 3))
    parameters = m_step(X, random.dirichlet(np.ones(2), size=20), covariance_type)
    weighted = weighted_log_densities(
        X, parameters.weights, parameters.means, factors_of(parameters, covariance_type)
    )
    matrices = dense(parameters.covariances, covariance_type, 2, 3)
    for k in range(2):
        expected = multivariate_normal(parameters.means[k], matrices[k]).logpdf(X)
        expected += np.log(parameters.weights[k])
        np.testing.assert_allclose(weighted[:, k], expected, rtol=1e-12)


def test_a_point_beyond_the_range_of_squares_belongs_to_the_widest_component() -> None:
    factors = precision_factors(dense([1.0, 4.0, 100.0], "spherical", 3, 2))
    weights, means = np.array([0.5, 0.5, 0.0]), np.zeros((3, 2))
    log_prob, resp = e_step([[1e200, -1e200]], weights, means, factors)
    assert log_prob == -np.inf
    assert resp.tolist() == [[0.0, 1.0, 0.0]]


def test_a_far_point_between_equal_components_is_shared_by_weight() -> None:
    factors = precision_factors(dense(1.0, "tied-spherical", 2, 2))
    _, resp = e_step([[1e200, 0.0]], np.array([0.25, 0.75]), np.zeros((2, 2)), factors)
    np.testing.assert_allclose(resp, [[0.25, 0.75]], rtol=1e-15)


# ---- EM


@pytest.mark.parametrize("case", em_cases(), ids=name_of)
def test_em(case: EMCase) -> None:
    if case.must_raise:
        with pytest.raises(ValueError, match=r"not positive definite|singular"):
            run_case(case, case.n_iter)
        return
    lower_bounds, parameters = run_case(case, case.n_iter)
    tolerance = case.relative_tolerance
    assert_within(lower_bounds, case.lower_bounds, tolerance * np.abs(case.lower_bounds))
    final_score = mean_log_likelihood(case.X, parameters, case.covariance_type)
    assert_within(final_score, case.final_score, tolerance * abs(case.final_score))
    for n_iter, snapshot in case.snapshots.items():
        _, parameters = run_case(case, n_iter)
        assert_same_parameters(parameters, snapshot, case.covariance_type, tolerance)


def run_case(case: EMCase, n_iter: int) -> tuple[list[float], Parameters]:
    """Return lower bounds and parameters of some iterations of a case."""
    return run_em(
        case.X,
        case.weights_init,
        case.means_init,
        case.precisions_init,
        case.covariance_type,
        case.reg_covar,
        n_iter,
        kind="precisions",
    )


@pytest.mark.parametrize("case", fixpoints(COVARIANCE_TYPES), ids=name_of)
def test_mclust_fixpoint(case: Fixpoint) -> None:
    X, covariance_type = case.X, case.covariance_type
    start = m_step(X, case.start_resp, covariance_type)
    lower_bounds, parameters = run_em(X, *start, covariance_type, 0.0, case.n_m_steps - 1)
    # After the same number of M-steps the parameters agree to rounding. Two converged results would
    # agree only to 1e-6 standard deviations, because the likelihood is flat there.
    lower_bounds.append(mean_log_likelihood(X, parameters, covariance_type))

    log_likelihoods = len(X) * np.array(lower_bounds)
    for n_m_steps, expected in case.trace.items():
        if n_m_steps <= case.n_m_steps:
            assert log_likelihoods[n_m_steps - 1] == pytest.approx(expected, rel=1e-9)
    assert log_likelihoods[-1] == pytest.approx(case.log_likelihood, rel=1e-9)
    assert_same_parameters(parameters, case.parameters, covariance_type, 1e-9)
    assert n_parameters(covariance_type, *parameters.means.shape) == case.n_parameters
    bic = case.n_parameters * np.log(len(X)) - 2.0 * log_likelihoods[-1]
    assert bic == pytest.approx(case.bic, rel=1e-9)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("name", DATASETS)
def test_bic_of_one_component(name: str, covariance_type: str) -> None:
    X = dataset(name)
    parameters = m_step(X, np.ones((len(X), 1)), covariance_type)
    log_likelihood = len(X) * mean_log_likelihood(X, parameters, covariance_type)
    bic = n_parameters(covariance_type, 1, X.shape[1]) * np.log(len(X)) - 2.0 * log_likelihood
    assert bic == pytest.approx(one_component_bic(name)[covariance_type], rel=1e-9)


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_em_against_sklearn(covariance_type: str) -> None:
    X = faithful()
    labels = start_labels("faithful", "qbin_G3")
    start = m_step(X, np.eye(3)[labels], covariance_type)
    sklearn_model = GaussianMixture(
        3,
        covariance_type=covariance_type,
        tol=0.0,
        reg_covar=1e-3,
        max_iter=15,
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=invert(start.covariances, covariance_type),
    ).fit(X)
    lower_bounds, parameters = run_em(X, *start, covariance_type, 1e-3, 15)
    np.testing.assert_allclose(lower_bounds, sklearn_model.lower_bounds_, rtol=1e-11)
    expected = Parameters(sklearn_model.weights_, sklearn_model.means_, sklearn_model.covariances_)
    assert_same_parameters(parameters, expected, covariance_type, 1e-9)
    assert n_parameters(covariance_type, 3, 2) == sklearn_model._n_parameters()


# ---- components without samples


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_a_component_without_samples_keeps_its_place(covariance_type: str) -> None:
    X = iris()
    near = m_step(X, np.ones((len(X), 2)) / 2.0, covariance_type)
    far_means = np.stack([near.means[0], near.means[1] + 1e4])
    start = Parameters(near.weights, far_means, near.covariances)
    _, parameters = run_em(X, *start, covariance_type, 0.0, 3)
    assert parameters.weights.tolist() == [1.0, 0.0]
    assert np.array_equal(parameters.means[1], far_means[1])
    np.testing.assert_allclose(parameters.covariances, near.covariances, rtol=1e-12)


def test_an_empty_start_is_refused() -> None:
    with pytest.raises(ValueError, match="without samples"):
        m_step(iris(), np.eye(2)[np.zeros(150, dtype=int)], "full")
