"""What a fit computes of its components between two passes over the samples.

A handful of numbers for each component, in one call: the functions of NumPy that it replaces take
longer than a pass over hundreds of samples.
"""

import numpy as np

from libc.math cimport log

from gmmx._core.core cimport check_size, factors_size, layout_number
from gmmx._core.task cimport DIAGONAL, ISOTROPIC, SHARED, Layout

cdef object empty = np.empty
cdef double LOG_2_PI = 1.83787706640934548356


def log_scale(
    const double[::1] weights,  # IN (K,)
    const double[::1] factors,  # IN flat, in the layout's shape
    str layout,
    Py_ssize_t D,
):
    """Return log weight_k + log det U_k - D/2 log 2 pi, (K,): log density at a component's mean."""
    cdef Py_ssize_t K = weights.shape[0], k, d
    cdef Layout form = layout_number(layout)
    cdef Py_ssize_t size = 0 if form == SHARED else factors_size(form, K, D) // K
    cdef Py_ssize_t n_logarithms = 1 if form == ISOTROPIC else D
    cdef Py_ssize_t step = 1 if form == DIAGONAL else D + 1
    cdef object array = empty(K)
    cdef double[::1] scale = array
    cdef double log_det = 0
    check_size("factors", factors.size, factors_size(form, K, D))
    for k in range(K):
        if k == 0 or form != SHARED:
            log_det = 0
            for d in range(n_logarithms):
                log_det += log(factors[k * size + d * step])
        scale[k] = log(weights[k]) + log_det * (D // n_logarithms) - 0.5 * D * LOG_2_PI
    return array


def mean_shift(
    const double[::1] counts,    # IN (K,)
    const double[:, ::1] first,  # IN (K, D)
    double smallest,             # count below which a component is empty
):
    """Return first_k / count_k, (K, D), 0 for an empty component."""
    cdef Py_ssize_t K = first.shape[0], D = first.shape[1], k, d
    cdef object array = empty((K, D))
    cdef double[:, ::1] shift = array
    check_size("counts", counts.size, K)
    for k in range(K):
        for d in range(D):
            shift[k, d] = first[k, d] / counts[k] if counts[k] >= smallest else 0
    return array


cdef inline void add_scatter(
    double count,
    const double *shift,   # IN (D,)
    const double *second,  # IN (F,), or NULL for 0
    Py_ssize_t D, bint are_matrices,
    double *scatter, Py_ssize_t F,  # ADD (F,): a matrix, a value of each feature, or of all
) noexcept nogil:
    """second - count shift shift^T, exactly symmetric; rounding leaves no variance below 0."""
    cdef Py_ssize_t a, b, i
    cdef double square
    if are_matrices:
        for a in range(D):
            for b in range(D):
                i = a * D + b
                scatter[i] += (0 if second == NULL else second[i]) - count * (shift[a] * shift[b])
        return
    for i in range(F):
        square = 0
        for a in range(i, i + D // F):
            square += shift[a] * shift[a]
        scatter[i] += max(second[i] - count * square, <double>0)


def average_scatter(
    const double[::1] counts,    # IN (K,)
    const double[:, ::1] shift,  # IN (K, D) new means less origin
    const double[::1] second,    # IN flat, about the origin: (K, F), or summed over components (F,)
    bint are_matrices,
    double reg_covar,            # added to variances
    double[::1] covariances,     # OUT flat, (J, F): J is K or 1; F is D D, or D or 1 for variances
):
    """Covariances about the new means; what components or features share is the mean of theirs.

    That of a component without samples is 0.
    """
    cdef Py_ssize_t K = shift.shape[0], D = shift.shape[1], j, k, f
    cdef bint is_summed = are_matrices and second.size == D * D
    cdef Py_ssize_t F = D * D if are_matrices else second.size // K
    cdef Py_ssize_t J = covariances.size // F
    cdef double count, total = 0
    check_size("counts", counts.size, K)
    check_size("second", second.size, F if is_summed else K * F)
    check_size("values of a component", F, D * D if are_matrices else D if F > 1 else 1)
    check_size("covariances", covariances.size, K * F if J > 1 else F)
    for f in range(J * F):
        covariances[f] = second[f] if is_summed else 0
    for k in range(K):
        total += counts[k]
        add_scatter(
            counts[k], &shift[k, 0], NULL if is_summed else &second[k * F], D, are_matrices,
            &covariances[k * F if J > 1 else 0], F)
    for j in range(J):
        count = total if J == 1 else counts[j]
        if not are_matrices:
            count *= D // F
        for f in range(F):
            covariances[j * F + f] /= count if count > 0 else 1
            if not (are_matrices and f % (D + 1)):
                covariances[j * F + f] += reg_covar
