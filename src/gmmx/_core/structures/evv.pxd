"""EVV: matrices volume C_k, where each C_k has determinant 1.

With g_k = |S_k|^(1/D) (Celeux, Govaert 1995, the model [lambda D_k A_k D_k']):

    C_k = S_k / g_k,
    volume = sum_k p_k g_k.
"""

from libc.math cimport exp

from gmmx._core.algebra.cholesky cimport factorize
from gmmx._core.structures.m_step cimport (
    DONE, SINGULAR, MStep, mean, mean_logarithm, share_variance, smallest_pivot,
)


cdef inline Py_ssize_t evv(const MStep *step) noexcept nogil:
    cdef Py_ssize_t K = step.K, D = step.D, F = step.F, k, f, lost
    cdef double *volumes = step.scratch
    cdef double *factor = volumes + K
    cdef double volume
    if D == 1:
        return share_variance(step)
    for k in range(K):
        lost = factorize(
            step.covariances + k * F, D, smallest_pivot(D), False, factor, factor + F)
        if lost >= 0:
            return SINGULAR
        volumes[k] = exp(2 * mean_logarithm(factor, D, D + 1))
    mean(step.shares, volumes, K, 1, &volume)
    for k in range(K):
        for f in range(k * F, (k + 1) * F):
            step.constrained[f] = volume / volumes[k] * step.covariances[f]
    return DONE
