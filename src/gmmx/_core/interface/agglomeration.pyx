"""Agglomeration of clusters, as Python calls it: checks arguments and provides memory."""

import numpy as np

from libc.string cimport memset

from gmmx._core.agglomeration.clusters cimport Clusters, start_clusters
from gmmx._core.agglomeration.costs cimport Costs, bound_cost, cheapest, find_nearest, merge_pair
from gmmx._core.interface.passes cimport check_size
from gmmx._core.process.host cimport LONG_WORK, check_signals_once, propagate

cdef enum:
    WORK_OF_TERM = 32  # multiplications that take as long as the logarithms of a term


cdef class Memory:
    """The arrays of a structure, kept while it is in use."""

    cdef list arrays

    def __init__(self):
        self.arrays = []

    cdef double *doubles(self, Py_ssize_t size) except NULL:
        cdef double[::1] array = np.empty(size)
        self.arrays.append(array)
        return &array[0]

    cdef Py_ssize_t *indices(self, Py_ssize_t size) except NULL:
        cdef Py_ssize_t[::1] array = np.empty(size, np.intp)
        self.arrays.append(array)
        return &array[0]

    cdef char *flags(self, Py_ssize_t size) except NULL:
        cdef char[::1] array = np.empty(size, np.int8)
        self.arrays.append(array)
        return &array[0]


cdef int allocate_clusters(Clusters *clusters, Py_ssize_t n, Memory memory) except -1:
    cdef Py_ssize_t D = clusters.D, n_scatters = max(1, n // (D + 1))
    clusters.weight, clusters.trace = memory.doubles(n), memory.doubles(n)
    clusters.term, clusters.root = memory.doubles(n), memory.doubles(n)
    clusters.mean = memory.doubles(n * D)
    clusters.n_rows, clusters.place = memory.indices(n), memory.indices(n)
    clusters.next_row, clusters.last_row = memory.indices(n), memory.indices(n)
    clusters.scatters = memory.doubles(n_scatters * D * D)
    clusters.free_places = memory.indices(n_scatters)
    clusters.matrix, clusters.vector = memory.doubles(D * D), memory.doubles(D)
    clusters.smallest = memory.doubles(D)
    return 0


cdef int allocate_costs(Costs *costs, Py_ssize_t n, Memory memory) except -1:
    costs.n = costs.n_left = n
    costs.cost, costs.is_exact = memory.doubles(n * n), memory.flags(n * n)
    costs.least, costs.nearest = memory.doubles(n), memory.indices(n)
    costs.cluster = memory.indices(n)
    return 0


cdef int check_signals(double *work) except -1 nogil:
    """Run handlers of signals after each long part of the work."""
    if work[0] >= LONG_WORK:
        work[0] = 0
        propagate(check_signals_once())
    return 0


cdef int merge_all(Costs *costs, Clusters *clusters, Py_ssize_t *merges) except -1 nogil:
    """Merge the cheapest pair until one cluster is left."""
    cdef Py_ssize_t n = costs.n, i, j, step
    cdef double work = 0
    start_clusters(clusters, n)
    for i in range(n):
        costs.cluster[i] = i
        for j in range(i):
            bound_cost(costs, clusters, j, i)
        find_nearest(costs, i)
        work += <double>i * (clusters.D + WORK_OF_TERM)
        check_signals(&work)
    for step in range(n - 1):
        j = cheapest(costs, clusters, &work)
        i = costs.nearest[j]
        merges[2 * step], merges[2 * step + 1] = costs.cluster[i], costs.cluster[j]
        merge_pair(costs, clusters, i, j)
        work += <double>n * (clusters.D + WORK_OF_TERM)
        check_signals(&work)
    return 0


def agglomerate(
    const double[:, ::1] rows,  # IN (n, D), some may be equal
    const double[::1] weight,   # IN (n,) > 0
    double alpha,               # > 0, added to the traces
    bint is_ward,               # whether the criterion is the trace alone
):
    """Return the mergers, (n - 1, 2), in their order.

    A cluster is named by one of its rows. The second cluster joins the first and loses its name.
    """
    cdef Py_ssize_t n = rows.shape[0], D = rows.shape[1]
    if n < 1 or D < 1:
        raise ValueError(f"expected at least 1 row and 1 column, got {n} and {D}")
    check_size("weight", weight.shape[0], n)
    if not (is_ward or alpha > 0):
        raise ValueError(f"expected alpha > 0, got {alpha}")
    cdef Py_ssize_t[:, ::1] merges = np.empty((n - 1, 2), np.intp)
    if n == 1:
        return merges.base
    cdef Memory memory = Memory()
    cdef Clusters clusters
    cdef Costs costs
    memset(&clusters, 0, sizeof(Clusters))
    clusters.D, clusters.is_ward, clusters.alpha = D, is_ward, alpha
    clusters.rows, clusters.sizes = &rows[0, 0], &weight[0]
    allocate_clusters(&clusters, n, memory)
    allocate_costs(&costs, n, memory)
    with nogil:
        merge_all(&costs, &clusters, &merges[0, 0])
    return merges.base
