/* memory.c - allocation: aligned, checked for overflow, and made to fail when a test asks for it. */
#include "src/base/memory.h"
#include "tests/lib/test.h"

#include <string.h>

static void aligned_memory(void **state)
{
    (void)state;
    const size_t counts[] = {0, 1, 7, 64, 65, 100000};
    for (size_t i = 0; i < TEST_COUNT(counts); i++) {
        unsigned char *p = hu_aligned(counts[i], 3);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        memset(p, 0xa5, counts[i] * 3);
        hu_free(p);
    }
}

static void overflowing_sizes(void **state)
{
    (void)state;
    volatile size_t half = SIZE_MAX / 2 + 1;   /* volatile: the compiler warns of what it can see */
    assert_null(hu_calloc(half, 2));
    assert_null(hu_calloc(3, half));
    assert_null(hu_aligned(half, 2));
    assert_null(hu_aligned(1, SIZE_MAX - 1));
}

static void no_bytes(void **state)
{
    (void)state;
    void *p = hu_malloc(0), *q = hu_calloc(0, 8);
    assert_non_null(p);
    assert_non_null(q);
    p = hu_realloc(p, 0);
    assert_non_null(p);
    hu_free(p);
    hu_free(q);
    hu_free(NULL);
}

static void growing(void **state)
{
    (void)state;
    size_t capacity = 0, moves = 0;
    uint16_t *list = NULL;
    for (size_t n = 0; n < 1000; n++) {
        size_t before = capacity;
        list = hu_grow(list, n, &capacity, sizeof *list);
        assert_non_null(list);
        assert_true(capacity > n);
        moves += capacity != before;
        list[n] = (uint16_t)n;
    }
    assert_true(moves < 10);
    for (size_t n = 0; n < 1000; n++)
        assert_int_equal(list[n], n);
    hu_memory_fail_after(0);
    size_t before = capacity;
    assert_ptr_equal(hu_grow(list, 5, &capacity, sizeof *list), list);
    assert_null(hu_grow(list, capacity, &capacity, sizeof *list));
    hu_memory_fail_after(-1);
    assert_null(hu_grow(list, capacity, &capacity, SIZE_MAX / 4));
    assert_int_equal(capacity, before);
    assert_int_equal(list[999], 999);
    hu_free(list);
}

static void failing_from_the_nth(void **state)
{
    (void)state;
    for (long n = 0; n < 5; n++) {
        long got = 0;
        void *p[6];
        hu_memory_fail_after(n);
        p[0] = hu_malloc(1);
        p[1] = hu_calloc(1, 1);
        p[2] = hu_aligned(1, 1);
        p[3] = hu_strdup("x");
        p[4] = hu_realloc(NULL, 1);
        p[5] = hu_malloc(1);
        hu_memory_fail_after(-1);
        for (size_t i = 0; i < TEST_COUNT(p); i++) {
            got += p[i] != NULL;
            assert_true((p[i] != NULL) == ((long)i < n));
            hu_free(p[i]);
        }
        assert_int_equal(got, n);
    }
}

static const struct CMUnitTest claims[] = {
    CLAIM("aligned memory starts at a multiple of 64 bytes", aligned_memory),
    CLAIM("a size that overflows is refused", overflowing_sizes),
    CLAIM("no bytes are memory too, and nothing can be freed", no_bytes),
    CLAIM("a list grows by doubling, and is as it was where that fails", growing),
    CLAIM("every kind of allocation fails from the n-th on when asked to", failing_from_the_nth),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
