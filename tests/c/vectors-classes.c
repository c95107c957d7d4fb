/* vectors-classes.c - the operands of a set show what they are listed for: ties and the nearest there are to one, results
 * below the smallest normal, overflow, cancellation; and the random words stand where the result changes.
 *
 * What a line is gets judged by integer arithmetic on significands, and by comparing modes.
 */
#include <string.h>

#include "src/hardware/cases.h"
#include "tests/lib/test.h"

typedef struct set {
    hu_task task;
    hu_cases *cases;
    uint64_t in[8], out[4];
} set;

static void open_set(set *s, const char *op, const char *format, const char *mode, uint64_t count)
{
    hu_error err = {0};
    hu_task_words words = {.op = op, .format = format, .rounding = mode};
    if (hu_task_init(&s->task, &words, &err) != HU_OK || hu_cases_new(&s->cases, &s->task, 1, count, &err) != HU_OK)
        fail_msg("%s", err.text);
}

static void close_set(set *s)
{
    hu_cases_free(s->cases);
    hu_task_clear(&s->task);
}

static uint64_t result(const set *s, const char *mode, const char *tininess, hu_flags *flags)
{
    hu_task t;
    hu_task_words words = {.op = s->task.words.op, .format = s->task.words.format, .rounding = mode, .tininess = tininess};
    uint64_t out[4] = {0};
    assert_int_equal(hu_task_init(&t, &words, NULL), HU_OK);
    *flags = hu_task_compute(&t, s->in, out);
    hu_task_clear(&t);
    return out[0];
}

/* Lines where ties away and ties toward zero differ, and so lie at a midpoint. */
static uint64_t count_ties(set *s)
{
    uint64_t n = 0, listed = hu_cases_in_class(s->cases, HU_CASES_RANDOM);
    hu_flags flags;
    for (uint64_t i = 0; i < hu_cases_count(s->cases) - listed; i++) {
        hu_cases_get(s->cases, i, s->in);
        n += result(s, "rna", "after", &flags) != result(s, "rnz", "after", &flags);
    }
    return n;
}

static void ties(void **state)
{
    (void)state;
    static const struct { const char *op, *format; uint64_t least; } wanted[] = {
        {"add", "e8m23", 500}, {"sub", "e8m23", 500}, {"mul", "e8m23", 500}, {"fma", "e8m23", 1000}, {"div", "e8m23", 50},
        {"mul", "e11m52", 300}, {"add", "e11m52", 500}, {"fma", "e11m52", 500}, {"rint", "e8m23", 300}, {"mul", "e8m7", 100},
        {"cvt", "e8m23>e5m10", 500}, {"cvt", "e11m52>e8m23", 500}, {"cvt", "e8m23>int8", 300}, {"cvt", "int32>e5m10", 300},
        {"cvt", "e8m23>posit16", 50}, {"add", "posit16", 100}, {"add", "takum16", 100}, {"mul", "binary16p8se", 50},
    };
    for (size_t i = 0; i < TEST_COUNT(wanted); i++) {
        set s;
        open_set(&s, wanted[i].op, wanted[i].format, "rne", 0);
        uint64_t n = count_ties(&s);
        test_note("%s %s: %llu ties", wanted[i].op, wanted[i].format, (unsigned long long)n);
        if (n < wanted[i].least)
            fail_msg("%s %s: %llu ties, fewer than %llu", wanted[i].op, wanted[i].format, (unsigned long long)n,
                     (unsigned long long)wanted[i].least);
        close_set(&s);
    }
}

/* --- as near to a midpoint as can be: significands as integers --- */

/* The significand of a normal binary32 or binary64 code, p bits; 0 for others. */
static uint64_t digits_of(uint64_t code, int exp_bits, int man_bits)
{
    uint64_t field = code >> man_bits & ((UINT64_C(1) << exp_bits) - 1);
    if (field == 0 || field + 1 == UINT64_C(1) << exp_bits)
        return 0;
    return (code & ((UINT64_C(1) << man_bits) - 1)) | UINT64_C(1) << man_bits;
}

/* Half an ulp less at most `d` units of the exact product's last bit, but not a tie. */
static bool product_is_near(uint64_t a, uint64_t b, int p, int64_t d)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    int cut = product >> (2 * p - 1) ? p : p - 1;
    int64_t below = (int64_t)(uint64_t)(product & (((unsigned __int128)1 << cut) - 1)) - (int64_t)(UINT64_C(1) << (cut - 1));
    return below != 0 && below >= -d && below <= d;
}

/* The quotient of p + 1 bits and one more unit in the remainder. */
static bool quotient_is_near(uint64_t a, uint64_t b, int p)
{
    unsigned __int128 dividend = (unsigned __int128)a << (a < b ? p + 1 : p);
    uint64_t quotient = (uint64_t)(dividend / b), rest = (uint64_t)(dividend % b);
    return (quotient & 1) ? rest == 1 : rest == b - 1;
}

/* a shifted is the square of a number of p + 1 bits, an odd one, less or more a small difference. */
static bool root_is_near(uint64_t a, bool odd_exp, int p)
{
    unsigned __int128 n = (unsigned __int128)a << (odd_exp ? p + 2 : p + 1);
    unsigned __int128 root = 0;
    for (int bit = p; bit >= 0; bit--) {
        unsigned __int128 next = root | (unsigned __int128)1 << bit;
        if (next * next <= n)
            root = next;
    }
    unsigned __int128 above = (root + 1) * (root + 1) - n, below = n - root * root;
    return (root & 1) ? below > 0 && below < 600 : above < 600;
}

static void near_ties(void **state)
{
    (void)state;
    static const struct { const char *format; int exp_bits, man_bits; } formats[] = {{"e8m23", 8, 23}, {"e11m52", 11, 52}};
    static const struct { const char *name; uint64_t least; } ops[] = {{"mul", 650}, {"fma", 700}, {"div", 700}, {"sqrt", 600}};
    for (size_t f = 0; f < TEST_COUNT(formats); f++) {
        for (size_t k = 0; k < TEST_COUNT(ops); k++) {
            set s;
            uint64_t n = 0;
            int m = formats[f].man_bits, e = formats[f].exp_bits;
            open_set(&s, ops[k].name, formats[f].format, "rne", 0);
            for (uint64_t i = 0; i < hu_cases_count(s.cases) - hu_cases_in_class(s.cases, HU_CASES_RANDOM); i++) {
                hu_cases_get(s.cases, i, s.in);
                uint64_t a = digits_of(s.in[0], e, m), b = k < 3 ? digits_of(s.in[1], e, m) : 1;
                if (a == 0 || b == 0)
                    continue;
                bool odd_exp = !((s.in[0] >> m) & 1);               /* biases are odd */
                n += k < 2 ? product_is_near(a, b, m + 1, 3) : k == 2 ? quotient_is_near(a, b, m + 1) : root_is_near(a, odd_exp, m + 1);
            }
            test_note("%s %s: %llu next to a midpoint", ops[k].name, formats[f].format, (unsigned long long)n);
            if (n < ops[k].least)
                fail_msg("%s %s: only %llu lines are next to a midpoint", ops[k].name, formats[f].format, (unsigned long long)n);
            close_set(&s);
        }
    }
}

/* --- the edges of the range --- */

static void edges(void **state)
{
    (void)state;
    static const char *const ops[] = {"add", "mul", "div", "fma"};
    for (size_t k = 0; k < TEST_COUNT(ops); k++) {
        set s;
        uint64_t underflow = 0, subnormal = 0, overflow = 0, largest = 0, tininess = 0;
        open_set(&s, ops[k], "e8m23", "rne", 0);
        for (uint64_t i = 0; i < hu_cases_count(s.cases) - hu_cases_in_class(s.cases, HU_CASES_RANDOM); i++) {
            hu_flags flags, before;
            hu_cases_get(s.cases, i, s.in);
            uint64_t code = result(&s, "rne", "after", &flags), magnitude = code & 0x7fffffff;
            underflow += !!(flags & HU_UNDERFLOW);
            overflow += !!(flags & HU_OVERFLOW);
            subnormal += magnitude > 0 && magnitude < 0x800000;
            largest += magnitude == 0x7f7fffff;
            result(&s, "rne", "before", &before);
            tininess += flags != before;
        }
        test_note("%s: %llu underflow, %llu subnormal, %llu overflow, %llu the largest, %llu depend on tininess", ops[k],
                  (unsigned long long)underflow, (unsigned long long)subnormal, (unsigned long long)overflow,
                  (unsigned long long)largest, (unsigned long long)tininess);
        bool is_sum = k == 0;                                       /* of two: always exact when tiny */
        assert_true((is_sum || (underflow > 100 && (k == 2 || tininess >= 10))) && subnormal > 100 && overflow > 50 && largest > 50);
        close_set(&s);
    }
}

/* Results with an exponent at least p / 2 below that of the larger term, and those that vanish altogether. */
static void cancellation(void **state)
{
    (void)state;
    static const char *const ops[] = {"add", "sub", "fma"};
    for (size_t k = 0; k < TEST_COUNT(ops); k++) {
        set s;
        uint64_t close = 0, zero = 0;
        open_set(&s, ops[k], "e8m23", "rne", 0);
        for (uint64_t i = 0; i < hu_cases_count(s.cases) - hu_cases_in_class(s.cases, HU_CASES_RANDOM); i++) {
            hu_flags flags;
            hu_cases_get(s.cases, i, s.in);
            uint64_t last = s.in[s.task.n_operands - 1], code = result(&s, "rne", "after", &flags);
            int in = (int)(last >> 23 & 255), out = (int)(code >> 23 & 255);
            if (in == 255 || in == 0 || out == 255)
                continue;
            bool is_zero = (code & 0x7fffffff) == 0;
            zero += is_zero;
            close += !is_zero && out < in - 12;
        }
        test_note("%s: %llu cancel, %llu to zero", ops[k], (unsigned long long)close, (unsigned long long)zero);
        assert_true(close > 200 && zero > 20);
        close_set(&s);
    }
}

/* --- neighbors with different results, in families that have no formula for a midpoint --- */

static void flips(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"mul", "posit32"}, {"add", "takum32"}, {"exp", "e8m23"}, {"sqrt", "q16.16"}, {"lt", "e8m23"}};
    for (size_t k = 0; k < TEST_COUNT(cases); k++) {
        set s;
        uint64_t n = 0, first = 0, last[8] = {0}, at_last = 0;
        open_set(&s, cases[k][0], cases[k][1], "rne", 0);
        while (first < hu_cases_count(s.cases) && n < 50) {
            hu_flags flags;
            hu_cases_get(s.cases, first++, s.in);
            uint64_t code = result(&s, "rne", "after", &flags), steps = 0;
            for (int i = 0; i < s.task.n_operands; i++)
                steps += s.in[i] > last[i] ? s.in[i] - last[i] : last[i] - s.in[i];
            n += steps == 1 && code != at_last;
            memcpy(last, s.in, sizeof last);
            at_last = code;
        }
        if (n < 50)
            fail_msg("%s %s: %llu pairs of neighbors with different results", cases[k][0], cases[k][1], (unsigned long long)n);
        close_set(&s);
    }
}

/* --- random words --- */

/* Lines whose word is the last before, or the first after, the place where the result changes. */
static void words(void **state)
{
    (void)state;
    static const char *const modes[] = {"sr", "sr:8", "sra:4", "srb:16", "src:8", "srh"};
    for (size_t k = 0; k < TEST_COUNT(modes); k++) {
        set s;
        uint64_t below = 0, above = 0;
        open_set(&s, "mul", "e5m10", modes[k], 3000);
        const hu_field *word = &s.task.field[2];
        uint64_t most = UINT64_MAX >> (64 - word->width_bits);
        assert_int_equal(word->width_bits, s.task.env.rounding->random_bits);
        for (uint64_t i = 0; i < hu_cases_count(s.cases); i++) {
            uint64_t here[1] = {0}, other[1] = {0};
            hu_cases_get(s.cases, i, s.in);
            assert_true(s.in[2] <= most);
            hu_task_compute(&s.task, s.in, here);
            if (s.in[2] < most) {
                s.in[2]++;
                hu_task_compute(&s.task, s.in, other);
                below += here[0] != other[0];
                s.in[2]--;
            }
            if (s.in[2] > 0) {
                s.in[2]--;
                hu_task_compute(&s.task, s.in, other);
                above += here[0] != other[0];
            }
        }
        test_note("%s: %llu words just below and %llu just above the change", modes[k], (unsigned long long)below, (unsigned long long)above);
        assert_true(below > 300 && above > 300);
        close_set(&s);
    }
}

/* --- how many --- */

static void all_combinations(void **state)
{
    (void)state;
    static const struct { const char *op, *format, *mode; uint64_t wanted, n; } sets[] = {
        {"sqrt", "e5m10", "rne", 0, 65536},   {"mul", "e4m3fn", "rne", 0, 65536}, {"fma", "e2m1fn", "rne", 0, 4096},
        {"fma", "e3m2fn", "rne", 0, 262144},  {"mul", "e4m3fn", "rne", 1 << 20, 65536}, {"mul", "e4m3fn", "sr:8", 1 << 17, 1 << 17},
        {"mul", "e4m3fn", "rne", 1000, 1000}, {"cvt", "int8>e4m3fn", "rne", 0, 256}, {"sqrt", "nf4", "rne", 0, 16},
        {"add", "e8m23", "rne", 0, 100000},   {"add", "e8m23", "rne", 500, 500},
    };
    for (size_t k = 0; k < TEST_COUNT(sets); k++) {
        set s;
        open_set(&s, sets[k].op, sets[k].format, sets[k].mode, sets[k].wanted);
        assert_int_equal(hu_cases_count(s.cases), sets[k].n);
        if (sets[k].wanted == 0 && sets[k].n <= 65536 && s.task.n_operands == 1)
            for (uint64_t i = 0; i < sets[k].n; i++) {
                hu_cases_get(s.cases, i, s.in);
                assert_int_equal(s.in[0], i);
            }
        close_set(&s);
    }
}

/* Every operation of the table in every family, against hu_apply. */
static void every_operation(void **state)
{
    (void)state;
    static const char *const formats[] = {"e5m10", "e3m2fn", "posit16", "takum16", "q4.12", "nf4", "hif8", "binary8p4se", "e8m0fnu",
                                          "lns8.3", "x87", "e15m112", "e19m236"};
    int n = 0;
    for (int i = 0; hu_op_at(i); i++) {
        for (size_t k = 0; k < TEST_COUNT(formats); k++) {
            const hu_op *op = hu_op_at(i);
            const hu_format *f = hu_format_find(formats[k], NULL);
            hu_task_words words = {.op = op->name, .format = formats[k], .rounding = "rd"};
            hu_task t;
            bool has = hu_op_check(op, f, NULL) == HU_OK;
            assert_int_equal(hu_task_init(&t, &words, NULL) == HU_OK, has);
            if (!has)
                continue;
            hu_cases *cases;
            uint64_t in[16], out[HU_BITS_WORDS];
            assert_int_equal(hu_cases_new(&cases, &t, 5, 40, NULL), HU_OK);
            for (uint64_t c = 0; c < hu_cases_count(cases); c++, n++) {
                hu_bits x[3], want, got;
                hu_env env = t.env;
                hu_cases_get(cases, c, in);
                for (int o = 0; o < op->arity; o++)
                    x[o] = hu_field_get(&t.field[o], in);
                assert_int_equal(hu_apply(op, f, &env, x, &want, NULL), HU_OK);
                assert_int_equal(hu_task_compute(&t, in, out), env.flags);
                got = hu_field_get(&t.field[op->arity], out);
                assert_true(hu_bits_equal(&got, &want));
            }
            hu_cases_free(cases);
            hu_task_clear(&t);
        }
    }
    test_note("%d lines", n);
}

/* A thinned set has lines of every class. */
static void thinned(void **state)
{
    (void)state;
    set s;
    open_set(&s, "fma", "e8m23", "rne", 600);
    for (int c = HU_CASES_BOUNDARY; c <= HU_CASES_OVERFLOW; c++)
        assert_true(hu_cases_in_class(s.cases, (hu_cases_class)c) > 0);
    close_set(&s);
}

static void same_operands(void **state)
{
    (void)state;
    set a, b;
    open_set(&a, "mul", "e8m23", "rne", 0);
    open_set(&b, "mul", "e8m23", "ru+sat", 0);
    assert_int_equal(hu_cases_count(a.cases), hu_cases_count(b.cases));
    for (uint64_t i = 0; i < hu_cases_count(a.cases); i++) {
        hu_cases_get(a.cases, i, a.in);
        hu_cases_get(b.cases, i, b.in);
        assert_memory_equal(a.in, b.in, 2 * sizeof a.in[0]);
    }
    close_set(&a);
    close_set(&b);
}

static const struct CMUnitTest claims[] = {
    CLAIM("sets have ties, where an operation has them", ties),
    CLAIM("products, quotients and roots come as near to a midpoint as can be", near_ties),
    CLAIM("sets have subnormal results, overflow, the largest value, and results that depend on when tininess is seen", edges),
    CLAIM("sums, differences and fused sums cancel", cancellation),
    CLAIM("every family has neighboring operands with different results", flips),
    CLAIM("random words stand on both sides of where the result changes", words),
    CLAIM("small operands are all there, and a count is kept to", all_combinations),
    CLAIM("every operation that a family has, has a set with the results of src/ops", every_operation),
    CLAIM("a small count has lines of every class", thinned),
    CLAIM("all modes have the same operands", same_operands),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
