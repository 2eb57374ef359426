"""Log densities under distances with a scale for each feature; lanes are samples.

Samples less a center that all means are near take fewer operations.
"""

from gmmx._core.formulas.triangular cimport store_log_densities
from gmmx._core.vectors.simd cimport (
    GROUP, LANES, TILE_VECTORS, broadcast, load, multiply_add, prefetch, real, vec,
)


cdef enum:
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
    const char *ahead,      # memory to fetch meanwhile, a cache line for each feature
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
