"""What one pass over the samples is given and where it leaves its results."""

ctypedef enum Layout:
    DENSE     # factors and second moments (K, D, D)
    SHARED    # factors (D, D), no second moments: they depend on no responsibility
    DIAGONAL  # factors and second moments (K, D)
    ISOTROPIC  # factors and second moments (K,), their traces; always with a center

ctypedef enum Source:
    DENSITY       # posterior probabilities under the mixture
    GIVEN_LABELS  # 1 for the given component, 0 for the others
    GIVEN_RESP    # as given

ctypedef enum Moments:
    NONE
    FIRST   # counts and first moments
    SECOND  # and second moments

from gmmx._core.process.signals cimport Signals

ctypedef struct EMPass:
    Layout layout
    Source source
    Moments moments
    Py_ssize_t n_samples
    Py_ssize_t n_features
    Py_ssize_t n_components

    const void *X              # IN (n, D) float32 or float64, as all arrays of type void
    const double *means        # IN (K, D)
    const double *factors      # IN in the layout's shape, upper triangular matrices
    const double *log_scale    # IN (K,) log weight + normaliser
    const double *weights      # IN (K,) or NULL: then no responsibility is pruned
    const long long *order     # IN (n,) in which rows are visited, or NULL; labels are hints then
    const double *center       # IN (D,) near all means, subtracted from samples; NULL if far
    const double *origin       # IN (K, D) where moments are taken about, unless there is a center

    const long long *labels_in   # IN (n,) for GIVEN_LABELS, or NULL for all in the first
    const void *resp_in           # IN (n, K) for GIVEN_RESP

    void *weighted_log_prob    # OUT (K, n) or NULL
    void *resp                 # OUT (n, K) or NULL
    bint streams               # whether resp is aligned and too large for the caches
    void *log_prob             # OUT (n,) or NULL
    long long *labels          # OUT (n,) or NULL
    bint all_finite            # OUT whether all samples are, seen where no moments are taken
    bint has_far               # OUT whether all squared distances of some sample overflow
    long long n_skipped        # OUT pairs of a sample and a component left out, with order
    double *sums               # OUT log likelihood, counts, first, second; or NULL

    # How the work is cut: set by plan, from n, K and D only.
    Py_ssize_t block_groups    # register tiles of samples in a block
    Py_ssize_t chunk_samples   # consecutive samples that share one row of partial sums
    Py_ssize_t n_chunks
    Py_ssize_t partial_size    # in doubles
    double *partial_sums       # (n_chunks, partial_size)
    long long *partial_skipped  # (n_chunks,)
    int *partial_finite        # (n_chunks,) whether a chunk's samples are, seen without moments
    int *partial_far           # (n_chunks,) whether all squared distances of a sample overflow
    Py_ssize_t packed_size     # in bytes
    Py_ssize_t scratch_size    # in bytes, for each thread
    char *packed               # parameters in the order in which the kernels read them
    char *scratch              # (n_threads, scratch_size)

    # The calling thread looks at signals while the pass runs, also while it waits for others.
    Signals signals
    Py_ssize_t next_chunk      # that no thread has taken yet
    Py_ssize_t n_done          # chunks

ctypedef void (*plan_function)(EMPass *task) noexcept nogil
ctypedef void (*pack_function)(const EMPass *task) noexcept nogil
# 0, or -1 if the pass was cancelled.
ctypedef int (*run_function)(EMPass *task, int n_threads) noexcept nogil

ctypedef int (*max_threads_function)() noexcept nogil

ctypedef Py_ssize_t (*factorize_function)(
    const double *matrices, Py_ssize_t K, Py_ssize_t D, double smallest, bint invert,
    double *factors, double *scratch, int n_threads
) noexcept nogil

ctypedef void (*square_upper_function)(
    const double *upper, Py_ssize_t D, double *transposed, double *square
) noexcept nogil

ctypedef struct Kernels:
    max_threads_function max_threads  # OpenMP's limit, 1 without OpenMP
    plan_function plan
    pack_function pack        # the parameters, into task.packed
    run_function run
    factorize_function factorize  # matrices, each on its own
    square_upper_function square_upper


cdef inline double work(const EMPass *task, Py_ssize_t n_samples) noexcept nogil:
    """Multiplications for some of the samples, roughly."""
    cdef double D = task.n_features
    return (D * (D if task.layout == DENSE else 1) + 10) * n_samples * task.n_components
