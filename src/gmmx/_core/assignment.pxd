"""Assignment of a chunk of samples to their nearest centers, most by bounds alone.

Hamerly (2010), "Making k-means even faster".
"""

from libc.math cimport INFINITY, sqrt
from libc.string cimport memset

from gmmx._core.cluster_plan cimport BLOCK_SAMPLES, Parameters, lay_out
from gmmx._core.cluster_task cimport Clusters
from gmmx._core.nearest cimport (
    TILE_SAMPLES, center_row, largest_lane, padded, scores, smaller, sq_distance,
)
from gmmx._core.simd cimport LANES, broadcast, larger, load, real, vec, where_less


cdef struct Nearest:
    Py_ssize_t label
    real score
    real second  # score of the second nearest


cdef inline Nearest over_lanes(vec best, vec second, vec index) noexcept nogil:
    """The two largest scores; of equal ones the center with the smaller index counts."""
    cdef Nearest found
    cdef real label
    found.score = largest_lane(best)
    cdef vec score = broadcast(found.score)
    label = -largest_lane(-where_less(best, score, broadcast(INFINITY), index))
    second = where_less(broadcast(label), index, best, second)
    found.second = largest_lane(where_less(best, score, best, second))
    found.label = <Py_ssize_t>label
    return found


cdef inline Nearest compare_directly(
    const real *row, const real *centers, Py_ssize_t K, Py_ssize_t width
) noexcept nogil:
    """Scores with base 0, each to full accuracy."""
    cdef Nearest found
    cdef Py_ssize_t k
    cdef real score
    found.label, found.score, found.second = 0, -INFINITY, -INFINITY
    for k in range(K):
        score = -sq_distance(row, centers + k * width, width)
        if score > found.score:
            found.second = found.score
            found.score, found.label = score, k
        else:
            found.second = max(found.second, score)
    return found


cdef inline void move_sample(
    const real *row, Py_ssize_t D, double *sums, Py_ssize_t old, Py_ssize_t new
) noexcept nogil:
    """From one cluster's count and sum to another's."""
    cdef double *target = sums + new * (1 + D)
    cdef Py_ssize_t d
    target[0] += 1
    for d in range(D):
        target[1 + d] += row[d]
    if old >= 0:
        target = sums + old * (1 + D)
        target[0] -= 1
        for d in range(D):
            target[1 + d] -= row[d]


cdef inline void settle(
    const Clusters *task, const Parameters *parameters, const real *row, Py_ssize_t i,
    Nearest found, Py_ssize_t chunk,
) noexcept nogil:
    """Bounds and label of one sample; scores too close to tell apart are computed directly."""
    cdef Py_ssize_t D = task.n_features, width = padded(D)
    cdef Py_ssize_t old = -1 if task.is_first else task.labels[i]
    cdef real norm = 0, error, near, far
    if not task.direct:
        norm = sq_distance(row, parameters.zero, width)
        error = 4 * parameters.slack[0] * (norm + parameters.largest[0])
        if found.score - found.second <= error:
            found = compare_directly(row, parameters.centers, task.n_centers, width)
            norm = error = 0
    else:
        error = 0
    near = (norm - found.score) * (1 + 4 * parameters.slack[0]) + error
    far = (norm - found.second) * (1 - 4 * parameters.slack[0]) - error
    task.upper[i] = sqrt(max(<double>near, 0.0)) - task.moved[found.label]
    task.lower[i] = sqrt(max(<double>far, 0.0)) + task.passed[found.label]
    if found.label == old:
        return
    task.labels[i] = found.label
    if task.partial_changed[chunk] == 0:
        memset(task.partial_sums + chunk * task.partial_size, 0,
               task.partial_size * sizeof(double))
    task.partial_changed[chunk] += 1
    move_sample(row, D, task.partial_sums + chunk * task.partial_size, old, found.label)


cdef inline void assign_tile(
    const Clusters *task, const Parameters *parameters, const real **rows,
    const Py_ssize_t *indices, Py_ssize_t count, Py_ssize_t chunk,
) noexcept nogil:
    """Compare up to TILE_SAMPLES samples with all centers."""
    cdef Py_ssize_t K = task.n_centers, D = task.n_features, i, v
    cdef vec best[TILE_SAMPLES]
    cdef vec second[TILE_SAMPLES]
    cdef vec index[TILE_SAMPLES]
    cdef vec score[TILE_SAMPLES]
    cdef vec labels
    for i in range(TILE_SAMPLES):
        best[i] = broadcast(-INFINITY)
        second[i] = broadcast(-INFINITY)
        index[i] = broadcast(0)
    for v in range(padded(K) // LANES):
        labels = load(parameters.indices + v * LANES)
        scores(rows, D, task.direct, parameters.lanes + v * D * LANES,
               load(parameters.start + v * LANES), score)
        for i in range(TILE_SAMPLES):
            second[i] = larger(second[i], smaller(best[i], score[i]))
            index[i] = where_less(best[i], score[i], labels, index[i])
            best[i] = larger(best[i], score[i])
    for i in range(count):
        settle(task, parameters, rows[i], indices[i],
               over_lanes(best[i], second[i], index[i]), chunk)


cdef inline Py_ssize_t find_doubtful(
    const Clusters *task, const Parameters *parameters, Py_ssize_t start, Py_ssize_t stop,
    Py_ssize_t *indices,
) noexcept nogil:
    """Samples whose bounds do not say that their center is still the nearest; their number."""
    cdef Py_ssize_t count = 0, i, k
    cdef double upper, lower
    for i in range(start, stop):
        k = task.labels[i]
        upper = task.upper[i] + task.moved[k]
        lower = task.lower[i] - task.passed[k]
        indices[count] = i
        count += task.is_first | ((upper >= lower) & (upper >= parameters.half_gap[k]))
    return count


cdef inline Py_ssize_t tighten(
    const Clusters *task, const Parameters *parameters, const real **rows, Py_ssize_t n,
    Py_ssize_t *indices,
) noexcept nogil:
    """Keep samples that their exact distance leaves in doubt; return their number."""
    cdef Py_ssize_t width = padded(task.n_features), count = 0, i, j, k
    cdef double upper[BLOCK_SAMPLES]
    for j in range(n):
        k = task.labels[indices[j]]
        upper[j] = sqrt(sq_distance(rows[j], parameters.centers + k * width, width))
        upper[j] *= 1 + parameters.slack[0]
        task.upper[indices[j]] = upper[j] - task.moved[k]
    for j in range(n):
        i = indices[j]
        k = task.labels[i]
        rows[count], indices[count] = rows[j], i
        count += (upper[j] >= task.lower[i] - task.passed[k]) & (
            upper[j] >= parameters.half_gap[k])
    return count


cdef inline void assign_chunk(const Clusters *task, Py_ssize_t chunk, char *scratch) noexcept nogil:
    cdef Py_ssize_t D = task.n_features, width = padded(D), count, end, i
    cdef Py_ssize_t start = chunk * task.chunk_samples
    cdef Py_ssize_t stop = min(task.n_samples, start + task.chunk_samples)
    cdef const real *X = <const real *>task.X
    cdef real *centered = <real *>scratch
    cdef const real *rows[BLOCK_SAMPLES]
    cdef Py_ssize_t indices[BLOCK_SAMPLES]
    cdef Parameters parameters
    lay_out(task, task.packed, &parameters)
    memset(centered, 0, BLOCK_SAMPLES * width * sizeof(real))
    for i in range(BLOCK_SAMPLES):
        rows[i] = centered
    task.partial_changed[chunk] = 0
    while start < stop:
        end = min(stop, start + BLOCK_SAMPLES)
        count = find_doubtful(task, &parameters, start, end, indices)
        for i in range(count):
            rows[i] = centered + i * width
            center_row(X + indices[i] * D, parameters.mean, D,
                       X + indices[min(i + TILE_SAMPLES, count - 1)] * D, centered + i * width)
        if not task.is_first:
            count = tighten(task, &parameters, rows, count, indices)
        i = 0
        while i < count:
            assign_tile(task, &parameters, rows + i, indices + i,
                        min(<Py_ssize_t>TILE_SAMPLES, count - i), chunk)
            i += TILE_SAMPLES
        start = end
