/* define.c - formats that a user defines by a list of values, against exact rational arithmetic. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "tests/lib/rational.h"

/* --- lists and their truth --- */

enum { MOST = 400 };

static double list[MOST];
static size_t n_list;

static bool list_value(hu_code code, mpq_t value)
{
    if (!isfinite(list[code]))
        return false;
    mpq_set_d(value, list[code]);
    return true;
}

static const hu_format *define(const char *name)
{
    hu_error err = {0};
    const hu_format *f = hu_format_define(&(hu_definition){.name = name, .values = list, .n = n_list, .nonfinite = true}, &err);
    if (!f)
        fail_msg("%s", err.text);
    return f;
}

static int64_t code_of(double x)
{
    for (size_t code = 0; code < n_list; code++) {
        if (list[code] == x && signbit(list[code]) == signbit(x))
            return (int64_t)code;
    }
    return -1;
}

/* Past an end that has an infinity the grid goes on by the last gap. */
static rational_grid *truth(void)
{
    rational_grid *g = rational_make(n_list, list_value);
    if (code_of(INFINITY) >= 0) {
        g->over_above = (hu_code)code_of(INFINITY);
        mpq_sub(g->step_above, g->value[g->n - 1], g->value[g->n - 2]);
    }
    if (code_of(-INFINITY) >= 0) {
        g->over_below = (hu_code)code_of(-INFINITY);
        mpq_sub(g->step_below, g->value[1], g->value[0]);
    }
    return g;
}

static void check_list(const char *name)
{
    const hu_format *f = define(name);
    rational_grid *g = truth();
    rational_check(f, g, n_list > 40 ? (int)n_list / 20 : 1);
    rational_free(g);
}

/* --- random lists --- */

static void shuffle(test_random *random)
{
    for (size_t i = n_list; i > 1; i--) {
        size_t k = test_random_below(random, i);
        double x = list[i - 1];
        list[i - 1] = list[k];
        list[k] = x;
    }
}

static double draw(test_random *random, int exponents)
{
    double size = 1 + (double)(test_random_bits(random) >> 12) * 0x1p-52;
    int exp = (int)test_random_below(random, (uint64_t)exponents) - exponents / 2;
    return ldexp(test_random_below(random, 4) ? size : 1 + (size > 1.5) * 0.5, exp);
}

/* kind: a bit each for negative values, zero, an infinity on top, one below, NaN, duplicates */
static void make_list(test_random *random, size_t n, unsigned kind, int exponents)
{
    n_list = 0;
    if (kind & 2)  list[n_list++] = 0;
    if (kind & 4)  list[n_list++] = INFINITY;
    if (kind & 8)  list[n_list++] = -INFINITY;
    if (kind & 16) list[n_list++] = NAN;
    list[n_list++] = draw(random, exponents);
    while (n_list < n)
        list[n_list++] = kind & 1 && test_random_below(random, 2) ? -draw(random, exponents) : draw(random, exponents);
    if (kind & 32) {
        list[n_list] = list[n_list - 1];
        n_list++;
    }
    shuffle(random);
}

static void random_lists(void **state)
{
    (void)state;
    test_random random = {31};
    char name[16];
    for (unsigned kind = 0; kind < 64; kind++) {
        size_t n = 6 + test_random_below(&random, kind % 8 == 5 ? 300 : 12);
        make_list(&random, n, kind, kind % 3 ? 8 : 50);
        snprintf(name, sizeof name, "random_%u", kind);
        check_list(name);
    }
}

static void chosen_lists(void **state)
{
    (void)state;
    static const struct { const char *name; size_t n; double values[8]; } chosen[] = {
        {"signs",     2, {-1, 1}},
        {"signs_odd", 2, {1, -1}},
        {"ternary",   3, {0, 1, -1}},
        {"odd_ints",  4, {-3, -1, 1, 3}},
        {"two",       2, {1, 3}},
        {"unsigned",  3, {0, 0.25, 4}},
        {"uneven",    5, {-7, -0.001, 0.5, 0.75, 100}},
        {"with_inf",  4, {0, 1, 2, INFINITY}},
        {"low_inf",   4, {-INFINITY, -2, 1, 3}},
        {"minus",     4, {-8, -4, -2, 0.5}},
    };
    for (size_t i = 0; i < TEST_COUNT(chosen); i++) {
        n_list = chosen[i].n;
        memcpy(list, chosen[i].values, sizeof chosen[i].values);
        check_list(chosen[i].name);
    }
}

/* Neighbors far apart: positions are exact as long as the number itself is. */
static void far_apart(void **state)
{
    (void)state;
    static const double values[] = {-0x1p1000, -0x1p-1000, 0x1p-1022, 0x1.8p-300, 1, 0x1.fffffffffffffp1023};
    static const char *const modes[] = {"rne", "rna", "rnz", "ru", "rd", "rz", "raz", "ro", "sr:8"};
    static const double numbers[] = {0x1p-1023, 0x1p-1000, 0x1p-301, 0x1.8p-301, 0.5, 0x1.0000000000001p-1, 0x1.fffffffffffffp-2, 0.125, 0x1p1022, 0x1p1023,
                                     0x1.fffffffffffffp1022, 0x1.7p1020, 0x1p999, 0x1.0000000000001p999, 0x1.fffffffffffffp998, 0x1p-999, 3};
    n_list = TEST_COUNT(values);
    memcpy(list, values, sizeof values);
    const hu_format *f = define("far_apart");
    rational_grid *g = truth();
    mpq_t x;
    mpq_init(x);
    for (size_t i = 0; i < 2 * TEST_COUNT(numbers); i++)
        for (size_t m = 0; m < TEST_COUNT(modes); m++)
            for (uint64_t word = 0; word < 4; word++) {
                double number = numbers[i / 2] * (i & 1 ? -1 : 1);
                hu_env env = hu_env_default();
                env.rounding = hu_rounding_find(modes[m], NULL);
                mpq_set_d(x, number);
                hu_flags flags = 0;
                hu_code want = rational_round(g, &env, x, word * UINT64_C(0x5555555555555555), &flags);
                hu_code got = hu_round_with(f, &env, hu_num_from_double(number), word * UINT64_C(0x5555555555555555));
                if (got != want || env.flags != flags)
                    fail_msg("%a %s: got %d, want %d; flags %x, %x", number, modes[m], (int)got, (int)want, env.flags, flags);
            }
    mpq_clear(x);
    rational_free(g);
}

/* Numbers with exponents beyond all doubles. */
static void out_of_sight(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("far_apart", NULL), *z = hu_format_find("ternary", NULL);
    hu_env env = hu_env_default();
    assert_true(hu_round_with(f, &env, hu_num_make(false, 1, 1 << 28), 0) == 5 && env.flags == (HU_OVERFLOW | HU_INEXACT));
    assert_true(hu_round_with(f, &env, hu_num_make(false, 1, -(1 << 28)), 0) == 2);
    assert_true(hu_round_with(z, &env, hu_num_make(true, 1, -(1 << 28)), 0) == 0);
    env.rounding = hu_rounding_find("raz", NULL);
    assert_true(hu_round_with(z, &env, hu_num_make(true, 1, -(1 << 28)), 0) == 2);
}

/* --- the format --- */

static void specials(void **state)
{
    (void)state;
    static const double values[] = {0, 0.5, 1, INFINITY, -0.0, -0.5, -1, -INFINITY, NAN, NAN};
    n_list = TEST_COUNT(values);
    memcpy(list, values, sizeof values);
    const hu_format *f = define("all_kinds");
    hu_env env = hu_env_default();
    assert_int_equal(f->width_bits, 4);
    assert_true(f->has_nan && f->has_inf && f->has_negative_zero && f->is_signed && !f->lacks_zero);
    assert_true(f->nan_code == 8 && f->inf_code == 3 && f->max_code == 2);
    assert_int_equal(hu_decode(f, 12).kind, HU_NAN);
    assert_true(hu_round_with(f, &env, hu_num_zero(true), 0) == 4 && hu_round_with(f, &env, hu_num_zero(false), 0) == 0);
    assert_true(hu_round_with(f, &env, hu_num_inf(true), 0) == 7 && hu_round_with(f, &env, hu_num_nan(), 0) == 8);
    assert_int_equal(env.flags, 0);
    assert_true(hu_from_double(f, &env, -0.2) == 4 && hu_from_double(f, &env, 1.3) == 3 && hu_from_double(f, &env, 1.2) == 2);
    assert_true(hu_neg(f, &env, 0) == 4 && hu_neg(f, &env, 2) == 6 && hu_neg(f, &env, 3) == 7 && hu_neg(f, &env, 9) == 9 && hu_neg(f, &env, 4) == 0);
    assert_true(hu_mul(f, &env, 1, 6) == 5 && hu_div(f, &env, 2, 0) == 3 && hu_sub(f, &env, 3, 3) == 8);
    env.overflow = HU_OVERFLOW_SATURATE;
    assert_true(hu_from_double(f, &env, 100) == 2 && hu_from_double(f, &env, -100) == 6);
}

static void no_specials(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("signs", NULL), *u = hu_format_find("two", NULL);
    hu_env env = hu_env_default();
    assert_true(f->lacks_zero && !f->has_nan && !f->has_inf && f->width_bits == 1 && f->nan_code == 1);
    assert_true(hu_round_with(f, &env, hu_num_nan(), 0) == 1 && env.flags == HU_INVALID);
    env.flags = 0;
    assert_true(hu_round_with(f, &env, hu_num_zero(true), 0) == 1 && env.flags == (HU_UNDERFLOW | HU_INEXACT));
    assert_true(hu_round_with(f, &env, hu_num_inf(true), 0) == 0 && hu_neg(f, &env, 0) == 1);
    assert_true(hu_round_with(u, &env, hu_num_inf(true), 0) == 0 && hu_neg(u, &env, 0) == 0);
}

static void defined_once(void **state)
{
    (void)state;
    static const double one[] = {0, 1, 2}, other[] = {0, 1, 3}, longer[] = {0, 1, 2, 2};
    hu_error err = {0};
    const char *sha = NULL;
    const hu_format *f = hu_format_define(&(hu_definition){.name = "once", .values = one, .n = 3, .source = "here"}, &err);
    assert_non_null(f);
    assert_ptr_equal(hu_format_find("once", NULL), f);
    assert_ptr_equal(hu_format_define(&(hu_definition){.name = "once", .values = one, .n = 3}, NULL), f);
    assert_string_equal(f->source, "here");
    assert_null(hu_format_define(&(hu_definition){.name = "once", .values = other, .n = 3}, &err));
    assert_int_equal(err.status, HU_EINVAL);
    assert_null(hu_format_define(&(hu_definition){.name = "once", .values = longer, .n = 4}, NULL));
    int i = 0;
    while (hu_format_defined_at(i, &sha) && hu_format_defined_at(i, NULL) != f)
        i++;
    assert_ptr_equal(hu_format_defined_at(i, &sha), f);
    /* sha256 of the 8-byte words 3, 0.0, 1.0, 2.0 */
    assert_string_equal(sha, "1559daf1d7ae9ba6ff91932f6859e4b61f0ff4846f427d3c2e270148052c9655");
    assert_null(hu_format_defined_at(i + 1, NULL));
    assert_null(hu_format_defined_at(-1, NULL));
    assert_null(hu_format_find("oncce", &err));
    if (!strstr(err.text, "'once'"))
        fail_msg("%s", err.text);
}

static void refused(void **state)
{
    (void)state;
    static const double good[] = {0, 1}, zero[] = {0, -1}, same[] = {1, 1}, tiny[] = {1, 0x1p-1023}, nan[] = {1, NAN}, inf[] = {1, 2, INFINITY};
    static double many[65537];
    for (size_t i = 0; i < TEST_COUNT(many); i++)
        many[i] = (double)i;
    const struct { const char *name; const double *values; size_t n; bool nonfinite; const char *says; } cases[] = {
        {"e4m3", good, 2, false, "already"},       {"fp16", good, 2, false, "already"},      {"posit99", good, 2, false, "already"},
        {"mxfp4", good, 2, false, "already"},      {"nf4", good, 2, false, "already"},       {"4x", good, 2, false, "a letter first"},
        {"", good, 2, false, "a letter first"},    {"a-b", good, 2, false, "underscores"},   {"a{b}", good, 2, false, "underscores"},
        {NULL, good, 2, false, "letters"},         {"none", good, 2, false, "none"},         {"an_extremely_long_name_of_more_than_40_letters", good, 2, false, "40"},
        {"bad", good, 1, false, "has 1 value"},    {"bad", good, 0, false, "has 0 values"},  {"bad", many, 65537, false, "65536"},
        {"bad", zero, 2, false, "positive"},       {"bad", same, 2, false, "1 different"},   {"bad", tiny, 2, false, "2^-1022"},
        {"bad", nan, 2, false, "code 1 is NaN"},   {"bad", inf, 3, false, "code 2 is inf"},  {"bad", nan, 2, true, "1 different finite value,"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        hu_error err = {0};
        assert_null(hu_format_define(&(hu_definition){.name = cases[i].name, .values = cases[i].values, .n = cases[i].n, .nonfinite = cases[i].nonfinite}, &err));
        if (!strstr(err.text, cases[i].says))
            fail_msg("'%s' does not say '%s'", err.text, cases[i].says);
    }
    assert_null(hu_format_find("bad", NULL));
    assert_non_null(hu_format_define(&(hu_definition){.name = "many", .values = many, .n = 65536}, NULL));
}

static void short_of_memory(void **state)
{
    (void)state;
    static const double values[] = {0, 1, 5};
    const hu_format *f = NULL;
    for (long n = 0; !f; n++) {
        hu_error err = {0};
        hu_memory_fail_after(n);
        f = hu_format_define(&(hu_definition){.name = "scarce", .values = values, .n = 3, .source = "a text"}, &err);
        hu_memory_fail_after(-1);
        assert_true(f || err.status == HU_ENOMEM);
        assert_true(n < 20);
    }
}

static void *define_many(void *found)
{
    for (int i = 0; i < 64; i++) {
        char name[24];
        double values[] = {0, 1, i + 2};
        snprintf(name, sizeof name, "shared_%d", i);
        ((const hu_format **)found)[i] = hu_format_define(&(hu_definition){.name = name, .values = values, .n = 3}, NULL);
    }
    return NULL;
}

static void from_threads(void **state)
{
    (void)state;
    static const hu_format *found[4][64];
    pthread_t thread[4];
    for (int t = 0; t < 4; t++)
        assert_int_equal(pthread_create(&thread[t], NULL, define_many, found[t]), 0);
    for (int t = 0; t < 4; t++)
        pthread_join(thread[t], NULL);
    for (int i = 0; i < 64; i++)
        for (int t = 0; t < 4; t++)
            assert_true(found[t][i] && found[t][i] == found[0][i]);
}

static const struct CMUnitTest claims[] = {
    CLAIM("lists drawn at random round as in exact rational arithmetic, in every mode", random_lists),
    CLAIM("so do lists without zero, of two values, with infinities on one side", chosen_lists),
    CLAIM("and lists with neighbors hundreds of binades apart", far_apart),
    CLAIM("numbers beyond all doubles become the ends, or zero's neighbors", out_of_sight),
    CLAIM("zeros of both signs, infinities and NaN, where the list has them", specials),
    CLAIM("and what takes their place where it has not", no_specials),
    CLAIM("the same name with the same values is the same format, with others an error", defined_once),
    CLAIM("what makes no format is told in a line", refused),
    CLAIM("a lack of memory at any point is told", short_of_memory),
    CLAIM("threads that define the same formats get the same ones", from_threads),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
