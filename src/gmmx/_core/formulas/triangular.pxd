"""Products of samples and a triangular factor (D, D), and log densities under their squares.

A group is GROUP samples, stored as (D, GROUP): the lanes of a vector are samples.
"""

from gmmx._core.vectors.simd cimport (
    GROUP, LANES, REAL_LARGEST, TILE_VECTORS,
    all_less, bounded, broadcast, load, multiply_add, real, store, vec,
)

cdef enum:
    TILE_ROWS = 4  # columns of the factor in a register tile


cdef inline Py_ssize_t packed_factor_size(Py_ssize_t D) noexcept nogil:
    """Values in a packed triangular factor."""
    cdef Py_ssize_t start = 0, size = 0
    while start < D:
        size += min(<Py_ssize_t>TILE_ROWS, D - start) * min(start + TILE_ROWS, D)
        start += TILE_ROWS
    return size


cdef inline void pack_factor(
    const double *factor,  # IN (D, D) upper triangular U, precision = U U^T
    Py_ssize_t D,
    real *packed,          # OUT tiles of up to TILE_ROWS columns of U, each row after row
) noexcept nogil:
    cdef Py_ssize_t start = 0, rows, d, j
    while start < D:
        rows = min(<Py_ssize_t>TILE_ROWS, D - start)
        for d in range(start + rows):
            for j in range(start, start + rows):
                packed[0] = <real>factor[d * D + j] if d <= j else 0
                packed += 1
        start += TILE_ROWS


cdef inline void pack_offset(
    const double *factor,  # IN (D, D) upper triangular U
    const double *mean,    # IN (D,)
    const real *center,    # IN (D,)
    Py_ssize_t D,
    real *offset,          # OUT (D,)
) noexcept nogil:
    """U^T (center - mean), in float64: whitening adds it to a sample less the center."""
    cdef Py_ssize_t d, j
    cdef double total
    for j in range(D):
        total = 0
        for d in range(j + 1):
            total += factor[d * D + j] * (<double>center[d] - mean[d])
        offset[j] = <real>total


cdef inline void center_features(
    const real *samples,  # IN (D, GROUP)
    const real *mean,     # IN (D,)
    Py_ssize_t start,
    Py_ssize_t stop,
    real *centered,       # OUT (D, GROUP), from start to stop
) noexcept nogil:
    cdef Py_ssize_t d, v, offset
    cdef vec mean_d
    for d in range(start, stop):
        mean_d = broadcast(mean[d])
        for v in range(TILE_VECTORS):
            offset = d * GROUP + v * LANES
            store(centered + offset, load(samples + offset) - mean_d)


cdef inline void center_group(
    const real *samples, const real *mean, Py_ssize_t D, real *centered
) noexcept nogil:
    """x - mean for all features of a group."""
    center_features(samples, mean, 0, D, centered)


cdef inline void whiten_feature(
    const real *centered,  # IN (GROUP,) of one feature
    const real *packed,    # IN (rows,) its row of the factor
    Py_ssize_t first,      # columns before it have a zero in this row
    Py_ssize_t rows,
    vec (*y)[TILE_VECTORS],  # ADD (rows, TILE_VECTORS)
) noexcept nogil:
    cdef vec c[TILE_VECTORS]
    cdef vec u
    cdef Py_ssize_t j, v
    for v in range(TILE_VECTORS):
        c[v] = load(centered + v * LANES)
    for j in range(first, rows):
        u = broadcast(packed[j])
        for v in range(TILE_VECTORS):
            y[j][v] = multiply_add(u, c[v], y[j][v])


cdef inline void whiten_tile(
    const real *centered,  # IN (depth, GROUP)
    const real *packed,    # IN (depth, rows)
    Py_ssize_t depth,
    Py_ssize_t rows,       # 1 to TILE_ROWS, a constant where this is called
    const real *offset,    # IN (rows,), or NULL for 0
    vec *total,            # ADD (TILE_VECTORS,) squares of the whitened rows, or NULL
    real *whitened,        # OUT (rows, GROUP) if total is NULL
) noexcept nogil:
    """y = U^T c + offset for `rows` columns of U: the register tile of the E-step."""
    cdef vec y[TILE_ROWS][TILE_VECTORS]
    cdef Py_ssize_t d, j, v
    for j in range(rows):
        for v in range(TILE_VECTORS):
            y[j][v] = broadcast(0 if offset == NULL else offset[j])
    for d in range(depth - rows):
        whiten_feature(centered + d * GROUP, packed + d * rows, 0, rows, y)
    centered += (depth - rows) * GROUP
    packed += (depth - rows) * rows
    whiten_feature(centered, packed, 0, rows, y)
    if rows > 1:
        whiten_feature(centered + GROUP, packed + rows, 1, rows, y)
    if rows > 2:
        whiten_feature(centered + 2 * GROUP, packed + 2 * rows, 2, rows, y)
    if rows > 3:
        whiten_feature(centered + 3 * GROUP, packed + 3 * rows, 3, rows, y)
    for j in range(rows):
        for v in range(TILE_VECTORS):
            if total != NULL:
                total[v] = multiply_add(y[j][v], y[j][v], total[v])
            else:
                store(whitened + j * GROUP + v * LANES, y[j][v])


cdef inline void whiten_remainder(
    const real *centered, const real *packed, Py_ssize_t D, const real *offset, vec *total,
    real *whitened,
) noexcept nogil:
    """The last D mod TILE_ROWS columns, each count of columns with a tile of its own."""
    cdef Py_ssize_t rows = D % TILE_ROWS
    if rows == 1:
        whiten_tile(centered, packed, D, 1, offset, total, whitened)
    elif rows == 2:
        whiten_tile(centered, packed, D, 2, offset, total, whitened)
    elif rows == 3:
        whiten_tile(centered, packed, D, 3, offset, total, whitened)


cdef inline void store_log_densities(
    const vec *sq_distances,  # IN (TILE_VECTORS,)
    real log_scale,
    real *log_density,        # OUT (GROUP,)
) noexcept nogil:
    """log_scale - sq_distance / 2, finite where the distance overflowed."""
    cdef Py_ssize_t v
    for v in range(TILE_VECTORS):
        store(log_density + v * LANES, multiply_add(
            broadcast(-0.5), bounded(sq_distances[v]), broadcast(log_scale)))


cdef inline void log_densities(
    const real *samples,   # IN (D, GROUP)
    const real *mean,      # IN (D,)
    const real *packed,    # IN packed factor
    Py_ssize_t D,
    real log_scale,
    real *centered,        # scratch (D, GROUP)
    real *log_density,     # OUT (GROUP,)
) noexcept nogil:
    """log_scale - |U^T (x - mu)|^2 / 2 for each sample of a group."""
    cdef vec total[TILE_VECTORS]
    cdef Py_ssize_t tile, depth, v
    for v in range(TILE_VECTORS):
        total[v] = broadcast(0)
    for tile in range(D // TILE_ROWS):
        depth = (tile + 1) * TILE_ROWS
        center_features(samples, mean, depth - TILE_ROWS, depth, centered)
        whiten_tile(centered, packed, depth, TILE_ROWS, NULL, total, NULL)
        packed += depth * TILE_ROWS
    center_features(samples, mean, D // TILE_ROWS * TILE_ROWS, D, centered)
    whiten_remainder(centered, packed, D, NULL, total, NULL)
    store_log_densities(total, log_scale, log_density)


cdef inline void centered_log_densities(
    const real *samples,   # IN (D, GROUP) less a center
    const real *offset,    # IN (D,) U^T (center - mu)
    const real *packed,    # IN packed factor
    Py_ssize_t D,
    real log_scale,
    real *log_density,     # OUT (GROUP,)
) noexcept nogil:
    """log_scale - |U^T x + offset|^2 / 2 for each sample of a group."""
    cdef vec total[TILE_VECTORS]
    cdef Py_ssize_t tile, depth, v
    for v in range(TILE_VECTORS):
        total[v] = broadcast(0)
    for tile in range(D // TILE_ROWS):
        depth = (tile + 1) * TILE_ROWS
        whiten_tile(samples, packed, depth, TILE_ROWS, offset, total, NULL)
        packed += depth * TILE_ROWS
        offset += TILE_ROWS
    whiten_remainder(samples, packed, D, offset, total, NULL)
    store_log_densities(total, log_scale, log_density)


cdef inline bint exceeds(const vec *total, const vec *limit) noexcept nogil:
    """Return whether the distance of every sample of a group is beyond its limit."""
    cdef Py_ssize_t v
    for v in range(TILE_VECTORS):
        if not all_less(limit[v], total[v]):
            return False
    return True


cdef inline bint log_densities_within(
    const real *samples,   # IN (D, GROUP)
    const real *mean,      # IN (D,)
    const real *packed,    # IN packed factor
    Py_ssize_t D,
    real log_scale,
    const vec *limit,      # IN (TILE_VECTORS,) of squared distances
    real *centered,        # scratch (D, GROUP)
    real *log_density,     # OUT (GROUP,)
) noexcept nogil:
    """As log_densities, or lowest where the first terms show that all are beyond the limit.

    Return whether they are.
    """
    cdef vec total[TILE_VECTORS]
    cdef Py_ssize_t tile, depth = 0, v
    cdef bint beyond = False
    for v in range(TILE_VECTORS):
        total[v] = broadcast(0)
    for tile in range(D // TILE_ROWS):
        depth = (tile + 1) * TILE_ROWS
        center_features(samples, mean, depth - TILE_ROWS, depth, centered)
        whiten_tile(centered, packed, depth, TILE_ROWS, NULL, total, NULL)
        packed += depth * TILE_ROWS
        beyond = exceeds(total, limit)
        if beyond:
            break
    if not beyond:
        center_features(samples, mean, depth, D, centered)
        whiten_remainder(centered, packed, D, NULL, total, NULL)
    else:
        for v in range(TILE_VECTORS):
            total[v] = broadcast(REAL_LARGEST)
    store_log_densities(total, log_scale, log_density)
    return beyond


cdef inline void whiten(
    const real *samples,   # IN (D, GROUP) less the center
    const real *packed,    # IN packed factor
    Py_ssize_t D,
    real *whitened,        # OUT (D, GROUP) U^T (x - center)
) noexcept nogil:
    cdef Py_ssize_t tile, depth
    for tile in range(D // TILE_ROWS):
        depth = (tile + 1) * TILE_ROWS
        whiten_tile(samples, packed, depth, TILE_ROWS, NULL, NULL, whitened)
        packed += depth * TILE_ROWS
        whitened += TILE_ROWS * GROUP
    whiten_remainder(samples, packed, D, NULL, NULL, whitened)
