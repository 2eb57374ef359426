"""Structures with a common volume, shape or orientation: definition, optimum and fits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ortho_group

from gmmx import DegenerateMixtureError, GaussianMixture
from gmmx.model.covariance import STRUCTURES, DegenerateCovarianceError
from gmmx.model.statistics import SufficientStatistics

NAMES = ("VEE", "EVE", "VVE", "EEV", "VEV", "EVV")
every_name = pytest.mark.parametrize("name", NAMES)


def random_statistics(random, n_components, n_features):
    """Return statistics about the means, of scatters with different shapes and axes."""
    samples = random.normal(size=(n_components, n_features + 3, n_features))
    samples *= np.exp(random.normal(size=(n_components, 1, n_features)))
    counts = random.uniform(1.0, 100.0, n_components)
    scatters = np.einsum("k,kni,knj->kij", counts, samples, samples)
    zeros = np.zeros((n_components, n_features))
    return SufficientStatistics("dense", counts, zeros, scatters, zeros, 0.0)


def member(name, random, n_components, n_features):
    """Return random covariances of a structure, made from volumes, shapes and orientations."""
    volume, shape, orientation = name
    volumes = np.exp(random.normal(size=1 if volume == "E" else n_components))
    logs = random.normal(size=(1 if shape == "E" else n_components, n_features))
    shapes = np.exp(logs - logs.mean(axis=1, keepdims=True))
    axes = ortho_group(n_features, seed=random).rvs(1 if orientation == "E" else n_components)
    axes = axes.reshape(-1, n_features, n_features)
    variances = volumes[:, np.newaxis] * np.broadcast_to(shapes, (n_components, n_features))
    covariances = (axes * variances[:, np.newaxis]) @ axes.transpose(0, 2, 1)
    covariances = 0.5 * (covariances + covariances.transpose(0, 2, 1))
    return STRUCTURES[name].from_covariances(covariances, n_components, n_features)


def objective(statistics, covariance):
    """Return sum_k n_k log |Sigma_k| + trace(W_k Sigma_k^-1), per sample."""
    log_dets = np.linalg.slogdet(covariance.dense())[1]
    traces = np.einsum("kde,ked->", np.linalg.inv(covariance.dense()), statistics.second)
    return (statistics.counts @ log_dets + traces) / statistics.counts.sum()


def volumes_and_shapes(covariances):
    """Return volumes (K,), and shapes (K, D) in ascending order."""
    eigenvalues = np.linalg.eigvalsh(covariances)
    volumes = np.exp(np.log(eigenvalues).mean(axis=1))
    return volumes, eigenvalues / volumes[:, np.newaxis]


@every_name
@pytest.mark.parametrize("reg_covar", [0.0, 1.0])
@pytest.mark.parametrize(("n_components", "n_features"), [(1, 3), (3, 2), (4, 5), (2, 30)])
def test_the_letters_tell_what_components_share(name, reg_covar, n_components, n_features):
    random = np.random.default_rng(n_features)
    statistics = random_statistics(random, n_components, n_features)
    previous = member(name, random, n_components, n_features)
    for before in (None, previous):
        covariances = STRUCTURES[name].estimate(statistics, reg_covar, before).covariances
        volumes, shapes = volumes_and_shapes(covariances)
        if name[0] == "E":
            np.testing.assert_allclose(volumes, volumes[0], rtol=1e-9)
        if name[1] == "E":
            np.testing.assert_allclose(shapes, shapes[:1].repeat(n_components, axis=0), rtol=1e-8)
        if name[2] == "E":  # matrices with the same axes commute
            scaled = covariances / volumes[:, np.newaxis, np.newaxis]
            products = scaled[0] @ scaled
            size = np.abs(products).max()
            np.testing.assert_allclose(products, products.transpose(0, 2, 1), atol=1e-12 * size)


@every_name
def test_an_m_step_never_raises_the_objective_and_ends_at_the_smallest(name):
    random = np.random.default_rng(7)
    for trial in range(28):
        n_components, n_features = 1 + trial % 4, 1 + trial % 7
        statistics = random_statistics(random, n_components, n_features)
        covariance = member(name, random, n_components, n_features)
        counts, values = statistics.counts, [objective(statistics, covariance)]
        for _ in range(60):
            covariance = STRUCTURES[name].estimate(statistics, 0.0, covariance)
            values.append(objective(statistics, covariance))
        assert np.diff(values).max() <= 1e-12 * np.abs(values).max()
        # Neither distant covariances of the structure nor near ones are better.
        for _ in range(5):
            other = member(name, random, n_components, n_features)
            assert objective(statistics, other) >= values[-1]
            moved = covariance.scatter(counts, 0.0) + 1e-2 * other.scatter(counts, 0.0)
            near = STRUCTURES[name].estimate(
                SufficientStatistics(
                    statistics.layout, counts, statistics.first, moved, statistics.origin, 0.0
                ),
                0.0,
                covariance,
            )
            assert objective(statistics, near) >= values[-1] - 1e-6


@every_name
@pytest.mark.filterwarnings("ignore::gmmx.ConvergenceWarning")
def test_the_likelihood_of_fits_never_falls_from_many_starts(name):
    random, n_fits = np.random.default_rng(3), 0
    for seed in range(20):
        n_components, n_features = 1 + seed % 4, 1 + seed % 5
        truth = member(name, random, n_components, n_features)
        labels = random.integers(n_components, size=60 * n_components)
        centers = 3.0 * random.normal(size=(n_components, n_features))
        noise = np.array([
            random.multivariate_normal(np.zeros(n_features), truth.dense()[k]) for k in labels
        ])  # fmt: skip
        model = GaussianMixture(
            n_components, covariance_type=name, random_state=seed, tol=1e-9, max_iter=40,
            init_params="random" if seed % 2 else "kmeans", reg_covar=0.0,
        )  # fmt: skip
        try:
            model.fit(centers[labels] + noise)
        except DegenerateMixtureError:
            continue
        n_fits += 1
        assert np.diff(model.lower_bounds_).min(initial=0.0) > -1e-12
    assert n_fits > 15


@every_name
def test_the_structure_of_simulated_samples_is_found(name):
    random = np.random.default_rng(11)
    truth = member(name, random, 3, 3)
    labels = np.repeat(np.arange(3), 4000)
    noise = np.concatenate([
        random.multivariate_normal(np.zeros(3), matrix, 4000) for matrix in truth.dense()
    ])  # fmt: skip
    X = 12.0 * np.eye(3)[labels] * np.sqrt(np.linalg.eigvalsh(truth.dense()).max()) + noise
    model = GaussianMixture(3, covariance_type=name, random_state=0, tol=1e-8).fit(X)
    order = np.argmax(model.means_, axis=0)
    np.testing.assert_allclose(
        model.covariances_[order], truth.dense(), atol=0.1 * np.abs(truth.dense()).max()
    )
    full = GaussianMixture(3, covariance_type="full", random_state=0, tol=1e-8).fit(X)
    assert model.score(X) < full.score(X)
    assert model.bic(X) < full.bic(X)


@every_name
def test_one_feature_has_no_shape_and_no_orientation(name):
    X = np.random.default_rng(1).normal(size=(300, 1)) * np.repeat([[1.0], [3.0]], 150, axis=0)
    X[150:] += 15.0
    model = GaussianMixture(2, covariance_type=name, random_state=0, tol=1e-9).fit(X)
    same = "tied-spherical" if name[0] == "E" else "spherical"
    expected = GaussianMixture(2, covariance_type=same, random_state=0, tol=1e-9).fit(X)
    np.testing.assert_allclose(model.score_samples(X), expected.score_samples(X), rtol=1e-9)


def test_a_common_variance_of_one_feature_covers_a_component_of_one_point():
    counts, zeros = np.array([9.0, 1.0]), np.zeros((2, 1))
    scatter = np.array([[[18.0]], [[0.0]]])
    statistics = SufficientStatistics("dense", counts, zeros, scatter, zeros, 0.0)
    for name in NAMES:
        if name[0] == "E":
            covariances = STRUCTURES[name].estimate(statistics, 0.0).covariances
            np.testing.assert_allclose(covariances, 1.8)
        else:
            with pytest.raises(DegenerateCovarianceError):
                STRUCTURES[name].estimate(statistics, 0.0)


@every_name
def test_a_component_that_starts_anew_has_a_covariance_of_the_structure(name):
    random = np.random.default_rng(5)
    covariance = member(name, random, 4, 3)
    weights = np.array([0.5, 0.0, 0.2, 0.3])
    pooled = covariance.with_pooled(np.array([1]), weights)
    assert pooled.constraint_violation() < 1e-9
    np.testing.assert_allclose(
        pooled.covariances[[0, 2, 3]], covariance.covariances[[0, 2, 3]], rtol=1e-7, atol=1e-9
    )


@pytest.mark.parametrize("name", ["EVE", "VVE"])
def test_axes_with_exchanged_variances_are_known_again(name):
    # The mean of the two matrices is a multiple of the identity, which has no axes of its own.
    turn = np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2)
    covariances = turn @ np.array([np.diag([4.0, 1.0]), np.diag([1.0, 4.0])]) @ turn.T
    structure = STRUCTURES[name].from_covariances(covariances, 2, 2)
    assert structure.constraint_violation() < 1e-12


@pytest.mark.parametrize("n_features", [25, 26, 64, 65])
def test_eigenvectors_do_not_depend_on_the_driver(n_features):
    random = np.random.default_rng(0)
    covariance = member("EEV", random, 2, n_features)
    statistics = SufficientStatistics(
        "dense", np.ones(2), np.zeros((2, n_features)), covariance.covariances,
        np.zeros((2, n_features)), 0.0,
    )  # fmt: skip
    same = STRUCTURES["EEV"].estimate(statistics, 0.0, covariance)
    np.testing.assert_allclose(same.covariances, covariance.covariances, atol=1e-12)


@pytest.mark.parametrize("name", ["VEE", "EEV", "VEV"])
def test_a_component_with_fewer_samples_than_features_is_no_error(name):
    random = np.random.default_rng(4)
    statistics = random_statistics(random, 3, 6)
    rows = random.normal(size=(4, 6))
    statistics.second[2] = statistics.counts[2] * rows.T @ rows
    covariance = STRUCTURES[name].estimate(statistics, 0.0)
    assert covariance.constraint_violation() < 1e-9
    assert covariance.fewest_rows() <= 6
