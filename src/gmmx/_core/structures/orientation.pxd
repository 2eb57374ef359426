"""Axes common to all components: their common principal components.

The axes q_d, rows of Q, minimize an objective of the log volumes: mean over d of
log(q_d^T S_k q_d). Each update rotates all pairs of axes (i, j) at once, by the Newton step

    angle_ij = sum_k g_k F_kij (1 / f_ki - 1 / f_kj) / sum_k g_k (f_ki - f_kj)^2 / (f_ki f_kj),

where F_k = Q S_k Q^T, f_k is its diagonal and g_k the gradient of the objective. The Hessian is
taken at diagonal F_k, where it is diagonal and not negative. The rotation therefore points
downwards. It is halved until the objective falls.

References: Flury (1984), "Common principal components in k groups", Journal of the American
Statistical Association 79. Pham (2001), "Joint approximate diagonalization of positive definite
Hermitian matrices", SIAM Journal on Matrix Analysis and Applications 22. Browne, McNicholas (2014),
"Estimating common principal components in high dimensions", Advances in Data Analysis and
Classification 8, reach the same optimum by majorization, in many more updates.
"""

from libc.math cimport fabs, sqrt
from libc.string cimport memcpy

from gmmx._core.algebra.cholesky cimport factorize
from gmmx._core.algebra.eigen cimport eigen
from gmmx._core.algebra.rotation cimport multiply, multiply_symmetric, rotation, transpose
from gmmx._core.structures.m_step cimport (
    CANCELLED, DONE, SINGULAR, MStep, are_variances, epsilon, is_cancelled, mean, mean_logarithm,
    most_updates, smallest_change, smallest_pivot,
)

cdef enum:
    MOST_HALVINGS = 30

# Returns the term of the M-step's objective that depends on the log volumes (K,) of components with
# these shares (K,), divided by the number of features; computes its gradient (K,).
ctypedef double (*objective_function)(
    const double *logs, const double *shares, Py_ssize_t K, double *gradient
) noexcept nogil


# The own covariances in the coordinates of common axes.
cdef struct Along:
    double *rotated    # (K, D, D) F_k
    double *variances  # (K, D) f_k
    double *logs       # (K,) log volumes
    double *gradient   # (K,) of the objective
    double value       # of the objective


cdef inline double *place(Along *along, const MStep *step, double *memory) noexcept nogil:
    """Point into memory; return the rest of it."""
    along.rotated = memory
    along.variances = along.rotated + step.K * step.F
    along.logs = along.variances + step.K * step.D
    along.gradient = along.logs + step.K
    return along.gradient + step.K


cdef inline void rotate_along(
    const MStep *step,
    const double *turn,      # IN (D, D) rows are the new axes
    const double *matrices,  # IN (K, D, D)
    objective_function objective,
    double *product,         # scratch (2, D, D)
    Along *along,            # OUT
) noexcept nogil:
    """Compute turn matrix_k turn^T and the objective."""
    cdef Py_ssize_t K = step.K, D = step.D, F = step.F, k, d
    cdef double *transposed = product + F
    transpose(turn, D, transposed)
    for k in range(K):
        multiply(turn, matrices + k * F, D, product)
        multiply_symmetric(product, transposed, D, along.rotated + k * F)
        for d in range(D):
            along.variances[k * D + d] = along.rotated[k * F + d * (D + 1)]
        along.logs[k] = mean_logarithm(along.variances + k * D, D, 1)
    along.value = objective(along.logs, step.shares, K, along.gradient)


cdef inline void pair_of_axes(
    const MStep *step, const Along *along, Py_ssize_t i, Py_ssize_t j,
    double *slope, double *curvature,
) noexcept nogil:
    """Compute minus the derivative of the objective, and the Hessian, for the angle of a pair."""
    cdef Py_ssize_t k
    cdef double first, second, difference
    slope[0] = curvature[0] = 0
    for k in range(step.K):
        first, second = along.variances[k * step.D + i], along.variances[k * step.D + j]
        difference = along.gradient[k] * ((second - first) / (first * second))
        slope[0] += difference * along.rotated[k * step.F + i * step.D + j]
        curvature[0] += difference * (second - first)


cdef inline double newton_step(
    const MStep *step, const Along *along,
    double *angles,  # OUT (D, D) antisymmetric
) noexcept nogil:
    """Return the decrease of the objective to expect of the angles."""
    cdef Py_ssize_t D = step.D, i, j
    cdef double slope = 0, curvature = 0, angle, decrease = 0
    for i in range(D):
        angles[i * D + i] = 0
        for j in range(i + 1, D):
            pair_of_axes(step, along, i, j, &slope, &curvature)
            # A rotation of axes along which each component has equal variances changes nothing.
            angle = slope / curvature if curvature > 1e-12 else 0
            angle = min(max(angle, -0.5), 0.5)
            angles[i * D + j], angles[j * D + i] = angle, -angle
            decrease += angle * slope
    return decrease


cdef inline void starting_axes(
    const MStep *step,
    double *scratch,  # (2, D, D) and (3, D)
    double *values,   # scratch (K, D)
    double *axes,     # OUT (D, D) rows
) noexcept nogil:
    """The axes of the E-step's covariances, or of the pooled covariance if there are none.

    The former are the axes of a sum of the covariances. The weights of the sum are different, so
    that variances which are exchanged between components do not become equal in the sum.
    """
    cdef Py_ssize_t K = step.K, D = step.D, F = step.F, k, d
    cdef double *total = scratch
    cdef double *weights = values
    cdef double trace
    if step.previous == NULL:
        mean(step.shares, step.covariances, K, F, total)
    else:
        for k in range(K):
            trace = 0
            for d in range(D):
                trace += step.previous[k * F + d * (D + 1)]
            weights[k] = sqrt(<double>(k + 1)) / trace
        mean(weights, step.previous, K, F, total)
    # Any orthogonal axes will do, also if they have not converged.
    eigen(total, D, scratch + F, values, axes)


cdef inline bint turn_axes(
    const MStep *step, objective_function objective, double decrease,
    double *angles,        # INOUT (D, D), halved until the objective falls
    double *turn,          # OUT (D, D) rotation by the angles
    double *product,       # scratch (2, D, D)
    const Along *present,
    Along *next,           # OUT
) noexcept nogil:
    """Return whether the objective has fallen."""
    cdef Py_ssize_t _halving, f
    # The objective cannot judge a rotation that changes it by rounding only.
    cdef bint is_rounding = decrease <= 16 * epsilon() * (1 + fabs(present.value))
    for _halving in range(MOST_HALVINGS):
        rotation(angles, step.D, product, turn)
        rotate_along(step, turn, present.rotated, objective, product, next)
        if next.value < present.value or is_rounding:
            return True
        for f in range(step.F):
            angles[f] *= 0.5
    return False


cdef inline Py_ssize_t orientation(
    const MStep *step, objective_function objective,
    double **axes,       # OUT (D, D) rows, in `scratch`
    double **variances,  # OUT (K, D) q_d^T S_k q_d, in `scratch`
    double **logs,       # OUT (K,) log volumes, in `scratch`
) noexcept nogil:
    """Compute the common axes; return DONE, or why there are none."""
    cdef Py_ssize_t K = step.K, D = step.D, F = step.F, k, _update
    cdef double *angles = step.scratch
    cdef double *turn = angles + F
    cdef double *product = turn + F
    cdef double *found = product + 2 * F + 3 * D
    cdef Along present, next
    cdef double decrease
    cdef bint has_fallen
    place(&next, step, place(&present, step, found + F))
    for k in range(K):
        if factorize(step.covariances + k * F, D, smallest_pivot(D), False, turn, product) >= 0:
            return SINGULAR
    starting_axes(step, product, next.variances, found)
    rotate_along(step, found, step.covariances, objective, product, &present)
    for _update in range(most_updates(step)):
        decrease = newton_step(step, &present, angles)
        if decrease <= smallest_change() ** 2:
            break
        if is_cancelled(step):
            return CANCELLED
        has_fallen = turn_axes(step, objective, decrease, angles, turn, product, &present, &next)
        if not has_fallen:
            break
        multiply(turn, found, D, product)
        memcpy(found, product, F * sizeof(double))
        present, next = next, present
    axes[0], variances[0], logs[0] = found, present.variances, present.logs
    for k in range(K):
        if not are_variances(present.variances + k * D, D):
            return SINGULAR
    return DONE
