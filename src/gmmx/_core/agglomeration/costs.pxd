"""The costs of all mergers, and the cheapest one.

Most costs are only lower bounds. The cost of a pair is computed exactly when its bound is the
smallest number left, so that few determinants are computed.

Clusters stand in a row of positions without gaps. Of equal costs the pair at the last position
counts, and a merger fills its gap with the last cluster: equal rows then merge in the order in
which R's mclust merges them.
"""

from libc.math cimport INFINITY

from gmmx._core.agglomeration.clusters cimport (
    Clusters, has_determinant, merge, merged_root, merger_cost,
)

cdef enum:
    UNKNOWN = -1

ctypedef struct Costs:
    Py_ssize_t n          # rows
    Py_ssize_t n_left     # clusters
    Py_ssize_t *cluster   # (n,) index of the cluster at a position
    double *cost          # (n, n), row j for pairs of positions i < j
    char *is_exact        # (n, n)
    Py_ssize_t *nearest   # (n,) column of the smallest cost in a row, or -1 if unknown
    double *least         # (n,) this cost, or a lower bound of it


cdef inline void bound_cost(
    Costs *costs, const Clusters *clusters, Py_ssize_t i, Py_ssize_t j
) noexcept nogil:
    """Store the cost of a pair of positions i < j, or a lower bound of it.

    By Minkowski's inequality det(A + B)^(1/D) >= det(A)^(1/D) + det(B)^(1/D). The bound stays
    below the rounding errors of the cost.
    """
    cdef Py_ssize_t a = costs.cluster[i], b = costs.cluster[j], place = j * costs.n + i
    costs.is_exact[place] = not has_determinant(clusters, clusters.n_rows[a] + clusters.n_rows[b])
    costs.cost[place] = merger_cost(clusters, a, b, clusters.root[a] + clusters.root[b])
    if not costs.is_exact[place]:
        costs.cost[place] -= 1e-9 * (clusters.weight[a] + clusters.weight[b])


cdef inline void find_nearest(Costs *costs, Py_ssize_t j) noexcept nogil:
    """Find the smallest cost of a row, the last one of equal costs."""
    cdef const double *cost = costs.cost + j * costs.n
    cdef Py_ssize_t i
    costs.least[j] = INFINITY
    for i in range(j):
        if cost[i] <= costs.least[j]:
            costs.least[j] = cost[i]
            costs.nearest[j] = i


cdef inline Py_ssize_t cheapest(
    Costs *costs, Clusters *clusters, double *work  # ADD multiplications
) noexcept nogil:
    """Return the row of the cheapest merger, the last one of equal costs."""
    cdef Py_ssize_t i, j, best
    while True:
        best = 1
        for j in range(2, costs.n_left):
            if costs.least[j] <= costs.least[best]:
                best = j
        i = costs.nearest[best]
        if i != UNKNOWN:
            if costs.is_exact[best * costs.n + i]:
                return best
            compute_cost(costs, clusters, i, best)
            work[0] += <double>clusters.D * clusters.D * clusters.D
        find_nearest(costs, best)
        work[0] += costs.n


cdef inline void compute_cost(
    Costs *costs, Clusters *clusters, Py_ssize_t i, Py_ssize_t j
) noexcept nogil:
    """Store the exact cost of a pair of positions i < j."""
    cdef Py_ssize_t a = costs.cluster[i], b = costs.cluster[j], place = j * costs.n + i
    costs.cost[place] = merger_cost(clusters, a, b, merged_root(clusters, a, b))
    costs.is_exact[place] = True


cdef inline void renew(Costs *costs, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
    """Update the smallest cost of row j after the one in column i has changed.

    If that was the smallest and has grown, the row is searched when its turn comes.
    """
    cdef double cost = costs.cost[j * costs.n + i]
    if cost < costs.least[j]:
        costs.least[j] = cost
        costs.nearest[j] = i
    elif costs.nearest[j] == i and cost > costs.least[j]:
        costs.nearest[j] = UNKNOWN
    elif cost == costs.least[j] and 0 <= costs.nearest[j] < i:
        costs.nearest[j] = i


cdef inline void fill_gap(Costs *costs, Py_ssize_t gap) noexcept nogil:
    """Remove the cluster at a position; the last cluster takes its place."""
    cdef Py_ssize_t n = costs.n, k
    costs.n_left -= 1
    cdef Py_ssize_t last = costs.n_left
    if gap == last:
        return
    costs.cluster[gap] = costs.cluster[last]
    for k in range(gap):
        costs.cost[gap * n + k] = costs.cost[last * n + k]
        costs.is_exact[gap * n + k] = costs.is_exact[last * n + k]
    find_nearest(costs, gap)
    for k in range(gap + 1, last):
        costs.cost[k * n + gap] = costs.cost[last * n + k]
        costs.is_exact[k * n + gap] = costs.is_exact[last * n + k]
        renew(costs, gap, k)


cdef inline void merge_pair(
    Costs *costs, Clusters *clusters, Py_ssize_t i, Py_ssize_t j
) noexcept nogil:
    """Merge the clusters at positions i < j, and bound the costs of the union's mergers."""
    cdef Py_ssize_t k
    merge(clusters, costs.cluster[i], costs.cluster[j])
    fill_gap(costs, j)
    for k in range(i):
        bound_cost(costs, clusters, k, i)
    find_nearest(costs, i)
    for k in range(i + 1, costs.n_left):
        bound_cost(costs, clusters, i, k)
        renew(costs, i, k)
