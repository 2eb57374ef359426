"""K-means++ seeding of a chunk of samples: distances to the closest seed, and to trial seeds."""

from libc.math cimport INFINITY
from libc.string cimport memset

from gmmx._core.cluster_plan cimport Parameters, lay_out
from gmmx._core.cluster_task cimport Clusters
from gmmx._core.nearest cimport (
    TILE_SAMPLES, center_row, padded, scores, smaller, sq_distance,
)
from gmmx._core.simd cimport LANES, add_widened, broadcast, load, real, store, vec


cdef inline void approach_chunk(
    const Clusters *task, Py_ssize_t chunk, char *scratch
) noexcept nogil:
    cdef Py_ssize_t D = task.n_features, i
    cdef Py_ssize_t start = chunk * task.chunk_samples
    cdef const real *X = <const real *>task.X
    cdef const real *seed = X + task.rows[task.best] * D
    cdef const real *kept = <const real *>task.kept
    cdef real distance
    cdef double total = 0
    for i in range(start, min(task.n_samples, start + task.chunk_samples)):
        if kept != NULL:
            distance = kept[i * task.row_size + task.best]
            distance = distance if distance > 0 else 0
        else:
            distance = sq_distance(X + i * D, seed, D)
        task.closest[i] = min(task.closest[i], <double>distance)
        total += task.closest[i]
    task.totals[chunk] = total


cdef inline void measure_chunk(
    const Clusters *task, Py_ssize_t chunk, char *scratch
) noexcept nogil:
    cdef Py_ssize_t D = task.n_features, i
    cdef Py_ssize_t start = chunk * task.chunk_samples
    cdef Parameters parameters
    lay_out(task, task.packed, &parameters)
    for i in range(start, min(task.n_samples, start + task.chunk_samples)):
        task.closest[i] = INFINITY
        task.norms[i] = sq_distance(<const real *>task.X + i * D, parameters.mean, D)
    approach_chunk(task, chunk, scratch)


cdef inline void evaluate_chunk(
    const Clusters *task, Py_ssize_t chunk, char *scratch
) noexcept nogil:
    cdef Py_ssize_t K = task.n_centers, D = task.n_features, width = padded(D), i, j, v
    cdef Py_ssize_t start = chunk * task.chunk_samples
    cdef Py_ssize_t stop = min(task.n_samples, start + task.chunk_samples)
    cdef const real *X = <const real *>task.X
    cdef real *rows = <real *>scratch
    cdef double *sums = task.partial_sums + chunk * task.partial_size
    cdef const real *pointers[TILE_SAMPLES]
    cdef real *kept = <real *>task.kept
    cdef real base[TILE_SAMPLES]
    cdef real closest[TILE_SAMPLES]
    cdef vec score[TILE_SAMPLES]
    cdef vec total
    cdef Parameters parameters
    lay_out(task, task.packed, &parameters)
    memset(sums, 0, padded(K) * sizeof(double))
    for i in range(TILE_SAMPLES):
        pointers[i] = rows + i * width
    while start < stop:
        if stop - start < TILE_SAMPLES:
            memset(rows, 0, TILE_SAMPLES * width * sizeof(real))
        for i in range(TILE_SAMPLES):
            closest[i] = base[i] = 0
            j = start + i
            if j < stop:
                center_row(X + j * D, parameters.mean, D, X + (j + TILE_SAMPLES) * D,
                           rows + i * width)
                base[i] = 0 if task.direct else <real>task.norms[j]
                closest[i] = <real>(task.closest[j] - base[i])
        for v in range(padded(K) // LANES):
            scores(pointers, D, task.direct, parameters.lanes + v * D * LANES,
                   load(parameters.start + v * LANES), score)
            total = broadcast(0)
            for i in range(TILE_SAMPLES):
                total = total + smaller(broadcast(closest[i]), -score[i])
            add_widened(sums + v * LANES, total)
            if kept != NULL:
                for i in range(min(<Py_ssize_t>TILE_SAMPLES, stop - start)):
                    store(kept + (start + i) * task.row_size + v * LANES,
                          broadcast(base[i]) - score[i])
        start += TILE_SAMPLES
