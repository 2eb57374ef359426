"""EVE: matrices volume orientation diag(shape_k) orientation^T.

Let f_kd = q_d^T S_k q_d be the variance of component k along the common axis q_d (Celeux, Govaert
1995, the model [lambda D A_k D']):

    volume = sum_k p_k (prod_d f_kd)^(1/D),
    shape_kd = f_kd / (prod_d f_kd)^(1/D).

The axes are those of the smallest volume.
"""

from libc.math cimport exp, log

from gmmx._core.structures.m_step cimport DONE, MStep, compose, share_variance
from gmmx._core.structures.orientation cimport orientation


cdef inline double log_mean_volume(
    const double *logs, const double *shares, Py_ssize_t K, double *gradient
) noexcept nogil:
    cdef Py_ssize_t k
    cdef double largest = logs[0], total = 0
    for k in range(1, K):
        largest = max(largest, logs[k])
    for k in range(K):
        gradient[k] = shares[k] * exp(logs[k] - largest)
        total += gradient[k]
    for k in range(K):
        gradient[k] /= total
    return largest + log(total)


cdef inline Py_ssize_t eve(const MStep *step) noexcept nogil:
    cdef Py_ssize_t K = step.K, D = step.D, k, failed
    cdef double *axes
    cdef double *variances
    cdef double *logs
    cdef double common
    if D == 1:
        return share_variance(step)
    failed = orientation(step, log_mean_volume, &axes, &variances, &logs)
    if failed != DONE:
        return failed
    common = log_mean_volume(logs, step.shares, K, step.scratch)
    for k in range(K):
        compose(
            axes, variances + k * D, exp(common - logs[k]), D, step.constrained + k * step.F)
    return DONE
