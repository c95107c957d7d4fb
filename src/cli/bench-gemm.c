/* bench-gemm.c - halfulp bench gemm: a matrix product with every operation rounded to a format. */
#include <inttypes.h>
#include <string.h>

#include <cblas.h>

#include "src/base/memory.h"
#include "src/cli/bench.h"
#include "src/cli/options.h"
#include "src/kernel/lanes.h"

static const char text[] =
    "Multiplies two square matrices of floats under an accumulator model and shows medians: gflops (2 n^3 operations),\n"
    "ratio_unrounded (the speed as a share of our own product without rounding) and ratio_sgemm (of OpenBLAS's).\n"
    "Models: fma rounds once a term (the product is exact), mul-add rounds product and sum, fp32 rounds nothing beyond float.\n"
    "The name of a device, such as H100, adds products of operands of the format as its matrix unit does.\n"
    "\n"
    "  $ halfulp bench gemm --model fma --format e8m7 --n 1024 --threads 2 --json\n";

typedef struct measurement {
    hu_accumulator acc;
    const hu_format *operand;
    hu_env env;
    size_t n;
    float *a, *b, *c;
} measurement;

static bool multiply(const measurement *m, const hu_accumulator *acc)
{
    hu_env env = m->env;
    env.no_flags = true;
    hu_gemm_shape shape = {.m = m->n, .n = m->n, .k = m->n, .lda = m->n, .ldb = m->n, .ldc = m->n};
    return hu_gemm_f32(m->c, m->a, m->b, shape, acc, &env, NULL) == HU_OK;
}

static bool rounded(void *what)
{
    const measurement *m = what;
    return multiply(m, &m->acc);
}

static bool unrounded(void *what)
{
    static const hu_accumulator none;
    return multiply(what, &none);
}

static bool blas(void *what)
{
    const measurement *m = what;
    int n = (int)m->n;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1.0f, m->a, n, m->b, n, 0.0f, m->c, n);
    return true;
}

static bool prepare(measurement *m)
{
    m->a = hu_aligned(m->n * m->n, sizeof *m->a);
    m->b = hu_aligned(m->n * m->n, sizeof *m->b);
    m->c = hu_aligned(m->n * m->n, sizeof *m->c);
    if (!m->a || !m->b || !m->c)
        return false;
    for (size_t i = 0; i < m->n * m->n; i++) {
        m->a[i] = (float)hu_random_normal_at(m->env.random.seed, 1, i);
        m->b[i] = (float)hu_random_normal_at(m->env.random.seed, 2, i);
    }
    hu_env env = hu_env_default();
    if (m->acc.block.group == 0)
        return true;
    return !hu_quantize_f32(m->a, m->a, m->n * m->n, m->operand, &env, NULL) && !hu_quantize_f32(m->b, m->b, m->n * m->n, m->operand, &env, NULL);
}

static int report(measurement *m, const char *model, const char *format, bool json)
{
    double rounded_s, unrounded_s, blas_s;
    int repetitions = hu_bench_time(&rounded_s, NULL, rounded, NULL, m, hu_threads(), 0.5);
    if (repetitions == 0 || hu_bench_time(&unrounded_s, &blas_s, unrounded, blas, m, hu_threads(), 0.3) == 0)
        return hu_cli_fail(HU_CLI_FAILED, "bench gemm: %s could not be measured", format);
    double operations = 2 * (double)m->n * (double)m->n * (double)m->n;
    hu_bench_line line;
    hu_bench_open(&line, json, "gemm");
    hu_bench_text(&line, "model", model);
    hu_bench_text(&line, "format", format);
    hu_bench_text(&line, "rounding", m->env.rounding->name);
    hu_bench_text(&line, "isa", hu_lanes_chosen()->name);
    hu_bench_count(&line, "n", m->n);
    hu_bench_count(&line, "threads", (unsigned long long)hu_threads());
    hu_bench_count(&line, "repetitions", (unsigned long long)repetitions);
    hu_bench_number(&line, "gflops", 1e-9 * operations / rounded_s);
    hu_bench_number(&line, "unrounded_gflops", 1e-9 * operations / unrounded_s);
    hu_bench_number(&line, "sgemm_gflops", 1e-9 * operations / blas_s);
    hu_bench_number(&line, "ratio_unrounded", unrounded_s / rounded_s);
    hu_bench_number(&line, "ratio_sgemm", blas_s / rounded_s);
    hu_bench_close(&line);
    return HU_CLI_OK;
}

/* What rounds in a model. */
static const struct { const char *name; bool product, sum; } models[] = {
    {"fma", false, true}, {"mul-add", true, true}, {"fp32", false, false},
};

/* A device by its name rounds the operands to the format first. */
static bool find_model(hu_accumulator *acc, const char *name, const hu_format *f, hu_error *err)
{
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        if (strcmp(models[i].name, name) == 0) {
            *acc = (hu_accumulator){.product = models[i].product ? f : NULL, .sum = models[i].sum ? f : NULL};
            return true;
        }
    }
    const hu_block_profile *p = hu_block_profile_find(name, f, f, NULL, err);
    if (p)
        acc->block = hu_block_profile_adder(p, f, f);
    return p != NULL;
}

int hu_bench_gemm(int argc, char **argv)
{
    const char *format = "e8m7", *rounding = "rne", *model = "fma";
    hu_option_word seed = {1, false};
    int threads = 1, n = 512;
    bool json = false;
    const hu_option options[] = {
        {"model", HU_OPTION_TEXT, &model, "NAME", "fma, mul-add, fp32 or a device (H100); default fma"},
        {"format", HU_OPTION_TEXT, &format, "NAME", "what is rounded to; default e8m7"},
        {"rounding", HU_OPTION_TEXT, &rounding, "MODE", "as in 'halfulp calc'; default rne"},
        {"n", HU_OPTION_COUNT, &n, "COUNT", "rows and columns; default 512"},
        {"threads", HU_OPTION_COUNT, &threads, "COUNT", "default 1"},
        {"seed", HU_OPTION_WORD, &seed, "NUMBER", "of the data and of stochastic roundings; default 1"},
        {"json", HU_OPTION_SWITCH, &json, NULL, "as a JSON object"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"bench gemm", "[OPTIONS]", text, options};
    int status = hu_options_read(&usage, &argc, argv);
    if (status >= 0)
        return status;
    if (argc > 0)
        return hu_cli_fail(HU_CLI_USAGE, "bench gemm: takes options only; got '%s'", argv[0]);

    hu_error err = {0};
    const hu_format *f = hu_format_find(format, &err);
    measurement m = {.env = hu_env_default(), .n = (size_t)n, .operand = f};
    if (!f || hu_env_parse_mode(&m.env, rounding, &err))
        return hu_cli_fail(HU_CLI_USAGE, "bench gemm: %s", err.text);
    if (!find_model(&m.acc, model, f, &err))
        return hu_cli_fail(HU_CLI_USAGE, "bench gemm: the models are fma, mul-add, fp32 and devices: %s", err.text);
    if (!hu_fits_f32(f))
        return hu_cli_fail(HU_CLI_USAGE, "bench gemm: %s has values that are no values of float", f->name);
    m.env.random.seed = seed.value;
    hu_threads_set(threads);
    openblas_set_num_threads(threads);
    if (prepare(&m))
        status = report(&m, model, f->name, json);
    else
        status = hu_cli_fail(HU_CLI_FAILED, "bench gemm: no memory for three matrices of %d by %d", n, n);
    hu_free(m.a);
    hu_free(m.b);
    hu_free(m.c);
    return status;
}
