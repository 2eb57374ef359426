"""The inputs and outputs of one pass over the samples, and the shape of a layout's factors."""

ctypedef enum Source:
    DENSITY       # posterior probabilities under the mixture
    GIVEN_LABELS  # 1 for the given component, 0 for the others
    GIVEN_RESP    # as given

ctypedef enum Moments:
    NONE
    FIRST   # counts and first moments
    SECOND  # and second moments

from gmmx._core.process.signals cimport Progress

ctypedef Py_ssize_t (*factor_size_function)(Py_ssize_t D) noexcept nogil
ctypedef double (*work_function)(Py_ssize_t D) noexcept nogil

ctypedef struct Shape:
    const char *name
    bint is_shared     # one factor for all components, and no second moments
    bint needs_center
    bint has_order     # whether rows may be visited in a given order, without a center
    factor_size_function factor_size  # values in a factor, and in a component's second moments
    work_function work  # multiplications for a sample and a component, roughly

ctypedef struct EMPass:
    Py_ssize_t layout          # index in the tables of layouts
    Source source
    Moments moments
    Py_ssize_t n_samples
    Py_ssize_t n_features
    Py_ssize_t n_components

    const void *X              # IN (n, D) float32 or float64, as all arrays of type void
    const void *sample_weight  # IN (n,) by which a sample counts in the sums, or NULL
    const double *means        # IN (K, D)
    const double *factors      # IN in the layout's shape, upper triangular matrices
    const double *log_scale    # IN (K,) log weight + normaliser
    const double *weights      # IN (K,) or NULL: then no responsibility is pruned
    const long long *order     # IN (n,) of visits to the rows, with labels as hints; or NULL
    const double *center       # IN (D,) near all means, subtracted from samples; NULL if far
    const double *origin       # IN (K, D) of moments, unless there is a center

    const long long *labels_in   # IN (n,) for GIVEN_LABELS, or NULL for all in the first
    const void *resp_in           # IN (n, K) for GIVEN_RESP

    void *weighted_log_prob    # OUT (K, n) or NULL
    void *resp                 # OUT (n, K) or NULL
    bint streams               # whether resp is aligned and too large for the caches
    void *log_prob             # OUT (n,) or NULL
    long long *labels          # OUT (n,) or NULL
    bint all_finite            # OUT whether all samples are finite, seen where no moments are taken
    bint has_far               # OUT whether all squared distances of some sample overflow
    long long n_skipped        # OUT pairs of a sample and a component left out, with order
    double *sums               # OUT log likelihood, counts, first, second; or NULL

    # How the work is cut: set by plan, from sizes, layout and precision, not from threads.
    Py_ssize_t block_groups    # register tiles of samples in a block
    Py_ssize_t chunk_samples   # consecutive samples that share one row of partial sums
    Py_ssize_t n_chunks
    Py_ssize_t partial_size    # in doubles
    double *partial_sums       # (n_chunks, partial_size)
    long long *partial_skipped  # (n_chunks,)
    int *partial_finite        # (n_chunks,) all_finite of each chunk
    int *partial_far           # (n_chunks,) has_far of each chunk
    Py_ssize_t packed_size     # in bytes
    Py_ssize_t scratch_size    # in bytes, for each thread
    char *packed               # parameters in the order in which the kernels read them
    char *scratch              # (n_threads, scratch_size)

    Progress progress
