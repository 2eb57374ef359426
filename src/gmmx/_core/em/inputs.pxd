"""From the rows of the caller's arrays to a block."""

from libc.string cimport memcpy, memset

from gmmx._core.layouts.block cimport Block
from gmmx._core.layouts.task cimport GIVEN_LABELS, EMPass
from gmmx._core.vectors.simd cimport (
    GROUP, LANES, TILE_VECTORS, all_less, broadcast, load, multiply_add, real, vec,
)


cdef inline void find_rows(const EMPass *task, Block *block) noexcept nogil:
    """Point to the block's rows; gather them if they are not consecutive."""
    cdef Py_ssize_t D = task.n_features, i
    cdef const real *X = <const real *>task.X
    if task.order == NULL:
        block.order = NULL
        block.X = X + block.start * D
        return
    block.order = task.order + block.start
    block.X = block.gathered
    for i in range(block.n):
        memcpy(block.gathered + i * D, X + block.order[i] * D, D * sizeof(real))


cdef inline bint is_finite(const real *values, Py_ssize_t size) noexcept nogil:
    """Return whether all values are finite: sums 0 x, which is NaN if x is NaN or infinite."""
    cdef vec total[TILE_VECTORS]
    cdef real rest = 0
    cdef Py_ssize_t n_groups = size // GROUP, i, v
    for v in range(TILE_VECTORS):
        total[v] = broadcast(0)
    for i in range(n_groups):
        for v in range(TILE_VECTORS):
            total[v] = multiply_add(
                load(values + i * GROUP + v * LANES), broadcast(0), total[v])
    for i in range(n_groups * GROUP, size):
        rest += 0 * values[i]
    for v in range(1, TILE_VECTORS):
        total[0] = total[0] + total[v]
    return all_less(total[0] + broadcast(rest), broadcast(1))


cdef inline void given_resp(const EMPass *task, Block *block) noexcept nogil:
    """Responsibilities from the caller's labels or responsibilities."""
    cdef Py_ssize_t K = task.n_components, i, k
    cdef real *resp
    cdef const real *given
    memset(block.resp, 0, block.n_groups * K * GROUP * sizeof(real))
    memset(block.log_prob, 0, block.n_groups * GROUP * sizeof(real))
    for i in range(block.n):
        resp = block.resp + i // GROUP * K * GROUP + i % GROUP
        if task.source == GIVEN_LABELS:
            k = 0 if task.labels_in == NULL else task.labels_in[block.start + i]
            resp[k * GROUP] = 1
        else:
            given = <const real *>task.resp_in + (block.start + i) * K
            for k in range(K):
                resp[k * GROUP] = given[k]
