/* env.c - modes, overflow policies, flags and operations by name; the word that a rounding draws. */
#include "src/ops/env.h"

#include <stdio.h>
#include <string.h>

#include "src/ops/ops.h"
#include "tests/lib/test.h"

static void defaults(void **state)
{
    (void)state;
    hu_env env = hu_env_default();
    assert_string_equal(env.rounding->name, "rne");
    assert_true(env.overflow == HU_OVERFLOW_IEEE && env.tininess == HU_TININESS_AFTER &&
                env.nan == HU_NAN_CANONICAL);
    assert_true(env.flags == 0 && env.random.seed == 0 && env.random.stream == 0 &&
                env.random.index == 0 && !env.word);
}

static void modes(void **state)
{
    (void)state;
    static const struct { const char *name, *alias; } names[] = {
        {"rne", "nearest-even"}, {"rna", "nearest-away"}, {"rnz", "nearest-zero"}, {"ru", "up"}, {"rd", "down"},
        {"rz", "toward-zero"}, {"raz", "away-from-zero"}, {"ro", "odd"}, {"sr", "stochastic"},
        {"srh", "stochastic-half"},
    };
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        const hu_rounding *mode = hu_rounding_find(names[i].name, NULL);
        assert_non_null(mode);
        assert_string_equal(mode->name, names[i].name);
        assert_ptr_equal(hu_rounding_find(names[i].alias, NULL), mode);
    }
    char name[16];
    for (int r = 1; r <= 32; r++)
        for (int v = 0; v < 4; v++) {
            snprintf(name, sizeof name, "sr%.1s:%d", &"\0abc"[v], r);
            const hu_rounding *mode = hu_rounding_find(name, NULL);
            assert_non_null(mode);
            assert_int_equal(mode->random_bits, r);
            assert_string_equal(mode->name, name);
        }
    int n = 0;
    for (; hu_rounding_at(n); n++) {
        const hu_rounding *mode = hu_rounding_at(n);
        assert_ptr_equal(hu_rounding_find(mode->name, NULL), mode);
        assert_true(mode->title[0] && mode->source[0] && mode->pick);
        assert_true(!strchr(mode->name, ':') || mode->random_bits == 8);
    }
    assert_int_equal(n, 14);
    assert_null(hu_rounding_at(-1));
}

static void modes_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"", "rn", "RNE", "rne ", "sr:", "sr:0", "sr:33", "sr:08", "srd:8", "srh:8", "sra", "sr:8x", "nearest"};
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        hu_error err = {0};
        assert_null(hu_rounding_find(names[i], &err));
        assert_true(err.status == HU_ENAME && strstr(err.text, "rne") && strstr(err.text, names[i]));
        assert_null(hu_rounding_find(names[i], NULL));
    }
    hu_error err = {0};
    hu_rounding_find("rnee", &err);
    assert_non_null(strstr(err.text, "did you mean 'rne'"));
    assert_null(strstr(err.text, "?;"));
}

static void mode_and_policy(void **state)
{
    (void)state;
    static const struct { const char *text, *mode; hu_overflow overflow; } want[] = {
        {"rne", "rne", HU_OVERFLOW_IEEE}, {"rne+sat", "rne", HU_OVERFLOW_SATURATE},
        {"rz+satfinite", "rz", HU_OVERFLOW_SATURATE_FINITE},
        {"sr:8+saturate", "sr:8", HU_OVERFLOW_SATURATE},
        {"nearest-even+saturate-finite-only", "rne", HU_OVERFLOW_SATURATE_FINITE},
        {"ru+ieee", "ru", HU_OVERFLOW_IEEE},
    };
    for (size_t i = 0; i < TEST_COUNT(want); i++) {
        hu_env env = hu_env_default();
        env.overflow = HU_OVERFLOW_SATURATE;
        env.flags = HU_INEXACT;
        assert_int_equal(hu_env_parse_mode(&env, want[i].text, NULL), HU_OK);
        assert_string_equal(env.rounding->name, want[i].mode);
        assert_true(env.overflow == want[i].overflow && env.flags == HU_INEXACT);
    }
    static const char *const bad[] = {"", "+", "rne+", "+sat", "rne+sat+sat", "rne +sat", "rne+SAT", "rnx", "rnx+sat", "rne+clip",
                                      "a-name-that-is-longer-than-any-mode-could-be-and-then-some-more-of-it+sat"};
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        hu_env env = hu_env_default();
        hu_error err = {0};
        env.overflow = HU_OVERFLOW_SATURATE_FINITE;
        env.rounding = hu_rounding_find("ro", NULL);
        assert_int_equal(hu_env_parse_mode(&env, bad[i], &err), HU_ENAME);
        assert_true(err.text[0]);
        assert_true(env.overflow == HU_OVERFLOW_SATURATE_FINITE && strcmp(env.rounding->name, "ro") == 0);
    }
}

static void flags(void **state)
{
    (void)state;
    char text[HU_FLAGS_SIZE];
    assert_string_equal(hu_flags_to_text(0, text), "-");
    assert_string_equal(hu_flags_to_text(HU_INVALID, text), "invalid");
    assert_string_equal(hu_flags_to_text(HU_OVERFLOW | HU_INEXACT, text), "overflow,inexact");
    assert_string_equal(hu_flags_to_text(HU_UNDERFLOW | HU_INEXACT, text), "underflow,inexact");
    assert_string_equal(hu_flags_to_text(31, text), "invalid,divbyzero,overflow,underflow,inexact");
    assert_true(strlen(text) < HU_FLAGS_SIZE);
}

/* Flags stay until they are cleared. */
static void sticky_flags(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("e5m10", NULL);
    hu_env env = hu_env_default();
    hu_div(f, &env, 0x3c00, 0x0000);
    assert_int_equal(env.flags, HU_DIVBYZERO);
    hu_div(f, &env, 0x3c00, 0x4200);
    assert_int_equal(env.flags, HU_DIVBYZERO | HU_INEXACT);
    hu_sqrt(f, &env, 0xbc00);
    hu_add(f, &env, 0x3c00, 0x3c00);
    assert_int_equal(env.flags, HU_DIVBYZERO | HU_INEXACT | HU_INVALID);
    hu_to_i64(f, &env, 0x3e00, 8);
    hu_to_i64(f, &env, 0x7bff, 8);
    assert_int_equal(env.flags, HU_DIVBYZERO | HU_INEXACT | HU_INVALID);
}

static void words(void **state)
{
    (void)state;
    uint64_t word = UINT64_C(0x123456789abcdef0);
    hu_env env = hu_env_default();
    env.random = (hu_random){.seed = 1, .stream = 2, .index = 3};
    assert_true(hu_env_draw(&env) == 0 && env.random.index == 3);
    env.rounding = hu_rounding_find("sr", NULL);
    assert_true(hu_env_draw(&env) == hu_random_word(1, 2, 3) && env.random.index == 4);
    env.word = &word;
    assert_true(hu_env_draw(&env) == word && env.random.index == 5);
    env.rounding = hu_rounding_find("rne", NULL);
    assert_true(hu_env_draw(&env) == 0 && env.random.index == 5);
}

static void operations(void **state)
{
    (void)state;
    static const struct { const char *name; int arity; bool rounds, predicate; } want[] = {
        {"add", 2, true, false}, {"sub", 2, true, false}, {"mul", 2, true, false}, {"div", 2, true, false},
        {"fma", 3, true, false},
        {"sqrt", 1, true, false}, {"rem", 2, true, false}, {"rint", 1, true, false},
        {"neg", 1, false, false}, {"abs", 1, false, false},
        {"min", 2, false, false}, {"max", 2, false, false}, {"eq", 2, false, true}, {"lt", 2, false, true},
        {"le", 2, false, true},
        {"exp", 1, true, false}, {"exp2", 1, true, false}, {"expm1", 1, true, false}, {"log", 1, true, false},
        {"log2", 1, true, false}, {"log1p", 1, true, false}, {"pow", 2, true, false}, {"sin", 1, true, false},
        {"cos", 1, true, false}, {"tan", 1, true, false}, {"asin", 1, true, false}, {"acos", 1, true, false},
        {"atan", 1, true, false}, {"atan2", 2, true, false}, {"sinh", 1, true, false}, {"cosh", 1, true, false},
        {"tanh", 1, true, false}, {"erf", 1, true, false}, {"sigmoid", 1, true, false}, {"rsqrt", 1, true, false},
        {"cbrt", 1, true, false}, {"hypot", 2, true, false},
    };
    int n = 0;
    for (; hu_op_at(n); n++)
        assert_ptr_equal(hu_op_find(hu_op_at(n)->name), hu_op_at(n));
    assert_int_equal(n, TEST_COUNT(want));
    for (size_t i = 0; i < TEST_COUNT(want); i++) {
        const hu_op *op = hu_op_find(want[i].name);
        assert_non_null(op);
        assert_true(op->arity == want[i].arity && op->rounds == want[i].rounds &&
                    op->is_predicate == want[i].predicate);
        assert_true(!op->unary == (op->arity != 1) && !op->binary == (op->arity != 2) &&
                    !op->ternary == (op->arity != 3));
    }
    assert_null(hu_op_find("gamma"));
    assert_null(hu_op_find(""));
    assert_null(hu_op_at(-1));
}

static void operations_of_families(void **state)
{
    (void)state;
    static const hu_family few = {.name = "few", .operations = "add fma sqrt min"};
    static const struct { const char *op; bool has; } want[] = {
        {"add", true}, {"fma", true}, {"sqrt", true}, {"min", true}, {"mul", false}, {"rem", false}, {"max", false},
    };
    hu_format f = {.name = "few8", .family = &few};
    hu_error err;
    for (size_t i = 0; i < TEST_COUNT(want); i++)
        assert_int_equal(hu_op_check(hu_op_find(want[i].op), &f, &err), want[i].has ? HU_OK : HU_EINVAL);
    assert_int_equal(hu_op_check(hu_op_find("rem"), &f, &err), HU_EINVAL);
    assert_string_equal(err.text, "rem: there is no such operation in format few8; formats of family few have add fma sqrt min");
    assert_int_equal(hu_op_check(&(hu_op){.name = "sq"}, &f, &err), HU_EINVAL);
    assert_int_equal(hu_op_check(&(hu_op){.name = "dd"}, &f, &err), HU_EINVAL);
    for (int i = 0; hu_format_at(i); i++)
        for (int n = 0; hu_op_at(n) && !hu_format_at(i)->family->operations; n++)
            assert_int_equal(hu_op_check(hu_op_at(n), hu_format_at(i), &err), HU_OK);
}

static const struct CMUnitTest claims[] = {
    CLAIM("the default is nearest-even, ieee, tininess after, canonical NaNs", defaults),
    CLAIM("every mode is found by its name and its long name", modes),
    CLAIM("what is no mode is refused and the nearest named", modes_refused),
    CLAIM("a mode and an overflow policy are read from one word, or the environment is left alone", mode_and_policy),
    CLAIM("flags are written by name, in order", flags),
    CLAIM("operations add flags and take none away", sticky_flags),
    CLAIM("a rounding draws the given word or the stream's, and the index moves on", words),
    CLAIM("every operation is found by name, with its arity", operations),
    CLAIM("an operation that a family does not list is refused, with those that it has", operations_of_families),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
