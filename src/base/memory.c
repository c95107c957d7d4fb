/* memory.c - allocation that tests can make fail. */
#include "src/base/memory.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static atomic_long remaining = -1;

static int refused(void)
{
    long left = atomic_load_explicit(&remaining, memory_order_relaxed);
    if (left < 0)
        return 0;
    if (left == 0)
        return 1;
    atomic_store_explicit(&remaining, left - 1, memory_order_relaxed);
    return 0;
}

void hu_memory_fail_after(long n)
{
    atomic_store(&remaining, n);
}

void *hu_malloc(size_t size)
{
    return refused() ? NULL : malloc(size ? size : 1);
}

void *hu_calloc(size_t n, size_t size)
{
    return refused() ? NULL : calloc(n ? n : 1, size ? size : 1);
}

void *hu_realloc(void *p, size_t size)
{
    return refused() ? NULL : realloc(p, size ? size : 1);
}

void *hu_aligned(size_t n, size_t size)
{
    size_t bytes;
    if (refused() || __builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX - 64)
        return NULL;
    return aligned_alloc(64, bytes ? (bytes + 63) / 64 * 64 : 64);
}

char *hu_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = hu_malloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

void hu_free(void *p)
{
    free(p);
}
