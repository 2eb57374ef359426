"""GaussianMixtureIC: the search as an estimator, its choice, its results and its failures."""

from __future__ import annotations

import pickle
import sys
import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import gmmx
import reference
from gmmx import ConvergenceWarning, GaussianMixture, GaussianMixtureIC, progress
from gmmx.exceptions import InvalidParameterError
from gmmx.model.covariance import STRUCTURES
from gmmx.samples.array_source import ArraySource
from gmmx.selection import race
from gmmx.selection import search as selection
from gmmx.selection.partitions import clusterings_of, partitions_of
from gmmx.starts.principal_axes import PrincipalAxes
from processes import run

CRITERIA = ("bic", "aic", "icl")


def samples(n_samples: int = 240, seed: int = 0) -> np.ndarray:
    """Return two well separated clusters of different shapes."""
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(n_samples, 2)) * [1.0, 2.0]
    X[::2] = 0.5 * X[::2] + [9.0, -9.0]
    return X


def quick(**options: object) -> GaussianMixtureIC:
    """Return a search of few mixtures."""
    options = {"max_components": 3, "covariance_type": ["full", "diag"], "n_init": 4} | options
    return GaussianMixtureIC(**{"random_state": 0} | options)


@cache
def fitted(criterion: str = "bic") -> tuple[GaussianMixtureIC, np.ndarray]:
    """Return a search of Old Faithful, and its samples."""
    X = reference.faithful()
    model = quick(max_components=4, covariance_type=["full", "tied", "diag"], criterion=criterion)
    return model.fit(X), X


# ---- the choice


@pytest.mark.parametrize("criterion", CRITERIA)
def test_the_mixture_of_smallest_criterion_is_chosen(criterion):
    model, X = fitted(criterion)
    results = model.results_
    is_ranked = np.array([reason is None for reason in results["refused"]])
    best = np.flatnonzero(is_ranked)[np.argmin(results[criterion][is_ranked])]
    assert model.n_components_ == results["n_components"][best] == len(model.weights_)
    assert model.covariance_type_ == results["covariance_type"][best]
    assert model.criterion_ == pytest.approx(getattr(model, criterion)(X), rel=1e-9)
    assert model.criterion_ == results[criterion][best]


def test_icl_chooses_fewer_components_where_they_overlap():
    assert fitted("icl")[0].n_components_ < fitted("aic")[0].n_components_


def test_every_mixture_has_a_row_in_the_results():
    model, X = fitted()
    results = model.results_
    positions = list(zip(results["n_components"], results["covariance_type"], strict=True))
    assert positions == [(k, name) for k in (1, 2, 3, 4) for name in ("full", "tied", "diag")]
    assert {len(column) for column in results.values()} == {12}
    for i, (k, name) in enumerate(positions):
        n_parameters = STRUCTURES[name].n_free_parameters(k, 2)
        assert results["n_parameters"][i] == n_parameters
        expected = -2 * results["log_likelihood"][i] + np.log(len(X)) * n_parameters
        assert results["bic"][i] == pytest.approx(expected)
        assert results["icl"][i] >= results["bic"][i]
    assert (results["fit_time"] > 0).all()
    assert results["converged"].all()
    assert (results["n_iter"] > 0).all()


def test_the_samples_decide_which_structures_all_stands_for():
    structures = GaussianMixtureIC()._structures_to_search
    assert structures(100, 2) == list(STRUCTURES)
    single = structures(100, 1)
    assert [STRUCTURES[name].n_parameters(3, 1) for name in single] == [3, 1]
    assert single == ["spherical", "tied-spherical"]
    few = structures(5, 5)
    assert few == [name for name in STRUCTURES if STRUCTURES[name].n_parameters(1, 5) <= 5]
    assert "full" not in few
    assert "diag" in few


def test_structures_of_one_feature_that_are_left_out_are_equal_to_those_that_stay():
    X = samples()[:, :1]
    model = GaussianMixtureIC(2, 2, covariance_type=list(STRUCTURES), n_init=8, random_state=0)
    bic = dict(zip(STRUCTURES, model.fit(X).results_["bic"], strict=True))
    kept = model.set_params(covariance_type="all")._structures_to_search(len(X), 1)
    for name, structure in STRUCTURES.items():
        (same,) = (
            k for k in kept if STRUCTURES[k].n_parameters(2, 1) == structure.n_parameters(2, 1)
        )
        assert bic[name] == pytest.approx(bic[same], abs=1e-3)


def test_equal_mixtures_of_one_component_have_the_name_of_the_first_structure():
    names = list(STRUCTURES)
    for seed in range(5):
        draw = np.random.default_rng(seed)
        X = draw.normal(size=(200, 3)) @ draw.normal(size=(3, 3)) + 50.0
        for covariance_type in (names, names[::-1]):
            model = quick(max_components=2, covariance_type=covariance_type).fit(X)
            assert model.n_components_ == 1
            n_parameters = STRUCTURES[model.covariance_type_].n_parameters(1, 3)
            equal = [n for n in covariance_type if STRUCTURES[n].n_parameters(1, 3) == n_parameters]
            assert model.covariance_type_ == equal[0]
            assert "<td>1 (best)</td>" in model._repr_html_()


def test_more_components_than_there_are_clusters_do_not_pay():
    model = quick(max_components=5).fit(samples())
    assert model.n_components_ == 2
    assert len(np.unique(model.labels_)) == 2


# ---- the best mixture


def test_the_best_estimator_is_a_mixture_with_its_history():
    model, X = fitted()
    best = model.best_estimator_
    assert type(best) is GaussianMixture
    assert best.converged_
    assert best.n_iter_ == len(best.lower_bounds_) > 0
    assert best.n_samples_seen_ == len(X)
    assert best.get_params()["n_components"] == model.n_components_
    assert best.covariance_type == model.covariance_type_
    assert best.random_state == 0
    assert gmmx.load(best.to_bytes()).bic(X) == best.bic(X)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_clone_of_the_best_estimator_finds_the_same_mixture(criterion):
    model, X = fitted(criterion)
    again = clone(model.best_estimator_).fit(X)
    assert again.score(X) * len(X) == pytest.approx(model.score(X) * len(X), abs=1e-3)
    np.testing.assert_array_equal(again.predict(X), model.labels_)


def test_predictions_are_those_of_the_best_estimator():
    model, X = fitted()
    best = model.best_estimator_
    for name in (
        "predict", "predict_proba", "predict_log_proba", "score_samples", "score",
        "score_components", "mahalanobis", "outlier_threshold", "bic", "aic", "icl",
    ):  # fmt: skip
        np.testing.assert_array_equal(getattr(model, name)(X), getattr(best, name)(X), name)
    for name in ("iter_predict", "iter_predict_proba", "iter_score_samples"):
        parts = [np.concatenate(list(getattr(one, name)([X, X]))) for one in (model, best)]
        np.testing.assert_array_equal(*parts)
    for own, theirs in zip(model.sample(5), best.sample(5), strict=True):
        np.testing.assert_array_equal(own, theirs)
    np.testing.assert_array_equal(model.labels_, model.predict(X))
    np.testing.assert_array_equal(quick().fit_predict(X), quick().fit(X).labels_)
    assert model.means_ is best.means_


def test_names_of_features_are_kept_and_checked():
    X = pd.DataFrame(samples(), columns=["a", "b"])
    model = quick().fit(X)
    assert list(model.feature_names_in_) == list(model.best_estimator_.feature_names_in_)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(X[["b", "a"]])
    with pytest.raises(ValueError, match="a is 1 in every row"):
        model.fit(X.assign(a=1.0))


def test_a_pickled_search_predicts():
    model, X = fitted()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.labels_)


def test_it_works_in_pipelines_and_cross_validation():
    X = samples()
    pipeline = make_pipeline(StandardScaler(), quick())
    assert len(np.unique(pipeline.fit_predict(X))) == 2
    assert np.isfinite(pipeline.score(X))
    assert np.isfinite(cross_val_score(quick(), X, cv=2)).all()


# ---- the same result


def columns(model: GaussianMixtureIC) -> dict[str, list[object]]:
    """Return the results without times."""
    return {name: list(a) for name, a in model.results_.items() if name != "fit_time"}


@pytest.mark.parametrize("n_threads", [2, 3])
def test_threads_change_no_bit(monkeypatch, n_threads):
    X = samples()
    expected = quick(n_threads=1).fit(X)
    monkeypatch.setattr(selection, "SMALL_SIZE", 0)
    model = quick(n_threads=n_threads).fit(X)
    assert columns(model) == columns(expected)
    np.testing.assert_array_equal(model.means_, expected.means_)


def test_a_generator_as_random_state_gives_other_starts_in_the_next_fit():
    X = reference.iris()
    sizes = {"min_components": 6, "max_components": 6, "n_init": 1}
    model = quick(**sizes, init_params="k-means++", covariance_type="spherical")
    seeds = [model.set_params(random_state=seed).fit(X).means_.tolist() for seed in (0, 0, 1)]
    assert seeds[0] == seeds[1] != seeds[2]
    model.set_params(random_state=np.random.RandomState(0))
    assert model._seed() != model._seed()


def test_weights_count_repetitions():
    X, weights = samples(), np.arange(240) % 4
    weighted, repeated = (
        quick().fit(X, sample_weight=weights), quick().fit(np.repeat(X, weights, axis=0))
    )  # fmt: skip
    assert weighted.covariance_type_ == repeated.covariance_type_
    np.testing.assert_allclose(weighted.results_["icl"], repeated.results_["icl"], rtol=1e-6)
    assert weighted.criterion_ == pytest.approx(weighted.bic(X, sample_weight=weights))
    assert len(weighted.labels_) == len(X)
    assert weighted.n_samples_seen_ == weights.sum()


# ---- the parameters


@pytest.mark.parametrize("in_blocks", [False, True])
def test_weights_that_are_no_repetitions_are_named(in_blocks):
    X = samples()
    given = [X[:100], X[100:]] if in_blocks else X
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(X))
    weight[:40] = 0.0
    model = quick(max_components=2, min_components=2)
    with pytest.warns(UserWarning, match="count the weights as 1 samples.* to the sum 200"):
        model.fit(given, sample_weight=weight / weight.sum())
    model.fit(given, sample_weight=weight / weight.sum() * 200)


def test_starts_are_as_many_and_of_the_kind_asked_for():
    X = reference.iris()
    hierarchical, refined, seeds, both = (
        partitions_of(clusterings_of(X, None, kind), 4, 6, kind, 0)
        for kind in ("hierarchical", "kmeans", "k-means++", "all")
    )
    assert len(hierarchical) == 1
    for several in (refined, seeds, both):
        assert 1 < len(several) <= 6

    def scatter(labels: np.ndarray) -> float:
        Z = PrincipalAxes.of(ArraySource(X, 1)).standardized(X)
        return sum(((Z[labels == k] - Z[labels == k].mean(axis=0)) ** 2).sum() for k in range(4))

    assert scatter(refined[0]) < scatter(seeds[0])
    np.testing.assert_array_equal(both[0], hierarchical[0])
    np.testing.assert_array_equal(both[1], refined[0])


def test_reg_covar_is_added_to_variances():
    reg_covar, X = 0.1, samples()
    model = quick(covariance_type="diag", reg_covar=reg_covar).fit(X)
    assert model.n_components_ == 2
    assert model.covariances_.min() == pytest.approx(X[::2].var(axis=0).min() + reg_covar, rel=1e-3)
    assert model.best_estimator_.reg_covar == reg_covar


def test_tol_and_max_iter_limit_the_last_run():
    X, options = reference.faithful(), {"min_components": 3, "covariance_type": "full"}
    fine, coarse = (quick(tol=tol, **options).fit(X) for tol in (1e-12, 1e-3))
    assert coarse.n_iter_ < fine.n_iter_
    with pytest.warns(ConvergenceWarning, match="'full' with 3 components, did not converge in 2"):
        model = quick(tol=1e-12, max_iter=2, **options).fit(X)
    assert model.n_iter_ == 2
    assert not model.converged_
    assert not model.results_["converged"].any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_components": 0}, "'min_components' .* int in the range"),
        ({"max_components": 2.5}, "'max_components' .* int in the range"),
        ({"min_components": 4}, "'min_components' .* at most max_components=3. Got 4"),
        ({"covariance_type": "fulll"}, "'covariance_type' .*'full', .*'all'"),
        ({"covariance_type": ["full", "all"]}, "'covariance_type' .* Got 'all'"),
        ({"covariance_type": []}, r"'covariance_type' .* list of names. Got \[\]"),
        ({"covariance_type": None}, "'covariance_type' .* Got None"),
        ({"criterion": "dic"}, "'criterion' .*'bic', 'aic', 'icl'"),
        ({"init_params": "random"}, "'init_params' .*'kmeans'"),
        ({"n_init": 0}, "'n_init'"),
        ({"tol": -1.0}, "'tol'"),
        ({"reg_covar": "auto"}, "'reg_covar'"),
        ({"max_iter": -1}, "'max_iter'"),
        ({"random_state": "x"}, "'random_state'"),
        ({"n_threads": 0}, "'n_threads'"),
        ({"verbose": -1}, "'verbose'"),
    ],
)
def test_wrong_parameters_are_named(options, message):
    with pytest.raises(InvalidParameterError, match=message):
        quick(**options).fit(samples())


# ---- failures


def test_a_cell_that_fails_does_not_end_the_search(monkeypatch):
    judge = race.Stage.judge

    def failing(stage, candidate):
        if candidate.result.parameters.covariance.name == "diag":
            raise np.linalg.LinAlgError("Singular matrix")
        return judge(stage, candidate)

    monkeypatch.setattr(race.Stage, "judge", failing)
    results = quick().fit(samples()).results_
    for name, reason in zip(results["covariance_type"], results["refused"], strict=True):
        assert reason == ("the fit failed: Singular matrix" if name == "diag" else None)
    is_diag = results["covariance_type"] == "diag"
    assert np.isnan(results["icl"][is_diag]).all()
    assert not results["converged"][is_diag].any()
    assert (results["n_iter"][is_diag] == 0).all()


@pytest.mark.filterwarnings("ignore:The best mixture has max_components")
def test_a_number_of_components_without_starts_does_not_end_the_search(monkeypatch):
    def failing(clusterings, n_components, *others):
        if n_components == 2:
            raise MemoryError
        return partitions_of(clusterings, n_components, *others)

    monkeypatch.setattr(selection, "partitions_of", failing)
    results = quick().fit(samples()).results_
    for k, reason in zip(results["n_components"], results["refused"], strict=True):
        assert reason == ("the fit failed: MemoryError" if k == 2 else None)


def test_a_search_without_a_mixture_says_why_and_changes_nothing():
    X = samples()
    model = quick().fit(X)
    before = dict(vars(model))
    model.set_params(min_components=6, max_components=7)
    before |= model.get_params()
    with pytest.raises(ValueError, match=r"all 4 were refused: there are only 5 distinct rows \(4"):
        model.fit(np.repeat(X[:5], 9, axis=0))
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is before[name] for name in before)


def test_a_sum_of_features_beside_them_refuses_all_matrices_also_of_one_component():
    X = samples()
    X = np.column_stack([X, X.sum(axis=1)])
    model = quick(covariance_type=["full", "tied", "diag"], max_components=9).fit(X)
    of_matrices = model.results_["covariance_type"] != "diag"
    assert all("at the floor" in reason for reason in model.results_["refused"][of_matrices])
    assert model.n_components_ > 1
    with pytest.raises(ValueError, match="leave out features that others determine"):
        model.set_params(covariance_type="full").fit(X)


def test_an_interrupt_ends_a_search_within_a_second():
    run("""
    from gmmx import GaussianMixtureIC
    X = samples(100_000, 8)
    for n_threads in (1, 2):
        model = GaussianMixtureIC(random_state=0, n_threads=n_threads)
        sent = []
        def interrupt():
            sent.append(time.perf_counter())
            os.kill(os.getpid(), signal.SIGINT)
        threading.Timer(1.0, interrupt).start()
        try:
            model.fit(X)
        except KeyboardInterrupt:
            latency = time.perf_counter() - sent[0]
            assert latency < 1.0, latency
        else:
            raise AssertionError("not interrupted")
        assert not hasattr(model, "best_estimator_")
    """)


# ---- samples in blocks


@pytest.fixture
def small_windows(monkeypatch):
    """Cut passes into windows of 1024 rows, of which two are the sample of a search."""
    monkeypatch.setattr("gmmx.samples.windows.WINDOW_VALUES", 0)


@pytest.mark.usefixtures("small_windows")
def test_a_search_of_blocks_fits_its_best_mixture_to_all_of_them():
    blocks = [samples(2000, seed) for seed in range(3)]
    X = np.concatenate(blocks)
    model = quick().fit(blocks)
    assert (model.n_components_, model.covariance_type_) == (2, "diag")
    assert model.n_samples_seen_ == len(X)
    assert model.criterion_ == pytest.approx(model.bic(X))
    np.testing.assert_array_equal(model.labels_, model.predict(X))
    again = clone(model.best_estimator_).fit(X)
    assert again.score(X) == pytest.approx(model.score(X), abs=1e-6)
    # The table describes the sample of 2048 rows.
    assert model.results_["log_likelihood"].max() > 0.5 * model.score(X) * len(X)


def test_few_rows_in_blocks_are_searched_as_an_array():
    X = samples()
    model, expected = quick().fit([X[:100], X[100:]]), quick().fit(X)
    assert columns(model) == columns(expected)
    np.testing.assert_array_equal(model.labels_, expected.labels_)


def test_blocks_warn_once_of_a_fit_that_did_not_converge():
    X = samples()
    with pytest.warns(ConvergenceWarning, match="did not converge") as record:
        quick(max_iter=1, tol=0.0).fit([X[:100], X[100:]])
    assert len(record) == 1


@pytest.mark.usefixtures("small_windows")
def test_blocks_have_weights():
    X, weights = samples(3000), np.arange(3000) % 3
    model = quick().fit([(X[:1500], weights[:1500]), (X[1500:], weights[1500:])])
    assert model.n_samples_seen_ == weights.sum()
    assert model.criterion_ == pytest.approx(model.bic(X, sample_weight=weights))
    assert model.icl(X, sample_weight=weights) >= model.criterion_


def test_tables_have_names():
    table = pytest.importorskip("pyarrow").table(dict(zip("ab", samples().T, strict=True)))
    model = quick().fit(table)
    assert list(model.feature_names_in_) == ["a", "b"]
    assert list(model.best_estimator_.feature_names_in_) == ["a", "b"]


# ---- representations


def test_the_text_shows_changed_parameters_only():
    assert repr(GaussianMixtureIC(2, criterion="icl")) == (
        "GaussianMixtureIC(criterion='icl', min_components=2)"
    )


def test_a_notebook_shows_the_ranking():
    X = np.repeat(samples(12), 3, axis=0)
    model = quick(max_components=4, covariance_type=["full", "tied-spherical"])
    assert "smaller is better" not in model._repr_html_()
    html = model.fit(X)._repr_html_()
    assert "BIC: smaller is better" in html
    assert f"<b>{model.criterion_:.2f}</b>" in html
    refused = [reason for reason in model.results_["refused"] if reason is not None]
    assert refused
    assert all(f'title="{reason}"' in html for reason in refused)
    assert html.count("<tr>") >= 5


def test_progress_is_shown_where_it_is_asked_for(capsys):
    pytest.importorskip("tqdm")
    quick().fit(samples())
    assert capsys.readouterr().err == ""
    quick(verbose=1).fit(samples())
    assert "/6" in capsys.readouterr().err


def test_progress_needs_an_extra(monkeypatch):
    monkeypatch.setattr(progress, "find_spec", lambda name: None)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    with pytest.raises(ImportError, match=r"gmmx-native\[progress\]"):
        quick(verbose=1).fit(samples())


def test_a_fit_of_a_good_search_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quick().fit(samples())


@pytest.mark.parametrize("in_blocks", [False, True])
def test_a_best_mixture_of_the_largest_size_suggests_a_larger_search(in_blocks):
    X = samples()
    message = r"max_components=2 components; .* search again with max_components=10\."
    with pytest.warns(UserWarning, match=message) as caught:
        quick(max_components=2).fit([X[:100], X[100:]] if in_blocks else X)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize(("fewest", "most"), [(1, 1), (2, 2), (1, 3)])
def test_other_searches_suggest_nothing(fewest, most):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quick(min_components=fewest, max_components=most).fit(samples())


def test_a_suggestion_that_a_filter_makes_an_error_leaves_the_search_unchanged():
    model = quick().fit(samples())
    before = dict(vars(model))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="max_components"):
            model.set_params(max_components=2).fit(samples())
    assert vars(model) == before | {"max_components": 2}
