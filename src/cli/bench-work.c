/* bench-work.c - the pieces of work of the table of `halfulp bench`: rounding, elementwise operations, matrix products, each with its yardstick.
 *
 * The data of arrays are wide: normal(0, 1) times 2^uniform(-20, 20), one in 64 smaller by 2^118, so that overflow, subnormals and zeros
 * occur; those of matrices are normal(0, 1). No flags are asked for.
 */
#include "src/cli/bench-work.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/ops/ops.h"

static const hu_bench_row rows[] = {
#define ROW(name, work, format, modes, isa, threads, small, medium, large) {name, work, format, modes, isa, threads, {small, medium, large}},
#include "src/cli/bench-rows.def"
#undef ROW
};

const hu_bench_row *hu_bench_row_at(int i)
{
    return i >= 0 && (size_t)i < sizeof rows / sizeof rows[0] ? &rows[i] : NULL;
}

/* ---- arrays ---- */

static bool quantize(hu_bench_job *j)
{
    return j->kind->is_f64 ? !hu_quantize_f64(j->out, j->in[0], j->n, j->format, &j->env, NULL)
                           : !hu_quantize_f32(j->out, j->in[0], j->n, j->format, &j->env, NULL);
}

static bool copy(hu_bench_job *j)
{
    memcpy(j->copy, j->in[0], j->n * (j->kind->is_f64 ? sizeof(double) : sizeof(float)));
    return true;
}

static bool quantize_scalar(hu_bench_job *j)
{
    for (size_t i = 0; i < HU_BENCH_SCALARS; i++) {
        double x = j->kind->is_f64 ? ((double *)j->in[0])[i % j->n] : (double)((float *)j->in[0])[i % j->n];
        j->sink += hu_to_double(j->format, hu_from_double(j->format, &j->env, x));
    }
    return true;
}

static bool block(hu_bench_job *j)
{
    hu_block_layout line = hu_block_line(j->n);
    return !hu_block_quantize_f32(j->out, j->in[0], &line, j->block, &j->env, NULL);
}

static bool map(hu_bench_job *j, hu_elementwise op)
{
    return !hu_map_f32(j->out, op, j->in[0], j->in[1], op == HU_FMA ? j->in[2] : NULL, j->n, j->format, &j->env, NULL);
}

static bool add(hu_bench_job *j) { return map(j, HU_ADD); }
static bool mul(hu_bench_job *j) { return map(j, HU_MUL); }
static bool fma_(hu_bench_job *j) { return map(j, HU_FMA); }

static bool operation_scalar(hu_bench_job *j, const char *name)
{
    const hu_op *op = hu_op_find(name);
    const float *const x[3] = {j->in[0], j->in[1], j->in[2]};
    for (size_t i = 0; i < HU_BENCH_SCALARS; i++) {
        hu_num operand[3] = {{0}};
        for (int k = 0; k < op->arity; k++)
            operand[k] = hu_num_from_float(x[k][i % j->n]);
        j->sink += hu_to_double(j->format, hu_op_round(op, j->format, &j->env, operand));
    }
    return true;
}

static bool add_scalar(hu_bench_job *j) { return operation_scalar(j, "add"); }
static bool mul_scalar(hu_bench_job *j) { return operation_scalar(j, "mul"); }
static bool fma_scalar(hu_bench_job *j) { return operation_scalar(j, "fma"); }

/* With all threads of the row against one. */
static bool alone(hu_bench_job *j, bool (*work)(hu_bench_job *))
{
    int threads = hu_threads_set(1);
    bool done = work(j);
    hu_threads_set(threads);
    return done;
}

static bool quantize_alone(hu_bench_job *j) { return alone(j, quantize); }
static bool fma_alone(hu_bench_job *j) { return alone(j, fma_); }

/* ---- codes, one in a byte ---- */

static bool encode(hu_bench_job *j) { return !hu_encode_u8_f32(j->out, j->in[0], j->n, j->format, &j->env, NULL); }

static bool encode_scalar(hu_bench_job *j)
{
    for (size_t i = 0; i < HU_BENCH_SCALARS; i++)
        j->sink += (double)hu_from_double(j->format, &j->env, (double)((float *)j->in[0])[i % j->n]);
    return true;
}

static bool decode(hu_bench_job *j) { return !hu_decode_u8_f32(j->out, j->in[1], j->n, j->format, NULL); }

static bool decode_scalar(hu_bench_job *j)
{
    for (size_t i = 0; i < HU_BENCH_SCALARS; i++)
        j->sink += hu_to_double(j->format, ((uint8_t *)j->in[1])[i % j->n]);
    return true;
}

/* ---- matrix products ---- */

static bool product(hu_bench_job *j, const hu_accumulator *acc)
{
    hu_gemm_shape shape = {.m = j->n, .n = j->n, .k = j->n, .lda = j->n, .ldb = j->n, .ldc = j->n};
    return !hu_gemm_f32(j->out, j->in[0], j->in[1], shape, acc, &j->env, NULL);
}

static bool gemm_own(hu_bench_job *j) { return product(j, &(hu_accumulator){0}); }
static bool gemm_fma(hu_bench_job *j) { return product(j, &(hu_accumulator){.sum = j->format}); }
static bool gemm_mul_add(hu_bench_job *j) { return product(j, &(hu_accumulator){.product = j->format, .sum = j->format}); }
static bool gemm_wrap(hu_bench_job *j) { return product(j, &(hu_accumulator){.integer = {.bits = 24}}); }
static bool gemm_saturate(hu_bench_job *j) { return product(j, &(hu_accumulator){.integer = {.bits = 16, .saturates = true}}); }
static bool gemm_alone(hu_bench_job *j) { return alone(j, gemm_own); }

static bool gemm_input(hu_bench_job *j)
{
    size_t n = j->n * j->n;
    float *const in[2] = {j->in[0], j->in[1]};
    float *a = j->copy, *b = j->in[2];
    hu_gemm_shape shape = {.m = j->n, .n = j->n, .k = j->n, .lda = j->n, .ldb = j->n, .ldc = j->n};
    return !hu_quantize_f32(a, in[0], n, j->format, &j->env, NULL) && !hu_quantize_f32(b, in[1], n, j->format, &j->env, NULL)
        && !hu_gemm_f32(j->out, a, b, shape, &(hu_accumulator){0}, &j->env, NULL);
}

static bool gemm_h100(hu_bench_job *j)
{
    const hu_block_profile *p = hu_block_profile_find("H100", j->format, j->format, NULL, NULL);
    return p && product(j, &(hu_accumulator){.block = hu_block_profile_adder(p, j->format, j->format)});
}

static bool gemm_scales(hu_bench_job *j)
{
    return product(j, &(hu_accumulator){.scales = {.a = j->sums, .b = j->sums, .a_rows = 1, .a_depth = 128, .b_depth = 128, .b_columns = 128}});
}

static bool sgemm(hu_bench_job *j)
{
    int n = (int)j->n;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1.0f, j->in[0], n, j->in[1], n, 0.0f, j->copy, n);
    return true;
}

static bool mul_add_scalar(hu_bench_job *j) { return mul_scalar(j) && add_scalar(j); }

static const hu_bench_kind kinds[] = {
    {"quantize",     "Melem/s", "memcpy", 1e-6, 2, false, false, quantize, copy, quantize_scalar, false},
    {"quantize-f64", "Melem/s", "memcpy", 1e-6, 2, false, true,  quantize, copy, quantize_scalar, false},
    {"encode",       "Melem/s", "memcpy", 1e-6, 2, false, false, encode, copy, encode_scalar, false},
    {"decode",       "Melem/s", "memcpy", 1e-6, 2, false, false, decode, copy, decode_scalar, false},
    {"block",        "Melem/s", "memcpy", 1e-6, 2, false, false, block, copy, NULL, false},
    {"add",          "Melem/s", "memcpy", 1e-6, 3, false, false, add, copy, add_scalar, false},
    {"mul",          "Melem/s", "memcpy", 1e-6, 3, false, false, mul, copy, mul_scalar, false},
    {"fma",          "Melem/s", "memcpy", 1e-6, 4, false, false, fma_, copy, fma_scalar, false},
    {"quantize-threads", "Melem/s", "1 thread", 1e-6, 2, false, false, quantize, quantize_alone, NULL, false},
    {"fma-threads",  "Melem/s", "1 thread", 1e-6, 2, false, false, fma_, fma_alone, NULL, false},
    {"gemm-own",     "GFLOP/s", "sgemm", 2e-9, 2, true, false, gemm_own, sgemm, NULL, false},
    {"gemm-input",   "GFLOP/s", "unrounded", 2e-9, 2, true, false, gemm_input, gemm_own, NULL, false},
    {"gemm-fma",     "GFLOP/s", "unrounded", 2e-9, 2, true, false, gemm_fma, gemm_own, fma_scalar, false},
    {"gemm-mul-add", "GFLOP/s", "unrounded", 2e-9, 2, true, false, gemm_mul_add, gemm_own, mul_add_scalar, false},
    {"gemm-exact",   "GFLOP/s", "unrounded", 2e-9, 2, true, false, gemm_mul_add, gemm_own, mul_add_scalar, false},
    {"gemm-h100",    "GFLOP/s", "unrounded", 2e-9, 2, true, false, gemm_h100, gemm_own, NULL, false},
    {"gemm-wrap",    "GFLOP/s", "unrounded", 2e-9, 2, true, false, gemm_wrap, gemm_own, NULL, false},
    {"gemm-saturate", "GFLOP/s", "unrounded", 2e-9, 2, true, false, gemm_saturate, gemm_own, NULL, false},
    {"gemm-scales",  "GFLOP/s", "unrounded", 2e-9, 2, true, false, gemm_scales, gemm_own, NULL, false},
    {"gemm-threads", "GFLOP/s", "1 thread", 2e-9, 2, true, false, gemm_own, gemm_alone, NULL, false},
    {"train",        "tok/s", "fp32", 1, 2, false, false, hu_bench_train_work, hu_bench_train_yard, NULL, true},
    {"train-sums",   "tok/s", "fp32", 1, 2, false, false, hu_bench_train_work, hu_bench_train_yard, NULL, true},
    {"train-threads", "tok/s", "1 thread", 1, 2, false, false, hu_bench_train_work, hu_bench_train_yard, NULL, true},
    {"train-plain",  "tok/s", "plain C trainer", 1, 2, false, false, hu_bench_train_work, hu_bench_plain_yard, NULL, true},
    {"train-sums-plain", "tok/s", "plain C trainer", 1, 2, false, false, hu_bench_train_work, hu_bench_plain_yard, NULL, true},
};

const hu_bench_kind *hu_bench_kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

/* ---- the arrays ---- */

enum { DIFFERENT = 1 << 20 };             /* so many elements are drawn; longer arrays repeat them */

static double drawn(bool wide, uint64_t stream, size_t i)
{
    double power = wide ? floor(hu_random_uniform_at(1, stream, i) * 41) - 20 - (i % 64 == 63 ? 118 : 0) : 0;
    return hu_random_normal_at(1, stream + 8, i) * exp2(power);
}

static void fill(const hu_bench_job *j, void *to, uint64_t stream, size_t n)
{
    size_t size = j->kind->is_f64 ? sizeof(double) : sizeof(float);
    for (size_t i = 0; i < n && i < DIFFERENT; i++) {
        double x = drawn(!j->kind->is_gemm, stream, i);
        if (j->kind->is_f64)
            ((double *)to)[i] = x;
        else
            ((float *)to)[i] = (float)x;
    }
    for (size_t i = DIFFERENT; i < n; i += DIFFERENT)
        memcpy((char *)to + i * size, to, (n - i < DIFFERENT ? n - i : DIFFERENT) * size);
}

/* Factors that are values of a format, for the kinds that want such. */
static void put_on_grid(hu_bench_job *j, size_t n)
{
    const char *kind = j->kind->name;
    hu_env env = hu_env_default();
    const hu_format *f = strcmp(kind, "gemm-exact") == 0 ? hu_format_find("e4m2", NULL) : j->format;
    bool is_integer = strcmp(kind, "gemm-wrap") == 0 || strcmp(kind, "gemm-saturate") == 0;
    for (int i = 0; i < 2 && (is_integer || strcmp(kind, "gemm-exact") == 0 || strcmp(kind, "gemm-h100") == 0); i++) {
        float *x = j->in[i];
        for (size_t l = 0; l < n && is_integer; l++)
            x[l] *= 30;
        (void)hu_quantize_f32(x, x, n, f, &env, NULL);
    }
    if (strcmp(kind, "decode") == 0)
        (void)hu_encode_u8_f32(j->in[1], j->in[0], n, f, &env, NULL);
}

int hu_bench_job_init(hu_bench_job *j, const hu_bench_row *row, size_t n)
{
    hu_error err = {0};
    *j = (hu_bench_job){.row = row, .kind = hu_bench_kind_find(row->work), .n = n, .repeats = 1, .env = hu_env_default()};
    if (j->kind && j->kind->is_train)
        return hu_bench_train_init(j, n);
    if (strcmp(row->work, "block") == 0)
        j->block = hu_block_find(row->format, &err);
    else
        j->format = hu_format_find(row->format, &err);
    if (!j->kind || (!j->block && !j->format))
        return hu_cli_fail(HU_CLI_FAILED, "bench: %s: %s", row->name, j->kind ? err.text : "there is no such work");
    size_t elements = j->kind->is_gemm ? n * n : n, size = j->kind->is_f64 ? sizeof(double) : sizeof(float);
    j->repeats = !j->kind->is_gemm && n < 1 << 16 ? (int)((1 << 18) / (n + 1)) + 1 : 1;
    bool done = elements * size <= hu_memory_available() / 6;
    void **const arrays[] = {&j->in[0], &j->in[1], &j->in[2], &j->out, &j->copy};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0] && done; i++) {
        *arrays[i] = hu_aligned(elements, size);
        done = *arrays[i] != NULL;
        if (done)
            memset(*arrays[i], 0, elements * size);        /* pages are there before they are timed */
    }
    j->sums = done && strcmp(j->kind->name, "gemm-scales") == 0 ? hu_malloc((n / 128 + 1) * n * sizeof *j->sums) : NULL;
    if (!done || (strcmp(j->kind->name, "gemm-scales") == 0 && !j->sums))
        return hu_cli_fail(HU_CLI_FAILED, "bench: no memory for %s of %zu elements", row->name, elements);
    for (uint64_t i = 0; i < 3; i++)
        fill(j, j->in[i], i, elements);
    for (size_t i = 0; j->sums && i < (n / 128 + 1) * n; i++)
        j->sums[i] = 0.5 + (double)(i % 7);
    put_on_grid(j, elements);
    return HU_CLI_OK;
}

void hu_bench_job_clear(hu_bench_job *j)
{
    hu_bench_train_clear(j);
    for (int i = 0; i < 3; i++)
        hu_free(j->in[i]);
    hu_free(j->out);
    hu_free(j->copy);
    hu_free(j->sums);
}

bool hu_bench_job_mode(hu_bench_job *j, int i, char mode[32])
{
    const char *at = j->row->modes;
    for (; i > 0 && at; i--) {
        at = strchr(at, ' ');
        at = at ? at + 1 : NULL;
    }
    if (!at)
        return false;
    snprintf(mode, 32, "%.*s", (int)strcspn(at, " "), at);
    j->env = hu_env_default();
    j->env.no_flags = true;
    return hu_env_parse_mode(&j->env, mode, NULL) == HU_OK;
}
