"""Layout `diagonal`: factors and second moments (K, D)."""

from gmmx._core.formulas cimport scaled
from gmmx._core.formulas.row_densities cimport row_tile_size
from gmmx._core.layouts cimport one_feature
from gmmx._core.layouts.block cimport (
    Block, Parameters, from_center, groups_at_once, round_to_real, usual_block_size,
)
from gmmx._core.layouts.features cimport (
    add_moments, by_features, by_rows, pack_samples, row_log_densities, scaled_log_densities,
    sums_bytes, work, write_rows,
)
from gmmx._core.layouts.layout cimport Layout, never
from gmmx._core.layouts.task cimport SECOND, EMPass
from gmmx._core.process.memory cimport take
from gmmx._core.vectors.simd cimport GROUP, real


cdef inline Py_ssize_t factor_size(Py_ssize_t D) noexcept nogil:
    return D


cdef inline Py_ssize_t packed_size(Py_ssize_t K, Py_ssize_t D) noexcept nogil:
    return K * D


cdef inline Py_ssize_t written_size(Py_ssize_t K, Py_ssize_t D) noexcept nogil:
    return K * D


cdef inline void lay_out_sums(
    const EMPass *task, char **free_bytes, Block *block
) noexcept nogil:
    block.first = <double *>take(free_bytes, sums_bytes(task))
    block.second = NULL
    if task.moments == SECOND:
        block.second = <double *>take(free_bytes, sums_bytes(task))


cdef inline void lay_out_buffers(
    const EMPass *task, char **free_bytes, Block *block
) noexcept nogil:
    cdef Py_ssize_t most = task.block_groups * GROUP, D = task.n_features, item = sizeof(real)
    block.samples = <real *>take(free_bytes, most * D * item)
    block.row_tile = <real *>take(free_bytes, row_tile_size(D) * item)
    block.inverse = <real *>take(free_bytes, most * item)


cdef inline void pack(const EMPass *task, Parameters *to) noexcept nogil:
    """Means, or offsets (center - mean) / standard deviation, and 1 / standard deviation."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features, d, k
    round_to_real(task.factors, K * D, to.factors)
    if task.center == NULL:
        round_to_real(task.means, K * D, to.means)
    else:
        for k in range(K):
            for d in range(D):
                to.means[k * D + d] = <real>(
                    task.factors[k * D + d] * from_center(task, to.center, k, d))
    if one_feature.is_enough(task):
        one_feature.pack_factors(task, to.factors)
        one_feature.pack_bounds(task, to.bounds)


cdef inline void log_densities_of_groups(
    const EMPass *task, const Parameters *parameters, Block *block,
    Py_ssize_t first, Py_ssize_t stop,
) noexcept nogil:
    """Log densities of groups from first to stop, without a center."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features, g, k
    for k in range(K):
        for g in range(first, stop):
            scaled.log_densities(
                block.samples + g * D * GROUP, parameters.means + k * D,
                parameters.factors + k * D, D, parameters.log_scale[k],
                block.resp + (g * K + k) * GROUP)


cdef inline void log_densities(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    cdef Py_ssize_t first = 0, stop
    if by_rows(task):
        row_log_densities(task, parameters, block, False)
        return
    while first < block.n_groups:
        stop = min(first + groups_at_once(task.n_features * GROUP), block.n_groups)
        if task.center != NULL:
            scaled_log_densities(
                task, parameters, block, block.samples, parameters.factors, first, stop)
        else:
            log_densities_of_groups(task, parameters, block, first, stop)
        first = stop


cdef inline void write_moments(
    const EMPass *task, const Block *block, double *out
) noexcept nogil:
    cdef Py_ssize_t K = task.n_components, D = task.n_features
    out = write_rows(block.first, K, D, by_features(task), out)
    if task.moments == SECOND:
        write_rows(block.second, K, D, by_features(task), out)


cdef inline void define(Layout *layout) noexcept nogil:
    layout.shape.name = b"diagonal"
    layout.shape.is_shared = False
    layout.shape.needs_center = False
    layout.shape.has_order = False
    layout.shape.factor_size = factor_size
    layout.shape.work = work
    layout.packed_size = packed_size
    layout.written_size = written_size
    layout.block_size = usual_block_size
    layout.lay_out_sums = lay_out_sums
    layout.lay_out_buffers = lay_out_buffers
    layout.pack = pack
    layout.pack_samples = pack_samples
    layout.log_densities = log_densities
    layout.prunes = never
    layout.add_second = NULL
    layout.add_moments = add_moments
    layout.write_moments = write_moments
    layout.expand_second = NULL
    layout.has_one_feature = one_feature.is_enough
    layout.add_one_feature = one_feature.add_block
