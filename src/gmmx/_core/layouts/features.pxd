"""Parts that the layouts share whose moments are rows of features.

About a center, and from some features on, such moments are matrix products whose lanes are
features. Otherwise lanes are samples.
"""

from libc.string cimport memcpy

from gmmx._core.formulas cimport feature_moments, row_densities, scaled
from gmmx._core.formulas.moments cimport padded_features
from gmmx._core.formulas.products cimport add_first_products, add_products
from gmmx._core.layouts.block cimport Block, Parameters, pack_groups
from gmmx._core.layouts.task cimport DENSITY, EMPass
from gmmx._core.vectors.lanes cimport sum_lanes
from gmmx._core.vectors.simd cimport GROUP, LANES, TILE_FEATURES, TILE_VECTORS, real, store, vec


cdef enum:
    FEWEST_FEATURES = 8              # that fill lanes
    LARGEST_GROUP_BYTES = 32 * 1024  # of samples, which leave room in the first cache


cdef inline double work(Py_ssize_t D) noexcept nogil:
    return D + 10


cdef inline bint by_features(const EMPass *task) noexcept nogil:
    """Whether moments are summed with features as lanes."""
    return task.center != NULL and task.n_features >= FEWEST_FEATURES


cdef inline bint by_rows(const EMPass *task) noexcept nogil:
    """Whether log densities are summed with features as lanes, so that samples need no groups.

    Where a group would fill the first cache.
    """
    return (task.source == DENSITY and task.center != NULL
            and task.n_features * GROUP * <Py_ssize_t>sizeof(real) > LARGEST_GROUP_BYTES)


cdef inline Py_ssize_t row_size(Py_ssize_t D, bint padded) noexcept nogil:
    """Return the doubles from the sums of one component's features to those of the next one's."""
    return padded_features(D) if padded else D * LANES


cdef inline Py_ssize_t sums_bytes(const EMPass *task) noexcept nogil:
    """Return the bytes of a sum for each component and feature."""
    cdef Py_ssize_t size = row_size(task.n_features, by_features(task))
    return task.n_components * size * <Py_ssize_t>sizeof(double)


cdef inline void pack_samples(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    """Transpose rows into groups, unless log densities are summed over rows."""
    if not by_rows(task):
        pack_groups(task, parameters, block)


# Log densities.


cdef inline Py_ssize_t ahead_step(const EMPass *task, Py_ssize_t tile) noexcept nogil:
    """Return the bytes of the next block that `tile` components fetch for each feature."""
    cdef Py_ssize_t n_tiles = (task.n_components + tile - 1) // tile
    return GROUP * <Py_ssize_t>sizeof(real) // n_tiles


cdef inline const char *ahead_of(
    const EMPass *task, const Block *block, Py_ssize_t g, Py_ssize_t i, Py_ssize_t step
) noexcept nogil:
    """Return the part of the next block that group g fetches with tile i of components.

    The tiles fetch equal parts. Their computation takes about as long as that.
    """
    cdef Py_ssize_t D = task.n_features
    cdef const char *rows = <const char *>(block.X + (block.n + g * GROUP) * D)
    return rows + i * step * D


cdef inline void scaled_log_densities(
    const EMPass *task, const Parameters *parameters, Block *block,
    const real *samples,  # IN (n_groups, D, GROUP) less the center
    const real *scale,    # IN (K, D), or NULL for 1
    Py_ssize_t first,
    Py_ssize_t stop,
) noexcept nogil:
    """Log densities of groups from first to stop."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features
    cdef Py_ssize_t step = ahead_step(task, scaled.TILE_COMPONENTS)
    cdef Py_ssize_t k = 0, g, components
    cdef const real *tile_scale = NULL
    while k < K:
        components = min(<Py_ssize_t>scaled.TILE_COMPONENTS, K - k)
        if scale != NULL:
            tile_scale = scale + k * D
        for g in range(first, stop):
            scaled.centered_log_densities(
                samples + g * D * GROUP, parameters.means + k * D, tile_scale, D,
                parameters.log_scale + k, components, block.resp + (g * K + k) * GROUP,
                ahead_of(task, block, g, k // scaled.TILE_COMPONENTS, step), step)
        k += components


cdef inline void row_log_densities(
    const EMPass *task, const Parameters *parameters, Block *block,
    bint with_norms,  # for one scale of all features; a constant where this is called
) noexcept nogil:
    """Log densities of LANES rows at a time, which fetch as many rows of the next block."""
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
        row_densities.center_tile(
            block.X + start * D, block.n - start, parameters.center, D, block.row_tile)
        if with_norms:
            norms = row_densities.sq_norms(block.row_tile, D)
            store(block.norms + start, norms)
        row_densities.row_tile_log_densities(
            block.row_tile, &norms if with_norms else NULL, parameters.means, parameters.factors,
            D, parameters.log_scale, K, out, GROUP, ahead, step)


# Moments.


cdef inline void add_moments(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    """First moments, and second ones (K, D) where block.second has room for them."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features, k
    cdef Py_ssize_t size = row_size(D, by_features(task))
    if not by_features(task):
        for k in range(K):
            feature_moments.add_moments(
                block.samples, block.resp + k * GROUP, block.n_groups, D, K,
                parameters.origin + k * D, block.first + k * size,
                NULL if block.second == NULL else block.second + k * size)
    elif block.second == NULL:
        add_first_products(
            block.X, parameters.center, block.resp, block.n, D, K, size, block.first)
    else:
        add_products(
            block.X, parameters.center, block.resp, block.n, D, K, size, block.first, block.second)


cdef inline double *write_rows(
    const double *sums,  # IN (K, row_size)
    Py_ssize_t K,
    Py_ssize_t D,
    bint padded,         # rows of features, else with LANES sums for each
    double *out,         # OUT (K, D)
) noexcept nogil:
    """Write the sums of all components; return the end of the output."""
    cdef Py_ssize_t _k, d
    for _k in range(K):
        if padded:
            memcpy(out, sums, D * sizeof(double))
        else:
            for d in range(D):
                out[d] = sum_lanes(sums + d * LANES)
        sums += row_size(D, padded)
        out += D
    return out
