"""Parameters and a block of samples, as the kernels read them."""

from gmmx._core.layouts.task cimport EMPass
from gmmx._core.vectors.simd cimport GROUP, LANES, TILE_VECTORS, load, real, vec
from gmmx._core.vectors.transpose cimport pack_rows


cdef enum:
    BLOCK_BYTES = 96 * 1024    # of a block's buffers in the first cache levels
    LARGEST_BLOCK = 256        # samples
    GROUP_BYTES = 20 * 1024    # of the first cache for samples, beside parameters and densities


cdef struct Parameters:
    real *means        # (K, D), or offsets from the center as the layout packs them
    real *origin       # (K, D), less the center
    real *center       # (D,)
    real *log_scale    # (K,)
    real *negligible   # (K,) share of the component's weight below the last digit of any sum
    real *reach        # (K,) squared distance at which a density of 1 makes it negligible
    real *factors      # as the layout packs them
    real *bounds       # (2,) between which samples of one feature are in reach


cdef struct Block:
    const real *X              # (n, D), the block's rows
    const long long *order     # (n,) their indices, or NULL for consecutive ones
    Py_ssize_t n_skipped       # pairs of a sample and a component left out in this chunk
    real *gathered             # (n, D) room for rows that are not consecutive
    Py_ssize_t start           # the first row's index
    Py_ssize_t n
    Py_ssize_t n_groups
    real *resp                 # (n_groups, K, GROUP): log densities, then posteriors
    real *output_rows          # (GROUP, K) on their way to the output
    real *log_prob             # (n_groups, GROUP)
    real *nearest              # (GROUP,) index of the component with the largest density
    double *log_likelihood     # (LANES,)
    double *counts             # (K, LANES)
    # Each layout takes the buffers that it uses:
    double *first              # (K, first_size), with the second ones if they are pairs
    double *second             # (K, second_size), or NULL
    double *traces             # (K, LANES) of second moments
    real *samples              # (n_groups, D, GROUP), for pairs with a row of ones
    real *whitened             # (n_groups, D, GROUP)
    real *norms                # (n_groups, GROUP) |x - center|^2
    real *inverse              # (n_groups, GROUP) 1 / sum of densities, for one feature
    real *centered             # (n_groups, D, GROUP) or (n, padded_features(D)) less an origin
    real *roots                # (n,) square roots of weights
    real *row_tile             # LANES rows less the center
    real *rows                 # (n_groups GROUP, padded_features(D)) less the center
    real *panel                # (n_groups GROUP, PANEL_VECTORS LANES), columns of a product


cdef inline Py_ssize_t row_of(const Block *block, Py_ssize_t i) noexcept nogil:
    """Return the index of the block's i-th row."""
    return block.start + i if block.order == NULL else block.order[i]


cdef inline Py_ssize_t usual_block_size(const EMPass *task) noexcept nogil:
    """Return the samples of a block whose buffers fit in the first cache levels."""
    cdef Py_ssize_t D = task.n_features, K = task.n_components
    cdef Py_ssize_t size = BLOCK_BYTES // (<Py_ssize_t>sizeof(real) * (3 * D + K))
    return min(<Py_ssize_t>LARGEST_BLOCK, max(size, <Py_ssize_t>64))


cdef inline Py_ssize_t groups_at_once(Py_ssize_t group_size) noexcept nogil:
    """Return how many groups of samples stay in the first cache while components visit them."""
    return max(<Py_ssize_t>1, GROUP_BYTES // (group_size * <Py_ssize_t>sizeof(real)))


cdef inline Py_ssize_t in_group(const Block *block, Py_ssize_t g) noexcept nogil:
    """Return the number of samples in group g."""
    return min(<Py_ssize_t>GROUP, block.n - g * GROUP)


cdef inline void load_weights(
    const EMPass *task, const Block *block, Py_ssize_t g, vec *weight
) noexcept nogil:
    """Load the weights of the samples of group g, 0 in lanes beyond the last sample."""
    cdef const real *weights = <const real *>task.sample_weight
    cdef real room[GROUP]
    cdef Py_ssize_t i, v
    if block.order == NULL and in_group(block, g) == GROUP:
        for v in range(TILE_VECTORS):
            weight[v] = load(weights + block.start + g * GROUP + v * LANES)
        return
    for i in range(GROUP):
        room[i] = 0
    for i in range(in_group(block, g)):
        room[i] = weights[row_of(block, g * GROUP + i)]
    for v in range(TILE_VECTORS):
        weight[v] = load(room + v * LANES)


cdef inline void pack_groups(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil:
    """Transpose the block's rows, less the center if there is one, into groups."""
    cdef Py_ssize_t D = task.n_features, g
    cdef const real *center = parameters.center if task.center != NULL else NULL
    for g in range(block.n_groups):
        pack_rows(block.X + g * GROUP * D, in_group(block, g), D, D, center,
                  block.samples + g * D * GROUP)


cdef inline void round_to_real(const double *values, Py_ssize_t size, real *out) noexcept nogil:
    """Round values to the kernels' precision."""
    cdef Py_ssize_t i
    for i in range(size):
        out[i] = <real>values[i]


cdef inline double from_center(
    const EMPass *task, const real *center, Py_ssize_t k, Py_ssize_t d
) noexcept nogil:
    """Return feature d of center - mean k."""
    return <double>center[d] - task.means[k * task.n_features + d]
