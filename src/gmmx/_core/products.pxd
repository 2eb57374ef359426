"""First moments, and second moments (D,), of a block about one center; lanes are features.

Matrix products of responsibilities and rows: R^T X and R^T X^2.
"""

from gmmx._core.simd cimport (
    GROUP, LANES, add_widened, broadcast, load, load_first, multiply_add, real, store, vec,
)


cdef enum:
    TILE_COMPONENTS = 4
    TILE_LANES = 2  # vectors of features


cdef inline void center_rows(
    const real *X,       # IN (n, D)
    const real *center,  # IN (D,)
    Py_ssize_t n,
    Py_ssize_t D,
    Py_ssize_t width,
    real *rows,          # OUT (n_groups GROUP, width) x - center, 0 to a whole vector
) noexcept nogil:
    """The last row stands for those beyond it in its group."""
    cdef Py_ssize_t n_vectors = D // LANES, rest = D % LANES, i, v
    for i in range((n + GROUP - 1) // GROUP * GROUP):
        for v in range(n_vectors):
            store(rows + v * LANES, load(X + v * LANES) - load(center + v * LANES))
        if rest > 0:
            store(rows + D - rest, load_first(X + D - rest, rest)
                  - load_first(center + D - rest, rest))
        if i < n - 1:
            X += D
        rows += width


cdef inline void product_tile(
    const real *rows,       # IN (n, width), from the tile's first feature
    const real *resp,       # IN (n_groups, K, GROUP), from the tile's first component
    Py_ssize_t n,
    Py_ssize_t width,
    Py_ssize_t resp_stride,  # K GROUP
    Py_ssize_t components,  # 1 to TILE_COMPONENTS, a constant where this is called
    Py_ssize_t n_vectors,   # 1 to TILE_LANES, a constant where this is called
    double *first,          # ADD (components, width)
    double *second,         # ADD (components, width) or NULL
) noexcept nogil:
    """Sums over a block of r x and r x^2."""
    cdef vec sums[TILE_COMPONENTS][TILE_LANES]
    cdef vec squares[TILE_COMPONENTS][TILE_LANES]
    cdef vec x[TILE_LANES]
    cdef vec square[TILE_LANES]
    cdef vec r
    cdef Py_ssize_t i, j, v
    cdef const real *weight
    for j in range(components):
        for v in range(n_vectors):
            sums[j][v] = broadcast(0)
            squares[j][v] = broadcast(0)
    for i in range(n):
        weight = resp + i // GROUP * resp_stride + i % GROUP
        for v in range(n_vectors):
            x[v] = load(rows + v * LANES)
            square[v] = x[v] * x[v]
        for j in range(components):
            r = broadcast(weight[j * GROUP])
            for v in range(n_vectors):
                sums[j][v] = multiply_add(r, x[v], sums[j][v])
                if second != NULL:
                    squares[j][v] = multiply_add(r, square[v], squares[j][v])
        rows += width
    for j in range(components):
        for v in range(n_vectors):
            add_widened(first + j * width + v * LANES, sums[j][v])
            if second != NULL:
                add_widened(second + j * width + v * LANES, squares[j][v])


cdef inline void product_column(
    const real *rows, const real *resp, Py_ssize_t n, Py_ssize_t width, Py_ssize_t K,
    Py_ssize_t n_vectors, double *first, double *second,
) noexcept nogil:
    """All components with one tile's width of features."""
    cdef Py_ssize_t left = K, stride = K * GROUP
    while left >= 4:
        product_tile(rows, resp, n, width, stride, 4, n_vectors, first, second)
        resp += 4 * GROUP
        first += 4 * width
        if second != NULL:
            second += 4 * width
        left -= 4
    if left == 3:
        product_tile(rows, resp, n, width, stride, 3, n_vectors, first, second)
    elif left == 2:
        product_tile(rows, resp, n, width, stride, 2, n_vectors, first, second)
    elif left == 1:
        product_tile(rows, resp, n, width, stride, 1, n_vectors, first, second)


cdef inline void add_products(
    const real *rows,   # IN (n, width) x - center
    const real *resp,   # IN (n_groups, K, GROUP)
    Py_ssize_t n,
    Py_ssize_t D,
    Py_ssize_t width,
    Py_ssize_t K,
    double *first,      # ADD (K, width)
    double *second,     # ADD (K, width) or NULL
) noexcept nogil:
    """The moments of all components in one block."""
    cdef Py_ssize_t left = (D + LANES - 1) // LANES, d = 0
    while left >= 2:
        if second != NULL:
            product_column(rows + d, resp, n, width, K, 2, first + d, second + d)
        else:
            product_column(rows + d, resp, n, width, K, 2, first + d, NULL)
        d += 2 * LANES
        left -= 2
    if left == 1:
        if second != NULL:
            product_column(rows + d, resp, n, width, K, 1, first + d, second + d)
        else:
            product_column(rows + d, resp, n, width, K, 1, first + d, NULL)
