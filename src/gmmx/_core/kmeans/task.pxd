"""What a pass of k-means over the samples is given and where it leaves its results."""

from gmmx._core.process.signals cimport Progress

ctypedef struct Clusters:
    Py_ssize_t n_samples
    Py_ssize_t n_features
    Py_ssize_t n_centers

    const void *X           # IN (n, D) float32 or float64
    const double *weight    # IN (n,) by which a sample counts, or NULL for 1 each
    const double *mean      # IN (D,) subtracted from the samples; centers are relative to it
    const double *centers   # IN (K, D), or NULL for rows of X:
    const long long *rows   # IN (K,)
    bint direct             # distances of full accuracy

    # Seeding.
    double *closest         # INOUT (n,) squared distance to the closest seed
    const long long *seeds  # IN (n_seeds,) rows of X so far; labels are indices of these
    Py_ssize_t n_seeds
    double *reach           # OUT (n_seeds,) no trial is closer to samples this close to a seed
    double *totals          # OUT (n_chunks,) of closest
    double *potentials      # OUT (K,) sums over samples of min(closest, distance to the center)
    void *kept              # OUT (K, n) squared distances to the centers, or NULL
    Py_ssize_t best         # which of rows is the next seed

    # Assignment: with label k, a sample is nearer to its center than to any other by more than
    # margin - drift[k], if that is positive.
    bint is_first           # without labels yet
    long long *labels       # INOUT (n,)
    double *margin          # INOUT (n,)
    const double *drift     # IN (K,) ways since the start of a center and of the fastest other
    double *sums            # INOUT (K, 1 + D) counts, and sums of x - mean

    # Moments take labels, and centers in place of the mean.
    double *moments         # OUT (K, 1 + 2 D) counts, sums of x - center and of its squares
    long long n_changed     # OUT labels

    # How the work is cut: set by plan, from sizes and precision, not from threads.
    Py_ssize_t chunk_samples
    Py_ssize_t n_chunks
    double *partial_sums    # (n_chunks, partial_size)
    long long *partial_changed  # (n_chunks,)
    Py_ssize_t partial_size
    Py_ssize_t packed_size  # in bytes
    Py_ssize_t scratch_size  # in bytes, for each thread
    char *packed
    char *scratch

    Progress progress


cdef inline double weight_of(const Clusters *task, Py_ssize_t i) noexcept nogil:
    """Return the weight of sample i."""
    return 1 if task.weight == NULL else task.weight[i]


ctypedef void (*plan_clusters)(Clusters *task) noexcept nogil
ctypedef void (*run_clusters)(Clusters *task, int n_threads) noexcept nogil

ctypedef struct ClusterKernels:
    plan_clusters plan
    run_clusters measure    # distances to the first of rows into closest
    run_clusters approach   # update closest with the best of rows
    run_clusters evaluate   # potentials of rows
    run_clusters assign
    run_clusters moments    # sums of clusters with given labels, or of all samples without
