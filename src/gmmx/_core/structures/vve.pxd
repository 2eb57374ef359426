"""VVE: matrices volume_k orientation diag(shape_k) orientation^T, common principal components.

Let q_d be the common axes, which minimize sum_k p_k sum_d log(q_d^T S_k q_d) (Flury 1984,
"Common principal components in k groups", Journal of the American Statistical Association 79;
Celeux, Govaert 1995, the model [lambda_k D A_k D']):

    volume_k shape_kd = q_d^T S_k q_d.
"""

from gmmx._core.structures.m_step cimport DONE, MStep, compose
from gmmx._core.structures.orientation cimport orientation


cdef inline double mean_log_volume(
    const double *logs, const double *shares, Py_ssize_t K, double *gradient
) noexcept nogil:
    cdef Py_ssize_t k
    cdef double value = 0
    for k in range(K):
        value += shares[k] * logs[k]
        gradient[k] = shares[k]
    return value


cdef inline Py_ssize_t vve(const MStep *step) noexcept nogil:
    cdef Py_ssize_t k
    cdef double *axes
    cdef double *variances
    cdef double *logs
    cdef Py_ssize_t failed = orientation(step, mean_log_volume, &axes, &variances, &logs)
    if failed != DONE:
        return failed
    for k in range(step.K):
        compose(axes, variances + k * step.D, 1, step.D, step.constrained + k * step.F)
    return DONE
