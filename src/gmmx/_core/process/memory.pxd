"""Aligned parts of one piece of memory."""

from libc.stdint cimport uintptr_t

cdef enum:
    ALIGNMENT = 64  # bytes: a cache line, and the longest vector


cdef inline Py_ssize_t aligned_size(Py_ssize_t size) noexcept nogil:
    """Round a number of bytes up to whole lines."""
    return (size + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


cdef inline char *align(char *memory) noexcept nogil:
    """Return the first aligned address."""
    return <char *>((<uintptr_t>memory + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT)


cdef inline char *take(char **free_bytes, Py_ssize_t size) noexcept nogil:
    """Return the next `size` bytes, aligned."""
    cdef char *taken = free_bytes[0]
    free_bytes[0] += aligned_size(size)
    return taken
