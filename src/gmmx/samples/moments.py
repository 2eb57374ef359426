"""Moments of all samples as one component, and of given clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx._core.interface import passes
from gmmx._core.interface.kmeans import cluster_moments
from gmmx.model.layouts import LAYOUTS, Layout
from gmmx.model.statistics import SufficientStatistics

if TYPE_CHECKING:
    from gmmx.arrays import Array, FloatArray, Labels, Samples
    from gmmx.samples.windows import Window


FIRST_MOMENTS, SECOND_MOMENTS = 1, 2


def rounded_to(dtype: np.dtype[Any], values: Array) -> Array:
    """Round values to the precision of the samples, in which the kernels read them."""
    return values if dtype == np.float64 else values.astype(dtype).astype(np.float64)


def unpack_sums(
    sums: Array, layout: Layout, origin: Array, second: Array | None = None
) -> SufficientStatistics:
    """Return the sums of a compiled pass as statistics.

    Parameters
    ----------
    sums : ndarray
        Log likelihood, counts, first and second moments in one vector.
    layout : {'dense', 'shared', 'diagonal', 'isotropic'}
        Layout of the second moments.
    origin : ndarray of shape (n_components, n_features)
        Points that the moments are taken about.
    second : ndarray, optional
        Second moments, if `sums` contains none.

    Returns
    -------
    SufficientStatistics
    """
    n_components, n_features = origin.shape
    stop = 1 + n_components
    counts, sums_left = sums[1:stop], sums[stop:]
    first = sums_left[: origin.size].reshape(origin.shape)
    if second is None:
        shape = LAYOUTS[layout].second_shape(n_components, n_features)
        second = sums_left[origin.size :].reshape(shape)
    return SufficientStatistics(layout, counts, first, second, origin, float(sums[0]))


def statistics_of_all(
    windows: Callable[[], Iterable[Window]],
    first_sample: FloatArray,
    layout: Layout,
    n_threads: int,
) -> SufficientStatistics:
    """Return the statistics of all samples as one component, in an exact layout."""

    def moments(origin: Array, moments: int) -> Array:
        of_window = partial(
            passes.moments_of, origin=origin, layout=layout, n_threads=n_threads, moments=moments
        )
        return reduce(
            np.add, (of_window(window.X, sample_weight=window.weight) for window in windows())
        )

    near = first_sample.astype(np.float64)
    sums = moments(near, FIRST_MOMENTS)
    origin = rounded_to(first_sample.dtype, near + sums[2:] / sums[1])
    return unpack_sums(moments(origin, SECOND_MOMENTS), layout, origin)


def statistics_of_labels(
    X: Samples,
    labels: Labels,
    n_components: int,
    layout: Layout,
    n_threads: int,
    weight: FloatArray | None = None,
) -> SufficientStatistics:
    """Return the statistics of clusters about their own means."""
    means = means_of_labels(X, labels, n_components, n_threads, weight)
    return statistics_about_means(X, labels, means, layout, n_threads, weight)


def statistics_about_means(
    X: Samples,
    labels: Labels,
    means: Array,
    layout: Layout,
    n_threads: int,
    weight: FloatArray | None = None,
) -> SufficientStatistics:
    """Return the statistics of clusters whose means are known.

    If another cluster is very far away, a mean may have lost digits. If the error of a mean makes
    up most of a moment, the moments are taken again about better means.
    """
    exact = LAYOUTS[layout].exact
    statistics = _moments_of_labels(X, labels, means, exact, n_threads, weight)
    is_matrix = statistics.second.ndim == 3
    squared = np.einsum("kdd->kd", statistics.second) if is_matrix else statistics.second
    moved = statistics.first * statistics.shift
    if (moved > 0.5 * squared).any():
        statistics = _moments_of_labels(X, labels, statistics.means, exact, n_threads, weight)
    return statistics.to_layout(layout)


def _moments_of_labels(
    X: Samples,
    labels: Labels,
    means: Array,
    layout: Layout,
    n_threads: int,
    weight: FloatArray | None,
) -> SufficientStatistics:
    """Return the statistics of clusters about points near their means, in an exact layout."""
    origin, n_features = rounded_to(X.dtype, means), X.shape[1]
    if layout != "diagonal":
        sums = passes.moments_of(X, origin, layout, n_threads, labels=labels, sample_weight=weight)
        return unpack_sums(sums, layout, origin)
    sums = cluster_moments(X, origin, n_threads, labels=labels, weight=in_double(weight))
    counts, first, second = (
        np.ascontiguousarray(part)
        for part in (sums[:, 0], sums[:, 1 : 1 + n_features], sums[:, 1 + n_features :])
    )
    return SufficientStatistics(layout, counts, first, second, origin, 0.0)


def means_of_labels(
    X: Samples,
    labels: Labels,
    n_components: int,
    n_threads: int,
    weight: FloatArray | None = None,
) -> Array:
    """Return the means of clusters; the mean of an empty one is the first sample."""
    origin = np.repeat(X[:1].astype(np.float64), n_components, axis=0)
    sums = passes.moments_of(
        X, origin, "diagonal", n_threads, moments=FIRST_MOMENTS, labels=labels,
        sample_weight=weight,
    )  # fmt: skip
    counts, totals = sums[1 : 1 + n_components], sums[1 + n_components :]
    occupied = np.where(counts > 0, counts, 1.0)
    return origin + totals.reshape(origin.shape) / occupied[:, np.newaxis]


def in_double(weight: FloatArray | None) -> Array | None:
    """Return weights in float64."""
    return None if weight is None else weight.astype(np.float64, copy=False)
