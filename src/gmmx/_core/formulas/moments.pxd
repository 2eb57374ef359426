"""First and second moments (D, D) of a block about one origin.

For few features the lanes of a vector are samples. For many they are features, and samples without
weight cost nothing.
"""

from libc.math cimport sqrt

from gmmx._core.formulas.triangular cimport center_group
from gmmx._core.vectors.simd cimport (
    GROUP, LANES, TILE_FEATURES, TILE_VECTORS,
    add_widened, broadcast, load, multiply_add, real, store, vec,
)


cdef enum:
    TILE_ROWS = 4    # features in a register tile whose lanes are samples
    CACHE_LINE = 64  # bytes


cdef inline bint lanes_are_samples(Py_ssize_t D) noexcept nogil:
    """Return whether second moments are summed with samples as lanes, not features."""
    return D <= 16


cdef inline Py_ssize_t padded_features(Py_ssize_t D) noexcept nogil:
    """Return D rounded up to whole vectors and tiles, and to an odd number of cache lines.

    Rows an even number of lines apart would share few sets of the first cache.
    """
    cdef Py_ssize_t line = CACHE_LINE // <Py_ssize_t>sizeof(real)
    return ((D + line - 1) // line | 1) * line


# Second moments, lanes are samples: for few features.


cdef inline void center_samples(
    const real *samples,  # IN (n_groups, D, GROUP)
    const real *origin,   # IN (D,)
    Py_ssize_t n_groups,
    Py_ssize_t D,
    real *centered,       # OUT (n_groups, D, GROUP) x - o
) noexcept nogil:
    cdef Py_ssize_t g
    for g in range(n_groups):
        center_group(samples + g * D * GROUP, origin, D, centered + g * D * GROUP)


cdef inline void moment_tile_samples(
    const real *row,        # IN (n_groups, rows, GROUP) x_a - o_a, groups D GROUP apart
    const real *column,     # IN (n_groups, TILE_ROWS, GROUP) x_b - o_b
    const real *weights,    # IN (n_groups, GROUP), groups weight_stride apart
    Py_ssize_t weight_stride,
    Py_ssize_t n_groups,
    Py_ssize_t D,
    Py_ssize_t rows,        # 1 to TILE_ROWS, a constant where this is called
    double *sums,           # ADD (rows, TILE_ROWS of D, LANES)
) noexcept nogil:
    """Sums over the block of r c_a c_b, apart for each lane."""
    cdef vec products[TILE_ROWS][TILE_ROWS]
    cdef vec c[TILE_ROWS]
    cdef vec r, weighted
    cdef Py_ssize_t _g, a, b, v
    for a in range(rows):
        for b in range(TILE_ROWS):
            products[a][b] = broadcast(0)
    for _g in range(n_groups):
        for v in range(TILE_VECTORS):
            r = load(weights + v * LANES)
            for b in range(TILE_ROWS):
                c[b] = load(column + b * GROUP + v * LANES)
            for a in range(rows):
                weighted = r * load(row + a * GROUP + v * LANES)
                for b in range(TILE_ROWS):
                    products[a][b] = multiply_add(weighted, c[b], products[a][b])
        row += D * GROUP
        column += D * GROUP
        weights += weight_stride
    for a in range(rows):
        for b in range(TILE_ROWS):
            add_widened(sums + (a * D + b) * LANES, products[a][b])


cdef inline void moment_tile_diagonal(
    const real *row,        # IN (n_groups, rows, GROUP) x_a - o_a, groups D GROUP apart
    const real *weights,    # IN (n_groups, GROUP), groups weight_stride apart
    Py_ssize_t weight_stride,
    Py_ssize_t n_groups,
    Py_ssize_t D,
    Py_ssize_t rows,        # 1 to TILE_ROWS, a constant where this is called
    double *first,          # ADD (rows, LANES) or NULL
    double *sums,           # ADD (rows, rows of D, LANES), at and below the diagonal
) noexcept nogil:
    """Sums over the block of r c_a c_b for b <= a, and of r c_a."""
    cdef vec products[TILE_ROWS][TILE_ROWS]
    cdef vec totals[TILE_ROWS]
    cdef vec c[TILE_ROWS]
    cdef vec r, weighted
    cdef Py_ssize_t _g, a, b, v
    for a in range(rows):
        totals[a] = broadcast(0)
        for b in range(a + 1):
            products[a][b] = broadcast(0)
    for _g in range(n_groups):
        for v in range(TILE_VECTORS):
            r = load(weights + v * LANES)
            for a in range(rows):
                c[a] = load(row + a * GROUP + v * LANES)
                weighted = r * c[a]
                totals[a] = totals[a] + weighted
                for b in range(a + 1):
                    products[a][b] = multiply_add(weighted, c[b], products[a][b])
        row += D * GROUP
        weights += weight_stride
    for a in range(rows):
        if first != NULL:
            add_widened(first + a * LANES, totals[a])
        for b in range(a + 1):
            add_widened(sums + (a * D + b) * LANES, products[a][b])


cdef inline void moments_by_samples(
    const real *centered,   # IN (n_groups, D, GROUP) x - o
    const real *weights,    # IN (n_groups, GROUP), groups weight_stride apart
    Py_ssize_t weight_stride,
    Py_ssize_t n_groups,
    Py_ssize_t D,
    double *first,          # ADD (D, LANES) or NULL
    double *sums,           # ADD (D, D, LANES), at and below the diagonal
) noexcept nogil:
    cdef Py_ssize_t i, j, rows
    cdef const real *row
    cdef const real *column
    cdef double *tile
    for i in range((D + TILE_ROWS - 1) // TILE_ROWS):
        rows = min(<Py_ssize_t>TILE_ROWS, D - i * TILE_ROWS)
        row = centered + i * TILE_ROWS * GROUP
        for j in range(i):
            column = centered + j * TILE_ROWS * GROUP
            tile = sums + j * TILE_ROWS * LANES
            if rows == 4:
                moment_tile_samples(row, column, weights, weight_stride, n_groups, D, 4, tile)
            elif rows == 3:
                moment_tile_samples(row, column, weights, weight_stride, n_groups, D, 3, tile)
            elif rows == 2:
                moment_tile_samples(row, column, weights, weight_stride, n_groups, D, 2, tile)
            else:
                moment_tile_samples(row, column, weights, weight_stride, n_groups, D, 1, tile)
        tile = sums + i * TILE_ROWS * LANES
        if rows == 4:
            moment_tile_diagonal(row, weights, weight_stride, n_groups, D, 4, first, tile)
        elif rows == 3:
            moment_tile_diagonal(row, weights, weight_stride, n_groups, D, 3, first, tile)
        elif rows == 2:
            moment_tile_diagonal(row, weights, weight_stride, n_groups, D, 2, first, tile)
        else:
            moment_tile_diagonal(row, weights, weight_stride, n_groups, D, 1, first, tile)
        sums += TILE_ROWS * D * LANES
        if first != NULL:
            first += TILE_ROWS * LANES


# Second moments, lanes are features: for many features.


cdef inline Py_ssize_t weigh_rows(
    const real *X,          # IN (n, D)
    const real *weights,    # IN (n_groups, GROUP), groups weight_stride apart
    Py_ssize_t weight_stride,
    const real *origin,     # IN (D,)
    Py_ssize_t n,
    Py_ssize_t D,
    real *roots,            # OUT (count,) sqrt(r)
    real *rows,             # OUT (count, padded_features(D)) sqrt(r) (x - o), 0 to whole tiles
) noexcept nogil:
    """Return the number of samples with r > 0; the others add nothing and get no row."""
    cdef Py_ssize_t stride = padded_features(D)
    cdef Py_ssize_t n_vectors = D // LANES
    cdef Py_ssize_t unit = max(<Py_ssize_t>LANES, <Py_ssize_t>TILE_FEATURES)
    cdef Py_ssize_t i, d, v, count = 0
    cdef real weight, root
    cdef vec scale
    for i in range(n):
        weight = weights[i // GROUP * weight_stride + i % GROUP]
        if weight > 0:
            root = <real>sqrt(weight)
            roots[count] = root
            scale = broadcast(root)
            for v in range(n_vectors):
                store(rows + v * LANES, scale * (load(X + v * LANES) - load(origin + v * LANES)))
            for d in range(n_vectors * LANES, D):
                rows[d] = root * (X[d] - origin[d])
            for d in range(D, (D + unit - 1) // unit * unit):
                rows[d] = 0
            rows += stride
            count += 1
        X += D
    return count


cdef inline void first_tile(
    const real *rows,    # IN (n_rows, stride)
    const real *roots,   # IN (n_rows,)
    Py_ssize_t n_rows,
    Py_ssize_t stride,
    Py_ssize_t n_vectors,  # 1 to TILE_FEATURES
    double *first,       # ADD (n_vectors LANES,)
) noexcept nogil:
    """Sums of r (x - o) = sqrt(r) sqrt(r) (x - o)."""
    cdef vec totals[TILE_FEATURES]
    cdef vec root
    cdef Py_ssize_t i, v
    for v in range(TILE_FEATURES):
        totals[v] = broadcast(0)
    for i in range(n_rows):
        root = broadcast(roots[i])
        for v in range(n_vectors):
            totals[v] = multiply_add(root, load(rows + v * LANES), totals[v])
        rows += stride
    for v in range(n_vectors):
        add_widened(first + v * LANES, totals[v])


cdef inline void first_by_features(
    const real *rows, const real *roots, Py_ssize_t n_rows, Py_ssize_t D, double *first
) noexcept nogil:
    cdef Py_ssize_t stride = padded_features(D)
    cdef Py_ssize_t left = (D + LANES - 1) // LANES
    while left >= 4:
        first_tile(rows, roots, n_rows, stride, 4, first)
        rows += 4 * LANES
        first += 4 * LANES
        left -= 4
    if left == 3:
        first_tile(rows, roots, n_rows, stride, 3, first)
    elif left == 2:
        first_tile(rows, roots, n_rows, stride, 2, first)
    elif left == 1:
        first_tile(rows, roots, n_rows, stride, 1, first)


cdef inline void moment_tile_features(
    const real *rows,        # IN (n_rows, stride) sqrt(r) (x - o)
    Py_ssize_t n_rows,
    Py_ssize_t stride,
    Py_ssize_t a,            # the first of TILE_FEATURES features
    Py_ssize_t b,            # the first lane
    Py_ssize_t n_vectors,    # 1 to 3, a constant where this is called
    double *sums,            # ADD (stride, stride)
) noexcept nogil:
    """Rank-one updates of a tile of TILE_FEATURES x n_vectors LANES features."""
    cdef vec products[TILE_FEATURES][3]
    cdef vec lanes[3]
    cdef vec row_a
    cdef Py_ssize_t _i, j, v
    cdef const real *row = rows
    for j in range(TILE_FEATURES):
        for v in range(n_vectors):
            products[j][v] = broadcast(0)
    for _i in range(n_rows):
        for v in range(n_vectors):
            lanes[v] = load(row + b + v * LANES)
        for j in range(TILE_FEATURES):
            row_a = broadcast(row[a + j])
            for v in range(n_vectors):
                products[j][v] = multiply_add(row_a, lanes[v], products[j][v])
        row += stride
    for j in range(TILE_FEATURES):
        for v in range(n_vectors):
            add_widened(sums + (a + j) * stride + b + v * LANES, products[j][v])


cdef inline void second_by_features(
    const real *rows,        # IN (n_rows, stride), padded with zeros
    Py_ssize_t n_rows,
    Py_ssize_t D,
    double *sums,            # ADD (stride, stride), at and below the diagonal
) noexcept nogil:
    cdef Py_ssize_t stride = padded_features(D)
    cdef Py_ssize_t tile, a, b, n_vectors
    for tile in range((D + TILE_FEATURES - 1) // TILE_FEATURES):
        a = tile * TILE_FEATURES
        n_vectors = (a + TILE_FEATURES + LANES - 1) // LANES
        b = 0
        while n_vectors >= 3:
            moment_tile_features(rows, n_rows, stride, a, b, 3, sums)
            b += 3 * LANES
            n_vectors -= 3
        if n_vectors == 2:
            moment_tile_features(rows, n_rows, stride, a, b, 2, sums)
        elif n_vectors == 1:
            moment_tile_features(rows, n_rows, stride, a, b, 1, sums)
