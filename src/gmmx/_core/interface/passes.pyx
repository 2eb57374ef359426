"""Passes over samples, as Python calls them: checks arguments, provides memory, calls em_pass.

The kernels of one instruction set are chosen once, by `install`, when the package is imported.
"""

import os

import numpy as np

from cpython.pycapsule cimport PyCapsule_GetPointer
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cython cimport floating
from libc.string cimport memset

from gmmx._core.em.kernels cimport Kernels
from gmmx._core.layouts.task cimport (
    DENSITY, GIVEN_LABELS, GIVEN_RESP, NONE, SECOND, EMPass, Moments, Shape,
)
from gmmx._core.process.host cimport (
    LONG_WORK, check_signals_once, progress_for, propagate, release_threads, reserve_threads,
)
from gmmx._core.process.memory cimport ALIGNMENT, align
from gmmx._core.process.processor cimport has_avx2, has_avx512

# Below so many multiplications a second thread costs more than it gains.
cdef double SMALL_WORK = 2e5

threads_in_use = 0  # by passes of all threads of Python

double_kernels = NULL
single_kernels = NULL
cdef list layout_names = []


def supported_levels():
    """Names of the instruction sets of this processor that kernels may be compiled for."""
    levels = ["baseline"]
    if has_avx2():
        levels.append("avx2")
    if has_avx512():
        levels.append("avx512")
    return levels


def install(double_table, single_table):
    """Use these kernels, capsules of em_pass modules, from now on."""
    global double_kernels, single_kernels
    double_kernels = <const Kernels *>PyCapsule_GetPointer(double_table, "gmmx._core.Kernels")
    single_kernels = <const Kernels *>PyCapsule_GetPointer(single_table, "gmmx._core.Kernels")
    layout_names.clear()
    while double_kernels.shape_of(len(layout_names)) != NULL:
        layout_names.append(double_kernels.shape_of(len(layout_names)).name.decode())


def max_threads():
    """OpenMP's limit for the calling thread, which the environment and the program may set."""
    return double_kernels.max_threads()


cdef Py_ssize_t layout_number(str layout) except -1:
    """Return a layout's index in the kernels' table."""
    try:
        return layout_names.index(layout)
    except ValueError:
        *names, last = layout_names
        known = ", ".join([repr(name) for name in names])
        raise ValueError(f"layout must be {known} or {last!r}, got {layout!r}") from None


cdef const Shape *shape_of(const EMPass *task) noexcept:
    return double_kernels.shape_of(task.layout)


cdef Py_ssize_t factors_size(const Shape *shape, Py_ssize_t K, Py_ssize_t D) noexcept:
    """Return the number of values in the factors, and in the second moments if there are any."""
    return shape.factor_size(D) if shape.is_shared else K * shape.factor_size(D)


cdef double work(const EMPass *task) noexcept:
    """Return the number of multiplications, roughly."""
    cdef double n_pairs = <double>task.n_samples * task.n_components
    return shape_of(task).work(task.n_features) * n_pairs


cdef Py_ssize_t sums_size(const EMPass *task) noexcept:
    """Return the size of log likelihood, counts, first and second moments together."""
    cdef Py_ssize_t K = task.n_components, D = task.n_features
    cdef Py_ssize_t size = 1 + K + K * D
    return size + factors_size(shape_of(task), K, D) if task.moments == SECOND else size


cdef int check_size(str name, Py_ssize_t given, Py_ssize_t expected) except -1:
    if given != expected:
        raise ValueError(f"{name} has {given} values, expected {expected}")
    return 0


def forget_threads():
    """Count no threads in a forked child: the parent's other passes do not run there."""
    release_threads(&threads_in_use, threads_in_use)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_threads)


cdef bint is_small(const EMPass *task) noexcept:
    """Return whether one thread is enough."""
    return work(task) < SMALL_WORK


cdef char *allocate(Py_ssize_t size) except NULL:
    """Return memory that holds `size` bytes after alignment; PyMem_Free frees it."""
    cdef char *memory = <char *>PyMem_Malloc(size + ALIGNMENT)
    if memory == NULL:
        raise MemoryError(f"cannot allocate {size + ALIGNMENT} bytes for a pass over the samples")
    return memory


cdef int run_pass(const Kernels *kernels, EMPass *task, char *packed, int n_threads) noexcept nogil:
    """Pack the parameters unless they are; run."""
    if task.packed == NULL:
        task.packed = packed
        kernels.pack(task)
    return kernels.run(task, n_threads)


cdef int execute(const Kernels *kernels, EMPass *task, int n_threads) except -1:
    """Plan, provide memory, and run without the GIL, unless the pass takes some microseconds."""
    kernels.plan(task)
    task.progress = progress_for(work(task))
    if is_small(task):
        n_threads = 1
    n_threads = <int>max(<Py_ssize_t>1, min(<Py_ssize_t>n_threads, task.n_chunks))
    cdef Py_ssize_t scratch_size = n_threads * task.scratch_size
    cdef Py_ssize_t packed_size = task.packed_size if task.packed == NULL else 0
    cdef Py_ssize_t sums_size = 0
    if task.moments != NONE:
        sums_size = task.n_chunks * task.partial_size * <Py_ssize_t>sizeof(double)
    cdef char *memory = allocate(
        scratch_size + packed_size + sums_size
        + task.n_chunks * <Py_ssize_t>(sizeof(long long) + 2 * sizeof(int)))
    task.scratch = align(memory)
    cdef char *packed = task.scratch + scratch_size
    task.partial_sums = <double *>(packed + packed_size)
    task.partial_skipped = <long long *>(packed + packed_size + sums_size)
    task.partial_finite = <int *>(task.partial_skipped + task.n_chunks)
    task.partial_far = task.partial_finite + task.n_chunks
    cdef int status
    n_threads = reserve_threads(&threads_in_use, n_threads)
    if is_small(task):
        # Getting the GIL back from a busy thread would take longer, up to its switch interval.
        status = run_pass(kernels, task, packed, 1)
    else:
        with nogil:
            status = run_pass(kernels, task, packed, n_threads)
    release_threads(&threads_in_use, n_threads)
    PyMem_Free(memory)
    return status  # -1 where a handler of signals raised an error, which is set


cdef object sums_over_samples(const Kernels *kernels, EMPass *task, int n_threads):
    """Run; return the moments, if any are wanted."""
    cdef double[::1] sums
    if task.moments != NONE:
        sums = np.empty(sums_size(task))
        task.sums = &sums[0]
    execute(kernels, task, n_threads)
    return None if task.moments == NONE else sums.base


cdef int start_task(EMPass *task, Py_ssize_t n, Py_ssize_t D, Py_ssize_t K, str layout) except -1:
    memset(task, 0, sizeof(EMPass))
    if n < 1 or D < 1 or K < 1:
        raise ValueError(f"expected at least 1 sample, feature and component, got {n}, {D}, {K}")
    task.layout = layout_number(layout)
    task.n_samples = n
    task.n_features = D
    task.n_components = K
    return 0


cdef int set_origin(
    EMPass *task, const double[:, ::1] origin, const double[::1] center, int moments
) except -1:
    """Set which moments are wanted, and the center of samples or the origins of moments."""
    if not NONE <= moments <= SECOND:
        raise ValueError(f"moments must be 0, 1 or 2, got {moments}")
    task.moments = <Moments>moments
    cdef const Shape *shape = shape_of(task)
    if shape.is_shared and moments == SECOND:
        raise ValueError(f"layout {shape.name.decode()} has no second moments")
    if shape.needs_center and center is None:
        raise ValueError(f"layout {shape.name.decode()} needs a center")
    if center is not None:
        check_size("center", center.size, task.n_features)
        task.center = &center[0]
    elif moments != NONE:
        check_size("origin", origin.size, task.n_components * task.n_features)
        task.origin = &origin[0, 0]
    return 0


cdef int set_order(EMPass *task, const long long[::1] order) except -1:
    """Set the order in which rows are visited; it affects sums and labels only."""
    cdef Py_ssize_t i
    check_size("order", order.size, task.n_samples)
    if (not shape_of(task).has_order or task.center != NULL or task.labels == NULL
            or task.weights == NULL or task.resp != NULL or task.log_prob != NULL
            or task.weighted_log_prob != NULL):
        raise ValueError("order needs layout dense, no center, weights, labels, no other output")
    for i in range(task.n_samples):
        if not (0 <= order[i] < task.n_samples and 0 <= task.labels[i] < task.n_components):
            raise ValueError("order must hold indices of samples, labels those of components")
    task.order = &order[0]
    return 0


def em_pass(
    const floating[:, ::1] X,             # IN (n, D)
    const double[:, ::1] means,           # IN (K, D)
    const double[::1] factors,            # IN raveled, in the layout's shape
    const double[::1] log_scale,          # IN (K,)
    str layout,
    int n_threads,
    *,
    int moments=0,                        # 0 none, 1 counts and first, 2 second moments as well
    const double[:, ::1] origin=None,     # IN (K, D) that moments are taken about
    const double[::1] center=None,        # IN (D,) near all means: moments are taken about it
    const double[::1] weights=None,       # IN (K,) to set negligible responsibilities to 0
    const floating[::1] sample_weight=None,   # IN (n,) factors of sums, resp and log_prob
    const long long[::1] order=None,      # IN (n,) in which rows are visited; labels are INOUT
    long long[::1] n_skipped=None,        # OUT (1,) pairs of sample and component left out
    floating[:, ::1] weighted_log_prob=None,  # OUT (K, n)
    floating[:, ::1] resp=None,           # OUT (n, K)
    floating[::1] log_prob=None,          # OUT (n,)
    long long[::1] labels=None,           # OUT (n,)
):
    """One pass over X; return log likelihood, counts, first, second in one vector, or None."""
    cdef Py_ssize_t n = X.shape[0], D = X.shape[1], K = means.shape[0]
    cdef const Kernels *kernels = double_kernels if floating is double else single_kernels
    cdef EMPass task
    start_task(&task, n, D, K, layout)
    set_origin(&task, origin, center, moments)
    task.source = DENSITY
    check_size("means", means.size, K * D)
    check_size("factors", factors.size, factors_size(shape_of(&task), K, D))
    check_size("log_scale", log_scale.size, K)
    task.X, task.means = &X[0, 0], &means[0, 0]
    task.factors, task.log_scale = &factors[0], &log_scale[0]
    if weights is not None:
        check_size("weights", weights.size, K)
        task.weights = &weights[0]
    if sample_weight is not None:
        check_size("sample_weight", sample_weight.size, n)
        task.sample_weight = &sample_weight[0]
    if weighted_log_prob is not None:
        check_size("weighted_log_prob", weighted_log_prob.size, n * K)
        check_size("a row of weighted_log_prob", weighted_log_prob.shape[1], n)
        task.weighted_log_prob = &weighted_log_prob[0, 0]
    if resp is not None:
        check_size("resp", resp.size, n * K)
        check_size("a row of resp", resp.shape[1], K)
        task.resp = &resp[0, 0]
    if log_prob is not None:
        check_size("log_prob", log_prob.size, n)
        task.log_prob = &log_prob[0]
    if labels is not None:
        check_size("labels", labels.size, n)
        task.labels = &labels[0]
    if order is not None:
        set_order(&task, order)
    sums = sums_over_samples(kernels, &task, n_threads)
    if n_skipped is not None:
        check_size("n_skipped", n_skipped.size, 1)
        n_skipped[0] = task.n_skipped
    return sums


def moments_of(
    const floating[:, ::1] X,          # IN (n, D)
    const double[:, ::1] origin,       # IN (K, D)
    str layout,
    int n_threads,
    *,
    int moments=2,                     # 1 counts and first, 2 second moments as well
    const long long[::1] labels=None,  # IN (n,) from 0 to K - 1
    const floating[:, ::1] resp=None,  # IN (n, K), instead of labels
    const floating[::1] sample_weight=None,  # IN (n,) by which samples count
):
    """Moments under given labels or responsibilities, as em_pass returns them.

    With neither all samples are in the first component.
    """
    cdef Py_ssize_t n = X.shape[0], D = X.shape[1], K = origin.shape[0]
    cdef Py_ssize_t i
    cdef const Kernels *kernels = double_kernels if floating is double else single_kernels
    cdef EMPass task
    start_task(&task, n, D, K, layout)
    set_origin(&task, origin, None, moments)
    if labels is not None:
        check_size("labels", labels.size, n)
        for i in range(n):
            if not 0 <= labels[i] < K:
                raise ValueError(f"label {labels[i]} is not from 0 to {K - 1}")
        task.labels_in = &labels[0]
    task.X, task.source = &X[0, 0], GIVEN_LABELS
    if sample_weight is not None:
        check_size("sample_weight", sample_weight.size, n)
        task.sample_weight = &sample_weight[0]
    if resp is not None:
        check_size("resp", resp.size, n * K)
        task.source = GIVEN_RESP
        task.resp_in = &resp[0, 0]
    return sums_over_samples(kernels, &task, n_threads)


def factorize(
    const double[:, :, ::1] matrices,  # IN (K, D, D)
    double smallest,                   # pivot, as a share of the feature's variance
    bint invert,
    double[:, :, ::1] factors,         # OUT (K, D, D) upper R with R^T R = matrix, or its inverse
    int n_threads,
):
    """Return -1, or k D + d where feature d of matrix k has no pivot of the smallest size."""
    cdef Py_ssize_t K = matrices.shape[0], D = matrices.shape[1], k = 0, at_once
    cdef Py_ssize_t failed = -1
    cdef int status = 0
    if K < 1 or D < 1 or matrices.shape[2] != D:
        raise ValueError("expected matrices of shape (K, D, D)")
    check_size("factors", factors.size, matrices.size)
    cdef double multiplications = <double>D * D * D
    cdef double[:, ::1] scratch = np.empty((K, 2 * D))
    if K * multiplications < SMALL_WORK:
        n_threads = 1
    n_threads = reserve_threads(&threads_in_use, <int>min(<Py_ssize_t>n_threads, K))
    at_once = max(<Py_ssize_t>n_threads, <Py_ssize_t>(LONG_WORK / multiplications))
    with nogil:
        while k < K and failed < 0 and status == 0:
            failed = double_kernels.factorize(
                &matrices[k, 0, 0], min(at_once, K - k), D, smallest, invert, &factors[k, 0, 0],
                &scratch[k, 0], n_threads)
            if failed >= 0:
                failed += k * D
            k += at_once
            if k < K:
                status = check_signals_once()
    release_threads(&threads_in_use, n_threads)
    propagate(status)
    return failed
