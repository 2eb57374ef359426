"""The pass of EM: block of samples -> log density -> posterior -> moments.

Compiled once for each instruction set and each of float32 and float64 (`real`). Works on raw
pointers that `interface/passes.pyx` has checked. A block is packed once into groups of (D, GROUP)
values, so that the lanes of a vector are samples. Every sample passes through the same operations
wherever it stands in a block, so that its results do not depend on its neighbours. The number of
threads does not change the chunks, so that sums do not depend on it.
"""

from cpython.pycapsule cimport PyCapsule_New
from cython.parallel cimport prange
from libc.math cimport INFINITY
from libc.string cimport memset

from gmmx._core.algebra cimport cholesky
from gmmx._core.em.inputs cimport find_rows, given_resp, is_finite
from gmmx._core.em.kernels cimport Kernels
from gmmx._core.em.outputs cimport write_labels, write_log_prob, write_resp, write_weighted_log_prob
from gmmx._core.em.parameters cimport pack_parameters
from gmmx._core.em.plan cimport lay_out_block, lay_out_parameters, plan
from gmmx._core.em.sums cimport add_partial_sums, write_partial_sums, write_sums
from gmmx._core.formulas cimport posterior
from gmmx._core.layouts.all cimport MOST_LAYOUTS, define_layouts
from gmmx._core.layouts.block cimport Block, Parameters, load_weights
from gmmx._core.layouts.layout cimport Layout
from gmmx._core.layouts.task cimport DENSITY, NONE, SECOND, EMPass, Shape
from gmmx._core.process.atomic cimport fetch
from gmmx._core.process.pool cimport run_chunks
from gmmx._core.process.runtime cimport (
    POLL_WORK, guard_forks, omp_get_max_threads, poll, startable,
)
from gmmx._core.vectors.simd cimport (
    GROUP, LANES, TILE_VECTORS,
    add_widened, all_less, broadcast, load, real, store, vec, where_less,
)

cdef Layout layouts[MOST_LAYOUTS]  # entries without a name are unused
define_layouts(layouts)


# Posteriors of a block.


cdef bint posteriors(
    const EMPass *task, const Parameters *parameters, bint prunes, Block *block
) noexcept nogil:
    """Turn log densities into responsibilities, and write the outputs of each group.

    Return whether all squared distances of some sample overflow: its values are not right then.
    """
    cdef Py_ssize_t K = task.n_components, g, v
    cdef vec best[TILE_VECTORS]
    cdef vec weight[TILE_VECTORS]
    cdef vec lowest = broadcast(0)
    cdef real *resp
    cdef bint summed, weighs = task.sample_weight != NULL
    for g in range(block.n_groups):
        resp = block.resp + g * K * GROUP
        if task.labels != NULL:
            posterior.find_best(resp, K, best, block.nearest)
        else:
            posterior.find_best(resp, K, best, NULL)
        for v in range(TILE_VECTORS):
            lowest = where_less(best[v], lowest, best[v], lowest)
        if task.weighted_log_prob != NULL:
            write_weighted_log_prob(task, block, g)
        if task.labels != NULL:
            write_labels(task, block, g, block.nearest)
        if task.moments != NONE or task.resp != NULL or task.log_prob != NULL:
            # Outputs depend on no neighbour, and padding counts for nothing.
            summed = (task.log_prob == NULL and task.resp == NULL and not weighs
                      and (g + 1) * GROUP <= block.n)
            if weighs:
                load_weights(task, block, g, weight)
            posterior.normalize(
                resp, K, best, parameters.log_scale, parameters.negligible if prunes else NULL,
                &weight[0] if weighs else NULL, summed, block.log_prob + g * GROUP)
        if task.resp != NULL:
            write_resp(task, block, g)
        if task.log_prob != NULL:
            write_log_prob(task, block, g)
    return not all_less(broadcast(posterior.far_log_prob()), lowest)


# Moments of a block.


cdef void clear_padding(const EMPass *task, Block *block) noexcept nogil:
    """Set the responsibilities of lanes beyond the last sample to 0."""
    cdef Py_ssize_t K = task.n_components, i, k
    cdef real *resp = block.resp + (block.n_groups - 1) * K * GROUP
    for i in range(block.n - (block.n_groups - 1) * GROUP, GROUP):
        block.log_prob[(block.n_groups - 1) * GROUP + i] = 0
        for k in range(K):
            resp[k * GROUP + i] = 0


cdef void weigh_samples(const EMPass *task, Block *block) noexcept nogil:
    """Multiply given responsibilities by the weights of the samples."""
    cdef Py_ssize_t K = task.n_components, g, k, v
    cdef vec weight[TILE_VECTORS]
    cdef real *resp
    for g in range(block.n_groups):
        load_weights(task, block, g, weight)
        for k in range(K):
            resp = block.resp + (g * K + k) * GROUP
            for v in range(TILE_VECTORS):
                store(resp + v * LANES, load(resp + v * LANES) * weight[v])


cdef void add_counts(const EMPass *task, Block *block) noexcept nogil:
    cdef Py_ssize_t K = task.n_components, g, k, v
    cdef vec total
    for k in range(K):
        total = broadcast(0)
        for g in range(block.n_groups):
            for v in range(TILE_VECTORS):
                total = total + load(block.resp + (g * K + k) * GROUP + v * LANES)
        add_widened(block.counts + k * LANES, total)
    for v in range(block.n_groups * TILE_VECTORS):
        add_widened(block.log_likelihood, load(block.log_prob + v * LANES))


cdef void add_moments(
    const EMPass *task, const Layout *layout, const Parameters *parameters, Block *block
) noexcept nogil:
    """Add the block's counts and moments to those of its chunk."""
    clear_padding(task, block)
    if task.sample_weight != NULL and task.source != DENSITY:
        weigh_samples(task, block)
    add_counts(task, block)
    if task.moments == SECOND and layout.add_second != NULL:
        layout.add_second(task, parameters, block)
    layout.add_moments(task, parameters, block)


cdef bint run_block(
    const EMPass *task, const Layout *layout, const Parameters *parameters, Block *block
) noexcept nogil:
    """Outputs and sums of a block; return whether all squared distances of a sample overflow."""
    cdef bint has_far = False
    layout.pack_samples(task, parameters, block)
    if layout.has_one_feature(task):
        return layout.add_one_feature(task, parameters, block)
    if task.source == DENSITY:
        layout.log_densities(task, parameters, block)
        has_far = posteriors(task, parameters, layout.prunes(task), block)
    else:
        given_resp(task, block)
    if task.moments != NONE:
        add_moments(task, layout, parameters, block)
    return has_far


# Chunks.


cdef void run_chunk(void *em_pass, Py_ssize_t chunk, int thread) noexcept nogil:
    cdef EMPass *task = <EMPass *>em_pass
    cdef Py_ssize_t start = chunk * task.chunk_samples
    cdef Py_ssize_t stop = min(task.n_samples, start + task.chunk_samples)
    cdef Py_ssize_t step = task.block_groups * GROUP
    cdef double unpolled = 0
    cdef const Layout *layout = &layouts[task.layout]
    cdef double work = layout.shape.work(task.n_features) * step * task.n_components
    cdef Parameters parameters
    cdef Block block
    cdef bint all_finite = True, has_far = False
    lay_out_parameters(task, layout, task.packed, &parameters)
    cdef char *scratch = task.scratch + thread * task.scratch_size
    cdef Py_ssize_t end = lay_out_block(task, layout, scratch, &block)
    memset(block.log_likelihood, 0, scratch + end - <char *>block.log_likelihood)
    block.n_skipped = 0
    while start < stop:
        block.start = start
        block.n = min(step, stop - start)
        block.n_groups = (block.n + GROUP - 1) // GROUP
        find_rows(task, &block)
        if task.moments == NONE:
            all_finite = all_finite and is_finite(block.X, block.n * task.n_features)
        has_far |= run_block(task, layout, &parameters, &block)
        start += step
        unpolled += work
        if unpolled >= POLL_WORK:
            unpolled = 0
            if thread == 0:
                poll(&task.progress.signals)
            if fetch(&task.progress.signals.is_cancelled):
                return
    task.partial_skipped[chunk] = block.n_skipped
    task.partial_finite[chunk] = all_finite
    task.partial_far[chunk] = has_far
    if task.moments != NONE:
        write_partial_sums(task, layout, &block, task.partial_sums + chunk * task.partial_size)


cdef int run(EMPass *task, int n_threads) noexcept nogil:
    """The pass: task.packed, filled by pack, and task.scratch are aligned to ALIGNMENT."""
    cdef Py_ssize_t chunk
    run_chunks(task, run_chunk, task.n_chunks, &task.progress, n_threads)
    if task.progress.signals.is_cancelled:
        return -1
    task.all_finite, task.has_far = True, False
    for chunk in range(task.n_chunks):
        task.n_skipped += task.partial_skipped[chunk]
        task.all_finite = task.all_finite and task.partial_finite[chunk]
        task.has_far = task.has_far or task.partial_far[chunk]
    if task.moments != NONE:
        add_partial_sums(task)
        write_sums(task, &layouts[task.layout])
        if task.has_far:
            task.sums[0] = -INFINITY
    return 0


cdef void factorize_one(
    const double *matrices, Py_ssize_t k, Py_ssize_t D, double smallest, bint invert,
    double *factors, double *scratch,
) noexcept nogil:
    """Factorize matrix k, and store the feature without a pivot, or -1, first in its scratch."""
    scratch += 2 * D * k
    scratch[0] = cholesky.factorize(
        matrices + k * D * D, D, smallest, invert, factors + k * D * D, scratch)


cdef Py_ssize_t factorize(
    const double *matrices,  # IN (K, D, D)
    Py_ssize_t K,
    Py_ssize_t D,
    double smallest,         # pivot, as a share of the feature's variance
    bint invert,
    double *factors,         # OUT (K, D, D)
    double *scratch,         # (K, 2, D)
    int n_threads,
) noexcept nogil:
    """Return -1, or k D + d where feature d of matrix k has no pivot of the smallest size."""
    cdef Py_ssize_t k
    n_threads = startable(n_threads)
    if n_threads == 1:
        for k in range(K):
            factorize_one(matrices, k, D, smallest, invert, factors, scratch)
    else:
        for k in prange(K, num_threads=n_threads, schedule="dynamic"):
            factorize_one(matrices, k, D, smallest, invert, factors, scratch)
    for k in range(K):
        if scratch[2 * D * k] >= 0:
            return k * D + <Py_ssize_t>scratch[2 * D * k]
    return -1


cdef const Shape *shape_of(Py_ssize_t layout) noexcept nogil:
    if not 0 <= layout < MOST_LAYOUTS or layouts[layout].shape.name == NULL:
        return NULL
    return &layouts[layout].shape


cdef void plan_pass(EMPass *task) noexcept nogil:
    plan(task, &layouts[task.layout])


cdef void pack(const EMPass *task) noexcept nogil:
    pack_parameters(task, &layouts[task.layout])


cdef int max_threads() noexcept nogil:
    return omp_get_max_threads()


cdef Kernels table
table.shape_of = shape_of
table.max_threads = max_threads
table.plan = plan_pass
table.pack = pack
table.run = run
table.factorize = factorize
table.square_upper = cholesky.square_upper
guard_forks()
kernels = PyCapsule_New(&table, "gmmx._core.Kernels", NULL)
lanes = LANES
