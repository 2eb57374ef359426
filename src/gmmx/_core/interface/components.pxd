"""Functions of `components` that other compiled modules call, on arrays that were checked."""

cdef void write_log_scale(
    const double *weights, Py_ssize_t K, const double *factors, Py_ssize_t size, bint is_shared,
    Py_ssize_t D, double *scale,
) noexcept nogil
cdef void write_mean_shift(
    const double *counts, const double *first, double smallest, Py_ssize_t K, Py_ssize_t D,
    double *shift,
) noexcept nogil
cdef void write_whitened(
    const double *shift, const double *factor, Py_ssize_t size, bint is_shared,
    Py_ssize_t K, Py_ssize_t D, double *whitened,
) noexcept nogil
cdef void write_average_scatter(
    const double *counts, const double *shift, const double *second, Py_ssize_t K, Py_ssize_t D,
    bint are_matrices, double reg_covar, Py_ssize_t J, Py_ssize_t F, double *scatter,
) noexcept nogil
cdef void write_shares(const double *counts, Py_ssize_t K, double *weights) noexcept nogil
cdef void write_traces(
    const double *second, Py_ssize_t K, Py_ssize_t D, double *sums
) noexcept nogil
cdef void write_sum_of_components(
    const double *second, Py_ssize_t K, Py_ssize_t size, double *total
) noexcept nogil
