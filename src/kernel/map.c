/* map.c - quantize and the elementwise operations: arrays cut into pieces, pieces into blocks. */
#include <omp.h>
#include <stdbool.h>
#include <string.h>

#include "src/kernel/plan.h"

/* A team of two costs some 4 us: of 32768 floats rounding to nearest takes 6.1 us alone and 8.0 by two, 11.9 and 8.0 of 65536; stochastic rounding
 * 16.9 and 9.6 of 32768 (least times on a Xeon with AVX-512). */
enum { PIECE = 16 * HU_BLOCK, WORTH_THREADS = 8 * PIECE, WORTH_THREADS_QUICKLY = 16 * PIECE };

/* A call: out = op(x[0], x[1], x[2]) over n elements of one carrier; op HU_ROUND_ONLY: out = x[0]. */
typedef struct job {
    const hu_plan *plan;
    hu_elementwise op;
    bool is_f32, streams;          /* streams: through buffers, the loops do not */
    int arity;
    void *out;
    const void *x[3];
} job;

static void load(const job *j, double *out, const void *x, size_t start, size_t n, hu_seen *seen)
{
    if (j->is_f32)
        j->plan->lanes->load_f32(out, (const float *)x + start, n, 1, seen);
    else
        j->plan->lanes->load_f64(out, (const double *)x + start, n, 1, seen);
}

static hu_flags block(const job *j, size_t start, size_t n)
{
    double x[3][HU_BLOCK], out[HU_BLOCK];
    hu_seen seen = {0};
    for (int i = 0; i < j->arity; i++)
        load(j, x[i], j->x[i], start, n, &seen);
    hu_draw draw = {.index = j->plan->env.random.index + start, .stride = 1};
    hu_flags flags = hu_plan_block(j->plan, out, j->op, x[0], j->arity > 1 ? x[1] : NULL, j->arity > 2 ? x[2] : NULL,
                                   n, j->is_f32, draw);
    if (j->is_f32)
        j->plan->lanes->store_f32((float *)j->out + start, out, n);
    else
        memcpy((double *)j->out + start, out, n * sizeof *out);
    return flags | (seen.signaling ? HU_INVALID : 0);
}

/* What a loop that cannot stream has left in a buffer. */
static void put(const job *j, void *to, const void *from, size_t size)
{
    if (j->streams)
        j->plan->lanes->stream(to, from, size);
    else
        memcpy(to, from, size);
}

/* The loops that need no buffers, but for streaming. */
static bool in_place(const job *j, size_t start, size_t n, hu_seen *seen)
{
    const hu_plan *p = j->plan;
    if (j->op != HU_ROUND_ONLY || p->is_random || !(j->is_f32 ? p->has_f32 : p->has_f64))
        return false;
    size_t size = j->is_f32 ? sizeof(float) : sizeof(double), step = j->streams ? 4 * HU_BLOCK : n;
    double rounded[4 * HU_BLOCK];
    for (size_t i = start; i < start + n; i += step) {
        size_t m = start + n - i < step ? start + n - i : step;
        char *to = (char *)j->out + i * size;
        void *out = j->streams ? (void *)rounded : to;
        if (j->is_f32)
            p->lanes->round_f32[p->way](out, (const float *)j->x[0] + i, m, &p->grid_f32, seen);
        else
            p->lanes->round_f64[p->way](out, (const double *)j->x[0] + i, m, &p->grid_f64, seen);
        if (j->streams)
            p->lanes->stream(to, rounded, m * size);
    }
    return true;
}

/* Operations on floats, rounded to odd and then to the format, which is one rounding; what has no odd float goes through
 * double. */
static hu_flags by_odd(const job *j, size_t start, size_t n, hu_seen *seen)
{
    enum { MOST = 4 * HU_BLOCK };
    const hu_plan *p = j->plan;
    const float *a = j->x[0], *b = j->x[1], *c = j->x[2];
    float odd[MOST], rounded[MOST];
    hu_flags flags = 0;
    for (size_t i = start; i < start + n; i += MOST) {
        size_t m = start + n - i < MOST ? start + n - i : MOST;
        float *to = (float *)j->out + i;
        if (p->lanes->odd_f32[j->op](odd, a + i, b ? b + i : NULL, c ? c + i : NULL, m, p->env.rounding->is_downward)) {
            for (size_t k = 0; k < m; k += HU_BLOCK)
                flags |= block(j, i + k, m - k < HU_BLOCK ? m - k : HU_BLOCK);
            continue;
        }
        p->lanes->round_f32[p->way](j->streams ? rounded : to, odd, m, &p->grid_f32, seen);
        if (j->streams)
            p->lanes->stream(to, rounded, m * sizeof *to);
    }
    return flags;
}

/* Stochastic rounding by halves of random words; a block where they do not tell is done again with whole ones. Blocks are short, so that what a loop asks for
 * ahead comes while the next one's words are made. */
static hu_flags by_halves(const job *j, size_t start, size_t n, hu_seen *seen)
{
    const hu_plan *p = j->plan;
    const hu_random *r = &p->env.random;
    hu_glance_random_fn *glance = p->lanes->glance_random[p->way - HU_N_FIXED];
    hu_quick_random_fn *quick = p->lanes->quick_random[p->way - HU_N_FIXED];
    const bool is_apart = j->out != j->x[0] && !j->streams;
    hu_flags again = 0;
    for (size_t i = start; i < start + n; i += HU_BLOCK) {
        size_t m = start + n - i < HU_BLOCK ? start + n - i : HU_BLOCK;
        const float *in = (const float *)j->x[0] + i;
        float rounded[HU_BLOCK], *to = (float *)j->out + i;
        uint32_t halves[HU_BLOCK];
        p->lanes->halves(halves, m, r->seed, r->stream, r->index + i);
        bool glanced = glance && seen->inexact && !glance(is_apart ? to : rounded, in, halves, m, &p->grid_f32, seen);
        if (glanced && is_apart)
            continue;
        if (!glanced && quick(rounded, in, halves, m, &p->grid_f32, seen))
            again |= block(j, i, m);
        else
            put(j, to, rounded, m * sizeof *rounded);
    }
    return again;
}

static hu_flags piece(const job *j, size_t start, size_t n, hu_seen *seen)
{
    hu_flags flags = 0;
    if (in_place(j, start, n, seen))
        return flags;
    if (j->op != HU_ROUND_ONLY && j->is_f32 && j->plan->has_odd_f32 && j->plan->lanes->odd_f32[j->op])
        return by_odd(j, start, n, seen);
    if (j->op == HU_ROUND_ONLY && j->is_f32 && j->plan->has_quick_random)
        return by_halves(j, start, n, seen);
    for (size_t i = 0; i < n; i += HU_BLOCK)
        flags |= block(j, start + i, n - i < HU_BLOCK ? n - i : HU_BLOCK);
    return flags;
}

/* Flags that need no telling any more. */
static hu_seen raised_before(const hu_env *env)
{
    hu_flags raised = env->no_flags ? ~0u : env->flags;
    return (hu_seen){.inexact = raised & HU_INEXACT, .underflow = raised & HU_UNDERFLOW, .overflow = raised & HU_OVERFLOW};
}

/* Pieces from .. to - 1, by one thread. */
static hu_flags run_pieces(const job *j, size_t n, size_t from, size_t to, const hu_env *env)
{
    hu_seen seen = raised_before(env);
    hu_flags flags = 0;
    for (size_t p = from; p < to; p++)
        flags |= piece(j, p * PIECE, n - p * PIECE < PIECE ? n - p * PIECE : PIECE, &seen);
    if (j->plan->grid_f32.streams)
        j->plan->lanes->stream(j->out, j->out, 0);
    return flags | hu_plan_flags(j->is_f32 ? &j->plan->grid_f32 : &j->plan->grid_f64, &seen);
}

/* One thread works without a team, which takes as long to make as rounding 4000 floats. */
static void run(const job *j, size_t n, hu_env *env)
{
    hu_flags flags = 0;
    size_t pieces = n / PIECE + (n % PIECE != 0);
    bool is_quick = j->op == HU_ROUND_ONLY && !j->plan->is_random && (j->is_f32 ? j->plan->has_f32 : j->plan->has_f64);
    int threads = n >= (is_quick ? WORTH_THREADS_QUICKLY : WORTH_THREADS) ? hu_threads() : 1;
    if (threads == 1) {
        flags = run_pieces(j, n, 0, pieces, env);
    } else {
        #pragma omp parallel num_threads(threads) reduction(|:flags)
        {
            size_t team = (size_t)omp_get_num_threads(), t = (size_t)omp_get_thread_num();
            flags |= run_pieces(j, n, pieces * t / team, pieces * (t + 1) / team, env);
            hu_plan_end_of_thread(j->plan->format);
        }
    }
    if (!env->no_flags)
        env->flags |= flags;
    if (j->plan->is_random)
        env->random.index += n;
}

static hu_status map(const char *what, void *out, hu_elementwise op, const void *const x[3], int arity, size_t n,
                     bool is_f32, const hu_format *f, hu_env *env, hu_error *err)
{
    static const char *const roles[] = {"operand 1", "operand 2", "operand 3"};
    const size_t size = n * (is_f32 ? sizeof(float) : sizeof(double));
    hu_status status = hu_check_fit(what, "", f, is_f32, err);
    for (int i = 0; !status && i < arity; i++)
        status = hu_check_apart(what, op == HU_ROUND_ONLY ? "the input" : roles[i], out, size, x[i], size, true, err);
    if (status)
        return status;
    hu_plan plan;
    hu_plan_init(&plan, f, env);
    hu_stairs *stairs = op == HU_ROUND_ONLY && !plan.has_f64 ? hu_stairs_take(f, &plan.env, is_f32, n) : NULL;
    plan.stairs = stairs;
    bool streams = out != x[0] && size >= HU_WORTH_STREAMING;
    plan.grid_f32.streams = streams && is_f32 && plan.lanes->streams_f32 && (uintptr_t)out % 64 == 0;
    streams = streams && !plan.grid_f32.streams;
    run(&(job){.plan = &plan, .op = op, .is_f32 = is_f32, .streams = streams, .arity = arity, .out = out, .x = {x[0], x[1], x[2]}}, n, env);
    hu_stairs_give_back(stairs);
    return HU_OK;
}

hu_status hu_quantize_f32(float *out, const float *in, size_t n, const hu_format *f, hu_env *env, hu_error *err)
{
    return map("quantize", out, HU_ROUND_ONLY, (const void *const[]){in, NULL, NULL}, 1, n, true, f, env, err);
}

hu_status hu_quantize_f64(double *out, const double *in, size_t n, const hu_format *f, hu_env *env, hu_error *err)
{
    return map("quantize", out, HU_ROUND_ONLY, (const void *const[]){in, NULL, NULL}, 1, n, false, f, env, err);
}

static const struct { const char *name; int arity; } operations[HU_N_ELEMENTWISE] = {
    [HU_ADD] = {"add", 2}, [HU_SUB] = {"sub", 2}, [HU_MUL] = {"mul", 2},
    [HU_DIV] = {"div", 2}, [HU_FMA] = {"fma", 3}, [HU_SQRT] = {"sqrt", 1},
};

static hu_status map_checked(void *out, hu_elementwise op, const void *a, const void *b, const void *c, size_t n,
                             bool is_f32, const hu_format *f, hu_env *env, hu_error *err)
{
    if ((unsigned)op >= HU_N_ELEMENTWISE)
        return hu_fail(err, HU_EINVAL, "map: there is no elementwise operation %d; 0 to %d will do", (int)op, HU_N_ELEMENTWISE - 1);
    const void *x[3] = {a, b, c};
    for (int i = 0; n > 0 && i < operations[op].arity; i++) {
        if (!x[i])
            return hu_fail(err, HU_EINVAL, "%s: operand %d is missing; it takes %d", operations[op].name, i + 1, operations[op].arity);
    }
    return map(operations[op].name, out, op, x, operations[op].arity, n, is_f32, f, env, err);
}

hu_status hu_map_f32(float *out, hu_elementwise op, const float *a, const float *b, const float *c, size_t n,
                     const hu_format *f, hu_env *env, hu_error *err)
{
    return map_checked(out, op, a, b, c, n, true, f, env, err);
}

hu_status hu_map_f64(double *out, hu_elementwise op, const double *a, const double *b, const double *c, size_t n,
                     const hu_format *f, hu_env *env, hu_error *err)
{
    return map_checked(out, op, a, b, c, n, false, f, env, err);
}
