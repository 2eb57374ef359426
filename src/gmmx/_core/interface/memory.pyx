"""Memory for large results, used again when a result is gone.

The system clears fresh memory before a process may write to it, which takes a third of the time of
a prediction.
"""

import os

import numpy as np

from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS, PyBUF_WRITABLE, PyBuffer_FillInfo, PyBuffer_Release, PyObject_GetBuffer,
)
from cython cimport no_gc_clear
from libc.stdint cimport uintptr_t

cdef enum:
    ALIGNMENT = 64
    LARGEST = 27  # no more than 2^27 bytes are kept

# Blocks of 2^i bytes that no result uses. Methods of a list are safe with threads, also without
# the interpreter's lock.
cdef list spare = [[] for _ in range(LARGEST + 1)]


@no_gc_clear
cdef class Memory:
    """A block that holds one result, kept for another when the last view of it is gone."""

    cdef object block    # array of bytes
    cdef int size_class  # logarithm of its size, rounded up
    cdef char *start
    cdef Py_ssize_t size

    def __cinit__(self, Py_ssize_t size):
        cdef Py_buffer view
        self.size_class = (size + ALIGNMENT - 1).bit_length()
        self.block = block_of(size + ALIGNMENT, self.size_class)
        PyObject_GetBuffer(self.block, &view, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
        PyBuffer_Release(&view)
        self.start = <char *>view.buf + (-<uintptr_t>view.buf) % ALIGNMENT
        self.size = size

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.start, self.size, False, flags)

    def __dealloc__(self):
        if self.block is None or self.size_class > LARGEST:
            return
        try:
            make_room(self.size_class)
            spare[self.size_class].append(self.block)
        except MemoryError:
            pass  # then the block goes


cdef object block_of(Py_ssize_t size, int size_class):
    """A spare block, or a new one."""
    if size_class > LARGEST:
        return np.empty(size, np.uint8)
    try:
        return spare[size_class].pop()
    except IndexError:
        return np.empty(1 << size_class, np.uint8)


cdef int make_room(int size_class) except -1:
    """Let all spare blocks go if they were too many with another one."""
    cdef Py_ssize_t kept = 1 << size_class, i
    for i in range(LARGEST + 1):
        kept += len(spare[i]) << i
    if kept > 1 << LARGEST:
        forget_spare()
    return 0


def forget_spare():
    """Give all spare blocks back to the system."""
    for blocks in spare:
        blocks.clear()


if hasattr(os, "register_at_fork"):
    # A child that wrote to its parent's memory would copy it, which takes longer than fresh memory.
    os.register_at_fork(after_in_child=forget_spare)


def large_array(tuple shape, dtype):
    """An array whose values are not set, and which starts at a multiple of ALIGNMENT."""
    cdef Py_ssize_t size = dtype.itemsize
    for length in shape:
        size *= length
    return np.ndarray(shape, dtype, Memory(size))
