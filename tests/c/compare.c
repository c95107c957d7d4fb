/* compare.c - two formats side by side, against all their values one by one. */
#include <stdlib.h>

#include "formats/compare.h"
#include "src/base/memory.h"
#include "src/ops/ops.h"
#include "tests/lib/test.h"

/* All finite values, as doubles, which hold those of the formats here; increasing, each once. */
typedef struct values {
    double *v;
    size_t n;
} values;

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static values all_of(const hu_format *f)
{
    values l = {calloc((size_t)hu_format_last_code(f) + 1, sizeof(double)), 0};
    assert_non_null(l.v);
    size_t n = 0;
    for (hu_code code = 0; code <= hu_format_last_code(f); code++) {
        hu_num x = hu_decode(f, code);
        if (x.kind == HU_ZERO || x.kind == HU_FINITE)
            l.v[n++] = hu_num_to_double(x) + 0.0;
    }
    qsort(l.v, n, sizeof *l.v, compare_doubles);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || l.v[i] != l.v[l.n - 1])
            l.v[l.n++] = l.v[i];
    }
    return l;
}

static size_t n_common(values a, values b)
{
    size_t n = 0, j = 0;
    for (size_t i = 0; i < a.n; i++) {
        while (j < b.n && b.v[j] < a.v[i])
            j++;
        n += j < b.n && b.v[j] == a.v[i];
    }
    return n;
}

/* The gaps between positive values that have a part in [x, 2x): the widest. */
static double widest(values a, double x)
{
    double gap = 0;
    size_t low = 0, high = a.n;                /* past the last value that is not above x */
    while (low < high) {
        size_t middle = (low + high) / 2;
        *(a.v[middle] <= x ? &low : &high) = a.v[middle] <= x ? middle + 1 : middle;
    }
    for (size_t i = low > 0 ? low - 1 : 0; i + 1 < a.n && a.v[i] < 2 * x; i++) {
        if (a.v[i] > 0 && a.v[i + 1] > x && a.v[i + 1] - a.v[i] > gap)
            gap = a.v[i + 1] - a.v[i];
    }
    return gap;
}

static double least(values a)
{
    double zero = 0;
    const double *at = bsearch(&zero, a.v, a.n, sizeof zero, compare_doubles);
    size_t i = at ? (size_t)(at - a.v) + 1 : 0;
    while (a.v[i] <= 0)
        i++;
    return a.v[i];
}

static bool reaches(values a, double x)
{
    return least(a) < 2 * x && a.v[a.n - 1] >= x;
}

/* Stretches have no gap, begin and end with the first and the last value, and say of each binade what the values say; those of the last
 * value of a format, after which there is none, aside. */
static void check_stretches(const hu_comparison *c, values a, values b)
{
    assert_true(c->n_stretches > 0);
    for (size_t i = 0; i < c->n_stretches; i++) {
        const hu_stretch *s = &c->stretches[i];
        assert_true(s->from < s->to && (i == 0 || s->from == c->stretches[i - 1].to));
        for (int exp = s->from; exp < s->to; exp++) {
            double x = hu_num_to_double(hu_num_make(false, 1, exp)), gap_a = widest(a, x), gap_b = widest(b, x);
            bool in_a = reaches(a, x), in_b = reaches(b, x);
            hu_relation want = in_a && in_b ? gap_a < gap_b ? HU_FINER_A : gap_a > gap_b ? HU_FINER_B : HU_ALIKE
                               : in_a ? HU_REACH_A : in_b ? HU_REACH_B : HU_REACH_NONE;
            bool is_end = in_a && in_b && (a.v[a.n - 1] < 2 * x || b.v[b.n - 1] < 2 * x);
            if (s->relation != want && !is_end)
                fail_msg("%s %s, 2^%d: %d, not %d", c->side[0].format->name, c->side[1].format->name, exp, s->relation, want);
        }
    }
    double low = least(a) < least(b) ? least(a) : least(b), high = a.v[a.n - 1] > b.v[b.n - 1] ? a.v[a.n - 1] : b.v[b.n - 1];
    assert_int_equal(c->stretches[0].from, hu_num_from_double(low).exp);
    assert_int_equal(c->stretches[c->n_stretches - 1].to, hu_num_from_double(high).exp + 1);
}

static void check_pair(const char *first, const char *second)
{
    const hu_format *f = hu_format_find(first, NULL), *g = hu_format_find(second, NULL);
    hu_comparison c;
    assert_non_null(f);
    assert_non_null(g);
    assert_int_equal(hu_format_compare(&c, f, g, NULL), HU_OK);
    values a = all_of(f), b = all_of(g);
    size_t common = n_common(a, b);
    if (!c.has_common || c.common != common || c.side[0].n_only != a.n - common || c.side[1].n_only != b.n - common)
        fail_msg("%s %s: %zu in both, %zu and %zu in one; not %zu, %zu, %zu", first, second, (size_t)c.common, (size_t)c.side[0].n_only,
                 (size_t)c.side[1].n_only, common, a.n - common, b.n - common);
    assert_true(c.side[0].total == a.n && c.side[1].total == b.n);
    assert_true(c.has_subset && c.side[0].is_subset == (common == a.n) && c.side[1].is_subset == (common == b.n));
    for (int i = 0; i < 2; i++) {
        values own = i ? b : a, other = i ? a : b;
        for (size_t k = 0; c.side[i].only && k < (size_t)c.side[i].n_only; k++) {
            double x = hu_num_to_double(c.side[i].list[c.side[i].only[k]].num);
            assert_non_null(bsearch(&x, own.v, own.n, sizeof x, compare_doubles));
            assert_null(bsearch(&x, other.v, other.n, sizeof x, compare_doubles));
        }
    }
    if (c.stretches)
        check_stretches(&c, a, b);
    hu_comparison_clear(&c);
    free(a.v);
    free(b.v);
}

static const char *const small[] = {"e2m1fn", "e4m3fn", "e4m3fnuz", "e5m2", "e4m3{subnormals=flush-out}", "posit8", "takum8", "posit6_0", "int8", "uq2.6",
                                    "q4.4", "nf4", "de8", "linear4", "hif8", "e8m0fnu", "binary8p4se", "binary6p1uf", NULL};

/* Of 17 bits and more: compared by their layouts. */
static const char *const large[] = {"e5m11", "e5m11fn", "e6m10fnuz", "e8m8", "e4m12{bias=20}", "e6m10{subnormals=flush}", "e5m11{subnormals=flush-out}",
                                    "posit17", "posit18_1", "posit17_0", "e9m7", "takum17", "takum18", "e9m9fn", "q9.8", "uq9.8", "q1.17", "int17", "uint18", "e7m10fnu", "binary17p9se",
                                    "binary17p8uf", NULL};

static void small_pairs(void **state)
{
    (void)state;
    for (int i = 0; small[i]; i++)
        for (int k = 0; small[k]; k++)
            check_pair(small[i], small[k]);
}

static void large_pairs(void **state)
{
    (void)state;
    for (int i = 0; large[i]; i++)
        for (int k = test_long() ? 0 : i; large[k] && (test_long() || k < i + 3); k++)
            check_pair(large[i], large[k]);
}

static void mixed_pairs(void **state)
{
    (void)state;
    for (int i = 0; small[i]; i++) {
        check_pair(small[i], large[i]);
        check_pair(large[i], small[i]);
    }
}

static void uneven_large(void **state)
{
    (void)state;
    hu_comparison c;
    assert_int_equal(hu_format_compare(&c, hu_format_find("e8m23", NULL), hu_format_find("e11m52", NULL), NULL), HU_OK);
    assert_true(c.has_subset && c.side[0].is_subset && !c.side[1].is_subset && c.common == c.side[0].total);
    assert_true(c.side[0].total == UINT64_C(4278190079) && c.side[1].total == UINT64_C(18437736874454810623));
    hu_comparison_clear(&c);
    assert_int_equal(hu_format_compare(&c, hu_format_find("e15m112", NULL), hu_format_find("e19m236", NULL), NULL), HU_OK);
    assert_true(c.has_subset && c.side[0].is_subset && !c.side[1].is_subset && !c.has_common);
    hu_comparison_clear(&c);
}

static void short_of_memory(void **state)
{
    (void)state;
    hu_comparison c;
    hu_status status = HU_ENOMEM;
    for (long n = 0; status != HU_OK; n++) {
        hu_memory_fail_after(n);
        status = hu_format_compare(&c, hu_format_find("e4m3fn", NULL), hu_format_find("nf4", NULL), NULL);
        hu_memory_fail_after(-1);
        assert_true(status == HU_OK || status == HU_ENOMEM);
        hu_comparison_clear(&c);
        assert_true(n < 200);
    }
}

static const struct CMUnitTest claims[] = {
    CLAIM("values of one and not of the other, common ones and steps, of formats that are listed", small_pairs),
    CLAIM("the same of larger ones, found from their layouts", large_pairs),
    CLAIM("the same of one of each", mixed_pairs),
    CLAIM("binary32 is a subset of binary64, of known size, and binary128 of binary256", uneven_large),
    CLAIM("a lack of memory at any point is told and leaks nothing", short_of_memory),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
