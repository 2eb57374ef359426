"""The only parallel loop: block of samples -> log density -> posterior -> moments.

Compiled once for each instruction set and each of float32 and float64 (`real`). Works on raw
pointers that core.pyx has checked. A block is packed once into groups of (D, GROUP) values, so
that the lanes of a vector are samples. Every sample passes through the same operations wherever
it stands in a block, and samples are cut into chunks by n, K and D only: results do not depend
on the number of threads, nor a sample's on its neighbours.
"""

from cpython.pycapsule cimport PyCapsule_New
from cython.parallel cimport prange, threadid
from libc.math cimport INFINITY
from libc.string cimport memcpy, memset

from gmmx._core cimport cholesky, dense, diagonal
from gmmx._core.em_pass cimport (
    DENSE, DIAGONAL, GIVEN_LABELS, NEAREST, NONE, SECOND, SHARED, EMPass, Kernels,
)
from gmmx._core.simd cimport (
    GROUP, LANES, REAL_LARGEST, TILE_VECTORS,
    add_widened, broadcast, exponential, larger, load, logarithm, multiply_add, real, store, vec,
    where_equal, where_less,
)


cdef extern from *:
    """
    #ifdef _OPENMP
    #include <omp.h>
    #else
    #define omp_get_max_threads() 1
    #endif
    """
    int omp_get_max_threads() noexcept nogil


cdef enum:
    ALIGNMENT = 64
    BLOCK_BYTES = 96 * 1024        # what a block's buffers may take of the first cache levels
    LARGEST_BLOCK = 256            # samples
    LARGEST_N_CHUNKS = 64
    PARTIAL_BYTES = 32 * 1024 * 1024
    SMALLEST_CHUNK_BLOCKS = 4


cdef struct Parameters:
    real *means        # (K, D)
    real *origin       # (K, D)
    real *center       # (D,)
    real *log_scale    # (K,)
    real *factors      # (n_factors, factor_size)


cdef struct Block:
    const real *X              # (n, D), the block's rows
    Py_ssize_t start           # the first row's index
    Py_ssize_t n
    Py_ssize_t n_groups
    real *samples              # (n_groups, D, GROUP)
    real *whitened             # (n_groups, D, GROUP)
    real *resp                 # (n_groups, K, GROUP): squared distances, log densities, posteriors
    real *log_prob             # (n_groups, GROUP)
    real *nearest              # (GROUP,) index of the component with the largest density
    real *total                # (n_groups, GROUP) responsibilities summed over components
    real *centered             # (D, n_groups GROUP), or the padded rows
    real *weighted             # (D, n_groups GROUP)
    double *log_likelihood     # (LANES,)
    double *counts             # (K, LANES)
    double *first              # (K, first_size)
    double *second             # (n_second, second_size)


# Sizes.


cdef inline Py_ssize_t n_matrices(const EMPass *task) noexcept nogil:
    """Second-moment matrices: one for each component, or one for all."""
    return 1 if task.layout == SHARED else task.n_components


cdef inline bint by_features(const EMPass *task) noexcept nogil:
    """Whether the dense second moments are summed with features as lanes."""
    return task.layout != DIAGONAL and not dense.lanes_are_samples(task.n_features)


cdef inline Py_ssize_t factor_size(const EMPass *task) noexcept nogil:
    cdef Py_ssize_t D = task.n_features
    return D if task.layout == DIAGONAL else dense.packed_factor_size(D)


cdef inline Py_ssize_t first_size(const EMPass *task) noexcept nogil:
    """Doubles that sum the first moments of one component."""
    if task.layout == DENSE and task.moments == SECOND and by_features(task):
        return dense.padded_features(task.n_features)
    return task.n_features * LANES


cdef inline Py_ssize_t second_size(const EMPass *task) noexcept nogil:
    """Doubles that sum one second moment."""
    cdef Py_ssize_t D = task.n_features
    if task.moments != SECOND:
        return 0
    if task.layout == DIAGONAL:
        return D * LANES
    if by_features(task):
        return dense.padded_features(D) * dense.padded_features(D)
    return D * D * LANES


cdef inline Py_ssize_t result_size(const EMPass *task) noexcept nogil:
    """Doubles in one row of partial sums."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features
    cdef Py_ssize_t size = 1 + K
    if task.moments != NONE:
        size += K * D
    if task.moments == SECOND:
        size += K * D if task.layout == DIAGONAL else n_matrices(task) * D * D
    return size


cdef void plan(EMPass *task) noexcept nogil:
    """Cut the samples into blocks and chunks, and say how much memory the pass needs."""
    cdef Py_ssize_t D = task.n_features, K = task.n_components
    cdef Py_ssize_t block, blocks, chunks, most
    block = BLOCK_BYTES // (<Py_ssize_t>sizeof(real) * (3 * D + K))
    block = min(<Py_ssize_t>LARGEST_BLOCK, max(block, <Py_ssize_t>64))
    task.block_groups = max(<Py_ssize_t>1, block // GROUP)
    block = task.block_groups * GROUP
    task.partial_size = result_size(task)
    most = PARTIAL_BYTES // (task.partial_size * <Py_ssize_t>sizeof(double))
    blocks = (task.n_samples + block - 1) // block
    chunks = min(min(<Py_ssize_t>LARGEST_N_CHUNKS, most), blocks // SMALLEST_CHUNK_BLOCKS)
    chunks = max(<Py_ssize_t>1, chunks)
    task.chunk_samples = (blocks + chunks - 1) // chunks * block
    task.n_chunks = (task.n_samples + task.chunk_samples - 1) // task.chunk_samples
    cdef Parameters parameters
    cdef Block scratch
    task.packed_size = lay_out_parameters(task, NULL, &parameters)
    task.scratch_size = lay_out_block(task, NULL, &scratch)


cdef inline char *take(char **free_bytes, Py_ssize_t size) noexcept nogil:
    """The next `size` bytes, aligned."""
    cdef char *taken = free_bytes[0]
    free_bytes[0] += (size + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
    return taken


cdef Py_ssize_t lay_out_parameters(
    const EMPass *task, char *memory, Parameters *parameters
) noexcept nogil:
    """Point the parameters into memory; return the bytes they take."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features
    cdef Py_ssize_t item = sizeof(real)
    cdef char *free_bytes = memory
    parameters.means = <real *>take(&free_bytes, K * D * item)
    parameters.origin = <real *>take(&free_bytes, K * D * item)
    parameters.center = <real *>take(&free_bytes, D * item)
    parameters.log_scale = <real *>take(&free_bytes, K * item)
    parameters.factors = <real *>take(&free_bytes, n_matrices(task) * factor_size(task) * item)
    return free_bytes - memory


cdef Py_ssize_t lay_out_block(const EMPass *task, char *memory, Block *block) noexcept nogil:
    """Point a thread's buffers into memory; return the bytes they take."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features
    cdef Py_ssize_t most = task.block_groups * GROUP
    cdef Py_ssize_t width = dense.padded_features(D)
    cdef Py_ssize_t item = sizeof(real)
    cdef char *free_bytes = memory
    block.samples = <real *>take(&free_bytes, most * D * item)
    block.whitened = <real *>take(&free_bytes, most * D * item if task.layout == SHARED else 0)
    block.resp = <real *>take(&free_bytes, most * K * item)
    block.log_prob = <real *>take(&free_bytes, most * item)
    block.nearest = <real *>take(&free_bytes, GROUP * item)
    block.total = <real *>take(&free_bytes, most * item)
    block.centered = <real *>take(&free_bytes, most * width * item)
    block.weighted = <real *>take(&free_bytes, most * D * item)
    block.log_likelihood = <double *>take(&free_bytes, LANES * sizeof(double))
    block.counts = <double *>take(&free_bytes, K * LANES * sizeof(double))
    block.first = <double *>take(&free_bytes, K * first_size(task) * sizeof(double))
    block.second = <double *>take(
        &free_bytes, n_matrices(task) * second_size(task) * sizeof(double))
    return free_bytes - memory


# Parameters.


cdef void round_to_real(const double *values, Py_ssize_t size, real *out) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(size):
        out[i] = <real>values[i]


cdef void pack_parameters(const EMPass *task) noexcept nogil:
    cdef Py_ssize_t K = task.n_components, D = task.n_features, k
    cdef Parameters to
    lay_out_parameters(task, task.packed, &to)
    if task.moments != NONE:
        round_to_real(task.origin, K * D, to.origin)
    if task.layout == SHARED:
        round_to_real(task.center, D, to.center)
    if task.source > NEAREST:
        return
    round_to_real(task.means, K * D, to.means)
    round_to_real(task.log_scale, K, to.log_scale)
    if task.layout == DIAGONAL:
        round_to_real(task.factors, K * D, to.factors)
        return
    for k in range(n_matrices(task)):
        dense.pack_factor(task.factors + k * D * D, D, to.factors + k * factor_size(task))
    if task.layout == SHARED:
        whiten_means(task, to.means)


cdef void whiten_means(const EMPass *task, real *means) noexcept nogil:
    """U^T (mu_k - center), in float64."""
    cdef Py_ssize_t D = task.n_features, d, j, k
    cdef double total
    for k in range(task.n_components):
        for j in range(D):
            total = 0
            for d in range(j + 1):
                total += task.factors[d * D + j] * (task.means[k * D + d] - task.center[d])
            means[k * D + j] = <real>total


# Log densities and posteriors of a block.


cdef void pack_samples(const EMPass *task, Block *block) noexcept nogil:
    """Transpose the block's rows into groups; lanes beyond the last row are 0."""
    cdef Py_ssize_t D = task.n_features, g, i, d, n
    cdef real *group
    cdef const real *row
    for g in range(block.n_groups):
        group = block.samples + g * D * GROUP
        n = min(<Py_ssize_t>GROUP, block.n - g * GROUP)
        if n < GROUP:
            memset(group, 0, D * GROUP * sizeof(real))
        row = block.X + g * GROUP * D
        for d in range(D):
            for i in range(n):
                group[d * GROUP + i] = row[i * D + d]


cdef void sq_distances(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    """Squared Mahalanobis distances of the block's samples to each component, into resp."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features, size = factor_size(task)
    cdef Py_ssize_t g, k
    cdef real *group
    cdef real *out
    cdef const real *mean
    cdef const real *factor
    if task.layout == SHARED:
        for g in range(block.n_groups):
            dense.whiten(block.samples + g * D * GROUP, parameters.center, parameters.factors, D,
                         block.centered, block.whitened + g * D * GROUP)
    for k in range(K):
        mean = parameters.means + k * D
        factor = parameters.factors + k * size
        for g in range(block.n_groups):
            group = block.samples + g * D * GROUP
            out = block.resp + (g * K + k) * GROUP
            if task.layout == DENSE:
                dense.sq_mahalanobis(group, mean, factor, D, block.centered, out)
            elif task.layout == DIAGONAL:
                diagonal.sq_mahalanobis(group, mean, factor, D, out)
            else:
                diagonal.sq_distances(block.whitened + g * D * GROUP, mean, D, out)


cdef inline void weighted_log_prob(
    real *resp,             # squared distances -> log(weight_k N(x | k)), (K, GROUP)
    const real *log_scale,  # IN (K,)
    Py_ssize_t K,
    vec *best,              # OUT (TILE_VECTORS,) the largest over components
    real *nearest,          # OUT (GROUP,) its index
) noexcept nogil:
    cdef vec log_prob, index
    cdef vec argmax[TILE_VECTORS]
    cdef Py_ssize_t k, v
    for v in range(TILE_VECTORS):
        argmax[v] = broadcast(0)
        best[v] = broadcast(-INFINITY)
    for k in range(K):
        index = broadcast(<real>k)
        for v in range(TILE_VECTORS):
            log_prob = multiply_add(
                broadcast(-0.5), load(resp + k * GROUP + v * LANES), broadcast(log_scale[k]))
            store(resp + k * GROUP + v * LANES, log_prob)
            argmax[v] = where_less(best[v], log_prob, index, argmax[v])
            best[v] = larger(best[v], log_prob)
    for v in range(TILE_VECTORS):
        store(nearest + v * LANES, argmax[v])


cdef inline void posterior(
    real *resp,        # log(weight_k N(x | k)) -> responsibilities, (K, GROUP)
    Py_ssize_t K,
    const vec *best,   # IN (TILE_VECTORS,)
    real *log_prob,    # OUT (GROUP,) log sum_k exp
) noexcept nogil:
    cdef vec total[TILE_VECTORS]
    cdef vec density
    cdef Py_ssize_t k, v
    for v in range(TILE_VECTORS):
        total[v] = broadcast(0)
    for k in range(K):
        for v in range(TILE_VECTORS):
            density = exponential(load(resp + k * GROUP + v * LANES) - best[v])
            store(resp + k * GROUP + v * LANES, density)
            total[v] = total[v] + density
    for v in range(TILE_VECTORS):
        store(log_prob + v * LANES, best[v] + logarithm(total[v]))
        total[v] = broadcast(1) / total[v]
    for k in range(K):
        for v in range(TILE_VECTORS):
            store(resp + k * GROUP + v * LANES, load(resp + k * GROUP + v * LANES) * total[v])


cdef inline void one_hot(real *resp, Py_ssize_t K, const real *nearest) noexcept nogil:
    """1 for the nearest component, 0 for the others."""
    cdef Py_ssize_t k, v
    for k in range(K):
        for v in range(TILE_VECTORS):
            store(resp + k * GROUP + v * LANES,
                  where_equal(load(nearest + v * LANES), broadcast(<real>k), broadcast(1)))


cdef void posteriors(const EMPass *task, const Parameters *parameters, Block *block) noexcept nogil:
    """Responsibilities of each group, with the outputs asked for on the way."""
    cdef Py_ssize_t K = task.n_components, g, v
    cdef vec best[TILE_VECTORS]
    cdef real *resp
    for g in range(block.n_groups):
        resp = block.resp + g * K * GROUP
        weighted_log_prob(resp, parameters.log_scale, K, best, block.nearest)
        if task.weighted_log_prob != NULL:
            write_weighted_log_prob(task, block, g)
        if task.labels != NULL:
            write_labels(task, block, g, block.nearest)
        if task.source == NEAREST:
            one_hot(resp, K, block.nearest)
            for v in range(TILE_VECTORS):
                store(block.log_prob + g * GROUP + v * LANES, best[v])
        elif (task.moments != NONE or task.resp != NULL or task.log_prob != NULL):
            posterior(resp, K, best, block.log_prob + g * GROUP)
        if task.resp != NULL:
            write_resp(task, block, g)
        if task.log_prob != NULL:
            write_log_prob(task, block, g)


cdef void given_resp(const EMPass *task, Block *block) noexcept nogil:
    """Responsibilities from the caller's labels or responsibilities."""
    cdef Py_ssize_t K = task.n_components, i, k
    cdef real *resp
    cdef const real *given
    memset(block.resp, 0, block.n_groups * K * GROUP * sizeof(real))
    memset(block.log_prob, 0, block.n_groups * GROUP * sizeof(real))
    for i in range(block.n):
        resp = block.resp + i // GROUP * K * GROUP + i % GROUP
        if task.source == GIVEN_LABELS:
            k = task.labels_in[block.start + i]
            if k >= 0:
                resp[k * GROUP] = 1
        else:
            given = <const real *>task.resp_in + (block.start + i) * K
            for k in range(K):
                resp[k * GROUP] = given[k]


# Outputs of a group.


cdef void write_weighted_log_prob(
    const EMPass *task, const Block *block, Py_ssize_t g
) noexcept nogil:
    cdef Py_ssize_t K = task.n_components, k
    cdef Py_ssize_t start = block.start + g * GROUP
    cdef Py_ssize_t size = min(<Py_ssize_t>GROUP, block.n - g * GROUP) * sizeof(real)
    for k in range(K):
        memcpy(<real *>task.weighted_log_prob + k * task.n_samples + start,
               block.resp + (g * K + k) * GROUP, size)


cdef void write_resp(const EMPass *task, const Block *block, Py_ssize_t g) noexcept nogil:
    """Transpose a group of (K, GROUP) values into rows of the (n, K) output."""
    cdef Py_ssize_t K = task.n_components, i, k
    cdef const real *values = block.resp + g * K * GROUP
    cdef real *row = <real *>task.resp + (block.start + g * GROUP) * K
    for i in range(min(<Py_ssize_t>GROUP, block.n - g * GROUP)):
        for k in range(K):
            row[k] = values[k * GROUP + i]
        row += K


cdef void write_labels(
    const EMPass *task, const Block *block, Py_ssize_t g, const real *nearest
) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(min(<Py_ssize_t>GROUP, block.n - g * GROUP)):
        task.labels[block.start + g * GROUP + i] = <long long>nearest[i]


cdef void write_log_prob(const EMPass *task, const Block *block, Py_ssize_t g) noexcept nogil:
    """Distances that overflowed are the largest number: their log density is -inf."""
    cdef Py_ssize_t i
    cdef real value
    cdef real *out = <real *>task.log_prob + block.start + g * GROUP
    for i in range(min(<Py_ssize_t>GROUP, block.n - g * GROUP)):
        value = block.log_prob[g * GROUP + i]
        out[i] = value if value > -0.25 * REAL_LARGEST else -INFINITY


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


cdef void total_resp(const EMPass *task, Block *block) noexcept nogil:
    """Responsibilities summed over components: what a shared second moment weighs with."""
    cdef Py_ssize_t K = task.n_components, g, k, v
    cdef vec total
    for g in range(block.n_groups):
        for v in range(TILE_VECTORS):
            total = broadcast(0)
            for k in range(K):
                total = total + load(block.resp + (g * K + k) * GROUP + v * LANES)
            store(block.total + g * GROUP + v * LANES, total)


cdef void add_dense(
    const EMPass *task, Block *block, const real *weights, Py_ssize_t weight_stride,
    const real *origin, double *first, double *second,
) noexcept nogil:
    """First moments, unless NULL, and second moments about one origin."""
    cdef Py_ssize_t D = task.n_features, width, count
    if by_features(task):
        width = dense.padded_features(D)
        count = dense.weigh_rows(
            block.X, weights, weight_stride, origin, block.n, D, width,
            block.centered, block.weighted, first)
        dense.second_by_features(block.centered, count, width, second)
    else:
        dense.weigh_samples(
            block.samples, weights, weight_stride, origin, block.n_groups, D,
            block.centered, block.weighted, first)
        dense.second_by_samples(
            block.weighted, block.centered, block.n_groups * GROUP, D, second)


cdef void add_moments(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    cdef Py_ssize_t K = task.n_components, D = task.n_features, k
    cdef Py_ssize_t first = first_size(task), second = second_size(task)
    cdef double *squares
    for k in range(K):
        if task.layout == DENSE and task.moments == SECOND:
            add_dense(task, block, block.resp + k * GROUP, K * GROUP, parameters.origin + k * D,
                      block.first + k * first, block.second + k * second)
        else:
            squares = NULL
            if task.layout == DIAGONAL and task.moments == SECOND:
                squares = block.second + k * second
            diagonal.moments(block.samples, block.resp + k * GROUP, block.n_groups, D, K,
                             parameters.origin + k * D, block.first + k * first, squares)
    if task.layout == SHARED and task.moments == SECOND:
        total_resp(task, block)
        add_dense(task, block, block.total, GROUP, parameters.center, NULL, block.second)


# Chunks.


cdef double sum_lanes(const double *lanes) noexcept nogil:
    cdef double total = 0
    cdef Py_ssize_t i
    for i in range(LANES):
        total += lanes[i]
    return total


cdef void write_second(const EMPass *task, const double *sums, double *out) noexcept nogil:
    """One symmetric matrix from the sums at and below its diagonal."""
    cdef Py_ssize_t D = task.n_features, width = dense.padded_features(D), a, b
    cdef double value
    for a in range(D):
        for b in range(a + 1):
            if by_features(task):
                value = sums[a * width + b]
            else:
                value = sum_lanes(sums + (a * D + b) * LANES)
            out[a * D + b] = value
            out[b * D + a] = value


cdef void write_partial_sums(const EMPass *task, const Block *block, double *out) noexcept nogil:
    """Log likelihood, counts, first and second moments of a chunk."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features, k, d
    cdef Py_ssize_t first = first_size(task)
    out[0] = sum_lanes(block.log_likelihood)
    out += 1
    for k in range(K):
        out[k] = sum_lanes(block.counts + k * LANES)
    out += K
    for k in range(K):
        for d in range(D):
            if first == D * LANES:
                out[k * D + d] = sum_lanes(block.first + k * first + d * LANES)
            else:
                out[k * D + d] = block.first[k * first + d]
    if task.moments != SECOND:
        return
    out += K * D
    if task.layout == DIAGONAL:
        for k in range(K * D):
            out[k] = sum_lanes(block.second + k * LANES)
        return
    for k in range(n_matrices(task)):
        write_second(task, block.second + k * second_size(task), out + k * D * D)


cdef void run_chunk(const EMPass *task, Py_ssize_t chunk, int thread) noexcept nogil:
    cdef Py_ssize_t D = task.n_features
    cdef Py_ssize_t start = chunk * task.chunk_samples
    cdef Py_ssize_t stop = min(task.n_samples, start + task.chunk_samples)
    cdef Py_ssize_t step = task.block_groups * GROUP
    cdef Parameters parameters
    cdef Block block
    lay_out_parameters(task, task.packed, &parameters)
    cdef char *scratch = task.scratch + thread * task.scratch_size
    cdef Py_ssize_t end = lay_out_block(task, scratch, &block)
    memset(block.log_likelihood, 0, scratch + end - <char *>block.log_likelihood)
    while start < stop:
        block.start = start
        block.n = min(step, stop - start)
        block.n_groups = (block.n + GROUP - 1) // GROUP
        block.X = <const real *>task.X + start * D
        pack_samples(task, &block)
        if task.source <= NEAREST:
            sq_distances(task, &parameters, &block)
            posteriors(task, &parameters, &block)
        else:
            given_resp(task, &block)
        if task.moments != NONE:
            clear_padding(task, &block)
            add_counts(task, &block)
            add_moments(task, &parameters, &block)
        start += step
    if task.moments != NONE:
        write_partial_sums(task, &block, task.partial_sums + chunk * task.partial_size)


cdef void run(EMPass *task, int n_threads) noexcept nogil:
    """The pass: task.packed and task.scratch are aligned to ALIGNMENT."""
    cdef Py_ssize_t chunk
    pack_parameters(task)
    if n_threads == 1:
        for chunk in range(task.n_chunks):
            run_chunk(task, chunk, 0)
        return
    for chunk in prange(task.n_chunks, schedule="dynamic", chunksize=1, num_threads=n_threads):
        run_chunk(task, chunk, threadid())


cdef int max_threads() noexcept nogil:
    return omp_get_max_threads()


cdef Kernels table
table.max_threads = max_threads
table.plan = plan
table.run = run
table.precision_cholesky = cholesky.precision_cholesky
kernels = PyCapsule_New(&table, "gmmx._core.Kernels", NULL)
lanes = LANES
