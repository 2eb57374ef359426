"""How a pass of k-means is cut into chunks, and where its centers lie."""

from libc.math cimport INFINITY
from libc.string cimport memset

from gmmx._core.kmeans.nearest cimport center_row, pack_centers, padded, sq_distance
from gmmx._core.kmeans.task cimport Clusters
from gmmx._core.process.chunks cimport most_chunks
from gmmx._core.process.memory cimport take
from gmmx._core.vectors.simd cimport GROUP, LANES, real


cdef enum:
    BLOCK_SAMPLES = 256  # whose bounds are looked at in one go


cdef struct Parameters:
    real *mean       # (width,)
    real *centers    # (K, width) padded with zeros
    real *factors    # (K, D) of scores
    real *start      # (K,) of scores
    real *slack      # (1,) bound on the rounding errors of squared distances, relative
    real *largest    # (1,) squared norm of a center


cdef inline Py_ssize_t lay_out(const Clusters *task, char *memory, Parameters *to) noexcept nogil:
    """Point the parameters into memory; return the bytes they take."""
    cdef Py_ssize_t K = task.n_centers, D = task.n_features, width = padded(D)
    cdef char *free_bytes = memory
    to.mean = <real *>take(&free_bytes, width * sizeof(real))
    to.centers = <real *>take(&free_bytes, K * width * sizeof(real))
    to.factors = <real *>take(&free_bytes, K * D * sizeof(real))
    to.start = <real *>take(&free_bytes, K * sizeof(real))
    to.slack = <real *>take(&free_bytes, sizeof(real))
    to.largest = <real *>take(&free_bytes, sizeof(real))
    return free_bytes - memory


cdef inline void plan(Clusters *task) noexcept nogil:
    cdef Py_ssize_t D = task.n_features, K = task.n_centers, n = task.n_samples, chunks
    cdef Parameters parameters
    task.partial_size = K * max(1 + 2 * D, <Py_ssize_t>LANES)
    chunks = most_chunks(n, task.partial_size)
    task.chunk_samples = (n + chunks - 1) // chunks
    task.n_chunks = (n + task.chunk_samples - 1) // task.chunk_samples
    task.packed_size = lay_out(task, NULL, &parameters)
    task.scratch_size = (GROUP + LANES) * padded(D) * <Py_ssize_t>sizeof(real)  # whole cache lines


cdef inline void prepare(const Clusters *task) noexcept nogil:
    """Centers and the factors of their scores, in the samples' precision."""
    cdef Py_ssize_t K = task.n_centers, D = task.n_features, width = padded(D), d, k
    cdef const real *X = <const real *>task.X
    cdef Parameters to
    memset(task.packed, 0, task.packed_size)
    lay_out(task, task.packed, &to)
    for d in range(D):
        to.mean[d] = <real>task.mean[d]
    for k in range(K):
        if task.centers == NULL:
            center_row(X + task.rows[k] * D, to.mean, D, to.centers + k * width)
        else:
            for d in range(D):
                to.centers[k * width + d] = <real>task.centers[k * D + d]
    pack_centers(to.centers, K, D, width, task.direct, to.factors, to.start)


cdef inline void prepare_bounds(const Clusters *task) noexcept nogil:
    """Compute the bounds on rounding errors of scores."""
    cdef Py_ssize_t k
    cdef Parameters to
    lay_out(task, task.packed, &to)
    to.slack[0] = (task.n_features + 8) * (<real>1.2e-7 if sizeof(real) == 4 else <real>2.3e-16)
    to.largest[0] = 0
    for k in range(task.n_centers):
        to.largest[0] = max(to.largest[0], -to.start[k])


cdef inline void prepare_reach(const Clusters *task) noexcept nogil:
    """Compute, for each seed, the squared distance up to which no trial is closer to a sample."""
    cdef Py_ssize_t D = task.n_features, j, k
    cdef const real *X = <const real *>task.X
    cdef double quarter
    for k in range(task.n_seeds):
        task.reach[k] = INFINITY
        for j in range(task.n_centers):
            quarter = 0.25 * sq_distance(X + task.seeds[k] * D, X + task.rows[j] * D, D)
            task.reach[k] = min(task.reach[k], quarter)
