"""Layout `shared`: one factor (D, D) for all components, and no second moments.

Those depend on no responsibility. Samples less a center are whitened once for all components.
"""

from gmmx._core.formulas cimport triangular
from gmmx._core.layouts.block cimport (
    Block, Parameters, groups_at_once, pack_groups, usual_block_size,
)
from gmmx._core.layouts.features cimport (
    add_moments, by_features, scaled_log_densities, sums_bytes, work, write_rows,
)
from gmmx._core.layouts.layout cimport Layout, never
from gmmx._core.layouts.task cimport EMPass
from gmmx._core.process.memory cimport take
from gmmx._core.vectors.simd cimport GROUP, real


cdef inline Py_ssize_t factor_size(Py_ssize_t D) noexcept nogil:
    return D * D


cdef inline Py_ssize_t packed_size(Py_ssize_t K, Py_ssize_t D) noexcept nogil:
    return triangular.packed_factor_size(D)


cdef inline Py_ssize_t written_size(Py_ssize_t K, Py_ssize_t D) noexcept nogil:
    return 0


cdef inline void lay_out_sums(
    const EMPass *task, char **free_bytes, Block *block
) noexcept nogil:
    block.first = <double *>take(free_bytes, sums_bytes(task))
    block.second = NULL


cdef inline void lay_out_buffers(
    const EMPass *task, char **free_bytes, Block *block
) noexcept nogil:
    cdef Py_ssize_t size = task.block_groups * task.n_features * GROUP
    block.samples = <real *>take(free_bytes, size * sizeof(real))
    block.whitened = <real *>take(free_bytes, size * sizeof(real))


cdef inline void pack(const EMPass *task, Parameters *to) noexcept nogil:
    """Offsets from the center, and the factor."""
    cdef Py_ssize_t D = task.n_features, k
    for k in range(task.n_components):
        triangular.pack_offset(task.factors, task.means + k * D, to.center, D, to.means + k * D)
    triangular.pack_factor(task.factors, D, to.factors)


cdef inline void log_densities(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    cdef Py_ssize_t D = task.n_features, first = 0, stop, g
    while first < block.n_groups:
        stop = min(first + groups_at_once(D * GROUP), block.n_groups)
        for g in range(first, stop):
            triangular.whiten(block.samples + g * D * GROUP, parameters.factors, D,
                              block.whitened + g * D * GROUP)
        scaled_log_densities(task, parameters, block, block.whitened, NULL, first, stop)
        first = stop


cdef inline void write_moments(
    const EMPass *task, const Block *block, double *out
) noexcept nogil:
    write_rows(block.first, task.n_components, task.n_features, by_features(task), out)


cdef inline void define(Layout *layout) noexcept nogil:
    layout.shape.name = b"shared"
    layout.shape.is_shared = True
    layout.shape.needs_center = True
    layout.shape.has_order = False
    layout.shape.factor_size = factor_size
    layout.shape.work = work
    layout.packed_size = packed_size
    layout.written_size = written_size
    layout.block_size = usual_block_size
    layout.lay_out_sums = lay_out_sums
    layout.lay_out_buffers = lay_out_buffers
    layout.pack = pack
    layout.pack_samples = pack_groups
    layout.log_densities = log_densities
    layout.prunes = never
    layout.add_second = NULL
    layout.add_moments = add_moments
    layout.write_moments = write_moments
    layout.expand_second = NULL
    layout.has_one_feature = never
    layout.add_one_feature = NULL
