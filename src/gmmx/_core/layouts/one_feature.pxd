"""Moments of one feature: densities, posteriors and sums of a block in two sweeps.

The first sweep stores exp(log density - reference) of each component and the inverse of their sum.
The second sums the moments of their products. The reference of a sample is 0 within reach of the
mixture, where exp(log density) of some component does not vanish. Elsewhere it is the largest log
density. It depends on no other sample.
"""

from libc.math cimport INFINITY, fabs, log, sqrt

from gmmx._core.formulas.posterior cimport far_log_prob, invert_together
from gmmx._core.layouts.block cimport Block, Parameters, load_weights
from gmmx._core.layouts.task cimport DENSITY, SECOND, EMPass
from gmmx._core.vectors.simd cimport (
    GROUP, LANES, LOWEST_EXPONENT, TILE_VECTORS,
    add_widened, all_less, bounded, broadcast, exponential, larger, load, logarithm, multiply_add,
    real, store, vec, where_less,
)


cdef enum:
    TILE_COMPONENTS = 2  # whose moments are summed in registers


cdef inline bint is_enough(const EMPass *task) noexcept nogil:
    """Return whether a pass needs the moments of one feature and no other output."""
    return (task.n_features == 1 and task.moments == SECOND and task.source == DENSITY
            and task.center == NULL and task.labels == NULL and task.resp == NULL
            and task.log_prob == NULL and task.weighted_log_prob == NULL)


cdef inline double half_width(const EMPass *task, Py_ssize_t k, double largest) noexcept nogil:
    """Return half the width of the interval where a component's log density is above -largest.

    It is negative if there is none.
    """
    cdef double above = largest + task.log_scale[k]
    return sqrt(2 * above) / fabs(task.factors[k]) if above > 0 else -1


cdef inline void pack_factors(const EMPass *task, real *factors) noexcept nogil:
    """1 / (sqrt(2) standard deviation)."""
    cdef double root_half = 0.70710678118654752440
    cdef Py_ssize_t k
    for k in range(task.n_components):
        factors[k] = <real>(root_half * task.factors[k])


cdef inline void pack_bounds(const EMPass *task, real *bounds) noexcept nogil:
    """Bounds of an interval at each point of which some log density is near enough to 0.

    Products of TILE_VECTORS sums of densities neither overflow nor underflow there.
    """
    cdef Py_ssize_t K = task.n_components, k, _sweep
    cdef double largest = -0.9 * LOWEST_EXPONENT / TILE_VECTORS
    cdef double low = INFINITY, high = -INFINITY, width, widest = 0
    for k in range(K):
        if task.log_scale[k] + log(K) > largest:
            low, high = INFINITY, -INFINITY
            break
        width = half_width(task, k, largest)
        if width > widest:
            widest = width
            low, high = task.means[k] - width, task.means[k] + width
    for _sweep in range(2):
        for k in range(K):
            width = half_width(task, k, largest)
            if width > 0 and task.means[k] - width < high and task.means[k] + width > low:
                low = min(low, task.means[k] - width)
                high = max(high, task.means[k] + width)
    bounds[0] = <real>low
    bounds[1] = <real>high


cdef inline vec outside(vec x, const real *bounds) noexcept nogil:
    """Return values that are negative between the bounds."""
    return larger(x - broadcast(bounds[1]), broadcast(bounds[0]) - x)


cdef inline bint are_in_reach(const real *samples, const real *bounds) noexcept nogil:
    """Return whether all samples of a group are within the bounds."""
    cdef vec farthest = outside(load(samples), bounds)
    cdef Py_ssize_t v
    for v in range(1, TILE_VECTORS):
        farthest = larger(farthest, outside(load(samples + v * LANES), bounds))
    return all_less(farthest, broadcast(0))


cdef inline vec log_density(vec x, vec mean, vec scale, vec log_scale) noexcept nogil:
    """log_scale - ((x - mu) scale)^2, scale being 1 / (sqrt(2) standard deviation)."""
    cdef vec z = (x - mean) * scale
    return log_scale - z * z


cdef inline void near_densities(
    const real *samples,           # IN (GROUP,)
    const Parameters *parameters,
    Py_ssize_t K,
    real *density,                 # OUT (K, GROUP)
    vec *total,                    # OUT (TILE_VECTORS,) their sums
) noexcept nogil:
    """Densities of a group that is in reach."""
    cdef vec x[TILE_VECTORS]
    cdef vec sums[TILE_VECTORS]
    cdef vec e, mean, scale, log_scale
    cdef Py_ssize_t k, v
    for v in range(TILE_VECTORS):
        x[v] = load(samples + v * LANES)
        sums[v] = broadcast(0)
    for k in range(K):
        mean = broadcast(parameters.means[k])
        scale = broadcast(parameters.factors[k])
        log_scale = broadcast(parameters.log_scale[k])
        for v in range(TILE_VECTORS):
            e = exponential(log_density(x[v], mean, scale, log_scale))
            store(density + k * GROUP + v * LANES, e)
            sums[v] = sums[v] + e
    for v in range(TILE_VECTORS):
        total[v] = sums[v]


cdef inline bint far_densities(
    const real *samples,           # IN (GROUP,)
    const Parameters *parameters,
    Py_ssize_t K,
    real *density,                 # OUT (K, GROUP) over the reference's
    vec *total,                    # OUT (TILE_VECTORS,) their sums
    vec *reference,                # OUT (TILE_VECTORS,) 0 in reach, else the largest log density
) noexcept nogil:
    """Return whether all squared distances of some sample overflow."""
    cdef vec e
    cdef bint has_far = False
    cdef Py_ssize_t k, v
    for v in range(TILE_VECTORS):
        total[v] = broadcast(0)
        reference[v] = broadcast(-INFINITY)
    for k in range(K):
        for v in range(TILE_VECTORS):
            e = broadcast(-0.5) * bounded(broadcast(-2) * log_density(
                load(samples + v * LANES), broadcast(parameters.means[k]),
                broadcast(parameters.factors[k]), broadcast(parameters.log_scale[k])))
            store(density + k * GROUP + v * LANES, e)
            reference[v] = larger(reference[v], e)
    for v in range(TILE_VECTORS):
        has_far |= not all_less(broadcast(far_log_prob()), reference[v])
        reference[v] = where_less(
            outside(load(samples + v * LANES), parameters.bounds), broadcast(0), broadcast(0),
            reference[v])
    for k in range(K):
        for v in range(TILE_VECTORS):
            e = exponential(load(density + k * GROUP + v * LANES) - reference[v])
            store(density + k * GROUP + v * LANES, e)
            total[v] = total[v] + e
    return has_far


cdef inline bint weigh_samples(
    const Parameters *parameters, Py_ssize_t K, Block *block
) noexcept nogil:
    """Store densities relative to a reference in resp, and their sums and the references.

    Return whether all squared distances of some sample overflow.
    """
    cdef bint has_far = False
    cdef vec total[TILE_VECTORS]
    cdef vec reference[TILE_VECTORS]
    cdef Py_ssize_t g, v
    cdef const real *samples
    cdef real *density
    for g in range(block.n_groups):
        samples = block.samples + g * GROUP
        density = block.resp + g * K * GROUP
        if are_in_reach(samples, parameters.bounds):
            near_densities(samples, parameters, K, density, total)
            for v in range(TILE_VECTORS):
                reference[v] = broadcast(0)
        else:
            has_far |= far_densities(samples, parameters, K, density, total, reference)
        for v in range(TILE_VECTORS):
            store(block.inverse + g * GROUP + v * LANES, total[v])
            store(block.log_prob + g * GROUP + v * LANES, reference[v])
    return has_far


cdef inline void invert_weighted(
    const EMPass *task, Block *block, Py_ssize_t g, vec *total, const vec *reference
) noexcept nogil:
    """Invert sums of densities, and multiply inverses and logarithms by the samples' weights."""
    cdef vec weight[TILE_VECTORS]
    cdef Py_ssize_t v
    load_weights(task, block, g, weight)
    for v in range(TILE_VECTORS):
        store(block.log_prob + g * GROUP + v * LANES,
              (reference[v] + logarithm(total[v])) * weight[v])
        total[v] = weight[v] / total[v]


cdef inline void invert_sums(const EMPass *task, Block *block) noexcept nogil:
    """Inverses of sums of densities, and their logarithms; lanes beyond the last count nothing."""
    cdef vec total[TILE_VECTORS]
    cdef vec reference[TILE_VECTORS]
    cdef Py_ssize_t g, i, v
    for i in range(block.n, block.n_groups * GROUP):
        block.inverse[i] = 1
        block.log_prob[i] = 0
    for g in range(block.n_groups):
        for v in range(TILE_VECTORS):
            total[v] = load(block.inverse + g * GROUP + v * LANES)
            reference[v] = load(block.log_prob + g * GROUP + v * LANES)
        if task.sample_weight == NULL:
            invert_together(total, reference, block.log_prob + g * GROUP)
        else:
            invert_weighted(task, block, g, total, reference)
        for v in range(TILE_VECTORS):
            store(block.inverse + g * GROUP + v * LANES, total[v])
    for i in range(block.n, block.n_groups * GROUP):
        block.inverse[i] = 0


cdef inline void moment_tile(
    const Block *block,
    Py_ssize_t K,
    Py_ssize_t k,            # the first component
    Py_ssize_t components,   # 1 to TILE_COMPONENTS, a constant where this is called
    const real *origin,      # IN (components,)
) noexcept nogil:
    """Add sums of r, r (x - o) and r (x - o)^2 over a block, apart for each lane."""
    cdef vec counts[TILE_COMPONENTS]
    cdef vec sums[TILE_COMPONENTS]
    cdef vec squares[TILE_COMPONENTS]
    cdef vec o[TILE_COMPONENTS]
    cdef vec x, inverse, r, c, weighted
    cdef const real *density = block.resp + k * GROUP
    cdef Py_ssize_t g, j, v
    for j in range(components):
        o[j] = broadcast(origin[j])
        counts[j] = sums[j] = squares[j] = broadcast(0)
    for g in range(block.n_groups):
        for v in range(TILE_VECTORS):
            x = load(block.samples + g * GROUP + v * LANES)
            inverse = load(block.inverse + g * GROUP + v * LANES)
            for j in range(components):
                r = load(density + j * GROUP + v * LANES) * inverse
                c = x - o[j]
                weighted = r * c
                counts[j] = counts[j] + r
                sums[j] = sums[j] + weighted
                squares[j] = multiply_add(weighted, c, squares[j])
        density += K * GROUP
    for j in range(components):
        add_widened(block.counts + (k + j) * LANES, counts[j])
        add_widened(block.first + (k + j) * LANES, sums[j])
        add_widened(block.second + (k + j) * LANES, squares[j])


cdef inline void add_moments(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    """Counts, first and second moments, and the log likelihood."""
    cdef Py_ssize_t K = task.n_components, k = 0, v
    invert_sums(task, block)
    while k < K:
        if K - k >= TILE_COMPONENTS:
            moment_tile(block, K, k, TILE_COMPONENTS, parameters.origin + k)
        else:
            moment_tile(block, K, k, 1, parameters.origin + k)
        k += TILE_COMPONENTS
    for v in range(block.n_groups * TILE_VECTORS):
        add_widened(block.log_likelihood, load(block.log_prob + v * LANES))


cdef inline bint add_block(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    """Add a block's sums; return whether all squared distances of some sample overflow."""
    cdef bint has_far = weigh_samples(parameters, task.n_components, block)
    add_moments(task, parameters, block)
    return has_far
