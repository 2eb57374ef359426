"""Many iterations of EM on few samples, in one call.

An iteration of a small fit takes a few microseconds in compiled code, and ten times as long if
Python calls each step. The functions called here are those that Python calls, in the same order, so
that the results have the same bits.
"""

import numpy as np

from cpython.mem cimport PyMem_Free
from libc.math cimport fabs, isfinite, sqrt
from libc.string cimport memcpy

from gmmx._core.em.kernels cimport Kernels
from gmmx._core.interface.components cimport (
    write_average_scatter, write_log_scale, write_mean_shift, write_shares,
    write_sum_of_components, write_traces, write_whitened,
)
from gmmx._core.interface.passes cimport (
    allocate, check_size, double_kernels, single_kernels, start_task, threads_in_use,
)
from gmmx._core.interface.structures cimport function_named
from gmmx._core.layouts.task cimport DENSITY, SECOND, EMPass
from gmmx._core.process.host cimport release_threads, reserve_threads
from gmmx._core.process.memory cimport align, take
from gmmx._core.structures.m_step cimport DONE, MStep, m_step_function, scratch_size

cdef object empty = np.empty
cdef object float32 = np.dtype(np.float32)


cdef struct State:
    double *weights      # (K,)
    double *means        # (K, D)
    double *covariances  # (J, F)
    double *factors      # (J, F)


cdef class SmallEM:
    """The parameters of a mixture that goes through iterations of EM on one set of samples.

    A covariance has F values: D D of a matrix, D variances, or one variance. There are K
    covariances, or one (J = 1) that all components share.
    """

    cdef EMPass task
    cdef const Kernels *kernels
    cdef object arrays
    cdef bint is_single, are_matrices, equal_weights
    cdef Py_ssize_t K, D, J, F
    cdef Py_ssize_t E              # values in a component's factor and second moments of a pass
    cdef double reg_covar, total_weight, largest_weight
    cdef double smallest_count, smallest_pivot, largest_sq_shift
    cdef State now, next
    cdef char *memory
    cdef double *log_scale         # (K,)
    cdef double *pass_weights      # (K,)
    cdef double *origin            # (K, D)
    cdef double *shift             # (K, D)
    cdef double *whitened          # (K, D)
    cdef double *expanded          # (K, E) factors
    cdef double *gathered          # (J or K, F) second moments
    cdef double *scratch           # (J, 2, D)
    cdef m_step_function constrain  # NULL without constraints between the components
    cdef MStep constraint

    def __cinit__(
        self,
        X,                              # IN (n, D) in float32 or float64
        sample_weight,                  # IN (n,) in the precision of X, or None
        const double[::1] weights,      # IN (K,)
        const double[:, ::1] means,     # IN (K, D)
        const double[::1] covariances,  # IN flat, (J, F)
        const double[::1] factors,      # IN flat, (J, F)
        *,
        bint are_matrices,
        bint is_shared,                 # by all components
        str constraint,                 # name of a structure of `structures`, or None
        bint equal_weights,
        double reg_covar,
        double total_weight,            # of the samples
        double largest_weight,          # of a sample, as a multiple of the mean weight
        double smallest_count,          # of a component that is not empty
        double smallest_pivot,          # of a matrix, as a share of the feature's variance
        double largest_sq_shift,        # in deviations: moments cancel beyond
    ):
        self.K, self.D = means.shape[0], means.shape[1]
        self.start_pass(X, sample_weight, are_matrices and (is_shared or self.D > 1))
        self.J = 1 if is_shared else self.K
        self.F = factors.size // self.J
        self.are_matrices = are_matrices
        self.E = self.D * self.D if are_matrices else self.D
        check_size("weights", weights.size, self.K)
        check_size("covariances", covariances.size, factors.size)
        check_size("factors", factors.size, self.J * (
            self.E if are_matrices or self.F > 1 else 1))
        self.reg_covar, self.total_weight = reg_covar, total_weight
        self.largest_weight, self.smallest_count = largest_weight, smallest_count
        self.smallest_pivot, self.largest_sq_shift = smallest_pivot, largest_sq_shift
        self.equal_weights = equal_weights
        self.constrain = NULL if constraint is None else function_named(constraint)
        self.lay_out()
        memcpy(self.now.weights, &weights[0], self.K * sizeof(double))
        memcpy(self.now.means, &means[0, 0], self.K * self.D * sizeof(double))
        memcpy(self.now.covariances, &covariances[0], factors.size * sizeof(double))
        memcpy(self.now.factors, &factors[0], factors.size * sizeof(double))

    def __dealloc__(self):
        PyMem_Free(self.memory)

    cdef int start_pass(self, X, sample_weight, bint is_dense) except -1:
        """Plan the pass over the samples."""
        cdef const double[:, ::1] doubles
        cdef const float[:, ::1] singles
        cdef const double[::1] double_weights
        cdef const float[::1] single_weights
        cdef EMPass *task = &self.task
        start_task(task, X.shape[0], self.D, self.K, "dense" if is_dense else "diagonal")
        check_size("a row of X", X.shape[1], self.D)
        self.is_single = X.dtype == float32
        self.kernels = single_kernels if self.is_single else double_kernels
        if self.is_single:
            singles = X
            task.X = &singles[0, 0]
        else:
            doubles = X
            task.X = &doubles[0, 0]
        if sample_weight is not None:
            check_size("sample_weight", sample_weight.size, X.shape[0])
            if self.is_single:
                single_weights = sample_weight
                task.sample_weight = &single_weights[0]
            else:
                double_weights = sample_weight
                task.sample_weight = &double_weights[0]
        self.arrays = X, sample_weight
        task.source, task.moments = DENSITY, SECOND
        self.kernels.plan(task)
        return 0

    cdef int lay_out(self) except -1:
        """Allocate the memory of all iterations."""
        self.memory = allocate(self.place(NULL))
        self.place(align(self.memory))
        return 0

    cdef Py_ssize_t place(self, char *memory) noexcept:
        """Point into memory; return the bytes that it takes."""
        cdef EMPass *task = &self.task
        cdef Py_ssize_t K = self.K, D = self.D, item = sizeof(double)
        cdef char *free_bytes = memory
        task.packed = take(&free_bytes, task.packed_size)
        task.scratch = take(&free_bytes, task.scratch_size)
        task.partial_sums = <double *>take(&free_bytes, task.n_chunks * task.partial_size * item)
        task.partial_skipped = <long long *>take(&free_bytes, task.n_chunks * sizeof(long long))
        task.partial_finite = <int *>take(&free_bytes, task.n_chunks * sizeof(int))
        task.partial_far = <int *>take(&free_bytes, task.n_chunks * sizeof(int))
        task.sums = <double *>take(&free_bytes, (1 + K * (1 + D + self.E)) * item)
        self.place_state(&self.now, &free_bytes)
        self.place_state(&self.next, &free_bytes)
        self.log_scale = <double *>take(&free_bytes, K * item)
        self.pass_weights = <double *>take(&free_bytes, K * item)
        self.origin = <double *>take(&free_bytes, K * D * item)
        self.shift = <double *>take(&free_bytes, K * D * item)
        self.whitened = <double *>take(&free_bytes, K * D * item)
        self.expanded = <double *>take(&free_bytes, K * self.E * item)
        self.gathered = <double *>take(&free_bytes, K * self.F * item)
        self.scratch = <double *>take(&free_bytes, self.J * 2 * D * item)
        if self.constrain != NULL:
            self.place_constraint(&free_bytes)
        task.log_scale, task.weights, task.origin = self.log_scale, self.pass_weights, self.origin
        return free_bytes - memory

    cdef void place_state(self, State *state, char **free_bytes) noexcept:
        cdef Py_ssize_t item = sizeof(double)
        state.weights = <double *>take(free_bytes, self.K * item)
        state.means = <double *>take(free_bytes, self.K * self.D * item)
        state.covariances = <double *>take(free_bytes, self.J * self.F * item)
        state.factors = <double *>take(free_bytes, self.J * self.F * item)

    cdef void place_constraint(self, char **free_bytes) noexcept:
        """Point to the arguments of an M-step with constraints."""
        cdef MStep *step = &self.constraint
        cdef Py_ssize_t item = sizeof(double)
        step.K, step.D, step.F = self.K, self.D, self.F
        step.shares = <double *>take(free_bytes, self.K * item)
        step.covariances = <double *>take(free_bytes, self.K * self.F * item)
        step.scratch = <double *>take(
            free_bytes, scratch_size(self.K, self.D, self.F) * item)

    def parameters(self):
        """Return copies of weights (K,), means (K, D), covariances and factors, both flat."""
        cdef double[::1] weights = empty(self.K)
        cdef double[:, ::1] means = empty((self.K, self.D))
        cdef double[::1] covariances = empty(self.J * self.F)
        cdef double[::1] factors = empty(self.J * self.F)
        memcpy(&weights[0], self.now.weights, weights.nbytes)
        memcpy(&means[0, 0], self.now.means, means.nbytes)
        memcpy(&covariances[0], self.now.covariances, covariances.nbytes)
        memcpy(&factors[0], self.now.factors, factors.nbytes)
        return weights.base, means.base, covariances.base, factors.base

    def iterate(self, double[::1] bounds, double lower_bound, double scale, double tol):
        """Iterate until `scale` times the change of the bound is below `tol`, or `bounds` is full.

        `lower_bound` is the bound before. Return the number of iterations, whether EM has
        converged, and whether the last iteration was plain: not if squares overflow, a component
        is empty, a covariance is singular or moments cancel. Such an iteration is undone.
        """
        cdef Py_ssize_t n_iter = 0
        cdef bint is_plain = True, has_converged = False
        cdef int n_threads = reserve_threads(&threads_in_use, 1)
        with nogil:
            while n_iter < bounds.shape[0] and not has_converged:
                self.e_step()
                is_plain = self.m_step()
                if not is_plain:
                    break
                self.now, self.next = self.next, self.now
                bounds[n_iter] = self.task.sums[0] / self.total_weight
                has_converged = scale * fabs(bounds[n_iter] - lower_bound) < tol
                lower_bound = bounds[n_iter]
                n_iter += 1
        release_threads(&threads_in_use, n_threads)
        return n_iter, has_converged, is_plain

    cdef void e_step(self) noexcept nogil:
        """The sums of a pass over the samples under the present parameters."""
        cdef EMPass *task = &self.task
        cdef Py_ssize_t K = self.K, D = self.D, i
        write_log_scale(self.now.weights, K, self.now.factors, self.F, self.J == 1, D,
                        self.log_scale)
        for i in range(K):
            self.pass_weights[i] = self.now.weights[i] / self.largest_weight
        for i in range(K * D):
            self.origin[i] = <float>self.now.means[i] if self.is_single else self.now.means[i]
        task.means, task.factors = self.now.means, self.exact_factors()
        task.progress.next_chunk = task.progress.n_done = 0
        self.kernels.pack(task)
        self.kernels.run(task, 1)

    cdef const double *exact_factors(self) noexcept nogil:
        """Return a factor for each component, with values for all features."""
        cdef Py_ssize_t k, e
        cdef const double *factor = self.now.factors
        if self.J == self.K and self.F == self.E:
            return factor
        for k in range(self.K):
            for e in range(self.E):
                self.expanded[k * self.E + e] = factor[e if self.F > 1 else 0]
            factor += self.F if self.J > 1 else 0
        return self.expanded

    cdef const double *second_moments(self) noexcept nogil:
        """Return second moments in the shape of the structure's layout."""
        cdef const double *second = self.task.sums + 1 + self.K * (1 + self.D)
        if self.are_matrices and self.J == 1:
            write_sum_of_components(second, self.K, self.F, self.gathered)
        elif not self.are_matrices and self.F < self.D:
            write_traces(second, self.K, self.D, self.gathered)
        else:
            return second
        return self.gathered

    cdef bint m_step(self) noexcept nogil:
        """Compute the next parameters; return whether the iteration is plain."""
        cdef Py_ssize_t K = self.K, D = self.D, i
        cdef const double *counts = self.task.sums + 1
        cdef const double *second = self.second_moments()
        cdef double total = self.task.sums[0], moved = 0
        for i in range((self.J if self.are_matrices else K) * self.F):
            total += second[i]
        if not isfinite(total):
            return False
        for i in range(K):
            if counts[i] < self.smallest_count:
                return False
        write_mean_shift(counts, counts + K, self.smallest_count, K, D, self.shift)
        if not self.estimate(counts, second) or not self.factorize():
            return False
        write_whitened(
            self.shift, self.next.factors, self.F, self.J == 1, K, D, self.whitened)
        for i in range(K * D):
            moved += self.whitened[i] * self.whitened[i]
            self.next.means[i] = self.origin[i] + self.shift[i]
        for i in range(K):
            self.next.weights[i] = 1 / <double>K if self.equal_weights else counts[i]
        write_shares(self.next.weights, K, self.next.weights)
        return moved <= self.largest_sq_shift

    cdef bint estimate(self, const double *counts, const double *second) noexcept nogil:
        """The next covariances; return whether they satisfy the constraints."""
        cdef MStep *step = &self.constraint
        cdef double *own = self.next.covariances
        if self.constrain != NULL:
            own = step.covariances
        write_average_scatter(
            counts, self.shift, second, self.K, self.D, self.are_matrices, self.reg_covar,
            self.J, self.F, own)
        if self.constrain == NULL:
            return True
        write_shares(counts, self.K, step.shares)
        step.previous, step.constrained = self.now.covariances, self.next.covariances
        return self.constrain(step) == DONE

    cdef bint factorize(self) noexcept nogil:
        """Factors of the next covariances; return whether all are positive definite."""
        cdef Py_ssize_t i
        if self.are_matrices:
            return double_kernels.factorize(
                self.next.covariances, self.J, self.D, self.smallest_pivot, True,
                self.next.factors, self.scratch, 1) < 0
        for i in range(self.J * self.F):
            if not self.next.covariances[i] > 0:
                return False
            self.next.factors[i] = 1 / sqrt(self.next.covariances[i])
        return True
