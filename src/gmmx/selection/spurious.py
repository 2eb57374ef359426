"""Detection of spurious maxima of the likelihood.

The likelihood of a mixture has no upper bound: a component may shrink onto a few samples that
happen to have the same value, or to lie on a line, and the likelihood grows as the variance of the
component falls. Such a maximum does not describe the data, yet its BIC may be the smallest of all
models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from gmmx.selection.feature_scale import shares_of, variance_of

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

# A variance of at most this many times `reg_covar` is due to `reg_covar` and not to the data.
FLOOR_MARGIN = 2.0

# A component that lies behind others is judged by the rows for which its probability is this large.
EXPLAINED_SHARE = 0.1

# A component is narrow in a feature if its standard deviation is below this share of that of all
# samples. A feature of two values is about as wide in every component as in all samples.
NARROW_SHARE = 0.5


@dataclass(frozen=True)
class DistinctValues:
    """The distinct rows and the distinct values of each feature of some samples.

    A component needs some distinct rows, and must not be narrower than the spacing of the values.

    Attributes
    ----------
    row_numbers : ndarray of shape (n_samples,)
        Number of each sample's distinct row.
    values : tuple of ndarray
        Sorted distinct values of each feature.
    gaps : tuple of ndarray
        Differences of neighboring values of each feature.
    variances : ndarray of shape (n_features,)
        Variance of each feature in all samples.
    feature_names : tuple of str
        Names of the features in messages.

    Examples
    --------
    >>> distinct = DistinctValues.of(np.array([[1.0], [2.0], [2.0], [5.0]]), ("x",))
    >>> distinct.n_rows, distinct.gaps[0].tolist()
    (3, [1.0, 3.0])
    """

    row_numbers: Labels
    values: tuple[Array, ...]
    gaps: tuple[Array, ...]
    variances: Array
    feature_names: tuple[str, ...]

    @classmethod
    def of(
        cls, X: Array, feature_names: tuple[str, ...], weight: Array | None = None
    ) -> DistinctValues:
        """Return the distinct rows and values of the samples `X`, (n_samples, n_features)."""
        row_numbers, values = np.zeros(len(X), dtype=np.int64), []
        for column in X.T:
            distinct, numbers = np.unique(column, return_inverse=True)
            values.append(distinct)
            # Rows that the features before this one tell apart need no further sorting.
            if row_numbers.max(initial=0) < len(X) - 1:
                pairs = row_numbers * distinct.size + numbers
                row_numbers = np.unique(pairs, return_inverse=True)[1]
        shares = shares_of(weight)
        variances = np.array([variance_of(column, shares) for column in X.T])
        gaps = tuple(map(np.diff, values))
        return cls(row_numbers, tuple(values), gaps, variances, feature_names)

    def widths(self, variances: Array) -> Array:
        """Return two standard deviations, or infinity where a component is not narrow.

        `variances` and the result have the shape (n_components, n_features).
        """
        is_narrow = variances < NARROW_SHARE**2 * self.variances
        return np.where(is_narrow, 2 * np.sqrt(variances), np.inf)

    @cached_property
    def largest_gaps(self) -> Array:
        """Largest gap of each feature, (n_features,)."""
        return np.array([gaps.max(initial=0.0) for gaps in self.gaps])

    @property
    def n_rows(self) -> int:
        """Number of distinct rows."""
        return int(self.row_numbers.max(initial=-1)) + 1

    def are_wider(self, feature: int, low: Array, high: Array, widths: Array) -> NDArray[np.bool_]:
        """Return whether the median gap of a feature around each interval exceeds a width.

        The gaps reach from the last value below `low` to the first value above `high`, both of
        shape (n_intervals,). The median of a single value's gaps is 0.
        """
        values, gaps = self.values[feature], self.gaps[feature]
        start = np.maximum(0, np.searchsorted(values, low) - 1)
        stop = np.minimum(np.searchsorted(values, high, side="right"), gaps.size)
        n_narrow = np.zeros((len(widths), gaps.size + 1), dtype=np.int64)
        np.cumsum(gaps <= widths[:, np.newaxis], axis=1, out=n_narrow[:, 1:])
        interval = np.arange(len(widths))
        n_within = n_narrow[interval, stop] - n_narrow[interval, start]
        # The median exceeds the width if at most so many gaps do not.
        return np.asarray(n_within <= (stop - start - 1) // 2)


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
    variances = conditional_variances(covariances)
    judge = partial(_reasons_of_rows, X, variances, distinct, fewest_rows)
    reasons = _at_floor(variances, reg_covar)
    if not any(reasons):
        reasons = judge(np.arange(len(X)), labels)
        if any(reasons):
            partly = judge(*np.nonzero(explained()))
            reasons = [reason and other for reason, other in zip(reasons, partly, strict=True)]
    return next((f"component {k} {reason}" for k, reason in enumerate(reasons) if reason), None)


def conditional_variances(covariances: Array) -> Array:
    """Return the variance of each feature given all others, (n_components, n_features).

    It is 1 / precision_dd.
    """
    variances = np.einsum("kdd->kd", covariances)
    deviations = np.sqrt(variances)
    # The inverse of the correlations is accurate even if the scales of the features differ much.
    correlations = covariances / (deviations[:, :, np.newaxis] * deviations[:, np.newaxis, :])
    return np.asarray(variances / np.einsum("kdd->kd", np.linalg.inv(correlations)))


def _at_floor(variances: Array, reg_covar: float) -> list[str | None]:
    """Return a reason for each component whose variance in some direction is at the floor.

    The precision of a collapsed direction makes up nearly all of the precision matrix's trace.
    """
    is_above = 1 / (1 / variances).sum(axis=1) > FLOOR_MARGIN * reg_covar
    reason = f"has a variance at the floor of {reg_covar:.2g}"
    return [None if above else reason for above in is_above.tolist()]


def _reasons_of_rows(
    X: Array,
    variances: Array,
    distinct: DistinctValues,
    fewest_rows: int,
    rows: Labels,
    components: Labels,
) -> list[str | None]:
    """Return why the rows of each component are too few, or too sparse for its width, or None.

    A row `rows[j]` belongs to the component `components[j]`.
    """
    n_components, n_rows = len(variances), distinct.n_rows
    pairs = np.unique(components * n_rows + distinct.row_numbers[rows])
    counts = np.bincount(pairs // n_rows, minlength=n_components)
    reasons = [_too_few_rows(int(count), fewest_rows) for count in counts]
    present = np.flatnonzero(counts)
    narrow_features = _narrow_features(
        X[rows], components, present, distinct.widths(variances[present]), distinct
    )
    for k, narrow in zip(present.tolist(), narrow_features, strict=True):
        if reasons[k] is None and narrow.any():
            # The data cannot tell such a component from a point.
            name = distinct.feature_names[int(narrow.argmax())]
            reasons[k] = f"is narrower than the spacing of {name}"
    return reasons


def _too_few_rows(count: int, needed: int) -> str | None:
    """Return a reason if there are fewer distinct rows than the covariance needs."""
    if count == 0:
        return f"explains no row by {EXPLAINED_SHARE:.0%} or more"
    if count >= needed:
        return None
    return f"holds only {count} distinct row{'' if count == 1 else 's'}"


def _narrow_features(
    X: Array, components: Labels, present: Labels, widths: Array, distinct: DistinctValues
) -> NDArray[np.bool_]:
    """Return the features in whose values components are too narrow, (n_present, n_features).

    `components` are those of the rows of `X`, `present` their sorted distinct values.
    """
    is_narrow = np.zeros(widths.shape, dtype=bool)
    # No median of gaps exceeds the largest gap.
    features = np.flatnonzero((widths < distinct.largest_gaps).any(axis=0))
    if not features.size:
        return is_narrow
    order = np.argsort(components, kind="stable")
    first_rows = np.searchsorted(components[order], present)
    for d in features.tolist():
        column = X[order, d]
        low = np.minimum.reduceat(column, first_rows)
        high = np.maximum.reduceat(column, first_rows)
        is_narrow[:, d] = distinct.are_wider(d, low, high, widths[:, d])
    return is_narrow
