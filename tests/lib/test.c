/* test.c - claims, notes, skips, vectors and random numbers for the tests in C. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int test_main(const struct CMUnitTest *claims, size_t n)
{
    setvbuf(stdout, NULL, _IOLBF, 0);   /* a program that dies has told how far it came */
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = _cmocka_run_group_tests("claims", claims, n, NULL, NULL);
    return failed > 100 ? 100 : failed;
}

static void comment(const char *label, const char *format, va_list args)
{
    fputs(label, stdout);
    vprintf(format, args);
    putchar('\n');
}

void test_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    comment("# ", format, args);
    va_end(args);
}

_Noreturn void test_skip(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    comment("# SKIPPED: ", format, args);
    va_end(args);
    skip();
    abort();
}

bool test_long(void)
{
    const char *wanted = getenv("HU_TEST_LONG");
    return wanted && wanted[0] && wanted[0] != '0';
}

static const char *join(const char *folder, const char *name)
{
    static char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        fail_msg("the path %s/%s is too long", folder, name);
    return path;
}

const char *test_file(const char *name)
{
    const char *folder = getenv("HU_SRCDIR");
    return join(folder ? folder : TEST_SRCDIR, name);
}

const char *test_vectors(const char *name)
{
    const char *folder = getenv("HU_VECTORS");
    char beside[4096];
    snprintf(beside, sizeof beside, "%s", test_file("../shared/vectors"));
    const char *path = join(folder ? folder : beside, name);
    if (access(path, R_OK) != 0)
        test_skip("no test vectors: %s is absent", path);
    return path;
}

uint64_t test_random_bits(test_random *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t test_random_below(test_random *r, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)test_random_bits(r) * n) >> 64);
}

double test_random_unit(test_random *r)
{
    return (double)(test_random_bits(r) >> 11) * 0x1p-53;
}
