"""Triangular factors of one covariance matrix, in float64.

Inner loops run along rows, so that they are vectorised without reordering any sum.
"""

from libc.math cimport INFINITY, frexp, ldexp, sqrt


cdef enum:
    ROWS = 4  # that are subtracted at a time


cdef inline Py_ssize_t scale_to_unit(
    const double *matrix,  # IN (D, D) symmetric
    Py_ssize_t D,
    double *scale,         # OUT (D,) powers of two, which round nothing
    double *scaled,        # OUT (D, D), at and above the diagonal, which is near 1
) noexcept nogil:
    """Return the first feature without a positive, finite variance, or -1."""
    cdef Py_ssize_t i, j
    cdef double variance
    cdef int exponent
    for i in range(D):
        variance = matrix[i * D + i]
        if not 0 < variance < INFINITY:
            return i
        frexp(variance, &exponent)
        scale[i] = ldexp(1, -(exponent // 2))
    for i in range(D):
        for j in range(i, D):
            scaled[i * D + j] = matrix[i * D + j] * scale[i] * scale[j]
    return -1


cdef inline void subtract_row(
    double *out, Py_ssize_t start, Py_ssize_t D, double factor, const double *row
) noexcept nogil:
    """out - factor row, from `start` to D."""
    cdef Py_ssize_t j
    for j in range(start, D):
        out[j] = out[j] - factor * row[j]


cdef inline void subtract_rows(
    double *out,            # INOUT (D,)
    Py_ssize_t start,
    Py_ssize_t D,
    const double *factors,  # IN (ROWS,), `step` apart
    Py_ssize_t step,
    const double *rows,     # IN (ROWS, D)
) noexcept nogil:
    """As subtract_row for one row after the other, while each value of `out` is in a register."""
    cdef double f0 = factors[0], f1 = factors[step], f2 = factors[2 * step], f3 = factors[3 * step]
    cdef Py_ssize_t j
    for j in range(start, D):
        out[j] = (out[j] - f0 * rows[j] - f1 * rows[D + j] - f2 * rows[2 * D + j]
                  - f3 * rows[3 * D + j])


cdef inline Py_ssize_t upper_cholesky(
    double *matrix,       # INOUT (D, D) symmetric -> R with R^T R = matrix, above the diagonal
    Py_ssize_t D,
    double *smallest,     # IN (D,) pivots below these are lost in rounding
) noexcept nogil:
    """Return the first feature whose pivot is lost, or -1."""
    cdef Py_ssize_t i, j, k, stop
    cdef double factor
    cdef double *row
    for k in range(D):
        row = matrix + k * D
        if not row[k] > smallest[k]:
            return k
        factor = 1 / sqrt(row[k])
        for j in range(k, D):
            row[j] = row[j] * factor
        stop = min(D, k // ROWS * ROWS + ROWS)
        for i in range(k + 1, stop):
            subtract_row(matrix + i * D, i, D, row[i], row)
        if k + 1 == stop:
            row = matrix + k // ROWS * ROWS * D
            for i in range(stop, D):
                subtract_rows(matrix + i * D, i, D, row + i, D, row)
    return -1


cdef inline void invert_upper(
    double *matrix,  # INOUT (D, D) R -> R^-1, at and above the diagonal; 0 below
    Py_ssize_t D,
    double *row,     # scratch (D,)
) noexcept nogil:
    """Row i of the inverse from the rows below it: R[i, :] R^-1 = e_i."""
    cdef Py_ssize_t i, j, k
    cdef double factor
    cdef double *out
    for i in range(D - 1, -1, -1):
        out = matrix + i * D
        for j in range(D):
            row[j] = out[j]
            out[j] = 0
        factor = 1 / row[i]
        out[i] = factor
        k = i + 1
        while k + ROWS <= D:
            subtract_rows(out, k, D, row + k, 1, matrix + k * D)
            k += ROWS
        while k < D:
            subtract_row(out, k, D, row[k], matrix + k * D)
            k += 1
        for j in range(i + 1, D):
            out[j] = out[j] * factor


cdef inline void scale_back(
    double *upper,        # INOUT (D, D) R -> R scale^-1, 0 below the diagonal
    const double *scale,  # IN (D,)
    Py_ssize_t D,
) noexcept nogil:
    cdef Py_ssize_t i, j
    for i in range(D):
        for j in range(i):
            upper[i * D + j] = 0
        for j in range(i, D):
            upper[i * D + j] = upper[i * D + j] / scale[j]


cdef inline Py_ssize_t factorize(
    const double *matrix,  # IN (D, D)
    Py_ssize_t D,
    double smallest,       # pivot, as a share of the feature's variance
    bint invert,
    double *upper,         # OUT (D, D) R with R^T R = matrix, or its inverse
    double *scratch,       # (2, D)
) noexcept nogil:
    """Return the first feature that the ones before it determine, or -1."""
    cdef double *scale = scratch
    cdef double *row = scratch + D
    cdef Py_ssize_t i, j, failed
    failed = scale_to_unit(matrix, D, scale, upper)
    if failed >= 0:
        return failed
    for i in range(D):
        row[i] = smallest * upper[i * D + i]
    failed = upper_cholesky(upper, D, row)
    if failed >= 0:
        return failed
    if not invert:
        scale_back(upper, scale, D)
        return -1
    invert_upper(upper, D, row)
    for i in range(D):
        for j in range(i, D):
            upper[i * D + j] = upper[i * D + j] * scale[i]
    return -1


cdef inline void square_upper(
    const double *upper,  # IN (D, D)
    Py_ssize_t D,
    double *transposed,   # scratch (D, D)
    double *square,       # OUT (D, D) U U^T, exactly symmetric
) noexcept nogil:
    cdef Py_ssize_t i, j, k
    for i in range(D):
        for j in range(D):
            transposed[i * D + j] = upper[j * D + i] if j <= i else 0
            square[i * D + j] = 0
    for i in range(D):
        k = i // ROWS * ROWS
        while k + ROWS <= D:
            subtract_rows(square + i * D, i, D, transposed + k * D + i, D, transposed + k * D)
            k += ROWS
        while k < D:
            subtract_row(square + i * D, i, D, transposed[k * D + i], transposed + k * D)
            k += 1
        for j in range(i, D):
            square[i * D + j] = -square[i * D + j]
            square[j * D + i] = square[i * D + j]
