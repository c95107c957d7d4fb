/* nearest.c - the name that is meant by one that is slightly wrong. */
#include "src/base/nearest.h"

#include <string.h>

#include "tests/lib/test.h"

static void known_distances(void **state)
{
    (void)state;
    assert_int_equal(hu_nearest_distance("", ""), 0);
    assert_int_equal(hu_nearest_distance("abc", "abc"), 0);
    assert_int_equal(hu_nearest_distance("abc", ""), 6);
    assert_int_equal(hu_nearest_distance("abc", "ab"), 2);
    assert_int_equal(hu_nearest_distance("abc", "axc"), 2);
    assert_int_equal(hu_nearest_distance("abc", "acb"), 2);
    assert_int_equal(hu_nearest_distance("abc", "aBc"), 1);
    assert_int_equal(hu_nearest_distance("kitten", "sitting"), 6);
    assert_int_equal(hu_nearest_distance("ca", "abc"), 6);      /* each part is edited once only */
}

static void a_distance_is_symmetric(void **state)
{
    (void)state;
    test_random r = {3};
    for (int i = 0; i < 2000; i++) {
        char text[2][9];
        for (int k = 0; k < 2; k++) {
            int n = (int)test_random_below(&r, 9);
            for (int j = 0; j < n; j++)
                text[k][j] = "abAB"[test_random_below(&r, 4)];
            text[k][n] = '\0';
        }
        int d = hu_nearest_distance(text[0], text[1]);
        assert_int_equal(d, hu_nearest_distance(text[1], text[0]));
        assert_int_equal(d == 0, strcmp(text[0], text[1]) == 0);
        size_t longer = strlen(text[0]) > strlen(text[1]) ? strlen(text[0]) : strlen(text[1]);
        assert_true(d <= 2 * (int)longer);
    }
}

static void the_first_of_the_nearest_wins(void **state)
{
    (void)state;
    hu_nearest near = hu_nearest_to("e4m3nf");
    assert_null(near.best);
    hu_nearest_offer(&near, "something");
    assert_null(near.best);
    hu_nearest_offer(&near, "e4m3");
    assert_string_equal(near.best, "e4m3");
    hu_nearest_offer(&near, "e4m3fn");
    assert_string_equal(near.best, "e4m3fn");
    hu_nearest_offer(&near, "e4m3nx");
    assert_string_equal(near.best, "e4m3fn");
}

static void long_names_are_cut(void **state)
{
    (void)state;
    char a[200], b[200];
    memset(a, 'x', sizeof a - 1);
    memset(b, 'x', sizeof b - 1);
    a[sizeof a - 1] = b[sizeof b - 1] = '\0';
    b[150] = 'y';
    assert_int_equal(hu_nearest_distance(a, b), 0);
}

static const struct CMUnitTest claims[] = {
    CLAIM("distances worked out by hand", known_distances),
    CLAIM("a distance is symmetric, and zero for equal names only", a_distance_is_symmetric),
    CLAIM("the first of the nearest names wins, and far ones never do", the_first_of_the_nearest_wins),
    CLAIM("only the first 63 bytes of a name count", long_names_are_cut),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
