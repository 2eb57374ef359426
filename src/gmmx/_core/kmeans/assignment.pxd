"""Assignment of a chunk of samples to their nearest centers, most by bounds alone.

Hamerly (2010), "Making k-means even faster".
"""

from libc.math cimport INFINITY, sqrt
from libc.string cimport memset

from gmmx._core.kmeans.nearest cimport (
    TILE_CENTERS, center_row, pack_group, padded, score_tile, smaller, sq_distance,
)
from gmmx._core.kmeans.plan cimport BLOCK_SAMPLES, Parameters, lay_out
from gmmx._core.kmeans.task cimport Clusters, weight_of
from gmmx._core.vectors.groups cimport sq_norms
from gmmx._core.vectors.simd cimport (
    GROUP, LANES, TILE_VECTORS, broadcast, larger, real, store, vec, where_less,
)


cdef struct Nearest:  # of the samples of a group
    real label[GROUP]
    real score[GROUP]
    real second[GROUP]  # score of the second nearest
    real norm[GROUP]    # base of the scores
    double margin[GROUP]  # at most this much nearer is the nearest


cdef inline void compare_tile(
    const real *group, Py_ssize_t D, bint direct, const real *factors, const real *start,
    Py_ssize_t first, Py_ssize_t count, vec *best, vec *second, vec *label,
) noexcept nogil:
    """Update the two largest scores with a tile of centers; of equal scores the first counts."""
    cdef vec score[TILE_CENTERS][TILE_VECTORS]
    cdef vec k
    cdef Py_ssize_t j, v
    if direct:
        score_tile(group, D, True, factors + first * D, start + first, count, score)
    else:
        score_tile(group, D, False, factors + first * D, start + first, count, score)
    for j in range(count):
        k = broadcast(<real>(first + j))
        for v in range(TILE_VECTORS):
            second[v] = larger(second[v], smaller(best[v], score[j][v]))
            label[v] = where_less(best[v], score[j][v], k, label[v])
            best[v] = larger(best[v], score[j][v])


cdef inline void find_nearest(
    const real *group, Py_ssize_t D, Py_ssize_t K, bint direct, const Parameters *parameters,
    Nearest *found,
) noexcept nogil:
    cdef vec best[TILE_VECTORS]
    cdef vec second[TILE_VECTORS]
    cdef vec label[TILE_VECTORS]
    cdef vec norm[TILE_VECTORS]
    cdef const real *factors = parameters.factors
    cdef const real *start = parameters.start
    cdef Py_ssize_t k = 0, v
    for v in range(TILE_VECTORS):
        best[v] = broadcast(-INFINITY)
        second[v] = broadcast(-INFINITY)
        label[v] = broadcast(0)
        norm[v] = broadcast(0)
    while K - k >= 4:
        compare_tile(group, D, direct, factors, start, k, 4, best, second, label)
        k += 4
    if K - k == 3:
        compare_tile(group, D, direct, factors, start, k, 3, best, second, label)
    elif K - k == 2:
        compare_tile(group, D, direct, factors, start, k, 2, best, second, label)
    elif K - k == 1:
        compare_tile(group, D, direct, factors, start, k, 1, best, second, label)
    if not direct:
        sq_norms(group, D, norm)
    for v in range(TILE_VECTORS):
        store(found.label + v * LANES, label[v])
        store(found.score + v * LANES, best[v])
        store(found.second + v * LANES, second[v])
        store(found.norm + v * LANES, norm[v])


cdef inline double margin_of(real near, real far, real slack, real error) noexcept nogil:
    """Lower bound on the difference of distances whose squares are known up to rounding."""
    near = near * (1 + 4 * slack) + error
    far = far * (1 - 4 * slack) - error
    return sqrt(far if far > 0 else 0) - sqrt(near if near > 0 else 0)


cdef inline void compare_directly(
    const real *row, const real *centers, Py_ssize_t K, Py_ssize_t D, Py_ssize_t i,
    real slack, Nearest *found,
) noexcept nogil:
    """Compare sample i of a group with all centers by squared distances of full accuracy."""
    cdef Py_ssize_t k
    cdef real distance, near = INFINITY, far = INFINITY
    for k in range(K):
        distance = sq_distance(row, centers + k * padded(D), D)
        if distance < near:
            far = near
            near, found.label[i] = distance, <real>k
        else:
            far = min(far, distance)
    found.margin[i] = margin_of(near, far, slack, 0)


cdef inline void change_label(
    const Clusters *task, const real *mean, Py_ssize_t i, Py_ssize_t label, Py_ssize_t chunk
) noexcept nogil:
    """Move a sample from the count and sum of its old cluster to those of the new one."""
    cdef Py_ssize_t D = task.n_features, old = task.labels[i], d
    cdef const real *row = <const real *>task.X + i * D
    cdef double *sums = task.partial_sums + chunk * task.partial_size
    cdef double *target = sums + label * (1 + D)
    cdef double weight = weight_of(task, i)
    if task.partial_changed[chunk] == 0:
        memset(sums, 0, task.partial_size * sizeof(double))
    task.partial_changed[chunk] += 1
    task.labels[i] = label
    target[0] += weight
    for d in range(D):
        target[1 + d] += weight * (row[d] - mean[d])
    if old >= 0:
        target = sums + old * (1 + D)
        target[0] -= weight
        for d in range(D):
            target[1 + d] -= weight * (row[d] - mean[d])


cdef inline void settle(
    const Clusters *task, const real *mean, const Py_ssize_t *indices, Py_ssize_t count,
    const Nearest *found, Py_ssize_t chunk,
) noexcept nogil:
    """Store the bounds and labels of a group."""
    cdef double *margin = task.margin
    cdef const double *drift = task.drift
    cdef const long long *labels = task.labels
    cdef Py_ssize_t i, label
    for i in range(count):
        label = <Py_ssize_t>found.label[i]
        margin[indices[i]] = found.margin[i] + drift[label]
        if label != labels[indices[i]]:
            change_label(task, mean, indices[i], label, chunk)


cdef inline void assign_group(
    const Clusters *task, const Parameters *parameters, const Py_ssize_t *indices,
    Py_ssize_t count, Py_ssize_t chunk, real *group,
) noexcept nogil:
    """Compare up to GROUP samples with all centers; close scores are computed directly."""
    cdef Py_ssize_t K = task.n_centers, D = task.n_features, i
    cdef const real *X = <const real *>task.X
    cdef const real *mean = parameters.mean
    cdef real slack = parameters.slack[0], largest = parameters.largest[0]
    cdef real *row = group + D * GROUP
    cdef real error[GROUP]
    cdef Nearest found
    pack_group(X, indices, count, D, mean, group, row)
    find_nearest(group, D, K, task.direct, parameters, &found)
    for i in range(GROUP):
        error[i] = 0 if task.direct else 4 * slack * (found.norm[i] + largest)
        found.margin[i] = margin_of(
            found.norm[i] - found.score[i], found.norm[i] - found.second[i], slack, error[i])
    if not task.direct:
        for i in range(count):
            if found.score[i] - found.second[i] <= error[i]:
                center_row(X + indices[i] * D, mean, D, row)
                compare_directly(row, parameters.centers, K, D, i, slack, &found)
    settle(task, mean, indices, count, &found, chunk)


cdef inline Py_ssize_t find_doubtful(
    const Clusters *task, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t *indices
) noexcept nogil:
    """Collect the samples whose nearest center the bounds leave open; return their number."""
    cdef Py_ssize_t count = 0, i
    for i in range(start, stop):
        indices[count] = i
        count += task.is_first or task.margin[i] <= task.drift[task.labels[i]]
    return count


cdef inline void assign_chunk(const Clusters *task, Py_ssize_t chunk, char *scratch) noexcept nogil:
    cdef Py_ssize_t start = chunk * task.chunk_samples, count = 0, end
    cdef Py_ssize_t stop = min(task.n_samples, start + task.chunk_samples)
    cdef Py_ssize_t indices[BLOCK_SAMPLES + GROUP]
    cdef Parameters parameters
    lay_out(task, task.packed, &parameters)
    task.partial_changed[chunk] = 0
    while start < stop:
        end = min(stop, start + BLOCK_SAMPLES)
        count += find_doubtful(task, start, end, indices + count)
        while count >= GROUP:
            count -= GROUP
            assign_group(task, &parameters, indices + count, GROUP, chunk, <real *>scratch)
        start = end
    if count > 0:
        assign_group(task, &parameters, indices, count, chunk, <real *>scratch)
