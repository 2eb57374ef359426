"""Eigenvalues and eigenvectors of one symmetric matrix, in float64.

Householder reflections make the matrix tridiagonal, and rotations make it diagonal: the implicit QL
algorithm with Wilkinson's shifts (Dubrulle, Martin, Wilkinson 1968, "The implicit QL algorithm",
Numerische Mathematik 12). Inner loops run along rows, so that they are vectorised without
reordering any sum.
"""

from libc.math cimport INFINITY, fabs, frexp, ldexp, sqrt

cdef enum:
    MOST_ITERATIONS = 60  # for an eigenvalue, which takes 1 to 3


cdef inline double largest_element(const double *matrix, Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t i
    cdef double largest = 0
    for i in range(size):
        largest = max(largest, fabs(matrix[i]))
    return largest


cdef inline double reflection(
    double *row,            # INOUT (size,) -> v
    Py_ssize_t size,
    double *off_diagonal,   # OUT the first element of the reflected row
) noexcept nogil:
    """Return beta so that I - beta v v^T reflects a row to its first axis."""
    cdef Py_ssize_t j
    cdef double rest = 0, norm
    for j in range(1, size):
        rest += row[j] * row[j]
    off_diagonal[0] = row[0]
    if rest == 0:
        return 0
    norm = sqrt(row[0] * row[0] + rest)
    off_diagonal[0] = -norm if row[0] > 0 else norm
    row[0] -= off_diagonal[0]
    return 2 / (row[0] * row[0] + rest)


cdef inline void reflect_both_sides(
    double *matrix,    # INOUT symmetric, rows `stride` apart
    Py_ssize_t stride,
    const double *v,   # IN (size,)
    double beta,
    Py_ssize_t size,
    double *w,         # scratch (size,)
) noexcept nogil:
    """(I - beta v v^T) matrix (I - beta v v^T) = matrix - v w^T - w v^T."""
    cdef Py_ssize_t i, j
    cdef double factor, other
    for j in range(size):
        w[j] = 0
    for i in range(size):
        factor = beta * v[i]
        for j in range(size):
            w[j] += factor * matrix[i * stride + j]
    factor = 0
    for j in range(size):
        factor += w[j] * v[j]
    factor *= 0.5 * beta
    for j in range(size):
        w[j] -= factor * v[j]
    for i in range(size):
        factor, other = v[i], w[i]
        for j in range(size):
            matrix[i * stride + j] -= factor * w[j] + other * v[j]


cdef inline void reflect(
    double *matrix,    # INOUT (size, size), rows `stride` apart
    Py_ssize_t stride,
    const double *v,   # IN (size,)
    double beta,
    Py_ssize_t size,
    double *w,         # scratch (size,)
) noexcept nogil:
    """(I - beta v v^T) matrix."""
    cdef Py_ssize_t i, j
    cdef double factor
    for j in range(size):
        w[j] = 0
    for i in range(size):
        for j in range(size):
            w[j] += v[i] * matrix[i * stride + j]
    for i in range(size):
        factor = beta * v[i]
        for j in range(size):
            matrix[i * stride + j] -= factor * w[j]


cdef inline void make_tridiagonal(
    double *matrix,        # INOUT (D, D) symmetric, destroyed
    Py_ssize_t D,
    double *diagonal,      # OUT (D,)
    double *off_diagonal,  # OUT (D,), 0 at the end
    double *vectors,       # OUT (D, D) Q^T, where matrix = Q tridiagonal Q^T
    double *scratch,       # (2, D)
) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef double *betas = scratch + D
    off_diagonal[D - 1] = 0
    for i in range(D - 1):
        diagonal[i] = matrix[i * D + i]
        betas[i] = reflection(matrix + i * D + i + 1, D - i - 1, off_diagonal + i)
        if betas[i] != 0:
            reflect_both_sides(
                matrix + (i + 1) * (D + 1), D, matrix + i * D + i + 1, betas[i], D - i - 1, scratch)
    diagonal[D - 1] = matrix[D * D - 1]
    for i in range(D * D):
        vectors[i] = 0
    for i in range(D):
        vectors[i * D + i] = 1
    for i in range(D - 2, -1, -1):
        if betas[i] != 0:
            reflect(vectors + (i + 1) * (D + 1), D, matrix + i * D + i + 1, betas[i], D - i - 1,
                    scratch)
    for i in range(D):
        for j in range(i):
            vectors[i * D + j], vectors[j * D + i] = vectors[j * D + i], vectors[i * D + j]


cdef inline void rotate(
    double *x, double *y, Py_ssize_t D, double cosine, double sine
) noexcept nogil:
    """Rotate the rows x, y (D,) into cosine x - sine y, sine x + cosine y."""
    cdef Py_ssize_t d
    cdef double first, second
    for d in range(D):
        first, second = x[d], y[d]
        x[d] = cosine * first - sine * second
        y[d] = sine * first + cosine * second


cdef inline Py_ssize_t end_of_block(
    const double *diagonal, const double *off_diagonal, Py_ssize_t start, Py_ssize_t D
) noexcept nogil:
    """Return the first row from `start` on beside which the off-diagonal element is only rounding.

    The largest element of the matrix is near 1.
    """
    cdef Py_ssize_t row
    cdef double size
    for row in range(start, D - 1):
        size = fabs(diagonal[row]) + fabs(diagonal[row + 1])
        if fabs(off_diagonal[row]) <= 2.0 ** -53 * size + 2.0 ** -200:
            return row
    return D - 1


cdef inline void iterate_block(
    double *diagonal,      # INOUT (D,)
    double *off_diagonal,  # INOUT (D,)
    double *vectors,       # INOUT (D, D) rows
    Py_ssize_t start,
    Py_ssize_t end,        # rows of a block without negligible off-diagonal elements
    Py_ssize_t D,
) noexcept nogil:
    """One iteration of QL, from the end of the block to its start."""
    cdef Py_ssize_t i
    cdef double sine = 1, cosine = 1, shifted = 0, bulge, below, length, change
    cdef double g = (diagonal[start + 1] - diagonal[start]) / (2 * off_diagonal[start])
    length = sqrt(g * g + 1)
    g += length if g >= 0 else -length
    g = diagonal[end] - diagonal[start] + off_diagonal[start] / g
    for i in range(end - 1, start - 1, -1):
        bulge, below = sine * off_diagonal[i], cosine * off_diagonal[i]
        length = sqrt(bulge * bulge + g * g)
        off_diagonal[i + 1] = length
        if length == 0:
            diagonal[i + 1] -= shifted
            off_diagonal[end] = 0
            return
        sine, cosine = bulge / length, g / length
        g = diagonal[i + 1] - shifted
        change = (diagonal[i] - g) * sine + 2 * cosine * below
        shifted = sine * change
        diagonal[i + 1] = g + shifted
        g = cosine * change - below
        rotate(vectors + i * D, vectors + (i + 1) * D, D, cosine, sine)
    diagonal[start] -= shifted
    off_diagonal[start] = g
    off_diagonal[end] = 0


cdef inline void sort_ascending(double *values, double *vectors, Py_ssize_t D) noexcept nogil:
    """Sort the values, and the rows of vectors with them."""
    cdef Py_ssize_t i, j, smallest
    for i in range(D - 1):
        smallest = i
        for j in range(i + 1, D):
            if values[j] < values[smallest]:
                smallest = j
        if smallest != i:
            values[i], values[smallest] = values[smallest], values[i]
            for j in range(D):
                vectors[i * D + j], vectors[smallest * D + j] = (
                    vectors[smallest * D + j], vectors[i * D + j])


cdef inline bint eigen(
    const double *matrix,  # IN (D, D) symmetric, finite
    Py_ssize_t D,
    double *scratch,       # (D + 3, D)
    double *values,        # OUT (D,) ascending
    double *vectors,       # OUT (D, D) rows
) noexcept nogil:
    """Return whether all eigenvalues have converged, as those of finite matrices do."""
    cdef double *scaled = scratch + 3 * D
    cdef Py_ssize_t i, start, end, _n_iter
    cdef double largest = largest_element(matrix, D * D), scale
    cdef int exponent = 0
    if 0 < largest < INFINITY:
        frexp(largest, &exponent)
    scale = ldexp(1, max(exponent, -1000))
    for i in range(D * D):
        scaled[i] = matrix[i] / scale
    make_tridiagonal(scaled, D, values, scratch, vectors, scratch + D)
    for start in range(D):
        for _n_iter in range(MOST_ITERATIONS):
            end = end_of_block(values, scratch, start, D)
            if end == start:
                break
            iterate_block(values, scratch, vectors, start, end, D)
        if end_of_block(values, scratch, start, D) != start:
            return False
    for i in range(D):
        values[i] *= scale
    sort_ascending(values, vectors, D)
    return True
