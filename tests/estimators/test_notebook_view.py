"""HTML of mixtures and searches, as notebooks show them."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from gmmx import BayesianGaussianMixture, ConvergenceWarning, GaussianMixture, GaussianMixtureIC
from gmmx.contract.estimator import attributes_of_fit
from gmmx.model.covariance import STRUCTURES


def samples(n_features: int = 3) -> np.ndarray:
    """Return samples of two components whose features have different scales."""
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(0, 1, (90, n_features)), rng.normal(9, 2, (60, n_features))])
    return X * 10.0 ** np.arange(n_features)


def view(model: object) -> ElementTree.Element:
    """Return the parsed HTML of a model, which raises if a tag is not closed."""
    return ElementTree.fromstring(model._repr_html_())


def shown_tables(model: object) -> list[tuple[str, list[list[str]]]]:
    """Return captions and cells of the tables that are not folded."""
    return [cells_of(table) for table in view(model).findall("table")]


def cells_of(table: ElementTree.Element) -> tuple[str, list[list[str]]]:
    """Return the caption and the cells of a table."""
    rows = [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
    return table.findtext("caption"), rows


def paragraph(model: object) -> str:
    """Return the text above the table of components."""
    return "".join(view(model).find("p").itertext())


@pytest.mark.parametrize("covariance_type", STRUCTURES)
def test_a_row_shows_weight_means_and_deviations_of_a_component(covariance_type):
    model = GaussianMixture(2, covariance_type=covariance_type, random_state=0, max_iter=500)
    model.fit(samples())
    drawn, labels = model.sample(20_000)
    ((caption, (header, *rows)),) = shown_tables(model)
    assert f"n_components=2, covariance_type='{covariance_type}'" in caption
    assert header == ["component", "weight", "x0", "x1", "x2"]
    for k, (component, weight, *features) in enumerate(rows):
        own = drawn[labels == k]
        means, deviations = np.array([cell.split("±") for cell in features], dtype=float).T
        assert component == str(k)
        assert float(weight) == pytest.approx(model.weights_[k], abs=5e-5)
        np.testing.assert_allclose(means, model.means_[k], atol=deviations.max() * 1e-3)
        np.testing.assert_allclose(deviations, own.std(axis=0), rtol=0.05)


def test_means_far_from_zero_keep_the_digits_of_their_deviations():
    model = GaussianMixture(2, random_state=0).fit(samples(1) + 123_456_789.0)
    ((_, (_, *rows)),) = shown_tables(model)
    for k, row in enumerate(rows):
        assert float(row[2].split("±")[0]) == pytest.approx(model.means_[k, 0], abs=1e-3)


def test_names_of_features_are_plain_text_in_the_header():
    pd = pytest.importorskip("pandas")
    names = ["<b>width", "$a$ & $b$", "x"]
    model = GaussianMixture(2, random_state=0).fit(pd.DataFrame(samples(), columns=names))
    ((_, (header, *_)),) = shown_tables(model)
    assert header[2:] == names
    assert "mathjax_ignore" in view(model).get("class")


@pytest.mark.parametrize("n_features", [8, 9, 30])
def test_many_components_and_features_are_counted(n_features):
    rng = np.random.default_rng(0)
    model = GaussianMixture(14, covariance_type="spherical", random_state=0, max_iter=500)
    model.fit(rng.normal(size=(400, n_features)))
    ((_, (header, *rows)),) = shown_tables(model)
    left_out = [f"and {n_features - 8} more"] if n_features > 8 else []
    assert header == ["component", "weight", *(f"x{d}" for d in range(8)), *left_out]
    assert [row[0] for row in rows] == [*map(str, range(12)), "and 2 more"]
    assert len(model._repr_html_()) < 20_000


@pytest.mark.parametrize("make", [GaussianMixture, BayesianGaussianMixture])
def test_the_end_of_the_fit_stands_above_the_table(make):
    X = samples()
    model = make(n_components=2, random_state=0, max_iter=500).fit(X)
    assert paragraph(model) == (
        f"Converged after {model.n_iter_} iterations, lower bound {model.lower_bound_:.6g}"
    )
    with pytest.warns(ConvergenceWarning):
        model = make(n_components=3, random_state=0, max_iter=1, tol=0.0).fit(X)
    assert "Not converged after 1 iteration," in paragraph(model)
    assert view(model).find("p/strong") is not None


@pytest.mark.parametrize("is_fitted", [True, False])
def test_a_step_of_a_stream_is_no_fit_that_failed_to_converge(is_fitted):
    X = samples()
    model = GaussianMixture(2, random_state=0).fit(X)
    if not is_fitted:
        model = GaussianMixture.from_parameters(model.weights_, model.means_, model.covariances_)
    for _ in range(2):
        model.partial_fit(X)
        word = "iteration" if model.n_iter_ == 1 else "iterations"
        expected = f"{model.n_iter_} {word}, lower bound {model.lower_bound_:.6g}"
        assert paragraph(model) == expected
        assert view(model).find("p/strong") is None


def test_given_parameters_have_no_end_of_a_fit():
    model = GaussianMixture.from_parameters([1.0], [[0.0]], [[[4.0]]])
    assert view(model).find("p") is None
    ((_, rows),) = shown_tables(model)
    assert rows[1][1:] == ["1.0000", "0.000\xa0±\xa02.000"]


@pytest.mark.parametrize(
    "model",
    [
        GaussianMixture(2),
        GaussianMixture(2, covariance_type=["full"]),
        BayesianGaussianMixture(covariance_type="no such type"),
        GaussianMixtureIC(criterion="no such criterion"),
    ],
)
def test_before_a_fit_there_are_only_parameters(model):
    assert [child.tag for child in view(model)] == ["details"]


@pytest.mark.parametrize(
    "changes",
    [
        {"covariance_type": "diag"},
        {"covariance_type": None},
        {"means_": np.zeros((3, 2))},
        {"weights_": "heavy"},
        {"covariances_": None},
        {"lower_bound_": "none"},
        {"feature_names_in_": ["a"]},
    ],
)
def test_attributes_that_do_not_agree_are_only_listed(changes):
    model = GaussianMixture(2, random_state=0).fit(samples(2))
    vars(model).update(changes)
    assert [child.tag for child in view(model)] == ["details"]


@pytest.mark.parametrize("name", ["weights_", "means_", "covariances_", "precisions_cholesky_"])
def test_a_missing_attribute_leaves_the_table_out(name):
    model = GaussianMixture(2, random_state=0).fit(samples(2))
    delattr(model, name)
    assert [child.tag for child in view(model)] == ["details"]


def test_the_page_chooses_the_colors():
    search = GaussianMixtureIC(1, 3, covariance_type="diag", random_state=0)
    html = search.fit(samples())._repr_html_()
    assert not any(word in html for word in ("style", "color", "background"))


def test_scikit_learn_shows_mixtures_too():
    pipeline = pytest.importorskip("sklearn.pipeline")
    from sklearn.preprocessing import StandardScaler
    from sklearn.utils import estimator_html_repr

    for model in (
        GaussianMixture(2, random_state=0),
        BayesianGaussianMixture(n_components=2, random_state=0, max_iter=500),
        GaussianMixtureIC(1, 3, covariance_type="diag", random_state=0),
    ):
        name = type(model).__name__
        assert name in estimator_html_repr(model)
        assert name in estimator_html_repr(model.fit(samples()))
        steps = pipeline.make_pipeline(StandardScaler(), model).fit(samples())
        assert name in steps._repr_html_()


def test_a_mixture_fitted_by_dask_shows_the_same():
    pytest.importorskip("distributed")
    from gmmx.dask import DaskGaussianMixture

    local, spread = GaussianMixture(2, random_state=0).fit(samples()), DaskGaussianMixture(2)
    assert [child.tag for child in view(spread)] == ["details"]
    vars(spread).update(attributes_of_fit(local))
    assert shown_tables(spread) == shown_tables(local)


# ---- searches


def search(criterion: str = "bic", **parameters: object) -> GaussianMixtureIC:
    """Return a search some of whose mixtures are refused."""
    X = np.repeat(samples()[::10], 3, axis=0)
    parameters = {"max_components": 4, "random_state": 0, **parameters}
    return GaussianMixtureIC(criterion=criterion, **parameters).fit(X)


@pytest.mark.parametrize("criterion", ["bic", "aic", "icl"])
def test_a_search_shows_the_best_mixtures_in_their_order(criterion):
    model = search(criterion)
    (caption, (header, *rows)), (of_best, _) = shown_tables(model)
    assert caption == f"Ranking by {criterion.upper()}: smaller is better"
    assert "GaussianMixtureIC" in of_best
    *rows, (more, *_) = rows
    assert len(rows) == 10
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    values = np.array(columns[criterion.upper()], dtype=float)
    ranked = model.results_["refused"] == None  # noqa: E711 - for each element
    expected = np.sort(model.results_[criterion][ranked])
    np.testing.assert_allclose(values, expected[:10], atol=0.01)
    assert more == f"and {len(expected) - 10} more"
    assert rows[0][:3] == ["1 (best)", str(model.n_components_), model.covariance_type_]
    assert float(rows[0][4]) == 0


def test_a_search_folds_all_mixtures_with_the_reasons_of_refusal():
    model = search()
    refused = model.results_["refused"]
    details = view(model).find("details")
    n_refused = sum(reason is not None for reason in refused)
    assert n_refused > 0
    assert details.findtext("summary") == f"All {len(refused)} mixtures, {n_refused} refused"
    (caption, _), (_, (_, *rows)) = (cells_of(table) for table in details.findall("table"))
    assert caption == "BIC: smaller is better"
    names = zip(
        *(model.results_[name] for name in ("n_components", "covariance_type")), strict=True
    )
    expected = [
        [str(count), name, reason]
        for (count, name), reason in zip(names, refused, strict=True)
        if reason is not None
    ]
    assert rows == expected


def test_the_best_mixture_is_that_of_the_fit_whatever_the_criterion_is_now():
    model = GaussianMixtureIC(1, 6, covariance_type=["full", "diag"], random_state=0)
    X = np.random.default_rng(1).standard_t(4, (150, 2))
    model.fit(X)
    best, fitted = [str(model.n_components_), model.covariance_type_], model.results_
    position = [*zip(fitted["n_components"].astype(str), fitted["covariance_type"], strict=True)]
    values = fitted["aic"] - fitted["aic"][position.index(tuple(best))]
    assert values.min() < 0
    model.set_params(criterion="aic")
    _, (_, *rows) = shown_tables(model)[0]
    assert [row[1:3] for row in rows if "best" in row[0]] == [best]
    of_ranked = np.sort(values[fitted["refused"] == None])  # noqa: E711 - for each element
    shown = [float(row[4]) for row in rows if len(row[4]) > 0]
    np.testing.assert_allclose(shown, of_ranked[:10], atol=0.006)
    (bold,) = view(model).find("details").findall("table//td/b")
    assert float(bold.text) == pytest.approx(model.aic(X), abs=0.006)


def test_a_short_ranking_is_whole():
    model = search(covariance_type=["diag", "tied"])
    _, (_, *rows) = shown_tables(model)[0]
    assert len(rows) == sum(reason is None for reason in model.results_["refused"])
