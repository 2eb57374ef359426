"""Layout `isotropic`: factors (K,), and traces of second moments (K,), always about a center."""

from gmmx._core.formulas cimport expanded
from gmmx._core.formulas.row_densities cimport row_tile_size
from gmmx._core.layouts.block cimport (
    Block, Parameters, from_center, groups_at_once, usual_block_size,
)
from gmmx._core.layouts.features cimport (
    add_moments, ahead_of, ahead_step, by_features, by_rows, pack_samples, row_log_densities,
    sums_bytes, work, write_rows,
)
from gmmx._core.layouts.layout cimport Layout, never
from gmmx._core.layouts.task cimport SECOND, EMPass
from gmmx._core.process.memory cimport take
from gmmx._core.vectors.groups cimport sq_norms
from gmmx._core.vectors.lanes cimport sum_lanes
from gmmx._core.vectors.simd cimport (
    GROUP, LANES, TILE_VECTORS, add_widened, broadcast, load, multiply_add, real, store, vec,
)


cdef inline Py_ssize_t factor_size(Py_ssize_t D) noexcept nogil:
    return 1


cdef inline Py_ssize_t packed_size(Py_ssize_t K, Py_ssize_t D) noexcept nogil:
    return K


cdef inline Py_ssize_t written_size(Py_ssize_t K, Py_ssize_t D) noexcept nogil:
    return K


cdef inline void lay_out_sums(
    const EMPass *task, char **free_bytes, Block *block
) noexcept nogil:
    block.first = <double *>take(free_bytes, sums_bytes(task))
    block.second = NULL
    block.traces = <double *>take(free_bytes, task.n_components * LANES * sizeof(double))


cdef inline void lay_out_buffers(
    const EMPass *task, char **free_bytes, Block *block
) noexcept nogil:
    cdef Py_ssize_t most = task.block_groups * GROUP, D = task.n_features, item = sizeof(real)
    block.samples = <real *>take(free_bytes, most * D * item)
    block.row_tile = <real *>take(free_bytes, row_tile_size(D) * item)
    block.norms = <real *>take(free_bytes, most * item)


cdef inline void pack_offsets(const EMPass *task, Parameters *to) noexcept nogil:
    """2 s^2 (center - mean): the factors of a sample's values in the squared distance."""
    cdef Py_ssize_t D = task.n_features, d, k
    for k in range(task.n_components):
        for d in range(D):
            to.means[k * D + d] = <real>(
                2 * task.factors[k] * task.factors[k] * from_center(task, to.center, k, d))


cdef inline void pack(const EMPass *task, Parameters *to) noexcept nogil:
    """Offsets, s^2 = 1 / variance, and log densities at the center."""
    cdef Py_ssize_t d, k
    cdef double distance, squared, total
    pack_offsets(task, to)
    for k in range(task.n_components):
        squared = task.factors[k] * task.factors[k]
        total = 0
        for d in range(task.n_features):
            distance = from_center(task, to.center, k, d)
            total += distance * distance
        to.factors[k] = <real>squared
        to.log_scale[k] = <real>(task.log_scale[k] - 0.5 * squared * total)


cdef inline void log_densities_of_groups(
    const EMPass *task, const Parameters *parameters, Block *block,
    Py_ssize_t first, Py_ssize_t stop,
) noexcept nogil:
    """Log densities of groups from first to stop, and norms for the moments."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features
    cdef Py_ssize_t step = ahead_step(task, expanded.TILE_COMPONENTS)
    cdef Py_ssize_t k = 0, g, v, components
    cdef vec norms[TILE_VECTORS]
    for g in range(first, stop):
        sq_norms(block.samples + g * D * GROUP, D, norms)
        for v in range(TILE_VECTORS):
            store(block.norms + g * GROUP + v * LANES, norms[v])
    while k < K:
        components = min(<Py_ssize_t>expanded.TILE_COMPONENTS, K - k)
        for g in range(first, stop):
            expanded.log_densities(
                block.samples + g * D * GROUP, block.norms + g * GROUP, parameters.means + k * D,
                parameters.factors + k, D, parameters.log_scale + k, components,
                block.resp + (g * K + k) * GROUP,
                ahead_of(task, block, g, k // expanded.TILE_COMPONENTS, step), step)
        k += components


cdef inline void log_densities(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    cdef Py_ssize_t first = 0, stop
    if by_rows(task):
        row_log_densities(task, parameters, block, True)
        return
    while first < block.n_groups:
        stop = min(first + groups_at_once(task.n_features * GROUP), block.n_groups)
        log_densities_of_groups(task, parameters, block, first, stop)
        first = stop


cdef inline void add_second(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    """Sums of r |x - center|^2."""
    cdef Py_ssize_t K = task.n_components, g, k, v
    cdef vec total
    for k in range(K):
        total = broadcast(0)
        for g in range(block.n_groups):
            for v in range(TILE_VECTORS):
                total = multiply_add(load(block.resp + (g * K + k) * GROUP + v * LANES),
                                     load(block.norms + g * GROUP + v * LANES), total)
        add_widened(block.traces + k * LANES, total)


cdef inline void write_moments(
    const EMPass *task, const Block *block, double *out
) noexcept nogil:
    cdef Py_ssize_t K = task.n_components, D = task.n_features, k
    out = write_rows(block.first, K, D, by_features(task), out)
    if task.moments == SECOND:
        for k in range(K):
            out[k] = sum_lanes(block.traces + k * LANES)


cdef inline void define(Layout *layout) noexcept nogil:
    layout.shape.name = b"isotropic"
    layout.shape.is_shared = False
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
    layout.pack_samples = pack_samples
    layout.log_densities = log_densities
    layout.prunes = never
    layout.add_second = add_second
    layout.add_moments = add_moments
    layout.write_moments = write_moments
    layout.expand_second = NULL
    layout.has_one_feature = never
    layout.add_one_feature = NULL
