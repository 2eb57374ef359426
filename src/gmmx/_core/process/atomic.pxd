"""Counters that several threads change at the same time."""

cdef extern from *:
    """
    #ifdef _MSC_VER
    #include <intrin.h>
    #define fetch_add(counter, n) \
        ((Py_ssize_t)_InterlockedExchangeAdd64((volatile __int64 *)(counter), (n)))
    #define fetch(counter) (*(volatile Py_ssize_t *)(counter))
    #else
    #define fetch_add(counter, n) __atomic_fetch_add((counter), (n), __ATOMIC_ACQ_REL)
    #define fetch(counter) __atomic_load_n((counter), __ATOMIC_ACQUIRE)
    #endif
    """
    Py_ssize_t fetch_add(Py_ssize_t *counter, Py_ssize_t n) noexcept nogil  # value before
    Py_ssize_t fetch(const Py_ssize_t *counter) noexcept nogil
