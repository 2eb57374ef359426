"""BootstrapDisplay and BootstrapLRTDisplay: histograms, intervals and estimates of the results."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from gmmx import GaussianMixture, GaussianMixtureIC, bootstrap, bootstrap_lrt

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure

from gmmx.plotting import BootstrapDisplay, BootstrapLRTDisplay
from gmmx.uncertainty.bootstrap_lrt import BootstrapLRT

PARAMETERS = ["weights", "means", "covariances"]


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(0, 1, (40, 3)), rng.normal(8, 2, (60, 3))])


def bootstrapped(samples, covariance_type, **options):
    model = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(samples)
    return bootstrap(model, samples, n_bootstrap=20, random_state=0, **options)


def drawn(result, parameter, **options):
    return BootstrapDisplay(result, **options).plot(Figure().subplots(), parameter=parameter)


def variances_of(covariances, covariance_type):
    """Return the variances among covariances, with the axes of features and components."""
    if covariance_type in ("full", "tied", "EEV"):
        return np.einsum("...dd->...d", covariances)
    return covariances


def assert_counts(histogram, draws):
    """Assert that each bin has the number of draws between its edges."""
    counts, edges, _ = histogram.get_data()
    assert counts.sum() == len(draws)
    assert (edges[0], edges[-1]) == (draws.min(), draws.max())
    below = np.searchsorted(np.sort(draws), edges[1:-1])
    np.testing.assert_array_equal(np.cumsum(counts)[:-1], below)


@pytest.mark.parametrize("parameter", PARAMETERS)
@pytest.mark.parametrize(
    ("covariance_type", "n_variances"),
    [
        ("full", 6), ("tied", 3), ("diag", 6), ("spherical", 2), ("tied-diag", 3),
        ("tied-spherical", 1), ("EEV", 6),
    ],
)  # fmt: skip
def test_each_parameter_has_a_panel(samples, covariance_type, n_variances, parameter):
    result = bootstrapped(samples, covariance_type, level=0.8)
    display = drawn(result, parameter)
    values = getattr(result, parameter)
    arrays = [values.estimate, values.lower, values.upper, values.draws]
    if parameter == "covariances":
        arrays = [variances_of(array, covariance_type) for array in arrays]
    estimate, lower, upper = (array.ravel() for array in arrays[:3])
    draws = arrays[3].reshape(20, -1).T
    assert len(display.axes_) == {"weights": 2, "means": 6, "covariances": n_variances}[parameter]
    for i in range(len(display.axes_)):
        assert display.histograms_[i].axes is display.axes_[i]
        assert_counts(display.histograms_[i], draws[i])
        assert display.estimates_[i].get_xdata() == [estimate[i], estimate[i]]
        area = display.intervals_[i]
        corners = area.get_patch_transform().transform_path(area.get_path()).get_extents()
        np.testing.assert_allclose([corners.x0, corners.x1], [lower[i], upper[i]])
    titles = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert titles == ["refits", "estimate", "80 % interval"]


def test_panels_are_named_by_features_and_components(samples):
    result = bootstrapped(samples, "full")
    labels = [axes.get_xlabel() for axes in drawn(result, "means", feature_names="abc").axes_]
    assert labels == [f"mean of {d}\ncomponent {k}" for k in range(2) for d in "abc"]
    labels = [axes.get_xlabel() for axes in drawn(result, "weights").axes_]
    assert labels == ["weight of component 0", "weight of component 1"]
    tied = bootstrapped(samples, "tied")
    labels = [axes.get_xlabel() for axes in drawn(tied, "covariances").axes_]
    assert labels == ["variance of x0", "variance of x1", "variance of x2"]
    spherical = bootstrapped(samples, "tied-spherical")
    assert [axes.get_xlabel() for axes in drawn(spherical, "covariances").axes_] == ["variance"]


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_the_names_of_a_data_frame_are_used(samples, frame):
    X = frame({"$a$": samples[:, 0], "b_1": samples[:, 1]})
    model = GaussianMixture().fit(X)
    display = BootstrapDisplay.from_estimator(
        model, X, parameter="means", n_bootstrap=5, kind="weighted", random_state=0,
        ax=Figure(layout="constrained").subplots(),
    )  # fmt: skip
    assert display.result.kind == "weighted"
    assert [axes.get_xlabel() for axes in display.axes_] == [
        "mean of $a$\ncomponent 0", "mean of b_1\ncomponent 0",
    ]  # fmt: skip
    display.figure_.draw_without_rendering()


def test_features_after_the_sixth_are_left_out_and_the_picture_says_so():
    X = np.random.default_rng(0).normal(size=(50, 8))
    result = bootstrap(GaussianMixture().fit(X), X, n_bootstrap=5, random_state=0)
    for parameter, notes in [("means", ["6 of 8 features"]), ("weights", [])]:
        display = drawn(result, parameter)
        assert len(display.axes_) == (6 if notes else 1)
        shown = [axes.get_xlabel() for axes in display.figure_.axes]
        assert [text for text in shown if "features" in text] == notes


def test_panels_keep_to_the_place_of_the_axes(samples):
    axes = Figure().subplots(1, 2)
    place = axes[0].get_position()
    display = BootstrapDisplay(bootstrapped(samples, "full")).plot(axes[0], parameter="means")
    for panel in display.axes_:
        inner = panel.get_position()
        assert place.x0 - 1e-9 <= inner.x0 < inner.x1 <= place.x1 + 1e-9
        assert place.y0 - 1e-9 <= inner.y0 < inner.y1 <= place.y1 + 1e-9
    with pytest.raises(ValueError, match="ax was divided by another display"):
        BootstrapDisplay(bootstrapped(samples, "full")).plot(axes[0])


def test_wrong_arguments_raise_before_the_bootstrap(samples):
    model = GaussianMixture().fit(samples)
    with pytest.raises(ValueError, match="one of weights, means, covariances; got 'mean'"):
        BootstrapDisplay.from_estimator(model, samples, parameter="mean", n_bootstrap=10**9)
    with pytest.raises(ValueError, match="3 features but 1 names"):
        BootstrapDisplay.from_estimator(model, samples, feature_names=["a"], n_bootstrap=10**9)
    nowhere = Figure().add_axes((0, 0, 1, 1))
    with pytest.raises(ValueError, match="ax is not part of a grid"):
        BootstrapDisplay.from_estimator(model, samples, ax=nowhere, n_bootstrap=10**9)
    with pytest.raises(ValueError, match="ax is not part of a grid"):
        BootstrapLRTDisplay.from_estimator(model, samples, ax=nowhere, n_bootstrap=10**9)
    result = bootstrapped(samples, "full")
    with pytest.raises(ValueError, match="3 features but 2 names"):
        BootstrapDisplay(result, feature_names=["a", "b"])
    with pytest.raises(ValueError, match="ax is not part of a grid"):
        BootstrapDisplay(result).plot(Figure().add_axes((0, 0, 1, 1)))


def test_each_test_has_its_draws_statistic_and_quantile(samples):
    tested = bootstrap_lrt(
        samples, covariance_type="spherical", max_components=3, n_bootstrap=19, random_state=0
    )
    display = BootstrapLRTDisplay(tested).plot(Figure().subplots())
    assert len(display.axes_) == len(tested.tested) == 2
    for t, axes in enumerate(display.axes_):
        assert_counts(display.histograms_[t], tested.draws[:, t])
        assert display.statistics_[t].get_xdata() == [tested.statistic[t]] * 2
        assert display.quantiles_[t].get_xdata() == [tested.draws[:, t].max()] * 2  # 1 of 20
        assert axes.get_xlabel() == f"{t + 1} against {t + 2}\np = {tested.p_value[t]:.3g}"


@pytest.mark.parametrize(("n_bootstrap", "level"), [(19, 0.05), (20, 0.05), (99, 0.29), (9, 0.2)])
def test_a_statistic_beyond_the_line_is_one_that_the_test_rejects(n_bootstrap, level):
    draws = np.random.default_rng(0).normal(size=(n_bootstrap, 1))
    order = np.sort(draws[:, 0])

    def tested_with(statistic):
        p_value = (1 + (draws >= statistic).sum()) / (1 + n_bootstrap)
        return BootstrapLRT(
            1, GaussianMixture(), level, np.array([1]), np.array([statistic]), np.array([p_value]),
            draws, np.array([0]),
        )  # fmt: skip

    (line,) = BootstrapLRTDisplay(tested_with(0.0)).plot(Figure().subplots()).quantiles_
    for statistic in [order[0] - 1, *(order[1:] + order[:-1]) / 2, *order, order[-1] + 1]:
        tested = tested_with(statistic)
        assert (statistic > line.get_xdata()[0]) == (tested.p_value[0] <= level)
        assert f"{line.get_xdata()[0]:.4g}" in repr(tested)


def test_there_is_no_line_if_no_statistic_rejects(samples):
    display = BootstrapLRTDisplay.from_estimator(
        GaussianMixture(), samples, ax=Figure().subplots(), max_components=2, n_bootstrap=9,
        random_state=0,
    )  # fmt: skip
    assert display.quantiles_ == []
    assert "none" in repr(display.tested)


def test_draws_that_are_constant_up_to_rounding_have_a_histogram():
    draws = np.full(50, 0.3)
    draws[::2] = 0.1 + 0.2
    tested = BootstrapLRT(
        1, GaussianMixture(), 0.05, np.array([1]), np.array([0.3]), np.array([1.0]),
        draws[:, np.newaxis], np.array([0]),
    )  # fmt: skip
    display = BootstrapLRTDisplay(tested).plot(Figure().subplots())
    assert display.histograms_[0].get_data().values.sum() == 50


def test_the_test_uses_the_structure_of_the_mixture(samples):
    options = {"max_components": 2, "n_bootstrap": 9, "random_state": 0}
    model = GaussianMixture(covariance_type="tied-diag", reg_covar=0.5)
    display = BootstrapLRTDisplay.from_estimator(model, samples, ax=Figure().subplots(), **options)
    expected = bootstrap_lrt(samples, covariance_type="tied-diag", reg_covar=0.5, **options)
    np.testing.assert_array_equal(display.tested.statistic, expected.statistic)


def test_there_must_be_a_test_to_draw(samples):
    with pytest.raises(ValueError, match="no tests to draw"):
        BootstrapLRTDisplay.from_estimator(GaussianMixture(), samples, max_components=1)
    with pytest.raises(TypeError, match="needs a GaussianMixture, got GaussianMixtureIC"):
        BootstrapLRTDisplay.from_estimator(GaussianMixtureIC(), samples)
