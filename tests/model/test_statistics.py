"""Sufficient statistics: sums over parts of the samples, origins, weights and layouts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmmx.model.layouts import LAYOUTS, Isotropic, Layout
from gmmx.samples.moments import unpack_sums
from moments import assert_same_statistics, statistics_of

NAMES: tuple[Layout, ...] = ("dense", "shared", "diagonal")
TOLERANCE = 1e-12

in_every_layout = pytest.mark.parametrize("layout", NAMES)
on_many_samples = given(
    seed=st.integers(0, 2**32 - 1),
    layout=st.sampled_from(NAMES),
    n_components=st.integers(1, 4),
    n_features=st.integers(1, 5),
    offset=st.sampled_from([0.0, 1.0, 1e6]),
    exponent=st.sampled_from([-400, 0, 400]),
)
derandomized = settings(max_examples=40, deadline=None, derandomize=True)


def samples_of(seed, n_components, n_features, offset=0.0, exponent=0, n_samples=60):
    """Return samples, responsibilities and two sets of points near the components' means."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(n_samples, n_features)) + offset
    resp = random.dirichlet(np.ones(n_components), size=n_samples)
    origins = offset + random.normal(size=(2, n_components, n_features))
    return np.ldexp(X, exponent), resp, *np.ldexp(origins, exponent)


def example(layout, seed=0, n_components=2, n_features=3):
    X, resp, origin, _ = samples_of(seed, n_components, n_features)
    return statistics_of(X, resp, layout, origin, log_likelihood=-7.0)


def same_bits(a, b):
    return all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for name in ("layout", "counts", "first", "second", "origin", "log_likelihood")
    )


# ---- shards


@derandomized
@on_many_samples
def test_shards_with_one_origin_add_up_to_the_whole(
    seed, layout, n_components, n_features, offset, exponent
):
    X, resp, origin, _ = samples_of(seed, n_components, n_features, offset, exponent)
    whole = statistics_of(X, resp, layout, origin, log_likelihood=-6.0)
    shards = [
        statistics_of(X[rows], resp[rows], layout, origin, log_likelihood=-2.0)
        for rows in (slice(0, 1), slice(1, 30), slice(30, None))
    ]
    assert_same_statistics(shards[0] + shards[1] + shards[2], whole, TOLERANCE)
    assert_same_statistics(shards[0] + (shards[1] + shards[2]), whole, TOLERANCE)


@derandomized
@on_many_samples
def test_shards_with_other_origins_add_up_to_the_whole(
    seed, layout, n_components, n_features, offset, exponent
):
    X, resp, origin, other = samples_of(seed, n_components, n_features, offset, exponent)
    whole = statistics_of(X, resp, layout, origin)
    total = statistics_of(X[:20], resp[:20], layout, origin) + statistics_of(
        X[20:], resp[20:], layout, other
    )
    # With an offset of 1e6, origins and moments are rounded to 1e-12 standard deviations.
    assert_same_statistics(total, whole, 1e-10)


@in_every_layout
def test_order_of_addition_changes_the_origin_only(layout):
    a, b = example(layout, seed=0), example(layout, seed=1)
    assert np.array_equal((a + b).origin, a.origin)
    assert np.array_equal((b + a).origin, b.origin)
    assert_same_statistics((b + a).about(a.origin), a + b, TOLERANCE)


@in_every_layout
def test_no_samples_are_neutral(layout):
    some = example(layout)
    assert same_bits(some + some.scaled(0.0), some)


@in_every_layout
def test_a_sum_leaves_its_terms_alone(layout):
    a, b = example(layout, seed=0), example(layout, seed=1)
    before = example(layout, seed=0), example(layout, seed=1)
    _ = a + b
    a.about(b.origin), a.means
    assert same_bits(a, before[0])
    assert same_bits(b, before[1])
    with pytest.raises(AttributeError, match="cannot be changed"):
        a.layout = "dense"


@pytest.mark.parametrize(
    "other",
    [
        example("diagonal"),
        example("dense", n_components=3),
        example("dense", n_features=2),
    ],
    ids=["layout", "components", "features"],
)
def test_statistics_of_other_kinds_cannot_be_added(other):
    with pytest.raises(ValueError, match=r"layout 'dense' with origin \(2, 3\) cannot be added"):
        _ = example("dense") + other


# ---- weights


@in_every_layout
@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_scaling_is_weighing_every_sample(layout, factor):
    X, resp, origin, _ = samples_of(0, 2, 3)
    expected = statistics_of(X, factor * resp, layout, origin, log_likelihood=-7.0 * factor)
    assert_same_statistics(example(layout).scaled(factor), expected, TOLERANCE)


@in_every_layout
def test_a_sample_that_counts_twice_is_there_twice(layout):
    some = example(layout)
    assert_same_statistics(some + some, some.scaled(2.0), TOLERANCE)


# ---- moments


@derandomized
@on_many_samples
def test_another_origin_gives_the_moments_about_it(
    seed, layout, n_components, n_features, offset, exponent
):
    X, resp, origin, other = samples_of(seed, n_components, n_features, offset, exponent)
    moved = statistics_of(X, resp, layout, origin).about(other)
    assert_same_statistics(moved, statistics_of(X, resp, layout, other), 1e-10)


@in_every_layout
def test_the_same_origin_changes_nothing(layout):
    some = example(layout)
    assert same_bits(some.about(some.origin), some)
    assert same_bits(some.about(some.origin.copy()), some)


@derandomized
@on_many_samples
def test_means_are_those_of_the_samples(seed, layout, n_components, n_features, offset, exponent):
    X, resp, origin, _ = samples_of(seed, n_components, n_features, offset, exponent)
    some = statistics_of(X, resp, layout, origin)
    means = np.average(X - X[0], axis=0, weights=resp[:, 0])
    spread = np.ldexp(1.0, exponent)
    np.testing.assert_allclose(some.means[0] - X[0], means, rtol=0, atol=1e-9 * spread)
    about_means = statistics_of(X, resp, layout, some.means)
    assert np.all(np.abs(about_means.first) <= 1e-8 * spread)
    limit = 1e-9 * spread**2 * len(X)
    assert np.all(np.abs(some.about(some.means).second - about_means.second) <= limit)


# ---- components without samples


@in_every_layout
@pytest.mark.parametrize("count", [0.0, 1e-300])
def test_an_empty_component_keeps_its_origin(layout, count):
    X, resp, origin, _ = samples_of(0, 2, 3)
    resp[:, 1] = count / len(X)
    some = statistics_of(X, resp, layout, origin)
    assert some.empty.tolist() == [1]
    assert np.array_equal(some.means[1], origin[1])
    assert np.all(np.isfinite(some.about(some.means).second))


# ---- layouts


def test_dense_moments_hold_the_shared_ones():
    X, resp, origin, _ = samples_of(0, 2, 3)
    shared = statistics_of(X, resp, "dense", origin).to_layout("shared")
    assert_same_statistics(shared, statistics_of(X, resp, "shared", origin), TOLERANCE)


@in_every_layout
def test_the_own_layout_is_always_there(layout):
    some = example(layout)
    assert some.to_layout(layout) is some
    assert LAYOUTS[layout].exact == ("diagonal" if layout == "diagonal" else "dense")


@pytest.mark.parametrize(
    ("held", "wanted"),
    [("diagonal", "dense"), ("diagonal", "shared"), ("shared", "dense"), ("shared", "diagonal")],
)
def test_moments_that_are_not_held_are_refused(held, wanted):
    message = f"layout '{held}' cannot be converted to layout '{wanted}'"
    with pytest.raises(ValueError, match=message):
        example(held).to_layout(wanted)


class Summed(Isotropic):
    """A toy layout: one trace for all components."""

    name, exact = "summed", "diagonal"

    @staticmethod
    def second_shape(n_components, n_features):
        return 1, 1

    @staticmethod
    def cross_products(first, shift):
        return np.array([[2 * (first * shift).sum()]])

    @staticmethod
    def merged(second):
        return second

    @staticmethod
    def from_layout(source, second):
        return second.sum(keepdims=True) if source == "diagonal" else None


def test_a_layout_is_one_class_and_one_line(monkeypatch):
    monkeypatch.setitem(LAYOUTS, "summed", Summed)
    X, resp, origin, other = samples_of(0, 2, 3)
    diagonal = statistics_of(X, resp, "diagonal", origin)
    moved = diagonal.to_layout("summed").about(other)
    expected = statistics_of(X, resp, "diagonal", other).second.sum(keepdims=True)
    np.testing.assert_allclose(moved.second, expected, rtol=1e-10)
    halves = [
        statistics_of(X[rows], resp[rows], "diagonal", origin)
        for rows in (slice(25), slice(25, None))
    ]
    total = halves[0].to_layout("summed") + halves[1].to_layout("summed")
    np.testing.assert_allclose(total.second, diagonal.second.sum(keepdims=True), rtol=1e-12)
    in_one = unpack_sums(np.arange(10.0), "summed", origin)
    assert in_one.second.tolist() == [[9.0]]
    assert total.merged().counts == pytest.approx(len(X))
    with pytest.raises(ValueError, match="cannot be converted to layout 'summed'"):
        statistics_of(X, resp, "dense", origin).to_layout("summed")
