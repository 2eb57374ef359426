"""Functions of `passes` that other compiled modules call."""

from gmmx._core.em.kernels cimport Kernels
from gmmx._core.layouts.task cimport EMPass, Shape

cdef const Kernels *double_kernels
cdef const Kernels *single_kernels

cdef Py_ssize_t threads_in_use

cdef Py_ssize_t layout_number(str layout) except -1
cdef const Shape *shape_of(const EMPass *task) noexcept
cdef Py_ssize_t factors_size(const Shape *shape, Py_ssize_t K, Py_ssize_t D) noexcept
cdef int check_size(str name, Py_ssize_t given, Py_ssize_t expected) except -1
cdef int start_task(EMPass *task, Py_ssize_t n, Py_ssize_t D, Py_ssize_t K, str layout) except -1
cdef int set_origin(
    EMPass *task, const double[:, ::1] origin, const double[::1] center, int moments
) except -1
cdef bint is_small(const EMPass *task) noexcept
cdef char *allocate(Py_ssize_t size) except NULL
cdef int execute(const Kernels *kernels, EMPass *task, int n_threads) except -1
