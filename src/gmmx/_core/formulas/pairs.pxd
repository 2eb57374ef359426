"""First moments, and second moments (D, D), of a block about one center.

They are one matrix product R^T Z. A row of Z holds the features x_d of a sample less the center
and their products x_a x_b, b <= a; lanes are columns of Z. Z is made a panel of columns at a
time, which stays in the first cache while all components use it.
"""

from gmmx._core.formulas.moments cimport padded_features
from gmmx._core.vectors.rows cimport center_row
from gmmx._core.vectors.simd cimport (
    GROUP, LANES, TILE_FEATURES, TILE_VECTORS,
    add_widened, broadcast, load, multiply_add, real, store, vec,
)
from gmmx._core.vectors.transpose cimport transpose_tile


cdef enum:
    PANEL_VECTORS = 2


cdef struct Column:
    Py_ssize_t a  # factors x_a x_b; feature D is 1
    Py_ssize_t b


# Columns of Z, in the order in which they are made. Whole vectors from rows of samples come first:
# x_d, then x_a x_b for one a. The others, near the diagonal, are made one by one.


cdef inline Py_ssize_t whole_vectors(Py_ssize_t D) noexcept nogil:
    """Return the number of features in whole vectors."""
    return D // LANES * LANES


cdef inline Py_ssize_t n_row_columns(Py_ssize_t D) noexcept nogil:
    """Return the number of columns that are made from rows."""
    cdef Py_ssize_t whole = whole_vectors(D), n_vectors = D // LANES
    return whole + (LANES * n_vectors * (n_vectors - 1) // 2 + (D - whole) * n_vectors) * LANES


cdef inline Py_ssize_t n_columns(Py_ssize_t D) noexcept nogil:
    """Return the number of all columns, rounded up to whole vectors."""
    return whole_vectors(D + D * (D + 1) // 2 + LANES - 1)


cdef inline Py_ssize_t first_column(Py_ssize_t D, Py_ssize_t d) noexcept nogil:
    """Return the column of x_d."""
    cdef Py_ssize_t whole = whole_vectors(D)
    return d if d < whole else n_row_columns(D) + d - whole


cdef inline Py_ssize_t second_column(Py_ssize_t D, Py_ssize_t a, Py_ssize_t b) noexcept nogil:
    """Return the column of x_a x_b, b <= a."""
    cdef Py_ssize_t whole = whole_vectors(D), vector = a // LANES, row = a % LANES
    if b // LANES < vector:
        return whole + (LANES * vector * (vector - 1) // 2 + row * vector) * LANES + b
    return (n_row_columns(D) + D - whole + vector * (LANES * (LANES + 1) // 2)
            + row * (row + 1) // 2 + b % LANES)


cdef inline Column first_single(Py_ssize_t D) noexcept nogil:
    """Return the first of the columns that are made one by one."""
    cdef Py_ssize_t whole = whole_vectors(D)
    cdef Column column
    column.a = whole if whole < D else 0
    column.b = D if whole < D else 0
    return column


cdef inline Column next_single(Column column, Py_ssize_t D) noexcept nogil:
    """Return the next column: x_d 1, then x_a x_b, then padding."""
    if column.b < column.a:
        column.b += 1
    elif column.a < D - 1:
        column.a += 1
        column.b = D if column.b == D else whole_vectors(column.a)
    else:
        column.a = column.b = 0
    return column


# Panels.


cdef inline void center_rows(
    const real *X,       # IN (n, D)
    const real *center,  # IN (D,)
    Py_ssize_t n,
    Py_ssize_t D,
    real *rows,          # OUT (n_groups GROUP, padded_features(D)) x - center, 0 to a whole vector
) noexcept nogil:
    """Subtract the center from rows; copies of the last row fill its group."""
    cdef Py_ssize_t width = padded_features(D), i
    for i in range((n + GROUP - 1) // GROUP * GROUP):
        center_row(X + min(i, n - 1) * D, center, D, rows + i * width, LANES)


cdef inline void set_ones(real *row) noexcept nogil:
    """Set feature D of a group to 1."""
    cdef Py_ssize_t v
    for v in range(TILE_VECTORS):
        store(row + v * LANES, broadcast(1))


cdef inline void copy_features(
    const real *rows, Py_ssize_t n, Py_ssize_t width, real *panel
) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        store(panel + i * PANEL_VECTORS * LANES, load(rows + i * width))


cdef inline void scale_features(
    const real *factors, const real *rows, Py_ssize_t n, Py_ssize_t width, real *panel
) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        store(panel + i * PANEL_VECTORS * LANES,
              broadcast(factors[i * width]) * load(rows + i * width))


cdef inline void multiply_samples(
    const real *samples,    # IN (n_groups, D + 1, GROUP) x - center, then 1
    const Column *columns,  # IN (LANES,)
    Py_ssize_t n_groups,
    Py_ssize_t D,
    real *panel,
) noexcept nogil:
    """Any columns: multiply with samples as lanes, then transpose."""
    cdef vec lanes[LANES]
    cdef Py_ssize_t _g, i, v
    for _g in range(n_groups):
        for v in range(TILE_VECTORS):
            for i in range(LANES):
                lanes[i] = (load(samples + columns[i].a * GROUP + v * LANES)
                            * load(samples + columns[i].b * GROUP + v * LANES))
            transpose_tile(lanes)
            for i in range(LANES):
                store(panel + i * PANEL_VECTORS * LANES, lanes[i])
            panel += PANEL_VECTORS * LANES * LANES
        samples += (D + 1) * GROUP


# Products.


cdef inline void product_tile(
    const real *panel,       # IN (n_groups GROUP, PANEL_VECTORS LANES)
    const real *resp,        # IN (n_groups, K, GROUP), from the tile's first component
    Py_ssize_t n_groups,
    Py_ssize_t K,
    Py_ssize_t components,   # 1 to TILE_FEATURES, a constant where this is called
    Py_ssize_t n_vectors,    # 1 to PANEL_VECTORS, a constant where this is called
    Py_ssize_t stride,
    double *sums,            # ADD (components, stride)
) noexcept nogil:
    """Sums over a block of r z."""
    cdef vec total[TILE_FEATURES][PANEL_VECTORS]
    cdef vec z[PANEL_VECTORS]
    cdef vec r
    cdef Py_ssize_t _g, i, j, v
    for j in range(components):
        for v in range(n_vectors):
            total[j][v] = broadcast(0)
    for _g in range(n_groups):
        for i in range(GROUP):
            for v in range(n_vectors):
                z[v] = load(panel + v * LANES)
            for j in range(components):
                r = broadcast(resp[j * GROUP + i])
                for v in range(n_vectors):
                    total[j][v] = multiply_add(r, z[v], total[j][v])
            panel += PANEL_VECTORS * LANES
        resp += K * GROUP
    for j in range(components):
        for v in range(n_vectors):
            add_widened(sums + j * stride + v * LANES, total[j][v])


cdef inline void multiply_panel(
    const real *panel, const real *resp, Py_ssize_t n_groups, Py_ssize_t K,
    Py_ssize_t n_vectors, Py_ssize_t stride, double *sums,
) noexcept nogil:
    """All components with one panel."""
    cdef Py_ssize_t left = K
    while left >= TILE_FEATURES:
        product_tile(panel, resp, n_groups, K, TILE_FEATURES, n_vectors, stride, sums)
        resp += TILE_FEATURES * GROUP
        sums += TILE_FEATURES * stride
        left -= TILE_FEATURES
    if left >= 4:
        product_tile(panel, resp, n_groups, K, 4, n_vectors, stride, sums)
        resp += 4 * GROUP
        sums += 4 * stride
        left -= 4
    if left >= 2:
        product_tile(panel, resp, n_groups, K, 2, n_vectors, stride, sums)
        resp += 2 * GROUP
        sums += 2 * stride
        left -= 2
    if left == 1:
        product_tile(panel, resp, n_groups, K, 1, n_vectors, stride, sums)


cdef inline void add_pairs(
    const real *samples,    # IN (n_groups, D + 1, GROUP) x - center, then 1
    const real *rows,       # IN (n_groups GROUP, padded_features(D)) x - center
    const real *resp,       # IN (n_groups, K, GROUP)
    Py_ssize_t n_groups,
    Py_ssize_t D,
    Py_ssize_t K,
    real *panel,            # scratch (n_groups GROUP, PANEL_VECTORS LANES)
    double *sums,           # ADD (K, n_columns)
) noexcept nogil:
    """Add the moments of all components in one block."""
    cdef Py_ssize_t n = n_groups * GROUP, width = padded_features(D), size = n_columns(D)
    cdef Py_ssize_t column = 0, i, a = LANES, b = 0
    cdef Column single = first_single(D)
    cdef Column singles[LANES]
    cdef real *part
    while column < size:
        part = panel + column % (PANEL_VECTORS * LANES)
        if column < whole_vectors(D):
            copy_features(rows + column, n, width, part)
        elif column < n_row_columns(D):
            scale_features(rows + a, rows + b, n, width, part)
            b += LANES
            if b == whole_vectors(a):
                a += 1
                b = 0
        else:
            for i in range(LANES):
                singles[i] = single
                single = next_single(single, D)
            multiply_samples(samples, singles, n_groups, D, part)
        column += LANES
        if column % (PANEL_VECTORS * LANES) == 0:
            multiply_panel(panel, resp, n_groups, K, 2, size, sums + column - 2 * LANES)
        elif column == size:
            multiply_panel(panel, resp, n_groups, K, 1, size, sums + column - LANES)


cdef inline void write_pairs(
    const double *sums,  # IN (K, n_columns)
    Py_ssize_t K,
    Py_ssize_t D,
    double *out,         # OUT first moments, then matrices at and below their diagonals
) noexcept nogil:
    """Write the sums of all components in the order of features."""
    cdef Py_ssize_t size = n_columns(D), k, a, b
    for k in range(K):
        for a in range(D):
            out[a] = sums[k * size + first_column(D, a)]
        out += D
    for k in range(K):
        for a in range(D):
            for b in range(a + 1):
                out[b] = sums[k * size + second_column(D, a, b)]
            out += a + 1
