"""Sufficient statistics of a mixture: all that an M-step needs to know of the samples.

Moments are taken about an `origin` near the new means, so they do not cancel however far from
zero the data lie. Statistics of shards of one data set add up to those of the whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from gmmx._core.interface import components
from gmmx.model.layouts import LAYOUTS, Layout

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray


# A component that holds less than this share of one sample is empty: its moments underflow.
SMALLEST_COUNT = 1e-280


@dataclass(frozen=True, eq=False)
class SufficientStatistics:
    """Moments of weighted samples, r_ik being the responsibility of component k for sample i.

    Attributes
    ----------
    layout : {'dense', 'shared', 'diagonal', 'isotropic'}
        Which second moments are held.
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

    def __add__(self, other: SufficientStatistics) -> SufficientStatistics:
        """Statistics of two sets of samples together; the origin stays that of the first."""
        if self.layout != other.layout or self.origin.shape != other.origin.shape:
            raise ValueError(
                f"statistics of layout {self.layout!r} with origin {self.origin.shape} cannot be "
                f"added to those of layout {other.layout!r} with origin {other.origin.shape}"
            )
        moved = other.about(self.origin)
        return replace(
            self,
            counts=self.counts + moved.counts,
            first=self.first + moved.first,
            second=self.second + moved.second,
            log_likelihood=self.log_likelihood + moved.log_likelihood,
        )

    def scaled(self, factor: float) -> SufficientStatistics:
        """Statistics of the samples with all weights multiplied by `factor`."""
        return replace(
            self,
            counts=factor * self.counts,
            first=factor * self.first,
            second=factor * self.second,
            log_likelihood=factor * self.log_likelihood,
        )

    def about(self, origin: Array) -> SufficientStatistics:
        """The same moments about another origin: x - o' = (x - o) + (o - o')."""
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
        """Components that hold no samples: their count underflows."""
        return (self.counts < SMALLEST_COUNT).nonzero()[0]

    @cached_property
    def shift(self) -> Array:
        """New means less origin: first / counts, 0 for an empty component."""
        return components.mean_shift(self.counts, self.first, SMALLEST_COUNT)

    @property
    def means(self) -> Array:
        """Means of the components; an empty one keeps its origin."""
        return self.origin + self.shift

    def merged(self) -> SufficientStatistics:
        """Statistics of all samples as those of one component."""
        moved = self.about(np.repeat(self.origin[:1], len(self.origin), axis=0))
        return replace(
            self,
            counts=moved.counts.sum(keepdims=True),
            first=moved.first.sum(axis=0, keepdims=True),
            second=LAYOUTS[self.layout].merged(moved.second),
            origin=self.origin[:1],
        )

    def to_layout(self, layout: Layout) -> SufficientStatistics:
        """The same statistics: sums of second moments, or matrices of one feature."""
        if layout == self.layout:
            return self
        second = LAYOUTS[layout].from_layout(self.layout, self.second)
        if second is None:
            raise ValueError(f"second moments of layout {self.layout!r} hold none of {layout!r}")
        # Not by replace, which takes as long as a small pass.
        return SufficientStatistics(
            layout, self.counts, self.first, second, self.origin, self.log_likelihood
        )


class OutOfRangeError(ValueError):
    """Squared differences of samples and means overflow."""


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
