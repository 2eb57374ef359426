"""The search for the number of components and the covariance structure."""

from __future__ import annotations

import json
import sys
import threading
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

import reference
from gmmx import GaussianMixtureIC
from gmmx.model.covariance import STRUCTURES
from gmmx.selection import bayesian as bayesian_selection
from gmmx.selection import search as selection
from gmmx.selection.bayesian import bayesian_search
from gmmx.selection.cells import Cell, best_cell, larger_count
from gmmx.selection.partitions import clusterings_of, partitions_of
from gmmx.selection.race import RACE_SAMPLES
from gmmx.selection.search import Observed
from searching import search

CELLS = [(k, name) for k in range(1, 10) for name in STRUCTURES]


@cache
def default_search(dataset: str) -> dict[tuple[int, str], Cell]:
    """Return the cells of the default search."""
    cells = search(reference.dataset(dataset))
    return {(cell.n_components, cell.covariance_type): cell for cell in cells}


def mclust_bic(dataset: str) -> dict[tuple[int, str], float]:
    """Return the BIC of mclust from its own start; smaller is better."""
    table = json.loads((reference.DATA / f"mclust_{dataset}.json").read_text(encoding="utf-8"))
    return {
        (k, reference.COVARIANCE_TYPE_OF_MODEL[model]): -value
        for k, row in zip(table["bic_G"], table["bic_table"], strict=True)
        for model, value in zip(table["bic_models"], row, strict=True)
        if model in reference.COVARIANCE_TYPE_OF_MODEL and value is not None
    }


def blobs(n_samples: int = 120, n_features: int = 2) -> np.ndarray:
    rng = np.random.default_rng(0)
    centers = 8.0 * np.arange(n_samples)[:, np.newaxis] % 24.0
    return rng.standard_normal((n_samples, n_features)) + centers


def log_likelihoods(cells: list[Cell]) -> list[float]:
    return [cell.log_likelihood for cell in cells]


def test_old_faithful_is_tied_with_three_components():
    cells = default_search("faithful")
    assert list(cells) == CELLS
    best = best_cell(cells.values())
    assert (best.n_components, best.covariance_type) == (3, "tied")
    assert best.log_likelihood == pytest.approx(-1126.316, abs=1e-3)
    assert best.n_parameters == 11
    # The likelihood is so flat that EM ends where the weights still move by a thousandth.
    np.testing.assert_allclose(np.sort(best.model.weights_), [0.1686, 0.3564, 0.4750], atol=2e-3)


def test_iris_is_vev_with_two_components():
    best = best_cell(default_search("iris").values())
    assert (best.n_components, best.covariance_type) == (2, "VEV")
    assert best.bic == pytest.approx(561.728, abs=1e-2)


@pytest.mark.parametrize("dataset", reference.DATASETS)
def test_nearly_every_cell_is_as_good_as_that_of_mclust(dataset):
    cells, theirs = default_search(dataset), mclust_bic(dataset)
    ranked = {
        position: cell.bic
        for position, cell in cells.items()
        if position in theirs and cell.reason is None
    }
    worse = [position for position, bic in ranked.items() if bic > theirs[position] + 0.1]
    assert len(worse) <= 6, worse  # of 126
    assert len(ranked) >= 46


@pytest.mark.parametrize("dataset", reference.DATASETS)
def test_cells_agree_with_their_models(dataset):
    X = reference.dataset(dataset)
    for cell in default_search(dataset).values():
        assert cell.bic == pytest.approx(cell.model.bic(X), rel=1e-9)
        assert cell.aic == pytest.approx(cell.model.aic(X), rel=1e-9)


@pytest.mark.parametrize("n_components", [2, 3])
@pytest.mark.parametrize("dataset", reference.DATASETS)
def test_one_start_is_the_partition_of_mclust(dataset, n_components):
    clusterings = clusterings_of(reference.dataset(dataset), None, "all")
    first, *others = partitions_of(clusterings, n_components, 8, "all", 0)
    same = first[:, np.newaxis] == first
    expected = reference.start_labels(dataset, f"hc_G{n_components}")
    np.testing.assert_array_equal(same, expected[:, np.newaxis] == expected)
    assert len(others) > 1


@pytest.mark.parametrize("n_components", [2, 3, 5])
def test_no_two_starts_are_the_same_partition(n_components):
    clusterings = clusterings_of(reference.iris(), None, "all")
    partitions = partitions_of(clusterings, n_components, 32, "all", 0)
    together = [labels[:, np.newaxis] == labels for labels in partitions]
    assert 1 < len(partitions) <= 32
    assert not any(np.array_equal(*pair) for pair in combinations(together, 2))


def test_a_search_finds_distinct_rows_and_clusters_once(monkeypatch):
    calls = []

    def count_calls(owner, name):
        function = getattr(owner, name)

        def counted(*args, **options):
            calls.append(name)
            return function(*args, **options)

        monkeypatch.setattr(owner, name, counted)

    count_calls(selection, "clusterings_of")
    count_calls(selection.DistinctValues, "of")
    search(reference.faithful(), [1, 2, 3], ["full", "diag"])
    assert sorted(calls) == ["clusterings_of", "of"]


@pytest.mark.parametrize("find", [lambda X: search(X, [2]), lambda X: bayesian_search(X, 2)])
def test_models_say_how_they_were_fitted(find):
    X = pd.DataFrame(reference.faithful(), columns=["eruptions", "waiting"])
    for cell in find(X):
        model = cell.model
        assert model.n_iter_ == len(model.lower_bounds_) > 0
        assert model.converged_
        assert model.lower_bound_ == model.lower_bounds_[-1]
        assert list(model.feature_names_in_) == ["eruptions", "waiting"]
        assert model.n_features_in_ == 2


@pytest.mark.parametrize("find", [lambda X: search(X, [2]), lambda X: bayesian_search(X, 2)])
def test_samples_are_checked_once_and_their_models_never(monkeypatch, find):
    names = ("check_samples", "given_parameters", "check_symmetric", "check_definite")
    modules = [module for name, module in sys.modules.items() if name.startswith("gmmx.")]
    calls = []
    for module in modules:
        for name in set(names) & vars(module).keys():
            check = getattr(module, name)
            monkeypatch.setattr(
                module, name, lambda *a, check=check, **b: calls.append(check) or check(*a, **b)
            )
    find(reference.faithful())
    assert [check.__name__ for check in calls] == ["check_samples"]


def test_bounds_of_a_model_are_those_of_its_likelihood():
    X = reference.faithful()
    for cell in search(X, [2]):
        assert cell.model.lower_bound_ == pytest.approx(cell.model.score(X), abs=1e-6)


def test_a_cell_whose_covariance_is_nearly_singular_ends_no_search():
    # As the third feature grows, reg_covar grows, until the other two are not singular any more.
    x = np.random.default_rng(0).standard_normal((50, 2))
    models = []
    for deviation in np.linspace(30, 90, 40):
        X = np.column_stack([1e6 * x[:, 0], 3e6 * x[:, 0], deviation * x[:, 1]])
        models.append(search(X, [1], ["full"])[0].model)
    assert models[0] is None
    assert all(np.isfinite(model.precisions_cholesky_).all() for model in models[-9:])


def clusters(n_clusters: int) -> np.ndarray:
    """Return well separated clusters."""
    centers = np.repeat(30.0 * np.arange(n_clusters), 40)
    return np.random.default_rng(0).normal(size=(len(centers), 2)) + centers[:, np.newaxis]


@pytest.mark.parametrize(
    ("n_clusters", "counts", "expected"),
    [(3, [1, 2], 10), (3, [2, 3], 10), (3, [1, 2, 3, 4], None), (3, [2], None), (8, [1, 6], 20)],
)
def test_the_search_knows_when_its_best_is_the_largest_tried(n_clusters, counts, expected):
    cells = search(clusters(n_clusters), counts, ["tied-spherical"])
    assert larger_count(cells, best_cell(cells)) == expected


@pytest.mark.parametrize(("n_components", "expected"), [(1, None), (3, 10), (4, 10), (6, None)])
def test_so_does_the_bayesian_search(n_components, expected):
    cells = bayesian_search(clusters(4), n_components, ["tied-spherical"])
    assert larger_count(cells, best_cell(cells)) == expected


def test_no_more_components_than_rows_are_proposed():
    cells = [Cell(k, "full", 5, 5 * k, 100.0 * k) for k in range(1, 6)]
    assert larger_count(cells, cells[3]) is None
    assert larger_count(cells[:4], cells[3]) == 5
    assert larger_count(cells, cells[4]) is None


def test_a_bayesian_cell_says_that_its_fit_did_not_converge(monkeypatch):
    X = reference.faithful()
    assert bayesian_search(X, 2, ["tied"])[0].is_converged
    monkeypatch.setattr(bayesian_selection, "MAX_ITER", 2)
    cell = bayesian_search(X, 2, ["tied"])[0]
    assert not cell.is_converged
    assert cell.model.n_iter_ == 2


def test_a_cell_without_a_model_has_not_converged():
    assert not Cell(2, "full", 100, 11, reason="every start collapsed").is_converged


def test_spurious_cells_are_not_ranked():
    cells = default_search("iris").values()
    spurious = [cell for cell in cells if cell.reason is not None]
    assert min(spurious, key=lambda cell: cell.bic).bic < best_cell(cells).bic
    assert all(cell.reason.startswith("component ") for cell in spurious)


def test_best_by_either_criterion():
    cells = [Cell(1, "full", 100, 5, -110.0), Cell(2, "full", 100, 11, -100.0)]
    assert best_cell(cells, "bic") is cells[0]
    assert best_cell(cells, "aic") is cells[1]
    assert best_cell([Cell(3, "full", 10, 20, 5.0, reason="spurious")]) is None


@pytest.mark.parametrize("n_threads", [2, 3, None])
def test_result_does_not_depend_on_threads(monkeypatch, n_threads):
    X = blobs()
    expected = search(X, [1, 2, 3], n_threads=1)
    monkeypatch.setattr(selection, "SMALL_SIZE", 0)
    done: list[Cell] = []
    cells = selection.search(
        Observed(X), [1, 2, 3], list(STRUCTURES), GaussianMixtureIC(n_threads=n_threads), 0,
        on_cell=done.append,
    )  # fmt: skip
    assert log_likelihoods(cells) == log_likelihoods(expected)
    assert sorted(log_likelihoods(done)) == sorted(log_likelihoods(cells))


def test_same_seed_same_result():
    first, second, other = (
        search(reference.iris(), [5], ["full", "tied"], random_state=seed) for seed in (1, 1, 2)
    )
    assert log_likelihoods(first) == log_likelihoods(second)
    assert first[1].model.means_.tolist() != other[1].model.means_.tolist()


def test_units_do_not_matter():
    X, scale = blobs(), np.array([1e-6, 1e5])
    names = ["full", "tied", "diag", "tied-diag"]
    shift = len(X) * np.log(scale).sum()
    for cell, scaled in zip(search(X, [3], names), search(X * scale, [3], names), strict=True):
        assert scaled.log_likelihood + shift == pytest.approx(cell.log_likelihood, abs=0.1)


def test_many_rows_are_raced_on_a_part():
    X = blobs(4 * RACE_SAMPLES)
    cells = search(X, [2, 3], ["spherical", "tied"])
    assert best_cell(cells).n_components == 3
    assert best_cell(cells).log_likelihood == pytest.approx(
        best_cell(cells).model.score(X) * len(X)
    )


def test_more_components_than_distinct_rows():
    X = np.repeat([[0.0], [1.0], [5.0]], 4, axis=0)
    cells = search(X, [1, 3, 4], ["tied"])
    assert cells[0].reason is None
    assert cells[1].reason is not None
    assert cells[2].reason == "there are only 3 distinct rows"
    assert cells[2].model is None
    assert np.isnan(cells[2].bic)


def test_collapse_of_a_cell_does_not_end_the_search():
    # With the tiny feature reg_covar is too small for matrices of the two collinear features.
    x = np.random.default_rng(0).standard_normal((50, 2))
    X = np.column_stack([1e6 * x[:, 0], 3e6 * x[:, 0], 1e-6 * x[:, 1]])
    cells = {cell.covariance_type: cell for cell in search(X, [1, 2])}
    assert cells["full"].reason == "every start collapsed"
    assert cells["diag"].reason is None


def test_interrupt_ends_all_threads(monkeypatch):
    monkeypatch.setattr(selection, "SMALL_SIZE", 0)

    def interrupt(cell: Cell) -> None:
        raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        selection.search(
            Observed(reference.iris()), range(1, 10), list(STRUCTURES),
            GaussianMixtureIC(n_threads=3), 0, on_cell=interrupt,
        )  # fmt: skip
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("X", "options", "message"),
    [
        ([[1.0, 2.0], [1.0, 3.0]], {}, "feature 0 is 1 in every row: leave it out"),
        ([[1.0], [1.0]], {"feature_names": ["height"]}, "height is 1 in every row"),
        ([[0.0], [1e200], [2e200]], {}, "feature 0 has variance inf: scale it"),
        ([[0.0], [1e-200]], {}, "feature 0 has variance 0: scale it"),
        ([[1.0, np.nan], [1.0, 2.0]], {}, "contains NaN"),
        ([[1.0, 2.0]], {}, "minimum of 2"),
        ([[1.0], [2.0]], {"min_components": 0}, "'min_components' parameter of Gaussian"),
        (
            [[1.0], [2.0]],
            {"covariance_types": ["fulll"]},
            "'covariance_type' parameter of Gaussian",
        ),
        ([[1.0], [2.0]], {"n_threads": 0}, "'n_threads' parameter of Gaussian"),
    ],
)
def test_bad_input(X, options, message):
    with pytest.raises(ValueError, match=message):
        search(X, **options)


def test_few_rows_are_enough_where_components_share_their_covariance():
    random = np.random.default_rng(0)
    blocks = [random.normal(size=(n, 20)) + mean for n, mean in ((60, 0), (60, 6), (12, -12))]
    cells = search(np.concatenate(blocks), [2, 3], ["tied-spherical"])
    best = best_cell(cells)
    assert best is not None
    assert best.n_components == 3


def test_one_component_with_a_feature_of_two_values_is_not_spurious():
    random = np.random.default_rng(0)
    X = np.column_stack([random.normal(size=200), random.integers(2, size=200)])
    assert best_cell(search(X, [1], ["full", "diag"])) is not None
