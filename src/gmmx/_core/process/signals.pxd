"""How the calling thread of a pass gets to hear of signals, and ends the pass."""

ctypedef int (*poll_function)() noexcept nogil

ctypedef struct Signals:
    poll_function poll        # negative to cancel the pass; or NULL
    double last_poll          # in seconds
    Py_ssize_t is_cancelled
