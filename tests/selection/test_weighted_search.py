"""The search with weights of samples: integer weights are repetitions, zero leaves a row out."""

from __future__ import annotations

import threading
from functools import partial

import numpy as np
import pytest

from gmmx.checks.feature_scale import reg_covar_of
from gmmx.selection.bayesian import bayesian_search
from gmmx.selection.cells import Cell, best_cell, larger_count
from gmmx.selection.partitions import clusterings_of, partitions_of
from gmmx.selection.race import RACE_SAMPLES, Stage
from gmmx.selection.spurious import DistinctValues
from searching import search

NAMES = ["full", "tied-diag"]
SEARCHES = {
    "likelihood": partial(search, n_components=[2, 3, 4], covariance_types=NAMES),
    "bayesian": partial(bayesian_search, n_components=5, covariance_types=NAMES),
}
every_search = pytest.mark.parametrize("find", SEARCHES.values(), ids=SEARCHES)


def samples(n_samples: int = 240) -> tuple[np.ndarray, np.ndarray]:
    """Return three clusters of unequal shapes, and weights from 0 to 3."""
    draw = np.random.default_rng(0)
    labels = np.arange(n_samples) % 3
    means, scales = np.array([[0, 0], [7, 7], [-7, 6]]), np.array([[1, 1], [1, 2], [2, 1]])
    X = means[labels] + scales[labels] * draw.normal(size=(n_samples, 2))
    return X, draw.integers(0, 4, size=n_samples)


def structure(cell: Cell) -> tuple[int, str]:
    return cell.n_components, cell.covariance_type


@every_search
def test_integer_weights_give_the_table_of_repeated_rows(find):
    X, weight = samples()
    weighted, repeated = find(X, sample_weight=weight), find(np.repeat(X, weight, axis=0))
    for one, other in zip(weighted, repeated, strict=True):
        assert structure(one) == structure(other)
        assert one.reason == other.reason
        assert one.bic == pytest.approx(other.bic, rel=1e-6)
        assert one.aic == pytest.approx(other.aic, rel=1e-6)
    assert structure(best_cell(weighted)) == structure(best_cell(repeated))


@every_search
def test_a_row_of_weight_zero_is_left_out_exactly(find):
    X, weight = samples()
    X[weight == 0] *= 1e9
    kept = weight > 0
    weighted, without = find(X, sample_weight=weight), find(X[kept], sample_weight=weight[kept])
    for one, other in zip(weighted, without, strict=True):
        assert one.n_samples == np.count_nonzero(kept)
        assert one.bic == other.bic
        np.testing.assert_array_equal(one.model.means_, other.model.means_)


@pytest.mark.parametrize("scale", [1e-300, 0.1, 1e300])
def test_the_scale_of_weights_changes_the_criteria_but_not_the_mixtures(scale):
    X, weight = samples()
    cells = search(X, [1, 3], NAMES, sample_weight=weight)
    scaled = search(X, [1, 3], NAMES, sample_weight=scale * weight)
    for one, other in zip(cells, scaled, strict=True):
        assert other.total_weight == pytest.approx(scale * one.total_weight)
        assert other.log_likelihood == pytest.approx(scale * one.log_likelihood)
        np.testing.assert_allclose(
            np.sort(other.model.means_, axis=0), np.sort(one.model.means_, axis=0), rtol=1e-3
        )


@every_search
def test_cells_agree_with_their_models(find):
    X, weight = samples()
    for cell in find(X, sample_weight=0.7 * weight):
        assert cell.bic == pytest.approx(cell.model.bic(X, 0.7 * weight), rel=1e-9)
        assert cell.aic == pytest.approx(cell.model.aic(X, 0.7 * weight), rel=1e-9)
        assert cell.log_likelihood == pytest.approx(
            cell.model.score(X, sample_weight=weight) * 0.7 * weight.sum()
        )


def test_starts_are_those_of_repeated_rows():
    X, weight = samples()
    kept = weight > 0
    clusterings = clusterings_of(X[kept], weight[kept].astype(float), "all")
    weighted = partitions_of(clusterings, 3, 32, "all", 0)
    repeated = partitions_of(
        clusterings_of(np.repeat(X, weight, axis=0), None, "all"), 3, 32, "all", 0
    )
    assert len(weighted) == len(repeated) > 1
    for one, other in zip(weighted, repeated, strict=True):
        np.testing.assert_array_equal(np.repeat(one, weight[kept]), other)


def test_the_floor_of_variances_is_that_of_repeated_rows():
    X, weight = samples()
    repeated = reg_covar_of(np.repeat(X, weight, axis=0))
    assert reg_covar_of(X, weight=weight.astype(float)) == pytest.approx(repeated)
    assert reg_covar_of(X, weight=1e300 * weight) == pytest.approx(repeated)


def test_many_rows_are_raced_on_a_part_drawn_by_weight():
    X, _ = samples(3 * RACE_SAMPLES)
    # Of the third cluster 30 rows are left; a draw without weights would find about 15 of them.
    rows = np.arange(len(X))
    X = X[(rows % 3 != 2) | (rows < 90)]
    weight = np.where(X[:, 0] < -4, 200.0, 1.0)
    stage = Stage(
        X, weight, 1e-6, None, 1000, DistinctValues.of(X, ("a", "b")), None, 1, threading.Event()
    )
    race = stage.reduced(0)
    assert race.total_weight == RACE_SAMPLES
    share = weight[X[:, 0] < -4].sum() / weight.sum()
    assert race.weight[race.X[:, 0] < -4].sum() == pytest.approx(share * RACE_SAMPLES, abs=90)
    cells = search(X, [2, 3], ["full"], sample_weight=weight)
    best = best_cell(cells)
    assert best.n_components == 3
    assert best.log_likelihood == pytest.approx(
        best.model.score(X, sample_weight=weight) * weight.sum()
    )
    (again,) = search(X, [3], ["full"], sample_weight=weight, n_threads=2)
    assert again.log_likelihood == best.log_likelihood


def test_weights_do_not_hide_that_rows_are_few():
    X = np.array([[0.0], [1.0], [5.0]])
    cells = search(X, [1, 4], ["tied"], sample_weight=[40, 40, 20])
    assert cells[0].reason is None
    assert cells[1].reason == "there are only 3 distinct rows"
    assert larger_count([cells[0]], cells[0]) is None


@every_search
@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (-1.0, r"sample_weight\[0\] is -1"),
        (np.nan, r"sample_weight\[0\] is nan"),
        (0.0, "The sum of sample_weight is 0"),
        ([1.0, 2.0], r"expected \(240,\)"),
    ],
)
def test_weights_that_cannot_be_used_are_refused(find, weight, message):
    with pytest.raises(ValueError, match=message):
        find(samples()[0], sample_weight=weight)


@every_search
def test_a_feature_that_is_constant_where_weights_are_positive_is_refused(find):
    X, weight = samples()
    X[weight > 0, 1] = 3.0
    with pytest.raises(ValueError, match="feature 1 is 3 in every row"):
        find(X, sample_weight=weight)
