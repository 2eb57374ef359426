"""Compiled M-steps of structures with constraints, compared with NumPy, and eigenvectors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ortho_group

from gmmx._core.interface import structures
from gmmx.model.covariance import STRUCTURES, DegenerateCovarianceError

NAMES = [name for name, structure in STRUCTURES.items() if structure.has_compiled_m_step]
every_name = pytest.mark.parametrize("name", NAMES)
# The largest number of updates, and the change of volumes or angle that ends them.
START, STEP = (100, 1e-14), (1, 1e-14)

# ---- the M-steps in NumPy, given covariances S_k, shares p_k and the covariances of the E-step


def geometric_means(variances):
    return np.exp(np.log(variances).mean(axis=-1))


def composed(axes, variances):
    """Return sum_d variance_d axis_d axis_d^T; axes are columns."""
    return (axes * variances[..., np.newaxis, :]) @ np.swapaxes(axes, -1, -2)


def volumes_in_turns(volumes_of, common_of, common, most_updates, smallest_change):
    """Compute volumes and a common part in turns."""
    volumes = volumes_of(common)
    for _ in range(most_updates):
        before, common = volumes, common_of(volumes)
        volumes = volumes_of(common)
        if (np.abs(volumes - before) <= smallest_change * volumes).all():
            break
    return volumes, common


def vei(own, shares, previous):
    common = shares @ own if previous is None else previous[0]
    volumes, _ = volumes_in_turns(
        lambda shape: (own / shape).mean(axis=1), lambda volumes: (shares / volumes) @ own,
        common, 200, 1e-13,
    )  # fmt: skip
    return np.outer(volumes, (shares / volumes) @ own)


def evi(own, shares, previous):
    volumes = geometric_means(own)
    return own * (shares @ volumes / volumes)[:, np.newaxis]


def vee(own, shares, previous):
    common = np.tensordot(shares, own, 1) if previous is None else previous[np.argmax(shares)]
    volumes, common = volumes_in_turns(
        lambda common: np.einsum("kij,ji->k", own, np.linalg.inv(common)) / own.shape[1],
        lambda volumes: np.tensordot(shares / volumes, own, 1),
        common, *(START if previous is None else STEP),
    )  # fmt: skip
    return np.multiply.outer(volumes, common)


def eev(own, shares, previous):
    eigenvalues, axes = np.linalg.eigh(own)
    return composed(axes, shares @ eigenvalues)


def vev(own, shares, previous):
    eigenvalues, axes = np.linalg.eigh(own)
    shape = shares @ eigenvalues
    if previous is not None:
        shape = np.linalg.eigvalsh(previous[np.argmax(shares)])
    volumes, shape = volumes_in_turns(
        lambda shape: (eigenvalues / shape).mean(axis=1),
        lambda volumes: (shares / volumes) @ eigenvalues,
        shape, *(START if previous is None else STEP),
    )  # fmt: skip
    return composed(axes, np.outer(volumes, shape))


def evv(own, shares, previous):
    volumes = np.linalg.det(own) ** (1 / own.shape[1])
    return own * (shares @ volumes / volumes)[:, np.newaxis, np.newaxis]


def vve(own, shares, previous):
    axes, variances = common_axes(own, shares, previous, lambda logs: (shares @ logs, shares))
    return composed(axes, variances)


def eve(own, shares, previous):
    def objective(logs):
        volumes = shares * np.exp(logs)
        return np.log(volumes.sum()), volumes / volumes.sum()

    axes, variances = common_axes(own, shares, previous, objective)
    volumes = geometric_means(variances)
    return composed(axes, variances * (shares @ volumes / volumes)[:, np.newaxis])


def common_axes(own, shares, previous, objective):
    """Return axes, as columns, and variances along them."""
    total = np.tensordot(shares, own, 1)
    if previous is not None:
        weights = np.sqrt(np.arange(1, len(own) + 1)) / np.einsum("kdd->k", previous)
        total = np.tensordot(weights, previous, 1)
    axes = np.linalg.eigh(total)[1]
    most_updates, smallest_angle = START if previous is None else STEP
    for _ in range(most_updates):
        rotated = axes.T @ own @ axes
        value, slopes, angles = newton(rotated, objective)
        if np.vdot(angles, slopes) / 2 <= smallest_angle**2:
            break
        for _ in range(10):
            turned = axes @ cayley(angles)
            variances = np.einsum("dk,pde,ek->pk", turned, own, turned)
            if objective(np.log(variances).mean(axis=1))[0] < value:
                axes = turned
                break
            angles = 0.5 * angles
    return axes, np.einsum("dk,pde,ek->pk", axes, own, axes)


def newton(rotated, objective):
    """Return the objective, its negative gradient in the angles and the Newton step."""
    variances = np.einsum("kdd->kd", rotated)
    value, gradient = objective(np.log(variances).mean(axis=1))
    inverse = 1 / variances
    differences = inverse[:, :, np.newaxis] - inverse[:, np.newaxis]
    slopes = np.einsum("k,kij,kij->ij", gradient, rotated, differences)
    products = differences * (variances[:, np.newaxis] - variances[:, :, np.newaxis])
    curvatures = np.einsum("k,kij->ij", gradient, products)
    is_flat = curvatures <= 1e-12
    angles = np.where(is_flat, 0, slopes / np.where(is_flat, 1, curvatures))
    return value, slopes, np.clip(angles, -0.5, 0.5)


def cayley(angles):
    identity = np.eye(len(angles))
    return np.linalg.solve(identity - 0.5 * angles, identity + 0.5 * angles)


TWIN = {
    "VEI": vei, "EVI": evi, "VEE": vee, "EVE": eve, "VVE": vve, "EEV": eev, "VEV": vev, "EVV": evv,
}  # fmt: skip


# ---- comparisons


def problem(name, n_components, n_features, seed=0):
    """Return covariances of different shapes and axes, and shares."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(n_components, n_features + 3, n_features))
    rows *= np.exp(random.normal(size=(n_components, 1, n_features)))
    own = np.einsum("kni,knj->kij", rows, rows)
    shares = random.uniform(1.0, 100.0, n_components)
    if not STRUCTURES[name].are_matrices:
        own = np.ascontiguousarray(np.einsum("kdd->kd", own))
    return own, shares / shares.sum()


def member(name, n_components, n_features, seed=1):
    """Return covariances of the structure: the M-step from others."""
    own, shares = problem(name, n_components, n_features, seed)
    return constrained(name, own, shares, None)


def constrained(name, own, shares, previous):
    found, result = structures.constrain(name, own, shares, previous)
    assert result == structures.DONE
    return found


def assert_near(found, expected, tolerance):
    """Compare in units of the deviations."""
    if expected.ndim == 3:
        deviations = np.sqrt(np.einsum("kdd->kd", expected))
        units = deviations[:, :, np.newaxis] * deviations[:, np.newaxis]
    else:
        units = expected
    np.testing.assert_allclose(found / units, expected / units, rtol=0, atol=tolerance)


@every_name
@pytest.mark.parametrize("n_components", [1, 2, 5])
@pytest.mark.parametrize("n_features", [1, 2, 3, 4, 9, 20])
def test_equals_numpy(name, n_components, n_features):
    for seed in range(2):
        own, shares = problem(name, n_components, n_features, 10 * seed)
        previous = member(name, n_components, n_features, 10 * seed + 1)
        expected = TWIN[name](own, shares, previous)
        assert_near(constrained(name, own, shares, previous), expected, 1e-10)
        # The optimal axes are flat: rounding of the objective moves them by its square root.
        tolerance = 1e-6 if name in ("EVE", "VVE") else 1e-10
        expected = TWIN[name](own, shares, None)
        assert_near(constrained(name, own, shares, None), expected, tolerance)


@every_name
def test_arguments_are_not_changed_and_the_result_is_symmetric(name):
    own, shares = problem(name, 3, 4)
    previous = member(name, 3, 4)
    before = own.copy(), shares.copy(), previous.copy()
    found = constrained(name, own, shares, previous)
    for array, copy in zip((own, shares, previous), before, strict=True):
        assert np.array_equal(array, copy)
    if found.ndim == 3:
        assert np.array_equal(found, found.transpose(0, 2, 1))


@every_name
def test_covariances_of_the_structure_stay_and_units_do_not_matter(name):
    _, shares = problem(name, 4, 5)
    covariances = member(name, 4, 5)
    assert_near(constrained(name, covariances, shares, covariances), covariances, 1e-11)
    for unit in (2.0**-400, 2.0**400):
        scaled = constrained(name, unit * covariances, shares, unit * covariances)
        assert_near(scaled / unit, covariances, 1e-11)


@every_name
def test_names_and_sizes_are_checked(name):
    own, shares = problem(name, 3, 2)
    with pytest.raises(ValueError, match="no structure 'full'"):
        structures.constrain("full", own, shares, None)
    with pytest.raises(ValueError, match="shares"):
        structures.constrain(name, own, shares[:2], None)
    with pytest.raises(ValueError, match="previous"):
        structures.constrain(name, own, shares, own[:2])
    with pytest.raises(ValueError, match="covariances"):
        structures.constrain(name, np.stack([own, own], axis=-1), shares, None)
    with pytest.raises(ValueError, match="at least 1"):
        structures.constrain(name, own[:0], shares[:0], None)


# ---- eigenvectors: with one component the M-step of EEV composes its eigenvectors again


def matrices_of(n_features):
    """Return symmetric, positive definite matrices with easy and hard eigenvalues."""
    axes = ortho_group(max(n_features, 2), seed=0).rvs()[:n_features, :n_features]
    axes = axes if n_features > 1 else np.ones((1, 1))
    graded, pairs = np.logspace(0, -10, n_features), np.arange(n_features) // 2 + 1.0
    spectra = [np.linspace(1, 2, n_features), graded, graded[::-1], pairs, np.ones(n_features)]
    for spectrum in spectra:
        yield composed(axes, spectrum)
        yield np.diag(spectrum)
    yield np.ones((n_features, n_features)) + 1e-8 * np.eye(n_features)


@pytest.mark.parametrize("n_features", [1, 2, 3, 4, 8, 31, 64, 100])
def test_eigenvectors_compose_the_matrix(n_features):
    for matrix in matrices_of(n_features):
        own = 0.5 * (matrix + matrix.T)[np.newaxis]
        found = constrained("EEV", own, np.ones(1), None)
        assert np.abs(found - own).max() <= 1e-14 * n_features * np.linalg.norm(own)


@pytest.mark.parametrize("n_features", [2, 5, 40])
def test_eigenvalues_are_paired_in_ascending_order(n_features):
    own, shares = problem("EEV", 3, n_features)
    found = np.linalg.eigvalsh(constrained("EEV", own, shares, None))
    expected = shares @ np.linalg.eigvalsh(own)
    np.testing.assert_allclose(found, expected[np.newaxis].repeat(3, axis=0), rtol=1e-10)


# ---- singular covariances


def error_of(name, own, shares, previous=None):
    with pytest.raises(DegenerateCovarianceError) as caught:
        STRUCTURES[name].constrained(own, shares, previous)
    return caught.value.component, caught.value.feature


@pytest.mark.parametrize("name", ["EVE", "VVE", "EVV"])
def test_a_singular_covariance_is_named(name):
    own, shares = problem(name, 3, 4)
    own[1, 2], own[1, :, 2] = own[1, 0], own[1, :, 0]
    assert error_of(name, own, shares) == (1, 2)


@pytest.mark.parametrize("name", ["EEV", "VEV", "VEE"])
def test_singular_covariances_of_all_components_are_an_error(name):
    own, shares = problem(name, 3, 4)
    own[:, 2], own[:, :, 2] = own[:, 0], own[:, :, 0]
    assert error_of(name, own, shares) == (None if name == "VEE" else 0, 2)


@pytest.mark.parametrize("name", ["VEE", "VEV"])
def test_a_component_without_volume_is_named(name):
    own, shares = problem(name, 3, 4)
    own[1] = 0.0
    assert error_of(name, own, shares) == (1, None)


@every_name
def test_nan_is_an_error(name):
    own, shares = problem(name, 3, 4)
    own[1] = np.nan
    _, result = structures.constrain(name, own, shares, None)
    assert result != structures.DONE
