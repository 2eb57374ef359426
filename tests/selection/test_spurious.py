"""Detection of spurious maxima, in which components shrink onto coincidences of the data."""

from __future__ import annotations

import numpy as np
import pytest

import reference
from gmmx import GaussianMixture, GaussianMixtureIC
from gmmx._core.interface.distinct_rows import sparse_features
from gmmx.model.covariance import STRUCTURES_BY_NAME
from gmmx.selection.spurious import (
    DistinctValues,
    conditional_variances,
    spurious_reason,
)
from tools.measure.spurious_maxima import (
    DECEPTIVE,
    DISCRETE,
    cells_of,
    choices_of,
    finds_both_clusters,
    has_left,
    is_spurious,
    maximum_near,
    truth,
)

REG_COVAR = 1e-6
SEEDS = range(25)  # of the 1,000 mixtures that `tools.measure.spurious_maxima` simulates


def reason_of(X: np.ndarray, labels: np.ndarray, covariances: np.ndarray) -> str | None:
    """Return the reason, with the feature names a, b, c, ..."""
    n_components = len(covariances)
    distinct = DistinctValues.of(X, tuple("abcdefgh"[: X.shape[1]]))
    belongs = np.zeros((distinct.n_rows, n_components), dtype=bool)
    for k in range(n_components):
        of_component = X[labels == k][:, np.newaxis] == distinct.rows
        belongs[:, k] = of_component.all(axis=2).any(axis=0)
    variances = 1 / np.einsum("kdd->kd", np.linalg.inv(covariances))
    return spurious_reason(
        variances, lambda: belongs, lambda: belongs, REG_COVAR, distinct, X.shape[1] + 1,
        are_matrices=True,
    )  # fmt: skip


def empirical(X: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the covariances of the clusters."""
    return np.stack(
        [np.cov(X[labels == k].T, bias=True).reshape(X.shape[1], -1) for k in np.unique(labels)]
    ) + REG_COVAR * np.eye(X.shape[1])


def two_clusters(n: int = 200, n_features: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 2
    return rng.standard_normal((n, n_features)) + 10.0 * labels[:, np.newaxis], labels


def test_honest_clusters_are_not_spurious():
    X, labels = two_clusters()
    assert reason_of(X, labels, empirical(X, labels)) is None


@pytest.mark.parametrize("n_features", [1, 2, 3])
def test_fewer_distinct_rows_than_a_covariance_needs(n_features):
    X, labels = two_clusters(n_features=n_features)
    few = np.concatenate([X[labels == 1][:n_features]] * 7)
    X = np.concatenate([X[labels == 0], few])
    labels = np.repeat([0, 1], [100, len(few)])
    covariances = np.stack([np.eye(n_features)] * 2)
    expected = f"component 1 holds only {n_features} distinct row"
    assert reason_of(X, labels, covariances).startswith(expected)


def test_a_component_without_rows():
    X, labels = two_clusters()
    covariances = np.stack([np.eye(3)] * 3)
    assert reason_of(X, labels, covariances) == "component 2 explains no row by 10% or more"


def test_variance_at_the_floor_in_an_oblique_direction():
    X, labels = two_clusters()
    X[labels == 1, 2] = X[labels == 1, 0] + X[labels == 1, 1]
    assert reason_of(X, labels, empirical(X, labels)) == (
        "component 1 has a variance at the floor of 1e-06"
    )


def test_component_on_one_value_of_a_rounded_feature():
    X, labels = two_clusters()
    X[:, 1] = np.round(3 * X[:, 1])
    X[labels == 1, 1] = 2.0
    covariances = empirical(X, labels)
    covariances[1, 1, 1] = 0.04
    assert reason_of(X, labels, covariances) == "component 1 is narrower than the spacing of b"
    covariances[1, 1, 1] = 0.3
    assert reason_of(X, labels, covariances) is None


def test_spacing_is_that_around_the_component():
    # A narrow cluster of continuous values among values rounded to integers.
    rng = np.random.default_rng(0)
    wide, tight = np.round(rng.normal(0, 30, 300)), 500.5 + 1e-2 * rng.standard_normal(40)
    X = np.concatenate([wide, tight])[:, np.newaxis]
    labels = np.repeat([0, 1], [300, 40])
    assert reason_of(X, labels, empirical(X, labels)) is None


def test_a_feature_of_two_values_refuses_no_honest_component():
    X, labels = two_clusters()
    X[:, 1] = np.random.default_rng(1).random(len(X)) < 0.3
    assert reason_of(X, labels, empirical(X, labels)) is None
    X[labels == 1, 1], X[0, 1] = 0.0, 1.0
    covariances = empirical(X, labels)
    covariances[1, 1, 1] = 1e-3
    assert reason_of(X, labels, covariances) == "component 1 is narrower than the spacing of b"


@pytest.mark.parametrize("decimals", [0, 1])
def test_parts_that_add_up_to_their_rounding_errors_refuse_no_honest_component(decimals):
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 2
    shares = rng.dirichlet([8.0, 8.0, 8.0], 300) + [0.0, 0.0, 1.0] * labels[:, np.newaxis]
    X = np.round(100 * shares / shares.sum(axis=1, keepdims=True), decimals)
    assert reason_of(X, labels, empirical(X, labels)) is None
    search = GaussianMixtureIC(1, 3, covariance_type=["full", "tied"], random_state=0)
    assert search.fit(X).n_components_ == 2


def test_the_width_of_all_samples_is_that_given_the_other_features():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 3)) * [1e-3, 1.0, 1e3] + 5.0
    expected = 1 / np.diag(np.linalg.inv(np.cov(X.T, bias=True)))
    distinct = DistinctValues.of(X, tuple("abc"))
    np.testing.assert_allclose(distinct.variances_given_others, expected, rtol=1e-6)
    scaled = X / X.std(axis=0)
    with_sum = DistinctValues.of(np.column_stack([scaled, scaled.sum(axis=1)]), tuple("abcd"))
    assert (with_sum.variances_given_others < 1e-6 * with_sum.variances).all()


def test_weights_count_repetitions_in_the_width_of_all_samples():
    X, labels = two_clusters()
    X[:, 1] = np.random.default_rng(1).random(len(X)) < 0.3
    weight = np.arange(len(X)) % 3 + 1
    weighted = DistinctValues.of(X, ("a", "b", "c"), weight.astype(float))
    repeated = DistinctValues.of(np.repeat(X, weight, axis=0), ("a", "b", "c"))
    variances = 1 / np.einsum("kdd->kd", np.linalg.inv(empirical(X, labels)))
    np.testing.assert_allclose(weighted.variances, repeated.variances)
    for are_matrices in (False, True):
        widths = (one.widths(variances, are_matrices=are_matrices) for one in (weighted, repeated))
        np.testing.assert_allclose(*widths)


def test_scales_of_features_do_not_matter():
    X, labels = two_clusters()
    X *= np.array([1e-2, 1.0, 1e6])
    assert reason_of(X, labels, empirical(X, labels)) is None
    X[labels == 0, 2] = X[labels == 0, 0] * 1e8
    assert "component 0" in reason_of(X, labels, empirical(X, labels))


@pytest.mark.parametrize("name", ["full", "tied", "diag", "spherical", "tied-diag", "VEE"])
def test_conditional_variances_are_inverse_diagonals_of_precisions(name):
    rng = np.random.default_rng(0)
    structure = STRUCTURES_BY_NAME[name]
    shape = structure.covariance_shape(4, 3)
    covariances = rng.uniform(0.5, 2.0, shape)
    if structure.are_matrices:
        covariances = covariances @ covariances.swapaxes(-1, -2) + 0.1 * np.eye(3)
    covariance = structure.from_covariances(covariances, 4, 3)
    expected = 1 / np.einsum("kdd->kd", np.linalg.inv(covariance.dense()))
    np.testing.assert_allclose(conditional_variances(covariance), expected, rtol=1e-9)


def test_distinct_rows_and_the_ranks_of_their_values():
    rng = np.random.default_rng(0)
    for n_features in (1, 2, 3):
        X = rng.integers(0, 3, (20, n_features)).astype(float)
        distinct = DistinctValues.of(X, tuple("abc"[:n_features]))
        found, expected = distinct.rows, np.unique(X, axis=0)
        np.testing.assert_array_equal(found[np.lexsort(found.T[::-1])], expected)
        for d, column in enumerate(X.T):
            values = np.unique(column)
            np.testing.assert_array_equal(values[distinct.ranks[:, d]], found[:, d])
            gaps = distinct.gaps[distinct.first_gap[d] : distinct.first_gap[d + 1]]
            np.testing.assert_array_equal(gaps, np.diff(values))


def median_gap(values: np.ndarray, own: np.ndarray) -> float:
    """Return the lower median of the gaps from the value below `own` to the one above, else 0."""
    below, above = values[values < own.min()][-1:], values[values > own.max()][:1]
    inside = values[(values >= own.min()) & (values <= own.max())]
    gaps = np.diff(np.concatenate([below, inside, above]))
    return np.percentile(gaps, 50, method="lower") if gaps.size else 0.0


def test_a_width_is_compared_with_the_median_gap_around_the_rows_of_a_component():
    rng = np.random.default_rng(0)
    for _ in range(100):
        X = rng.integers(0, 60, (rng.integers(1, 30), 3)).astype(float)
        distinct = DistinctValues.of(X, ("a", "b", "c"))
        belongs = rng.random((distinct.n_rows, 8)) < rng.uniform(0, 1)
        widths = np.where(rng.random((8, 3)) < 0.2, np.inf, rng.integers(0, 12, (8, 3)) / 2)
        counts, features = sparse_features(
            belongs.view(np.uint8), distinct.ranks, distinct.gaps, distinct.first_gap, widths
        )
        np.testing.assert_array_equal(counts, belongs.sum(axis=0))
        for k in range(8):
            own = distinct.rows[belongs[:, k]]
            sparse = [
                d
                for d in range(3)
                if len(own) and widths[k, d] < median_gap(np.unique(X[:, d]), own[:, d])
            ]
            assert features[k] == (sparse[0] if sparse else -1)


@pytest.mark.parametrize("wrong", ["belongs", "first_gap", "widths", "gaps"])
def test_arrays_of_other_lengths_are_refused(wrong):
    arrays = {
        "belongs": np.ones((4, 2), np.uint8),
        "ranks": np.zeros((4, 3), np.intc),
        "gaps": np.ones(3),
        "first_gap": np.arange(4, dtype=np.intc),
        "widths": np.ones((2, 3)),
    }
    sparse_features(**arrays)
    with pytest.raises(ValueError, match=wrong):
        sparse_features(**{**arrays, wrong: np.ascontiguousarray(arrays[wrong][:-1])})


def test_the_spurious_maximum_of_old_faithful():
    """A component on the 14 rows with waiting time 83 gains 80 nats without a meaning."""
    X = reference.faithful()
    start = np.array([[4.3, 83], [2.0, 54], [4.4, 80], [3.9, 76], [1.9, 60]])
    precisions = np.array([[5, 1e4], [5, 0.03], [5, 0.03], [5, 0.03], [5, 0.03]])
    model = GaussianMixture(
        5, covariance_type="diag", tol=1e-9, max_iter=1000,
        weights_init=np.full(5, 0.2), means_init=start, precisions_init=precisions,
    ).fit(X)  # fmt: skip
    assert model.score(X) * len(X) > -1060
    labels = model.predict(X)
    assert reason_of(X, labels, model.covariances_[:, :, np.newaxis] * np.eye(2)) == (
        "component 0 has a variance at the floor of 1e-06"
    )


def test_a_component_behind_others_is_judged_by_the_rows_that_it_explains_in_part():
    X = np.sort(np.random.default_rng(0).normal(0, 1, (300, 1)), axis=0)
    distinct, variances = DistinctValues.of(X, ("a",)), np.ones((2, 1))
    assigned = np.repeat([[True, False]], 300, axis=0)
    explained = assigned.copy()

    def reason(n_explained: int) -> str | None:
        explained[100 : 100 + n_explained, 1] = True
        return spurious_reason(
            variances, lambda: assigned, lambda: explained, REG_COVAR, distinct, 2,
            are_matrices=False,
        )  # fmt: skip

    assert reason(0) == "component 1 explains no row by 10% or more"
    assert reason(1) == "component 1 holds only 1 distinct row"
    assert reason(90) is None
    variances[1] = 4e-6
    assert reason(90) == "component 1 is narrower than the spacing of a"


@pytest.mark.filterwarnings("ignore::gmmx.ConvergenceWarning")
def test_no_component_of_a_simulated_mixture_is_refused():
    for seed in SEEDS:
        model, reason = maximum_near(truth(seed))
        assert reason is None or has_left(model)


@pytest.mark.filterwarnings("ignore:The best mixture has max_components")
@pytest.mark.parametrize("kind", DISCRETE)
def test_clusters_beside_a_discrete_feature_are_found(kind):
    for seed in range(2):
        assert finds_both_clusters(kind, seed)


@pytest.mark.parametrize("kind", DECEPTIVE)
def test_no_spurious_mixture_is_chosen(kind):
    for seed in range(2):
        chosen, without_rule = choices_of(cells_of(kind, seed))
        assert not is_spurious(chosen.mixture)
        if kind == "with outliers":
            assert is_spurious(without_rule.mixture)
