/* num.c - exact numbers: from and to native types, order, and arithmetic at its own limits. */
#include "src/num/num.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "src/ops/ops.h"
#include "tests/lib/test.h"

/* The value of a number whose bits a double holds. */
static double value(hu_num x)
{
    double magnitude = ldexp((double)(uint64_t)(x.sig >> 64), x.exp - 63);
    switch (x.kind) {
    case HU_ZERO:   magnitude = 0; break;
    case HU_INF:    magnitude = INFINITY; break;
    case HU_NAN:    magnitude = NAN; break;
    case HU_FINITE: break;
    }
    return x.negative ? -magnitude : magnitude;
}

static bool is_normalized(hu_num x)
{
    return x.kind != HU_FINITE || x.sig >> 127 == 1;
}

static void check_float(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    hu_num x = hu_num_from_float(f);
    bool nan = isnan(f);
    assert_true(is_normalized(x) && !x.sticky && x.negative == (bits >> 31 != 0));
    assert_true(nan ? x.kind == HU_NAN : value(x) == (double)f);
    if (nan) {
        assert_true(x.signaling == !(bits & 0x400000));
        assert_true(x.sig == (hu_u128)(bits & 0x3fffff) << 106);
    }
}

static void from_float(void **state)
{
    (void)state;
    static const uint32_t edges[] = {0, 1, 0x7fffff, 0x800000, 0x800001, 0x3f800000, 0x7f7fffff, 0x7f800000,
                                     0x7f800001, 0x7fbfffff,
                                     0x7fc00000, 0x7fffffff, 0x400000, 0x7f000000};
    test_random random = {51};
    for (size_t i = 0; i < TEST_COUNT(edges); i++) {
        check_float(edges[i]);
        check_float(edges[i] | UINT32_C(1) << 31);
    }
    for (int i = 0; i < 200000; i++)
        check_float((uint32_t)test_random_bits(&random));
    for (uint32_t i = 0; i < 200000; i++)
        check_float((uint32_t)test_random_bits(&random) & 0x807fffff);
}

static void check_double(uint64_t bits)
{
    double d;
    memcpy(&d, &bits, sizeof d);
    hu_num x = hu_num_from_double(d);
    assert_true(is_normalized(x) && !x.sticky && x.negative == (bits >> 63 != 0));
    if (isnan(d)) {
        assert_true(x.kind == HU_NAN && x.signaling == !(bits >> 51 & 1));
        assert_true(x.sig == (hu_u128)(bits & (UINT64_MAX >> 13)) << 77);
        return;
    }
    double back = hu_num_to_double(x);
    assert_memory_equal(&back, &d, sizeof d);
    assert_true(value(x) == d);
}

static void from_double(void **state)
{
    (void)state;
    static const uint64_t edges[] = {0, 1, UINT64_MAX >> 12, UINT64_C(1) << 52, UINT64_C(0x3ff) << 52,
                                     (UINT64_C(0x7ff) << 52) - 1,
                                     UINT64_C(0x7ff) << 52, (UINT64_C(0x7ff) << 52) + 1, UINT64_C(0xfff) << 51, UINT64_MAX >> 1};
    test_random random = {52};
    for (size_t i = 0; i < TEST_COUNT(edges); i++) {
        check_double(edges[i]);
        check_double(edges[i] | UINT64_C(1) << 63);
    }
    for (int i = 0; i < 200000; i++)
        check_double(test_random_bits(&random));
    for (int i = 0; i < 200000; i++)
        check_double(test_random_bits(&random) & (UINT64_MAX >> 12 | UINT64_C(1) << 63));
}

/* A number of more bits than a double has goes to the nearest one, ties to even; out of range to infinity or zero. */
static void to_double(void **state)
{
    (void)state;
    hu_num x = hu_num_make(false, ((hu_u128)1 << 60) + 1, 0);
    assert_true(hu_num_to_double(x) == 0x1p60);
    assert_true(hu_num_to_double(hu_num_make(true, ((hu_u128)1 << 53) + 1, 0)) == -0x1p53);
    assert_true(hu_num_to_double(hu_num_make(true, ((hu_u128)1 << 53) + 3, 0)) == -0x1.0000000000002p53);
    x = hu_num_make(false, ((hu_u128)1 << 53) + 1, 0);
    x.sticky = true;
    assert_true(hu_num_to_double(x) == 0x1.0000000000001p53);
    x = hu_num_make(false, 1, 0);
    x.sticky = true;
    assert_true(hu_num_to_double(x) == 1);
    assert_true(hu_num_to_double(hu_num_make(false, 1, 1024)) == INFINITY);
    assert_true(hu_num_to_double(hu_num_make(true, ((hu_u128)1 << 54) - 1, 970)) == -INFINITY);
    assert_true(hu_num_to_double(hu_num_make(false, 1, -1074)) == 0x1p-1074);
    assert_true(hu_num_to_double(hu_num_make(false, 1, -1075)) == 0);
    assert_true(hu_num_to_double(hu_num_make(false, 3, -1075)) == 0x1p-1073);
    assert_true(hu_num_to_double(hu_num_make(false, 3, -1024)) == 0x1.8p-1023);
    assert_true(signbit(hu_num_to_double(hu_num_zero(true))) && isnan(hu_num_to_double(hu_num_nan())));
    assert_true(hu_num_to_double(hu_num_inf(true)) == -INFINITY);
}

static void from_integers(void **state)
{
    (void)state;
    static const int64_t n[] = {0, 1, -1, 2, 3, 12345, -12345, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    for (size_t i = 0; i < TEST_COUNT(n); i++) {
        hu_num x = hu_num_from_i64(n[i]);
        assert_true(is_normalized(x) && x.negative == (n[i] < 0));
        uint64_t magnitude = n[i] < 0 ? 0 - (uint64_t)n[i] : (uint64_t)n[i];
        assert_true(n[i] == 0 ? x.kind == HU_ZERO : x.sig >> (127 - x.exp) == magnitude);
    }
    assert_true(hu_num_from_u64(UINT64_MAX).exp == 63 && hu_num_from_u64(0).kind == HU_ZERO &&
                !hu_num_from_u64(1).negative);
}

static void order(void **state)
{
    (void)state;
    const double x[] = {-INFINITY, -DBL_MAX, -2, -1.5, -1, -DBL_MIN, -0x1p-1074, 0, 0x1p-1074, DBL_MIN, 1,
                1 + DBL_EPSILON, 1.5, 2, DBL_MAX, INFINITY};
    for (size_t i = 0; i < TEST_COUNT(x); i++)
        for (size_t j = 0; j < TEST_COUNT(x); j++)
            assert_int_equal(hu_num_compare(hu_num_from_double(x[i]), hu_num_from_double(x[j])), (i > j) - (i < j));
    assert_int_equal(hu_num_compare(hu_num_zero(true), hu_num_zero(false)), 0);
    assert_int_equal(hu_num_compare(hu_num_zero(false), hu_num_zero(true)), 0);
    assert_int_equal(hu_num_compare(hu_num_zero(true), hu_num_from_double(-1)), 1);
    hu_num minus = hu_num_negate(hu_num_from_u64(3));
    assert_true(minus.negative && !hu_num_abs(minus).negative && !hu_num_negate(minus).negative);
    assert_true(hu_num_negate(hu_num_nan()).negative && hu_num_negate(hu_num_zero(false)).negative);
}

static bool same(hu_num a, hu_num b)
{
    bool same_magnitude = a.kind != HU_FINITE || (a.exp == b.exp && a.sig == b.sig && a.sticky == b.sticky);
    return a.kind == b.kind && a.negative == b.negative && same_magnitude;
}

/* Zeros and infinities among the operands, where the operation is not an invalid one. */
static void special_operands(void **state)
{
    (void)state;
    hu_num zero = hu_num_zero(false), minus_zero = hu_num_zero(true), inf = hu_num_inf(false), minus_inf = hu_num_inf(true);
    hu_num two = hu_num_from_u64(2), minus_two = hu_num_negate(two);
    assert_true(same(hu_num_add(zero, minus_zero, false), zero) &&
                same(hu_num_add(zero, minus_zero, true), minus_zero));
    assert_true(same(hu_num_add(minus_zero, minus_zero, false), minus_zero) &&
                same(hu_num_add(zero, zero, true), zero));
    assert_true(same(hu_num_add(two, minus_two, false), zero) &&
                same(hu_num_add(two, minus_two, true), minus_zero));
    assert_true(same(hu_num_add(two, minus_zero, true), two) &&
                same(hu_num_add(zero, minus_two, true), minus_two));
    assert_true(same(hu_num_add(inf, minus_two, false), inf) &&
                same(hu_num_add(two, minus_inf, false), minus_inf));
    assert_true(same(hu_num_add(inf, inf, false), inf));
    assert_true(same(hu_num_mul(minus_two, inf), minus_inf) && same(hu_num_mul(minus_inf, minus_two), inf));
    assert_true(same(hu_num_mul(minus_two, zero), minus_zero) && same(hu_num_mul(minus_zero, minus_two), zero));
    assert_true(same(hu_num_div(inf, minus_two), minus_inf) && same(hu_num_div(minus_two, inf), minus_zero));
    assert_true(same(hu_num_div(zero, minus_two), minus_zero));
    assert_true(same(hu_num_sqrt(minus_zero), minus_zero) && same(hu_num_sqrt(inf), inf) &&
                same(hu_num_sqrt(zero), zero));
    assert_true(same(hu_num_rem(two, inf), two) && same(hu_num_rem(minus_zero, two), minus_zero));
    assert_true(same(hu_num_fma(two, inf, minus_two, false), inf) &&
                same(hu_num_fma(two, zero, minus_zero, true), minus_zero));
    assert_true(same(hu_num_fma(two, two, minus_inf, false), minus_inf));
}

/* A number that is too far below to be seen only sets the sticky bit, or takes one unit of the last place away. */
static void far_apart(void **state)
{
    (void)state;
    hu_num one = hu_num_from_u64(1);
    for (int distance = 120; distance < 300; distance++) {
        hu_num small = hu_num_make(false, 3, -1 - distance);
        hu_num up = hu_num_add(one, small, false), down = hu_num_add(one, hu_num_negate(small), false);
        bool seen = distance <= 126;
        assert_true(up.sticky == !seen && up.exp == 0);
        assert_true(down.exp == -1);
        hu_u128 cut = distance < 128 ? (hu_u128)3 << 126 >> distance : 0;
        assert_true(up.sig == ((hu_u128)1 << 127 | cut));
        if (seen)
            assert_true(!down.sticky && down.sig == (((hu_u128)1 << 127) - cut) << 1);
        else
            assert_true(down.sticky && down.sig >= ~(hu_u128)0 - 8);
    }
}

static const struct CMUnitTest claims[] = {
    CLAIM("a float becomes its exact value, a NaN keeps sign, kind and payload", from_float),
    CLAIM("a double becomes its exact value and back, a NaN keeps sign, kind and payload", from_double),
    CLAIM("a wider number becomes the nearest double", to_double),
    CLAIM("integers become their exact values", from_integers),
    CLAIM("numbers compare by value, and zeros are equal", order),
    CLAIM("zeros and infinities as operands", special_operands),
    CLAIM("a far smaller term leaves a sticky bit, or borrows one", far_apart),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
