"""Expectations under distributions of a mixture's parameters, and normalizing integrals.

A handful of numbers for each component, in one call: the functions of NumPy that it replaces
would hold the interpreter's lock as long as a pass over thousands of samples takes.
"""

import numpy as np

from libc.float cimport DBL_EPSILON
from libc.math cimport log

from gmmx._core.algebra.gamma cimport log_gamma
from gmmx._core.interface.passes cimport check_size

cdef object empty = np.empty
# scikit-learn adds this to all counts: it gives empty components some variance where the prior has
# none. Its means are sums over these counts, as if so much of a sample were at 0.
EXTRA_COUNT = 10 * DBL_EPSILON
cdef double extra_count = EXTRA_COUNT
cdef double LOG_2 = 0.69314718055994530942
cdef double LOG_2_PI = 1.83787706640934548356


cdef inline Py_ssize_t diagonal_index(Py_ssize_t d, Py_ssize_t D, Py_ssize_t F) noexcept nogil:
    """Return the index of feature d's variance among the F values of a covariance."""
    if F == D * D:
        return d * (D + 1)
    return d if F > 1 else 0


cdef double stick_breaking_terms(
    const double *taken, const double *left, Py_ssize_t K, double *terms
) noexcept nogil:
    """The (4, K) terms of `stick_breaking`; return its logarithm."""
    cdef double normalizer = 0, rest = 1, log_rest = 0, sum_of_weights = 0, total
    cdef double of_taken, of_left, of_total
    cdef Py_ssize_t k
    for k in range(K):
        total = taken[k] + left[k]
        normalizer += (log_gamma(taken[k], &of_taken) + log_gamma(left[k], &of_left)
                       - log_gamma(total, &of_total))
        terms[k] = taken[k] / total * rest
        rest *= left[k] / total
        sum_of_weights += terms[k]
        terms[2 * K + k] = of_taken - of_total
        terms[3 * K + k] = of_left - of_total
        terms[K + k] = terms[2 * K + k] + log_rest
        log_rest += terms[3 * K + k]
    for k in range(K):
        terms[k] /= sum_of_weights
    return normalizer


def stick_breaking(
    const double[::1] taken,  # IN (K,) > 0, of the beta distribution of each share
    const double[::1] left,   # IN (K,) > 0
):
    """Return a (4, K) array and the log of the normalizing integral.

    Rows: expected weights, their expected logarithms, those of the shares and of 1 less them.
    """
    cdef object array = empty((4, taken.shape[0]))
    cdef double[:, ::1] terms = array
    check_size("left", left.size, taken.size)
    return array, stick_breaking_terms(&taken[0], &left[0], taken.size, &terms[0, 0])


cdef double dirichlet_terms(const double *alpha, Py_ssize_t K, double *terms) noexcept nogil:
    """The (2, K) terms of `dirichlet`; return its logarithm."""
    cdef double normalizer, total = 0, of_alpha, of_total
    cdef Py_ssize_t k
    for k in range(K):
        total += alpha[k]
    normalizer = -log_gamma(total, &of_total)
    for k in range(K):
        normalizer += log_gamma(alpha[k], &of_alpha)
        terms[k] = alpha[k] / total
        terms[K + k] = of_alpha - of_total
    return normalizer


def dirichlet(const double[::1] alpha):  # IN (K,) > 0
    """Return a (2, K) array and the log of the normalizing integral.

    Rows: expected weights, their expected logarithms.
    """
    cdef object array = empty((2, alpha.shape[0]))
    cdef double[:, ::1] terms = array
    return array, dirichlet_terms(&alpha[0], alpha.size, &terms[0, 0])


cdef double gauss_wishart_terms(
    const double *log_weights, const double *mean_precision, Py_ssize_t K,
    const double *degrees_of_freedom, Py_ssize_t J,
    const double *factors, Py_ssize_t D, Py_ssize_t F,
    double *terms,
) noexcept nogil:
    """The (2, K) terms of `gauss_wishart`; return its logarithm."""
    cdef double normalizer = 0, degrees = 1, half_log_det = 0, slope, slopes = 0, log_gammas = 0
    cdef Py_ssize_t d, k
    for k in range(K):
        if k < J:
            degrees = degrees_of_freedom[k]
            log_gammas = slopes = 0
            # 1/2 log det of the Wishart distribution's scale, and D/2 log 2
            half_log_det = -0.5 * D * (log(degrees) - LOG_2)
            for d in range(D):
                log_gammas += log_gamma(0.5 * (degrees - d), &slope)
                slopes += slope
                half_log_det += log(factors[k * F + diagonal_index(d, D, F)])
        normalizer += log_gammas + degrees * half_log_det - 0.5 * D * log(mean_precision[k])
        terms[k] = half_log_det + 0.5 * slopes
        terms[K + k] = log_weights[k] + terms[k] - 0.5 * D * (LOG_2_PI + 1 / mean_precision[k])
    return normalizer


def gauss_wishart(
    const double[::1] log_weights,         # IN (K,) expected logarithms
    const double[::1] mean_precision,      # IN (K,)
    const double[::1] degrees_of_freedom,  # IN (J,) > D - 1, J being K, or 1 if all share it
    const double[::1] factors,             # IN flat, (J, F) of the expected precisions
    Py_ssize_t D,
):
    """Return a (2, K) array and the log of the normalizing integral, less powers of pi.

    Rows: 1/2 E log det precision_k, and E log weight_k + 1/2 E log det precision_k
    - D/2 (log 2 pi + 1 / mean precision_k).
    """
    cdef Py_ssize_t K = log_weights.shape[0], J = degrees_of_freedom.size, F = factors.size // J
    cdef object array = empty((2, K))
    cdef double[:, ::1] terms = array
    check_size("mean_precision", mean_precision.size, K)
    check_size("degrees_of_freedom", J, K if J > 1 else 1)
    check_size("factors", factors.size, J * (D * D if F == D * D else D if F > 1 else 1))
    return array, gauss_wishart_terms(
        &log_weights[0], &mean_precision[0], K, &degrees_of_freedom[0], J, &factors[0], D, F,
        &terms[0, 0])


cdef inline void add_scatter(
    double count, double apart,         # weights of the two products
    const double *shift,                # IN (D,)
    const double *distance,             # IN (D,)
    const double *second,               # IN (F,), or NULL for 0
    Py_ssize_t D, bint are_matrices,
    double *total, Py_ssize_t F,        # ADD (F,): a matrix, a value of each feature, or of all
) noexcept nogil:
    """second - count shift shift^T + apart distance distance^T, exactly symmetric."""
    cdef Py_ssize_t a, b, i
    cdef double value, square, moved
    if are_matrices:
        for a in range(D):
            for b in range(D):
                i = a * D + b
                value = 0 if second == NULL else second[i]
                total[i] += value - count * (shift[a] * shift[b]) + apart * (
                    distance[a] * distance[b])
        return
    for i in range(F):
        square = moved = 0
        for a in range(i, i + D // F):
            square += shift[a] * shift[a]
            moved += distance[a] * distance[a]
        total[i] += max(second[i] - count * square, <double>0) + apart * moved


cdef void update_gauss_wishart(
    const double *counts, const double *shift, const double *origin, const double *second,
    const double *mean, double mean_precision, const double *scatter, double degrees_of_freedom,
    double reg_covar, Py_ssize_t K, Py_ssize_t D, Py_ssize_t J, Py_ssize_t F, bint is_summed,
    double *means, double *mean_precisions, double *degrees, double *covariances,
) noexcept nogil:
    """The arrays of `gauss_wishart_posterior`; `is_summed` tells second moments (F,)."""
    cdef bint are_matrices = F == D * D
    cdef Py_ssize_t f, j, k
    cdef double total = 0, own_mean, share, count, pooled
    cdef const double *own = NULL
    for f in range(J * F):
        covariances[f] = second[f] if is_summed else 0
    for k in range(K):
        count = counts[k] + extra_count
        total += count
        mean_precisions[k] = mean_precision + count
        share = mean_precision / mean_precisions[k]
        for f in range(k * D, (k + 1) * D):
            own_mean = origin[f] + shift[f]
            means[f] = own_mean - extra_count / count * own_mean - mean[f - k * D]
        if not is_summed:
            own = second + k * F
        add_scatter(
            counts[k], count * share, shift + k * D, means + k * D,
            own, D, are_matrices, covariances + (k * F if J > 1 else 0), F)
        for f in range(k * D, (k + 1) * D):
            means[f] = origin[f] + shift[f] - share * (origin[f] + shift[f] - mean[f - k * D])
    pooled = (K // J) * (1 if are_matrices else D // F)
    for j in range(J):
        count = counts[j] + extra_count if J > 1 else total / K
        degrees[j] = degrees_of_freedom + count
        for f in range(F):
            share = 0 if are_matrices and f % (D + 1) else count * reg_covar
            covariances[j * F + f] = (
                scatter[f] + covariances[j * F + f] / pooled + share) / degrees[j]


def gauss_wishart_posterior(
    const double[::1] counts,        # IN (K,)
    const double[:, ::1] shift,      # IN (K, D) means of the samples less their origin
    const double[:, ::1] origin,     # IN (K, D)
    const double[::1] second,        # IN flat, (K, F), or summed over components (F,)
    const double[::1] mean,          # IN (D,) of the prior, as the next three
    double mean_precision,
    const double[::1] scatter,       # IN (F,), F being D D, D, or 1 for all features alike
    double degrees_of_freedom,
    double reg_covar,
    double[:, ::1] means,            # OUT (K, D)
    double[::1] mean_precisions,     # OUT (K,)
    double[::1] degrees,             # OUT (J,), J being K, or 1 for all components alike
    double[::1] covariances,         # OUT flat, (J, F) inverses of the expected precisions
):
    """Posterior of Gauss-Wishart distributions: Bishop (2006), (10.60) to (10.63).

    What components or features share is the mean of theirs.
    """
    cdef Py_ssize_t K = shift.shape[0], D = shift.shape[1], J = degrees.size, F = scatter.size
    cdef bint are_matrices = F == D * D
    cdef bint is_summed = are_matrices and second.size == F
    check_size("counts", counts.size, K)
    check_size("origin", origin.size, K * D)
    check_size("second", second.size, F if is_summed else K * F)
    check_size("mean", mean.size, D)
    check_size("scatter", F, D * D if are_matrices else D if F > 1 else 1)
    check_size("means", means.size, K * D)
    check_size("mean_precisions", mean_precisions.size, K)
    check_size("degrees", J, K if J > 1 else 1)
    check_size("covariances", covariances.size, J * F)
    update_gauss_wishart(
        &counts[0], &shift[0, 0], &origin[0, 0], &second[0],
        &mean[0], mean_precision, &scatter[0], degrees_of_freedom,
        reg_covar, K, D, J, F, is_summed,
        &means[0, 0], &mean_precisions[0], &degrees[0], &covariances[0])
