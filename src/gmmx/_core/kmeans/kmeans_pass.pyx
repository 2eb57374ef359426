"""The passes of k-means over the samples: seeding, assignment, moments of clusters.

Compiled once for each instruction set and precision, as em_pass. The number of threads changes
neither the chunks nor the operations on a sample, so that results do not depend on it.
"""

from cpython.pycapsule cimport PyCapsule_New
from libc.string cimport memset

from gmmx._core.kmeans.assignment cimport assign_chunk
from gmmx._core.kmeans.nearest cimport padded
from gmmx._core.kmeans.plan cimport (
    Parameters, lay_out, plan, prepare, prepare_bounds, prepare_reach,
)
from gmmx._core.kmeans.seeding cimport approach_chunk, evaluate_chunk, measure_chunk
from gmmx._core.kmeans.task cimport ClusterKernels, Clusters, weight_of
from gmmx._core.process.pool cimport run_chunks
from gmmx._core.process.runtime cimport guard_forks
from gmmx._core.vectors.simd cimport LANES, add_widened, broadcast, load, real, vec

ctypedef void (*step_function)(
    const Clusters *task, Py_ssize_t chunk, char *scratch
) noexcept nogil

cdef struct Step:
    Clusters *task
    step_function function


cdef void run_step(void *step, Py_ssize_t chunk, int thread) noexcept nogil:
    cdef Clusters *task = (<Step *>step).task
    (<Step *>step).function(task, chunk, task.scratch + thread * task.scratch_size)


cdef void run(Clusters *task, step_function function, int n_threads) noexcept nogil:
    """Run a step for all chunks."""
    cdef Step step
    step.task, step.function = task, function
    run_chunks(&step, run_step, task.n_chunks, &task.progress, n_threads)


cdef void measure(Clusters *task, int n_threads) noexcept nogil:
    run(task, measure_chunk, n_threads)


cdef void approach(Clusters *task, int n_threads) noexcept nogil:
    run(task, approach_chunk, n_threads)


cdef void evaluate(Clusters *task, int n_threads) noexcept nogil:
    cdef Py_ssize_t chunk, k, i
    prepare(task)
    prepare_reach(task)
    run(task, evaluate_chunk, n_threads)
    for k in range(task.n_centers):
        task.potentials[k] = 0
        for chunk in range(task.n_chunks):
            for i in range(LANES):
                task.potentials[k] += task.partial_sums[chunk * task.partial_size + k * LANES + i]


cdef void assign(Clusters *task, int n_threads) noexcept nogil:
    cdef Py_ssize_t chunk, i
    prepare(task)
    prepare_bounds(task)
    run(task, assign_chunk, n_threads)
    task.n_changed = 0
    for chunk in range(task.n_chunks):
        if task.partial_changed[chunk] > 0:
            task.n_changed += task.partial_changed[chunk]
            for i in range(task.n_centers * (1 + task.n_features)):
                task.sums[i] += task.partial_sums[chunk * task.partial_size + i]


cdef void moments_chunk(const Clusters *task, Py_ssize_t chunk, char *scratch) noexcept nogil:
    """Counts, and sums of x - center and of its squares."""
    cdef Py_ssize_t D = task.n_features, width = padded(D), d, i, k, v
    cdef Py_ssize_t start = chunk * task.chunk_samples
    cdef double *sums = task.partial_sums + chunk * task.partial_size
    cdef double *count
    cdef double *first
    cdef double *second
    cdef const real *row
    cdef const real *center
    cdef vec difference, weighted
    cdef double weight
    cdef Parameters parameters
    lay_out(task, task.packed, &parameters)
    memset(sums, 0, task.partial_size * sizeof(double))
    for i in range(start, min(task.n_samples, start + task.chunk_samples)):
        k = 0 if task.labels == NULL else task.labels[i]
        row = <const real *>task.X + i * D
        center = parameters.centers + k * width
        count = sums + k * (1 + 2 * D)
        first = count + 1
        second = first + D
        weight = weight_of(task, i)
        count[0] += weight
        for v in range(D // LANES):
            difference = load(row + v * LANES) - load(center + v * LANES)
            weighted = broadcast(<real>weight) * difference
            add_widened(first + v * LANES, weighted)
            add_widened(second + v * LANES, weighted * difference)
        for d in range(D // LANES * LANES, D):
            first[d] += <real>weight * (row[d] - center[d])
            second[d] += <real>weight * (row[d] - center[d]) * (row[d] - center[d])


cdef void moments(Clusters *task, int n_threads) noexcept nogil:
    cdef Py_ssize_t chunk, i, size = task.n_centers * (1 + 2 * task.n_features)
    prepare(task)
    run(task, moments_chunk, n_threads)
    memset(task.moments, 0, size * sizeof(double))
    for chunk in range(task.n_chunks):
        for i in range(size):
            task.moments[i] += task.partial_sums[chunk * task.partial_size + i]


cdef ClusterKernels table
guard_forks()
table.plan = plan
table.measure = measure
table.approach = approach
table.evaluate = evaluate
table.assign = assign
table.moments = moments
kernels = PyCapsule_New(&table, "gmmx._core.ClusterKernels", NULL)
