"""Detection of spurious maxima of the likelihood.

The likelihood of a mixture has no upper bound: a component may shrink onto a few samples that
happen to have the same value, or to lie on a line, and the likelihood grows as the variance of the
component falls. Such a maximum does not describe the data, yet its BIC may be the smallest of all
models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gmmx._core.interface.distinct_rows import sparse_features
from gmmx.checks.feature_scale import shares_of, variance_of
from gmmx.samples.array_source import ArraySource
from gmmx.starts.principal_axes import PrincipalAxes

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray
    from gmmx.model.covariance import CovarianceStructure

# A variance of at most this many times `reg_covar` is due to `reg_covar` and not to the data.
FLOOR_MARGIN = 2.0

# A component that lies behind others is judged by the rows for which its probability is this large.
EXPLAINED_SHARE = 0.1

# A component is narrow in a feature if its standard deviation is below this share of that of all
# samples. A feature of two values is about as wide in every component as in all samples, and so is
# a feature that the others determine up to rounding errors.
NARROW_SHARE = 0.5


@dataclass(frozen=True)
class DistinctValues:
    """The distinct rows and the distinct values of each feature of some samples.

    A component needs some distinct rows, and must not be narrower than the spacing of the values.

    Attributes
    ----------
    rows : ndarray of shape (n_rows, n_features)
        Distinct rows.
    ranks : ndarray of shape (n_rows, n_features)
        Their values, numbered in the order of each feature's distinct values.
    gaps : ndarray
        Differences of neighboring distinct values, feature by feature.
    first_gap : ndarray of shape (n_features + 1,)
        Where the gaps of each feature begin.
    largest_gaps : ndarray of shape (n_features,)
        Largest gap of each feature, 0 if it has one value.
    variances, variances_given_others : ndarray of shape (n_features,)
        Variance of each feature in all samples, and its variance given all other features.
    feature_names : tuple of str
        Names of the features in messages.

    Examples
    --------
    >>> distinct = DistinctValues.of(np.array([[1.0], [2.0], [2.0], [5.0]]), ("x",))
    >>> distinct.n_rows, distinct.gaps.tolist()
    (3, [1.0, 3.0])
    """

    rows: Array
    ranks: NDArray[np.intc]
    gaps: Array
    first_gap: NDArray[np.intc]
    largest_gaps: Array
    variances: Array
    variances_given_others: Array
    feature_names: tuple[str, ...]

    @classmethod
    def of(
        cls, X: Array, feature_names: tuple[str, ...], weight: Array | None = None
    ) -> DistinctValues:
        """Return the distinct rows and values of the samples `X`, (n_samples, n_features)."""
        ranks = np.empty(X.shape, dtype=np.intc)
        row_numbers, gaps = np.zeros(len(X), dtype=np.int64), []
        for d, column in enumerate(X.T):
            distinct, ranks[:, d] = np.unique(column, return_inverse=True)
            gaps.append(np.diff(distinct))
            # Rows that the features before this one tell apart need no further sorting.
            if row_numbers.max(initial=0) < len(X) - 1:
                pairs = row_numbers * distinct.size + ranks[:, d]
                row_numbers = np.unique(pairs, return_inverse=True)[1]
        first_rows = np.unique(row_numbers, return_index=True)[1]
        are_distinct, shares = len(first_rows) == len(X), shares_of(weight)
        return cls(
            X if are_distinct else X[first_rows], ranks if are_distinct else ranks[first_rows],
            np.concatenate(gaps),
            np.cumsum([0, *map(len, gaps)], dtype=np.intc),
            np.array([one.max(initial=0.0) for one in gaps]),
            np.array([variance_of(column, shares) for column in X.T]),
            PrincipalAxes.of(ArraySource(X, 1, weight)).conditional_variances(), feature_names,
        )  # fmt: skip

    def widths(self, variances: Array, *, are_matrices: bool) -> Array:
        """Return two standard deviations, or infinity where a component is not narrow.

        Also a width that no gap exceeds is replaced by infinity. `variances` and the result have
        the shape (n_components, n_features). Variances of matrices are compared with those of all
        samples given the other features.
        """
        widths = 2 * np.sqrt(variances)
        of_all = self.variances_given_others if are_matrices else self.variances
        is_narrow = variances < NARROW_SHARE**2 * of_all
        return np.where(is_narrow & (widths < self.largest_gaps), widths, np.inf)

    @property
    def n_rows(self) -> int:
        """Number of distinct rows."""
        return len(self.rows)


def spurious_reason(
    variances: Array,
    assigned: Callable[[], NDArray[np.bool_]],
    explained: Callable[[], NDArray[np.bool_]],
    reg_covar: float,
    distinct: DistinctValues,
    fewest_rows: int,
    *,
    are_matrices: bool,
) -> str | None:
    """Return why a fitted mixture is a spurious maximum, None if it is not.

    A component is spurious if its variance in some direction is at the floor `reg_covar`, if it has
    fewer distinct rows than its covariance needs, or if it is narrower than the data can resolve:
    along some feature's axis the interval of one standard deviation to either side of its mean is
    narrower than the spacing of distinct values around it. A feature in which the component is not
    much narrower than all samples does not count there. The rows of a component are the rows
    that are assigned to it. A component with too few of them may lie behind others, so it is judged
    again by the rows of which it explains at least a tenth.

    A single component is refused only if its variance is at the floor: if the samples lie in fewer
    dimensions than they have features, the likelihood of a covariance matrix depends on `reg_covar`
    and has no meaning.

    Parameters
    ----------
    variances : ndarray of shape (n_components, n_features)
        Variance of each feature given all others, in each component.
    assigned : callable
        Returns whether a component is the most probable one of a distinct row,
        (n_rows, n_components). Called only if no variance is at the floor.
    explained : callable
        Returns whether a component's probability for a distinct row is at least `EXPLAINED_SHARE`,
        (n_rows, n_components). Called only if the rows of `assigned` make a component look
        spurious.
    reg_covar : float
        Value added to every variance.
    distinct : DistinctValues
        The distinct values of the samples.
    fewest_rows : int
        Distinct rows that the covariance of one component needs.
    are_matrices : bool
        Whether covariances are matrices, not variances.

    Returns
    -------
    str or None
        The reason, with the number of the component.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0], [3.0], [3.0]])
    >>> distinct = DistinctValues.of(X, ("x",))
    >>> assigned = lambda: np.array([[True, False], [True, False], [True, False], [False, True]])
    >>> variances = np.array([[0.7], [0.04]])
    >>> spurious_reason(variances, assigned, assigned, 1e-6, distinct, 2, are_matrices=False)
    'component 1 holds only 1 distinct row'
    """
    reasons = _at_floor(variances, reg_covar)
    if not any(reasons) and len(reasons) > 1:
        widths = distinct.widths(variances, are_matrices=are_matrices)
        judge = partial(_reasons_of_rows, widths, distinct, fewest_rows)
        reasons = judge(assigned())
        if any(reasons):
            partly = judge(explained())
            reasons = [reason and other for reason, other in zip(reasons, partly, strict=True)]
    return next((f"component {k} {reason}" for k, reason in enumerate(reasons) if reason), None)


def conditional_variances(covariance: CovarianceStructure) -> Array:
    """Return the variance of each feature given all others, (n_components, n_features).

    It is 1 / precision_dd.
    """
    squares = np.square(covariance.factors())
    variances = np.empty((covariance.n_components, covariance.n_features))
    variances[:] = 1 / (squares.sum(axis=-1) if covariance.are_matrices else squares)
    return variances


def _at_floor(variances: Array, reg_covar: float) -> list[str | None]:
    """Return a reason for each component whose variance in some direction is at the floor.

    The precision of a collapsed direction makes up nearly all of the precision matrix's trace.
    """
    is_above = 1 / (1 / variances).sum(axis=1) > FLOOR_MARGIN * reg_covar
    reason = f"has a variance at the floor of {reg_covar:.2g}"
    return [None if above else reason for above in is_above.tolist()]


def _reasons_of_rows(
    widths: Array, distinct: DistinctValues, fewest_rows: int, belongs: NDArray[np.bool_]
) -> list[str | None]:
    """Return why the rows of each component are too few, or too sparse for its width, or None.

    `belongs` tells which distinct rows are those of each component, (n_rows, n_components).
    """
    counts, features = sparse_features(
        belongs.view(np.uint8), distinct.ranks, distinct.gaps, distinct.first_gap, widths
    )
    reasons = []
    for count, feature in zip(counts.tolist(), features.tolist(), strict=True):
        reason = _too_few_rows(count, fewest_rows)
        if reason is None and feature >= 0:
            # The data cannot tell such a component from a point.
            reason = f"is narrower than the spacing of {distinct.feature_names[feature]}"
        reasons.append(reason)
    return reasons


def _too_few_rows(count: int, needed: int) -> str | None:
    """Return a reason if there are fewer distinct rows than the covariance needs."""
    if count == 0:
        return f"explains no row by {EXPLAINED_SHARE:.0%} or more"
    if count >= needed:
        return None
    return f"holds only {count} distinct row{'' if count == 1 else 's'}"
