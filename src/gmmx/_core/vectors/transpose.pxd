"""Between rows of samples and groups, whose lanes are samples."""

from libc.string cimport memcpy

from gmmx._core.vectors.simd cimport (
    GROUP, LANES, TILE_VECTORS,
    broadcast, interleave_first, interleave_second, load, real, store, vec,
)


cdef inline void transpose_tile(vec *tile) noexcept nogil:
    """LANES vectors: value j of vector i becomes value i of vector j."""
    cdef vec halves[LANES]
    cdef Py_ssize_t size = 1, i
    while size < LANES:
        for i in range(LANES):
            halves[i] = tile[i]
        for i in range(LANES // 2):
            tile[2 * i] = interleave_first(halves[i], halves[i + LANES // 2])
            tile[2 * i + 1] = interleave_second(halves[i], halves[i + LANES // 2])
        size *= 2


cdef inline void pack_tile(
    const real *rows,  # IN (n, LANES), `stride` apart
    Py_ssize_t n,      # the last row stands for those beyond it
    Py_ssize_t stride,
    vec center,        # subtracted from rows
    real *group,       # OUT (LANES, LANES), GROUP apart
) noexcept nogil:
    """Transpose LANES features of LANES rows into a group."""
    cdef vec lanes[LANES]
    cdef Py_ssize_t i
    for i in range(LANES):
        lanes[i] = load(rows + min(i, n - 1) * stride) - center
    transpose_tile(lanes)
    for i in range(LANES):
        store(group + i * GROUP, lanes[i])


cdef inline void pack_few_features(
    const real *rows, Py_ssize_t n, Py_ssize_t D, Py_ssize_t stride, const real *center, real *group
) noexcept nogil:
    """Pack rows as pack_rows does, value by value."""
    cdef Py_ssize_t i, d
    for d in range(D):
        if stride == 1 and center == NULL:
            memcpy(group, rows, n * sizeof(real))
        else:
            for i in range(n):
                group[i] = rows[i * stride + d] - (0 if center == NULL else center[d])
        for i in range(n, GROUP):
            group[i] = group[n - 1]
        group += GROUP


cdef inline void pack_rows(
    const real *rows,    # IN (n, D)
    Py_ssize_t n,        # at most GROUP
    Py_ssize_t D,
    Py_ssize_t stride,
    const real *center,  # IN (D,), subtracted from rows, or NULL
    real *group,         # OUT (D, GROUP); the last row stands for those beyond it
) noexcept nogil:
    """Tiles of LANES features, of which the last overlaps the one before."""
    cdef Py_ssize_t start, tile, v
    cdef vec origin = broadcast(0)
    if D < LANES:
        pack_few_features(rows, n, D, stride, center, group)
        return
    for tile in range((D + LANES - 1) // LANES):
        start = min(tile * LANES, D - LANES)
        if center != NULL:
            origin = load(center + start)
        for v in range(TILE_VECTORS):
            pack_tile(rows + v * LANES * stride + start, n - v * LANES, stride, origin,
                      group + start * GROUP + v * LANES)
