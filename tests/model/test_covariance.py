"""Properties of every covariance structure in the registry, tested with dense matrices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmmx import GaussianMixture
from gmmx.model.covariance import (
    CONJUGATE_STRUCTURES,
    STRUCTURES,
    STRUCTURES_BY_NAME,
    DegenerateCovarianceError,
)
from gmmx.model.parameters import MixtureParameters
from gmmx.model.statistics import SufficientStatistics
from moments import factors_shape, in_matrices, statistics_of
from twin import COVARIANCE_TYPES, dense, m_step, n_parameters

EPS = float(np.finfo(np.float64).eps)

every_structure = pytest.mark.parametrize("name", STRUCTURES)
on_many_mixtures = given(
    seed=st.integers(0, 2**32 - 1),
    n_components=st.integers(1, 4),
    n_features=st.sampled_from([1, 2, 3, 5, 9]),
    offset=st.sampled_from([0.0, 1e3, 1e6]),
    log10_scale=st.sampled_from([-150, -3, 0, 150]),
)
derandomized = settings(max_examples=25, deadline=None, derandomize=True)


def samples_of(seed, n_components, n_features, offset=0.0, log10_scale=0, n_samples=50):
    """Return correlated samples and responsibilities."""
    random = np.random.default_rng(seed)
    mixing = random.normal(size=(n_features, n_features)) + 2.0 * np.eye(n_features)
    X = random.normal(size=(n_samples, n_features)) @ mixing + offset
    resp = random.dirichlet(np.ones(n_components), size=n_samples)
    return X * 10.0**log10_scale, resp


def statistics_for(structure, X, resp):
    """Return statistics in a structure's layout, about points near the components' means."""
    means = resp.T @ X / resp.sum(axis=0)[:, np.newaxis]
    origin = means + 0.5 * X.std(axis=0)
    return statistics_of(X, resp, structure.layout, origin)


def estimate(name, X, resp, reg_covar=0.0):
    return STRUCTURES[name].estimate(statistics_for(STRUCTURES[name], X, resp), reg_covar)


def deviations_of(matrices):
    return np.sqrt(np.einsum("kdd->kd", matrices))


def in_correlations(matrices, deviations):
    return matrices / deviations[:, :, np.newaxis] / deviations[:, np.newaxis, :]


def condition_of(matrices):
    """Return the largest condition number of the matrices scaled to unit diagonal."""
    correlations = in_correlations(matrices, deviations_of(matrices))
    return float(np.linalg.cond(correlations).max())


def assert_same_matrices(actual, expected, tolerance):
    """Assert that (K, D, D) covariances agree, in units of standard deviations."""
    deviations = deviations_of(expected)
    difference = in_correlations(actual, deviations) - in_correlations(expected, deviations)
    assert np.abs(difference).max() <= tolerance


# ---- shapes, and the dense definition


@every_structure
@derandomized
@on_many_mixtures
def test_shapes_and_symmetry(name, seed, n_components, n_features, offset, log10_scale):
    X, resp = samples_of(seed, n_components, n_features, offset, log10_scale)
    covariance = estimate(name, X, resp)
    shape = STRUCTURES[name].covariance_shape(n_components, n_features)
    for values in (covariance.covariances, covariance.precisions_cholesky, covariance.precisions()):
        assert np.shape(values) == shape
        assert np.asarray(values).dtype == np.float64
    matrices = covariance.dense()
    assert matrices.shape == (n_components, n_features, n_features)
    np.testing.assert_array_equal(matrices, matrices.transpose(0, 2, 1))
    if covariance.are_matrices:
        precisions = covariance.precisions()
        np.testing.assert_array_equal(precisions, np.swapaxes(precisions, -1, -2))


@pytest.mark.parametrize("name", COVARIANCE_TYPES)
@derandomized
@on_many_mixtures
def test_maximum_is_that_of_the_twin(name, seed, n_components, n_features, offset, log10_scale):
    X, resp = samples_of(seed, n_components, n_features, offset, log10_scale)
    covariance = estimate(name, X, resp)
    expected = m_step(X, resp, name).covariances
    matrices = dense(expected, name, n_components, n_features)
    # Samples and the twin's means near 1e6 are rounded to 1e-10 standard deviations.
    assert_same_matrices(covariance.dense(), matrices, 1e-9)
    own = dense(covariance.covariances, name, n_components, n_features)
    np.testing.assert_array_equal(covariance.dense(), own)


@every_structure
def test_registry_names_the_structure(name):
    structure = STRUCTURES[name]
    assert structure.name == name
    assert structure.layout in ("dense", "shared", "diagonal", "isotropic")


# ---- factors


@every_structure
@derandomized
@on_many_mixtures
def test_factors_are_those_of_the_inverse(
    name, seed, n_components, n_features, offset, log10_scale
):
    X, resp = samples_of(seed, n_components, n_features, offset, log10_scale)
    covariance = estimate(name, X, resp)
    factors = covariance.factors()
    assert factors.shape == factors_shape(covariance.layout, n_components, n_features)
    upper = in_matrices(factors, covariance.layout, n_components, n_features)
    np.testing.assert_array_equal(upper, np.triu(upper))
    matrices = covariance.dense()
    whitened = upper.transpose(0, 2, 1) @ matrices @ upper
    tolerance = 8.0 * n_features * EPS * condition_of(matrices)
    assert np.abs(whitened - np.eye(n_features)).max() <= tolerance


@every_structure
@derandomized
@on_many_mixtures
def test_log_det_is_minus_half_that_of_the_covariance(
    name, seed, n_components, n_features, offset, log10_scale
):
    X, resp = samples_of(seed, n_components, n_features, offset, log10_scale)
    covariance = estimate(name, X, resp)
    matrices = covariance.dense()
    correlations = in_correlations(matrices, deviations_of(matrices))
    log_deviations = np.log(deviations_of(matrices)).sum(axis=1)
    expected = -0.5 * np.linalg.slogdet(correlations)[1] - log_deviations
    mixture = MixtureParameters(np.ones(n_components), X[:n_components], covariance)
    actual = mixture.log_scale + 0.5 * n_features * np.log(2 * np.pi)
    tolerance = 8.0 * n_features * EPS * (condition_of(matrices) + np.abs(expected).max())
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance)


@every_structure
@derandomized
@on_many_mixtures
def test_unconstrained_factors_give_the_structure_back(
    name, seed, n_components, n_features, offset, log10_scale
):
    X, resp = samples_of(seed, n_components, n_features, offset, log10_scale)
    covariance = estimate(name, X, resp)
    origin = estimate(name, *samples_of(seed + 1, n_components, n_features, offset, log10_scale))
    log_factors = covariance.log_factors(origin)
    again = origin.with_log_factors(log_factors)
    tolerance = 64 * EPS * n_features * condition_of(origin.dense())
    size = max(1.0, np.abs(log_factors).max())
    np.testing.assert_allclose(again.log_factors(origin), log_factors, atol=tolerance * size)
    condition = condition_of(origin.dense()) + condition_of(covariance.dense())
    assert_same_matrices(again.dense(), covariance.dense(), 4096 * EPS * condition)
    assert np.abs(origin.log_factors(origin)).max() <= tolerance


@every_structure
@derandomized
@on_many_mixtures
def test_whitened_shifts_have_mahalanobis_length_and_shift_back(
    name, seed, n_components, n_features, offset, log10_scale
):
    X, resp = samples_of(seed, n_components, n_features, offset, log10_scale)
    covariance = estimate(name, X, resp)
    matrices = covariance.dense()
    shifts = X[:n_components] - X[n_components : 2 * n_components]
    deviations = deviations_of(matrices)
    scaled = (shifts / deviations)[:, :, np.newaxis]
    solved = np.linalg.solve(in_correlations(matrices, deviations), scaled)
    whitened = covariance.whiten(shifts)
    tolerance = 64 * n_features * EPS * condition_of(matrices)
    expected = (scaled * solved).sum(axis=(1, 2))
    np.testing.assert_allclose((whitened**2).sum(axis=1), expected, rtol=tolerance)
    back = covariance.unwhiten(whitened) / deviations
    np.testing.assert_allclose(back, scaled[:, :, 0], atol=tolerance * np.abs(scaled).max())


@every_structure
@derandomized
@on_many_mixtures
def test_precisions_give_the_covariances_back(
    name, seed, n_components, n_features, offset, log10_scale
):
    X, resp = samples_of(seed, n_components, n_features, offset, log10_scale)
    covariance = estimate(name, X, resp)
    structure, sizes = STRUCTURES[name], (n_components, n_features)
    same = structure.from_covariances(covariance.covariances, *sizes)
    np.testing.assert_array_equal(same.precisions_cholesky, covariance.precisions_cholesky)
    back = structure.from_precisions(covariance.precisions(), *sizes)
    matrices = covariance.dense()
    tolerance = 16.0 * n_features * EPS * condition_of(matrices)
    assert_same_matrices(back.dense(), matrices, tolerance)
    np.testing.assert_array_equal(back.dense(), back.dense().transpose(0, 2, 1))
    assert np.shape(back.factors()) == np.shape(covariance.factors())
    upper = in_matrices(back.factors(), structure.layout, n_components, n_features)
    whitened = upper.transpose(0, 2, 1) @ matrices @ upper
    assert np.abs(whitened - np.eye(n_features)).max() <= tolerance


# ---- maximum likelihood


def expected_log_likelihood(matrices, counts, scatters):
    """Return the terms of the expected complete log-likelihood that depend on covariances."""
    traces = np.einsum("kde,ked->k", np.linalg.inv(matrices), scatters)
    return float(-0.5 * (counts @ np.linalg.slogdet(matrices)[1] + traces.sum()))


@every_structure
@pytest.mark.parametrize(("n_components", "n_features"), [(1, 1), (3, 1), (2, 3), (3, 4)])
def test_estimate_maximizes_the_expected_log_likelihood(name, n_components, n_features):
    X, resp = samples_of(0, n_components, n_features)
    about_means = statistics_of(X, resp, "dense", resp.T @ X / resp.sum(axis=0)[:, np.newaxis])
    counts, scatters = about_means.counts, about_means.about(about_means.means).second
    best = expected_log_likelihood(estimate(name, X, resp).dense(), counts, scatters)
    random = np.random.default_rng(1)
    for size in np.repeat([1.0, 0.1, 1e-2, 1e-3], 8):
        # Estimates from other samples are also covariances of the structure.
        noise = size * random.normal(size=X.shape)
        other_resp = resp * (1.0 + size * random.uniform(size=resp.shape))
        other = estimate(name, X + noise, other_resp).dense()
        assert expected_log_likelihood(other, counts, scatters) <= best + 1e-10 * abs(best)


@every_structure
@pytest.mark.parametrize(("n_components", "n_features"), [(1, 1), (3, 1), (1, 3), (2, 3), (3, 2)])
def test_n_parameters_is_the_dimension_of_the_structure(name, n_components, n_features):
    X, resp = samples_of(0, n_components, n_features)
    base = estimate(name, X, resp).dense()
    random = np.random.default_rng(1)
    directions = [
        estimate(name, X + 1e-5 * random.normal(size=X.shape), resp).dense() - base
        for _ in range(2 * base.size)
    ]
    sizes = np.linalg.svd(np.reshape(directions, (len(directions), -1)), compute_uv=False)
    dimension = int(np.sum(sizes > 1e-3 * sizes[0]))
    assert STRUCTURES[name].n_parameters(n_components, n_features) == dimension


@pytest.mark.parametrize("name", COVARIANCE_TYPES)
def test_n_parameters_is_that_of_the_twin(name):
    for n_components in (1, 2, 9):
        for n_features in (1, 2, 9):
            others = n_components * n_features + n_components - 1
            own = STRUCTURES[name].n_parameters(n_components, n_features)
            assert own + others == n_parameters(name, n_components, n_features)


MCLUST_FORMULAS = {
    "EII": lambda K, D: 1,
    "VII": lambda K, D: K,
    "EEI": lambda K, D: D,
    "VEI": lambda K, D: K + (D - 1),
    "EVI": lambda K, D: 1 + K * (D - 1),
    "VVI": lambda K, D: K * D,
    "EEE": lambda K, D: D * (D + 1) / 2,
    "VEE": lambda K, D: K + (D - 1) + D * (D - 1) / 2,
    "EVE": lambda K, D: 1 + K * (D - 1) + D * (D - 1) / 2,
    "VVE": lambda K, D: K + K * (D - 1) + D * (D - 1) / 2,
    "EEV": lambda K, D: 1 + (D - 1) + K * D * (D - 1) / 2,
    "VEV": lambda K, D: K + (D - 1) + K * D * (D - 1) / 2,
    "EVV": lambda K, D: 1 - K + K * D * (D + 1) / 2,
    "VVV": lambda K, D: K * D * (D + 1) / 2,
}


@pytest.mark.parametrize("name", [name for name in MCLUST_FORMULAS if name in STRUCTURES_BY_NAME])
def test_n_parameters_is_that_of_mclust(name):
    for n_components in (1, 2, 5):
        for n_features in (1, 2, 7):
            expected = MCLUST_FORMULAS[name](n_components, n_features)
            found = STRUCTURES_BY_NAME[name].n_parameters(n_components, n_features)
            assert (found, type(found)) == (expected, int)


@every_structure
@pytest.mark.parametrize(("n_components", "n_features"), [(1, 1), (3, 1), (1, 3), (3, 4)])
def test_covariances_of_the_structure_violate_no_constraint(name, n_components, n_features):
    covariance = estimate(name, *samples_of(0, n_components, n_features))
    assert covariance.constraint_violation() < 1e-9


@pytest.mark.parametrize("name", sorted(STRUCTURES.keys() - CONJUGATE_STRUCTURES.keys()))
def test_other_covariances_violate_a_constraint(name):
    structure = STRUCTURES[name]
    free = "full" if structure.are_matrices else "diag"
    covariances = estimate(free, *samples_of(0, 3, 4)).covariances
    assert structure.from_covariances(covariances, 3, 4).constraint_violation() > 1e-2


@every_structure
@pytest.mark.parametrize("reg_covar", [1e-6, 1.0])
def test_reg_covar_acts_as_noise_of_this_variance(name, reg_covar):
    X, resp = samples_of(0, 3, 4)
    covariance = estimate(name, X, resp, reg_covar)
    steps = np.sqrt(4 * reg_covar) * np.concatenate([np.eye(4), -np.eye(4)])
    noisy = (X[:, np.newaxis] + steps).reshape(-1, 4)
    expected = estimate(name, noisy, np.repeat(resp, 8, axis=0) / 8)
    assert_same_matrices(covariance.dense(), expected.dense(), 1e-9)


@pytest.mark.parametrize("name", CONJUGATE_STRUCTURES)
@pytest.mark.parametrize("reg_covar", [1e-6, 1.0])
@pytest.mark.parametrize("spread", [0.0, 1e-5, 1.0])
def test_no_variance_is_below_reg_covar(name, reg_covar, spread):
    X, resp = samples_of(0, 3, 4)
    covariance = estimate(name, 1e6 + spread * X, resp, reg_covar)
    variances = np.einsum("kdd->kd", covariance.dense())
    assert variances.min() >= reg_covar * (1.0 - 4.0 * EPS)
    bare = spread**2 * np.einsum("kdd->kd", estimate(name, X, resp).dense())
    np.testing.assert_allclose(variances, bare + reg_covar, rtol=1e-4 if spread < 1.0 else 1e-8)


@every_structure
def test_a_single_sample_has_no_covariance(name):
    X, resp = samples_of(0, 1, 3, n_samples=1)
    structure = STRUCTURES[name]
    average = structure.average(statistics_of(X, resp, structure.layout, X + 0.5))
    np.testing.assert_allclose(average, 0.0, atol=1e-15)
    assert structure.are_matrices or np.all(average >= 0.0)


@every_structure
def test_an_empty_component_keeps_its_covariance(name):
    X, resp = samples_of(0, 2, 3)
    structure = STRUCTURES[name]
    previous = estimate(name, X, resp)
    resp[:, 1] = 0.0
    occupied = statistics_of(X, resp, structure.layout, np.stack([X[0], X[1]]))
    covariance = previous
    for _ in range(5):  # an M-step may leave iterations to the next ones
        covariance = structure.estimate(occupied, 0.0, covariance)
    alone = estimate(name, X, resp[:, :1])
    np.testing.assert_allclose(covariance.dense()[0], alone.dense()[0], rtol=1e-12, atol=1e-13)
    if name in CONJUGATE_STRUCTURES:
        is_own = structure.covariance_shape(2, 3)[:1] == (2,)
        expected = previous if is_own else covariance
        np.testing.assert_array_equal(covariance.dense()[1], expected.dense()[1])


@every_structure
def test_an_empty_component_is_the_limit_of_a_component_that_empties(name):
    X, resp = samples_of(0, 2, 3)
    structure = STRUCTURES[name]
    previous = estimate(name, X, resp)
    resp[:, 1] = 0.0
    occupied = statistics_of(X, resp, structure.layout, np.stack([X[0], X[1]]))
    few = np.array([0.0, 1e-9])
    second = occupied.second + previous.scatter(few, 0.0)
    emptying = SufficientStatistics(
        occupied.layout, occupied.counts + few, occupied.first, second, occupied.origin, 0.0
    )
    covariance = structure.estimate(occupied, 0.0, previous)
    limit = structure.estimate(emptying, 0.0, previous)
    assert covariance.constraint_violation() < 1e-9
    assert_same_matrices(covariance.dense(), limit.dense(), 1e-6)


# ---- singular covariances


def tells_components_apart(structure):
    return structure.covariance_shape(7, 5)[:1] == (7,)


def has_own_variances(structure):
    """Return whether components differ in volume or shape: EEV has own axes only."""
    return tells_components_apart(structure) and structure.name != "EEV"


def has_own_matrices(structure):
    """Return whether the covariances of components may be singular one at a time, up to volume."""
    return tells_components_apart(structure) and structure.name != "VEE"


def tells_features_apart(structure):
    return structure.covariance_shape(7, 5)[-1:] == (5,)


@every_structure
@pytest.mark.parametrize("offset", [0.0, 1e8])
@pytest.mark.parametrize("log10_scale", [-150, 0, 150])
def test_a_collapsed_component_is_named(name, offset, log10_scale):
    structure = STRUCTURES[name]
    X, _ = samples_of(0, 3, 2, offset, log10_scale, n_samples=30)
    labels = np.arange(30) % 3
    X[labels == 1] = X[1]
    some = statistics_of(X, np.eye(3)[labels], structure.layout, X[:3])
    if not has_own_variances(structure):
        structure.estimate(some, 0.0)
        return
    with pytest.raises(DegenerateCovarianceError) as raised:
        structure.estimate(some, 0.0)
    assert raised.value.component == 1
    assert raised.value.feature in (0, None)
    assert "component 1" in str(raised.value)


@every_structure
@pytest.mark.parametrize("offset", [0.0, 1e8])
@pytest.mark.parametrize("log10_scale", [-150, 0, 150])
def test_a_constant_feature_is_named(name, offset, log10_scale):
    structure = STRUCTURES[name]
    X, resp = samples_of(0, 2, 3, offset, log10_scale)
    X[:, 1] = X[0, 1]
    some = statistics_of(X, resp, structure.layout, X[:2])
    if not tells_features_apart(structure):
        structure.estimate(some, 0.0)
        return
    with pytest.raises(DegenerateCovarianceError) as raised:
        structure.estimate(some, 0.0)
    assert raised.value.feature == 1
    assert raised.value.component == (0 if has_own_matrices(structure) else None)


@every_structure
def test_equal_samples_are_degenerate(name):
    structure = STRUCTURES[name]
    some = statistics_of(np.full((9, 2), 0.1), np.ones((9, 1)), structure.layout, np.zeros((1, 2)))
    with pytest.raises(DegenerateCovarianceError):
        structure.estimate(some.about(np.full((1, 2), 0.1)), 0.0)


matrix_structures = pytest.mark.parametrize(
    "name", [name for name, structure in STRUCTURES.items() if structure.are_matrices]
)


def collinear_samples(seed, n_samples, n_features, offset=0.0, scale=1.0):
    """Return samples whose last feature is a sum of the others, up to rounding."""
    random = np.random.default_rng(seed)
    X = scale * (random.normal(size=(n_samples, n_features)) + offset)
    X[:, -1] = X[:, :-1] @ random.uniform(0.1, 1.0, size=n_features - 1)
    return X, random.dirichlet(np.ones(2), size=n_samples)


@matrix_structures
@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_collinear_features_are_degenerate_although_a_factor_exists(name, offset, scale):
    structure = STRUCTURES[name]
    n_factorized = 0
    for seed in range(40):
        n_features = 2 + seed % 7
        X, resp = collinear_samples(seed, 60, n_features, offset, scale)
        some = statistics_for(structure, X, resp)
        with pytest.raises(DegenerateCovarianceError) as raised:
            structure.estimate(some, 0.0)
        assert raised.value.feature == n_features - 1
        n_factorized += cholesky_succeeds(some)
    assert n_factorized > 0, "rounding should have hidden some of these from Cholesky's test"


def cholesky_succeeds(statistics: SufficientStatistics) -> bool:
    scatter = statistics.about(statistics.means).second
    try:
        np.linalg.cholesky(scatter / np.abs(scatter).max())
    except np.linalg.LinAlgError:
        return False
    return True


@matrix_structures
@pytest.mark.parametrize("n_samples", [60, 1000, 30_000])
def test_a_fit_to_collinear_features_says_so(name, n_samples):
    for seed in range(4):
        X, _ = collinear_samples(seed, n_samples, 3 + seed)
        model = GaussianMixture(2, covariance_type=name, reg_covar=0.0, random_state=0)
        with pytest.raises(ValueError, match=rf"no variance of its own in feature {2 + seed}"):
            model.fit(X)
        model.set_params(reg_covar=1e-6, max_iter=2, tol=1e9).fit(X)
        assert np.all(np.isfinite(model.covariances_))


# Structures that hold the covariances of A x, for any matrix A, if they hold those of x. In the
# other structures of matrices the axes are at right angles, which a change of units does not keep.
AFFINE = ("full", "tied", "VEE", "EVV")


@matrix_structures
def test_covariances_turn_with_the_samples(name):
    X, resp = samples_of(0, 3, 4)
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(4, 4)))[0]
    expected = turn.T @ estimate(name, X, resp).dense() @ turn
    assert_same_matrices(estimate(name, X @ turn, resp).dense(), expected, 1e-11)


@pytest.mark.parametrize(
    "name", [name for name in STRUCTURES if STRUCTURES[name].are_matrices and name not in AFFINE]
)
def test_units_that_hide_the_axes_are_an_error(name):
    X, resp = samples_of(0, 2, 4)
    with pytest.raises(DegenerateCovarianceError):
        estimate(name, X * [1e-9, 1.0, 1e-3, 1e9], resp)


@pytest.mark.parametrize("name", AFFINE)
def test_features_of_any_units_are_not_degenerate(name):
    X, resp = samples_of(0, 2, 4)
    units = np.array([1e-140, 1.0, 1e-3, 1e140])
    covariance, scaled = estimate(name, X, resp), estimate(name, X * units, resp)
    expected = covariance.dense() * units[:, np.newaxis] * units
    assert_same_matrices(scaled.dense(), expected, 1e-12)
    upper = in_matrices(scaled.factors(), scaled.layout, 2, 4)
    whitened = upper.transpose(0, 2, 1) @ scaled.dense() @ upper
    np.testing.assert_allclose(whitened, np.broadcast_to(np.eye(4), (2, 4, 4)), atol=1e-12)
