"""EEV: matrices orientation_k diag(volume shape) orientation_k^T.

orientation_k are the eigenvectors of S_k. Let e_kd be its eigenvalues, in ascending order in each
component (Celeux, Govaert 1995, the model [lambda D_k A D_k']):

    volume shape_d = sum_k p_k e_kd.
"""

from gmmx._core.algebra.eigen cimport eigen
from gmmx._core.structures.m_step cimport (
    CANCELLED, DONE, SINGULAR, MStep, are_variances, compose, is_cancelled, mean,
)


cdef inline Py_ssize_t decompose(
    const MStep *step,
    double *eigenvalues,   # OUT (K, D) ascending
    double *orientations,  # OUT (K, D, D) rows
    double *scratch,       # (D + 3, D)
) noexcept nogil:
    """Compute the eigenvalues and eigenvectors of the S_k; return DONE, or why there are none."""
    cdef Py_ssize_t D = step.D, F = step.F, k
    for k in range(step.K):
        if is_cancelled(step):
            return CANCELLED
        if not eigen(
                step.covariances + k * F, D, scratch, eigenvalues + k * D, orientations + k * F):
            return SINGULAR
    return DONE


cdef inline Py_ssize_t eev(const MStep *step) noexcept nogil:
    cdef Py_ssize_t K = step.K, D = step.D, F = step.F, k, failed
    cdef double *orientations = step.scratch
    cdef double *eigenvalues = orientations + K * F
    cdef double *variances = eigenvalues + K * D
    failed = decompose(step, eigenvalues, orientations, variances + D)
    if failed != DONE:
        return failed
    mean(step.shares, eigenvalues, K, D, variances)
    if not are_variances(variances, D):
        return SINGULAR
    for k in range(K):
        compose(orientations + k * F, variances, 1, D, step.constrained + k * F)
    return DONE
