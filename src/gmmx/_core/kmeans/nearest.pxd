"""Distances from samples to a few or many centers. Lanes are samples.

A score is base - |x - c|^2: the nearest center has the largest. With base |x|^2 it takes one
multiplication and addition for a feature, but differences of close distances lose digits; with
base 0 it takes twice as many operations and loses none.
"""

from gmmx._core.vectors.lanes cimport sum_vector
from gmmx._core.vectors.simd cimport (
    GROUP, LANES, TILE_VECTORS, broadcast, load, multiply_add, real, store, vec, where_less,
)
from gmmx._core.vectors.transpose cimport pack_tile


cdef enum:
    TILE_CENTERS = 4  # whose scores share the loads of samples


cdef inline Py_ssize_t padded(Py_ssize_t size) noexcept nogil:
    """Rounded up to whole vectors."""
    return (size + LANES - 1) // LANES * LANES


cdef inline vec smaller(vec a, vec b) noexcept nogil:
    return where_less(a, b, a, b)


cdef inline real sq_distance(const real *a, const real *b, Py_ssize_t D) noexcept nogil:
    cdef vec total = broadcast(0), z
    cdef Py_ssize_t n_vectors = D // LANES, d, v
    cdef real rest = 0
    for v in range(n_vectors):
        z = load(a + v * LANES) - load(b + v * LANES)
        total = multiply_add(z, z, total)
    for d in range(n_vectors * LANES, D):
        rest += (a[d] - b[d]) * (a[d] - b[d])
    return rest + sum_vector(total) if n_vectors > 0 else rest


cdef inline void center_row(
    const real *row, const real *mean, Py_ssize_t D, real *centered
) noexcept nogil:
    cdef Py_ssize_t n_vectors = D // LANES, d, v
    for v in range(n_vectors):
        store(centered + v * LANES, load(row + v * LANES) - load(mean + v * LANES))
    for d in range(n_vectors * LANES, D):
        centered[d] = row[d] - mean[d]


cdef inline void pack_group(
    const real *X,              # IN (n, D)
    const Py_ssize_t *indices,  # IN (count,) of rows
    Py_ssize_t count,           # at most GROUP
    Py_ssize_t D,
    const real *mean,           # IN (D,)
    real *group,                # OUT (D, GROUP) x - mean; the last row stands for those beyond it
    real *rows,                 # room for (LANES, D), so that X is read row by row
) noexcept nogil:
    """Tiles of LANES features, of which the last overlaps the one before."""
    cdef Py_ssize_t start, tile, d, i, v
    for v in range(TILE_VECTORS):
        for i in range(LANES):
            center_row(X + indices[min(v * LANES + i, count - 1)] * D, mean, D, rows + i * D)
        if D < LANES:
            for d in range(D):
                for i in range(LANES):
                    group[d * GROUP + v * LANES + i] = rows[i * D + d]
        else:
            for tile in range((D + LANES - 1) // LANES):
                start = min(tile * LANES, D - LANES)
                pack_tile(rows + start, LANES, D, broadcast(0), group + start * GROUP + v * LANES)


cdef inline void pack_centers(
    const real *centers,   # IN (K, width)
    Py_ssize_t K,
    Py_ssize_t D,
    Py_ssize_t width,
    bint direct,           # scores with base 0
    real *factors,         # OUT (K, D) centers, or twice the centers
    real *start,           # OUT (K,) start of the sums of scores
) noexcept nogil:
    cdef Py_ssize_t d, k
    cdef real norm, c
    for k in range(K):
        norm = 0
        for d in range(D):
            c = centers[k * width + d]
            norm += c * c
            factors[k * D + d] = c if direct else 2 * c
        start[k] = 0 if direct else -norm


cdef inline void score_tile(
    const real *group,    # IN (D, GROUP)
    Py_ssize_t D,
    bint direct,
    const real *factors,  # IN (count, D)
    const real *start,    # IN (count,)
    Py_ssize_t count,     # 1 to TILE_CENTERS, a constant where this is called
    vec score[TILE_CENTERS][TILE_VECTORS],  # OUT
) noexcept nogil:
    cdef vec x[TILE_VECTORS]
    cdef vec z
    cdef Py_ssize_t d, j, v
    for j in range(count):
        for v in range(TILE_VECTORS):
            score[j][v] = broadcast(start[j])
    for d in range(D):
        for v in range(TILE_VECTORS):
            x[v] = load(group + d * GROUP + v * LANES)
        for j in range(count):
            z = broadcast(factors[j * D + d])
            for v in range(TILE_VECTORS):
                if direct:
                    score[j][v] = score[j][v] - (x[v] - z) * (x[v] - z)
                else:
                    score[j][v] = multiply_add(z, x[v], score[j][v])
