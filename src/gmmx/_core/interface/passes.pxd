"""Functions of `passes` that other compiled modules call."""

from libc.stdint cimport uintptr_t

from gmmx._core.em.task cimport EMPass, Kernels, Layout

cdef enum:
    ALIGNMENT = 64

cdef const Kernels *double_kernels
cdef const Kernels *single_kernels

cdef Py_ssize_t threads_in_use

cdef Layout layout_number(str layout) except *
cdef Py_ssize_t factors_size(Layout layout, Py_ssize_t K, Py_ssize_t D) noexcept
cdef int check_size(str name, Py_ssize_t given, Py_ssize_t expected) except -1
cdef int start_task(EMPass *task, Py_ssize_t n, Py_ssize_t D, Py_ssize_t K, str layout) except -1
cdef int set_origin(
    EMPass *task, const double[:, ::1] origin, const double[::1] center, int moments
) except -1
cdef bint is_small(const EMPass *task) noexcept
cdef char *allocate(Py_ssize_t size) except NULL
cdef int execute(const Kernels *kernels, EMPass *task, int n_threads) except -1


cdef inline char *align(char *memory) noexcept:
    cdef uintptr_t address = <uintptr_t>memory
    return <char *>((address + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT)
