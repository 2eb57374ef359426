"""The mixture's parameters in the precision and the order in which the kernels read them."""

from libc.math cimport ldexp, log
from libc.string cimport memset

from gmmx._core.em cimport one_feature
from gmmx._core.em.plan cimport (
    Parameters, factor_size, has_one_feature, lay_out_parameters, n_factors,
)
from gmmx._core.em.task cimport DENSE, DENSITY, DIAGONAL, ISOTROPIC, NONE, EMPass
from gmmx._core.layouts cimport dense
from gmmx._core.vectors.simd cimport REAL_LARGEST, real


cdef enum:
    NEGLIGIBLE_BITS = 60  # a sum of n terms below 2^-60 / n of it keeps all its digits
    NEGLIGIBLE_NATS = 72  # as much, and a factor of 1e13 for the squared distance


cdef inline void round_to_real(const double *values, Py_ssize_t size, real *out) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(size):
        out[i] = <real>values[i]


cdef inline double from_center(
    const EMPass *task, const real *center, Py_ssize_t k, Py_ssize_t d
) noexcept nogil:
    return <double>center[d] - task.means[k * task.n_features + d]


cdef inline void pack_offsets(
    const EMPass *task, const real *center, real *offsets
) noexcept nogil:
    """U^T (center - mu_k), in float64: what whitening adds to a sample less the center.

    Isotropic ones 2 s^2 (center - mu_k), by which a squared distance takes each value of a sample.
    """
    cdef Py_ssize_t D = task.n_features, d, j, k
    cdef const double *factor = task.factors
    cdef double total
    for k in range(task.n_components):
        if task.layout == DENSE:
            factor = task.factors + k * D * D
        for j in range(D):
            if task.layout == ISOTROPIC:
                total = 2 * task.factors[k] * task.factors[k] * from_center(task, center, k, j)
            elif task.layout == DIAGONAL:
                total = task.factors[k * D + j] * from_center(task, center, k, j)
            else:
                total = 0
                for d in range(j + 1):
                    total += factor[d * D + j] * from_center(task, center, k, d)
            offsets[k * D + j] = <real>total


cdef inline void pack_isotropic(
    const EMPass *task, const real *center, real *factors, real *log_scale
) noexcept nogil:
    """s^2, and the log density at the center: log_scale - s^2 |center - mu_k|^2 / 2."""
    cdef Py_ssize_t d, k
    cdef double distance, squared, total
    for k in range(task.n_components):
        squared = task.factors[k] * task.factors[k]
        total = 0
        for d in range(task.n_features):
            distance = from_center(task, center, k, d)
            total += distance * distance
        factors[k] = <real>squared
        log_scale[k] = <real>(task.log_scale[k] - 0.5 * squared * total)


cdef inline void pack_parameters(const EMPass *task) noexcept nogil:
    cdef Py_ssize_t K = task.n_components, D = task.n_features, k
    cdef Parameters to
    lay_out_parameters(task, task.packed, &to)
    if task.center != NULL:
        round_to_real(task.center, D, to.center)
        memset(to.origin, 0, K * D * sizeof(real))
    elif task.moments != NONE:
        round_to_real(task.origin, K * D, to.origin)
    if task.source != DENSITY:
        return
    if task.center != NULL:
        pack_offsets(task, to.center, to.means)
    else:
        round_to_real(task.means, K * D, to.means)
    round_to_real(task.log_scale, K, to.log_scale)
    if task.weights != NULL:
        for k in range(K):
            to.negligible[k] = <real>ldexp(task.weights[k], -NEGLIGIBLE_BITS)
            to.reach[k] = -REAL_LARGEST
            if task.weights[k] > 0:
                to.reach[k] = <real>(
                    2 * (task.log_scale[k] - log(task.weights[k]) + NEGLIGIBLE_NATS))
    if task.layout == ISOTROPIC:
        pack_isotropic(task, to.center, to.factors, to.log_scale)
        return
    if task.layout == DIAGONAL:
        round_to_real(task.factors, K * D, to.factors)
        if has_one_feature(task):
            one_feature.pack_factors(task, to.factors)
            one_feature.pack_bounds(task, to.bounds)
        return
    for k in range(n_factors(task)):
        dense.pack_factor(task.factors + k * D * D, D, to.factors + k * factor_size(task))
