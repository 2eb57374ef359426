"""Which components lie on few distinct rows, or between two values of a feature."""

import numpy as np

from libc.math cimport INFINITY

from gmmx._core.interface.passes cimport check_size


cdef struct Features:
    const double *gaps      # differences of neighboring distinct values, feature by feature
    const int *first_gap    # (D + 1,) where the gaps of each feature begin


cdef void widen(
    const int *ranks, Py_ssize_t D, bint is_first, int *lowest, int *highest
) noexcept nogil:
    """Extend the range of a component's ranks by those of a row."""
    cdef Py_ssize_t d
    for d in range(D):
        if is_first or ranks[d] < lowest[d]:
            lowest[d] = ranks[d]
        if is_first or ranks[d] > highest[d]:
            highest[d] = ranks[d]


cdef bint exceeds(
    const Features *features, Py_ssize_t d, int lowest, int highest, double width
) noexcept nogil:
    """Return whether the median gap around a range of ranks exceeds a width.

    The gaps reach from the value below the lowest to the value above the highest.
    """
    cdef Py_ssize_t n_gaps = features.first_gap[d + 1] - features.first_gap[d]
    cdef Py_ssize_t start = max(0, lowest - 1), stop = min(highest + 1, n_gaps), i, n_within = 0
    cdef const double *gaps = features.gaps + features.first_gap[d]
    for i in range(start, stop):
        n_within += gaps[i] <= width
    return 2 * n_within < stop - start


def sparse_features(
    const unsigned char[:, ::1] belongs,  # IN (n, K) whether a row is one of a component's rows
    const int[:, ::1] ranks,              # IN (n, D) of the rows' values among distinct values
    const double[::1] gaps,               # IN differences of distinct values, feature by feature
    const int[::1] first_gap,             # IN (D + 1,) where the gaps of each feature begin
    const double[:, ::1] widths,          # IN (K, D) inf for features that do not count
):
    """Return the number of rows of each component, and its first feature of few values, else -1.

    The rows are distinct. Such a feature has a median gap around the component's rows that exceeds
    the component's width.
    """
    cdef Py_ssize_t n = ranks.shape[0], D = ranks.shape[1], K = belongs.shape[1], i, k, d
    check_size("belongs", belongs.shape[0], n)
    check_size("first_gap", first_gap.shape[0], D + 1)
    check_size("widths", widths.shape[0], K)
    check_size("widths", widths.shape[1], D)
    if not 0 < D * K:
        raise ValueError(f"expected at least 1 feature and 1 component, got {D} and {K}")
    check_size("gaps", gaps.shape[0], first_gap[D])
    cdef Py_ssize_t[::1] n_rows = np.zeros(K, np.intp), feature = np.full(K, -1, np.intp)
    cdef int[:, ::1] lowest = np.empty((K, D), np.intc), highest = np.empty((K, D), np.intc)
    cdef Features features
    features.first_gap = &first_gap[0]
    features.gaps = &gaps[0] if gaps.shape[0] else NULL
    with nogil:
        for i in range(n):
            for k in range(K):
                if belongs[i, k]:
                    widen(&ranks[i, 0], D, n_rows[k] == 0, &lowest[k, 0], &highest[k, 0])
                    n_rows[k] += 1
        for k in range(K):
            for d in range(D if n_rows[k] else 0):
                if widths[k, d] < INFINITY and exceeds(
                    &features, d, lowest[k, d], highest[k, d], widths[k, d]
                ):
                    feature[k] = d
                    break
    return n_rows.base, feature.base
