/* accumulate-orders.c - the orders in which the terms of a tile are added: upward, pairwise, exactly, compensated, in groups of a block FMA. */
#include <string.h>

#include "src/kernel/accumulate.h"
#include "src/num/sum.h"
#include "src/ops/ops.h"

/* Exact sums hold every product of two doubles: multiples of 2^-2148 below 2^2048, 2^63 of them. */
enum { EXACT_LOW = -2148, EXACT_HIGH = 2048, EXACT_DIGITS = (EXACT_HIGH - EXACT_LOW + 64) / 32 + 6 };

static void sum_sequential(hu_tile *t, size_t k0, size_t k1, double *acc)
{
    const hu_accumulation *g = t->job;
    double a[HU_TILE], b[HU_TILE];
    uint64_t words[HU_TILE];
    memset(acc, 0, t->n * sizeof *acc);
    for (size_t k = k0; k < k1; k++) {
        hu_draw draw = {.words = hu_tile_words_of(t, k, words)};
        if (g->has_product) {
            hu_tile_product(t, k, b);
            hu_tile_block(t, g->sum, acc, HU_ADD, acc, b, NULL, draw);
        } else {
            hu_tile_load(t, k, a, b);
            hu_tile_block(t, g->sum, acc, HU_FMA, a, b, acc, draw);
        }
    }
}

static void one_term(hu_tile *t, size_t k, double *out)
{
    const hu_accumulation *g = t->job;
    double a[HU_TILE];
    if (g->has_product) {
        hu_tile_product(t, k, out);
        hu_tile_block(t, g->sum, out, HU_ROUND_ONLY, out, NULL, NULL, hu_tile_draw(t, k, 1));
    } else {
        hu_tile_load(t, k, a, out);
        hu_tile_block(t, g->sum, out, HU_MUL, a, out, NULL, hu_tile_draw(t, k, 1));
    }
}

static void sum_pairwise(hu_tile *t, size_t k0, size_t k1, double *out)
{
    size_t n = k1 - k0, middle = k1 - n / 2;
    if (n <= 1) {
        if (n == 1)
            one_term(t, k0, out);
        else
            memset(out, 0, t->n * sizeof *out);
        return;
    }
    double right[HU_TILE];
    sum_pairwise(t, k0, middle, out);
    sum_pairwise(t, middle, k1, right);
    const hu_gemm_shape *s = &t->job->s;
    uint64_t place = ((uint64_t)t->i * s->n + t->j) * s->k + middle;
    hu_tile_block(t, t->job->sum, out, HU_ADD, out, right, NULL, (hu_draw){.index = t->job->index + HU_WORDS_PAIRWISE + place, .stride = s->k});
}

/* Kahan's: what an addition has lost goes into the next. */
static void sum_kahan(hu_tile *t, size_t k0, size_t k1, double *sum)
{
    const hu_accumulation *g = t->job;
    const hu_gemm_shape *s = &g->s;
    double a[HU_TILE], y[HU_TILE], lost[HU_TILE], next[HU_TILE];
    memset(sum, 0, t->n * sizeof *sum);
    memset(lost, 0, t->n * sizeof *lost);
    for (size_t k = k0; k < k1; k++) {
        hu_draw draw = {.index = g->index + HU_WORDS_PAIRWISE + 3 * (((uint64_t)t->i * s->n + t->j) * s->k + k), .stride = 3 * (uint64_t)s->k};
        if (g->has_product) {
            hu_tile_product(t, k, y);
            hu_tile_block(t, g->sum, y, HU_ADD, y, lost, NULL, hu_tile_draw(t, k, 1));
        } else {
            hu_tile_load(t, k, a, y);
            hu_tile_block(t, g->sum, y, HU_FMA, a, y, lost, hu_tile_draw(t, k, 1));
        }
        hu_tile_block(t, g->sum, next, HU_ADD, sum, y, NULL, draw);
        draw.index++;
        hu_tile_block(t, g->sum, lost, HU_SUB, sum, next, NULL, draw);
        draw.index++;
        hu_tile_block(t, g->sum, lost, HU_ADD, lost, y, NULL, draw);
        memcpy(sum, next, t->n * sizeof *sum);
    }
}

/* One rounding, by the word at `index`; to the carrier itself by the default environment and without flags. */
static double round_sum(hu_tile *t, hu_sum *sum, uint64_t index)
{
    const hu_accumulation *g = t->job;
    hu_env env = g->sum ? g->sum->env : hu_env_default();
    env.random.index = index;
    hu_num x = hu_sum_value(sum, env.rounding->is_downward);
    hu_num y = hu_decode(g->exact_to, hu_round(g->exact_to, &env, x));
    if (g->sum)
        t->flags |= env.flags | (x.kind == HU_NAN && !sum->nan ? HU_INVALID : 0);      /* infinities of both signs */
    return y.kind == HU_NAN ? __builtin_nan("") : hu_num_to_double(y);
}

static void sum_exact(hu_tile *t, size_t k0, size_t k1, double *out)
{
    const hu_accumulation *g = t->job;
    int64_t digit[HU_TILE_EXACT][EXACT_DIGITS];
    hu_sum sum[HU_TILE_EXACT];
    double a[HU_TILE], b[HU_TILE];
    bool invalid = false;
    for (size_t l = 0; l < t->n; l++)
        hu_sum_init(&sum[l], digit[l], EXACT_DIGITS, EXACT_LOW);
    for (size_t k = k0; k < k1; k++) {
        if (g->has_product)
            hu_tile_product(t, k, b);
        else
            hu_tile_load(t, k, a, b);
        for (size_t l = 0; l < t->n; l++)
            invalid = !hu_sum_add_product(&sum[l], g->has_product ? 1 : a[l], b[l]) || invalid;
    }
    if (invalid && g->sum)
        t->flags |= HU_INVALID;
    hu_draw draw = hu_tile_draw(t, k1 - 1, 1);
    for (size_t l = 0; l < t->n; l++)
        out[l] = k1 > k0 ? round_sum(t, &sum[l], draw.index + l * draw.stride) : 0;
}

/* The groups of a block FMA. */
static void sum_blocks(hu_tile *t, size_t k0, size_t k1, double *out)
{
    double a[HU_BLOCK_FMA_MOST * HU_TILE], b[HU_BLOCK_FMA_MOST * HU_TILE];
    const hu_block_fma *m = t->job->block;
    size_t deal = (size_t)m->interleave, run = deal * (size_t)m->group;
    memset(out, 0, t->n * sizeof *out);
    for (size_t k = k0; k < k1; k += run)
        for (size_t g = 0; g < deal; g++) {
            size_t n = 0;
            for (size_t at = k + g; at < k1 && at < k + run; at += deal, n++)
                hu_tile_load(t, at, a + n * t->n, b + n * t->n);
            for (size_t l = 0; l < t->n; l++)
                out[l] = hu_block_fma_step(m, out[l], a + l, b + l, n, t->n, &t->flags);
        }
}

void hu_tile_sum(hu_tile *t, size_t k0, size_t k1, double *out)
{
    if (t->job->integer)
        hu_tile_integer(t, k0, k1, out);
    else if (t->job->block)
        sum_blocks(t, k0, k1, out);
    else if (t->job->order == HU_ORDER_EXACT)
        sum_exact(t, k0, k1, out);
    else if (t->job->order == HU_ORDER_PAIRWISE)
        sum_pairwise(t, k0, k1, out);
    else if (t->job->order == HU_ORDER_KAHAN)
        sum_kahan(t, k0, k1, out);
    else
        sum_sequential(t, k0, k1, out);
}
