"""MixtureDisplay: its artists hold the numbers of the mixture."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from scipy.integrate import trapezoid
from scipy.stats import multivariate_normal, norm

pytest.importorskip("matplotlib")

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gmmx import BayesianGaussianMixture, GaussianMixture, GaussianMixtureIC, NotFittedError
from gmmx.estimators.component_covariances import component_covariances
from gmmx.plotting import MixtureDisplay
from gmmx.plotting.style import styles

WEIGHTS = np.array([0.5, 0.3, 0.2])
MEANS = np.array([[0.0, 0.0, 1.0, 5.0], [6.0, 1.0, 0.0, 50.0], [2.0, 8.0, 3.0, 90.0]])


@pytest.fixture(autouse=True)
def _agg(monkeypatch):
    """Draw with pyplot but without a window, and close the figures."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    before = pyplot.get_backend()
    pyplot.switch_backend("agg")
    yield
    pyplot.close("all")
    pyplot.switch_backend(before)


@pytest.fixture(scope="module")
def covariances():
    factors = np.random.default_rng(1).normal(size=(3, 4, 4))
    return factors @ factors.transpose(0, 2, 1) + 0.3 * np.eye(4)


@pytest.fixture(scope="module")
def samples(covariances):
    rng = np.random.default_rng(2)
    return np.concatenate(
        [
            rng.multivariate_normal(mean, covariance, int(300 * weight))
            for weight, mean, covariance in zip(WEIGHTS, MEANS, covariances, strict=True)
        ]
    )


def mixture(covariances, n_features):
    d = n_features
    return GaussianMixture.from_parameters(WEIGHTS, MEANS[:, :d], covariances[:, :d, :d])


def axes(n=1):
    figure = Figure(layout="constrained")
    FigureCanvasAgg(figure)
    return figure.subplots(1, n)


def outline(ellipse):
    """Return eight points on an ellipse, the ends of its Bezier curves, in the data's units."""
    return ellipse.get_patch_transform().transform(ellipse.get_path().vertices[:24:3])


def share_inside(ellipse, draws):
    return (
        ellipse.get_path().transformed(ellipse.get_patch_transform()).contains_points(draws).mean()
    )


def test_the_ellipses_hold_their_level(covariances, samples):
    levels = (0.3, 0.5, 0.95)
    display = MixtureDisplay.from_estimator(
        mixture(covariances, 2), samples[:, :2], level=levels, ax=axes()
    )
    assert len(display.ellipses_) == 3 * len(levels)
    ellipses = iter(display.ellipses_)
    for mean, covariance in zip(MEANS[:, :2], covariances[:, :2, :2], strict=True):
        draws = np.random.default_rng(0).multivariate_normal(mean, covariance, 20_000)
        density = multivariate_normal(mean, covariance)
        for level in levels:
            ellipse = next(ellipses)
            assert abs(share_inside(ellipse, draws) - level) < 0.015  # 4 standard errors
            on_the_outline = density.pdf(outline(ellipse))
            expected = density.pdf(mean) * (1 - level)  # exp(-r^2 / 2) = 1 - level
            np.testing.assert_allclose(on_the_outline, expected, rtol=1e-9)


def test_the_dashed_axes_end_on_the_largest_ellipse(covariances, samples):
    display = MixtureDisplay.from_estimator(mixture(covariances, 2), samples[:, :2], ax=axes())
    for mean, covariance, line in zip(
        MEANS[:, :2], covariances[:, :2, :2], display.principal_axes_, strict=True
    ):
        ends = np.column_stack(line.get_data())[[0, 1, 3, 4]] - mean
        distances = np.einsum("id,de,ie->i", ends, np.linalg.inv(covariance), ends)
        np.testing.assert_allclose(distances, -2 * np.log(0.05))
        assert abs(ends[0] @ ends[2]) < 1e-9
        assert line.get_linestyle() == "--"


def test_the_limits_enclose_whole_ellipses(covariances, samples):
    X = samples[:9, :2]
    display = MixtureDisplay.from_estimator(mixture(covariances, 2), X, ax=axes())
    boxes = [
        ellipse.get_path().transformed(ellipse.get_patch_transform()).get_extents().get_points()
        for ellipse in display.ellipses_
    ]
    drawn = np.concatenate([X, *boxes])
    extent = np.ptp(drawn, axis=0)
    limits = np.transpose([display.ax_.get_xlim(), display.ax_.get_ylim()])
    np.testing.assert_allclose(limits[0], drawn.min(axis=0) - 0.05 * extent, atol=1e-3)
    np.testing.assert_allclose(limits[1], drawn.max(axis=0) + 0.05 * extent, atol=1e-3)


def test_points_and_centers_have_color_and_marker_of_their_component(covariances, samples):
    model = mixture(covariances, 2)
    X = samples[:, :2]
    display = MixtureDisplay.from_estimator(model, X, ax=axes())
    labels = model.predict(X)
    for k, (color, marker) in enumerate(styles(3)):
        points, center = display.points_[k], display.centers_[k]
        np.testing.assert_array_equal(np.column_stack(points.get_data()), X[labels == k])
        np.testing.assert_array_equal(np.ravel(center.get_data()), MEANS[k, :2])
        for line in (points, center):
            assert (line.get_color(), line.get_marker()) == (color, marker)
    titles = [text.get_text() for text in display.legend_.get_texts()]
    assert titles == ["0 (50 %)", "1 (30 %)", "2 (20 %)"]


def test_curves_of_one_feature_are_the_densities(covariances, samples):
    ax = axes()
    display = MixtureDisplay.from_estimator(mixture(covariances, 1), samples[:, :1], ax=ax)
    assert display.ax_ is ax
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x0", "density")
    *components, total = display.curves_
    x, y = total.get_data()
    assert abs(trapezoid(y, x) - 1) < 1e-3
    sum_of_components = 0
    for k, curve in enumerate(components):
        expected = WEIGHTS[k] * norm.pdf(x, MEANS[k, 0], covariances[k, 0, 0] ** 0.5)
        np.testing.assert_allclose(curve.get_ydata(), expected, atol=1e-300)
        assert abs(trapezoid(curve.get_ydata(), x) - WEIGHTS[k]) < 1e-3
        sum_of_components += curve.get_ydata()
    np.testing.assert_allclose(y, sum_of_components)


def test_a_narrow_component_keeps_its_peak():
    display = MixtureDisplay(
        weights=[0.5, 0.5], means=[[0.0], [100.0]], covariances=[[[1e4]], [[1e-4]]],
        X=[[0.0], [100.0]], labels=[0, 1],
    ).plot(axes())  # fmt: skip
    peak = max(display.curves_[1].get_ydata())
    np.testing.assert_allclose(peak, 0.5 * norm.pdf(0) / 1e-2, rtol=1e-6)


def test_a_matrix_shows_every_pair_and_density(covariances, samples):
    ax = axes(2)[0]
    display = MixtureDisplay.from_estimator(
        mixture(covariances, 4), samples, level=0.5, ax=ax, feature_names=list("abcd"),
        features=["d", 0, "c"],
    )  # fmt: skip
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert display.axes_.shape == (3, 3)
    assert [cell.get_xlabel() for cell in display.axes_[-1]] == ["d", "a", "c"]
    chosen = [3, 0, 2]
    ellipses, curves = iter(display.ellipses_), iter(display.curves_)
    for i, j in np.ndindex(3, 3):
        pair = [chosen[j], chosen[i]]
        if i == j:
            for k in range(3):
                x, y = next(curves).get_data()
                variance = covariances[k, pair[0], pair[0]]
                expected = WEIGHTS[k] * norm.pdf(x, MEANS[k, pair[0]], variance**0.5)
                np.testing.assert_allclose(y, expected, atol=1e-300)
            next(curves)
            continue
        for k in range(3):
            ellipse = next(ellipses)
            assert ellipse.axes is display.axes_[i, j]
            covariance = covariances[k][np.ix_(pair, pair)]
            density = multivariate_normal(MEANS[k, pair], covariance)
            expected = 0.5 * density.pdf(MEANS[k, pair])
            np.testing.assert_allclose(density.pdf(outline(ellipse)), expected, rtol=1e-9)
    assert display.note_.get_text().endswith("each component; 3 of 4 features")


def test_six_features_are_drawn_unless_chosen():
    X = np.random.default_rng(0).normal(size=(40, 7))
    model = GaussianMixture(1, covariance_type="diag").fit(X)
    assert MixtureDisplay.from_estimator(model, X, ax=axes()).axes_.shape == (6, 6)
    assert MixtureDisplay.from_estimator(model, X, features=[6, 1], ax=axes()).axes_.shape == (1, 1)


class Scaler:
    """An affine map that is no class of scikit-learn's."""

    def __init__(self, matrix, offset):
        self.matrix, self.offset = np.array(matrix), np.array(offset)

    def transform(self, X):
        return (np.asarray(X) - self.offset) @ np.linalg.inv(self.matrix)

    def inverse_transform(self, Z):
        return Z @ self.matrix + self.offset


def scalers():
    pytest.importorskip("sklearn")
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

    return [
        StandardScaler(), MinMaxScaler(), RobustScaler(),
        make_pipeline(RobustScaler(), StandardScaler()),
        make_pipeline(StandardScaler(), PCA(whiten=True)),
    ]  # fmt: skip


def assert_same_picture(display, expected):
    for mine, other in zip(display.ellipses_, expected.ellipses_, strict=True):
        np.testing.assert_allclose(outline(mine), outline(other), rtol=1e-6, atol=1e-6)
    for mine, other in zip(
        display.points_ + display.centers_, expected.points_ + expected.centers_, strict=True
    ):
        np.testing.assert_allclose(mine.get_data(), other.get_data())


def as_drawn_by_hand(model, X, matrix, offset):
    """Draw a model of scaled samples, converted to the original units by hand."""
    converted = GaussianMixture.from_parameters(
        model.weights_, model.means_ @ matrix + offset,
        matrix.T @ component_covariances(model) @ matrix,
    )  # fmt: skip
    return MixtureDisplay.from_estimator(converted, X, ax=axes())


@pytest.mark.parametrize("covariance_type", ["full", "tied", "spherical", "EVI"])
def test_a_scaler_gives_the_picture_of_the_converted_model(samples, covariance_type):
    X = samples[:, :2]
    scaler = Scaler([[2.0, 0.5], [-1.0, 3.0]], [7.0, 1000.0])
    model = GaussianMixture(3, covariance_type=covariance_type, random_state=0)
    model.fit(scaler.transform(X))
    display = MixtureDisplay.from_estimator(model, X, scaler=scaler, ax=axes())
    assert_same_picture(display, as_drawn_by_hand(model, X, scaler.matrix, scaler.offset))


@pytest.mark.parametrize("number", range(5))
def test_scalers_of_scikit_learn_are_undone(samples, number):
    X = samples[:, [0, 3]]
    scaler = scalers()[number].fit(X)
    Z = scaler.transform(X)
    model = GaussianMixture(3, random_state=0).fit(Z)
    display = MixtureDisplay.from_estimator(model, X, scaler=scaler, ax=axes())
    # The map by least squares from samples before and after.
    design = np.column_stack([Z, np.ones(len(Z))])
    solution = np.linalg.lstsq(design, X, rcond=None)[0]
    assert_same_picture(display, as_drawn_by_hand(model, X, solution[:-1], solution[-1]))


def test_a_scaler_that_is_not_affine_is_refused(samples):
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    X = samples[:, :2]
    scaler = preprocessing.PowerTransformer().fit(X)
    model = GaussianMixture(2, random_state=0).fit(scaler.transform(X))
    with pytest.raises(ValueError, match="not an affine map"):
        MixtureDisplay.from_estimator(model, X, scaler=scaler, ax=axes())


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_frames_name_the_axes_without_warnings(samples, package):
    frames = pytest.importorskip(package)
    X = frames.DataFrame({"length": samples[:, 0], "$w_{": samples[:, 1]})
    model = GaussianMixture(2, random_state=0).fit(X)
    ax = axes()
    MixtureDisplay.from_estimator(model, X, ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("length", "$w_{")
    ax.figure.draw_without_rendering()  # the name would be an error as a formula
    scaler = Scaler(np.diag([2.0, 3.0]), [1.0, 1.0])
    scaled = GaussianMixture(2, random_state=0).fit(scaler.transform(samples[:, :2]))
    display = MixtureDisplay.from_estimator(scaled, X, scaler=scaler, ax=axes())
    assert display.ax_.get_xlabel() == "length"


def test_a_search_shows_its_best_mixture(samples):
    X = samples[:, :2]
    search = GaussianMixtureIC(max_components=5, covariance_type="full", random_state=0).fit(X)
    display = MixtureDisplay.from_estimator(search, X, ax=axes())
    expected = MixtureDisplay.from_estimator(search.best_estimator_, X, ax=axes())
    assert_same_picture(display, expected)


def test_components_that_a_bayesian_mixture_does_not_use_are_left_out(samples):
    X = samples[:, :2]
    model = BayesianGaussianMixture(n_components=9, random_state=0, max_iter=500).fit(X)
    used = np.flatnonzero(model.mean_precision_ - model.mean_precision_prior_ >= 1)
    display = MixtureDisplay.from_estimator(model, X, level=0.5, ax=axes())
    assert len(display.ellipses_) == len(used) == model.n_active_components_ < 9
    titles = [text.get_text().partition(" ")[0] for text in display.legend_.get_texts()]
    assert titles == [str(k) for k in used]


def test_many_components_have_no_legend_but_their_number():
    X = np.random.default_rng(0).normal(size=(26, 2))
    display = MixtureDisplay(
        weights=np.full(13, 1 / 13), means=X[:13],
        covariances=np.tile(0.01 * np.eye(2), (13, 1, 1)), X=X, labels=np.arange(26) % 13,
    ).plot(axes())  # fmt: skip
    assert display.legend_ is None
    assert display.note_.get_text().endswith("; 13 components")


def test_the_legend_lies_outside_the_axes(covariances, samples):
    for n_features in (1, 2, 3):
        X = samples[:, :n_features]
        display = MixtureDisplay.from_estimator(mixture(covariances, n_features), X, ax=axes())
        display.figure_.draw_without_rendering()
        legend = display.legend_.get_window_extent()
        assert not any(legend.overlaps(cell.get_window_extent()) for cell in display.axes_.flat)
        assert legend.x1 <= display.figure_.bbox.x1


def test_a_random_sample_of_many_samples_is_drawn_and_the_picture_says_so():
    X = np.random.default_rng(0).normal(size=(12_345, 2))
    model = GaussianMixture(1).fit(X)
    display = MixtureDisplay.from_estimator(model, X, ax=axes())
    drawn = np.column_stack(display.points_[0].get_data())
    assert len(np.unique(drawn[:, 0])) == 5000
    assert np.isin(drawn[:, 0], X[:, 0]).all()
    assert display.note_.get_text().endswith("; 5,000 of 12,345 samples")
    stored = MixtureDisplay(
        weights=[1.0], means=model.means_, covariances=model.covariances_, X=X,
        labels=np.zeros(len(X), dtype=int),
    ).plot(axes())  # fmt: skip
    np.testing.assert_array_equal(np.column_stack(stored.points_[0].get_data()), drawn)
    assert stored.note_.get_text() == display.note_.get_text()


def test_without_axes_every_plot_makes_a_figure(covariances, samples):
    pyplot = sys.modules["matplotlib.pyplot"]
    display = MixtureDisplay.from_estimator(mixture(covariances, 2), samples[:, :2])
    assert display.figure_ is pyplot.gcf()
    again = display.plot()
    assert again is display
    assert display.figure_ is pyplot.gcf()
    assert len(pyplot.get_fignums()) == 2


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_a_feature_that_is_constant_up_to_rounding_has_a_histogram(scale):
    x = np.full(50, 0.3)
    x[::2] = 0.1 + 0.2
    for X in (x[:, np.newaxis] * scale, np.zeros((50, 1))):
        display = MixtureDisplay(
            weights=[1.0], means=X[:1], covariances=[[[max(scale, 1e-150) ** 1.5]]], X=X,
            labels=np.zeros(50, np.int64),
        )  # fmt: skip
        bars = display.plot(axes()).ax_.patches
        assert sum(bar.get_height() * bar.get_width() for bar in bars) == pytest.approx(1.0)


def test_stored_numbers_are_checked():
    good = {
        "weights": [0.5, 0.5], "means": np.zeros((2, 2)),
        "covariances": np.tile(np.eye(2), (2, 1, 1)), "X": np.zeros((3, 2)), "labels": [0, 1, 1],
    }  # fmt: skip
    MixtureDisplay(**good)
    for name, value in {
        "means": np.zeros(2), "covariances": np.ones((2, 2)), "labels": [0, 1],
        "X": np.full((3, 2), np.nan), "components": [2], "feature_names": ["a"],
        "weights": [0.5, np.nan],
    }.items():  # fmt: skip
        with pytest.raises(ValueError, match=name if name != "feature_names" else "names"):
            MixtureDisplay(**{**good, name: value})
    for name, value in (("components", np.zeros(0, np.int64)), ("labels", [[0], [1], [1]])):
        with pytest.raises(ValueError, match=name):
            MixtureDisplay(**{**good, name: value})
    with pytest.raises(ValueError, match="positive variances"):
        MixtureDisplay(**{**good, "covariances": np.zeros((2, 2, 2))})
    for labels in ([0, 1, 2], [-1, 0, 1], [0.0, 0.5, 1.0]):
        with pytest.raises(ValueError, match="labels must be integers from 0 to 1"):
            MixtureDisplay(**{**good, "labels": labels})


def test_bad_input_is_refused(covariances, samples):
    with pytest.raises(NotFittedError):
        MixtureDisplay.from_estimator(GaussianMixture(2), samples, ax=axes())
    model = mixture(covariances, 2)
    with pytest.raises(ValueError, match="features"):
        MixtureDisplay.from_estimator(model, samples, ax=axes())
    with pytest.raises(ValueError, match=r"level=1\.0"):
        MixtureDisplay.from_estimator(model, samples[:, :2], level=1.0, ax=axes())
    with pytest.raises(ValueError, match="no feature 'z'"):
        MixtureDisplay.from_estimator(model, samples[:, :2], features=["z"], ax=axes())
