"""The threads of a pass: each takes the next chunk of samples until none is left."""

from cython.parallel cimport parallel, threadid

from gmmx._core.process.atomic cimport fetch, fetch_add
from gmmx._core.process.runtime cimport poll, sleep_shortly, startable
from gmmx._core.process.signals cimport Progress

ctypedef void (*chunk_function)(void *task, Py_ssize_t chunk, int thread) noexcept nogil


cdef inline void take_chunks(
    void *task, chunk_function run_chunk, Py_ssize_t n_chunks, Progress *progress, int thread
) noexcept nogil:
    """Run chunks until none is left.

    The calling thread, 0, then waits here until the others have finished their chunks: it could not
    check for signals at the end of a parallel region.
    """
    cdef Py_ssize_t chunk = fetch_add(&progress.next_chunk, 1)
    while chunk < n_chunks and not fetch(&progress.signals.is_cancelled):
        run_chunk(task, chunk, thread)
        fetch_add(&progress.n_done, 1)
        if thread == 0:
            poll(&progress.signals)
        chunk = fetch_add(&progress.next_chunk, 1)
    if thread == 0 and progress.signals.poll != NULL:
        while fetch(&progress.n_done) < n_chunks and not fetch(&progress.signals.is_cancelled):
            sleep_shortly()
            poll(&progress.signals)


cdef inline void run_chunks(
    void *task, chunk_function run_chunk, Py_ssize_t n_chunks, Progress *progress, int n_threads
) noexcept nogil:
    """Run all chunks on up to `n_threads` threads, unless a handler of a signal cancels them."""
    n_threads = startable(n_threads)
    if n_threads == 1:
        take_chunks(task, run_chunk, n_chunks, progress, 0)
    else:
        with parallel(num_threads=n_threads):
            take_chunks(task, run_chunk, n_chunks, progress, threadid())
