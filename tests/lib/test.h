/* test.h - what every test program in C starts from: cmocka, claims, vectors, random numbers.
 *
 * A program is a list of claims and a main of one line:
 *
 *     static const struct CMUnitTest claims[] = {
 *         CLAIM("zero has two signs", zero_signs),
 *     };
 *     int main(void) { return test_main(claims, TEST_COUNT(claims)); }
 *
 * Output is TAP. See tests/README.md.
 */
#ifndef HU_TESTS_LIB_TEST_H
#define HU_TESTS_LIB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CLAIM(text, function) {text, function, NULL, NULL, NULL}
#define TEST_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Runs the claims, writes TAP to stdout; the number of those that failed (at most 100), for main to return. */
int test_main(const struct CMUnitTest *claims, size_t n);

/* A line of information in the output ("# 1000000 cases"), as printf. */
void test_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the claim that is running as skipped, with the reason in the output. Call it before anything is owned. */
_Noreturn void test_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* True under `make check-long`: the exhaustive and slow cases are wanted as well. */
bool test_long(void);

/* "<source tree>/name"; a file the tests bring along. Valid until the next call. */
const char *test_file(const char *name);

/* "<source tree>/../shared/vectors/name" (or under $HU_VECTORS); skips the claim where it is absent.
 * Valid until the next call. */
const char *test_vectors(const char *name);

/* A generator of the tests' own, so that a seed means the same cases everywhere: SplitMix64
 * (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014). */
typedef struct test_random {
    uint64_t state;       /* start it at any seed */
} test_random;

uint64_t test_random_bits(test_random *r);                   /* 64 bits                            */
uint64_t test_random_below(test_random *r, uint64_t n);      /* 0 .. n - 1, n > 0                  */
double   test_random_unit(test_random *r);                   /* [0, 1), 53 bits                    */

#endif
