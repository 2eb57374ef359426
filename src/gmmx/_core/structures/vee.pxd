"""VEE: matrices volume_k C.

Volumes and C are computed in turns (Celeux, Govaert 1995, the model [lambda_k D A D']):

    volume_k = trace(S_k C^-1) / D,
    C = sum_k p_k S_k / volume_k.
"""

from libc.string cimport memcpy

from gmmx._core.algebra.cholesky cimport factorize, square_upper
from gmmx._core.structures.m_step cimport (
    CANCELLED, DONE, SHARED, MStep, have_converged, is_cancelled, largest_component, mean,
    most_updates, smallest_change, smallest_pivot, without_volume,
)


cdef inline Py_ssize_t compute_volumes(
    const MStep *step,
    const double *common,  # IN (D, D) C
    double *scratch,       # (3, D D) and (2, D)
    double *volumes,       # OUT (K,)
) noexcept nogil:
    """Return DONE, SHARED if C is singular, or a component without volume."""
    cdef Py_ssize_t D = step.D, F = step.F, k, f
    cdef double *factor = scratch
    cdef double *precision = factor + F
    cdef double *transposed = precision + F
    cdef const double *own = step.covariances
    if factorize(common, D, smallest_pivot(D), True, factor, transposed + F) >= 0:
        memcpy(step.constrained, common, F * sizeof(double))
        return SHARED
    square_upper(factor, D, transposed, precision)
    for k in range(step.K):
        volumes[k] = 0
        for f in range(F):
            volumes[k] += own[f] * precision[f]
        volumes[k] /= <double>D
        own += F
    return without_volume(volumes, step.K)


cdef inline void compute_common(
    const MStep *step, const double *volumes, double *ratios, double *common
) noexcept nogil:
    cdef Py_ssize_t k
    for k in range(step.K):
        ratios[k] = step.shares[k] / volumes[k]
    mean(ratios, step.covariances, step.K, step.F, common)


cdef inline Py_ssize_t vee(const MStep *step) noexcept nogil:
    cdef Py_ssize_t K = step.K, F = step.F, k, f, _update, failed
    cdef double *common = step.scratch
    cdef double *volumes = common + F
    cdef double *before = volumes + K
    cdef double *ratios = before + K
    cdef double *rest = ratios + K
    if step.previous == NULL:
        mean(step.shares, step.covariances, K, F, common)
    else:
        memcpy(common, step.previous + largest_component(step) * F, F * sizeof(double))
    failed = compute_volumes(step, common, rest, volumes)
    for _update in range(most_updates(step)):
        if failed != DONE:
            return failed
        if is_cancelled(step):
            return CANCELLED
        before, volumes = volumes, before
        compute_common(step, before, ratios, common)
        failed = compute_volumes(step, common, rest, volumes)
        if have_converged(before, volumes, K, smallest_change()):
            break
    if failed != DONE:
        return failed
    for k in range(K):
        for f in range(F):
            step.constrained[k * F + f] = volumes[k] * common[f]
    return DONE
