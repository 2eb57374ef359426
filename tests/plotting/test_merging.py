"""EntropyDisplay and MergeTreeDisplay: the artists hold the numbers of merge_components."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster
from scipy.stats import linregress

from gmmx import GaussianMixture, merge_components

pytest.importorskip("matplotlib")
from matplotlib.colors import same_color
from matplotlib.figure import Figure

from gmmx.plotting import EntropyDisplay, MergeTreeDisplay
from gmmx.plotting.style import styles


@pytest.fixture(scope="module")
def samples():
    """Return samples of two crosses and a round cluster: five components, three clusters."""
    rng = np.random.default_rng(0)
    shapes = [((0, 0), (4, 0.4)), ((0, 0), (0.4, 4)), ((20, 0), (4, 0.4)), ((20, 0), (0.4, 4))]
    return np.concatenate([rng.normal(*shape, (150, 2)) for shape in [*shapes, ((10, 30), 1)]])


@pytest.fixture(scope="module")
def merged(samples):
    mixture = GaussianMixture(5, covariance_type="diag", random_state=0, n_init=4).fit(samples)
    return merge_components(mixture, samples)


@pytest.fixture(scope="module")
def tree(merged):
    return MergeTreeDisplay(merged).plot(Figure().subplots())


def test_the_points_are_the_entropies_and_the_suggestion_has_a_ring(merged):
    display = EntropyDisplay(merged).plot(Figure().subplots())
    counts = np.arange(1, 6)
    np.testing.assert_array_equal(
        display.line_.get_xydata(), np.column_stack((counts, merged.entropies))
    )
    suggested = merged.n_clusters
    assert suggested == 3
    assert display.suggestion_.get_xydata().tolist() == [[3, merged.entropies[2]]]


def test_lines_of_least_squares_share_the_suggested_number_of_clusters(merged):
    display = EntropyDisplay(merged).plot(Figure().subplots())
    for line, counts in zip(display.fits_, ([1, 2, 3], [3, 4, 5]), strict=True):
        fit = linregress(counts, merged.entropies[np.array(counts) - 1])
        x, y = line.get_data()
        np.testing.assert_array_equal(x, counts)
        np.testing.assert_allclose(y, fit.intercept + fit.slope * x, atol=1e-9)


@pytest.mark.parametrize("n_components", [1, 2])
def test_one_or_two_components_have_no_lines(samples, n_components):
    mixture = GaussianMixture(n_components, random_state=0).fit(samples)
    display = EntropyDisplay.from_estimator(mixture, samples, ax=Figure().subplots())
    assert display.fits_ == []
    assert display.suggestion_.get_xdata() == n_components


def test_the_tree_has_a_link_for_each_merge_at_the_entropy_removed(merged, tree):
    tops = sorted(path[:, 1].max() for path in tree.links_.get_segments())
    removed = sorted(merged.entropies[-1] - merged.entropies[:-1])
    np.testing.assert_allclose(tops, removed, atol=1e-9)


def test_the_links_join_the_clusters_that_are_merged(merged, tree):
    order = [int(label.get_text()) for label in tree.ax_.get_xticklabels()]
    assert sorted(order) == list(range(5))
    # The middle of a link is the foot of the link above it.
    middles = {float(place): {component} for place, component in enumerate(order)}
    links = sorted(tree.links_.get_segments(), key=lambda path: path[:, 1].max())
    for n_clusters, path in zip(range(4, 0, -1), links, strict=True):
        left, right = path[0, 0], path[-1, 0]
        middles[(left + right) / 2] = middles.pop(left) | middles.pop(right)
        clusters = sorted(sorted(cluster) for cluster in middles.values())
        assert clusters == merged.components(n_clusters)


def test_the_cut_leaves_the_suggested_clusters(merged, tree):
    height = tree.cut_.get_ydata()[0]
    labels = fcluster(tree._linkage(), height, criterion="distance")
    clusters = sorted(np.flatnonzero(labels == c).tolist() for c in set(labels))
    assert clusters == merged.components()
    low, high = tree.ax_.get_ylim()
    assert low < height < high


def test_leaves_and_links_of_a_cluster_have_its_color(merged, tree):
    order = [int(label.get_text()) for label in tree.ax_.get_xticklabels()]
    clusters = merged.components()
    for leaves, cluster, look in zip(tree.leaves_, clusters, styles(3), strict=True):
        assert sorted(order[int(x)] for x in leaves.get_xdata()) == cluster
        assert (leaves.get_color(), leaves.get_marker()) == look
    height = tree.cut_.get_ydata()[0]
    colors = zip(tree.links_.get_segments(), tree.links_.get_colors(), strict=True)
    for path, color in colors:
        if path[:, 1].max() > height:
            assert same_color(color, "0.6")
        else:
            places = {round(float(path[0, 0])), round(float(path[-1, 0]))}
            (cluster,) = (c for c in range(3) if {order[p] for p in places} <= {*clusters[c]})
            assert same_color(color, styles(3)[cluster][0])


def test_components_that_do_not_overlap_have_a_flat_tree():
    X = np.array([[0.0], [0.1], [500.0], [500.1]])
    mixture = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [500.0]], [[1.0], [1.0]], "diag")
    tree = MergeTreeDisplay.from_estimator(mixture, X, ax=Figure().subplots())
    (path,) = tree.links_.get_segments()
    assert path[:, 1].tolist() == [0, 0, 0, 0]
    assert tree.cut_ is None
    assert tree.ax_.get_ylim()[1] > 0


def test_a_line_is_drawn_only_where_it_cuts_the_tree_into_the_suggested_clusters():
    rng = np.random.default_rng(0)
    centers = [[0.0], [100.0], [200.0], [300.0]]
    X = np.concatenate([rng.normal(center, 1.0, (20, 1)) for center in centers])
    mixture = GaussianMixture.from_parameters([0.25] * 4, centers, [[1.0]] * 4, "diag")
    tree = MergeTreeDisplay.from_estimator(mixture, X, ax=Figure().subplots())
    assert tree.cut_ is None
    assert tree.ax_.get_legend() is None
    assert len(tree.leaves_) == tree.merged.n_clusters


def test_weights_of_samples_count_as_repetitions(merged, samples):
    axes = Figure().subplots(1, 2)
    weighted = EntropyDisplay.from_estimator(merged.model, samples, sample_weight=2.0, ax=axes[0])
    tree = MergeTreeDisplay.from_estimator(merged.model, samples, sample_weight=2.0, ax=axes[1])
    np.testing.assert_allclose(weighted.line_.get_ydata(), 2 * merged.entropies, atol=1e-9)
    tops = max(path[:, 1].max() for path in tree.links_.get_segments())
    assert tops == pytest.approx(2 * (merged.entropies[-1] - merged.entropies[0]))


def test_one_component_has_no_tree(samples):
    mixture = GaussianMixture().fit(samples)
    with pytest.raises(ValueError, match="one component has no merges"):
        MergeTreeDisplay.from_estimator(mixture, samples)
