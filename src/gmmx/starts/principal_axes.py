"""Samples in coordinates that do not depend on the units and the correlations of features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gmmx.model.statistics import check_range
from gmmx.samples.array_source import ArraySource
from gmmx.samples.moments import in_double

if TYPE_CHECKING:
    from gmmx.arrays import Array, FloatArray, Samples

SMALLEST_SHARE = 1e-10  # of the largest variance along an axis, below which an axis is left out
# Products with the axes are computed for few rows at a time: a library would use threads of its own
# for larger matrices.
BLOCK_PRODUCTS = 1 << 18


@dataclass(frozen=True, eq=False)
class PrincipalAxes:
    """Principal axes of the standardized samples.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_features,)
        Weighted means and standard deviations of the features; the scale of a constant is 1.
    directions : ndarray of shape (n_features, n_axes)
        Eigenvectors of the correlation matrix whose eigenvalues are not 0, at least one.
    variances : ndarray of shape (n_axes,)
        Their eigenvalues; 1 if all features are constant.
    """

    mean: Array
    scale: Array
    directions: Array
    variances: Array

    @classmethod
    def of(cls, samples: ArraySource) -> PrincipalAxes:
        """Return the axes of all samples.

        Raises `OutOfRangeError` if squares of the samples overflow.
        """
        total = samples.total("dense")
        check_range(total)
        shift, weight = total.shift[0], total.counts[0]
        covariance = total.second[0] / weight - np.outer(shift, shift)
        deviations = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        scale = np.where(deviations > 0, deviations, 1.0)
        correlations = covariance / scale / scale[:, np.newaxis]
        variances, directions = np.linalg.eigh(correlations)
        kept = variances > SMALLEST_SHARE * variances[-1]
        kept[-1] = True
        variances = variances[kept] if variances[-1] > 0 else np.ones(1)
        return cls(total.means[0], scale, directions[:, kept], variances)

    def conditional_variances(self) -> Array:
        """Return the variance of each feature given all others, (n_features,)."""
        squares = np.square(self.directions)
        of_left_out = np.maximum(1 - squares.sum(axis=1), 0.0) / SMALLEST_SHARE
        precisions = (squares / self.variances).sum(axis=1) + of_left_out / self.variances[-1]
        return np.asarray(np.square(self.scale) / precisions)

    def standardized(self, X: Samples) -> Array:
        """Return samples with mean 0 and variance 1 in each feature, in float64."""
        return np.asarray((X - self.mean) / self.scale)

    def whitened(self, X: Samples) -> FloatArray:
        """Return samples with variance 1 along each axis, (n_samples, n_axes)."""
        return self.powered(X, -0.5)

    def powered(self, X: Samples, exponent: float) -> FloatArray:
        """Return coordinates times variances ** exponent, in the precision of `X`."""
        axes = self.directions * self.variances**exponent
        coordinates = np.empty((len(X), axes.shape[1]), dtype=X.dtype)
        size = max(1, BLOCK_PRODUCTS // axes.size)
        for start in range(0, len(X), size):
            rows = slice(start, start + size)
            coordinates[rows] = self.standardized(X[rows]) @ axes
        return coordinates


def whitened_source(samples: ArraySource, axes: PrincipalAxes) -> ArraySource:
    """Return a source of the whitened samples, with the same weights."""
    return ArraySource(axes.whitened(samples.X), samples.n_threads, in_double(samples.weight))
