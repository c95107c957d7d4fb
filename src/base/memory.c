/* memory.c - allocation that tests can make fail. */
#include "src/base/memory.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

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

/* Asks for pages of 2 MiB where at least one lies within the memory. It is a wish: a system that does not know it, or has none left,
 * gives small ones. What has been written already stays as it is. */
static void *in_large_pages(void *p, size_t bytes)
{
    enum { LEAST = 4 << 20, PAGE = 2 << 20 };
    if (!p || bytes < LEAST)
        return p;
#ifdef MADV_HUGEPAGE
    uintptr_t from = ((uintptr_t)p + PAGE - 1) / PAGE * PAGE, to = ((uintptr_t)p + bytes) / PAGE * PAGE;
    (void)madvise((void *)from, to - from, MADV_HUGEPAGE);
#endif
    return p;
}

void *hu_calloc(size_t n, size_t size)
{
    void *p = refused() ? NULL : calloc(n ? n : 1, size ? size : 1);
    return in_large_pages(p, p ? n * size : 0);        /* calloc looked at the product */
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
    return in_large_pages(aligned_alloc(64, bytes ? (bytes + 63) / 64 * 64 : 64), bytes);
}

void *hu_grow(void *list, size_t n, size_t *capacity, size_t size)
{
    size_t more = 2 * *capacity + 16, bytes;
    if (n < *capacity)
        return list;
    void *grown = __builtin_mul_overflow(more, size, &bytes) ? NULL : hu_realloc(list, bytes);
    if (grown)
        *capacity = more;
    return grown;
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

/* The number that follows `key` at the beginning of a line of a file; SIZE_MAX where there is none. */
static size_t number_in(const char *path, const char *key)
{
    FILE *file = fopen(path, "r");
    char line[256];
    size_t length = strlen(key), value = SIZE_MAX;
    unsigned long long number;

    while (file && value == SIZE_MAX && fgets(line, sizeof line, file))
        if (strncmp(line, key, length) == 0 && sscanf(line + length, "%llu", &number) == 1)
            value = number;
    if (file)
        fclose(file);
    return value;
}

size_t hu_memory_available(void)
{
    size_t available = number_in("/proc/meminfo", "MemAvailable:");
    size_t most = number_in("/sys/fs/cgroup/memory.max", ""), used = number_in("/sys/fs/cgroup/memory.current", "");
    size_t cache = number_in("/sys/fs/cgroup/memory.stat", "inactive_file ");

    if (available != SIZE_MAX)
        available = available <= SIZE_MAX / 1024 ? available * 1024 : SIZE_MAX;
    if (most == SIZE_MAX || used == SIZE_MAX)
        return available;
    if (cache != SIZE_MAX)
        used -= cache < used ? cache : used;
    size_t left = most > used ? most - used : 0;
    return left < available ? left : available;
}
