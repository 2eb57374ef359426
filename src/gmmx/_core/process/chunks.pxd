"""Into how many chunks a pass cuts its samples, each with a row of partial sums.

The number depends on the problem's size alone, so that results do not depend on the threads.
"""

cdef enum:
    LARGEST_N_CHUNKS = 64
    PARTIAL_BYTES = 32 * 1024 * 1024
    SMALLEST_CHUNK = 1024  # samples


cdef inline Py_ssize_t most_chunks(Py_ssize_t n_samples, Py_ssize_t partial_size) noexcept nogil:
    """Return the largest number of chunks whose rows of `partial_size` doubles fit in memory."""
    cdef Py_ssize_t most = PARTIAL_BYTES // (partial_size * <Py_ssize_t>sizeof(double))
    most = min(min(most, <Py_ssize_t>LARGEST_N_CHUNKS), n_samples // SMALLEST_CHUNK)
    return max(most, <Py_ssize_t>1)
