"""Passes of k-means, as Python calls them: checks arguments and provides memory."""

import numpy as np

from cpython.exc cimport PyErr_CheckSignals
from cpython.mem cimport PyMem_Free
from cpython.pycapsule cimport PyCapsule_GetPointer
from cython cimport floating
from libc.math cimport sqrt
from libc.string cimport memset

from gmmx._core.interface.passes cimport allocate, threads_in_use
from gmmx._core.kmeans.task cimport ClusterKernels, Clusters, run_clusters, weight_of
from gmmx._core.process.host cimport progress_for, propagate, release_threads, reserve_threads
from gmmx._core.process.memory cimport ALIGNMENT, align


cdef enum:
    # Distances to trial seeds are kept, for use with the chosen one, up to this number,
    KEPT_DISTANCES = 1 << 17
    KEPT_SHARE = 2       # or up to the size of X divided by this
    FEWEST_FEATURES = 5  # for which saved multiplications outweigh the computation of norms

# Below so many multiplications a second thread costs more than it gains.
cdef double SMALL_WORK = 2e5

cdef const ClusterKernels *double_kernels = NULL
cdef const ClusterKernels *single_kernels = NULL


def install(double_table, single_table):
    """Use these kernels, capsules of kmeans_pass modules, from now on."""
    global double_kernels, single_kernels
    double_kernels = <const ClusterKernels *>PyCapsule_GetPointer(
        double_table, "gmmx._core.ClusterKernels")
    single_kernels = <const ClusterKernels *>PyCapsule_GetPointer(
        single_table, "gmmx._core.ClusterKernels")


cdef class Memory:
    """Memory that a pass needs while it runs."""

    cdef char *start

    def __dealloc__(self):
        PyMem_Free(self.start)

    cdef int provide(self, Clusters *task, int n_threads) except -1:
        cdef Py_ssize_t n_sums = task.n_chunks * task.partial_size
        cdef Py_ssize_t scratch_size = n_threads * task.scratch_size
        self.start = allocate(
            task.packed_size + scratch_size + 2 * ALIGNMENT
            + n_sums * <Py_ssize_t>sizeof(double) + task.n_chunks * <Py_ssize_t>sizeof(long long))
        task.packed = align(self.start)
        task.scratch = align(task.packed + task.packed_size)
        task.partial_sums = <double *>align(task.scratch + scratch_size)
        task.partial_changed = <long long *>(task.partial_sums + n_sums)
        return 0


cdef int usable_threads(const Clusters *task, int n_threads) noexcept:
    cdef double work = <double>task.n_samples * task.n_features * task.n_centers
    return 1 if work < SMALL_WORK else max(1, min(n_threads, <int>task.n_chunks))


cdef int run(run_clusters function, Clusters *task, int n_threads) except -1:
    """A pass without the GIL, with its share of the threads, unless a signal handler ends it."""
    task.progress = progress_for(<double>task.n_samples * task.n_features * task.n_centers)
    with nogil:
        n_threads = reserve_threads(&threads_in_use, n_threads)
        function(task, n_threads)
        release_threads(&threads_in_use, n_threads)
    return propagate(-1 if task.progress.signals.is_cancelled else 0)


cdef Py_ssize_t drawn(const Clusters *task, double value) noexcept nogil:
    """The first sample up to which squared distances to the closest seed sum to `value`."""
    cdef Py_ssize_t chunk = 0, i
    cdef double total = 0
    while chunk < task.n_chunks - 1 and total + task.totals[chunk] < value:
        total += task.totals[chunk]
        chunk += 1
    cdef Py_ssize_t start = chunk * task.chunk_samples
    cdef Py_ssize_t stop = min(task.n_samples, start + task.chunk_samples)
    for i in range(start, stop):
        total += weight_of(task, i) * task.closest[i]
        if total >= value:
            return i
    return stop - 1


cdef double potential(const Clusters *task) noexcept nogil:
    cdef double total = 0
    cdef Py_ssize_t chunk
    for chunk in range(task.n_chunks):
        total += task.totals[chunk]
    return total


def kmeans_plusplus(
    const floating[:, ::1] X,     # IN (n, D)
    const double[::1] mean,       # IN (D,) of X
    Py_ssize_t first,             # the first seed
    const double[:, ::1] draws,   # IN (K - 1, n_trials) uniform from 0 to 1
    int n_threads,
    const double[::1] weight=None,  # IN (n,) of the samples
):
    """Return the samples chosen as seeds: of a few trials each that of the smallest potential."""
    cdef Py_ssize_t n = X.shape[0], K = 1 + draws.shape[0], n_trials = max(1, draws.shape[1])
    cdef Py_ssize_t k, j
    cdef const ClusterKernels *kernels = double_kernels if floating is double else single_kernels
    cdef double left, total, digits = 1e-8 if floating is double else 1e-3
    if not 0 <= first < n or mean.shape[0] != X.shape[1] or (K > 1 and draws.shape[1] < 1):
        raise ValueError("expected the index of a sample, a mean of X, and draws")
    cdef double[::1] closest = np.empty(n), reach = np.empty(K), potentials = np.empty(n_trials)
    cdef long long[::1] labels = np.empty(n, np.int64)
    cdef long long[::1] trials = np.empty(n_trials, np.int64), seeds = np.empty(K, np.int64)
    trials[:] = first
    seeds[:] = first
    cdef Clusters task
    memset(&task, 0, sizeof(Clusters))
    task.X, task.n_samples, task.n_features = &X[0, 0], n, X.shape[1]
    set_weight(&task, weight)
    task.n_centers, task.rows, task.mean = n_trials, &trials[0], &mean[0]
    task.closest, task.reach, task.potentials = &closest[0], &reach[0], &potentials[0]
    task.seeds, task.labels = &seeds[0], &labels[0]
    kernels.plan(&task)
    n_threads = usable_threads(&task, n_threads)
    memory = Memory()
    memory.provide(&task, n_threads)
    cdef double[::1] totals = np.empty(task.n_chunks)
    task.totals = &totals[0]
    cdef floating[::1] distances
    cdef void *room = NULL
    if n * n_trials <= max(KEPT_DISTANCES, n * X.shape[1] // KEPT_SHARE):
        distances = np.empty(n * n_trials, np.float64 if floating is double else np.float32)
        room = &distances[0]
    run(kernels.measure, &task, n_threads)
    task.kept = room
    total = left = potential(&task)
    for k in range(1, K):
        task.direct = task.n_features < FEWEST_FEATURES or left < digits * total
        task.n_seeds = k
        with nogil:
            for j in range(n_trials):
                trials[j] = drawn(&task, left * draws[k - 1, j])
        run(kernels.evaluate, &task, n_threads)
        task.best = 0
        for j in range(n_trials):
            if potentials[j] < potentials[task.best]:
                task.best = j
        run(kernels.approach, &task, n_threads)
        seeds[k] = trials[task.best]
        left = potential(&task)
        PyErr_CheckSignals()
    return seeds.base


def cluster_moments(
    const floating[:, ::1] X,          # IN (n, D)
    const double[:, ::1] origin,       # IN (K, D)
    int n_threads,
    *,
    const long long[::1] labels=None,  # IN (n,) from 0 to K - 1; without, K is 1
    const double[::1] weight=None,     # IN (n,) of the samples
):
    """Counts, sums of x - origin and of their squares: (K, 1 + 2 D)."""
    cdef Py_ssize_t n = X.shape[0], D = X.shape[1], K = origin.shape[0], i
    cdef const ClusterKernels *kernels = double_kernels if floating is double else single_kernels
    cdef double[::1] mean = np.zeros(D)
    cdef double[:, ::1] sums = np.empty((K, 1 + 2 * D))
    cdef Clusters task
    memset(&task, 0, sizeof(Clusters))
    if origin.shape[1] != D or n < 1 or K < 1 or (labels is None and K != 1):
        raise ValueError("expected samples, origins with their features, and labels")
    if labels is not None:
        if labels.shape[0] != n:
            raise ValueError(f"expected {n} labels, got {labels.shape[0]}")
        for i in range(n):
            if not 0 <= labels[i] < K:
                raise ValueError(f"label {labels[i]} is not from 0 to {K - 1}")
        task.labels = <long long *>&labels[0]
    task.X, task.n_samples, task.n_features, task.n_centers = &X[0, 0], n, D, K
    set_weight(&task, weight)
    task.mean, task.centers, task.moments = &mean[0], &origin[0, 0], &sums[0, 0]
    kernels.plan(&task)
    n_threads = usable_threads(&task, n_threads)
    memory = Memory()
    memory.provide(&task, n_threads)
    run(kernels.moments, &task, n_threads)
    return sums.base


cdef int set_weight(Clusters *task, const double[::1] weight) except -1:
    """Let samples count by their weights."""
    if weight is not None:
        if weight.shape[0] != task.n_samples:
            raise ValueError(f"expected {task.n_samples} weights, got {weight.shape[0]}")
        task.weight = &weight[0]


cdef class Assignment:
    """Samples assigned to the nearest of some centers, and again when the centers have moved.

    Attributes
    ----------
    labels : ndarray of shape (n_samples,)
        Nearest center of each sample.
    counts : ndarray of shape (n_centers,)
        Weight of the samples of each center.
    totals : ndarray of shape (n_centers, n_features)
        Their weighted sums, less `mean` each.
    centers : ndarray of shape (n_centers, n_features)
        Less `mean`.

    References
    ----------
    Hamerly (2010), "Making k-means even faster".
    """

    cdef readonly object labels, counts, totals, centers
    cdef object arrays
    cdef Memory memory
    cdef Clusters task
    cdef const ClusterKernels *kernels
    cdef double[::1] drift
    cdef double smallest_weight
    cdef double[:, ::1] sums, positions
    cdef int n_threads
    cdef bint single

    def __init__(
        self,
        X,
        const double[::1] mean,
        const double[:, ::1] centers,
        int n_threads,
        const double[::1] weight=None,
    ):
        """Start from centers (K, D), less `mean` as all coordinates here; weights (n,)."""
        cdef Clusters *task = &self.task
        memset(task, 0, sizeof(Clusters))
        self.single = X.dtype == np.float32
        self.kernels = single_kernels if self.single else double_kernels
        task.n_samples, task.n_features = X.shape
        task.n_centers = centers.shape[0]
        if not centers.shape[1] == mean.shape[0] == task.n_features or task.n_centers < 1:
            raise ValueError("expected centers and a mean with the samples' features")
        task.X = address_of(X)
        set_weight(task, weight)
        self.smallest_weight = 1 if weight is None else np.min(weight)
        self.positions = np.empty((task.n_centers, task.n_features))
        self.set_centers(centers)
        self.sums = np.zeros((task.n_centers, 1 + task.n_features))
        self.drift = np.zeros(task.n_centers)
        cdef long long[::1] labels = np.empty(task.n_samples, np.int64)
        labels[:] = -1
        cdef double[::1] margin = np.empty(task.n_samples)
        self.labels, self.centers = labels.base, self.positions.base
        self.counts, self.totals = self.sums.base[:, 0], self.sums.base[:, 1:]
        self.arrays = X, mean, margin, weight
        task.mean, task.centers, task.sums = &mean[0], &self.positions[0, 0], &self.sums[0, 0]
        task.labels, task.margin, task.drift = &labels[0], &margin[0], &self.drift[0]
        task.direct = task.n_features < FEWEST_FEATURES
        task.is_first = True
        self.kernels.plan(task)
        self.n_threads = usable_threads(task, n_threads)
        self.memory = Memory()
        self.memory.provide(task, self.n_threads)

    cdef int set_centers(self, const double[:, ::1] centers) except -1:
        """Round the centers to the precision of the samples."""
        cdef Py_ssize_t k, d
        for k in range(self.task.n_centers):
            for d in range(self.task.n_features):
                self.positions[k, d] = <float>centers[k, d] if self.single else centers[k, d]
        return 0

    def assign(self):
        """Assign all samples; return how many changed their label."""
        run(self.kernels.assign, &self.task, self.n_threads)
        self.task.is_first = False
        if self.task.weight != NULL:
            self.clear_empty()
        return self.task.n_changed

    cdef int clear_empty(self) except -1:
        """Set to 0 the sums of centers without samples, where weights leave rounding errors."""
        cdef Py_ssize_t k
        for k in range(self.task.n_centers):
            if self.sums[k, 0] < 0.5 * self.smallest_weight:
                self.sums[k, :] = 0

    def has_empty(self):
        """Return whether some center has no samples."""
        cdef Py_ssize_t k
        for k in range(self.task.n_centers):
            if self.sums[k, 0] == 0:
                return True
        return False

    def move_centers(self, counts, totals):
        """Move centers to the means of samples; return the squared distances' sum."""
        cdef Py_ssize_t K = self.task.n_centers, D = self.task.n_features, k, d
        cdef double[:] n = counts
        cdef double[:, :] total = totals
        cdef Py_ssize_t largest = 0, source
        cdef double shift = 0, sq_step, position
        for k in range(1, K):
            if n[k] > n[largest]:
                largest = k
        cdef double[::1] steps = np.empty(K)
        for k in range(K):
            source = k if n[k] > 0 else largest
            sq_step = 0
            for d in range(D):
                position = total[source, d] / n[source]
                shift += (position - self.positions[k, d]) * (position - self.positions[k, d])
                if self.single:
                    position = <float>position
                sq_step += (position - self.positions[k, d]) * (position - self.positions[k, d])
                self.positions[k, d] = position
            steps[k] = sqrt(sq_step) * (1 + 1e-12)
        self.add_steps(steps)
        return shift

    cdef int add_steps(self, const double[::1] steps) except -1:
        """Add to each center's drift its own step and the longest step of another center."""
        cdef Py_ssize_t K = self.task.n_centers, k, fastest = 0
        cdef double second = 0
        for k in range(K):
            if steps[k] > steps[fastest]:
                fastest = k
        for k in range(K):
            if k != fastest:
                second = max(second, steps[k])
        for k in range(K):
            self.drift[k] += steps[k] + (second if k == fastest else steps[fastest])
        return 0


cdef const void *address_of(X) except NULL:
    cdef const double[:, ::1] double_view
    cdef const float[:, ::1] single_view
    if X.dtype == np.float32:
        single_view = X
        return &single_view[0, 0]
    double_view = X
    return &double_view[0, 0]
