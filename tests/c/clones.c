/* clones.c - loops that are cloned for several instruction sets give the same bits in each. */
#include "tests/lib/test.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "src/base/clones.h"
#include "src/nn/fast-exp.h"
#include "src/nn/optimizer.h"

#if defined __x86_64__ && defined __GNUC__ && !defined __clang__

/* The library's own declarations of these names are done; what follows are copies. */
#define COPY(name) name##_plain
#undef HU_CLONES
#define HU_CLONES __attribute__((optimize("O3", "fp-contract=off")))
#include "tests/c/clones.body.h"

#undef COPY
#define COPY(name) name##_avx2
#undef HU_CLONES
#define HU_CLONES __attribute__((target("avx2"), optimize("O3", "fp-contract=off")))
#include "tests/c/clones.body.h"

#undef COPY
#define COPY(name) name##_avx512
#undef HU_CLONES
#define HU_CLONES __attribute__((target("avx512f"), optimize("O3", "fp-contract=off")))
#include "tests/c/clones.body.h"

typedef struct copies {
    const char *isa;
    void  (*exp)(float *, const float *, size_t, float, float);
    float (*softmax)(float *, const float *, size_t, float *);
    double (*norm)(const float *, size_t);
    void  (*adamw)(const hu_adamw *, float *, float *, float *, const float *, size_t, double, double, double, uint64_t);
} copies;

#define COPIES(set) {#set, hu_exp_##set, softmax_##set, norm_##set, adamw_step_##set}
static const copies plain = COPIES(plain), library = {"library", hu_exp_f32, NULL, hu_norm, hu_adamw_step};
static const copies wide[] = {COPIES(avx2), COPIES(avx512)};

static bool runs(const copies *c)
{
    __builtin_cpu_init();
    return c == &wide[0] ? __builtin_cpu_supports("avx2") : c == &wide[1] ? __builtin_cpu_supports("avx512f") : true;
}

enum { N = 1 << 14 };

/* Numbers from -100 to 100, tiny ones, edges of exp(), zeros, infinities and NaN. */
static void fill(float *x, uint64_t seed)
{
    static const float edges[] = {0, -0.0f, -87, -87.00001f, 88, 88.1f, FLT_MIN, 1e-42f, INFINITY, -INFINITY, NAN, -1e30f};
    test_random r = {seed};
    for (size_t i = 0; i < N; i++) {
        double u = test_random_unit(&r);
        x[i] = i < TEST_COUNT(edges) ? edges[i] : (float)(200 * u - 100) * (i % 3 ? 1 : 0x1p-20f);
    }
}

/* The lengths of rows that are tried: with and without a rest beyond whole vectors. */
static const size_t lengths[] = {1, 7, 15, 16, 17, 31, 64, 100, 255, 1000};

static void exponentials(void **state)
{
    (void)state;
    static float x[N], want[N], got[N];
    fill(x, 1);
    plain.exp(want, x, N, 1, 0);
    for (size_t c = 0; c <= TEST_COUNT(wide); c++) {
        const copies *one = c < TEST_COUNT(wide) ? &wide[c] : &library;
        if (!runs(one))
            continue;
        one->exp(got, x, N, 1, 0);
        assert_memory_equal(got, want, sizeof got);
        for (size_t i = 0; i + 1000 <= N; i += 1000)
            for (size_t l = 0; l < TEST_COUNT(lengths); l++) {
                one->exp(got, x + i, lengths[l], 1, 0);
                assert_memory_equal(got, want + i, lengths[l] * sizeof *got);
            }
    }
}

static void softmaxes(void **state)
{
    (void)state;
    static float x[N], want[N], got[N];
    fill(x, 2);
    for (size_t c = 0; c < TEST_COUNT(wide); c++)
        for (size_t at = 16; runs(&wide[c]) && at + 1000 <= N; at += 1000)
            for (size_t l = 0; l < TEST_COUNT(lengths); l++) {
                float tops[2], sums[2] = {plain.softmax(want, x + at, lengths[l], &tops[0]), wide[c].softmax(got, x + at, lengths[l], &tops[1])};
                assert_true(tops[0] == tops[1] && sums[0] == sums[1]);
                assert_memory_equal(got, want, lengths[l] * sizeof *got);
            }
}

static void steps(void **state)
{
    (void)state;
    static float g[N], w[2][N], m[2][N], v[2][N];
    const hu_adamw how = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8};
    fill(g, 3);
    for (size_t c = 0; c <= TEST_COUNT(wide); c++) {
        const copies *both[2] = {&plain, c < TEST_COUNT(wide) ? &wide[c] : &library};
        if (!runs(both[1]))
            continue;
        assert_true(plain.norm(g + 16, N - 19) == both[1]->norm(g + 16, N - 19));
        for (int k = 0; k < 2; k++) {
            fill(w[k], 4);
            memset(m[k], 0, sizeof m[k]), memset(v[k], 0, sizeof v[k]);
            for (uint64_t count = 1; count <= 5; count++)
                both[k]->adamw(&how, w[k], m[k], v[k], g + 16, N - 19, 1e-3, 0.1, 0.7, count);
        }
        assert_memory_equal(w[0], w[1], sizeof w[0]);
        assert_memory_equal(m[0], m[1], sizeof m[0]);
        assert_memory_equal(v[0], v[1], sizeof v[0]);
    }
}

static const struct CMUnitTest claims[] = {
    CLAIM("exp() has the same bits for every instruction set, in rows of every length", exponentials),
    CLAIM("so has softmax", softmaxes),
    CLAIM("so have the gradient's norm and AdamW's step", steps),
};

#else

static void elsewhere(void **state)
{
    (void)state;
    test_skip("loops are cloned by gcc on x86-64 only");
}

static const struct CMUnitTest claims[] = {CLAIM("loops have the same bits for every instruction set", elsewhere)};

#endif

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
