"""Sums over the features of groups of samples."""

from gmmx._core.vectors.simd cimport (
    GROUP, LANES, TILE_VECTORS, broadcast, load, multiply_add, real, vec,
)


cdef inline void sq_norms(
    const real *group,  # IN (D, GROUP)
    Py_ssize_t D,
    vec *norms,         # OUT (TILE_VECTORS,) |x|^2
) noexcept nogil:
    cdef Py_ssize_t d, v
    cdef vec x
    for v in range(TILE_VECTORS):
        norms[v] = broadcast(0)
    for d in range(D):
        for v in range(TILE_VECTORS):
            x = load(group + d * GROUP + v * LANES)
            norms[v] = multiply_add(x, x, norms[v])
