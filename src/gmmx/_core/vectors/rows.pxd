"""Rows of samples; lanes are features."""

from gmmx._core.vectors.simd cimport LANES, load, load_first, real, store


cdef inline void center_row(
    const real *row,     # IN (D,)
    const real *center,  # IN (D,)
    Py_ssize_t D,
    real *out,           # OUT vectors of x - center, the last one filled with 0
    Py_ssize_t stride,   # from a vector to the next one
) noexcept nogil:
    cdef Py_ssize_t n_vectors = D // LANES, rest = D % LANES, v
    for v in range(n_vectors):
        store(out + v * stride, load(row + v * LANES) - load(center + v * LANES))
    if rest > 0:
        store(out + n_vectors * stride,
              load_first(row + D - rest, rest) - load_first(center + D - rest, rest))
