"""OpenMP's threads: their limit, forks, and signals that the calling thread polls."""

from gmmx._core.process.atomic cimport fetch, fetch_add
from gmmx._core.process.signals cimport Signals

cdef extern from *:
    """
    #ifdef _OPENMP
    #include <omp.h>
    #else
    #define omp_get_max_threads() 1
    #endif

    #if defined(_OPENMP) && defined(__linux__)
    #include <pthread.h>
    #pragma weak omp_pause_resource_all
    #pragma weak __kmpc_global_thread_num
    extern int __kmpc_global_thread_num(void *);

    /* The threads of GCC's runtime do not survive a fork, and a child that waits for them hangs:
       let them go before it. The runtimes of LLVM and Intel see to this themselves. */
    static unsigned generation = 1;
    static void release_threads(void)
    {
        generation++;
        if (omp_pause_resource_all && !__kmpc_global_thread_num && !omp_in_parallel())
            omp_pause_resource_all(omp_pause_hard);
    }
    static void guard_forks(void) { pthread_atfork(release_threads, NULL, NULL); }

    /* GCC's runtime ends the process if it cannot start a thread: try it first. Those that the
       last region had it keeps, for each thread that calls it. */
    static void *wait_for_lock(void *lock)
    {
        pthread_mutex_lock(lock);
        pthread_mutex_unlock(lock);
        return NULL;
    }
    static int startable(int n_threads)
    {
        static __thread int proven = 1;
        static __thread unsigned since = 0;
        pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        pthread_t threads[256];
        int n = 0;
        if (n_threads == 1)
            return 1;
        if (since == generation && n_threads <= proven)
            return proven = n_threads;
        pthread_mutex_lock(&lock);
        while (n < n_threads - 1 && n < 256
               && pthread_create(&threads[n], NULL, wait_for_lock, &lock) == 0)
            n++;
        pthread_mutex_unlock(&lock);
        for (int i = 0; i < n; i++)
            pthread_join(threads[i], NULL);
        since = generation;
        proven = n + 1;
        return proven;
    }
    #else
    static void guard_forks(void) {}
    #define startable(n_threads) (n_threads)
    #endif

    #include <time.h>
    #ifdef _OPENMP
    #define seconds() omp_get_wtime()
    #else
    #define seconds() ((double)clock() / CLOCKS_PER_SEC)
    #endif

    #ifdef _MSC_VER
    #include <windows.h>
    static inline void sleep_shortly(void) { Sleep(1); }
    #else
    static inline void sleep_shortly(void)
    {
        struct timespec duration = {0, 100000};
        nanosleep(&duration, NULL);
    }
    #endif
    """
    int omp_get_max_threads() noexcept nogil
    void guard_forks()
    int startable(int n_threads) noexcept nogil  # at most n_threads
    double seconds() noexcept nogil
    void sleep_shortly() noexcept nogil


cdef enum:
    POLL_WORK = 1000000  # multiplications between two looks at the clock


cdef inline void poll(Signals *signals) noexcept nogil:
    """Check for signals if the last check is long enough ago; call it in the calling thread."""
    cdef double now
    if signals.poll == NULL or fetch(&signals.is_cancelled):
        return
    now = seconds()
    if now - signals.last_poll >= 0.05:
        if signals.poll() < 0:
            fetch_add(&signals.is_cancelled, 1)
        signals.last_poll = seconds()
