"""`summary`: the numbers of mclust's summary, the model's own criteria, blocks and weights."""

from __future__ import annotations

import json
import pickle
import re
import tracemalloc
from dataclasses import FrozenInstanceError
from xml.etree import ElementTree

import numpy as np
import pytest

import reference
from gmmx import (
    BayesianGaussianMixture,
    GaussianMixture,
    GaussianMixtureIC,
    MixtureSummary,
    NotFittedError,
    summary,
)
from gmmx.model.covariance import MCLUST_DESCRIPTIONS, STRUCTURES

FEATURES = ["Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width"]
NUMBER = r"-?\d[\d.e+-]*"


def mclust_text() -> str:
    """Return the summary that mclust printed for iris."""
    return (reference.DATA / "mclust_summary.txt").read_text(encoding="utf-8")


def mclust_models() -> dict[str, dict[str, str]]:
    """Return mclust's descriptions of models, and its names of models with one component."""
    return json.loads((reference.DATA / "mclust_models.json").read_text(encoding="utf-8"))


def mclust_fit() -> GaussianMixture:
    """Return mclust's mixture of iris, to all digits."""
    best = json.loads((reference.DATA / "mclust_iris.json").read_text(encoding="utf-8"))["best"]
    found = best["parameters"]
    model = GaussianMixture.from_parameters(found["pro"], found["mean"], found["sigma"], "VEV")
    model.feature_names_in_ = np.array(FEATURES, dtype=object)
    return model


def iris_frame() -> object:
    """Return iris with the names of its features."""
    return pytest.importorskip("pandas").DataFrame(reference.iris(), columns=FEATURES)


def lines_of_numbers(text: str, heading: str) -> list[list[float]]:
    """Return the lines below a heading that consist of numbers."""
    lines = re.findall(rf"^ *((?:{NUMBER} *)+)$", text[text.index(heading) :], re.MULTILINE)
    return [[float(number) for number in line.split()] for line in lines]


def printed_matrices(text: str, heading: str) -> np.ndarray:
    """Return the numbers beside the name of each feature, in all tables below a heading.

    Their shape is (n_features, n_tables, n_columns).
    """
    part, found = text[text.index(heading) :], []
    for name in FEATURES:
        lines = re.findall(rf"^ *{re.escape(name)} +((?:{NUMBER} *)+)$", part, re.MULTILINE)
        found.append([[float(number) for number in line.split()] for line in lines])
    part_of_means = [rows[0] for rows in found]
    return np.array(part_of_means if heading == "Means" else found)


# ---- mclust


def test_the_numbers_are_those_that_mclust_prints():
    result, text = summary(mclust_fit(), iris_frame()), mclust_text()
    log_likelihood, n_samples, n_parameters, bic, icl = lines_of_numbers(text, "log-likelihood")[0]
    assert result.log_likelihood == pytest.approx(log_likelihood, abs=1e-3)
    assert (result.n_samples, result.n_parameters) == (n_samples, n_parameters)
    assert result.bic == pytest.approx(-bic, abs=1e-4)
    assert result.icl == pytest.approx(-icl, abs=1e-4)
    assert lines_of_numbers(text, "Clustering table")[1] == result.sizes.tolist()
    probabilities = lines_of_numbers(text, "Mixing probabilities")[1]
    np.testing.assert_allclose(result.weights, probabilities, atol=1e-7)
    np.testing.assert_allclose(result.means.T, printed_matrices(text, "Means"), atol=1e-6)
    variances = printed_matrices(text, "Variances").transpose(1, 0, 2)
    np.testing.assert_allclose(result.covariances, variances, atol=1e-7)


def test_the_text_shows_what_mclust_prints():
    text, theirs = str(summary(mclust_fit(), iris_frame())), mclust_text()
    assert "in mclust VEV (ellipsoidal, equal shape)" in text
    assert "VEV (ellipsoidal, equal shape)" in theirs
    log_likelihood, *ours, _ = lines_of_numbers(text, "log-likelihood")[0]
    other_log_likelihood, n, df, bic, icl = lines_of_numbers(theirs, "log-likelihood")[0]
    assert log_likelihood == pytest.approx(other_log_likelihood, abs=1e-3)
    assert ours == [n, df, -bic, -icl]
    assert "mclust prints -BIC and -ICL" in text
    for heading in ("Clustering table", "Mixing probabilities"):
        ours, other = (lines_of_numbers(one, heading)[1] for one in (text, theirs))
        np.testing.assert_allclose(ours, other, atol=1e-7)
    for ours, other in (("Means", "Means"), ("Covariances", "Variances")):
        np.testing.assert_allclose(
            printed_matrices(text, ours), printed_matrices(theirs, other), rtol=2e-4
        )


def test_a_search_finds_the_mixture_of_mclust():
    search = GaussianMixtureIC(2, 2, covariance_type="VEV", random_state=0).fit(reference.iris())
    result = summary(search, reference.iris())
    assert result.class_name == "GaussianMixtureIC"
    assert result.bic == pytest.approx(search.criterion_)
    assert result.bic == pytest.approx(561.7285, abs=1e-3)
    assert sorted(result.sizes.tolist()) == [50, 100]


def test_structures_are_described_as_in_mclust():
    assert mclust_models()["descriptions"] == MCLUST_DESCRIPTIONS


@pytest.mark.parametrize("n_components", [1, 2])
@pytest.mark.parametrize("covariance_type", STRUCTURES)
def test_structures_have_their_names_in_mclust(covariance_type, n_components):
    X = reference.iris()
    (name,) = (
        name for name, own in reference.COVARIANCE_TYPE_OF_MODEL.items() if own == covariance_type
    )
    model = GaussianMixture(
        n_components, covariance_type=covariance_type, random_state=0, max_iter=500
    )
    for samples, own in ((X, name), (X[:, :1], name[0])):
        expected = own if n_components > 1 else mclust_models()["one_component"][own]
        result = summary(model.fit(samples), samples)
        assert result.mclust_name == expected
        description = mclust_models()["descriptions"][expected]
        assert f"in mclust {expected} ({description})" in str(result)


# ---- the model's own methods


ESTIMATORS = [
    GaussianMixture(3, random_state=0),
    GaussianMixture(3, covariance_type="tied", equal_weights=True, random_state=0),
    GaussianMixtureIC(1, 6, covariance_type="tied", random_state=0),
    BayesianGaussianMixture(n_components=3, max_iter=999, random_state=0),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_the_numbers_are_those_of_the_methods(estimator, weighted, dtype):
    X = reference.iris().astype(dtype)
    model = estimator.fit(X)
    weights = np.arange(len(X)) % 3 if weighted else None
    result = summary(model, X, sample_weight=weights)
    n_samples = len(X) if weights is None else weights.sum()
    assert result.n_samples == n_samples
    score = model.score(X, sample_weight=weights)
    assert result.log_likelihood == pytest.approx(score * n_samples, rel=1e-12)
    np.testing.assert_array_equal(
        result.sizes, np.bincount(model.predict(X), weights, minlength=len(model.weights_))
    )
    np.testing.assert_array_equal(result.weights, model.weights_)
    np.testing.assert_array_equal(result.means, model.means_)
    if hasattr(model, "bic"):
        assert result.aic == model.aic(X, sample_weight=weights)
        assert result.bic == model.bic(X, sample_weight=weights)
        assert result.icl == model.icl(X, sample_weight=weights)


@pytest.mark.parametrize("covariance_type", STRUCTURES)
def test_covariances_are_matrices_for_every_structure(covariance_type):
    X = reference.iris()
    model = GaussianMixture(2, covariance_type=covariance_type, random_state=0, max_iter=500)
    result = summary(model.fit(X), X)
    assert result.covariances.shape == (2, 4, 4)
    full = GaussianMixture.from_parameters(result.weights, result.means, result.covariances)
    assert full.score(X) * len(X) == pytest.approx(result.log_likelihood)


@pytest.mark.parametrize("covariance_type", ["diag", "spherical", "tied-diag", "tied-spherical"])
def test_variances_of_many_features_are_not_expanded_to_matrices(covariance_type):
    shape = STRUCTURES[covariance_type].covariance_shape(3, 2000)
    means = np.arange(3.0)[:, np.newaxis] * np.ones(2000)
    model = GaussianMixture.from_parameters(
        [0.2, 0.3, 0.5], means, np.full(shape, 2.0), covariance_type=covariance_type
    )
    size_of_matrices = 3 * 2000**2 * 8
    tracemalloc.start()
    result = summary(model, means)
    text = str(result)
    _, most_memory = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "and 1992 more" in text
    assert most_memory < size_of_matrices / 10
    np.testing.assert_array_equal(result.covariances, 2.0 * np.array([np.eye(2000)] * 3))


def test_a_weight_counts_repetitions():
    model, X = mclust_fit(), reference.iris()
    del model.feature_names_in_
    weights = np.arange(len(X)) % 4
    ours = summary(model, X, sample_weight=weights)
    repeated = summary(model, np.repeat(X, weights, axis=0))
    for name in ("log_likelihood", "n_samples", "bic", "aic", "icl"):
        assert getattr(ours, name) == pytest.approx(getattr(repeated, name))
    np.testing.assert_array_equal(ours.sizes, repeated.sizes)


@pytest.mark.parametrize("weighted", [False, True])
def test_blocks_are_summed_and_read_once(weighted):
    model, X = GaussianMixture(3, random_state=0).fit(reference.iris()), reference.iris()
    weights = np.linspace(0.5, 2, len(X))
    cuts = [slice(0, 40), slice(40, 41), slice(41, None)]
    blocks = [(X[cut], weights[cut]) if weighted else X[cut] for cut in cuts]
    whole = summary(model, X, sample_weight=weights if weighted else None)
    ours = summary(model, iter(blocks))
    for name in ("log_likelihood", "n_samples", "n_parameters", "bic", "aic", "icl", "sizes"):
        assert getattr(ours, name) == pytest.approx(getattr(whole, name))
    assert ours.bic == model.bic(blocks)


@pytest.mark.parametrize("kind", ["frame", "table"])
def test_features_without_names_in_the_mixture_have_those_of_the_samples(kind):
    model, X = mclust_fit(), iris_frame()
    expected = summary(model, X)
    del model.feature_names_in_
    if kind == "table":
        X = pytest.importorskip("pyarrow").Table.from_pandas(X)
    with pytest.warns(UserWarning, match="was fitted without feature names"):
        result = summary(model, X)
    assert result.feature_names == tuple(FEATURES)
    assert str(result) == str(expected)
    assert summary(model, reference.iris()).feature_names == ("x0", "x1", "x2", "x3")


# ---- Bayesian mixtures


def test_a_bayesian_mixture_has_no_criteria():
    X = reference.iris()
    model = BayesianGaussianMixture(n_components=3, max_iter=999, random_state=0).fit(X)
    result = summary(model, X)
    assert result.n_parameters is None
    for name in ("aic", "bic", "icl"):
        with pytest.raises(AttributeError, match=r"information criteria.*elbo"):
            getattr(result, name)
    assert "BIC" not in str(result)
    assert "Clustering table" in str(result)


# ---- text and HTML


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_html_has_the_same_cells_as_the_text(estimator):
    X = reference.iris()
    result = summary(estimator.fit(X), X)
    html = ElementTree.fromstring(result._repr_html_())
    cells = ["".join(cell.itertext()) for row in html.iter("tr") for cell in row]
    captions = [caption.text for caption in html.iter("caption")]
    assert [word for cell in cells for word in cell.split()] == [
        word for line in str(result).splitlines()[3:] if line not in captions
        for word in line.split()
    ]  # fmt: skip


def test_shared_covariances_are_printed_once_and_variances_as_a_table():
    X = reference.iris()
    counts = {}
    for name in ("full", "tied", "diag", "tied-spherical"):
        model = GaussianMixture(3, covariance_type=name, random_state=0, max_iter=500).fit(X)
        text = str(summary(model, X))
        counts[name] = text.count("Covariances of"), text.count("Variances")
    assert counts == {"full": (3, 0), "tied": (1, 0), "diag": (0, 1), "tied-spherical": (0, 1)}


@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_many_components_and_features_are_counted(covariance_type):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 20))
    model = GaussianMixture(15, covariance_type=covariance_type, random_state=0, tol=1.0).fit(X)
    text = str(summary(model, X))
    assert len(text) < 30_000
    assert "and 3 more" in text
    assert "and 12 more" in text
    assert "x7" in text
    assert "x8" not in text


def test_large_counts_keep_all_digits():
    X = reference.iris()
    text = str(summary(GaussianMixture(1).fit(X), X, sample_weight=12345.0))
    assert str(12345 * 150) in text


def test_names_are_escaped():
    X = pytest.importorskip("pandas").DataFrame(reference.iris()[:, :2], columns=["<i>", "a&b"])
    html = summary(GaussianMixture(2, random_state=0).fit(X), X)._repr_html_()
    assert "<i>" not in html
    assert "a&amp;b" in html


# ---- the value, and errors


def test_a_summary_is_a_frozen_value_without_the_model():
    X = reference.iris()
    model = GaussianMixture(2, random_state=0).fit(X)
    result = summary(model, X)
    assert isinstance(result, MixtureSummary)
    with pytest.raises(FrozenInstanceError):
        result.log_likelihood = 0.0
    assert not np.shares_memory(result.means, model.means_)
    assert str(pickle.loads(pickle.dumps(result))) == str(result)


def test_other_models_are_refused():
    X = reference.iris()
    with pytest.raises(TypeError, match="needs a mixture of gmmx, such as GaussianMixture, got st"):
        summary("VEV", X)
    with pytest.raises(NotFittedError):
        summary(GaussianMixture(2), X)


@pytest.mark.parametrize(
    ("X", "weight", "message"),
    [
        (reference.iris()[:, :2], None, "2 features, but GaussianMixture is expecting 4"),
        ([reference.iris()[:, :2]], None, "2 features, but GaussianMixture is expecting 4"),
        (reference.iris(), -1.0, "must not be negative"),
        (reference.iris(), [1.0], "one weight for each"),
        ([reference.iris()[:0]], None, "sum of sample_weight is 0"),
    ],
)
def test_bad_samples_are_refused(X, weight, message):
    model = GaussianMixture(2, random_state=0).fit(reference.iris())
    with pytest.raises(ValueError, match=message):
        summary(model, X, sample_weight=weight)
