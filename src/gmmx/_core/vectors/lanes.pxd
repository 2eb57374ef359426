"""Sums over the lanes of vectors."""

from gmmx._core.vectors.simd cimport LANES, interleave_first, interleave_second, real, store, vec


cdef inline double sum_lanes(const double *lanes) noexcept nogil:
    """Return the sum of LANES doubles, first to last."""
    cdef double total = 0
    cdef Py_ssize_t i
    for i in range(LANES):
        total += lanes[i]
    return total


cdef inline real sum_vector(vec value) noexcept nogil:
    """Return the sum over the lanes of one vector, added by halves."""
    cdef real lanes[LANES]
    cdef Py_ssize_t half = LANES // 2, i
    store(lanes, value)
    while half > 0:
        for i in range(half):
            lanes[i] += lanes[i + half]
        half //= 2
    return lanes[0]


cdef inline vec sum_vectors(vec *values) noexcept nogil:
    """Return the sum over lanes of vector i of LANES vectors in lane i; `values` is overwritten."""
    cdef Py_ssize_t half = LANES // 2, i
    cdef vec first
    while half > 0:
        for i in range(half):
            first = interleave_first(values[i], values[i + half])
            values[i] = first + interleave_second(values[i], values[i + half])
        half //= 2
    return values[0]
