"""How far a pass has come, and how its calling thread notices signals and ends it."""

ctypedef int (*poll_function)() noexcept nogil

ctypedef struct Signals:
    poll_function poll        # negative to cancel the pass; or NULL
    double last_poll          # in seconds
    Py_ssize_t is_cancelled

ctypedef struct Progress:
    Py_ssize_t next_chunk     # that no thread has taken yet
    Py_ssize_t n_done         # chunks
    # The calling thread looks at signals while the pass runs, also while it waits for others.
    Signals signals
