"""An M-step of covariances with constraints: its arguments, and computations that structures share.

Each structure is a file with a function of type `m_step_function`. Of the components' own
covariances S_k and shares p_k it computes the covariances of the structure that minimize

    sum_k p_k (log |Sigma_k| + trace(S_k Sigma_k^-1)).
"""

from libc.math cimport fabs, log

from gmmx._core.process.signals cimport poll_function


cdef enum:
    # Results of an M-step. Results from 0 on are the index of a component without volume.
    DONE = -1
    SINGULAR = -2  # one of the S_k, or their mean
    SHARED = -3    # the first matrix of `constrained`, which is a factor of all Sigma_k
    CANCELLED = -4

    # Updates of an iterative M-step. A step that starts from the covariances of the E-step makes a
    # single one: EM has the same fixpoints, and needs hardly fewer iterations with many updates.
    MOST_UPDATES_AT_START = 100


cdef struct MStep:
    Py_ssize_t K
    Py_ssize_t D
    Py_ssize_t F               # values of a covariance: D D of a matrix, or D variances
    double *shares             # IN (K,) p_k, sum 1
    double *covariances        # IN (K, F) S_k
    const double *previous     # IN (K, F) Sigma_k of the E-step; NULL at the start
    double *constrained        # OUT (K, F) Sigma_k
    double *scratch            # (scratch_size,)
    poll_function poll         # negative to cancel a long M-step; or NULL


ctypedef Py_ssize_t (*m_step_function)(const MStep *step) noexcept nogil


cdef inline Py_ssize_t scratch_size(Py_ssize_t K, Py_ssize_t D, Py_ssize_t F) noexcept nogil:
    """Return the number of values in `scratch`, enough for every structure."""
    return (2 * K + 7) * F + 2 * K * D + 4 * (K + D)


cdef inline bint is_cancelled(const MStep *step) noexcept nogil:
    return step.poll != NULL and step.poll() < 0


cdef inline double epsilon() noexcept nogil:
    """Return the distance from 1 to the next float64."""
    return 2.0 ** -52


cdef inline double smallest_pivot(Py_ssize_t D) noexcept nogil:
    """Return the share of a feature's variance below which a pivot is lost in rounding."""
    return 4 * <double>D * epsilon()


cdef inline Py_ssize_t most_updates(const MStep *step) noexcept nogil:
    return MOST_UPDATES_AT_START if step.previous == NULL else 1


cdef inline double smallest_change() noexcept nogil:
    """Return the relative change of volumes, or angle of axes, that ends the updates."""
    return 1e-14


cdef inline void mean(
    const double *shares,  # IN (K,)
    const double *values,  # IN (K, size)
    Py_ssize_t K,
    Py_ssize_t size,
    double *total,         # OUT (size,)
) noexcept nogil:
    """sum_k share_k value_k."""
    cdef Py_ssize_t k, f
    for f in range(size):
        total[f] = shares[0] * values[f]
    for k in range(1, K):
        for f in range(size):
            total[f] += shares[k] * values[k * size + f]


cdef inline double mean_logarithm(
    const double *values, Py_ssize_t n, Py_ssize_t step
) noexcept nogil:
    """Return the mean of the logarithms of n values, `step` apart."""
    cdef double total = 0
    cdef Py_ssize_t i
    for i in range(n):
        total += log(values[i * step])
    return total / <double>n


cdef inline Py_ssize_t without_volume(const double *volumes, Py_ssize_t K) noexcept nogil:
    """Return the first component whose volume is not positive, or DONE."""
    cdef Py_ssize_t k
    for k in range(K):
        if not volumes[k] > 0:
            return k
    return DONE


cdef inline bint have_converged(
    const double *before, const double *volumes, Py_ssize_t K, double smallest
) noexcept nogil:
    """Return whether no volume has changed by more than the share `smallest`."""
    cdef Py_ssize_t k
    for k in range(K):
        if not fabs(volumes[k] - before[k]) <= smallest * volumes[k]:
            return False
    return True


cdef inline Py_ssize_t largest_component(const MStep *step) noexcept nogil:
    """Return the first component with the largest share."""
    cdef Py_ssize_t k, largest = 0
    for k in range(1, step.K):
        if step.shares[k] > step.shares[largest]:
            largest = k
    return largest


cdef inline bint are_variances(const double *variances, Py_ssize_t D) noexcept nogil:
    """Return whether no variance along an axis is only rounding."""
    cdef double smallest = variances[0], largest = variances[0]
    cdef Py_ssize_t d
    for d in range(1, D):
        if not variances[d] >= smallest:
            smallest = variances[d]
        if variances[d] > largest:
            largest = variances[d]
    return smallest > <double>D * epsilon() * largest


cdef inline void compose(
    const double *axes,       # IN (D, D) rows
    const double *variances,  # IN (D,)
    double factor,
    Py_ssize_t D,
    double *matrix,           # OUT (D, D) exactly symmetric
) noexcept nogil:
    """factor sum_d variance_d axis_d axis_d^T."""
    cdef Py_ssize_t i, j, d
    cdef double part
    cdef const double *axis
    for i in range(D * D):
        matrix[i] = 0
    for d in range(D):
        axis = axes + d * D
        for i in range(D):
            part = factor * variances[d] * axis[i]
            for j in range(i, D):
                matrix[i * D + j] += part * axis[j]
    for i in range(D):
        for j in range(i):
            matrix[i * D + j] = matrix[j * D + i]


cdef inline Py_ssize_t share_variance(const MStep *step) noexcept nogil:
    """Compute one variance for all components of one feature, whose own variances may be 0."""
    cdef double variance
    cdef Py_ssize_t k
    mean(step.shares, step.covariances, step.K, 1, &variance)
    for k in range(step.K):
        step.constrained[k] = variance
    return DONE
