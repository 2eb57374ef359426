"""Log densities about a center for many features; lanes are features.

Rows are not transposed: a sum over lanes at the end of each row replaces that. A row tile is LANES
rows less the center, (n_vectors, LANES, LANES): the first vectors of all rows, then the second
ones.
"""

from gmmx._core.vectors.lanes cimport sum_vectors
from gmmx._core.vectors.rows cimport center_row
from gmmx._core.vectors.simd cimport (
    LANES, TILE_FEATURES,
    bounded, broadcast, load, load_first, multiply_add, prefetch, real, store, vec,
)


cdef inline Py_ssize_t components_at_once() noexcept nogil:
    """Return the number of components whose sums for a row tile fill a register tile."""
    return 2 * TILE_FEATURES // LANES


cdef inline Py_ssize_t row_tile_size(Py_ssize_t D) noexcept nogil:
    """Return the values of a row tile."""
    return (D + LANES - 1) // LANES * LANES * LANES


cdef inline vec load_features(const real *values, Py_ssize_t count) noexcept nogil:
    return load(values) if count == LANES else load_first(values, count)


cdef inline void center_tile(
    const real *X,       # IN (LANES, D)
    Py_ssize_t n,        # rows up to the block's last one, which stands for those beyond it
    const real *center,  # IN (D,)
    Py_ssize_t D,
    real *tile,          # OUT (n_vectors, LANES, LANES) x - center, 0 to a whole vector
) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(LANES):
        center_row(X + min(i, n - 1) * D, center, D, tile + i * LANES, LANES * LANES)


cdef inline vec sq_norms(const real *tile, Py_ssize_t D) noexcept nogil:
    """Return |x|^2 of the rows of a tile."""
    cdef vec total[LANES]
    cdef vec x
    cdef Py_ssize_t _v, i
    for i in range(LANES):
        total[i] = broadcast(0)
    for _v in range((D + LANES - 1) // LANES):
        for i in range(LANES):
            x = load(tile + i * LANES)
            total[i] = multiply_add(x, x, total[i])
        tile += LANES * LANES
    return sum_vectors(total)


cdef inline void add_features(
    const real *tile,    # IN (LANES, LANES), from the first of `count` features
    const real *offset,  # IN (components, D), as all from that feature
    const real *scale,   # IN (components, D), or NULL for isotropic ones
    Py_ssize_t D,
    Py_ssize_t count,    # of features, LANES where this is called in a loop
    Py_ssize_t components,  # a constant where this is called
    vec *total,          # ADD (components, LANES)
) noexcept nogil:
    """(x scale + offset)^2, or x offset for isotropic ones, apart for each lane."""
    cdef vec offsets[2 * TILE_FEATURES]
    cdef vec scales[2 * TILE_FEATURES]
    cdef vec x, z
    cdef Py_ssize_t i, j
    for j in range(components):
        offsets[j] = load_features(offset + j * D, count)
        if scale != NULL:
            scales[j] = load_features(scale + j * D, count)
    for i in range(LANES):
        x = load(tile + i * LANES)
        for j in range(components):
            if scale != NULL:
                z = multiply_add(scales[j], x, offsets[j])
                total[j * LANES + i] = multiply_add(z, z, total[j * LANES + i])
            else:
                total[j * LANES + i] = multiply_add(offsets[j], x, total[j * LANES + i])


cdef inline void log_density_tile(
    const real *tile,       # IN (n_vectors, LANES, LANES) rows less the center
    const vec *norms,       # IN (1,) |row|^2 for isotropic ones, or NULL
    const real *offset,     # IN (components, D)
    const real *scale,      # IN (components, D), or (components,) for isotropic ones
    Py_ssize_t D,
    const real *log_scale,  # IN (components,)
    Py_ssize_t components,  # up to components_at_once, a constant where this is called
    real *log_density,      # OUT (components, LANES), components `stride` apart
    Py_ssize_t stride,
    const char *ahead,      # memory to fetch meanwhile, two lines for each vector of features
    Py_ssize_t step,        # bytes from one pair of lines to the next
) noexcept nogil:
    """log_scale - sum_d (x_d scale_d + offset_d)^2 / 2."""
    cdef vec total[2 * TILE_FEATURES]
    cdef vec sq_distances
    cdef Py_ssize_t d = 0, j, _v
    for j in range(components * LANES):
        total[j] = broadcast(0)
    for _v in range(D // LANES):
        prefetch(ahead)
        prefetch(ahead + step // 2)
        if norms == NULL:
            add_features(tile, offset + d, scale + d, D, LANES, components, total)
        else:
            add_features(tile, offset + d, NULL, D, LANES, components, total)
        tile += LANES * LANES
        ahead += step
        d += LANES
    if d < D and norms == NULL:
        add_features(tile, offset + d, scale + d, D, D - d, components, total)
    elif d < D:
        add_features(tile, offset + d, NULL, D, D - d, components, total)
    for j in range(components):
        sq_distances = sum_vectors(total + j * LANES)
        if norms != NULL:
            sq_distances = multiply_add(broadcast(scale[j]), norms[0], sq_distances)
        store(log_density + j * stride, multiply_add(
            broadcast(-0.5), bounded(sq_distances), broadcast(log_scale[j])))


cdef inline void row_tile_log_densities(
    const real *tile,       # IN (n_vectors, LANES, LANES) rows less the center
    const vec *norms,       # IN (1,) |row|^2 for isotropic ones, or NULL
    const real *offset,     # IN (K, D)
    const real *scale,      # IN (K, D), or (K,) for isotropic ones
    Py_ssize_t D,
    const real *log_scale,  # IN (K,)
    Py_ssize_t K,
    real *log_density,      # OUT (K, LANES), components `stride` apart
    Py_ssize_t stride,
    const char *ahead,
    Py_ssize_t step,
) noexcept nogil:
    """The log densities of a row tile's rows under all components."""
    cdef Py_ssize_t scale_size = D if norms == NULL else 1
    cdef Py_ssize_t left = K, _k
    while left >= components_at_once():
        log_density_tile(tile, norms, offset, scale, D, log_scale, components_at_once(),
                         log_density, stride, ahead, step)
        left -= components_at_once()
        offset += components_at_once() * D
        scale += components_at_once() * scale_size
        log_scale += components_at_once()
        log_density += components_at_once() * stride
        ahead += D // LANES * step
    for _k in range(left):
        log_density_tile(tile, norms, offset, scale, D, log_scale, 1,
                         log_density, stride, ahead, step)
        offset += D
        scale += scale_size
        log_scale += 1
        log_density += stride
