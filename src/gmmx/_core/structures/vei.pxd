"""VEI: variances volume_k shape_d.

Volumes and shape are computed in turns, each the best given the other (Celeux, Govaert 1995, the
model [lambda_k B]):

    volume_k = mean over d of S_kd / shape_d,
    shape_d = sum_k p_k S_kd / volume_k.
"""

from gmmx._core.structures.m_step cimport DONE, SINGULAR, MStep, have_converged, mean

cdef enum:
    MOST_TURNS = 200


cdef inline void compute_volumes(
    const MStep *step, const double *shape, double *volumes
) noexcept nogil:
    cdef const double *own = step.covariances
    cdef Py_ssize_t k, d
    for k in range(step.K):
        volumes[k] = 0
        for d in range(step.D):
            volumes[k] += own[d] / shape[d]
        volumes[k] /= <double>step.D
        own += step.D


cdef inline void compute_shape(
    const MStep *step, const double *volumes, double *shape
) noexcept nogil:
    cdef const double *own = step.covariances
    cdef Py_ssize_t k, d
    cdef double factor
    for d in range(step.D):
        shape[d] = 0
    for k in range(step.K):
        factor = step.shares[k] / volumes[k]
        for d in range(step.D):
            shape[d] += factor * own[d]
        own += step.D


cdef inline bint has_volumes_and_shape(const MStep *step, const double *pooled) noexcept nogil:
    """Return whether each component and each feature has a variance."""
    cdef const double *own = step.covariances
    cdef Py_ssize_t _k, d
    cdef bint has_variance
    for d in range(step.D):
        if not pooled[d] > 0:
            return False
    for _k in range(step.K):
        has_variance = False
        for d in range(step.D):
            has_variance |= own[d] > 0
        if not has_variance:
            return False
        own += step.D
    return True


cdef inline Py_ssize_t vei(const MStep *step) noexcept nogil:
    cdef Py_ssize_t K = step.K, D = step.D, _turn, k, d
    cdef double *shape = step.scratch
    cdef double *volumes = shape + D
    cdef double *before = volumes + K
    mean(step.shares, step.covariances, K, D, shape)
    if not has_volumes_and_shape(step, shape):
        return SINGULAR
    if step.previous != NULL:
        for d in range(D):
            shape[d] = step.previous[d]
    for k in range(K):
        volumes[k] = 1
    for _turn in range(MOST_TURNS):
        before, volumes = volumes, before
        compute_volumes(step, shape, volumes)
        compute_shape(step, volumes, shape)
        if have_converged(before, volumes, K, 1e-13):
            break
    for k in range(K):
        for d in range(D):
            step.constrained[k * D + d] = volumes[k] * shape[d]
    return DONE
