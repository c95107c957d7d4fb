/* ops-pairs.c - every pair of codes of the small formats, in every operation of two operands, against MPFR. */
#include "tests/lib/truth.h"

enum { MAX_CODES = 256 };

static hu_ref_value value[MAX_CODES];

static int decode_all(const hu_format *f)
{
    int n = 1 << (1 + f->exp_bits + f->man_bits);
    for (int i = 0; i < n; i++)
        hu_ref_decode(f, (hu_code)i, &value[i]);
    return n;
}

static void all_pairs(truth_tally *tally, const char *operation, const char *format, const truth_settings *settings)
{
    const hu_format *f = truth_format(format);
    truth_op op = truth_op_find(operation);
    int n = decode_all(f);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            truth_compare(tally, &op, f, settings, (const hu_code[3]){(hu_code)i, (hu_code)j, 0},
                          (const hu_ref_value *const[3]){&value[i], &value[j], NULL});
}

static void formats_and_operations(const char *what, const char *const *format, const char *const *operation,
                                   const truth_settings *settings)
{
    truth_tally tally = {0};
    for (int i = 0; i < MAX_CODES; i++)
        hu_ref_value_init(&value[i]);
    for (const char *const *f = format; *f; f++)
        for (const char *const *o = operation; *o; o++)
            all_pairs(&tally, *o, *f, settings);
    for (int i = 0; i < MAX_CODES; i++)
        hu_ref_value_clear(&value[i]);
    truth_report(&tally, what);
}

static const char *const arithmetic[] = {"add", "sub", "mul", "div", NULL};
static const char *const others[]     = {"rem", "min", "max", NULL};
static const char *const eight_bits[] = {"e4m3", "e5m2", "e4m3fn", "e4m3fnuz", NULL};
static const char *const few_bits[]   = {"e3m2fn", "e2m3fn", "e3m2", "e2m3", "e2m1fn", "e2m1", "e3m0", "e3m0fn",
                                         "e3m2fnuz", "e2m1fnuz", "e4m1", "e5m0", "e1m3", "e1m2fn", "e1m4fnuz", "e1m1", NULL};
static const char *const modified[]   = {"e4m3{subnormals=flush}", "e5m2fnuz", "e4m3b11fnuz", "e3m4{bias=-1}",
                                         "e3m2fn{subnormals=flush}", "e3m2{subnormals=flush-in}",
                                         "e2m3{subnormals=flush-out}",
                                         "e3m2fnuz{subnormals=flush-out}", "e2m3{bias=5}", NULL};

static void eight(void **state)
{
    (void)state;
    formats_and_operations("8-bit formats, add sub mul div", eight_bits, arithmetic, &truth_all);
}

static void few(void **state)
{
    (void)state;
    formats_and_operations("6-bit and smaller formats, add sub mul div", few_bits, arithmetic, &truth_all);
}

static void variants(void **state)
{
    (void)state;
    formats_and_operations("flushed, biased and fnuz variants, add sub mul div", modified, arithmetic,
                           test_long() ? &truth_all : &truth_default);
}

static void rem_min_max(void **state)
{
    (void)state;
    formats_and_operations("8-bit formats, rem min max", eight_bits, others, &truth_default);
    formats_and_operations("6-bit and smaller formats, rem min max", few_bits, others, &truth_all);
    formats_and_operations("variants, rem min max", modified, others, &truth_default);
}

static void payloads(void **state)
{
    (void)state;
    truth_settings settings = truth_default;
    settings.nan = HU_NAN_PROPAGATE;
    settings.tininess_rules = 1;
    formats_and_operations("NaN payloads propagate, 8-bit formats", eight_bits, arithmetic, &settings);
    formats_and_operations("NaN payloads propagate, small formats", few_bits, arithmetic, &settings);
}

static void comparisons(void **state)
{
    (void)state;
    truth_tally tally = {0};
    hu_ref_value a, b;
    hu_ref_value_init(&a);
    hu_ref_value_init(&b);
    const char *const *const lists[] = {eight_bits, few_bits, modified};
    for (size_t l = 0; l < TEST_COUNT(lists); l++)
        for (const char *const *name = lists[l]; *name; name++) {
            const hu_format *f = truth_format(*name);
            int n = 1 << (1 + f->exp_bits + f->man_bits);
            for (int i = 0; i < n; i++) {
                hu_ref_decode(f, (hu_code)i, &a);
                for (int j = 0; j < n; j++) {
                    hu_ref_decode(f, (hu_code)j, &b);
                    truth_compare_order(&tally, f, (const hu_code[2]){(hu_code)i, (hu_code)j}, &a, &b);
                }
            }
        }
    hu_ref_value_clear(&a);
    hu_ref_value_clear(&b);
    truth_report(&tally, "eq lt le");
}

static const struct CMUnitTest claims[] = {
    CLAIM("all pairs of four 8-bit formats agree with MPFR in add sub mul div, all modes, policies and flags", eight),
    CLAIM("all pairs of the 6-bit and smaller formats agree with MPFR in add sub mul div", few),
    CLAIM("all pairs of flushed, biased and fnuz formats agree with MPFR in add sub mul div", variants),
    CLAIM("all pairs agree with MPFR in rem, min and max", rem_min_max),
    CLAIM("the first NaN's payload and sign go through add sub mul div when asked for", payloads),
    CLAIM("all pairs compare as their values do; eq is quiet, lt and le signal", comparisons),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
