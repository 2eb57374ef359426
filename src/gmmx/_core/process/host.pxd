"""What a pass owes the process that it runs in: signals are heard, and threads are shared."""

from gmmx._core.process.atomic cimport fetch_add
from gmmx._core.process.signals cimport Signals

cdef extern from "Python.h":
    int PyErr_CheckSignals() noexcept

cdef enum:
    # From so many multiplications on, some hundredths of a second, signals should not wait.
    LONG_WORK = 200_000_000


cdef inline int reserve_threads(Py_ssize_t *in_use, int wanted) noexcept nogil:
    """How many threads a pass may have so that passes side by side share those they want.

    Each gets one at least. How many does not change its result.
    """
    cdef Py_ssize_t others = fetch_add(in_use, wanted)
    cdef int granted = <int>max(<Py_ssize_t>1, wanted - others)
    fetch_add(in_use, granted - wanted)
    return granted


cdef inline void release_threads(Py_ssize_t *in_use, Py_ssize_t granted) noexcept nogil:
    fetch_add(in_use, -granted)


cdef inline bint is_main_thread() except -1:
    """Whether this thread is the one that Python's signal handlers run in."""
    import threading
    return threading.get_ident() == threading.main_thread().ident


cdef inline int check_signals_once() noexcept nogil:
    """Run handlers of signals that came in; -1 if one of them raised, which is not lost."""
    with gil:
        return PyErr_CheckSignals()


cdef inline int propagate(int status) except -1 nogil:
    """Raise what was left pending with a status of -1."""
    return status


cdef inline Signals signals_for(double work) except *:
    """How a pass looks at signals: not at all if it is short or they are not this thread's."""
    cdef Signals signals
    signals.poll = NULL
    signals.last_poll = 0
    signals.is_cancelled = 0
    if work >= LONG_WORK and is_main_thread():
        signals.poll = check_signals_once
    return signals
