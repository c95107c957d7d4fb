/* values.c - which values a format has: the lists against a plain search, binades against the lists. */
#include <stdlib.h>

#include "formats/values.h"
#include "src/base/memory.h"
#include "src/ops/ops.h"
#include "tests/lib/test.h"

static const char *const more[] = {"e2m3", "e5m2{subnormals=flush}", "e4m3{subnormals=flush-in}", "e4m3{subnormals=flush-out}", "e6m0", "e5m3fnu",
                                   "e4m0fnu", "posit5", "posit9_0", "posit12_1", "posit7_5", "takum7", "takum13", "q3.5", "uq2.6", "q5.0", "q0.6", "int12",
                                   "q4.4{overflow=wrap}", "binary6p1se", "binary6p6uf", "binary11p4ue", "e15m0", NULL};

typedef void check(const hu_format *f, const hu_value *list, size_t n);

static void each_listed(check *run)
{
    int formats = 0;
    for (int i = 0; hu_format_at(i) || more[formats];) {
        const hu_format *f = hu_format_at(i) ? hu_format_at(i++) : hu_format_find(more[formats++], NULL);
        size_t n;
        assert_non_null(f);
        if (f->width_bits > HU_VALUES_WIDEST)
            continue;
        hu_value *list = hu_format_values(f, &n, NULL);
        assert_non_null(list);
        run(f, list, n);
        hu_free(list);
    }
}

/* Increasing, each the value of its code; and no code has another value. */
static void check_list(const hu_format *f, const hu_value *list, size_t n)
{
    size_t seen = 0;
    for (size_t i = 0; i < n; i++) {
        assert_true(i == 0 || hu_num_compare(list[i - 1].num, list[i].num) < 0);
        assert_int_equal(hu_num_compare(hu_decode(f, list[i].code), list[i].num), 0);
        if (!hu_format_has(f, list[i].num))
            fail_msg("%s has not its own value %g", f->name, hu_num_to_double(list[i].num));
    }
    for (hu_code code = 0; code <= hu_format_last_code(f); code++) {
        hu_num x = hu_decode(f, code);
        if (x.kind != HU_ZERO && x.kind != HU_FINITE)
            continue;
        size_t low = 0, high = n;
        while (high - low > 1) {
            size_t middle = (low + high) / 2;
            *(hu_num_compare(list[middle].num, x) <= 0 ? &low : &high) = middle;
        }
        assert_int_equal(hu_num_compare(list[low].num, x), 0);
        assert_true(list[low].code <= code);
        seen += list[low].code == code;
    }
    assert_int_equal(seen, n);
}

static void lists(void **state)
{
    (void)state;
    each_listed(check_list);
}

/* What lies between two neighbors, a third of the way, is no value. */
static void check_others(const hu_format *f, const hu_value *list, size_t n)
{
    for (size_t i = 0; i + 1 < n; i += 1 + n / 500) {
        hu_num step = hu_num_add(list[i + 1].num, hu_num_negate(list[i].num), false);
        hu_num between = hu_num_add(list[i].num, hu_num_mul(step, hu_num_make(false, 3, -3)), false);
        assert_false(hu_format_has(f, between));
    }
    assert_false(hu_format_has(f, hu_num_make(false, 1, 20000)));
    assert_false(hu_format_has(f, hu_num_make(true, 1, 20000)));
}

static void others(void **state)
{
    (void)state;
    each_listed(check_others);
}

static size_t n_even;

static void check_binades(const hu_format *f, const hu_value *list, size_t n)
{
    if (!hu_format_has_even_binades(f))
        return;
    n_even++;
    size_t at = 0;
    while (at < n && (list[at].num.kind == HU_ZERO || list[at].num.negative))
        at++;
    int end = list[n - 1].num.exp + 3;
    for (int exp = list[at].num.exp - 3; exp < end; exp++) {
        hu_binade b = hu_format_binade(f, exp);
        size_t first = at;
        while (at < n && list[at].num.exp == exp)
            at++;
        if (b.has_any != (at > first) || (b.has_any && b.last - b.first + 1 != at - first))
            fail_msg("%s, 2^%d: %zu values, not %zu from %zu", f->name, exp, at - first, (size_t)b.last, (size_t)b.first);
        for (size_t i = first; i < at; i++) {
            hu_num want = hu_num_add(hu_num_make(false, 1, exp), hu_num_make(false, b.first + (i - first), b.step_exp), false);
            if (hu_num_compare(list[i].num, want) != 0)
                fail_msg("%s, 2^%d: value %zu is %g, not %g", f->name, exp, i - first, hu_num_to_double(list[i].num), hu_num_to_double(want));
        }
    }
    assert_true(at == n);
}

static void wide_binades(void **state)
{
    static const struct { const char *name; int exp; double count; } want[] = {
        {"binary128", 0, 0x1p112}, {"e15m127", 7, 0x1p127}, {"e15m128", 7, 0x1p128}, {"e15m129", 7, 0x1p129}, {"binary256", 0, 0x1p236},
        {"binary256", 262143, 0x1p236}, {"binary256", -262378, 1}, {"binary256", -262377, 2}, {"binary256", -262143, 0x1p235},
        {"binary256", 262144, 0}, {"e30m236", 0, 0x1p236}, {"fp64", 0, 0x1p52}, {"e4m3fn", 8, 7}, {"e1m3", 0, 4}, {"e1m3", 1, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        hu_binade b = hu_format_binade(hu_format_find(want[i].name, NULL), want[i].exp);
        if (hu_binade_count(b, want[i].exp) != want[i].count)
            fail_msg("%s 2^%d: got %a, want %a", want[i].name, want[i].exp, hu_binade_count(b, want[i].exp), want[i].count);
    }
}

static void binades(void **state)
{
    (void)state;
    each_listed(check_binades);
    test_note("%zu formats", n_even);
    assert_true(n_even > 20);
}

static void refused(void **state)
{
    (void)state;
    hu_error err = {0};
    size_t n;
    assert_null(hu_format_values(hu_format_find("e8m10", NULL), &n, &err));
    assert_int_equal(err.status, HU_ERANGE);
    hu_memory_fail_after(0);
    hu_value *list = hu_format_values(hu_format_find("e4m3", NULL), &n, &err);
    hu_memory_fail_after(-1);
    assert_null(list);
    assert_int_equal(err.status, HU_ENOMEM);
}

static const struct CMUnitTest claims[] = {
    CLAIM("the list of a format has every finite value once, in order, with its smallest code", lists),
    CLAIM("numbers between its values and past its ends are not its values", others),
    CLAIM("binades have as many values as the list, at the places that they say", binades),
    CLAIM("binades of wide formats have 2^112, 2^128, 2^129 and 2^236 values", wide_binades),
    CLAIM("large formats and a lack of memory are refused", refused),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
