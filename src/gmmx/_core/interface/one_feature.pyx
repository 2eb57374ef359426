"""Iterations of variational inference on samples of one feature, each in one call.

For thousands of samples the small steps after a pass would take longer in Python than the pass
itself, and hold the interpreter's lock.
"""

import numpy as np

from libc.math cimport INFINITY, isfinite, sqrt

from gmmx._core.interface.conjugate cimport (
    dirichlet_terms, extra_count, gauss_wishart_terms, stick_breaking_terms, update_gauss_wishart,
)
from gmmx._core.interface.passes cimport (
    check_size, double_kernels, execute, single_kernels, start_task,
)
from gmmx._core.layouts.task cimport DENSITY, SECOND, EMPass

cdef object empty = np.empty
cdef object float32 = np.dtype(np.float32)


cdef enum:  # rows of an iteration's result
    MEANS
    MEAN_PRECISION
    DEGREES
    COVARIANCES
    FACTORS
    TERMS           # two of `gauss_wishart`
    CONCENTRATION = TERMS + 2


cdef class OneFeatureIteration:
    """An iteration of variational inference on samples of one feature, in one call."""

    cdef EMPass task
    cdef object arrays
    cdef const double[:, ::1] concentration
    cdef double mean, mean_precision, scatter, degrees_of_freedom, reg_covar
    cdef double smallest_count, largest_sq_shift
    cdef bint is_single
    cdef int n_threads

    def __cinit__(
        self,
        X,                                   # IN (n, 1) in float32 or float64
        const double[:, ::1] concentration,  # IN of weights: (2, K) taken and left, or (1, K) alpha
        *,
        double mean, double mean_precision,  # of the prior, as the next two
        double scatter, double degrees_of_freedom,
        double reg_covar,
        double smallest_count,               # of a component that is not empty
        double largest_sq_shift,             # in deviations: moments cancel beyond
        int n_threads,
        sample_weight=None,                  # IN (n,) in the precision of X
    ):
        cdef const double[:, ::1] doubles
        cdef const float[:, ::1] singles
        cdef const double[::1] double_weights
        cdef const float[::1] single_weights
        start_task(&self.task, X.shape[0], 1, concentration.shape[1], "diagonal")
        self.is_single = X.dtype == float32
        if self.is_single:
            singles = X
            self.task.X = &singles[0, 0]
        else:
            doubles = X
            self.task.X = &doubles[0, 0]
        check_size("a row of X", X.shape[1], 1)
        if sample_weight is not None:
            check_size("sample_weight", sample_weight.size, X.shape[0])
            if self.is_single:
                single_weights = sample_weight
                self.task.sample_weight = &single_weights[0]
            else:
                double_weights = sample_weight
                self.task.sample_weight = &double_weights[0]
        self.task.source = DENSITY
        self.task.moments = SECOND
        self.arrays = X, sample_weight
        self.concentration, self.n_threads = concentration, n_threads
        self.mean, self.mean_precision = mean, mean_precision
        self.scatter, self.degrees_of_freedom, self.reg_covar = (
            scatter, degrees_of_freedom, reg_covar)
        self.smallest_count, self.largest_sq_shift = smallest_count, largest_sq_shift

    def __call__(
        self,
        const double[:, ::1] means,    # IN (K, 1)
        const double[::1] factors,     # IN (K,) 1 / standard deviations
        const double[::1] log_scale,   # IN (K,)
        const double[::1] weights,     # IN (K,)
    ):
        """Return rows of the new posterior, logarithms of its normalizing integral, and the bound.

        After the rows that have names there are the parameters of the weights and their terms. The
        integral over the weights comes last. None if squares overflow, moments cancel or a
        variance is not positive.
        """
        cdef Py_ssize_t K = self.task.n_components, n_parameters = self.concentration.shape[0], k
        cdef object array = empty((CONCENTRATION + 3 * n_parameters, K))
        cdef double[:, ::1] rows = array
        cdef double[::1] sums = empty(1 + 5 * K)  # and the origin and the shift of moments
        cdef double *to = &rows[0, 0]
        cdef EMPass task = self.task
        cdef double bound, normalizer, of_weights
        check_size("means", means.size, K)
        check_size("factors", factors.size, K)
        check_size("log_scale", log_scale.size, K)
        check_size("weights", weights.size, K)
        task.means, task.factors = &means[0, 0], &factors[0]
        task.log_scale, task.weights = &log_scale[0], &weights[0]
        task.sums = &sums[0]
        task.origin = &sums[1 + 3 * K]
        for k in range(K):
            sums[1 + 3 * K + k] = self.rounded(means[k, 0])
        execute(single_kernels if self.is_single else double_kernels, &task, self.n_threads)
        if not self.update(&sums[0], task.origin, &sums[1 + 4 * K], to):
            return None
        of_weights = self.update_weights(&sums[1], to + CONCENTRATION * K)
        normalizer = gauss_wishart_terms(
            to + (CONCENTRATION + n_parameters + 1) * K, to + MEAN_PRECISION * K, K,
            to + DEGREES * K, K, to + FACTORS * K, 1, 1, to + TERMS * K)
        bound = self.entropy(&sums[0], &factors[0], &log_scale[0]) + (normalizer + of_weights)
        return array, normalizer, of_weights, bound

    cdef double rounded(self, double value) noexcept nogil:
        """Round a value to the precision of the kernels."""
        return <float>value if self.is_single else value

    cdef bint update(
        self, const double *sums, const double *origin, double *shift, double *rows
    ) noexcept nogil:
        """Compute the posterior of means and precisions; return whether it is valid."""
        cdef Py_ssize_t K = self.task.n_components, k
        cdef const double *counts = sums + 1
        cdef const double *first = counts + K
        cdef const double *second = first + K
        cdef double *covariance = rows + COVARIANCES * K
        cdef double *factor = rows + FACTORS * K
        cdef double total = sums[0], moved = 0
        for k in range(K):
            total += second[k]
            shift[k] = first[k] / counts[k] if counts[k] >= self.smallest_count else 0
        if not isfinite(total):
            return False
        update_gauss_wishart(
            counts, shift, origin, second,
            &self.mean, self.mean_precision, &self.scatter, self.degrees_of_freedom,
            self.reg_covar, K, 1, K, 1, False,
            rows + MEANS * K, rows + MEAN_PRECISION * K, rows + DEGREES * K, covariance)
        for k in range(K):
            if not 0 < covariance[k] < INFINITY:
                return False
            factor[k] = 1 / sqrt(covariance[k])
            moved += counts[k] / rows[DEGREES * K + k] * (factor[k] * shift[k]) ** 2
        return moved <= self.largest_sq_shift

    cdef double update_weights(self, const double *counts, double *rows) noexcept nogil:
        """Parameters of the weights and their terms; return the logarithm of the integral."""
        cdef Py_ssize_t K = self.task.n_components, k
        cdef double later = 0
        for k in range(K):
            rows[k] = self.concentration[0, k] + (counts[k] + extra_count)
        if self.concentration.shape[0] == 1:
            return dirichlet_terms(rows, K, rows + K)
        for k in range(K - 1, -1, -1):
            rows[K + k] = self.concentration[1, k] + later
            later += counts[k] + extra_count
        return stick_breaking_terms(rows, rows + K, K, rows + 2 * K)

    cdef double entropy(
        self, const double *sums, const double *factors, const double *log_scale
    ) noexcept nogil:
        """-sum_ik r_ik log r_ik under the parameters that the sums stem from."""
        cdef Py_ssize_t K = self.task.n_components, k
        cdef double root_half = 0.70710678118654752440, weighted = 0, factor
        for k in range(K):
            factor = self.rounded(root_half * factors[k])
            weighted += (sums[1 + k] * self.rounded(log_scale[k])
                         - factor * factor * sums[1 + 2 * K + k])
        return sums[0] - weighted
