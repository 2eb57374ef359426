"""Recognizing spurious maxima of the likelihood.

The likelihood of a mixture has no upper bound: a component may shrink onto a few samples that
happen to share a value, or to lie on a line, and gain as much as its variance is let to fall.
Such a maximum says nothing about the data, yet its BIC may beat every honest model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Variances up to this many times the floor are held up by the floor and not by the data.
FLOOR_MARGIN = 2.0


@dataclass(frozen=True)
class DistinctValues:
    """What a component must not be narrower than: the values that each feature takes.

    Attributes
    ----------
    values : tuple of ndarray
        Sorted distinct values of each feature.
    feature_names : tuple of str
        What messages call the features.

    Examples
    --------
    >>> distinct = DistinctValues.of(np.array([[1.0], [2.0], [2.0], [5.0]]), ("x",))
    >>> distinct.spacing(0, 1.0, 2.0)
    1.0
    """

    values: tuple[Array, ...]
    feature_names: tuple[str, ...]

    @classmethod
    def of(cls, X: Array, feature_names: tuple[str, ...]) -> DistinctValues:
        """Distinct values of the samples `X`, (n_samples, n_features)."""
        return cls(tuple(np.unique(column) for column in X.T), feature_names)

    def spacing(self, feature: int, low: float, high: float) -> float:
        """Median gap between the feature's values from below `low` to above `high`, 0 for one."""
        values = self.values[feature]
        start = max(0, np.searchsorted(values, low) - 1)
        stop = np.searchsorted(values, high, side="right") + 1
        gaps = np.sort(np.diff(values[start:stop]))
        return float(gaps[(gaps.size - 1) // 2]) if gaps.size else 0.0


def spurious_reason(
    X: Array,
    labels: NDArray[np.int64],
    covariances: Array,
    reg_covar: float,
    distinct: DistinctValues,
    fewest_rows: int,
) -> str | None:
    """Why a fitted mixture is a spurious maximum, None if it is not.

    A component is spurious if no rows are assigned to it, if these hold fewer distinct ones than
    its covariance needs, if its variance in some direction is at the floor `reg_covar`, or if the
    interval of one standard deviation to either side of its mean, along the axis of some feature,
    is narrower than the spacing of that feature's distinct values around it.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Samples.
    labels : ndarray of shape (n_samples,)
        Component of each sample.
    covariances : ndarray of shape (n_components, n_features, n_features)
        Covariance matrices.
    reg_covar : float
        What was added to every variance.
    distinct : DistinctValues
        The distinct values of `X`.
    fewest_rows : int
        Distinct rows that the covariance of one component needs.

    Returns
    -------
    str or None
        The reason, with the number of the component.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0], [3.0], [3.0]])
    >>> labels = np.array([0, 0, 0, 1, 1, 1])
    >>> covariances = np.array([[[0.7]], [[0.04]]])
    >>> spurious_reason(X, labels, covariances, 1e-6, DistinctValues.of(X, ("x",)), 2)
    'component 1 holds only 1 distinct row'
    """
    variances = conditional_variances(covariances)
    for k, own_variances in enumerate(variances):
        rows = X[labels == k]
        reason = (
            _too_few_rows(rows, fewest_rows)
            or _at_floor(own_variances, reg_covar)
            or _too_narrow(rows, own_variances, distinct)
        )
        if reason:
            return f"component {k} {reason}"
    return None


def conditional_variances(covariances: Array) -> Array:
    """Variance of each feature given all others, 1 / precision_dd, (n_components, n_features)."""
    variances = np.einsum("kdd->kd", covariances)
    deviations = np.sqrt(variances)
    # Correlations are inverted, not covariances: the scales of the features then do no harm.
    correlations = covariances / (deviations[:, :, np.newaxis] * deviations[:, np.newaxis, :])
    return np.asarray(variances / np.einsum("kdd->kd", np.linalg.inv(correlations)))


def n_distinct_rows(X: Array, at_most: int) -> int:
    """Number of distinct rows, counted no further than `at_most`.

    Examples
    --------
    >>> n_distinct_rows(np.array([[1.0, 2.0], [1.0, 2.0], [3.0, 4.0]]), at_most=5)
    2
    """
    count = 0
    while len(X) and count < at_most:
        X = X[(X[0] != X).any(axis=1)]
        count += 1
    return count


def _too_few_rows(rows: Array, needed: int) -> str | None:
    """Fewer distinct rows than needed determine no covariance; without rows it is another's."""
    if len(rows) == 0:
        return "holds no rows: another one is more probable for each"
    count = n_distinct_rows(rows, at_most=needed)
    if count == needed:
        return None
    return f"holds only {count} distinct row{'' if count == 1 else 's'}"


def _at_floor(variances: Array, reg_covar: float) -> str | None:
    """One collapsed direction alone makes up the trace of the precision matrix."""
    if 1 / (1 / variances).sum() > FLOOR_MARGIN * reg_covar:
        return None
    return f"has a variance at the floor of {reg_covar:.2g}"


def _too_narrow(rows: Array, variances: Array, distinct: DistinctValues) -> str | None:
    """The spacing of values is finer than a component that the data can tell from a point."""
    low, high = rows.min(axis=0), rows.max(axis=0)
    for d, width in enumerate(2 * np.sqrt(variances)):
        if width < distinct.spacing(d, low[d], high[d]):
            return f"is narrower than the spacing of {distinct.feature_names[d]}"
    return None
