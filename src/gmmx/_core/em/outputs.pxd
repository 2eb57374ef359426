"""From a group of samples to the rows of the caller's arrays."""

from libc.math cimport INFINITY
from libc.string cimport memcpy

from gmmx._core.formulas.posterior cimport far_log_prob
from gmmx._core.layouts.block cimport Block, in_group, row_of
from gmmx._core.layouts.task cimport EMPass
from gmmx._core.vectors.simd cimport (
    GROUP, LANES, TILE_VECTORS, load, real, store, stream, vec,
)
from gmmx._core.vectors.transpose cimport transpose_tile


cdef inline void write_weighted_log_prob(
    const EMPass *task, const Block *block, Py_ssize_t g
) noexcept nogil:
    cdef Py_ssize_t K = task.n_components, k
    cdef Py_ssize_t start = block.start + g * GROUP
    cdef Py_ssize_t size = in_group(block, g) * sizeof(real)
    for k in range(K):
        memcpy(<real *>task.weighted_log_prob + k * task.n_samples + start,
               block.resp + (g * K + k) * GROUP, size)


cdef inline void write_tile(
    const real *values,  # IN (width, GROUP)
    Py_ssize_t width,    # at most LANES
    Py_ssize_t n,        # rows that exist, LANES are taken
    Py_ssize_t K,
    real *rows,          # OUT (n, K), of which the first width columns
    const real *end,     # of the memory that vectors may run into
) noexcept nogil:
    """Transpose; a vector that is longer than width goes on beyond its row's last value."""
    cdef Py_ssize_t i, k
    cdef vec tile[LANES]
    for k in range(LANES):
        tile[k] = load(values + min(k, width - 1) * GROUP)
    transpose_tile(tile)
    for i in range(LANES):
        if rows + i * K + LANES <= end:
            store(rows + i * K, tile[i])
        elif i < n:
            for k in range(width):
                rows[i * K + k] = values[k * GROUP + i]


cdef inline void write_rows(
    const real *values,  # IN (K, GROUP)
    Py_ssize_t n,        # at most GROUP
    Py_ssize_t K,
    real *rows,          # OUT (n, K)
) noexcept nogil:
    """Transpose, last columns first: a vector may run into the next row, which is written later."""
    cdef Py_ssize_t k = (K - 1) // LANES * LANES, i
    while k >= 0:
        i = 0
        while i < n:
            write_tile(values + k * GROUP + i, min(<Py_ssize_t>LANES, K - k), n - i, K,
                       rows + i * K + k, rows + n * K)
            i += LANES
        k -= LANES


cdef inline void write_resp(const EMPass *task, const Block *block, Py_ssize_t g) noexcept nogil:
    """Write rows of the (n, K) output; large outputs do not pass through the caches."""
    cdef Py_ssize_t K = task.n_components, i
    cdef Py_ssize_t n = in_group(block, g)
    cdef const real *values = block.resp + g * K * GROUP
    cdef real *rows = <real *>task.resp + (block.start + g * GROUP) * K
    if n < GROUP or not task.streams:
        write_rows(values, n, K, rows)
        return
    write_rows(values, n, K, block.output_rows)
    for i in range(K * TILE_VECTORS):
        stream(rows + i * LANES, load(block.output_rows + i * LANES))


cdef inline void write_labels(
    const EMPass *task, const Block *block, Py_ssize_t g, const real *nearest
) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(in_group(block, g)):
        task.labels[row_of(block, g * GROUP + i)] = <long long>nearest[i]


cdef inline void write_log_prob(
    const EMPass *task, const Block *block, Py_ssize_t g
) noexcept nogil:
    """Write log densities: -inf where all squared distances overflowed."""
    cdef Py_ssize_t i
    cdef real value
    cdef real *out = <real *>task.log_prob + block.start + g * GROUP
    for i in range(in_group(block, g)):
        value = block.log_prob[g * GROUP + i]
        out[i] = value if value > far_log_prob() else -INFINITY
