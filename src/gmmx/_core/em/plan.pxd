"""How a pass is cut into chunks and blocks, and where its parameters and buffers lie."""

from gmmx._core.em.task cimport (
    DENSE, DENSITY, DIAGONAL, ISOTROPIC, NONE, SECOND, SHARED, EMPass,
)
from gmmx._core.layouts cimport dense, moments, pairs
from gmmx._core.vectors.simd cimport GROUP, LANES, real


cdef enum:
    ALIGNMENT = 64
    BLOCK_BYTES = 96 * 1024        # what a block's buffers may take of the first cache levels
    LARGEST_BLOCK = 256            # samples
    # For pairs, whose sums are stored after each block: of a feature, and of all of them.
    PAIR_COLUMN_BYTES = 1024
    PAIR_BLOCK_BYTES = 32 * 1024
    GROUP_BYTES = 20 * 1024        # of the first cache for samples, beside parameters and densities
    LARGEST_GROUP_BYTES = 32 * 1024  # that leave room in the first cache
    LARGEST_N_CHUNKS = 64
    PARTIAL_BYTES = 32 * 1024 * 1024
    SMALLEST_CHUNK = 1024          # samples
    FEWEST_FEATURES = 8            # that fill lanes


cdef struct Parameters:
    real *means        # (K, D), or with a center what pack_offsets says
    real *origin       # (K, D), less the center
    real *center       # (D,)
    real *log_scale    # (K,)
    real *negligible   # (K,) share of the component's weight that no sum can hold
    real *reach        # (K,) squared distance at which a density of 1 makes it negligible
    real *factors      # (n_factors, factor_size)
    real *bounds       # (2,) between which samples of one feature are in reach


cdef struct Block:
    const real *X              # (n, D), the block's rows
    const long long *order     # (n,) their indices, or NULL for consecutive ones
    Py_ssize_t n_skipped       # pairs of a sample and a component left out in this chunk
    real *gathered             # (n, D) room for rows that are not consecutive
    Py_ssize_t start           # the first row's index
    Py_ssize_t n
    Py_ssize_t n_groups
    real *samples              # (n_groups, D, GROUP)
    real *whitened             # (n_groups, D, GROUP)
    real *norms                # (n_groups, GROUP) |x - center|^2
    real *resp                 # (n_groups, K, GROUP): log densities, then posteriors
    real *output_rows          # (GROUP, K) on their way to the output
    real *log_prob             # (n_groups, GROUP)
    real *inverse              # (n_groups, GROUP) 1 / sum of densities, for one feature
    real *nearest              # (GROUP,) index of the component with the largest density
    real *centered             # (n_groups, D, GROUP), (n, padded_features(D)), or a row tile
    real *rows                 # (n_groups GROUP, padded_features(D)) less the center
    real *panel                # (n_groups GROUP, PANEL_VECTORS LANES), columns of a product
    real *roots                # (n,) square roots of weights
    double *log_likelihood     # (LANES,)
    double *counts             # (K, LANES)
    double *first              # (K, first_size), with the second ones if they are pairs
    double *second             # (K, second_size)


# Sizes.


cdef inline Py_ssize_t n_factors(const EMPass *task) noexcept nogil:
    """One for each component, or one for all."""
    return 1 if task.layout == SHARED else task.n_components


cdef inline bint are_pairs(const EMPass *task) noexcept nogil:
    """Whether moments (D, D) are one matrix product, about a center."""
    return task.layout == DENSE and task.moments == SECOND and task.center != NULL


cdef inline bint by_features(const EMPass *task) noexcept nogil:
    """Whether other moments are summed with features as lanes.

    Dense ones about means: rows without weight cost nothing then, and in label order there are
    many. Others about a center: they are matrix products.
    """
    cdef Py_ssize_t D = task.n_features
    if task.layout == DENSE:
        return task.moments == SECOND and task.center == NULL and (
            not moments.lanes_are_samples(D) or (task.order != NULL and D >= FEWEST_FEATURES))
    return task.center != NULL and D >= FEWEST_FEATURES


cdef inline bint has_one_feature(const EMPass *task) noexcept nogil:
    """Whether one variance for each component is all that moments are wanted for."""
    return (task.n_features == 1 and task.layout == DIAGONAL and task.moments == SECOND
            and task.source == DENSITY and task.center == NULL and task.labels == NULL
            and task.resp == NULL and task.log_prob == NULL and task.weighted_log_prob == NULL)


cdef inline Py_ssize_t sample_size(const EMPass *task) noexcept nogil:
    """Values in a group of samples, with a row of ones for pairs."""
    return (task.n_features + are_pairs(task)) * GROUP


cdef inline bint by_rows(const EMPass *task) noexcept nogil:
    """Whether log densities are summed with features as lanes, so that samples need no groups.

    Where a group would fill the first cache.
    """
    return (task.source == DENSITY and task.center != NULL
            and (task.layout == DIAGONAL or task.layout == ISOTROPIC)
            and sample_size(task) * <Py_ssize_t>sizeof(real) > LARGEST_GROUP_BYTES)


cdef inline bint prunes(const EMPass *task) noexcept nogil:
    """Whether responsibilities that change no moment in working precision are set to 0.

    Where rows without weight cost nothing, and no output shows the difference.
    """
    return (task.layout == DENSE and by_features(task) and task.resp == NULL
            and task.source == DENSITY and task.weights != NULL)


cdef inline Py_ssize_t row_of(const Block *block, Py_ssize_t i) noexcept nogil:
    """Index of the block's i-th row."""
    return block.start + i if block.order == NULL else block.order[i]


cdef inline Py_ssize_t factor_size(const EMPass *task) noexcept nogil:
    cdef Py_ssize_t D = task.n_features
    if task.layout == DIAGONAL:
        return D
    return 1 if task.layout == ISOTROPIC else dense.packed_factor_size(D)


cdef inline Py_ssize_t groups_at_once(const EMPass *task) noexcept nogil:
    """Groups whose samples stay in the first cache while all components visit them."""
    return max(<Py_ssize_t>1, GROUP_BYTES // (sample_size(task) * <Py_ssize_t>sizeof(real)))


cdef inline Py_ssize_t first_size(const EMPass *task) noexcept nogil:
    """Doubles from the sums of one component's first moments to those of the next one's."""
    cdef Py_ssize_t D = task.n_features
    if are_pairs(task):
        return pairs.n_columns(D)
    return moments.padded_features(D) if by_features(task) else D * LANES


cdef inline Py_ssize_t second_size(const EMPass *task) noexcept nogil:
    """Doubles from the sums of one component's second moments to those of the next one's."""
    cdef Py_ssize_t D = task.n_features
    if task.moments != SECOND or are_pairs(task):
        return 0
    if task.layout == DIAGONAL:
        return first_size(task)
    if task.layout == ISOTROPIC:
        return LANES
    if by_features(task):
        return moments.padded_features(D) * moments.padded_features(D)
    return D * D * LANES


cdef inline Py_ssize_t first_sums_size(const EMPass *task) noexcept nogil:
    """Doubles before the second moments in a row of sums: log likelihood, counts, first."""
    return 1 + task.n_components * (1 + task.n_features)


cdef inline Py_ssize_t partial_second_size(const EMPass *task) noexcept nogil:
    """Doubles for the second moments in a row of partial sums: matrices without upper half."""
    cdef Py_ssize_t D = task.n_features
    if task.moments != SECOND:
        return 0
    if task.layout == DIAGONAL:
        return task.n_components * D
    if task.layout == ISOTROPIC:
        return task.n_components
    return task.n_components * D * (D + 1) // 2


cdef inline Py_ssize_t largest_power_of_two(Py_ssize_t limit) noexcept nogil:
    """So many chunks are equal parts for most numbers of threads."""
    cdef Py_ssize_t power = 1
    while 2 * power <= limit:
        power *= 2
    return power


cdef inline char *take(char **free_bytes, Py_ssize_t size) noexcept nogil:
    """The next `size` bytes, aligned."""
    cdef char *taken = free_bytes[0]
    free_bytes[0] += (size + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
    return taken


cdef inline Py_ssize_t lay_out_parameters(
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
    parameters.negligible = <real *>take(&free_bytes, K * item)
    parameters.reach = <real *>take(&free_bytes, K * item)
    parameters.factors = <real *>take(&free_bytes, n_factors(task) * factor_size(task) * item)
    parameters.bounds = <real *>take(&free_bytes, 2 * item)
    return free_bytes - memory


cdef inline Py_ssize_t lay_out_block(const EMPass *task, char *memory, Block *block) noexcept nogil:
    """Point a thread's buffers into memory; return the bytes they take."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features
    cdef Py_ssize_t most = task.block_groups * GROUP
    cdef Py_ssize_t width = moments.padded_features(D)
    cdef Py_ssize_t row_width = width if are_pairs(task) else 0
    cdef Py_ssize_t panel_width = pairs.PANEL_VECTORS * LANES if are_pairs(task) else 0
    cdef Py_ssize_t item = sizeof(real)
    cdef char *free_bytes = memory
    block.gathered = <real *>take(&free_bytes, most * D * item if task.order != NULL else 0)
    block.samples = <real *>take(&free_bytes, task.block_groups * sample_size(task) * item)
    block.whitened = <real *>take(&free_bytes, most * D * item if task.layout == SHARED else 0)
    block.norms = <real *>take(&free_bytes, most * item if task.layout == ISOTROPIC else 0)
    block.resp = <real *>take(&free_bytes, most * K * item)
    block.output_rows = <real *>take(&free_bytes, GROUP * K * item if task.resp != NULL else 0)
    block.log_prob = <real *>take(&free_bytes, most * item)
    block.inverse = <real *>take(&free_bytes, most * item if has_one_feature(task) else 0)
    block.nearest = <real *>take(&free_bytes, GROUP * item)
    block.centered = <real *>take(&free_bytes, most * width * item)
    block.rows = <real *>take(&free_bytes, most * row_width * item)
    block.panel = <real *>take(&free_bytes, most * panel_width * item)
    block.roots = <real *>take(&free_bytes, most * item)
    block.log_likelihood = <double *>take(&free_bytes, LANES * sizeof(double))
    block.counts = <double *>take(&free_bytes, K * LANES * sizeof(double))
    block.first = <double *>take(&free_bytes, K * first_size(task) * sizeof(double))
    block.second = <double *>take(&free_bytes, K * second_size(task) * sizeof(double))
    return free_bytes - memory


cdef inline void plan(EMPass *task) noexcept nogil:
    """Cut the samples into blocks and chunks, and say how much memory the pass needs."""
    cdef Py_ssize_t D = task.n_features, K = task.n_components
    cdef Py_ssize_t block, blocks, chunks, most
    block = BLOCK_BYTES // (<Py_ssize_t>sizeof(real) * (3 * D + K))
    block = min(<Py_ssize_t>LARGEST_BLOCK, max(block, <Py_ssize_t>64))
    if are_pairs(task):
        block = min(<Py_ssize_t>PAIR_COLUMN_BYTES, PAIR_BLOCK_BYTES // D)
        block = max(block // <Py_ssize_t>sizeof(real), <Py_ssize_t>64)
    block = min(block, task.n_samples + GROUP - 1)
    task.block_groups = max(<Py_ssize_t>1, block // GROUP)
    block = task.block_groups * GROUP
    task.partial_size = first_sums_size(task) + partial_second_size(task)
    most = PARTIAL_BYTES // (task.partial_size * <Py_ssize_t>sizeof(double))
    blocks = (task.n_samples + block - 1) // block
    chunks = min(min(<Py_ssize_t>LARGEST_N_CHUNKS, most), task.n_samples // SMALLEST_CHUNK)
    chunks = largest_power_of_two(max(<Py_ssize_t>1, chunks))
    task.chunk_samples = (blocks + chunks - 1) // chunks * block
    task.n_chunks = (task.n_samples + task.chunk_samples - 1) // task.chunk_samples
    cdef Parameters parameters
    cdef Block scratch
    task.packed_size = lay_out_parameters(task, NULL, &parameters)
    task.scratch_size = lay_out_block(task, NULL, &scratch)
