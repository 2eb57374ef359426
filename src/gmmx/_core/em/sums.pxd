"""From sums apart for each lane and chunk to the sums over all samples."""

from libc.string cimport memcpy

from gmmx._core.em.plan cimport (
    Block, are_pairs, by_features, first_size, first_sums_size, second_size,
)
from gmmx._core.em.task cimport DIAGONAL, ISOTROPIC, SECOND, EMPass
from gmmx._core.layouts cimport pairs
from gmmx._core.layouts.moments cimport padded_features
from gmmx._core.vectors.simd cimport LANES


cdef inline double sum_lanes(const double *lanes) noexcept nogil:
    cdef inline double total = 0
    cdef Py_ssize_t i
    for i in range(LANES):
        total += lanes[i]
    return total


cdef inline double *write_second(
    const EMPass *task, const double *sums, double *out
) noexcept nogil:
    """One matrix at and below its diagonal; return the end of the output."""
    cdef Py_ssize_t D = task.n_features, width = padded_features(D), a, b
    for a in range(D):
        if by_features(task):
            memcpy(out, sums + a * width, (a + 1) * sizeof(double))
        else:
            for b in range(a + 1):
                out[b] = sum_lanes(sums + (a * D + b) * LANES)
        out += a + 1
    return out


cdef inline double *write_rows(
    const EMPass *task, const double *sums, double *out
) noexcept nogil:
    """First moments, or second ones (K, D); return the end of the output."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features, size = first_size(task), _k, d
    for _k in range(K):
        for d in range(D):
            out[d] = sums[d] if by_features(task) else sum_lanes(sums + d * LANES)
        sums += size
        out += D
    return out


cdef inline void write_pairs(
    const EMPass *task, const double *sums, double *out
) noexcept nogil:
    """First moments, then matrices at and below their diagonals."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features, size = first_size(task), k, a, b
    for k in range(K):
        for a in range(D):
            out[a] = sums[k * size + pairs.first_column(D, a)]
        out += D
    for k in range(K):
        for a in range(D):
            for b in range(a + 1):
                out[b] = sums[k * size + pairs.second_column(D, a, b)]
            out += a + 1


cdef inline void write_partial_sums(
    const EMPass *task, const Block *block, double *out
) noexcept nogil:
    """Log likelihood, counts, first and second moments of a chunk, matrices without upper half."""
    cdef Py_ssize_t K = task.n_components, k
    out[0] = sum_lanes(block.log_likelihood)
    out += 1
    for k in range(K):
        out[k] = sum_lanes(block.counts + k * LANES)
    out += K
    if are_pairs(task):
        write_pairs(task, block.first, out)
        return
    out = write_rows(task, block.first, out)
    if task.moments != SECOND:
        return
    if task.layout == DIAGONAL:
        write_rows(task, block.second, out)
        return
    if task.layout == ISOTROPIC:
        for k in range(K):
            out[k] = sum_lanes(block.second + k * LANES)
        return
    for k in range(K):
        out = write_second(task, block.second + k * second_size(task), out)


cdef inline void add_partial_sums(EMPass *task) noexcept nogil:
    """Add the chunks' sums up in their order, in the first row."""
    cdef Py_ssize_t size = task.partial_size, chunk, i
    cdef inline double *total = task.partial_sums
    cdef const double *partial
    for chunk in range(1, task.n_chunks):
        partial = task.partial_sums + chunk * size
        for i in range(size):
            total[i] = total[i] + partial[i]


cdef inline void write_sums(const EMPass *task) noexcept nogil:
    """The total in the first row of partial sums, with matrices in full."""
    cdef Py_ssize_t D = task.n_features, size = first_sums_size(task), _k, a, b
    cdef const double *total = task.partial_sums
    cdef inline double *out = task.sums
    if task.layout == DIAGONAL or task.layout == ISOTROPIC or task.moments != SECOND:
        memcpy(out, total, task.partial_size * sizeof(double))
        return
    memcpy(out, total, size * sizeof(double))
    total += size
    out += size
    for _k in range(task.n_components):
        for a in range(D):
            for b in range(a + 1):
                out[a * D + b] = total[b]
                out[b * D + a] = total[b]
            total += a + 1
        out += D * D
