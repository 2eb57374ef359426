"""Log densities and posterior probabilities of a group of samples."""

from libc.math cimport INFINITY

from gmmx._core.vectors.simd cimport (
    GROUP, LANES, REAL_LARGEST, TILE_VECTORS,
    broadcast, exponential, larger, load, logarithm, multiply_add, real, store, vec,
    where_less,
)


cdef inline real far_log_prob() noexcept nogil:
    """Return a bound that log densities fall below only where squared distances overflowed."""
    return -0.25 * REAL_LARGEST


cdef inline void find_best(
    const real *log_density,  # IN (K, GROUP)
    Py_ssize_t K,
    vec *best,                # OUT (TILE_VECTORS,) the largest over components
    real *nearest,            # OUT (GROUP,) its index, or NULL
) noexcept nogil:
    cdef vec density, index
    cdef vec argmax[TILE_VECTORS]
    cdef Py_ssize_t k, v
    for v in range(TILE_VECTORS):
        argmax[v] = broadcast(0)
        best[v] = broadcast(-INFINITY)
    for k in range(K):
        index = broadcast(<real>k)
        for v in range(TILE_VECTORS):
            density = load(log_density + k * GROUP + v * LANES)
            if nearest != NULL:
                argmax[v] = where_less(best[v], density, index, argmax[v])
            best[v] = larger(best[v], density)
    if nearest != NULL:
        for v in range(TILE_VECTORS):
            store(nearest + v * LANES, argmax[v])


cdef inline void invert_together(
    vec *total,       # from 1 to K -> 1 / total, (TILE_VECTORS,)
    const vec *best,  # IN (TILE_VECTORS,)
    real *log_prob,   # OUT (GROUP,) best, to which the first vector adds the logarithms of all
) noexcept nogil:
    """Invert all sums with one division and one logarithm, of their product."""
    cdef vec before[TILE_VECTORS]
    cdef vec product = total[0], inverse
    cdef Py_ssize_t v
    for v in range(1, TILE_VECTORS):
        before[v] = product
        product = product * total[v]
        store(log_prob + v * LANES, best[v])
    store(log_prob, best[0] + logarithm(product))
    inverse = broadcast(1) / product
    for v in range(TILE_VECTORS - 1, 0, -1):
        product = inverse * before[v]
        inverse = inverse * total[v]
        total[v] = product
    total[0] = inverse


cdef inline void normalize(
    real *resp,              # log(weight_k N(x | k)) -> responsibilities, (K, GROUP)
    Py_ssize_t K,
    const vec *best,         # IN (TILE_VECTORS,)
    const real *log_scale,   # IN (K,)
    const real *negligible,  # IN (K,) r (1 + squared distance) below this count as 0, or NULL
    const vec *weight,       # IN (TILE_VECTORS,) of the samples, which multiply all, or NULL
    bint summed,             # whether log_prob may be right in its sum over vectors only
    real *log_prob,          # OUT (GROUP,) log sum_k exp
) noexcept nogil:
    cdef vec total[TILE_VECTORS]
    cdef vec density, log_density, moment
    cdef Py_ssize_t k, v
    for v in range(TILE_VECTORS):
        total[v] = broadcast(0)
    for k in range(K):
        for v in range(TILE_VECTORS):
            log_density = load(resp + k * GROUP + v * LANES)
            density = exponential(log_density - best[v])
            if negligible != NULL:
                moment = multiply_add(broadcast(-2), log_density, broadcast(1 + 2 * log_scale[k]))
                density = where_less(
                    moment * density, broadcast(negligible[k]), broadcast(0), density)
            store(resp + k * GROUP + v * LANES, density)
            total[v] = total[v] + density
    if summed:
        invert_together(total, best, log_prob)
    else:
        for v in range(TILE_VECTORS):
            log_density = best[v] + logarithm(total[v])
            if weight == NULL:
                total[v] = broadcast(1) / total[v]
            else:
                log_density = log_density * weight[v]
                total[v] = weight[v] / total[v]
            store(log_prob + v * LANES, log_density)
    for k in range(K):
        for v in range(TILE_VECTORS):
            store(resp + k * GROUP + v * LANES, load(resp + k * GROUP + v * LANES) * total[v])
