"""The pass of EM: block of samples -> log density -> posterior -> moments.

Compiled once for each instruction set and each of float32 and float64 (`real`). Works on raw
pointers that `interface/passes.pyx` has checked. A block is packed once into groups of (D, GROUP)
values, so that the lanes of a vector are samples. Every sample passes through the same operations
wherever it stands in a block, and samples are cut into chunks by n, K and D only: results do not
depend on the number of threads, nor a sample's on its neighbours.
"""

from cpython.pycapsule cimport PyCapsule_New
from cython.parallel cimport parallel, prange, threadid
from libc.math cimport INFINITY
from libc.string cimport memcpy, memset

from gmmx._core.algebra cimport cholesky
from gmmx._core.em cimport one_feature, posterior
from gmmx._core.em.densities cimport log_densities, near_log_densities
from gmmx._core.em.inputs cimport given_resp, is_finite
from gmmx._core.em.outputs cimport write_labels, write_log_prob, write_resp, write_weighted_log_prob
from gmmx._core.em.parameters cimport pack_parameters
from gmmx._core.em.plan cimport (
    Block, Parameters, are_pairs, by_features, by_rows, first_size, has_one_feature, lay_out_block,
    lay_out_parameters, plan, prunes, sample_size, second_size,
)
from gmmx._core.em.sums cimport add_partial_sums, write_partial_sums, write_sums
from gmmx._core.em.task cimport DENSE, DENSITY, ISOTROPIC, NONE, SECOND, EMPass, Kernels, work
from gmmx._core.layouts cimport diagonal, moments, pairs, products
from gmmx._core.layouts.moments cimport padded_features
from gmmx._core.process.atomic cimport fetch, fetch_add
from gmmx._core.process.runtime cimport (
    POLL_WORK, guard_forks, omp_get_max_threads, poll, sleep_shortly, startable,
)
from gmmx._core.vectors.simd cimport (
    GROUP, LANES, TILE_VECTORS,
    add_widened, all_less, broadcast, load, multiply_add, real, vec, where_less,
)
from gmmx._core.vectors.transpose cimport pack_rows


# Samples and posteriors of a block.


cdef void find_rows(const EMPass *task, Block *block) noexcept nogil:
    """Point to the block's rows; gather them if they are not consecutive."""
    cdef Py_ssize_t D = task.n_features, i
    cdef const real *X = <const real *>task.X
    if task.order == NULL:
        block.order = NULL
        block.X = X + block.start * D
        return
    block.order = task.order + block.start
    block.X = block.gathered
    for i in range(block.n):
        memcpy(block.gathered + i * D, X + block.order[i] * D, D * sizeof(real))


cdef void pack_samples(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    """Transpose the block's rows, less the center, into groups."""
    cdef Py_ssize_t D = task.n_features, stride = D, g, n
    cdef const real *rows = block.X
    cdef const real *center = parameters.center if task.center != NULL else NULL
    cdef real *group = block.samples
    if are_pairs(task) and D >= LANES:
        stride = padded_features(D)
        pairs.center_rows(rows, center, block.n, D, block.rows)
        rows = block.rows
        center = NULL
    for g in range(block.n_groups):
        n = min(<Py_ssize_t>GROUP, block.n - g * GROUP)
        pack_rows(rows + g * GROUP * stride, n, D, stride, center, group)
        if are_pairs(task):
            pairs.set_ones(group + D * GROUP)
        group += sample_size(task)


cdef bint posteriors(const EMPass *task, const Parameters *parameters, Block *block) noexcept nogil:
    """Responsibilities of each group, with the outputs asked for on the way.

    Return whether all squared distances of some sample overflow, so that they are not right.
    """
    cdef Py_ssize_t K = task.n_components, g, v
    cdef vec best[TILE_VECTORS]
    cdef vec lowest = broadcast(0)
    cdef real *resp
    cdef bint prune = prunes(task), summed
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
            summed = task.log_prob == NULL and task.resp == NULL and (g + 1) * GROUP <= block.n
            posterior.normalize(
                resp, K, best, parameters.log_scale, parameters.negligible if prune else NULL,
                summed, block.log_prob + g * GROUP)
        if task.resp != NULL:
            write_resp(task, block, g)
        if task.log_prob != NULL:
            write_log_prob(task, block, g)
    return not all_less(broadcast(posterior.far_log_prob()), lowest)


# Moments of a block.


cdef void clear_padding(const EMPass *task, Block *block) noexcept nogil:
    """Lanes beyond the last sample count for nothing."""
    cdef Py_ssize_t K = task.n_components, i, k
    cdef real *resp = block.resp + (block.n_groups - 1) * K * GROUP
    for i in range(block.n - (block.n_groups - 1) * GROUP, GROUP):
        block.log_prob[(block.n_groups - 1) * GROUP + i] = 0
        for k in range(K):
            resp[k * GROUP + i] = 0


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


cdef void add_dense(
    const EMPass *task, const Parameters *parameters, Block *block, Py_ssize_t k
) noexcept nogil:
    """First moments, and second moments (D, D), about a component's origin."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features, count
    cdef const real *weights = block.resp + k * GROUP
    cdef const real *origin = parameters.origin + k * D
    cdef double *first = block.first + k * first_size(task)
    cdef double *second = block.second + k * second_size(task)
    if by_features(task):
        count = moments.weigh_rows(
            block.X, weights, K * GROUP, origin, block.n, D, block.roots, block.centered)
        moments.second_by_features(block.centered, count, D, second)
        moments.first_by_features(block.centered, block.roots, count, D, first)
    else:
        moments.center_samples(block.samples, origin, block.n_groups, D, block.centered)
        moments.moments_by_samples(
            block.centered, weights, K * GROUP, block.n_groups, D, first, second)


cdef void add_norms(const EMPass *task, Block *block) noexcept nogil:
    """Sums of r |x - center|^2, the traces of second moments."""
    cdef Py_ssize_t K = task.n_components, g, k, v
    cdef vec total
    for k in range(K):
        total = broadcast(0)
        for g in range(block.n_groups):
            for v in range(TILE_VECTORS):
                total = multiply_add(load(block.resp + (g * K + k) * GROUP + v * LANES),
                                     load(block.norms + g * GROUP + v * LANES), total)
        add_widened(block.second + k * LANES, total)


cdef void add_moments(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    cdef Py_ssize_t K = task.n_components, D = task.n_features, k
    cdef double *second = block.second if task.moments == SECOND else NULL
    if second != NULL and task.layout == ISOTROPIC:
        add_norms(task, block)
        second = NULL
    if are_pairs(task):
        pairs.add_pairs(block.samples, block.rows, block.resp, block.n_groups, D, K,
                        block.panel, block.first)
        return
    if task.layout != DENSE and by_features(task):
        if second == NULL:
            products.add_first_products(block.X, parameters.center, block.resp, block.n, D, K,
                                        padded_features(D), block.first)
        else:
            products.add_products(block.X, parameters.center, block.resp, block.n, D, K,
                                  padded_features(D), block.first, second)
        return
    for k in range(K):
        if task.layout == DENSE and task.moments == SECOND:
            add_dense(task, parameters, block, k)
        else:
            diagonal.moments(
                block.samples, block.resp + k * GROUP, block.n_groups, D, K,
                parameters.origin + k * D, block.first + k * first_size(task),
                NULL if second == NULL else second + k * second_size(task))


# Chunks.


cdef void run_chunk(EMPass *task, Py_ssize_t chunk, int thread) noexcept nogil:
    cdef Py_ssize_t start = chunk * task.chunk_samples
    cdef Py_ssize_t stop = min(task.n_samples, start + task.chunk_samples)
    cdef Py_ssize_t step = task.block_groups * GROUP
    cdef double unpolled = 0
    cdef Parameters parameters
    cdef Block block
    cdef bint all_finite = True, has_far = False
    lay_out_parameters(task, task.packed, &parameters)
    cdef char *scratch = task.scratch + thread * task.scratch_size
    cdef Py_ssize_t end = lay_out_block(task, scratch, &block)
    memset(block.log_likelihood, 0, scratch + end - <char *>block.log_likelihood)
    block.n_skipped = 0
    while start < stop:
        block.start = start
        block.n = min(step, stop - start)
        block.n_groups = (block.n + GROUP - 1) // GROUP
        find_rows(task, &block)
        if task.moments == NONE:
            all_finite = all_finite and is_finite(block.X, block.n * task.n_features)
        if not by_rows(task):
            pack_samples(task, &parameters, &block)
        if has_one_feature(task):
            has_far |= one_feature.weigh_samples(&parameters, task.n_components, &block)
            one_feature.add_moments(&parameters, task.n_components, &block)
        elif task.source == DENSITY:
            if task.order == NULL:
                log_densities(task, &parameters, &block)
            else:
                near_log_densities(task, &parameters, &block)
            has_far |= posteriors(task, &parameters, &block)
        else:
            given_resp(task, &block)
        if task.moments != NONE and not has_one_feature(task):
            clear_padding(task, &block)
            add_counts(task, &block)
            add_moments(task, &parameters, &block)
        start += step
        unpolled += work(task, step)
        if unpolled >= POLL_WORK:
            unpolled = 0
            if thread == 0:
                poll(&task.signals)
            if fetch(&task.signals.is_cancelled):
                return
    task.partial_skipped[chunk] = block.n_skipped
    task.partial_finite[chunk] = all_finite
    task.partial_far[chunk] = has_far
    if task.moments != NONE:
        write_partial_sums(task, &block, task.partial_sums + chunk * task.partial_size)


cdef void run_chunks(EMPass *task, int thread) noexcept nogil:
    """Run chunks until none is left; the calling thread, 0, then waits for those of the others.

    At the end of a parallel region it could not look at signals.
    """
    cdef Py_ssize_t chunk = fetch_add(&task.next_chunk, 1)
    while chunk < task.n_chunks and not fetch(&task.signals.is_cancelled):
        run_chunk(task, chunk, thread)
        fetch_add(&task.n_done, 1)
        chunk = fetch_add(&task.next_chunk, 1)
    if thread == 0 and task.signals.poll != NULL:
        while fetch(&task.n_done) < task.n_chunks and not fetch(&task.signals.is_cancelled):
            sleep_shortly()
            poll(&task.signals)


cdef int run(EMPass *task, int n_threads) noexcept nogil:
    """The pass: task.packed, filled by pack, and task.scratch are aligned to ALIGNMENT."""
    cdef Py_ssize_t chunk
    n_threads = startable(n_threads)
    if n_threads == 1:
        run_chunks(task, 0)
    else:
        with parallel(num_threads=n_threads):
            run_chunks(task, threadid())
    if task.signals.is_cancelled:
        return -1
    task.all_finite, task.has_far = True, False
    for chunk in range(task.n_chunks):
        task.n_skipped += task.partial_skipped[chunk]
        task.all_finite = task.all_finite and task.partial_finite[chunk]
        task.has_far = task.has_far or task.partial_far[chunk]
    if task.moments != NONE:
        add_partial_sums(task)
        write_sums(task)
        if task.has_far:
            task.sums[0] = -INFINITY
    return 0


cdef void factorize_one(
    const double *matrices, Py_ssize_t k, Py_ssize_t D, double smallest, bint invert,
    double *factors, double *scratch,
) noexcept nogil:
    """Matrix k; its scratch then starts with the feature without a pivot."""
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


cdef int max_threads() noexcept nogil:
    return omp_get_max_threads()


cdef Kernels table
table.max_threads = max_threads
table.plan = plan
table.pack = pack_parameters
table.run = run
table.factorize = factorize
table.square_upper = cholesky.square_upper
guard_forks()
kernels = PyCapsule_New(&table, "gmmx._core.Kernels", NULL)
lanes = LANES
