"""Clusters that merge: their sums, and the criterion of model-based agglomeration.

A cluster of weight n has the scatter W = sum_i w_i (x_i - mean)(x_i - mean)^T and the term

    n log(det(W / n) + (tr W + alpha) / n),    or tr W by Ward's criterion.

A merger costs the term of the union less the terms of its two parts. The determinant is that of
unrestricted covariances; the traces keep the logarithm finite while a cluster has few rows.

References: Banfield, Raftery (1993), "Model-based Gaussian and non-Gaussian clustering";
Fraley (1998), "Algorithms for model-based Gaussian hierarchical clustering".
"""

from libc.math cimport exp, log, log1p, pow
from libc.string cimport memset

from gmmx._core.algebra.cholesky cimport upper_cholesky

ctypedef struct Clusters:
    Py_ssize_t D
    bint is_ward
    bint has_determinants  # whether determinants can change a term
    double alpha
    const double *rows    # (n, D)
    const double *sizes   # (n,) weights of the rows
    # Sums of each cluster, at the index of its first row
    double *weight        # (n,)
    double *mean          # (n, D)
    double *trace         # (n,)
    double *term          # (n,)
    double *root          # (n,) det(W)^(1/D)
    # The rows of a cluster as a list
    Py_ssize_t *n_rows    # (n,)
    Py_ssize_t *next_row  # (n,) or -1
    Py_ssize_t *last_row  # (n,)
    # Scatters of clusters with more than D rows; smaller ones are summed when they are needed.
    Py_ssize_t *place     # (n,) of a scatter, or -1
    double *scatters      # (n / (D + 1), D, D), at and above the diagonal
    Py_ssize_t *free_places
    Py_ssize_t n_free
    double *matrix        # scratch (D, D)
    double *vector        # scratch (D,)
    double *smallest      # (D,) zeros


cdef inline void start_clusters(Clusters *clusters, Py_ssize_t n) noexcept nogil:
    """Make each row a cluster."""
    cdef Py_ssize_t i, d, D = clusters.D
    cdef double total = 0
    for i in range(n):
        total += clusters.sizes[i]
        clusters.weight[i] = clusters.sizes[i]
        clusters.trace[i] = clusters.root[i] = 0
        clusters.term[i] = term(clusters, clusters.sizes[i], 0, 0)
        clusters.n_rows[i] = 1
        clusters.next_row[i] = clusters.place[i] = -1
        clusters.last_row[i] = i
        for d in range(D):
            clusters.mean[i * D + d] = clusters.rows[i * D + d]
    clusters.n_free = n // (D + 1)
    for i in range(clusters.n_free):
        clusters.free_places[i] = i
    for d in range(D):
        clusters.smallest[d] = 0
    clusters.has_determinants = not clusters.is_ward and largest_determinant(
        clusters, n) > 1e-18 * clusters.alpha / total


cdef inline double largest_determinant(const Clusters *clusters, Py_ssize_t n) noexcept nogil:
    """Return an upper bound of det(W / n).

    It is at most (tr(W / n) / D)^D, and this trace is at most the largest square of a row.
    """
    cdef Py_ssize_t i, d, D = clusters.D
    cdef double square, largest = 0
    for i in range(n):
        square = 0
        for d in range(D):
            square += clusters.rows[i * D + d] * clusters.rows[i * D + d]
        largest = max(largest, square)
    return pow(largest / D, D)


cdef inline double term(
    const Clusters *clusters, double weight, double trace, double root
) noexcept nogil:
    """Return the term of a cluster; `root` is det(W)^(1/D)."""
    if clusters.is_ward:
        return trace
    cdef double spread = (trace + clusters.alpha) / weight
    if root <= weight:
        return weight * log(pow(root / weight, clusters.D) + spread)
    return weight * (
        clusters.D * log(root / weight) + log1p(spread * pow(weight / root, clusters.D)))


cdef inline double sq_distance(const double *a, const double *b, Py_ssize_t D) noexcept nogil:
    """|a - b|^2 in four sums, which the processor adds at the same time."""
    cdef double s0 = 0, s1 = 0, s2 = 0, s3 = 0
    cdef Py_ssize_t d = 0
    while d + 4 <= D:
        s0 += (a[d] - b[d]) * (a[d] - b[d])
        s1 += (a[d + 1] - b[d + 1]) * (a[d + 1] - b[d + 1])
        s2 += (a[d + 2] - b[d + 2]) * (a[d + 2] - b[d + 2])
        s3 += (a[d + 3] - b[d + 3]) * (a[d + 3] - b[d + 3])
        d += 4
    while d < D:
        s0 += (a[d] - b[d]) * (a[d] - b[d])
        d += 1
    return (s0 + s1) + (s2 + s3)


cdef inline double merged_trace(
    const Clusters *clusters, Py_ssize_t i, Py_ssize_t j
) noexcept nogil:
    """Return the trace of the union's scatter."""
    cdef Py_ssize_t D = clusters.D
    cdef double square = sq_distance(clusters.mean + i * D, clusters.mean + j * D, D)
    cdef double share = clusters.weight[i] / (clusters.weight[i] + clusters.weight[j])
    return clusters.trace[i] + clusters.trace[j] + share * clusters.weight[j] * square


cdef inline double merger_cost(
    const Clusters *clusters, Py_ssize_t i, Py_ssize_t j, double root
) noexcept nogil:
    """Return the cost of a merger whose scatter has the determinant root^D.

    The cost grows with `root`.
    """
    cdef double weight = clusters.weight[i] + clusters.weight[j]
    cdef double both = term(clusters, weight, merged_trace(clusters, i, j), root)
    return both - clusters.term[i] - clusters.term[j]


cdef inline bint has_determinant(const Clusters *clusters, Py_ssize_t n_rows) noexcept nogil:
    """Return whether the criterion needs the determinant; that of D rows or fewer is 0."""
    return clusters.has_determinants and n_rows > clusters.D


cdef inline void add_product(
    double *matrix, Py_ssize_t D, double factor, const double *vector
) noexcept nogil:
    """matrix + factor vector vector^T, at and above the diagonal."""
    cdef Py_ssize_t a, b
    cdef double scaled
    for a in range(D):
        scaled = factor * vector[a]
        for b in range(a, D):
            matrix[a * D + b] += scaled * vector[b]


cdef inline void add_scatter(Clusters *clusters, Py_ssize_t i, double *matrix) noexcept nogil:
    """Add the scatter of cluster i to the matrix."""
    cdef Py_ssize_t d, D = clusters.D, row = i
    if clusters.place[i] >= 0:
        for d in range(D * D):
            matrix[d] += clusters.scatters[clusters.place[i] * D * D + d]
        return
    while row >= 0 and clusters.n_rows[i] > 1:
        for d in range(D):
            clusters.vector[d] = clusters.rows[row * D + d] - clusters.mean[i * D + d]
        add_product(matrix, D, clusters.sizes[row], clusters.vector)
        row = clusters.next_row[row]


cdef inline void merged_scatter(
    Clusters *clusters, Py_ssize_t i, Py_ssize_t j, double *matrix
) noexcept nogil:
    """Write the scatter of the union."""
    cdef Py_ssize_t d, D = clusters.D
    cdef double share = clusters.weight[i] / (clusters.weight[i] + clusters.weight[j])
    memset(matrix, 0, D * D * sizeof(double))
    add_scatter(clusters, i, matrix)
    add_scatter(clusters, j, matrix)
    for d in range(D):
        clusters.vector[d] = clusters.mean[i * D + d] - clusters.mean[j * D + d]
    add_product(matrix, D, share * clusters.weight[j], clusters.vector)


cdef inline double merged_root(Clusters *clusters, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
    """Return det(W)^(1/D) of the union's scatter, 0 if it is singular."""
    cdef Py_ssize_t d, D = clusters.D
    cdef double log_det = 0
    merged_scatter(clusters, i, j, clusters.matrix)
    if upper_cholesky(clusters.matrix, D, clusters.smallest) >= 0:
        return 0
    for d in range(D):
        log_det += log(clusters.matrix[d * D + d])
    return exp(2 * log_det / D)


cdef inline void free_place(Clusters *clusters, Py_ssize_t i) noexcept nogil:
    """Let another cluster have the place of this cluster's scatter."""
    if clusters.place[i] >= 0:
        clusters.free_places[clusters.n_free] = clusters.place[i]
        clusters.n_free += 1
        clusters.place[i] = -1


cdef inline void merge(Clusters *clusters, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
    """Replace cluster i by its union with cluster j."""
    cdef Py_ssize_t d, D = clusters.D
    cdef double weight = clusters.weight[i] + clusters.weight[j], root = 0
    cdef double trace = merged_trace(clusters, i, j)
    cdef double share = clusters.weight[j] / weight
    if has_determinant(clusters, clusters.n_rows[i] + clusters.n_rows[j]):
        root = merged_root(clusters, i, j)
        merged_scatter(clusters, i, j, clusters.matrix)
        free_place(clusters, i)
        free_place(clusters, j)
        clusters.n_free -= 1
        clusters.place[i] = clusters.free_places[clusters.n_free]
        for d in range(D * D):
            clusters.scatters[clusters.place[i] * D * D + d] = clusters.matrix[d]
    for d in range(D):
        clusters.mean[i * D + d] += share * (
            clusters.mean[j * D + d] - clusters.mean[i * D + d])
    clusters.weight[i], clusters.trace[i], clusters.root[i] = weight, trace, root
    clusters.term[i] = term(clusters, weight, trace, root)
    clusters.n_rows[i] += clusters.n_rows[j]
    clusters.next_row[clusters.last_row[i]] = j
    clusters.last_row[i] = clusters.last_row[j]
