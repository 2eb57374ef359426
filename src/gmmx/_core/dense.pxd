"""Layout `dense`: a triangular factor and a second moment (D, D) for each component.

Also the triangular product that layout `shared` whitens with. A group is GROUP samples, stored
as (D, GROUP): the lanes of a vector are samples.
"""

from gmmx._core.simd cimport (
    GROUP, LANES, TILE_FEATURES, TILE_VECTORS,
    add_widened, bounded, broadcast, load, multiply_add, real, store, vec,
)

cdef extern from "<math.h>" nogil:
    double sqrt(double)


cdef enum:
    TILE_ROWS = 4  # factor columns, or features of a second moment, in a register tile


cdef inline Py_ssize_t padded_features(Py_ssize_t D) noexcept nogil:
    """D rounded up to whole vectors and whole tiles, both powers of two."""
    cdef Py_ssize_t unit = max(<Py_ssize_t>LANES, <Py_ssize_t>TILE_FEATURES)
    return (D + unit - 1) // unit * unit


cdef inline bint lanes_are_samples(Py_ssize_t D) noexcept nogil:
    """Whether second moments are summed over lanes of samples or over lanes of features."""
    return D <= 2 * LANES or D <= 16


# Factors.


cdef inline Py_ssize_t packed_factor_size(Py_ssize_t D) noexcept nogil:
    """Values in a packed triangular factor."""
    cdef Py_ssize_t start = 0, size = 0
    while start < D:
        size += min(<Py_ssize_t>TILE_ROWS, D - start) * min(start + TILE_ROWS, D)
        start += TILE_ROWS
    return size


cdef inline void pack_factor(
    const double *factor,  # IN (D, D) upper triangular U, precision = U U^T
    Py_ssize_t D,
    real *packed,          # OUT tiles of up to TILE_ROWS columns of U, each row after row
) noexcept nogil:
    cdef Py_ssize_t start = 0, rows, d, j
    while start < D:
        rows = min(<Py_ssize_t>TILE_ROWS, D - start)
        for d in range(start + rows):
            for j in range(start, start + rows):
                packed[0] = <real>factor[d * D + j] if d <= j else 0
                packed += 1
        start += TILE_ROWS


cdef inline void center_group(
    const real *samples,  # IN (D, GROUP)
    const real *mean,     # IN (D,)
    Py_ssize_t D,
    real *centered,       # OUT (D, GROUP)
) noexcept nogil:
    cdef Py_ssize_t d, v, offset
    cdef vec mean_d
    for d in range(D):
        mean_d = broadcast(mean[d])
        for v in range(TILE_VECTORS):
            offset = d * GROUP + v * LANES
            store(centered + offset, load(samples + offset) - mean_d)


cdef inline void whiten_tile(
    const real *centered,  # IN (depth, GROUP)
    const real *packed,    # IN (depth, rows)
    Py_ssize_t depth,
    Py_ssize_t rows,       # 1 to TILE_ROWS, a constant where this is called
    vec *total,            # ADD (TILE_VECTORS,) squares of the whitened rows
    real *whitened,        # OUT (rows, GROUP) or NULL
) noexcept nogil:
    """y = U^T c for `rows` columns of U: the register tile of the E-step."""
    cdef vec y[TILE_ROWS][TILE_VECTORS]
    cdef vec c[TILE_VECTORS]
    cdef vec u
    cdef Py_ssize_t d, j, v
    for j in range(rows):
        for v in range(TILE_VECTORS):
            y[j][v] = broadcast(0)
    for d in range(depth):
        for v in range(TILE_VECTORS):
            c[v] = load(centered + d * GROUP + v * LANES)
        for j in range(rows):
            u = broadcast(packed[d * rows + j])
            for v in range(TILE_VECTORS):
                y[j][v] = multiply_add(u, c[v], y[j][v])
    for j in range(rows):
        for v in range(TILE_VECTORS):
            if whitened == NULL:
                total[v] = multiply_add(y[j][v], y[j][v], total[v])
            else:
                store(whitened + j * GROUP + v * LANES, y[j][v])


cdef inline void whiten_remainder(
    const real *centered, const real *packed, Py_ssize_t D, vec *total, real *whitened
) noexcept nogil:
    """The last D mod TILE_ROWS columns, each count of columns with a tile of its own."""
    cdef Py_ssize_t rows = D % TILE_ROWS
    if rows == 1:
        whiten_tile(centered, packed, D, 1, total, whitened)
    elif rows == 2:
        whiten_tile(centered, packed, D, 2, total, whitened)
    elif rows == 3:
        whiten_tile(centered, packed, D, 3, total, whitened)


cdef inline void sq_mahalanobis(
    const real *samples,   # IN (D, GROUP)
    const real *mean,      # IN (D,)
    const real *packed,    # IN packed factor
    Py_ssize_t D,
    real *centered,        # scratch (D, GROUP)
    real *sq_distances,    # OUT (GROUP,)
) noexcept nogil:
    """|U^T (x - mu)|^2 for each sample of a group."""
    cdef vec total[TILE_VECTORS]
    cdef Py_ssize_t tile, depth, v
    center_group(samples, mean, D, centered)
    for v in range(TILE_VECTORS):
        total[v] = broadcast(0)
    for tile in range(D // TILE_ROWS):
        depth = (tile + 1) * TILE_ROWS
        whiten_tile(centered, packed, depth, TILE_ROWS, total, NULL)
        packed += depth * TILE_ROWS
    whiten_remainder(centered, packed, D, total, NULL)
    for v in range(TILE_VECTORS):
        store(sq_distances + v * LANES, bounded(total[v]))


cdef inline void whiten(
    const real *samples,   # IN (D, GROUP)
    const real *center,    # IN (D,)
    const real *packed,    # IN packed factor
    Py_ssize_t D,
    real *centered,        # scratch (D, GROUP)
    real *whitened,        # OUT (D, GROUP) U^T (x - center)
) noexcept nogil:
    cdef Py_ssize_t tile, depth
    center_group(samples, center, D, centered)
    for tile in range(D // TILE_ROWS):
        depth = (tile + 1) * TILE_ROWS
        whiten_tile(centered, packed, depth, TILE_ROWS, NULL, whitened)
        packed += depth * TILE_ROWS
        whitened += TILE_ROWS * GROUP
    whiten_remainder(centered, packed, D, NULL, whitened)


# Second moments, lanes are samples: for few features.


cdef inline void moment_tile_samples(
    const real *weighted,  # IN (rows, stride) r (x - o)
    const real *centered,  # IN (columns, stride) x - o
    Py_ssize_t stride,
    Py_ssize_t rows,       # 1 to TILE_ROWS, constants where this is called
    Py_ssize_t columns,
    Py_ssize_t D,
    double *sums,          # ADD (rows, columns of D, LANES)
) noexcept nogil:
    """Sums over the block of r c_a c_b, apart for each lane."""
    cdef vec products[TILE_ROWS][TILE_ROWS]
    cdef vec c[TILE_ROWS]
    cdef vec w
    cdef Py_ssize_t a, b, i
    for a in range(rows):
        for b in range(columns):
            products[a][b] = broadcast(0)
    for i in range(stride // LANES):
        for b in range(columns):
            c[b] = load(centered + b * stride + i * LANES)
        for a in range(rows):
            w = load(weighted + a * stride + i * LANES)
            for b in range(columns):
                products[a][b] = multiply_add(w, c[b], products[a][b])
    for a in range(rows):
        for b in range(columns):
            add_widened(sums + (a * D + b) * LANES, products[a][b])


cdef inline void weigh_samples(
    const real *samples,    # IN (n_groups, D, GROUP)
    const real *weights,    # IN (n_groups, weight_stride), the first GROUP of each row
    Py_ssize_t weight_stride,
    const real *origin,     # IN (D,)
    Py_ssize_t n_groups,
    Py_ssize_t D,
    real *centered,         # OUT (D, n_groups GROUP) x - o
    real *weighted,         # OUT (D, n_groups GROUP) r (x - o)
    double *first,          # ADD (D, LANES) sums of r (x - o), or NULL
) noexcept nogil:
    cdef Py_ssize_t stride = n_groups * GROUP
    cdef Py_ssize_t d, g, v, to
    cdef vec o, c, w, total
    for d in range(D):
        o = broadcast(origin[d])
        total = broadcast(0)
        for g in range(n_groups):
            for v in range(TILE_VECTORS):
                to = d * stride + g * GROUP + v * LANES
                c = load(samples + (g * D + d) * GROUP + v * LANES) - o
                w = load(weights + g * weight_stride + v * LANES) * c
                store(centered + to, c)
                store(weighted + to, w)
                total = total + w
        if first != NULL:
            add_widened(first + d * LANES, total)


cdef inline void moment_tile_by_rows(
    const real *weighted, const real *centered, Py_ssize_t stride, Py_ssize_t rows, Py_ssize_t D,
    double *sums,
) noexcept nogil:
    """A tile left of the diagonal, each number of rows with a tile of its own."""
    if rows == 4:
        moment_tile_samples(weighted, centered, stride, 4, 4, D, sums)
    elif rows == 3:
        moment_tile_samples(weighted, centered, stride, 3, 4, D, sums)
    elif rows == 2:
        moment_tile_samples(weighted, centered, stride, 2, 4, D, sums)
    else:
        moment_tile_samples(weighted, centered, stride, 1, 4, D, sums)


cdef inline void moment_tile_on_diagonal(
    const real *weighted, const real *centered, Py_ssize_t stride, Py_ssize_t rows, Py_ssize_t D,
    double *sums,
) noexcept nogil:
    if rows == 4:
        moment_tile_samples(weighted, centered, stride, 4, 4, D, sums)
    elif rows == 3:
        moment_tile_samples(weighted, centered, stride, 3, 3, D, sums)
    elif rows == 2:
        moment_tile_samples(weighted, centered, stride, 2, 2, D, sums)
    else:
        moment_tile_samples(weighted, centered, stride, 1, 1, D, sums)


cdef inline void second_by_samples(
    const real *weighted,  # IN (D, stride)
    const real *centered,  # IN (D, stride)
    Py_ssize_t stride,
    Py_ssize_t D,
    double *sums,          # ADD (D, D, LANES), at and below the diagonal
) noexcept nogil:
    cdef Py_ssize_t i, j, rows
    for i in range((D + TILE_ROWS - 1) // TILE_ROWS):
        rows = min(<Py_ssize_t>TILE_ROWS, D - i * TILE_ROWS)
        for j in range(i):
            moment_tile_by_rows(weighted, centered + j * TILE_ROWS * stride, stride, rows, D,
                                sums + j * TILE_ROWS * LANES)
        moment_tile_on_diagonal(weighted, centered + i * TILE_ROWS * stride, stride, rows, D,
                                sums + i * TILE_ROWS * LANES)
        weighted += TILE_ROWS * stride
        sums += TILE_ROWS * D * LANES


# Second moments, lanes are features: for many features.


cdef inline Py_ssize_t weigh_rows(
    const real *X,          # IN (n, D)
    const real *weights,    # IN (n_groups, weight_stride), the first GROUP of each row
    Py_ssize_t weight_stride,
    const real *origin,     # IN (D,)
    Py_ssize_t n,
    Py_ssize_t D,
    Py_ssize_t stride,      # padded_features(D)
    real *rows,             # OUT (count, stride) sqrt(r) (x - o) of the samples with r > 0
    real *sums,             # scratch (stride,)
    double *first,          # ADD (stride,) sums of r (x - o), or NULL
) noexcept nogil:
    """Return the number of samples with r > 0; the others add nothing and get no row."""
    cdef Py_ssize_t i, d, count = 0
    cdef real root
    cdef real *row
    for d in range(stride):
        sums[d] = 0
    for i in range(n):
        root = <real>sqrt(weights[i // GROUP * weight_stride + i % GROUP])
        if root > 0:
            row = rows + count * stride
            for d in range(D):
                row[d] = root * (X[i * D + d] - origin[d])
            for d in range(D, stride):
                row[d] = 0
            for d in range(D):
                sums[d] = sums[d] + root * row[d]
            count += 1
    if first != NULL:
        for d in range(stride):
            first[d] += sums[d]
    return count


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
    Py_ssize_t stride,       # padded_features(D)
    double *sums,            # ADD (stride, stride), at and below the diagonal
) noexcept nogil:
    cdef Py_ssize_t tile, a, b, n_vectors
    for tile in range(stride // TILE_FEATURES):
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
