"""From sums apart for each lane and chunk to the sums over all samples."""

from libc.string cimport memcpy

from gmmx._core.em.plan cimport first_sums_size
from gmmx._core.layouts.block cimport Block
from gmmx._core.layouts.layout cimport Layout
from gmmx._core.layouts.task cimport SECOND, EMPass
from gmmx._core.vectors.lanes cimport sum_lanes
from gmmx._core.vectors.simd cimport LANES


cdef inline void write_partial_sums(
    const EMPass *task, const Layout *layout, const Block *block, double *out
) noexcept nogil:
    """Log likelihood, counts and moments of a chunk, matrices without upper half."""
    cdef Py_ssize_t K = task.n_components, k
    out[0] = sum_lanes(block.log_likelihood)
    for k in range(K):
        out[1 + k] = sum_lanes(block.counts + k * LANES)
    layout.write_moments(task, block, out + 1 + K)


cdef inline void add_partial_sums(EMPass *task) noexcept nogil:
    """Add the chunks' sums up in their order, in the first row."""
    cdef Py_ssize_t size = task.partial_size, chunk, i
    cdef double *total = task.partial_sums
    cdef const double *partial
    for chunk in range(1, task.n_chunks):
        partial = task.partial_sums + chunk * size
        for i in range(size):
            total[i] = total[i] + partial[i]


cdef inline void write_sums(const EMPass *task, const Layout *layout) noexcept nogil:
    """Write the total, in the first row of partial sums, with matrices in full."""
    cdef Py_ssize_t size = first_sums_size(task)
    if layout.expand_second == NULL or task.moments != SECOND:
        memcpy(task.sums, task.partial_sums, task.partial_size * sizeof(double))
        return
    memcpy(task.sums, task.partial_sums, size * sizeof(double))
    layout.expand_second(
        task.partial_sums + size, task.n_components, task.n_features, task.sums + size)
