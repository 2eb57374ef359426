"""Layout `plain`: factors and second moments (K, D), as a file of `_core/layouts`.

A layout that gmmx does not have: it lacks the kernel for samples of one feature.
"""

from gmmx._core.layouts.block cimport Parameters, from_center, round_to_real, usual_block_size
from gmmx._core.layouts.diagonal cimport (
    factor_size, lay_out_buffers, lay_out_sums, log_densities, packed_size, write_moments,
    written_size,
)
from gmmx._core.layouts.features cimport add_moments, pack_samples, work
from gmmx._core.layouts.layout cimport Layout, never
from gmmx._core.layouts.task cimport EMPass
from gmmx._core.vectors.simd cimport real


cdef inline void pack(const EMPass *task, Parameters *to) noexcept nogil:
    """Means, or offsets (center - mean) / standard deviation, and 1 / standard deviation."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features, d, k
    round_to_real(task.factors, K * D, to.factors)
    for k in range(K):
        for d in range(D):
            if task.center == NULL:
                to.means[k * D + d] = <real>task.means[k * D + d]
            else:
                to.means[k * D + d] = <real>(
                    task.factors[k * D + d] * from_center(task, to.center, k, d))


cdef inline void define(Layout *layout) noexcept nogil:
    layout.shape.name = b"plain"
    layout.shape.is_shared = False
    layout.shape.needs_center = False
    layout.shape.has_order = False
    layout.shape.factor_size = factor_size
    layout.shape.work = work
    layout.packed_size = packed_size
    layout.written_size = written_size
    layout.block_size = usual_block_size
    layout.lay_out_sums = lay_out_sums
    layout.lay_out_buffers = lay_out_buffers
    layout.pack = pack
    layout.pack_samples = pack_samples
    layout.log_densities = log_densities
    layout.prunes = never
    layout.add_second = NULL
    layout.add_moments = add_moments
    layout.write_moments = write_moments
    layout.expand_second = NULL
    layout.has_one_feature = never
    layout.add_one_feature = NULL
