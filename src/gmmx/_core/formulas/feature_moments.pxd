"""First moments, and second moments (D,), of a block about one component's origin.

The lanes of a vector are samples.
"""

from gmmx._core.vectors.simd cimport (
    GROUP, LANES, TILE_VECTORS, add_widened, broadcast, load, multiply_add, real, vec,
)


cdef enum:
    TILE_SUMS = 4  # features whose moments are summed in registers at a time


cdef inline void moment_tile(
    const real *samples,      # IN (n_groups, D, GROUP), from the tile's first feature
    const real *resp,         # IN (n_groups, K, GROUP), from the component
    Py_ssize_t n_groups,
    Py_ssize_t sample_stride,  # D GROUP
    Py_ssize_t resp_stride,   # K GROUP
    const real *origin,       # IN (features,)
    Py_ssize_t features,      # 1 to TILE_SUMS, a constant where this is called
    double *first,            # ADD (features, LANES)
    double *second,           # ADD (features, LANES) or NULL
) noexcept nogil:
    """Sums of r (x - o) and r (x - o)^2 over a block, apart for each lane."""
    cdef vec sums[TILE_SUMS]
    cdef vec squares[TILE_SUMS]
    cdef vec o[TILE_SUMS]
    cdef vec r, c, weighted
    cdef Py_ssize_t g, v, j
    for j in range(features):
        o[j] = broadcast(origin[j])
        sums[j] = broadcast(0)
        squares[j] = broadcast(0)
    for g in range(n_groups):
        for v in range(TILE_VECTORS):
            r = load(resp + g * resp_stride + v * LANES)
            for j in range(features):
                c = load(samples + g * sample_stride + j * GROUP + v * LANES) - o[j]
                weighted = r * c
                sums[j] = sums[j] + weighted
                squares[j] = multiply_add(weighted, c, squares[j])
    for j in range(features):
        add_widened(first + j * LANES, sums[j])
        if second != NULL:
            add_widened(second + j * LANES, squares[j])


cdef inline void add_moments(
    const real *samples,   # IN (n_groups, D, GROUP)
    const real *resp,      # IN (n_groups, K, GROUP), from the component
    Py_ssize_t n_groups,
    Py_ssize_t D,
    Py_ssize_t K,
    const real *origin,    # IN (D,)
    double *first,         # ADD (D, LANES)
    double *second,        # ADD (D, LANES) or NULL
) noexcept nogil:
    """Add the moments of one component in one block."""
    cdef Py_ssize_t d = 0
    cdef Py_ssize_t left = D
    while left > 0:
        if left >= 4:
            moment_tile(samples + d * GROUP, resp, n_groups, D * GROUP, K * GROUP,
                        origin + d, 4, first + d * LANES, second)
        elif left == 3:
            moment_tile(samples + d * GROUP, resp, n_groups, D * GROUP, K * GROUP,
                        origin + d, 3, first + d * LANES, second)
        elif left == 2:
            moment_tile(samples + d * GROUP, resp, n_groups, D * GROUP, K * GROUP,
                        origin + d, 2, first + d * LANES, second)
        else:
            moment_tile(samples + d * GROUP, resp, n_groups, D * GROUP, K * GROUP,
                        origin + d, 1, first + d * LANES, second)
        if second != NULL:
            second += TILE_SUMS * LANES
        d += TILE_SUMS
        left -= TILE_SUMS
