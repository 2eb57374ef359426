"""Functions of `conjugate` that other compiled modules call, on arrays that were checked."""

cdef double extra_count  # of samples, in every component
cdef double stick_breaking_terms(
    const double *taken, const double *left, Py_ssize_t K, double *terms
) noexcept nogil
cdef double dirichlet_terms(const double *alpha, Py_ssize_t K, double *terms) noexcept nogil
cdef double gauss_wishart_terms(
    const double *log_weights, const double *mean_precision, Py_ssize_t K,
    const double *degrees_of_freedom, Py_ssize_t J,
    const double *factors, Py_ssize_t D, Py_ssize_t F,
    double *terms,
) noexcept nogil
cdef void update_gauss_wishart(
    const double *counts, const double *shift, const double *origin, const double *second,
    const double *mean, double mean_precision, const double *scatter, double degrees_of_freedom,
    double reg_covar, Py_ssize_t K, Py_ssize_t D, Py_ssize_t J, Py_ssize_t F, bint is_summed,
    double *means, double *mean_precisions, double *degrees, double *covariances,
) noexcept nogil
