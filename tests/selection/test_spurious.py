"""Detection of spurious maxima, in which components shrink onto coincidences of the data."""

from __future__ import annotations

import numpy as np
import pytest

import reference
from gmmx import GaussianMixture
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
    distinct = DistinctValues.of(X, tuple("abcdefgh"[: X.shape[1]]))
    return spurious_reason(
        X, labels, lambda: labels[:, np.newaxis] == np.arange(len(covariances)),
        np.asarray(covariances), REG_COVAR, distinct, X.shape[1] + 1,
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


def test_weights_count_repetitions_in_the_width_of_all_samples():
    X, labels = two_clusters()
    X[:, 1] = np.random.default_rng(1).random(len(X)) < 0.3
    weight = np.arange(len(X)) % 3 + 1
    weighted = DistinctValues.of(X, ("a", "b", "c"), weight.astype(float))
    repeated = DistinctValues.of(np.repeat(X, weight, axis=0), ("a", "b", "c"))
    variances = conditional_variances(empirical(X, labels))
    np.testing.assert_allclose(weighted.variances, repeated.variances)
    np.testing.assert_array_equal(weighted.widths(variances), repeated.widths(variances))


def test_scales_of_features_do_not_matter():
    X, labels = two_clusters()
    X *= np.array([1e-2, 1.0, 1e6])
    assert reason_of(X, labels, empirical(X, labels)) is None
    X[labels == 0, 2] = X[labels == 0, 0] * 1e8
    assert "component 0" in reason_of(X, labels, empirical(X, labels))


def test_conditional_variances_are_inverse_diagonals_of_precisions():
    rng = np.random.default_rng(0)
    factors = rng.standard_normal((4, 3, 3))
    covariances = factors @ factors.transpose(0, 2, 1) + 0.1 * np.eye(3)
    expected = 1 / np.einsum("kdd->kd", np.linalg.inv(covariances))
    np.testing.assert_allclose(conditional_variances(covariances), expected, rtol=1e-9)


def test_distinct_rows_are_numbered():
    rng = np.random.default_rng(0)
    for n_features in (1, 2, 3):
        X = rng.integers(0, 3, (20, n_features)).astype(float)
        distinct = DistinctValues.of(X, tuple("abc"[:n_features]))
        numbers, same = distinct.row_numbers, (X[:, np.newaxis] == X).all(axis=2)
        np.testing.assert_array_equal(numbers[:, np.newaxis] == numbers, same)
        assert distinct.n_rows == len(np.unique(X, axis=0))


def test_a_width_is_compared_with_the_median_gap_around_an_interval():
    rng = np.random.default_rng(0)
    for _ in range(100):
        values = np.unique(rng.integers(0, 60, rng.integers(1, 30))).astype(float)
        distinct = DistinctValues.of(values[:, np.newaxis], ("a",))
        low, high = np.sort(rng.choice(values, (2, 8)), axis=0)
        widths = rng.integers(0, 12, 8) / 2
        for one, wider in enumerate(distinct.are_wider(0, low, high, widths)):
            below, above = values[values < low[one]][-1:], values[values > high[one]][:1]
            inside = values[(values >= low[one]) & (values <= high[one])]
            gaps = np.diff(np.concatenate([below, inside, above]))
            median = np.percentile(gaps, 50, method="lower") if gaps.size else 0.0
            assert wider == (widths[one] < median)


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
    rng = np.random.default_rng(0)
    X, labels = np.sort(rng.normal(0, 1, (300, 1)), axis=0), np.zeros(300, dtype=np.int64)
    distinct, covariances = DistinctValues.of(X, ("a",)), np.ones((2, 1, 1))
    rows = np.zeros((300, 2), dtype=bool)
    rows[:, 0] = True

    def reason(n_explained: int) -> str | None:
        rows[100 : 100 + n_explained, 1] = True
        return spurious_reason(X, labels, lambda: rows, covariances, REG_COVAR, distinct, 2)

    assert reason(0) == "component 1 explains no row by 10% or more"
    assert reason(1) == "component 1 holds only 1 distinct row"
    assert reason(90) is None
    covariances[1] = 4e-6
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
