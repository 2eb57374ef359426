/* Allocations that fail when told to: preload it, arm it, and the n-th allocation of at least a given
   size has no memory; those after it have none either if so wished, until it is disarmed. For
   glibc. */

#include <errno.h>
#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static size_t smallest;     /* allocation that counts */
static long remaining = -1; /* until the failure; negative when disarmed */
static int goes_on;
static long n_failed;

void arm(long n, int persistent, size_t size)
{
    smallest = size;
    n_failed = 0;
    goes_on = persistent;
    __atomic_store_n(&remaining, n, __ATOMIC_SEQ_CST);
}

long disarm(void)
{
    __atomic_store_n(&remaining, -1, __ATOMIC_SEQ_CST);
    return n_failed;
}

static int fails(size_t size)
{
    if (size < smallest || __atomic_load_n(&remaining, __ATOMIC_RELAXED) < 0)
        return 0;
    long left = __atomic_sub_fetch(&remaining, 1, __ATOMIC_SEQ_CST);
    if (left > 0)
        return 0;
    __atomic_store_n(&remaining, goes_on ? 1 : -1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&n_failed, 1, __ATOMIC_SEQ_CST);
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return fails(size) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(count * size) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return fails(size) ? NULL : __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails(size) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    if (fails(size))
        return ENOMEM;
    *memory = __libc_memalign(alignment, size);
    return *memory == NULL ? ENOMEM : 0;
}
