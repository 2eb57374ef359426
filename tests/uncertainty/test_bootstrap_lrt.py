"""`bootstrap_lrt`: statistics of mclust, properties of the test, and its level."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.base import clone

from gmmx import GaussianMixture, bootstrap_lrt
from gmmx.checks.random_state import seeded_generator
from gmmx.model.covariance import STRUCTURES
from gmmx.samples.array_source import ArraySource
from gmmx.uncertainty.likelihood_ratio import LikelihoodRatio, split
from reference import COVARIANCE_TYPE_OF_MODEL, DATA, faithful

FULL = STRUCTURES["full"]


def clusters(n_clusters, n_samples=80, distance=8.0):
    random = np.random.default_rng(0)
    labels = np.arange(n_samples) % n_clusters
    return random.normal(size=(n_samples, 1)) + distance * labels[:, np.newaxis]


def mclust_log_likelihoods(covariance_type, n_components):
    """Return the log-likelihoods of mclust's own fits to faithful, by number of components."""
    table = json.loads((DATA / "mclust_faithful.json").read_text(encoding="utf-8"))
    column = [COVARIANCE_TYPE_OF_MODEL.get(model) for model in table["bic_models"]].index(
        covariance_type
    )
    n, structure = len(faithful()), STRUCTURES[covariance_type]
    return {
        k: (table["bic_table"][table["bic_G"].index(k)][column]
            + structure.n_free_parameters(k, 2) * np.log(n)) / 2
        for k in n_components
    }  # fmt: skip


def quick(X, **options):
    given = {"max_components": 3, "n_bootstrap": 19, "random_state": 0, "covariance_type": "tied"}
    return bootstrap_lrt(X, **{**given, **options})


# ---- the statistic


def test_statistics_of_faithful_are_those_of_mclust():
    result = quick(faithful(), max_components=3)
    expected = mclust_log_likelihoods("tied", (1, 2, 3))
    ratios = [2 * (expected[k + 1] - expected[k]) for k in (1, 2)]
    np.testing.assert_allclose(result.statistic, ratios, atol=0.05)
    assert result.p_value.tolist() == [0.05, 0.05]
    assert result.n_components == 3
    assert result.model.score(faithful()) * 272 == pytest.approx(expected[3], abs=0.05)


@pytest.mark.parametrize("covariance_type", STRUCTURES)
def test_the_larger_mixture_is_never_worse(covariance_type):
    X = np.random.default_rng(0).normal(size=(60, 2))
    ratio = LikelihoodRatio(STRUCTURES[covariance_type], 1e-6, 1)
    samples = ArraySource(X, 1)
    one = ratio.one_component(samples)
    model = GaussianMixture(covariance_type=covariance_type).fit(X)
    assert one.lower_bound == pytest.approx(model.score(X), rel=1e-10)
    two = ratio.larger(samples, one.parameters, seeded_generator(0))
    assert two.lower_bound >= one.lower_bound - 1e-6
    assert ratio.statistic(samples, one.parameters, seeded_generator(0)) >= 0


def test_a_split_keeps_weight_and_mean():
    mixture = GaussianMixture.from_parameters(
        [0.25, 0.75], [[0.0, 0.0], [5.0, 1.0]], [np.eye(2), np.diag([4.0, 1.0])]
    )._parameters()
    larger = split(mixture, 1)
    np.testing.assert_allclose(larger.weights, [0.25, 0.375, 0.375])
    np.testing.assert_allclose(sorted(larger.means[1:, 0]), [3.0, 7.0])
    np.testing.assert_allclose(larger.means[1:].mean(axis=0), [5.0, 1.0])
    np.testing.assert_array_equal(
        larger.covariance.covariances, [np.eye(2), np.diag([4.0, 1.0]), np.diag([4.0, 1.0])]
    )


def test_more_starts_find_larger_maxima_in_the_mean():
    random, gains = np.random.default_rng(0), []
    for seed in range(8):
        samples = ArraySource(random.normal(size=(60, 2)), 1)
        few, many = (LikelihoodRatio(FULL, 1e-6, n_init) for n_init in (1, 20))
        one = few.one_component(samples).parameters
        gains.append(
            many.statistic(samples, one, seeded_generator(seed))
            - few.statistic(samples, one, seeded_generator(seed))
        )
    assert np.mean(gains) > 0


# ---- the test


@pytest.mark.parametrize("n_clusters", [1, 2])
def test_the_first_number_that_is_not_rejected_is_selected(n_clusters):
    result = quick(clusters(n_clusters), n_bootstrap=39, max_components=4)
    assert result.n_components == n_clusters == result.model.n_components
    assert result.tested.tolist() == [*range(1, n_clusters + 1)]
    assert (result.p_value[:-1] <= 0.05).all()
    assert result.p_value[-1] > 0.05


def test_p_values_count_the_draws():
    result = quick(clusters(2), n_bootstrap=25)
    assert result.draws.shape == (25, len(result.tested))
    for statistic, p_value, draws in zip(
        result.statistic, result.p_value, result.draws.T, strict=True
    ):
        assert p_value == (1 + np.count_nonzero(draws >= statistic)) / 26
    assert (result.draws >= 0).all()
    assert result.n_failed.tolist() == [0] * len(result.tested)


def test_p_values_are_uniform_under_the_null_hypothesis():
    random = np.random.default_rng(0)
    p_values = [
        quick(
            random.normal(size=(20, 1)), max_components=2, n_bootstrap=9, n_init=1,
            random_state=seed,
        ).p_value[0]
        for seed in range(30)
    ]  # fmt: skip
    # Uniform on 0.1, 0.2, ..., 1: mean 0.55, standard deviation 0.287 / sqrt(30) = 0.052.
    assert abs(np.mean(p_values) - 0.55) < 0.16
    assert np.mean(np.array(p_values) <= 0.1) < 0.35


def test_the_largest_number_is_not_tested():
    result = quick(clusters(3), max_components=2)
    assert result.tested.tolist() == [1]
    assert result.n_components == 2
    alone = quick(clusters(3), max_components=1)
    assert (alone.n_components, alone.tested.size, alone.draws.shape) == (1, 0, (19, 0))


def test_threads_change_no_bit_and_a_seed_determines_all():
    X = clusters(2, n_samples=40)
    one, two, other = (
        quick(X, n_threads=n, random_state=seed) for n, seed in ((1, 0), (2, 0), (1, 1))
    )
    assert one.draws.tobytes() == two.draws.tobytes() != other.draws.tobytes()
    assert one.model.means_.tobytes() == two.model.means_.tobytes()


@pytest.mark.parametrize("unit", [2.0**-30, 2.0**30])
def test_units_do_not_matter(unit):
    own, other = (quick(X, covariance_type="full") for X in (clusters(2), unit * clusters(2)))
    assert own.n_components == other.n_components == 2
    np.testing.assert_allclose(own.statistic, other.statistic, rtol=1e-9)
    np.testing.assert_allclose(own.draws, other.draws, atol=1e-6)


def test_the_model_has_the_reg_covar_of_the_tests():
    X = clusters(2)
    assert quick(X, reg_covar=0.5).model.reg_covar == 0.5
    model = quick(X).model
    assert model.reg_covar == pytest.approx(1e-6 * X.var())
    assert clone(model).fit(X).score(X) == pytest.approx(model.score(X), rel=1e-6)


def test_draws_that_collapse_are_made_again_and_counted():
    X = np.random.default_rng(0).normal(size=(10, 3))
    result = quick(X, covariance_type="full", reg_covar=0.0, max_components=2, n_init=1)
    assert result.draws.shape == (19, 1)
    assert np.isfinite(result.draws).all()
    assert result.n_failed[0] > 0


def test_feature_names_and_the_representation():
    pandas = pytest.importorskip("pandas")
    result = quick(pandas.DataFrame(clusters(2), columns=["x"]))
    assert result.model.feature_names_in_.tolist() == ["x"]
    assert result.model.predict(pandas.DataFrame({"x": [0.0]})).shape == (1,)
    lines = repr(result).splitlines()
    assert f"{result.n_components} components" in lines[0]
    assert "1 against 2" in lines[2]
    assert result._repr_html_().count("<tr>") == 1 + len(result.tested)
    assert repr(quick(clusters(2), max_components=1)).endswith("p-value")


@pytest.mark.parametrize(("alias", "name"), [("E", "tied-spherical"), ("EEE", "tied")])
def test_names_of_mclust_are_aliases(alias, name):
    X = clusters(2, n_samples=30)
    own, other = (quick(X, covariance_type=one, n_bootstrap=5) for one in (name, alias))
    assert repr(own) == repr(other)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"covariance_type": "EEE?"}, "'covariance_type' parameter of bootstrap_lrt"),
        ({"max_components": 0}, "'max_components' parameter"),
        ({"n_bootstrap": 1}, "'n_bootstrap' parameter"),
        ({"level": 1.0}, "'level' parameter"),
        ({"n_init": 0}, "'n_init' parameter"),
        ({"reg_covar": -1.0}, "'reg_covar' parameter"),
        ({"X": np.ones((9, 1))}, "feature 0 is 1 in every row"),
        ({"X": clusters(1)[:2]}, "n_samples >= n_components"),
        ({"X": np.full((9, 1), np.inf)}, "contains infinity"),
        ({"X": np.arange(9.0)}, "Expected 2D array"),
        ({"X": np.eye(9), "covariance_type": "V"}, "'V' is for samples of one feature"),
    ],
)
def test_wrong_arguments_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        quick(**{"X": clusters(1), **given})
