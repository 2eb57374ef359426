"""Products of square matrices, and rotations by given angles, in float64."""


cdef inline void add_rows(
    const double *factors, const double *rows, Py_ssize_t D, Py_ssize_t start, double *out
) noexcept nogil:
    """out = factors rows, from column `start` on: four rows at a time, to load and store less."""
    cdef Py_ssize_t j, d
    cdef const double *row
    for j in range(start, D):
        out[j] = 0
    for d in range(0, D - 3, 4):
        row = rows + d * D
        for j in range(start, D):
            out[j] = (out[j] + factors[d] * row[j] + factors[d + 1] * row[D + j]
                      + factors[d + 2] * row[2 * D + j] + factors[d + 3] * row[3 * D + j])
    for d in range(D // 4 * 4, D):
        row = rows + d * D
        for j in range(start, D):
            out[j] += factors[d] * row[j]


cdef inline void multiply(
    const double *first, const double *second, Py_ssize_t D, double *product
) noexcept nogil:
    """first second, all (D, D)."""
    cdef Py_ssize_t i
    for i in range(D):
        add_rows(first + i * D, second, D, 0, product + i * D)


cdef inline void multiply_symmetric(
    const double *first, const double *second, Py_ssize_t D, double *product
) noexcept nogil:
    """first second, all (D, D), if the product is symmetric."""
    cdef Py_ssize_t i, j
    for i in range(D):
        add_rows(first + i * D, second, D, i, product + i * D)
        for j in range(i + 1, D):
            product[j * D + i] = product[i * D + j]


cdef inline void transpose(const double *matrix, Py_ssize_t D, double *transposed) noexcept nogil:
    cdef Py_ssize_t i, j
    for i in range(D):
        for j in range(D):
            transposed[j * D + i] = matrix[i * D + j]


cdef inline void rotation(
    const double *angles,  # IN (D, D) antisymmetric A
    Py_ssize_t D,
    double *left,          # scratch (D, D)
    double *turn,          # OUT (D, D)
) noexcept nogil:
    """Cayley transform (I + A / 2)^-1 (I - A / 2), an orthogonal matrix.

    The symmetric part of I + A / 2 is I, so that Gaussian elimination needs no exchange of rows.
    """
    cdef Py_ssize_t i, j, d
    cdef double factor
    for i in range(D * D):
        left[i], turn[i] = 0.5 * angles[i], -0.5 * angles[i]
    for i in range(D):
        left[i * D + i] = turn[i * D + i] = 1
    for d in range(D):
        for i in range(d + 1, D):
            factor = left[i * D + d] / left[d * D + d]
            for j in range(d + 1, D):
                left[i * D + j] -= factor * left[d * D + j]
            for j in range(D):
                turn[i * D + j] -= factor * turn[d * D + j]
    for i in range(D - 1, -1, -1):
        for d in range(i + 1, D):
            factor = left[i * D + d]
            for j in range(D):
                turn[i * D + j] -= factor * turn[d * D + j]
        for j in range(D):
            turn[i * D + j] /= left[i * D + i]
