"""Between rows of samples and groups, whose lanes are samples."""

from gmmx._core.simd cimport (
    GROUP, LANES, TILE_VECTORS, interleave_first, interleave_second, load, real, store, vec,
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


cdef inline void pack_rows(
    const real *rows,   # IN (n, D)
    Py_ssize_t n,       # at most GROUP
    Py_ssize_t D,
    Py_ssize_t stride,
    real *group,        # OUT (D, GROUP); the last row stands for those beyond it
) noexcept nogil:
    """Tiles of LANES features; the last overlaps the one before. A few features go singly."""
    cdef Py_ssize_t start, tile, i, d, v
    cdef vec lanes[LANES]
    if D < LANES:
        for i in range(GROUP):
            for d in range(D):
                group[d * GROUP + i] = rows[min(i, n - 1) * stride + d]
        return
    for tile in range((D + LANES - 1) // LANES):
        start = min(tile * LANES, D - LANES)
        for v in range(TILE_VECTORS):
            for i in range(LANES):
                lanes[i] = load(rows + min(v * LANES + i, n - 1) * stride + start)
            transpose_tile(lanes)
            for i in range(LANES):
                store(group + (start + i) * GROUP + v * LANES, lanes[i])
