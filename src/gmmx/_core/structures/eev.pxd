"""EEV: matrices orientation_k diag(volume shape) orientation_k^T.

orientation_k are the eigenvectors of S_k. Let e_kd be its eigenvalues, in ascending order in each
component (Celeux, Govaert 1995, the model [lambda D_k A D_k']):

    volume shape_d = sum_k p_k e_kd.
"""

from gmmx._core.algebra.eigen cimport eigen
from gmmx._core.structures.m_step cimport (
    CANCELLED, DONE, SINGULAR, MStep, are_variances, compose, is_cancelled, mean,
)


cdef inline Py_ssize_t eev(const MStep *step) noexcept nogil:
    cdef Py_ssize_t K = step.K, D = step.D, F = step.F, k
    cdef double *orientations = step.scratch
    cdef double *eigenvalues = orientations + K * F
    cdef double *variances = eigenvalues + K * D
    cdef double *scratch = variances + D
    for k in range(K):
        if is_cancelled(step):
            return CANCELLED
        eigen(step.covariances + k * F, D, scratch, eigenvalues + k * D, orientations + k * F)
    mean(step.shares, eigenvalues, K, D, variances)
    if not are_variances(variances, D):
        return SINGULAR
    for k in range(K):
        compose(orientations + k * F, variances, 1, D, step.constrained + k * F)
    return DONE
