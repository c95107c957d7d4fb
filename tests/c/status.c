/* status.c - errors are one line that fits, and a name that is slightly wrong finds the right one. */
#include "src/base/status.h"
#include "src/base/nearest.h"
#include "tests/lib/test.h"

#include <string.h>

static void every_status_has_a_sentence(void **state)
{
    (void)state;
#define X(name, text) assert_string_equal(hu_status_text(name), text);
    HU_STATUS_MAP(X)
#undef X
    assert_string_equal(hu_status_text((hu_status)1000), "unknown status");
}

static void failing_fills_the_error(void **state)
{
    (void)state;
    hu_error err = {0};
    assert_int_equal(hu_fail(&err, HU_ESHAPE, "gemm: %d columns, %d rows", 2, 3), HU_ESHAPE);
    assert_int_equal(err.status, HU_ESHAPE);
    assert_string_equal(err.text, "gemm: 2 columns, 3 rows");
    assert_int_equal(hu_fail(NULL, HU_EIO, "nobody %s", "listens"), HU_EIO);
}

static void long_lines_are_cut(void **state)
{
    (void)state;
    char longer[1000];
    hu_error err;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    hu_fail(&err, HU_EPARSE, "%s", longer);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

static void nearest_name(void **state)
{
    (void)state;
    const char *names[] = {"e5m2", "e4m3", "e4m3fn", "bf16"};
    struct { const char *wanted, *best; } cases[] = {
        {"e4m3nf", "e4m3fn"}, {"E5M2", "e5m2"}, {"bf61", "bf16"}, {"e4m3fnu", "e4m3fn"}, {"posit", NULL}, {"", NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        hu_nearest near = hu_nearest_to(cases[i].wanted);
        for (size_t k = 0; k < TEST_COUNT(names); k++)
            hu_nearest_offer(&near, names[k]);
        if (cases[i].best)
            assert_string_equal(near.best ? near.best : "(none)", cases[i].best);
        else
            assert_null(near.best);
    }
}

static void distances(void **state)
{
    (void)state;
    assert_int_equal(hu_nearest_distance("abc", "abc"), 0);
    assert_int_equal(hu_nearest_distance("abc", "aBc"), 1);
    assert_int_equal(hu_nearest_distance("abc", "acb"), 2);
    assert_int_equal(hu_nearest_distance("abc", "ab"), 2);
    assert_int_equal(hu_nearest_distance("", "abc"), 6);
    assert_int_equal(hu_nearest_distance("kitten", "sitting"), 6);
}

static const struct CMUnitTest claims[] = {
    CLAIM("every status has its sentence", every_status_has_a_sentence),
    CLAIM("a failure fills the caller's error and returns its status", failing_fills_the_error),
    CLAIM("a line that is too long is cut, not overrun", long_lines_are_cut),
    CLAIM("a name that is slightly wrong finds the right one, another none", nearest_name),
    CLAIM("distances between names are those of optimal string alignment", distances),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
