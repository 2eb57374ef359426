"""How a pass of k-means is cut into chunks, and where its centers lie."""

from libc.math cimport INFINITY, sqrt
from libc.string cimport memset

from gmmx._core.cluster_task cimport Clusters
from gmmx._core.nearest cimport center_row, pack_centers, padded, sq_distance
from gmmx._core.simd cimport real


cdef enum:
    ALIGNMENT = 64
    LARGEST_N_CHUNKS = 64
    PARTIAL_BYTES = 32 * 1024 * 1024
    SMALLEST_CHUNK = 1024  # samples
    BLOCK_SAMPLES = 64     # centered at a time, whole tiles


cdef struct Parameters:
    real *mean       # (width,)
    real *zero       # (width,)
    real *centers    # (K, width) padded with zeros
    real *lanes      # (padded K / LANES, D, LANES)
    real *start      # (padded K,)
    real *indices    # (padded K,) 0, 1, 2, ...
    real *half_gap   # (K,) half the distance to the closest other center
    real *slack      # (1,) bound on the rounding errors of squared distances, relative
    real *largest    # (1,) squared norm of a center


cdef inline real *take(char **free_bytes, Py_ssize_t size) noexcept nogil:
    cdef char *taken = free_bytes[0]
    size *= sizeof(real)
    free_bytes[0] += (size + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
    return <real *>taken


cdef inline Py_ssize_t lay_out(const Clusters *task, char *memory, Parameters *to) noexcept nogil:
    """Point the parameters into memory; return the bytes they take."""
    cdef Py_ssize_t K = task.n_centers, D = task.n_features, width = padded(D)
    cdef char *free_bytes = memory
    to.mean = take(&free_bytes, width)
    to.zero = take(&free_bytes, width)
    to.centers = take(&free_bytes, K * width)
    to.lanes = take(&free_bytes, padded(K) * D)
    to.start = take(&free_bytes, padded(K))
    to.indices = take(&free_bytes, padded(K))
    to.half_gap = take(&free_bytes, K)
    to.slack = take(&free_bytes, 1)
    to.largest = take(&free_bytes, 1)
    return free_bytes - memory


cdef inline void plan(Clusters *task) noexcept nogil:
    cdef Py_ssize_t D = task.n_features, K = task.n_centers, n = task.n_samples, chunks
    cdef Parameters parameters
    task.row_size = padded(K)
    task.partial_size = max(K * (1 + 2 * D), task.row_size)
    chunks = PARTIAL_BYTES // (task.partial_size * <Py_ssize_t>sizeof(double))
    chunks = max(<Py_ssize_t>1, min(min(chunks, <Py_ssize_t>LARGEST_N_CHUNKS), n // SMALLEST_CHUNK))
    task.chunk_samples = (n + chunks - 1) // chunks
    task.n_chunks = (n + task.chunk_samples - 1) // task.chunk_samples
    task.packed_size = lay_out(task, NULL, &parameters)
    task.scratch_size = BLOCK_SAMPLES * padded(D) * sizeof(real)  # whole cache lines


cdef inline void prepare(const Clusters *task, real unused) noexcept nogil:
    """Centers in the order in which the kernels read them, and the gaps between them."""
    cdef Py_ssize_t K = task.n_centers, D = task.n_features, width = padded(D), d, k
    cdef const real *X = <const real *>task.X
    cdef Parameters to
    memset(task.packed, 0, task.packed_size)
    lay_out(task, task.packed, &to)
    for d in range(D):
        to.mean[d] = <real>task.mean[d]
    for k in range(K):
        if task.centers == NULL:
            center_row(X + task.rows[k] * D, to.mean, D, X, to.centers + k * width)
        else:
            for d in range(D):
                to.centers[k * width + d] = <real>task.centers[k * D + d]
    pack_centers(to.centers, K, D, width, task.direct, unused, to.lanes, to.start)
    for k in range(padded(K)):
        to.indices[k] = <real>k


cdef inline void prepare_bounds(const Clusters *task) noexcept nogil:
    cdef Py_ssize_t K = task.n_centers, width = padded(task.n_features), j, k
    cdef real gap
    cdef Parameters to
    lay_out(task, task.packed, &to)
    to.slack[0] = (task.n_features + 8) * (<real>1.2e-7 if sizeof(real) == 4 else <real>2.3e-16)
    to.largest[0] = 0
    for k in range(K):
        to.half_gap[k] = INFINITY
        to.largest[0] = max(to.largest[0], -to.start[k])
    for k in range(K):
        for j in range(k):
            gap = sq_distance(to.centers + j * width, to.centers + k * width, width)
            gap = <real>(0.5 * sqrt(gap)) * (1 - to.slack[0])
            to.half_gap[j] = min(to.half_gap[j], gap)
            to.half_gap[k] = min(to.half_gap[k], gap)
