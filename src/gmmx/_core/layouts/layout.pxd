"""The names that each layout defines, gathered by its `define`.

A pass calls them for a block of samples or less often, so that a call costs nothing.
"""

from gmmx._core.layouts.block cimport Block, Parameters
from gmmx._core.layouts.task cimport EMPass, Shape

ctypedef Py_ssize_t (*size_function)(Py_ssize_t K, Py_ssize_t D) noexcept nogil
ctypedef Py_ssize_t (*block_size_function)(const EMPass *task) noexcept nogil
ctypedef bint (*question)(const EMPass *task) noexcept nogil
ctypedef void (*lay_out_function)(
    const EMPass *task, char **free_bytes, Block *block
) noexcept nogil
ctypedef void (*pack_function)(const EMPass *task, Parameters *to) noexcept nogil
ctypedef void (*block_function)(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil
ctypedef bint (*whole_block_function)(
    const EMPass *task, const Parameters *parameters, Block *block
) noexcept nogil
ctypedef void (*write_function)(
    const EMPass *task, const Block *block, double *out
) noexcept nogil
ctypedef void (*expand_function)(
    const double *sums, Py_ssize_t K, Py_ssize_t D, double *out
) noexcept nogil

ctypedef struct Layout:
    Shape shape
    # Memory.
    size_function packed_size      # values of all packed factors
    size_function written_size     # doubles of second moments in a chunk's row of sums
    block_size_function block_size  # samples of a block, roughly
    lay_out_function lay_out_sums  # first and second moments of a chunk
    lay_out_function lay_out_buffers
    # Parameters.
    pack_function pack             # means and factors
    # Samples.
    block_function pack_samples    # into groups
    block_function log_densities   # log(weight_k N(x | k)), into resp
    question prunes                # set responsibilities that change no moment to 0?
    # Moments.
    block_function add_second      # of a block, where they have no part in the first ones; or NULL
    block_function add_moments     # of a block to those of its chunk
    write_function write_moments   # of a chunk into its row of sums
    expand_function expand_second  # from a row of sums, if they are written in part; or NULL
    # Samples of one feature.
    question has_one_feature       # then the next function does all steps of a block
    whole_block_function add_one_feature  # returns whether squared distances overflow; or NULL


cdef inline bint never(const EMPass *task) noexcept nogil:
    """Answer no, whatever the task."""
    return False
