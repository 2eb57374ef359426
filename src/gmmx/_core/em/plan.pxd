"""How a pass is cut into chunks and blocks, and where its parameters and buffers lie."""

from gmmx._core.layouts.block cimport Block, Parameters
from gmmx._core.layouts.layout cimport Layout
from gmmx._core.layouts.task cimport SECOND, EMPass
from gmmx._core.process.chunks cimport most_chunks
from gmmx._core.process.memory cimport take
from gmmx._core.vectors.simd cimport GROUP, LANES, real


cdef inline Py_ssize_t first_sums_size(const EMPass *task) noexcept nogil:
    """Return the doubles before the second moments: log likelihood, counts, first moments."""
    return 1 + task.n_components * (1 + task.n_features)


cdef inline Py_ssize_t partial_size(const EMPass *task, const Layout *layout) noexcept nogil:
    """Return the doubles in a row of partial sums."""
    cdef Py_ssize_t size = first_sums_size(task)
    if task.moments == SECOND:
        size += layout.written_size(task.n_components, task.n_features)
    return size


cdef inline Py_ssize_t largest_power_of_two(Py_ssize_t limit) noexcept nogil:
    """Return the largest power of 2 up to a limit: equal parts for most numbers of threads."""
    cdef Py_ssize_t power = 1
    while 2 * power <= limit:
        power *= 2
    return power


cdef inline Py_ssize_t lay_out_parameters(
    const EMPass *task, const Layout *layout, char *memory, Parameters *parameters
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
    parameters.factors = <real *>take(&free_bytes, layout.packed_size(K, D) * item)
    parameters.bounds = <real *>take(&free_bytes, 2 * item)
    return free_bytes - memory


cdef inline Py_ssize_t lay_out_block(
    const EMPass *task, const Layout *layout, char *memory, Block *block
) noexcept nogil:
    """Point a thread's buffers into memory, the sums last; return the bytes they take."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features
    cdef Py_ssize_t most = task.block_groups * GROUP
    cdef Py_ssize_t item = sizeof(real)
    cdef char *free_bytes = memory
    block.gathered = <real *>take(&free_bytes, most * D * item if task.order != NULL else 0)
    block.resp = <real *>take(&free_bytes, most * K * item)
    block.output_rows = <real *>take(&free_bytes, GROUP * K * item if task.resp != NULL else 0)
    block.log_prob = <real *>take(&free_bytes, most * item)
    block.nearest = <real *>take(&free_bytes, GROUP * item)
    layout.lay_out_buffers(task, &free_bytes, block)
    block.log_likelihood = <double *>take(&free_bytes, LANES * sizeof(double))
    block.counts = <double *>take(&free_bytes, K * LANES * sizeof(double))
    layout.lay_out_sums(task, &free_bytes, block)
    return free_bytes - memory


cdef inline void plan(EMPass *task, const Layout *layout) noexcept nogil:
    """Cut the samples into blocks and chunks, and set the memory that the pass needs."""
    cdef Py_ssize_t block = min(layout.block_size(task), task.n_samples + GROUP - 1)
    cdef Py_ssize_t blocks, chunks
    task.block_groups = max(<Py_ssize_t>1, block // GROUP)
    block = task.block_groups * GROUP
    task.partial_size = partial_size(task, layout)
    blocks = (task.n_samples + block - 1) // block
    chunks = largest_power_of_two(most_chunks(task.n_samples, task.partial_size))
    task.chunk_samples = (blocks + chunks - 1) // chunks * block
    task.n_chunks = (task.n_samples + task.chunk_samples - 1) // task.chunk_samples
    cdef Parameters parameters
    cdef Block scratch
    task.packed_size = lay_out_parameters(task, layout, NULL, &parameters)
    task.scratch_size = lay_out_block(task, layout, NULL, &scratch)
