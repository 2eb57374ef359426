"""CriterionDisplay: curves, marks and legend hold the numbers of the results."""

from __future__ import annotations

import numpy as np
import pytest

from gmmx import GaussianMixture, GaussianMixtureIC, NotFittedError
from gmmx.model.covariance import STRUCTURES

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure

from gmmx.plotting import CriterionDisplay
from gmmx.plotting.criterion import look_of_structure


@pytest.fixture(scope="module")
def search():
    """Return a search of three clusters that does not start at one component."""
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(center, 1, (60, 2)) for center in (0, 8, 16)])
    return GaussianMixtureIC(
        2, 5, covariance_type=["full", "tied-diag", "EEV"], random_state=0
    ).fit(X)


FIRST = (2, "full")


def results_of(**changes):
    """Return the results of two structures and K = 2, 3, 4, with changed columns."""
    results = {
        "n_components": np.tile([2, 3, 4], 2),
        "covariance_type": np.repeat(np.array(["full", "diag"], dtype=object), 3),
        "refused": np.array([None] * 6, dtype=object),
        "bic": np.array([130.0, 110.0, 115.0, 140.0, 120.0, 116.0]),
    }
    return results | changes


def drawn(results, **options):
    return CriterionDisplay(results, **options).plot(Figure().subplots())


def titles(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


@pytest.mark.parametrize("criterion", ["bic", "aic", "icl"])
def test_each_structure_has_a_curve_of_its_results(search, criterion):
    axes = Figure().subplots()
    display = CriterionDisplay.from_estimator(search, criterion=criterion, ax=axes)
    assert display.ax_ is axes
    assert display.figure_ is axes.figure
    assert list(display.lines_) == ["full", "tied-diag", "EEV"]
    assert axes.get_ylabel() == f"{criterion.upper()} (smaller is better)"
    for name, line in display.lines_.items():
        own = search.results_["covariance_type"] == name
        ranked = own & [reason is None for reason in search.results_["refused"]]
        x, y = line.get_data()
        np.testing.assert_array_equal(x, search.results_["n_components"][own])
        np.testing.assert_array_equal(y[~np.isnan(y)], search.results_[criterion][ranked])


def test_the_best_of_the_search_is_marked_at_its_number_of_components(search):
    display = CriterionDisplay.from_estimator(search, ax=Figure().subplots())
    assert display.best == (search.n_components_, search.covariance_type_)
    assert display.best_.get_xydata().tolist() == [[search.n_components_, search.criterion_]]
    assert f"best: {search.covariance_type_}, K = {search.n_components_}" in titles(display)


def test_refused_mixtures_are_hollow_and_interrupt_the_curve():
    refused = np.array([None, "spurious", None, None, None, None], dtype=object)
    display = drawn(results_of(refused=refused))
    assert display.best == (4, "full")
    assert list(display.refused_) == ["full"]
    hollow, curve = display.refused_["full"], display.lines_["full"]
    assert hollow.get_xydata().tolist() == [[3, 110.0]]
    assert hollow.get_fillstyle() == "none"
    assert (hollow.get_color(), hollow.get_marker()) == (curve.get_color(), curve.get_marker())
    np.testing.assert_array_equal(curve.get_ydata(), [130.0, np.nan, 115.0])
    assert "refused" in titles(display)


def test_failed_mixtures_are_crosses_at_the_upper_edge():
    refused = np.array([None, None, "collapsed"] * 2, dtype=object)
    values = np.array([130.0, 110.0, np.nan, 140.0, 120.0, np.nan])
    display = drawn(results_of(refused=refused, bic=values))
    crosses = [line.get_xydata()[0] for line in display.failed_.values()]
    assert list(display.failed_) == ["full", "diag"]
    for x, y in crosses:
        assert abs(x - 4) < 0.5
        assert y == 1.0
    assert crosses[0][0] != crosses[1][0]
    (line, _) = display.failed_.values()
    edge = display.ax_.transAxes.transform([0, 1])[1]
    assert line.get_transform().transform(line.get_xydata())[0, 1] == pytest.approx(edge)
    assert display.refused_ == {}
    assert "failed" in titles(display)
    assert "refused" not in titles(display)


def test_poor_structures_do_not_flatten_the_curves_of_good_ones():
    values = np.array([101.0, 100.0, 104.0, 90100.0, 90000.0, 90050.0])
    good = drawn(results_of(bic=np.array([101.0, 100.0, 104.0, 103.0, 105.0, 102.0])))
    bad = drawn(results_of(n_components=np.tile([2, 3, 4], 2), bic=values))
    assert "diag" in titles(good)
    assert np.ptp(good.ax_.get_ylim()) < 10
    for display, numbers in [(good, 6), (bad, 3)]:
        low, high = display.ax_.get_ylim()
        y = np.concatenate([line.get_ydata() for line in display.lines_.values()])
        assert ((low < y) & (y < high)).sum() >= numbers


def test_the_legend_tells_of_curves_above_and_of_refused_mixtures_below():
    results = {
        "n_components": [1, 2, 3, 4, 1, 1],
        "covariance_type": ["full"] * 4 + ["diag", "tied"],
        "refused": [None] * 3 + ["spurious", None, "unsure"],
        "bic": [104.0, 101.0, 100.0, -9000.0, 5000.0, 103.0],
    }
    display = drawn(results)
    assert titles(display) == [
        "full", "diag (above)", "tied (none ranked)", "best: full, K = 3", "refused (1 below)",
    ]  # fmt: skip
    low, high = display.ax_.get_ylim()
    assert -9000 < low < 100
    assert 104 < high < 5000


def test_the_legend_hides_no_data(search):
    figure = Figure(figsize=(7, 4), layout="constrained")
    display = CriterionDisplay.from_estimator(search, ax=figure.subplots())
    figure.draw_without_rendering()
    legend = display.ax_.get_legend().get_window_extent()
    assert not legend.overlaps(display.ax_.get_window_extent())
    assert legend.x1 <= figure.bbox.x1


def test_structures_have_distinct_looks_that_do_not_depend_on_the_search():
    looks = [look_of_structure(name) for name in STRUCTURES]
    assert len({look[:2] for look in looks}) == len(STRUCTURES)
    line = drawn(results_of()).lines_["diag"]
    look = line.get_color(), line.get_marker(), line.get_linestyle()
    assert look == look_of_structure("diag")


@pytest.mark.parametrize("counts", [[2, 3, 4], [1]])
def test_the_ticks_are_whole_numbers_of_components(counts):
    results = {
        "n_components": counts * 2,
        "covariance_type": ["full"] * len(counts) + ["diag"] * len(counts),
        "refused": [None] * 2 * len(counts),
        "bic": np.arange(2.0 * len(counts)),
    }
    axes = drawn(results).ax_
    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
    assert ticks == counts


def test_a_given_best_is_marked():
    display = drawn(results_of(), best=(2, "diag"))
    assert display.best_.get_xydata().tolist() == [[2, 140.0]]


def test_a_given_best_lies_in_the_picture():
    for value in (1e6, -1e6):
        results = results_of(bic=[value, *np.arange(5.0)], refused=["spurious"] + [None] * 5)
        display = drawn(results, best=FIRST)
        low, high = display.ax_.get_ylim()
        assert low < display.best_.get_ydata()[0] == value < high


def test_a_curve_does_not_depend_on_the_order_of_the_results():
    results = {name: np.asarray(column) for name, column in results_of().items()}
    shuffled = {name: column[[4, 0, 5, 2, 1, 3]] for name, column in results.items()}
    curves, expected = drawn(shuffled).lines_, drawn(results).lines_
    assert curves.keys() == expected.keys()
    for name, line in expected.items():
        np.testing.assert_array_equal(curves[name].get_xydata(), line.get_xydata())


@pytest.mark.parametrize(
    ("results", "options", "message"),
    [
        (results_of(), {"criterion": "BIC"}, "one of bic, aic, icl; got 'BIC'"),
        (results_of(), {"criterion": "aic"}, "the results lack aic"),
        (results_of(), {"best": (7, "full")}, r"best=\(7, 'full'\) is not in the results"),
        (results_of(), {"best": 2}, "best=2 is not in the results"),
        (results_of(bic=[np.nan] + [1.0] * 5), {"best": FIRST}, "or failed; expected a pair"),
        (results_of(bic=[np.nan] * 6), {}, "every mixture of the results is refused or failed"),
        (results_of(bic=[1.0]), {}, "columns of the shapes"),
        ({name: [] for name in results_of()}, {}, "columns of the shapes"),
        (results_of(refused=["spurious"] * 6), {}, "every mixture of the results is refused"),
        (results_of(covariance_type=["round"] * 6), {}, r"unknown .* \['round'\]"),
    ],
)
def test_wrong_numbers_raise(results, options, message):
    with pytest.raises(ValueError, match=message):
        CriterionDisplay(results, **options)


def test_only_a_fitted_search_has_a_criterion_to_draw():
    with pytest.raises(TypeError, match=r"needs a GaussianMixtureIC, .* got GaussianMixture"):
        CriterionDisplay.from_estimator(GaussianMixture())
    with pytest.raises(NotFittedError):
        CriterionDisplay.from_estimator(GaussianMixtureIC())
