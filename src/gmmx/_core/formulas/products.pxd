"""First moments, and second moments (D,), of a block about one center; lanes are features.

Matrix products of responsibilities and rows: R^T X and R^T X^2. Rows are read from X: to subtract
the center again costs less than to store the differences.
"""

from gmmx._core.vectors.simd cimport (
    GROUP, LANES, TILE_FEATURES,
    add_widened, broadcast, load, load_first, multiply_add, real, store, vec,
)


cdef inline vec load_row(const real *row, Py_ssize_t D) noexcept nogil:
    """LANES features, or all D if there are fewer, then 0."""
    return load(row) if D >= LANES else load_first(row, D)


cdef inline void add_lanes(double *sums, vec value, Py_ssize_t last) noexcept nogil:
    """Add the last lanes."""
    cdef real lanes[LANES]
    cdef Py_ssize_t i
    if last == LANES:
        add_widened(sums, value)
        return
    store(lanes, value)
    for i in range(last):
        sums[i] += lanes[LANES - last + i]


cdef inline void product_tile(
    const real *X,          # IN (n, D), from the tile's first feature
    const real *center,     # IN (D,), as X
    const real *resp,       # IN (n_groups, K, GROUP), from the tile's first component
    Py_ssize_t n,
    Py_ssize_t D,
    Py_ssize_t resp_stride,  # K GROUP
    Py_ssize_t components,  # 1 to TILE_FEATURES, a constant where this is called
    Py_ssize_t n_vectors,   # 1 or 2, with second moments 1; a constant where this is called
    Py_ssize_t last,        # lanes that count, the last ones: LANES but for a row's end
    double *first,          # ADD (components, width)
    double *second,         # ADD (components, width) or NULL
    Py_ssize_t width,
) noexcept nogil:
    """Sums over a block of r x and r x^2."""
    cdef vec sums[TILE_FEATURES][2]
    cdef vec squares[TILE_FEATURES]
    cdef vec x[2]
    cdef vec centers[2]
    cdef vec r, square
    cdef Py_ssize_t start = 0, i, j, v
    for v in range(n_vectors):
        centers[v] = load_row(center + v * LANES, D)
    for j in range(components):
        squares[j] = broadcast(0)
        for v in range(n_vectors):
            sums[j][v] = broadcast(0)
    while start < n:
        for i in range(min(<Py_ssize_t>GROUP, n - start)):
            for v in range(n_vectors):
                x[v] = load_row(X + v * LANES, D) - centers[v]
            if second != NULL:
                square = x[0] * x[0]
            for j in range(components):
                r = broadcast(resp[j * GROUP + i])
                for v in range(n_vectors):
                    sums[j][v] = multiply_add(r, x[v], sums[j][v])
                if second != NULL:
                    squares[j] = multiply_add(r, square, squares[j])
            X += D
        start += GROUP
        resp += resp_stride
    for j in range(components):
        for v in range(n_vectors):
            add_lanes(first + j * width + v * LANES, sums[j][v], last)
        if second != NULL:
            add_lanes(second + j * width, squares[j], last)


cdef inline void product_column(
    const real *X, const real *center, const real *resp, Py_ssize_t n, Py_ssize_t D, Py_ssize_t K,
    Py_ssize_t n_vectors, Py_ssize_t last, double *first, double *second, Py_ssize_t width,
) noexcept nogil:
    """All components with one tile's width of features."""
    cdef Py_ssize_t left = K, size = K * GROUP
    while left >= TILE_FEATURES:
        product_tile(X, center, resp, n, D, size, TILE_FEATURES, n_vectors, last, first, second,
                     width)
        resp += TILE_FEATURES * GROUP
        first += TILE_FEATURES * width
        if second != NULL:
            second += TILE_FEATURES * width
        left -= TILE_FEATURES
    if left >= 4:
        product_tile(X, center, resp, n, D, size, 4, n_vectors, last, first, second, width)
        resp += 4 * GROUP
        first += 4 * width
        if second != NULL:
            second += 4 * width
        left -= 4
    if left == 3:
        product_tile(X, center, resp, n, D, size, 3, n_vectors, last, first, second, width)
    elif left == 2:
        product_tile(X, center, resp, n, D, size, 2, n_vectors, last, first, second, width)
    elif left == 1:
        product_tile(X, center, resp, n, D, size, 1, n_vectors, last, first, second, width)


cdef inline void add_first_products(
    const real *X, const real *center, const real *resp, Py_ssize_t n, Py_ssize_t D, Py_ssize_t K,
    Py_ssize_t width, double *first,
) noexcept nogil:
    """Add the first moments of all components in one block."""
    cdef Py_ssize_t d = 0
    while D - d >= 2 * LANES:
        product_column(X + d, center + d, resp, n, D, K, 2, LANES, first + d, NULL, width)
        d += 2 * LANES
    if D - d >= LANES:
        product_column(X + d, center + d, resp, n, D, K, 1, LANES, first + d, NULL, width)
        d += LANES
    if D < LANES:
        product_column(X, center, resp, n, D, K, 1, LANES, first, NULL, width)
    elif d < D:
        product_column(X + D - LANES, center + D - LANES, resp, n, D, K, 1, D - d,
                       first + d, NULL, width)


cdef inline void add_products(
    const real *X,       # IN (n, D)
    const real *center,  # IN (D,)
    const real *resp,    # IN (n_groups, K, GROUP)
    Py_ssize_t n,
    Py_ssize_t D,
    Py_ssize_t K,
    Py_ssize_t width,
    double *first,       # ADD (K, width)
    double *second,      # ADD (K, width)
) noexcept nogil:
    """Add the moments of all components in one block."""
    cdef Py_ssize_t d = 0
    while D - d >= LANES:
        product_column(X + d, center + d, resp, n, D, K, 1, LANES, first + d, second + d, width)
        d += LANES
    if D < LANES:
        product_column(X, center, resp, n, D, K, 1, LANES, first, second, width)
    elif d < D:
        product_column(X + D - LANES, center + D - LANES, resp, n, D, K, 1, D - d,
                       first + d, second + d, width)
