"""`merge_components` against R's clustCombi, a twin of a few lines, and properties."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gmmx import BayesianGaussianMixture, GaussianMixture, NotFittedError, merge_components
from gmmx.uncertainty.entropy_path import suggested_clusters
from reference import dataset, merged_mixtures


def mixture_of(case):
    return GaussianMixture.from_parameters(case["weights"], case["means"], case["covariances"])


def overlapping(n_samples=300, n_components=5):
    X = np.random.default_rng(0).normal(size=(n_samples, 2)) ** 3
    return GaussianMixture(n_components, random_state=0).fit(X), X


def entropy(z):
    return -sum(p * np.log(p) for p in z.ravel() if p > 0)


def merged(z, pair):
    """Return probabilities of clusters with the second cluster of a pair added to the first."""
    a, b = pair
    z = z.copy()
    z[:, a] += z[:, b]
    return np.delete(z, b, axis=1)


@pytest.mark.parametrize("name", ["faithful", "iris"])
def test_entropies_merges_and_suggestion_are_those_of_clustcombi(name):
    case, X = merged_mixtures()[name], dataset(name)
    result = merge_components(mixture_of(case), X)
    np.testing.assert_allclose(result.entropies, case["entropies"], rtol=1e-9, atol=1e-11)
    assert result.n_clusters == case["n_clusters"]
    assert np.bincount(result.labels()).tolist() == case["sizes"]
    clusters = [[k] for k in range(case["n_components"])]
    for a, b in case["merged_positions"]:
        clusters[a] = sorted(clusters[a] + clusters.pop(b))
        assert result.components(len(clusters)) == clusters


def test_each_merge_lowers_the_entropy_most():
    model, X = overlapping()
    result, z = merge_components(model, X), model.predict_proba(X)
    for n_clusters in range(4, 0, -1):
        pairs = itertools.combinations(range(n_clusters + 1), 2)
        z = min((merged(z, pair) for pair in pairs), key=entropy)
        np.testing.assert_allclose(result.predict_proba(X, n_clusters), z, atol=1e-12)
        np.testing.assert_allclose(result.entropies[n_clusters - 1], entropy(z), atol=1e-9)
    assert result.entropies[0] == 0


def test_a_weight_counts_equal_samples():
    model, X = overlapping()
    weight = np.arange(len(X)) % 3
    weighted = merge_components(model, X, sample_weight=weight)
    repeated = merge_components(model, np.repeat(X, weight, axis=0))
    np.testing.assert_allclose(weighted.entropies, repeated.entropies, rtol=1e-12)
    assert (weighted.children == repeated.children).all()


def test_predictions_are_sums_over_the_components_of_a_cluster():
    model, X = overlapping()
    result, resp = merge_components(model, X), model.predict_proba(X)
    for n_clusters in range(1, 6):
        clusters = result.components(n_clusters)
        assert sorted(itertools.chain(*clusters)) == list(range(5))
        assert [cluster[0] for cluster in clusters] == sorted(min(one) for one in clusters)
        proba = result.predict_proba(X, n_clusters)
        for column, cluster in zip(proba.T, clusters, strict=True):
            np.testing.assert_allclose(column, sum(resp[:, k] for k in cluster), atol=1e-15)
        assert (result.predict(X, n_clusters) == proba.argmax(axis=1)).all()
        assert (result.labels(n_clusters) == result.predict(X, n_clusters)).all()
    assert (result.predict(X, 5) == model.predict(X)).all()
    assert (result.predict(X) == result.predict(X, result.n_clusters)).all()


def test_children_lead_to_the_same_clusters():
    model, X = overlapping()
    result = merge_components(model, X)
    members = [{k} for k in range(5)]
    for merge, (a, b) in enumerate(result.children.tolist()):
        members.append(members[a] | members[b])
        assert sorted(members[-1]) in result.components(4 - merge)
    assert members[-1] == {*range(5)}


def test_the_suggestion_is_the_bend_of_two_lines_of_least_squares():
    random = np.random.default_rng(0)

    def error(x, y):
        return np.square(np.polyval(np.polyfit(x, y, 1), x) - y).sum()

    for n_components in range(3, 12):
        y, x = random.exponential(size=n_components).cumsum(), np.arange(1, n_components + 1)
        errors = {c: error(x[:c], y[:c]) + error(x[c - 1 :], y[c - 1 :]) for c in x[1:-1]}
        assert suggested_clusters(y) == min(errors, key=errors.get)


def test_parts_of_a_cluster_that_is_not_gaussian_are_merged():
    random = np.random.default_rng(0)
    angle = random.uniform(0, np.pi, size=400)
    arc = 4 * np.column_stack([np.cos(angle), np.sin(angle)]) + random.normal(0, 0.2, (400, 2))
    X = np.concatenate([arc, arc * [1, -1] - [0, 20]])
    model = GaussianMixture(8, random_state=0).fit(X)
    labels = merge_components(model, X).labels(2)
    assert len(np.unique(labels[:400])) == len(np.unique(labels[400:])) == 1
    assert labels[0] != labels[-1]


@pytest.mark.parametrize("n_components", [1, 2])
def test_one_or_two_components_are_not_merged_by_default(n_components):
    model, X = overlapping(n_components=n_components)
    result = merge_components(model, X)
    assert result.n_clusters == n_components
    assert result.entropies[0] == 0
    assert result.components(1) == [[*range(n_components)]]


def test_a_bayesian_mixture_and_single_precision():
    _, X = overlapping()
    bayesian = BayesianGaussianMixture(n_components=4, random_state=0, max_iter=500).fit(X)
    result = merge_components(bayesian, X)
    assert result.entropies.shape == (4,)
    assert (np.diff(result.entropies) >= -1e-12).all()
    single = merge_components(GaussianMixture(3, random_state=0).fit(np.float32(X)), np.float32(X))
    assert single.predict_proba(np.float32(X)).dtype == np.float32


def test_the_representation_names_entropies_and_clusters():
    model, X = overlapping(n_components=3)
    result = merge_components(model, X)
    lines = repr(result).splitlines()
    assert f"{result.n_clusters} clusters" in lines[0]
    assert "{0} {1} {2}" in lines[2]
    assert "{0, 1, 2}" in lines[-1]
    assert result._repr_html_().count("<tr>") == 4


@pytest.mark.parametrize("n_clusters", [0, 6, 2.0, "2"])
def test_a_wrong_number_of_clusters_is_refused(n_clusters):
    model, X = overlapping()
    result = merge_components(model, X)
    with pytest.raises(ValueError, match="n_clusters must be an int from 1 to 5"):
        result.predict(X, n_clusters)


def test_errors():
    model, X = overlapping()
    with pytest.raises(TypeError, match="needs a mixture of gmmx"):
        merge_components("model", X)
    with pytest.raises(NotFittedError):
        merge_components(GaussianMixture(2), X)
    with pytest.raises(ValueError, match="contains NaN"):
        merge_components(model, np.full((3, 2), np.nan))
    with pytest.raises(ValueError, match="one weight for each sample"):
        merge_components(model, X, sample_weight=[1.0, 2.0])
