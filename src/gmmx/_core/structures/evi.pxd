"""EVI: variances volume shape_kd, where the shapes of a component multiply to 1.

Let g_k be the geometric mean of S_kd over d (Celeux, Govaert 1995, the model [lambda B_k]):

    shape_kd = S_kd / g_k,
    volume = sum_k p_k g_k.
"""

from libc.math cimport exp

from gmmx._core.structures.m_step cimport DONE, SINGULAR, MStep, mean, mean_logarithm


cdef inline Py_ssize_t evi(const MStep *step) noexcept nogil:
    cdef Py_ssize_t K = step.K, D = step.D, k, d
    cdef double *geometric_means = step.scratch
    cdef double volume
    for d in range(K * D):
        if not step.covariances[d] > 0:
            return SINGULAR
    for k in range(K):
        geometric_means[k] = exp(mean_logarithm(step.covariances + k * D, D, 1))
    mean(step.shares, geometric_means, K, 1, &volume)
    for k in range(K):
        for d in range(k * D, (k + 1) * D):
            step.constrained[d] = step.covariances[d] * (volume / geometric_means[k])
    return DONE
