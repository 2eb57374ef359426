"""Computations on components between two passes over the samples.

A handful of numbers for each component, in one call: the functions of NumPy that it replaces take
longer than a pass over hundreds of samples.
"""

import numpy as np

from libc.math cimport log

from gmmx._core.algebra.sums cimport pairwise_sum
from gmmx._core.interface.passes cimport check_size, double_kernels, factors_size, layout_number
from gmmx._core.layouts.task cimport Shape
from gmmx._core.process.host cimport LONG_WORK, check_signals_once, propagate

cdef object empty = np.empty
cdef double LOG_2_PI = 1.83787706640934548356


cdef int check_sizes(Py_ssize_t K, Py_ssize_t D) except -1:
    if K < 1 or D < 1:
        raise ValueError(f"expected at least 1 component and feature, got {K} and {D}")
    return 0


def label_order(
    const long long[::1] labels,  # IN (n,) from 0 to K - 1
    Py_ssize_t K,
    long long[::1] order,         # OUT (n,) indices sorted by label, stable
):
    """Sort indices by label with a counting sort."""
    cdef Py_ssize_t n = labels.shape[0], i, k, total = 0
    check_size("order", order.size, n)
    cdef long long[::1] start = np.zeros(K + 1, np.int64)
    for i in range(n):
        if not 0 <= labels[i] < K:
            raise ValueError(f"label {labels[i]} is not from 0 to {K - 1}")
        start[labels[i] + 1] += 1
    for k in range(K):
        total += start[k]
        start[k] = total
    for i in range(n):
        order[start[labels[i]]] = i
        start[labels[i]] += 1


cdef void write_log_scale(
    const double *weights, Py_ssize_t K, const double *factors, Py_ssize_t size, bint is_shared,
    Py_ssize_t D, double *scale,
) noexcept nogil:
    """The (K,) values of `log_scale`; `size` is that of a factor."""
    cdef Py_ssize_t n_logarithms = min(size, D), k, d
    cdef Py_ssize_t step = 1 if size <= D else D + 1  # from one value of the diagonal to the next
    cdef double log_det = 0
    for k in range(K):
        if k == 0 or not is_shared:
            log_det = 0
            for d in range(n_logarithms):
                log_det += log(factors[k * size + d * step])
        scale[k] = log(weights[k]) + log_det * (D // n_logarithms) - 0.5 * D * LOG_2_PI


def log_scale(
    const double[::1] weights,  # IN (K,)
    const double[::1] factors,  # IN flat, in the layout's shape
    str layout,
    Py_ssize_t D,
):
    """Return log weight_k + log det U_k - D/2 log 2 pi, (K,): log density at a component's mean."""
    cdef Py_ssize_t K = weights.shape[0]
    cdef const Shape *shape = double_kernels.shape_of(layout_number(layout))
    check_sizes(K, D)
    cdef object array = empty(K)
    cdef double[::1] scale = array
    check_size("factors", factors.size, factors_size(shape, K, D))
    write_log_scale(
        &weights[0], K, &factors[0], shape.factor_size(D), shape.is_shared, D, &scale[0])
    return array


cdef void write_mean_shift(
    const double *counts, const double *first, double smallest, Py_ssize_t K, Py_ssize_t D,
    double *shift,
) noexcept nogil:
    """The (K, D) values of `mean_shift`."""
    cdef Py_ssize_t k, d
    for k in range(K):
        for d in range(k * D, (k + 1) * D):
            shift[d] = first[d] / counts[k] if counts[k] >= smallest else 0


def mean_shift(
    const double[::1] counts,    # IN (K,)
    const double[:, ::1] first,  # IN (K, D)
    double smallest,             # count below which a component is empty
):
    """Return first_k / count_k, (K, D), 0 for an empty component."""
    cdef Py_ssize_t K = first.shape[0], D = first.shape[1]
    cdef object array = empty((K, D))
    cdef double[:, ::1] shift = array
    check_sizes(K, D)
    check_size("counts", counts.size, K)
    write_mean_shift(&counts[0], &first[0, 0], smallest, K, D, &shift[0, 0])
    return array


cdef inline void whiten_matrix(
    const double *shift, const double *factor, Py_ssize_t D, double *whitened
) noexcept nogil:
    """U^T shift."""
    cdef Py_ssize_t d, j
    for j in range(D):
        whitened[j] = 0
    for d in range(D):
        for j in range(d, D):
            whitened[j] += shift[d] * factor[d * D + j]


cdef void write_whitened(
    const double *shift, const double *factor, Py_ssize_t size, bint is_shared,
    Py_ssize_t K, Py_ssize_t D, double *whitened,
) noexcept nogil:
    """The (K, D) values of `whiten`; `size` is that of a factor."""
    cdef Py_ssize_t k, d
    for k in range(K):
        if size > D:
            whiten_matrix(shift + k * D, factor, D, whitened + k * D)
        else:
            for d in range(D):
                whitened[k * D + d] = shift[k * D + d] * factor[d if size == D else 0]
        if not is_shared:
            factor += size


def whiten(
    const double[:, ::1] shift,  # IN (K, D)
    const double[::1] factors,   # IN flat, in the layout's shape
    str layout,
):
    """Return U_k^T shift_k, (K, D)."""
    cdef Py_ssize_t K = shift.shape[0], D = shift.shape[1]
    cdef const Shape *shape = double_kernels.shape_of(layout_number(layout))
    check_sizes(K, D)
    check_size("factors", factors.size, factors_size(shape, K, D))
    cdef object array = empty((K, D))
    cdef double[:, ::1] whitened = array
    write_whitened(
        &shift[0, 0], &factors[0], shape.factor_size(D), shape.is_shared, K, D, &whitened[0, 0])
    return array


def shared_cross_products(
    const double[:, ::1] first,  # IN (K, D)
    const double[:, ::1] shift,  # IN (K, D)
):
    """Return sum_k first_k shift_k^T + shift_k first_k^T, (D, D), exactly symmetric."""
    cdef Py_ssize_t K = first.shape[0], D = first.shape[1], a, b, k
    check_sizes(K, D)
    check_size("shift", shift.size, K * D)
    check_size("a row of shift", shift.shape[1], D)
    cdef object array = np.zeros((D, D))
    cdef double[:, ::1] products = array
    cdef double *row
    cdef const double *f
    cdef const double *s
    for a in range(D):
        row = &products[a, 0]
        for k in range(K):
            f, s = &first[k, 0], &shift[k, 0]
            for b in range(a, D):
                row[b] += f[a] * s[b] + s[a] * f[b]
        for b in range(a):
            row[b] = products[b, a]
    return array


def squares_of_factors(
    const double[:, :, ::1] factors,  # IN (K, D, D) upper triangular
):
    """Return U_k U_k^T, (K, D, D), exactly symmetric."""
    cdef Py_ssize_t K = factors.shape[0], D = factors.shape[1], k
    check_sizes(K, D)
    check_size("a factor", factors.shape[2], D)
    cdef object array = empty((K, D, D))
    cdef double[:, :, ::1] squares = array
    cdef double[:, ::1] transposed = empty((D, D))
    cdef double done = 0
    with nogil:
        for k in range(K):
            done += <double>D * D * D
            if done >= LONG_WORK:
                done = 0
                propagate(check_signals_once())
            double_kernels.square_upper(
                &factors[k, 0, 0], D, &transposed[0, 0], &squares[k, 0, 0])
    return array


cdef inline void subtract_product(
    double count, const double *shift, Py_ssize_t D,
    double *scatter,  # INOUT (D, D), stays exactly symmetric
) noexcept nogil:
    """scatter - count shift shift^T."""
    cdef Py_ssize_t a, b
    for a in range(D):
        for b in range(D):
            scatter[a * D + b] -= count * (shift[a] * shift[b])


cdef inline void add_variances(
    double count, const double *shift, const double *second, Py_ssize_t F,
    Py_ssize_t width,  # features of a value: 1, or all
    double *scatter,   # INOUT (F,)
) noexcept nogil:
    """Add the diagonal of second - count shift shift^T, or 0 where rounding made it negative."""
    cdef Py_ssize_t f, d
    cdef double moved
    for f in range(F):
        moved = 0
        for d in range(width):
            moved += shift[d] * shift[d]
        moved = second[f] - count * moved
        scatter[f] += 0 if moved < 0 else moved
        shift += width


cdef void write_average_scatter(
    const double *counts, const double *shift, const double *second, Py_ssize_t K, Py_ssize_t D,
    bint are_matrices, double reg_covar, Py_ssize_t J, Py_ssize_t F, double *scatter,
) noexcept nogil:
    """The (J, F) values of `average_scatter`."""
    cdef Py_ssize_t width = 1 if are_matrices else D // F, j, k, f
    cdef Py_ssize_t next_component = F if J > 1 else 0
    cdef Py_ssize_t next_variance = D + 1 if are_matrices else 1
    cdef double count, total = 0
    for f in range(J * F):
        scatter[f] = second[f] if are_matrices else 0
    for k in range(K):
        total += counts[k]
        if are_matrices:
            subtract_product(counts[k], shift + k * D, D, scatter + k * next_component)
        else:
            add_variances(
                counts[k], shift + k * D, second + k * F, F, width, scatter + k * next_component)
    for j in range(J):
        count = width * (total if J == 1 else counts[j])
        if count == 0:
            count = 1
        for f in range(F):
            scatter[f] /= count
        for f in range(D if are_matrices else F):
            scatter[f * next_variance] += reg_covar
        scatter += F


def average_scatter(
    const double[::1] counts,    # IN (K,)
    const double[:, ::1] shift,  # IN (K, D) new means less origin
    const double[::1] second,    # IN flat, about the origin, in the layout's shape
    bint are_matrices,
    double reg_covar,            # added to variances
    double[::1] covariances,     # OUT flat, (J, F): J is K or 1; F is D D, or D or 1 for variances
):
    """Compute covariances about the new means, averaged over the components or features that share.

    The covariance of a component without samples is 0.
    """
    cdef Py_ssize_t K = shift.shape[0], D = shift.shape[1], J, F
    check_sizes(K, D)
    check_size("counts", counts.size, K)
    F = D * D if are_matrices else second.size // K
    check_size("a component of second", F, D * D if are_matrices else D if F > 1 else 1)
    J = covariances.size // F
    check_size("covariances", covariances.size, K * F if J > 1 else F)
    check_size("second", second.size, J * F if are_matrices else K * F)
    write_average_scatter(
        &counts[0], &shift[0, 0], &second[0], K, D, are_matrices, reg_covar, J, F,
        &covariances[0])


cdef void write_shares(const double *counts, Py_ssize_t K, double *weights) noexcept nogil:
    """The (K,) values of `shares`."""
    cdef double total = pairwise_sum(counts, K)
    cdef Py_ssize_t k
    for k in range(K):
        weights[k] = counts[k] / total


def shares(const double[::1] counts):  # IN (K,)
    """Return count_k / sum of counts, (K,)."""
    cdef object array = empty(counts.shape[0])
    cdef double[::1] weights = array
    check_sizes(counts.shape[0], 1)
    write_shares(&counts[0], counts.shape[0], &weights[0])
    return array


cdef void write_traces(
    const double *second, Py_ssize_t K, Py_ssize_t D, double *sums
) noexcept nogil:
    """The (K,) values of `traces`."""
    cdef Py_ssize_t k
    for k in range(K):
        sums[k] = pairwise_sum(second + k * D, D)


def traces(const double[:, ::1] second):  # IN (K, D) diagonals
    """Return sum_d second_kd, (K, 1)."""
    cdef Py_ssize_t K = second.shape[0], D = second.shape[1]
    cdef object array = empty((K, 1))
    cdef double[:, ::1] sums = array
    check_sizes(K, D)
    write_traces(&second[0, 0], K, D, &sums[0, 0])
    return array


cdef void write_sum_of_components(
    const double *second, Py_ssize_t K, Py_ssize_t size, double *total
) noexcept nogil:
    """The values of `sum_of_components`; `size` is that of a matrix."""
    cdef Py_ssize_t k, i
    if size == 1:
        total[0] = pairwise_sum(second, K)
        return
    for i in range(size):
        total[i] = second[i]
    for k in range(1, K):
        for i in range(size):
            total[i] += second[k * size + i]


def sum_of_components(const double[:, :, ::1] second):  # IN (K, D, D)
    """Return sum_k second_k, (D, D)."""
    cdef Py_ssize_t K = second.shape[0], D = second.shape[1]
    cdef object array = empty((D, D))
    cdef double[:, ::1] total = array
    check_sizes(K, D)
    check_size("a row of second", second.shape[2], D)
    write_sum_of_components(&second[0, 0, 0], K, D * D, &total[0, 0])
    return array
