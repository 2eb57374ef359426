"""How passes share the threads of the process, and notice its signals."""

from gmmx._core.process.atomic cimport fetch_add
from gmmx._core.process.signals cimport Progress

cdef extern from "Python.h":
    int PyErr_CheckSignals() noexcept

cdef enum:
    # From so many multiplications on, some hundredths of a second, signals should not wait.
    LONG_WORK = 200_000_000


cdef inline int reserve_threads(Py_ssize_t *in_use, int wanted) noexcept nogil:
    """Return the number of threads that a pass may use, at least 1.

    Passes that run at the same time share the threads. The number does not change a result.
    """
    cdef Py_ssize_t others = fetch_add(in_use, wanted)
    cdef int granted = <int>max(<Py_ssize_t>1, wanted - others)
    fetch_add(in_use, granted - wanted)
    return granted


cdef inline void release_threads(Py_ssize_t *in_use, Py_ssize_t granted) noexcept nogil:
    fetch_add(in_use, -granted)


cdef inline bint is_main_thread() except -1:
    """Return whether this thread is the one in which Python runs signal handlers."""
    import threading
    return threading.get_ident() == threading.main_thread().ident


cdef inline int check_signals_once() noexcept nogil:
    """Run the handlers of signals that arrived; return -1 if one raised, its error being set."""
    with gil:
        return PyErr_CheckSignals()


cdef inline int propagate(int status) except -1 nogil:
    """Raise the error that is set if the status is -1."""
    return status


cdef inline Progress progress_for(double work) except *:
    """Return the start of a pass, which polls signals if it is long and in the main thread."""
    cdef Progress progress
    progress.next_chunk = progress.n_done = 0
    progress.signals.poll = NULL
    progress.signals.last_poll = 0
    progress.signals.is_cancelled = 0
    if work >= LONG_WORK and is_main_thread():
        progress.signals.poll = check_signals_once
    return progress
