"""Detection of spurious maxima of the likelihood.

The likelihood of a mixture has no upper bound: a component may shrink onto a few samples that
happen to have the same value, or to lie on a line, and the likelihood grows as the variance of the
component falls. Such a maximum does not describe the data, yet its BIC may be the smallest of all
models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gmmx.selection.feature_scale import shares_of, variance_of

Array = NDArray[np.float64]

# A variance of at most this many times `reg_covar` is due to `reg_covar` and not to the data.
FLOOR_MARGIN = 2.0

# A component that lies behind others is judged by the rows for which its probability is this large.
EXPLAINED_SHARE = 0.1

# A component is narrow in a feature if its standard deviation is below this share of that of all
# samples. A feature of two values is about as wide in every component as in all samples.
NARROW_SHARE = 0.5


@dataclass(frozen=True)
class DistinctValues:
    """The distinct values of each feature; a component must not be narrower than their spacing.

    Attributes
    ----------
    values : tuple of ndarray
        Sorted distinct values of each feature.
    variances : ndarray of shape (n_features,)
        Variance of each feature in all samples.
    feature_names : tuple of str
        Names of the features in messages.

    Examples
    --------
    >>> distinct = DistinctValues.of(np.array([[1.0], [2.0], [2.0], [5.0]]), ("x",))
    >>> distinct.spacing(0, 1.0, 2.0)
    1.0
    """

    values: tuple[Array, ...]
    variances: Array
    feature_names: tuple[str, ...]

    @classmethod
    def of(
        cls, X: Array, feature_names: tuple[str, ...], weight: Array | None = None
    ) -> DistinctValues:
        """Return the distinct values of the samples `X`, (n_samples, n_features)."""
        shares = shares_of(weight)
        variances = np.array([variance_of(column, shares) for column in X.T])
        return cls(tuple(np.unique(column) for column in X.T), variances, feature_names)

    def widths(self, variances: Array) -> Array:
        """Return two standard deviations, or infinity where a component is not narrow.

        `variances` and the result have the shape (n_components, n_features).
        """
        is_narrow = variances < NARROW_SHARE**2 * self.variances
        return np.where(is_narrow, 2 * np.sqrt(variances), np.inf)

    def spacing(self, feature: int, low: float, high: float) -> float:
        """Return the median gap between distinct values of a feature, 0 for a single value.

        The gaps reach from the last value below `low` to the first value above `high`.
        """
        values = self.values[feature]
        start = max(0, np.searchsorted(values, low) - 1)
        stop = np.searchsorted(values, high, side="right") + 1
        gaps = np.sort(np.diff(values[start:stop]))
        return float(gaps[(gaps.size - 1) // 2]) if gaps.size else 0.0


def spurious_reason(
    X: Array,
    labels: NDArray[np.int64],
    explained: Callable[[], NDArray[np.bool_]],
    covariances: Array,
    reg_covar: float,
    distinct: DistinctValues,
    fewest_rows: int,
) -> str | None:
    """Return why a fitted mixture is a spurious maximum, None if it is not.

    A component is spurious if its variance in some direction is at the floor `reg_covar`, if it has
    fewer distinct rows than its covariance needs, or if it is narrower than the data can resolve:
    along some feature's axis the interval of one standard deviation to either side of its mean is
    narrower than the spacing of distinct values around it. A feature in which the component is not
    much narrower than all samples does not count there. The rows of a component are the rows
    that are assigned to it. A component with too few of them may lie behind others, so it is judged
    again by the rows of which it explains at least a tenth.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Samples.
    labels : ndarray of shape (n_samples,)
        Component of each sample.
    explained : callable
        Returns whether a component's probability for a sample is at least `EXPLAINED_SHARE`,
        (n_samples, n_components). Called only if `labels` make a component look spurious.
    covariances : ndarray of shape (n_components, n_features, n_features)
        Covariance matrices.
    reg_covar : float
        Value added to every variance.
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
    >>> explained = lambda: labels[:, np.newaxis] == [0, 1]
    >>> covariances = np.array([[[0.7]], [[0.04]]])
    >>> distinct = DistinctValues.of(X, ("x",))
    >>> spurious_reason(X, labels, explained, covariances, 1e-6, distinct, 2)
    'component 1 holds only 1 distinct row'
    """

    def reason_of(k: int, rows: Array) -> str | None:
        return _too_few_rows(rows, fewest_rows) or _too_narrow(rows, widths[k], distinct)

    variances, memberships = conditional_variances(covariances), None
    widths = distinct.widths(variances)
    for k, own_variances in enumerate(variances):
        reason = _at_floor(own_variances, reg_covar)
        if reason is None and reason_of(k, X[labels == k]) is not None:
            memberships = explained() if memberships is None else memberships
            reason = reason_of(k, X[memberships[:, k]])
        if reason is not None:
            return f"component {k} {reason}"
    return None


def conditional_variances(covariances: Array) -> Array:
    """Return the variance of each feature given all others, (n_components, n_features).

    It is 1 / precision_dd.
    """
    variances = np.einsum("kdd->kd", covariances)
    deviations = np.sqrt(variances)
    # The inverse of the correlations is accurate even if the scales of the features differ much.
    correlations = covariances / (deviations[:, :, np.newaxis] * deviations[:, np.newaxis, :])
    return np.asarray(variances / np.einsum("kdd->kd", np.linalg.inv(correlations)))


def n_distinct_rows(X: Array, at_most: int) -> int:
    """Return the number of distinct rows, counted up to `at_most`.

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
    """Return a reason if there are fewer distinct rows than the covariance needs."""
    if len(rows) == 0:
        return f"explains no row by {EXPLAINED_SHARE:.0%} or more"
    count = n_distinct_rows(rows, at_most=needed)
    if count == needed:
        return None
    return f"holds only {count} distinct row{'' if count == 1 else 's'}"


def _at_floor(variances: Array, reg_covar: float) -> str | None:
    """Return a reason if the variance in some direction is at the floor.

    The precision of a collapsed direction makes up nearly all of the precision matrix's trace.
    """
    if 1 / (1 / variances).sum() > FLOOR_MARGIN * reg_covar:
        return None
    return f"has a variance at the floor of {reg_covar:.2g}"


def _too_narrow(rows: Array, widths: Array, distinct: DistinctValues) -> str | None:
    """Return a reason if the component is narrower than the spacing of a feature's values.

    The data cannot tell such a component from a point.
    """
    low, high = rows.min(axis=0), rows.max(axis=0)
    for d, width in enumerate(widths):
        if width < distinct.spacing(d, low[d], high[d]):
            return f"is narrower than the spacing of {distinct.feature_names[d]}"
    return None
