"""Sums of a few numbers."""


cdef inline double pairwise_sum(const double *values, Py_ssize_t n) noexcept nogil:
    """Add values in NumPy's order, in which few values are added to a large sum."""
    cdef double sums[8]
    cdef Py_ssize_t i, half
    cdef double total = 0
    if n < 8:
        for i in range(n):
            total += values[i]
        return total
    if n > 128:
        half = n // 16 * 8
        return pairwise_sum(values, half) + pairwise_sum(values + half, n - half)
    for i in range(8):
        sums[i] = values[i]
    for i in range(8, n // 8 * 8):
        sums[i % 8] += values[i]
    total = (((sums[0] + sums[1]) + (sums[2] + sums[3]))
             + ((sums[4] + sums[5]) + (sums[6] + sums[7])))
    for i in range(n // 8 * 8, n):
        total += values[i]
    return total
