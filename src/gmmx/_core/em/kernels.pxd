"""The functions that a compiled copy of em_pass hands over."""

from gmmx._core.layouts.task cimport EMPass, Shape

# NULL if the index is that of no layout.
ctypedef const Shape *(*shape_function)(Py_ssize_t layout) noexcept nogil
ctypedef void (*plan_function)(EMPass *task) noexcept nogil
ctypedef void (*pack_function)(const EMPass *task) noexcept nogil
# 0, or -1 if the pass was cancelled.
ctypedef int (*run_function)(EMPass *task, int n_threads) noexcept nogil

ctypedef int (*max_threads_function)() noexcept nogil

ctypedef Py_ssize_t (*factorize_function)(
    const double *matrices, Py_ssize_t K, Py_ssize_t D, double smallest, bint invert,
    double *factors, double *scratch, int n_threads
) noexcept nogil

ctypedef void (*square_upper_function)(
    const double *upper, Py_ssize_t D, double *transposed, double *square
) noexcept nogil

ctypedef struct Kernels:
    shape_function shape_of  # a layout
    max_threads_function max_threads  # OpenMP's limit, 1 without OpenMP
    plan_function plan
    pack_function pack        # the parameters, into task.packed
    run_function run
    factorize_function factorize  # matrices, each on its own
    square_upper_function square_upper
