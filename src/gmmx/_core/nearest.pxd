"""Distances from rows to many centers. Lanes are centers, so that rows are read as they lie.

A score is base - |x - c|^2: the nearest center has the largest. With base |x|^2 it takes one
multiplication and addition for a feature, but differences of close distances lose digits; with
base 0 it takes twice as many operations and loses none.
"""

from gmmx._core.simd cimport LANES, broadcast, load, multiply_add, real, store, vec, where_less


cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    #define prefetch(address) __builtin_prefetch(address)
    #else
    #define prefetch(address) ((void)0)
    #endif
    """
    void prefetch(const void *address) nogil


cdef enum:
    TILE_SAMPLES = 8  # rows whose scores are summed in registers at a time


cdef inline Py_ssize_t padded(Py_ssize_t size) noexcept nogil:
    """Rounded up to whole vectors."""
    return (size + LANES - 1) // LANES * LANES


cdef inline vec smaller(vec a, vec b) noexcept nogil:
    return where_less(a, b, a, b)


cdef inline real sum_lanes(vec value) noexcept nogil:
    """By halves."""
    cdef real lanes[LANES]
    cdef Py_ssize_t half = LANES // 2, i
    store(lanes, value)
    while half > 0:
        for i in range(half):
            lanes[i] += lanes[i + half]
        half //= 2
    return lanes[0]


cdef inline real largest_lane(vec value) noexcept nogil:
    cdef real lanes[LANES]
    cdef Py_ssize_t half = LANES // 2, i
    store(lanes, value)
    while half > 0:
        for i in range(half):
            lanes[i] = lanes[i] if lanes[i] > lanes[i + half] else lanes[i + half]
        half //= 2
    return lanes[0]


cdef inline real sq_distance(const real *a, const real *b, Py_ssize_t D) noexcept nogil:
    cdef vec total = broadcast(0), z
    cdef Py_ssize_t n_vectors = D // LANES, d, v
    cdef real rest = 0
    for v in range(n_vectors):
        z = load(a + v * LANES) - load(b + v * LANES)
        total = multiply_add(z, z, total)
    for d in range(n_vectors * LANES, D):
        rest += (a[d] - b[d]) * (a[d] - b[d])
    return rest + sum_lanes(total) if n_vectors > 0 else rest


cdef inline void center_row(
    const real *row, const real *mean, Py_ssize_t D, const real *next_row, real *centered
) noexcept nogil:
    """x - mean; a row that is wanted soon is fetched on the way."""
    cdef Py_ssize_t n_vectors = D // LANES, d, v
    for v in range(n_vectors):
        prefetch(next_row + v * LANES)
        store(centered + v * LANES, load(row + v * LANES) - load(mean + v * LANES))
    for d in range(n_vectors * LANES, D):
        centered[d] = row[d] - mean[d]


cdef inline void pack_centers(
    const real *centers,   # IN (K, width)
    Py_ssize_t K,
    Py_ssize_t D,
    Py_ssize_t width,
    bint direct,           # scores with base 0
    real unused,           # score of lanes without a center
    real *lanes,           # OUT (K / LANES, D, LANES) centers, or twice the centers
    real *start,           # OUT (K / LANES, LANES) what sums of scores start from
) noexcept nogil:
    cdef Py_ssize_t d, k
    cdef real scale = 1 if direct else 2
    cdef real norm, c
    for k in range(padded(K)):
        norm = 0
        for d in range(D):
            c = centers[k * width + d] if k < K else 0
            norm += c * c
            lanes[(k // LANES * D + d) * LANES + k % LANES] = scale * c
        start[k] = unused if k >= K else 0 if direct else -norm


cdef inline void scores(
    const real **rows,    # IN (TILE_SAMPLES,) of (D,)
    Py_ssize_t D,
    bint direct,
    const real *lanes,    # IN (D, LANES)
    vec start,
    vec *out,             # OUT (TILE_SAMPLES,)
) noexcept nogil:
    cdef vec total[TILE_SAMPLES]
    cdef vec center, z
    cdef Py_ssize_t d, i
    for i in range(TILE_SAMPLES):
        total[i] = start
    if direct:
        for d in range(D):
            center = load(lanes + d * LANES)
            for i in range(TILE_SAMPLES):
                z = broadcast(rows[i][d]) - center
                total[i] = total[i] - z * z
    else:
        for d in range(D):
            center = load(lanes + d * LANES)
            for i in range(TILE_SAMPLES):
                total[i] = multiply_add(broadcast(rows[i][d]), center, total[i])
    for i in range(TILE_SAMPLES):
        out[i] = total[i]
