"""Log densities of a block of samples under each component."""

from gmmx._core.em.plan cimport (
    Block, Parameters, by_rows, factor_size, groups_at_once, row_of, sample_size,
)
from gmmx._core.em.task cimport DENSE, DIAGONAL, ISOTROPIC, SHARED, EMPass
from gmmx._core.layouts cimport dense, diagonal, row_densities
from gmmx._core.vectors.simd cimport (
    GROUP, LANES, TILE_FEATURES, TILE_VECTORS, broadcast, load, real, store, vec,
)


cdef inline void centered_log_densities(
    const EMPass *task, const Parameters *parameters, Block *block,
    Py_ssize_t first, Py_ssize_t stop,
) noexcept nogil:
    """Those of groups from first to stop, of samples less a center.

    They are whitened first if the factor is shared. Tiles fetch the rows of the next block in
    equal parts: what they compute takes about as long.
    """
    cdef Py_ssize_t K = task.n_components, D = task.n_features, size = sample_size(task)
    cdef Py_ssize_t n_tiles = (K + diagonal.TILE_COMPONENTS - 1) // diagonal.TILE_COMPONENTS
    cdef Py_ssize_t step = GROUP * <Py_ssize_t>sizeof(real) // n_tiles
    cdef Py_ssize_t g, k = 0, components
    cdef const char *ahead
    cdef const real *samples = block.samples
    cdef const real *scale = NULL
    if task.layout == SHARED:
        for g in range(first, stop):
            dense.whiten(samples + g * size, parameters.factors, D,
                         block.whitened + g * D * GROUP)
        samples = block.whitened
        size = D * GROUP
    if task.layout == ISOTROPIC:
        for g in range(first, stop):
            diagonal.sq_norms(samples + g * size, D, block.norms + g * GROUP)
    while k < K:
        components = min(<Py_ssize_t>diagonal.TILE_COMPONENTS, K - k)
        if task.layout == DIAGONAL:
            scale = parameters.factors + k * D
        for g in range(first, stop):
            ahead = <const char *>(block.X + (block.n + g * GROUP) * D)
            ahead += k // diagonal.TILE_COMPONENTS * step * D
            if task.layout == ISOTROPIC:
                diagonal.isotropic_log_densities(
                    samples + g * size, block.norms + g * GROUP, parameters.means + k * D,
                    parameters.factors + k, D, parameters.log_scale + k, components,
                    block.resp + (g * K + k) * GROUP, ahead, step)
            else:
                diagonal.centered_log_densities(
                    samples + g * size, parameters.means + k * D, scale, D,
                    parameters.log_scale + k, components, block.resp + (g * K + k) * GROUP,
                    ahead, step)
        k += components


cdef inline void row_log_densities(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    """Those of LANES rows at a time, which fetch as many of the next block."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features
    cdef Py_ssize_t step = (2 * TILE_FEATURES * LANES * <Py_ssize_t>sizeof(real) + K - 1) // K
    cdef const char *ahead
    cdef real *out
    cdef vec norms
    cdef Py_ssize_t start, t
    for t in range(block.n_groups * TILE_VECTORS):
        start = t * LANES
        ahead = <const char *>(block.X + (block.n + start) * D)
        out = block.resp + start // GROUP * GROUP * K + start % GROUP
        row_densities.center_rows(
            block.X + start * D, block.n - start, parameters.center, D, block.centered)
        if task.layout == ISOTROPIC:
            norms = row_densities.sq_norms(block.centered, D)
            store(block.norms + start, norms)
            row_densities.row_tile_log_densities(
                block.centered, &norms, parameters.means, parameters.factors, D,
                parameters.log_scale, K, out, GROUP, ahead, step)
        else:
            row_densities.row_tile_log_densities(
                block.centered, NULL, parameters.means, parameters.factors, D,
                parameters.log_scale, K, out, GROUP, ahead, step)


cdef inline void component_log_densities(
    const EMPass *task, const Parameters *parameters, Block *block,
    Py_ssize_t first, Py_ssize_t stop,
) noexcept nogil:
    """Those of groups from first to stop, with a matrix or a mean for each component."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features, size = factor_size(task)
    cdef Py_ssize_t g, k
    cdef const real *samples
    cdef const real *mean
    cdef const real *factor
    cdef real *out
    for k in range(K):
        mean = parameters.means + k * D
        factor = parameters.factors + k * size
        for g in range(first, stop):
            samples = block.samples + g * sample_size(task)
            out = block.resp + (g * K + k) * GROUP
            if task.layout == DENSE and task.center != NULL:
                dense.centered_log_densities(
                    samples, mean, factor, D, parameters.log_scale[k], out)
            elif task.layout == DENSE:
                dense.log_densities(samples, mean, factor, D, parameters.log_scale[k],
                                    block.centered, out)
            else:
                diagonal.log_densities(samples, mean, factor, D, parameters.log_scale[k], out)


cdef inline void log_densities(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    """log(weight_k N(x | k)) of the block's samples, into resp."""
    cdef Py_ssize_t first = 0, stop
    if by_rows(task):
        row_log_densities(task, parameters, block)
        return
    while first < block.n_groups:
        stop = min(first + groups_at_once(task), block.n_groups)
        if task.center != NULL and task.layout != DENSE:
            centered_log_densities(task, parameters, block, first, stop)
        else:
            component_log_densities(task, parameters, block, first, stop)
        first = stop


cdef inline void near_log_densities(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    """As log_densities, but lowest where a whole group's responsibilities are negligible.

    Each group starts with the component that held its first row before: another one can matter
    only where it comes near that one's log density.
    """
    cdef Py_ssize_t K = task.n_components, D = task.n_features, size = factor_size(task)
    cdef Py_ssize_t g, k, v, hint
    cdef real *group
    cdef real *out
    cdef vec near[TILE_VECTORS]
    cdef vec limit[TILE_VECTORS]
    for g in range(block.n_groups):
        group = block.samples + g * sample_size(task)
        out = block.resp + g * K * GROUP
        hint = task.labels[row_of(block, g * GROUP)]
        dense.log_densities(
            group, parameters.means + hint * D, parameters.factors + hint * size, D,
            parameters.log_scale[hint], block.centered, out + hint * GROUP)
        for v in range(TILE_VECTORS):
            near[v] = broadcast(2) * load(out + hint * GROUP + v * LANES)
        for k in range(K):
            if k == hint:
                continue
            for v in range(TILE_VECTORS):
                limit[v] = broadcast(parameters.reach[k]) - near[v]
            block.n_skipped += GROUP * dense.log_densities_within(
                group, parameters.means + k * D, parameters.factors + k * size, D,
                parameters.log_scale[k], limit, block.centered, out + k * GROUP)
