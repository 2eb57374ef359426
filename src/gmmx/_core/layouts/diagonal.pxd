"""Layout `diagonal`: a scale and a second moment (D,) for each component.

Samples less a center that all means are near take fewer operations. Layout `shared` measures
distances between whitened samples so, at scale 1. Layout `isotropic` has one scale for all
features, and multiplies distances out: |x - mu|^2 = |x|^2 - 2 x mu + |mu|^2.
"""

from gmmx._core.layouts.dense cimport store_log_densities
from gmmx._core.vectors.simd cimport (
    GROUP, LANES, TILE_VECTORS,
    add_widened, broadcast, load, multiply_add, prefetch, real, store, vec,
)


cdef enum:
    TILE_SUMS = 4        # features whose moments are summed in registers at a time
    TILE_COMPONENTS = 4  # whose densities share the loads of samples


cdef inline void log_densities(
    const real *samples,  # IN (D, GROUP)
    const real *mean,     # IN (D,)
    const real *scale,    # IN (D,) 1 / standard deviation
    Py_ssize_t D,
    real log_scale,
    real *log_density,    # OUT (GROUP,)
) noexcept nogil:
    """log_scale - sum_d ((x_d - mu_d) scale_d)^2 / 2 for each sample of a group."""
    cdef vec total[TILE_VECTORS]
    cdef vec mean_d, scale_d, z
    cdef Py_ssize_t d, v
    for v in range(TILE_VECTORS):
        total[v] = broadcast(0)
    for d in range(D):
        mean_d = broadcast(mean[d])
        scale_d = broadcast(scale[d])
        for v in range(TILE_VECTORS):
            z = (load(samples + d * GROUP + v * LANES) - mean_d) * scale_d
            total[v] = multiply_add(z, z, total[v])
    store_log_densities(total, log_scale, log_density)


cdef inline void centered_tile(
    const real *samples,    # IN (D, GROUP) less the center
    const real *offset,     # IN (components, D) (center - mean) scale
    const real *scale,      # IN (components, D) 1 / standard deviation, or NULL for 1
    Py_ssize_t D,
    const real *log_scale,  # IN (components,)
    Py_ssize_t components,  # 1 to TILE_COMPONENTS, a constant where this is called
    real *log_density,      # OUT (components, GROUP)
    const char *ahead,      # what to fetch meanwhile, a cache line for each feature
    Py_ssize_t step,        # bytes between the lines
) noexcept nogil:
    cdef vec total[TILE_COMPONENTS][TILE_VECTORS]
    cdef vec x[TILE_VECTORS]
    cdef vec z
    cdef Py_ssize_t d, j, v
    for j in range(components):
        for v in range(TILE_VECTORS):
            total[j][v] = broadcast(0)
    for d in range(D):
        prefetch(ahead + d * step)
        for v in range(TILE_VECTORS):
            x[v] = load(samples + d * GROUP + v * LANES)
        for j in range(components):
            for v in range(TILE_VECTORS):
                if scale != NULL:
                    z = multiply_add(broadcast(scale[j * D + d]), x[v],
                                     broadcast(offset[j * D + d]))
                else:
                    z = x[v] + broadcast(offset[j * D + d])
                total[j][v] = multiply_add(z, z, total[j][v])
    for j in range(components):
        store_log_densities(total[j], log_scale[j], log_density + j * GROUP)


cdef inline void centered_log_densities(
    const real *samples, const real *offset, const real *scale, Py_ssize_t D,
    const real *log_scale, Py_ssize_t components, real *log_density,
    const char *ahead, Py_ssize_t step,
) noexcept nogil:
    """log_scale - sum_d (x_d scale_d + offset_d)^2 / 2 for each sample of a group."""
    if components == 4:
        centered_tile(samples, offset, scale, D, log_scale, 4, log_density, ahead, step)
    elif components == 3:
        centered_tile(samples, offset, scale, D, log_scale, 3, log_density, ahead, step)
    elif components == 2:
        centered_tile(samples, offset, scale, D, log_scale, 2, log_density, ahead, step)
    else:
        centered_tile(samples, offset, scale, D, log_scale, 1, log_density, ahead, step)


cdef inline void sq_norms(
    const real *samples,  # IN (D, GROUP) less the center
    Py_ssize_t D,
    real *norms,          # OUT (GROUP,)
) noexcept nogil:
    cdef vec total[TILE_VECTORS]
    cdef vec x
    cdef Py_ssize_t d, v
    for v in range(TILE_VECTORS):
        total[v] = broadcast(0)
    for d in range(D):
        for v in range(TILE_VECTORS):
            x = load(samples + d * GROUP + v * LANES)
            total[v] = multiply_add(x, x, total[v])
    for v in range(TILE_VECTORS):
        store(norms + v * LANES, total[v])


cdef inline void isotropic_tile(
    const real *samples,    # IN (D, GROUP) less the center
    const real *norms,      # IN (GROUP,)
    const real *offset,     # IN (components, D) 2 s^2 (center - mean)
    const real *scale,      # IN (components,) s^2 = 1 / variance
    Py_ssize_t D,
    const real *log_scale,  # IN (components,) log densities at the center
    Py_ssize_t components,  # 1 to TILE_COMPONENTS, a constant where this is called
    real *log_density,      # OUT (components, GROUP)
    const char *ahead,      # what to fetch meanwhile, a cache line for each feature
    Py_ssize_t step,        # bytes between the lines
) noexcept nogil:
    cdef vec total[TILE_COMPONENTS][TILE_VECTORS]
    cdef vec x[TILE_VECTORS]
    cdef vec weight
    cdef Py_ssize_t d, j, v
    for j in range(components):
        for v in range(TILE_VECTORS):
            total[j][v] = broadcast(scale[j]) * load(norms + v * LANES)
    for d in range(D):
        prefetch(ahead + d * step)
        for v in range(TILE_VECTORS):
            x[v] = load(samples + d * GROUP + v * LANES)
        for j in range(components):
            weight = broadcast(offset[j * D + d])
            for v in range(TILE_VECTORS):
                total[j][v] = multiply_add(weight, x[v], total[j][v])
    for j in range(components):
        store_log_densities(total[j], log_scale[j], log_density + j * GROUP)


cdef inline void isotropic_log_densities(
    const real *samples, const real *norms, const real *offset, const real *scale, Py_ssize_t D,
    const real *log_scale, Py_ssize_t components, real *log_density,
    const char *ahead, Py_ssize_t step,
) noexcept nogil:
    """log_scale - (s^2 |x|^2 + sum_d x_d offset_d) / 2 for each sample of a group."""
    if components == 4:
        isotropic_tile(samples, norms, offset, scale, D, log_scale, 4, log_density, ahead, step)
    elif components == 3:
        isotropic_tile(samples, norms, offset, scale, D, log_scale, 3, log_density, ahead, step)
    elif components == 2:
        isotropic_tile(samples, norms, offset, scale, D, log_scale, 2, log_density, ahead, step)
    else:
        isotropic_tile(samples, norms, offset, scale, D, log_scale, 1, log_density, ahead, step)


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


cdef inline void moments(
    const real *samples,   # IN (n_groups, D, GROUP)
    const real *resp,      # IN (n_groups, K, GROUP), from the component
    Py_ssize_t n_groups,
    Py_ssize_t D,
    Py_ssize_t K,
    const real *origin,    # IN (D,)
    double *first,         # ADD (D, LANES)
    double *second,        # ADD (D, LANES) or NULL
) noexcept nogil:
    """The moments of one component in one block."""
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
