"""K-means++ seeding of a chunk of samples: distances to the closest seed, and to trial seeds.

The pass skips a sample whose seed is so close that, by the triangle inequality, no trial can be
closer. Elkan (2003), "Using the triangle inequality to accelerate k-means".
"""

from libc.string cimport memset

from gmmx._core.kmeans.nearest cimport (
    TILE_CENTERS, pack_group, score_tile, smaller, sq_distance,
)
from gmmx._core.kmeans.plan cimport BLOCK_SAMPLES, Parameters, lay_out
from gmmx._core.kmeans.task cimport Clusters, weight_of
from gmmx._core.vectors.groups cimport sq_norms
from gmmx._core.vectors.simd cimport (
    GROUP, LANES, TILE_VECTORS, add_widened, broadcast, larger, load, real, store, vec,
)


cdef inline void measure_chunk(
    const Clusters *task, Py_ssize_t chunk, char *scratch
) noexcept nogil:
    cdef Py_ssize_t D = task.n_features, i
    cdef Py_ssize_t start = chunk * task.chunk_samples
    cdef const real *X = <const real *>task.X
    cdef const real *seed = X + task.rows[0] * D
    cdef double total = 0
    for i in range(start, min(task.n_samples, start + task.chunk_samples)):
        task.labels[i] = 0
        task.closest[i] = sq_distance(X + i * D, seed, D)
        total += weight_of(task, i) * task.closest[i]
    task.totals[chunk] = total


cdef inline void approach_block(
    long long *labels,     # INOUT (n,)
    double *closest,       # INOUT (n,)
    const real *distance,  # IN (n,) to the new seed
    const double *reach,
    long long seed,        # its label
    Py_ssize_t n,
) noexcept nogil:
    """Update labels and distances, in loops that a compiler vectorizes."""
    cdef double limit[BLOCK_SAMPLES]
    cdef long long closer[BLOCK_SAMPLES]
    cdef Py_ssize_t i
    for i in range(n):
        limit[i] = reach[labels[i]]
    for i in range(n):
        closer[i] = (closest[i] > limit[i]) & (distance[i] < closest[i])
        closest[i] = <double>distance[i] if closer[i] else closest[i]
    for i in range(n):
        labels[i] = seed if closer[i] else labels[i]


cdef inline void measure_block(
    const Clusters *task, Py_ssize_t start, Py_ssize_t stop, real *distance
) noexcept nogil:
    """Squared distances of samples in reach to the new seed."""
    cdef Py_ssize_t D = task.n_features, i
    cdef const real *X = <const real *>task.X
    cdef const real *seed = X + task.rows[task.best] * D
    for i in range(start, stop):
        if task.closest[i] > task.reach[task.labels[i]]:
            distance[i - start] = sq_distance(X + i * D, seed, D)


cdef inline void approach_chunk(
    const Clusters *task, Py_ssize_t chunk, char *scratch
) noexcept nogil:
    cdef Py_ssize_t start = chunk * task.chunk_samples, end
    cdef Py_ssize_t stop = min(task.n_samples, start + task.chunk_samples)
    cdef real room[BLOCK_SAMPLES]
    cdef const real *distance = room
    memset(room, 0, sizeof(room))
    while start < stop:
        end = min(stop, start + BLOCK_SAMPLES)
        if task.kept != NULL:
            distance = <const real *>task.kept + task.best * task.n_samples + start
        else:
            measure_block(task, start, end, room)
        approach_block(task.labels + start, task.closest + start, distance, task.reach,
                       task.n_seeds, end - start)
        start = end
    task.totals[chunk] = total_of(task, chunk)


cdef inline double total_of(const Clusters *task, Py_ssize_t chunk) noexcept nogil:
    """Sum of a chunk's closest distances, in several sums at a time."""
    cdef Py_ssize_t start = chunk * task.chunk_samples, i
    cdef Py_ssize_t stop = min(task.n_samples, start + task.chunk_samples)
    cdef double sums[8]
    memset(sums, 0, sizeof(sums))
    while stop - start >= 8:
        for i in range(8):
            sums[i] += weight_of(task, start + i) * task.closest[start + i]
        start += 8
    for i in range(stop - start):
        sums[i] += weight_of(task, start + i) * task.closest[start + i]
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))


cdef inline void evaluate_tile(
    const Clusters *task, const Parameters *parameters, const real *group,
    const Py_ssize_t *indices, Py_ssize_t n, Py_ssize_t first, Py_ssize_t count,
    const vec *closest, const vec *norm, const vec *weight, double *sums,
) noexcept nogil:
    """Add up the closest distances that would remain with each of a tile of trials."""
    cdef Py_ssize_t D = task.n_features, i, j, v
    cdef real *kept = <real *>task.kept
    cdef real distances[GROUP]
    cdef vec score[TILE_CENTERS][TILE_VECTORS]
    cdef vec distance, total
    if task.direct:
        score_tile(group, D, True, parameters.factors + first * D, parameters.start + first,
                   count, score)
    else:
        score_tile(group, D, False, parameters.factors + first * D, parameters.start + first,
                   count, score)
    for j in range(count):
        total = broadcast(0)
        for v in range(TILE_VECTORS):
            distance = larger(norm[v] - score[j][v], broadcast(0))
            total = total + weight[v] * smaller(closest[v], distance)
            store(distances + v * LANES, distance)
        add_widened(sums + (first + j) * LANES, total)
        if kept != NULL:
            for i in range(n):
                kept[(first + j) * task.n_samples + indices[i]] = distances[i]


cdef inline void evaluate_group(
    const Clusters *task, const Parameters *parameters, const Py_ssize_t *indices, Py_ssize_t n,
    real *group, double *sums,
) noexcept nogil:
    cdef Py_ssize_t D = task.n_features, K = task.n_centers, first = 0, i, v
    cdef real near[GROUP]
    cdef real weights[GROUP]
    cdef vec closest[TILE_VECTORS]
    cdef vec weight[TILE_VECTORS]
    cdef vec norm[TILE_VECTORS]
    pack_group(<const real *>task.X, indices, n, D, parameters.mean, group,
               group + D * GROUP)
    for i in range(GROUP):
        near[i] = <real>task.closest[indices[i]] if i < n else 0
        weights[i] = <real>weight_of(task, indices[i]) if i < n else 0
    for v in range(TILE_VECTORS):
        closest[v] = load(near + v * LANES)
        weight[v] = load(weights + v * LANES)
        norm[v] = broadcast(0)
    if not task.direct:
        sq_norms(group, D, norm)
    while K - first >= 4:
        evaluate_tile(task, parameters, group, indices, n, first, 4, closest, norm, weight, sums)
        first += 4
    if K - first == 3:
        evaluate_tile(task, parameters, group, indices, n, first, 3, closest, norm, weight, sums)
    elif K - first == 2:
        evaluate_tile(task, parameters, group, indices, n, first, 2, closest, norm, weight, sums)
    elif K - first == 1:
        evaluate_tile(task, parameters, group, indices, n, first, 1, closest, norm, weight, sums)


cdef inline Py_ssize_t find_reachable(
    const Clusters *task, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t *indices
) noexcept nogil:
    """Collect the samples to which a trial may be closer than their seed; return their number."""
    cdef Py_ssize_t count = 0, i
    for i in range(start, stop):
        indices[count] = i
        count += task.closest[i] > task.reach[task.labels[i]]
    return count


cdef inline void evaluate_chunk(
    const Clusters *task, Py_ssize_t chunk, char *scratch
) noexcept nogil:
    cdef Py_ssize_t start = chunk * task.chunk_samples, count = 0, end
    cdef Py_ssize_t stop = min(task.n_samples, start + task.chunk_samples)
    cdef Py_ssize_t indices[BLOCK_SAMPLES + GROUP]
    cdef double *sums = task.partial_sums + chunk * task.partial_size
    cdef real *group = <real *>scratch
    cdef Parameters parameters
    lay_out(task, task.packed, &parameters)
    memset(sums, 0, task.n_centers * LANES * sizeof(double))
    while start < stop:
        end = min(stop, start + BLOCK_SAMPLES)
        count += find_reachable(task, start, end, indices + count)
        while count >= GROUP:
            count -= GROUP
            evaluate_group(task, &parameters, indices + count, GROUP, group, sums)
        start = end
    if count > 0:
        evaluate_group(task, &parameters, indices, count, group, sums)
