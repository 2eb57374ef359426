"""VEV: matrices volume_k orientation_k diag(shape) orientation_k^T.

orientation_k are the eigenvectors of S_k. With its eigenvalues e_kd, in ascending order in each
component, volumes and shape are computed in turns (Celeux, Govaert 1995, the model
[lambda_k D_k A D_k']):

    volume_k = mean over d of e_kd / shape_d,
    shape_d = sum_k p_k e_kd / volume_k.

They are the M-step of VEI with variances e_kd.
"""

from gmmx._core.algebra.eigen cimport eigen
from gmmx._core.structures.eev cimport decompose
from gmmx._core.structures.m_step cimport (
    DONE, SINGULAR, MStep, are_variances, compose, have_converged, largest_component, mean,
    most_updates, smallest_change, without_volume,
)
from gmmx._core.structures.vei cimport compute_shape, compute_volumes


cdef inline Py_ssize_t vev(const MStep *step) noexcept nogil:
    cdef Py_ssize_t K = step.K, D = step.D, F = step.F, k, _update, failed
    cdef MStep of_eigenvalues = step[0]
    cdef double *orientations = step.scratch
    cdef double *eigenvalues = orientations + K * F
    cdef double *shape = eigenvalues + K * D
    cdef double *volumes = shape + D
    cdef double *before = volumes + K
    cdef double *vectors = before + K
    cdef double *scratch = vectors + F
    failed = decompose(step, eigenvalues, orientations, scratch)
    if failed != DONE:
        return failed
    mean(step.shares, eigenvalues, K, D, shape)
    if not are_variances(shape, D):
        return SINGULAR
    if step.previous != NULL:
        if not eigen(
                step.previous + largest_component(step) * F, D, scratch, shape, vectors):
            return SINGULAR
    of_eigenvalues.covariances = eigenvalues
    compute_volumes(&of_eigenvalues, shape, volumes)
    for _update in range(most_updates(step)):
        failed = without_volume(volumes, K)
        if failed != DONE:
            return failed
        before, volumes = volumes, before
        compute_shape(&of_eigenvalues, before, shape)
        compute_volumes(&of_eigenvalues, shape, volumes)
        if have_converged(before, volumes, K, smallest_change()):
            break
    failed = without_volume(volumes, K)
    for k in range(K):
        compose(orientations + k * F, shape, volumes[k], D, step.constrained + k * F)
    return failed
