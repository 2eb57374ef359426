"""Layout `dense`: factors and second moments (K, D, D).

About a center, second moments are one matrix product. About means they are summed for each
component, with samples or, for many features, with features as lanes.
"""

from libc.string cimport memcpy

from gmmx._core.formulas cimport feature_moments, moments, pairs, triangular
from gmmx._core.formulas.moments cimport padded_features
from gmmx._core.layouts.block cimport (
    Block, Parameters, groups_at_once, in_group, round_to_real, row_of, usual_block_size,
)
from gmmx._core.layouts.features cimport FEWEST_FEATURES, row_size, write_rows
from gmmx._core.layouts.layout cimport Layout, never
from gmmx._core.layouts.task cimport DENSITY, SECOND, EMPass
from gmmx._core.process.memory cimport take
from gmmx._core.vectors.lanes cimport sum_lanes
from gmmx._core.vectors.simd cimport GROUP, LANES, TILE_VECTORS, broadcast, load, real, vec
from gmmx._core.vectors.transpose cimport pack_rows


cdef enum:
    # For pairs, whose sums are stored after each block: of a feature, and of all of them.
    PAIR_COLUMN_BYTES = 1024
    PAIR_BLOCK_BYTES = 32 * 1024


# Sizes.


cdef inline Py_ssize_t factor_size(Py_ssize_t D) noexcept nogil:
    return D * D


cdef inline double work(Py_ssize_t D) noexcept nogil:
    return <double>D * D + 10


cdef inline bint are_pairs(const EMPass *task) noexcept nogil:
    """Whether moments are one matrix product, about a center."""
    return task.moments == SECOND and task.center != NULL


cdef inline bint by_features(const EMPass *task) noexcept nogil:
    """Whether moments about means are summed with features as lanes.

    Rows without weight cost nothing then, and in label order there are many.
    """
    cdef Py_ssize_t D = task.n_features
    return task.moments == SECOND and task.center == NULL and (
        not moments.lanes_are_samples(D) or (task.order != NULL and D >= FEWEST_FEATURES))


cdef inline bint prunes(const EMPass *task) noexcept nogil:
    """Prune where rows without weight cost nothing, and no output shows the difference."""
    return (by_features(task) and task.resp == NULL and task.source == DENSITY
            and task.weights != NULL)


cdef inline Py_ssize_t packed_size(Py_ssize_t K, Py_ssize_t D) noexcept nogil:
    return K * triangular.packed_factor_size(D)


cdef inline Py_ssize_t written_size(Py_ssize_t K, Py_ssize_t D) noexcept nogil:
    """Return the size of matrices without upper half."""
    return K * D * (D + 1) // 2


cdef inline Py_ssize_t group_size(const EMPass *task) noexcept nogil:
    """Return the values in a group of samples, with a row of ones for pairs."""
    return (task.n_features + are_pairs(task)) * GROUP


cdef inline Py_ssize_t block_size(const EMPass *task) noexcept nogil:
    cdef Py_ssize_t size
    if not are_pairs(task):
        return usual_block_size(task)
    size = min(<Py_ssize_t>PAIR_COLUMN_BYTES, PAIR_BLOCK_BYTES // task.n_features)
    return max(size // <Py_ssize_t>sizeof(real), <Py_ssize_t>64)


cdef inline Py_ssize_t first_size(const EMPass *task) noexcept nogil:
    """Return the doubles from the first moments of one component to those of the next one."""
    cdef Py_ssize_t D = task.n_features
    return pairs.n_columns(D) if are_pairs(task) else row_size(D, by_features(task))


cdef inline Py_ssize_t second_size(const EMPass *task) noexcept nogil:
    """Return the doubles from the second moments of one component to those of the next one."""
    cdef Py_ssize_t D = task.n_features
    if task.moments != SECOND or are_pairs(task):
        return 0
    return padded_features(D) * padded_features(D) if by_features(task) else D * D * LANES


cdef inline void lay_out_sums(
    const EMPass *task, char **free_bytes, Block *block
) noexcept nogil:
    cdef Py_ssize_t K = task.n_components
    block.first = <double *>take(free_bytes, K * first_size(task) * sizeof(double))
    block.second = <double *>take(free_bytes, K * second_size(task) * sizeof(double))


cdef inline void lay_out_buffers(
    const EMPass *task, char **free_bytes, Block *block
) noexcept nogil:
    cdef Py_ssize_t most = task.block_groups * GROUP, item = sizeof(real)
    cdef Py_ssize_t width = padded_features(task.n_features)
    block.samples = <real *>take(free_bytes, task.block_groups * group_size(task) * item)
    if are_pairs(task):
        block.rows = <real *>take(free_bytes, most * width * item)
        block.panel = <real *>take(free_bytes, most * pairs.PANEL_VECTORS * LANES * item)
    else:
        block.centered = <real *>take(free_bytes, most * width * item)
        block.roots = <real *>take(free_bytes, most * item)


# Parameters and samples.


cdef inline void pack(const EMPass *task, Parameters *to) noexcept nogil:
    """Means, or offsets from the center, and factors."""
    cdef Py_ssize_t D = task.n_features, k
    cdef const double *factor
    for k in range(task.n_components):
        factor = task.factors + k * D * D
        if task.center != NULL:
            triangular.pack_offset(
                factor, task.means + k * D, to.center, D, to.means + k * D)
        else:
            round_to_real(task.means + k * D, D, to.means + k * D)
        triangular.pack_factor(
            factor, D, to.factors + k * triangular.packed_factor_size(D))


cdef inline void pack_samples(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    """Transpose the block's rows, less the center, into groups; pairs need the rows as well."""
    cdef Py_ssize_t D = task.n_features, stride = D, g
    cdef const real *rows = block.X
    cdef const real *center = parameters.center if task.center != NULL else NULL
    cdef real *group = block.samples
    if are_pairs(task) and D >= LANES:
        stride = padded_features(D)
        pairs.center_rows(rows, center, block.n, D, block.rows)
        rows = block.rows
        center = NULL
    for g in range(block.n_groups):
        pack_rows(rows + g * GROUP * stride, in_group(block, g), D, stride, center, group)
        if are_pairs(task):
            pairs.set_ones(group + D * GROUP)
        group += group_size(task)


# Log densities.


cdef inline void log_densities_of_groups(
    const EMPass *task, const Parameters *parameters, Block *block,
    Py_ssize_t first, Py_ssize_t stop,
) noexcept nogil:
    """Log densities of groups from first to stop."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features, g, k
    cdef Py_ssize_t size = triangular.packed_factor_size(D)
    cdef const real *samples
    cdef const real *mean
    cdef const real *factor
    cdef real *out
    for k in range(K):
        mean = parameters.means + k * D
        factor = parameters.factors + k * size
        for g in range(first, stop):
            samples = block.samples + g * group_size(task)
            out = block.resp + (g * K + k) * GROUP
            if task.center != NULL:
                triangular.centered_log_densities(
                    samples, mean, factor, D, parameters.log_scale[k], out)
            else:
                triangular.log_densities(samples, mean, factor, D, parameters.log_scale[k],
                                         block.centered, out)


cdef inline void near_log_densities(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    """As log_densities, but lowest where a whole group's responsibilities are negligible.

    Each group starts with the component that held its first row before: another one can matter
    only where its log density comes near.
    """
    cdef Py_ssize_t K = task.n_components, D = task.n_features, g, k, v, hint
    cdef Py_ssize_t size = triangular.packed_factor_size(D)
    cdef real *group
    cdef real *out
    cdef vec near[TILE_VECTORS]
    cdef vec limit[TILE_VECTORS]
    for g in range(block.n_groups):
        group = block.samples + g * group_size(task)
        out = block.resp + g * K * GROUP
        hint = task.labels[row_of(block, g * GROUP)]
        triangular.log_densities(
            group, parameters.means + hint * D, parameters.factors + hint * size, D,
            parameters.log_scale[hint], block.centered, out + hint * GROUP)
        for v in range(TILE_VECTORS):
            near[v] = broadcast(2) * load(out + hint * GROUP + v * LANES)
        for k in range(K):
            if k == hint:
                continue
            for v in range(TILE_VECTORS):
                limit[v] = broadcast(parameters.reach[k]) - near[v]
            block.n_skipped += GROUP * triangular.log_densities_within(
                group, parameters.means + k * D, parameters.factors + k * size, D,
                parameters.log_scale[k], limit, block.centered, out + k * GROUP)


cdef inline void log_densities(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    cdef Py_ssize_t first = 0, stop
    if task.order != NULL:
        near_log_densities(task, parameters, block)
        return
    while first < block.n_groups:
        stop = min(first + groups_at_once(group_size(task)), block.n_groups)
        log_densities_of_groups(task, parameters, block, first, stop)
        first = stop


# Moments.


cdef inline void add_component_moments(
    const EMPass *task, const Parameters *parameters, Block *block, Py_ssize_t k
) noexcept nogil:
    """Moments about a component's origin."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features, count
    cdef const real *weights = block.resp + k * GROUP
    cdef const real *origin = parameters.origin + k * D
    cdef double *first = block.first + k * first_size(task)
    cdef double *second = block.second + k * second_size(task)
    if task.moments != SECOND:
        feature_moments.add_moments(
            block.samples, weights, block.n_groups, D, K, origin, first, NULL)
    elif by_features(task):
        count = moments.weigh_rows(
            block.X, weights, K * GROUP, origin, block.n, D, block.roots, block.centered)
        moments.second_by_features(block.centered, count, D, second)
        moments.first_by_features(block.centered, block.roots, count, D, first)
    else:
        moments.center_samples(block.samples, origin, block.n_groups, D, block.centered)
        moments.moments_by_samples(
            block.centered, weights, K * GROUP, block.n_groups, D, first, second)


cdef inline void add_moments(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    cdef Py_ssize_t K = task.n_components, k
    if are_pairs(task):
        pairs.add_pairs(block.samples, block.rows, block.resp, block.n_groups, task.n_features, K,
                        block.panel, block.first)
        return
    for k in range(K):
        add_component_moments(task, parameters, block, k)


cdef inline double *write_matrix(
    const double *sums, Py_ssize_t D, bint padded, double *out
) noexcept nogil:
    """Write a matrix at and below its diagonal; return the end of the output."""
    cdef Py_ssize_t width = padded_features(D), a, b
    for a in range(D):
        if padded:
            memcpy(out, sums + a * width, (a + 1) * sizeof(double))
        else:
            for b in range(a + 1):
                out[b] = sum_lanes(sums + (a * D + b) * LANES)
        out += a + 1
    return out


cdef inline void write_moments(
    const EMPass *task, const Block *block, double *out
) noexcept nogil:
    """First moments, then matrices at and below their diagonals."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features, k
    if are_pairs(task):
        pairs.write_pairs(block.first, K, D, out)
        return
    out = write_rows(block.first, K, D, by_features(task), out)
    if task.moments == SECOND:
        for k in range(K):
            out = write_matrix(
                block.second + k * second_size(task), D, by_features(task), out)


cdef inline void expand_second(
    const double *sums, Py_ssize_t K, Py_ssize_t D, double *out
) noexcept nogil:
    """Write matrices in full."""
    cdef Py_ssize_t _k, a, b
    for _k in range(K):
        for a in range(D):
            for b in range(a + 1):
                out[a * D + b] = sums[b]
                out[b * D + a] = sums[b]
            sums += a + 1
        out += D * D


cdef inline void define(Layout *layout) noexcept nogil:
    layout.shape.name = b"dense"
    layout.shape.is_shared = False
    layout.shape.needs_center = False
    layout.shape.has_order = True
    layout.shape.factor_size = factor_size
    layout.shape.work = work
    layout.packed_size = packed_size
    layout.written_size = written_size
    layout.block_size = block_size
    layout.lay_out_sums = lay_out_sums
    layout.lay_out_buffers = lay_out_buffers
    layout.pack = pack
    layout.pack_samples = pack_samples
    layout.log_densities = log_densities
    layout.prunes = prunes
    layout.add_second = NULL
    layout.add_moments = add_moments
    layout.write_moments = write_moments
    layout.expand_second = expand_second
    layout.has_one_feature = never
    layout.add_one_feature = NULL
