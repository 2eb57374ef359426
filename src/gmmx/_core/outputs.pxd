"""From a group of samples to the rows of the caller's arrays."""

from libc.math cimport INFINITY
from libc.string cimport memcpy

from gmmx._core.plan cimport Block, row_of
from gmmx._core.simd cimport GROUP, REAL_LARGEST, real
from gmmx._core.task cimport EMPass


cdef inline void write_weighted_log_prob(
    const EMPass *task, const Block *block, Py_ssize_t g
) noexcept nogil:
    cdef Py_ssize_t K = task.n_components, k
    cdef Py_ssize_t start = block.start + g * GROUP
    cdef Py_ssize_t size = min(<Py_ssize_t>GROUP, block.n - g * GROUP) * sizeof(real)
    for k in range(K):
        memcpy(<real *>task.weighted_log_prob + k * task.n_samples + start,
               block.resp + (g * K + k) * GROUP, size)


cdef inline void write_resp(const EMPass *task, const Block *block, Py_ssize_t g) noexcept nogil:
    """Transpose a group of (K, GROUP) values into rows of the (n, K) output."""
    cdef Py_ssize_t K = task.n_components, i, k
    cdef const real *values = block.resp + g * K * GROUP
    cdef real *row = <real *>task.resp + (block.start + g * GROUP) * K
    for i in range(min(<Py_ssize_t>GROUP, block.n - g * GROUP)):
        for k in range(K):
            row[k] = values[k * GROUP + i]
        row += K


cdef inline void write_labels(
    const EMPass *task, const Block *block, Py_ssize_t g, const real *nearest
) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(min(<Py_ssize_t>GROUP, block.n - g * GROUP)):
        task.labels[row_of(block, g * GROUP + i)] = <long long>nearest[i]


cdef inline void write_log_prob(
    const EMPass *task, const Block *block, Py_ssize_t g
) noexcept nogil:
    """Distances that overflowed are the largest number: their log density is -inf."""
    cdef Py_ssize_t i
    cdef real value
    cdef real *out = <real *>task.log_prob + block.start + g * GROUP
    for i in range(min(<Py_ssize_t>GROUP, block.n - g * GROUP)):
        value = block.log_prob[g * GROUP + i]
        out[i] = value if value > -0.25 * REAL_LARGEST else -INFINITY
