"""The mixture's parameters in the precision and the order in which the kernels read them."""

from libc.math cimport ldexp, log

from gmmx._core cimport dense
from gmmx._core.task cimport DIAGONAL, NEAREST, NONE, SHARED, EMPass
from gmmx._core.plan cimport Parameters, factor_size, lay_out_parameters, n_matrices
from gmmx._core.simd cimport REAL_LARGEST, real


cdef enum:
    NEGLIGIBLE_BITS = 60  # a sum of n terms below 2^-60 / n of it keeps all its digits
    NEGLIGIBLE_NATS = 72  # as much, and a factor of 1e13 for the squared distance


cdef inline void round_to_real(const double *values, Py_ssize_t size, real *out) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(size):
        out[i] = <real>values[i]


cdef inline void whiten_means(const EMPass *task, real *means) noexcept nogil:
    """U^T (mu_k - center), in float64."""
    cdef Py_ssize_t D = task.n_features, d, j, k
    cdef double total
    for k in range(task.n_components):
        for j in range(D):
            total = 0
            for d in range(j + 1):
                total += task.factors[d * D + j] * (task.means[k * D + d] - task.center[d])
            means[k * D + j] = <real>total


cdef inline void pack_parameters(const EMPass *task) noexcept nogil:
    cdef Py_ssize_t K = task.n_components, D = task.n_features, k
    cdef Parameters to
    lay_out_parameters(task, task.packed, &to)
    if task.moments != NONE:
        round_to_real(task.origin, K * D, to.origin)
    if task.layout == SHARED:
        round_to_real(task.center, D, to.center)
    if task.source > NEAREST:
        return
    round_to_real(task.means, K * D, to.means)
    round_to_real(task.log_scale, K, to.log_scale)
    if task.weights != NULL:
        for k in range(K):
            to.negligible[k] = <real>ldexp(task.weights[k], -NEGLIGIBLE_BITS)
            to.reach[k] = -REAL_LARGEST
            if task.weights[k] > 0:
                to.reach[k] = <real>(
                    2 * (task.log_scale[k] - log(task.weights[k]) + NEGLIGIBLE_NATS))
    if task.layout == DIAGONAL:
        round_to_real(task.factors, K * D, to.factors)
        return
    for k in range(n_matrices(task)):
        dense.pack_factor(task.factors + k * D * D, D, to.factors + k * factor_size(task))
    if task.layout == SHARED:
        whiten_means(task, to.means)
