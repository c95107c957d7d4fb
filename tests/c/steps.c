/* steps.c - rounded quotients by looking between steps are those of the array kernel, beside every step too. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "src/tensor/steps.h"
#include "tests/lib/test.h"

static const char *const formats[] = {
    "int2", "int4", "int8", "uint8", "int16", "int53", "nf4", "de4", "ude4nz", "de8", "posit8", "posit6_1", "takum8", "hif8", "q4.4", "uq0.8",
    "binary8p3se", "binary8p1uf", "binary6p3sf", "e8m0fnu", "binary4p2sf",
};
static const char *const modes[] = {"rne", "rna", "rnz", "ru", "rd", "rz", "raz", "ro"};

enum { MOST = 8000 };

/* Quotients at and beside the steps, of any size, zeros and what is not finite. */
static size_t fill(const hu_steps *s, double *x, double *by, test_random *random)
{
    size_t n = 0;
    for (int k = 0; !s->is_integer && k + 1 < s->n; k++)
        for (int j = -3; j <= 3; j++) {
            by[n] = 0.1 + test_random_unit(random);
            x[n] = s->last[k] * by[n];
            for (int i = 0; i < 3 && j != 0; i++)
                x[n] = nextafter(x[n], j * INFINITY);
            x[n] *= j == 2 ? 1 + DBL_EPSILON : 1;
            n++;
        }
    for (int k = -300; k < 300; k++, n++) {
        by[n] = k % 3 == 0 ? 1 : test_random_unit(random) + 0.01;
        x[n] = (k + (double)(k % 2) / 2) * by[n];
    }
    for (int k = 0; k < 1500; k++, n++) {
        by[n] = test_random_unit(random) + 0.01;
        x[n] = (test_random_unit(random) - 0.5) * exp2((double)test_random_below(random, 40) - 20);
    }
    static const double odd[] = {0, -0.0, NAN, INFINITY, -INFINITY, DBL_MAX, -DBL_MAX, 5e-324, -5e-324, DBL_MIN};
    for (size_t k = 0; k < TEST_COUNT(odd); k++, n++) {
        by[n] = k % 2 ? 3 : 0.3;
        x[n] = odd[k];
    }
    assert_true(n <= MOST);
    return n;
}

static void as_the_kernel(void **state)
{
    (void)state;
    static double x[MOST], by[MOST], got[MOST], want[MOST];
    test_random random = {.state = 3};
    int pairs = 0;
    size_t cases = 0;
    for (size_t f = 0; f < TEST_COUNT(formats); f++)
        for (size_t m = 0; m < TEST_COUNT(modes); m++) {
            static hu_steps s;
            hu_env env = hu_env_default();
            const hu_format *format = hu_format_find(formats[f], NULL);
            env.rounding = hu_rounding_find(modes[m], NULL);
            env.overflow = HU_OVERFLOW_SATURATE;
            assert_non_null(format);
            if (!hu_steps_init(&s, format, &env))
                continue;
            size_t n = fill(&s, x, by, &random);
            hu_steps_divide(&s, got, x, by, n);
            assert_int_equal(hu_map_f64(want, HU_DIV, x, by, NULL, n, format, &env, NULL), HU_OK);
            for (size_t i = 0; i < n; i++)
                if (got[i] != want[i] && !(isnan(got[i]) && isnan(want[i])))
                    fail_msg("%s %s: %a / %a: got %a, want %a", formats[f], modes[m], x[i], by[i], got[i], want[i]);
            pairs++;
            cases += n;
        }
    test_note("%d formats and modes, %d quotients", pairs, (int)cases);
    assert_true(pairs > 130);
}

static void refused(void **state)
{
    (void)state;
    static hu_steps s;
    hu_env env = hu_env_default();
    assert_false(hu_steps_init(&s, hu_format_find("int8", NULL), &env));         /* not saturating */
    env.overflow = HU_OVERFLOW_SATURATE;
    assert_true(hu_steps_init(&s, hu_format_find("int8", NULL), &env));
    assert_false(hu_steps_init(&s, hu_format_find("fp16", NULL), &env));
    assert_false(hu_steps_init(&s, hu_format_find("posit16", NULL), &env));
    env.rounding = hu_rounding_find("sr", NULL);
    assert_false(hu_steps_init(&s, hu_format_find("int8", NULL), &env));
}

static const struct CMUnitTest claims[] = {
    CLAIM("in every small format and fixed mode the quotients are the array kernel's", as_the_kernel),
    CLAIM("wide formats, random modes and other overflow policies are refused", refused),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
