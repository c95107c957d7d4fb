/* memory.h - allocation that tests can make fail.
 *
 * Everything the project allocates goes through these, so that a test can walk through all the
 * ways of running out of memory: hu_memory_fail_after(n) for n = 0, 1, 2 ... until the call succeeds.
 */
#ifndef HU_BASE_MEMORY_H
#define HU_BASE_MEMORY_H

#include <stddef.h>

void *hu_malloc(size_t size);                    /* NULL when out of memory           */
void *hu_calloc(size_t n, size_t size);          /* zeroed; NULL also when n * size overflows */
void *hu_realloc(void *p, size_t size);          /* on failure p is still the caller's */
void *hu_aligned(size_t n, size_t size);         /* 64-byte aligned, not zeroed; hu_free releases it */

/* A list of n elements of `size` bytes, with room for one more: as it is, or moved into more memory, and *capacity (in elements) has grown. NULL when out
 * of memory: the list is still the caller's, and as it was. */
void *hu_grow(void *list, size_t n, size_t *capacity, size_t size);

char *hu_strdup(const char *text);
void  hu_free(void *p);                          /* hu_free(NULL) does nothing         */

/* hu_calloc and hu_aligned ask the system for pages of 2 MiB where they give 4 MiB or more: arrays that are walked through again and again
 * then take a fourteenth less time, and more where pages are looked up in two tables, as in virtual machines. */

/* How many bytes the system can still give without ending a process for it: what /proc/meminfo and the
 * control group (version 2) say; SIZE_MAX where they say nothing. Linux promises more than it has, so a large
 * request is compared with this before it is made. */
size_t hu_memory_available(void);

/* After n more successful allocations every further one fails; -1: never (the default).
 * For tests; not meant to be called while other threads allocate. */
void hu_memory_fail_after(long n);

#endif
