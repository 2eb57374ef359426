"""Log densities under distances with one scale for all features, about a center.

Distances are multiplied out: |x - mu|^2 = |x|^2 - 2 x mu + |mu|^2. Lanes are samples.
"""

from gmmx._core.formulas.triangular cimport store_log_densities
from gmmx._core.vectors.simd cimport (
    GROUP, LANES, TILE_VECTORS, broadcast, load, multiply_add, prefetch, real, vec,
)


cdef enum:
    TILE_COMPONENTS = 3  # sums that leave a register for each vector of a feature's values


cdef inline void log_density_tile(
    const real *samples,    # IN (D, GROUP) less the center
    const real *norms,      # IN (GROUP,)
    const real *offset,     # IN (components, D) 2 s^2 (center - mean)
    const real *scale,      # IN (components,) s^2 = 1 / variance
    Py_ssize_t D,
    const real *log_scale,  # IN (components,) log densities at the center
    Py_ssize_t components,  # 1 to TILE_COMPONENTS, a constant where this is called
    real *log_density,      # OUT (components, GROUP)
    const char *ahead,      # memory to fetch meanwhile, a cache line for each feature
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


cdef inline void log_densities(
    const real *samples, const real *norms, const real *offset, const real *scale, Py_ssize_t D,
    const real *log_scale, Py_ssize_t components, real *log_density,
    const char *ahead, Py_ssize_t step,
) noexcept nogil:
    """log_scale - (s^2 |x|^2 + sum_d x_d offset_d) / 2 for each sample of a group."""
    if components == 3:
        log_density_tile(samples, norms, offset, scale, D, log_scale, 3, log_density, ahead, step)
    elif components == 2:
        log_density_tile(samples, norms, offset, scale, D, log_scale, 2, log_density, ahead, step)
    else:
        log_density_tile(samples, norms, offset, scale, D, log_scale, 1, log_density, ahead, step)
