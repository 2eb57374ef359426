"""Sufficient statistics of a mixture: the sums over samples that an M-step needs.

Moments are taken about an `origin` near the new means, so that they do not cancel, even if the
data lie far from zero. The statistics of parts of a data set add up to the statistics of the
whole set.
"""

from __future__ import annotations

from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from gmmx._core.interface import components
from gmmx.model.frozen import Frozen
from gmmx.model.layouts import LAYOUTS, Layout

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray


# A component with a smaller count, in samples, is empty: its moments underflow.
SMALLEST_COUNT = 1e-280


class SufficientStatistics(Frozen):
    """Moments of weighted samples, r_ik being the responsibility of component k for sample i.

    Attributes
    ----------
    layout : {'dense', 'shared', 'diagonal', 'isotropic'}
        Layout of the second moments.
    counts : ndarray of shape (n_components,)
        sum_i r_ik.
    first : ndarray of shape (n_components, n_features)
        sum_i r_ik (x_i - origin_k).
    second : ndarray
        sum_i r_ik (x_i - origin_k) (x_i - origin_k)^T. Layout dense: (n_components, n_features,
        n_features); shared: their sum over k, (n_features, n_features); diagonal: their diagonals,
        (n_components, n_features); isotropic: their traces, (n_components, 1).
    origin : ndarray of shape (n_components, n_features)
        The points that moments are taken about, usually the means of the E-step.
    log_likelihood : float
        sum_i log p(x_i), in nats.

    Examples
    --------
    >>> import numpy as np
    >>> half = SufficientStatistics("diagonal", np.array([2.0]), np.array([[1.0]]),
    ...                             np.array([[5.0]]), np.array([[0.0]]), -3.0)
    >>> whole = half + half
    >>> whole.counts, whole.means, whole.log_likelihood
    (array([4.]), array([[0.5]]), -6.0)
    """

    layout: Layout
    counts: Array
    first: Array
    second: Array
    origin: Array
    log_likelihood: float

    def __init__(
        self,
        layout: Layout,
        counts: Array,
        first: Array,
        second: Array,
        origin: Array,
        log_likelihood: float,
    ) -> None:
        vars(self).update(
            layout=layout, counts=counts, first=first, second=second, origin=origin,
            log_likelihood=log_likelihood,
        )  # fmt: skip

    def __add__(self, other: SufficientStatistics) -> SufficientStatistics:
        """Return the statistics of two sets of samples together, about the origin of `self`."""
        if self.layout != other.layout or self.origin.shape != other.origin.shape:
            raise ValueError(
                f"statistics of layout {self.layout!r} with origin {self.origin.shape} cannot be "
                f"added to statistics of layout {other.layout!r} with origin {other.origin.shape}"
            )
        moved = other.about(self.origin)
        return SufficientStatistics(
            self.layout, self.counts + moved.counts, self.first + moved.first,
            self.second + moved.second, self.origin, self.log_likelihood + moved.log_likelihood,
        )  # fmt: skip

    def scaled(self, factor: float) -> SufficientStatistics:
        """Return the statistics of the samples with all weights multiplied by `factor`."""
        return SufficientStatistics(
            self.layout, factor * self.counts, factor * self.first, factor * self.second,
            self.origin, factor * self.log_likelihood,
        )  # fmt: skip

    def with_log_likelihood(self, log_likelihood: float) -> SufficientStatistics:
        """Return the same moments with another log likelihood."""
        return SufficientStatistics(
            self.layout, self.counts, self.first, self.second, self.origin, log_likelihood
        )

    def about(self, origin: Array) -> SufficientStatistics:
        """Return the same moments about another origin: x - o' = (x - o) + (o - o')."""
        if origin is self.origin:
            return self
        shift = self.origin - origin
        moved = self.counts[:, np.newaxis] * shift
        second = self.second + LAYOUTS[self.layout].cross_products(self.first + 0.5 * moved, shift)
        return SufficientStatistics(
            self.layout, self.counts, self.first + moved, second, origin, self.log_likelihood
        )

    @cached_property
    def empty(self) -> NDArray[np.intp]:
        """Components without samples: their count underflows."""
        return (self.counts < SMALLEST_COUNT).nonzero()[0]

    @cached_property
    def shift(self) -> Array:
        """New means minus origin: first / counts, 0 for an empty component."""
        return components.mean_shift(self.counts, self.first, SMALLEST_COUNT)

    @property
    def means(self) -> Array:
        """Means of the components; the mean of an empty component is its origin."""
        return self.origin + self.shift

    def merged(self) -> SufficientStatistics:
        """Return the statistics of all components together, as of one component."""
        moved = self.about(np.repeat(self.origin[:1], len(self.origin), axis=0))
        return SufficientStatistics(
            self.layout, moved.counts.sum(keepdims=True), moved.first.sum(axis=0, keepdims=True),
            LAYOUTS[self.layout].merged(moved.second), self.origin[:1], self.log_likelihood,
        )  # fmt: skip

    def to_layout(self, layout: Layout) -> SufficientStatistics:
        """Return the same statistics in another layout; raise `ValueError` if it is impossible."""
        if layout == self.layout:
            return self
        second = LAYOUTS[layout].from_layout(self.layout, self.second)
        if second is None:
            raise ValueError(f"layout {self.layout!r} cannot be converted to layout {layout!r}")
        return SufficientStatistics(
            layout, self.counts, self.first, second, self.origin, self.log_likelihood
        )


class OutOfRangeError(ValueError):
    """The squared differences between samples and means overflow."""


def check_range(statistics: SufficientStatistics) -> None:
    """Raise `OutOfRangeError` if squares of the samples or of their distances overflow."""
    total = statistics.log_likelihood + float(statistics.second.sum())
    if isfinite(total):
        return
    if not (np.isfinite(statistics.second).all() and np.isfinite(statistics.log_likelihood)):
        raise OutOfRangeError(
            "The values in X are too large, or too far from the starting means: squares of the "
            "differences overflow. Scale the data, for example to unit variance."
        )
