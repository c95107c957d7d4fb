/* accumulate-terms.c - the terms of a tile: its factors, and operations on them, rounded or the carrier's own. */
#include "src/kernel/accumulate.h"

static void load(const hu_accumulation *g, double *out, const void *x, size_t at, size_t n, size_t stride, hu_seen *seen)
{
    if (g->is_f32)
        g->lanes->load_f32(out, (const float *)x + at, n, stride, seen);
    else
        g->lanes->load_f64(out, (const double *)x + at, n, stride, seen);
}

/* Term k's factors: a[i][k] n times over, and b[k][j ...]. */
void hu_tile_load(hu_tile *t, size_t k, double *a, double *b)
{
    const hu_gemm_shape *s = &t->job->s;
    size_t at = s->a_transposed ? k * s->lda + t->i : t->i * s->lda + k;
    load(t->job, a, t->job->a, at, 1, 1, &t->seen);
    for (size_t l = 1; l < t->n; l++)
        a[l] = a[0];
    if (!t->job->b)
        b[0] = 1;                                             /* a sum: the terms times one */
    else if (s->b_transposed)
        load(t->job, b, t->job->b, t->j * s->ldb + k, t->n, s->ldb, &t->seen);
    else
        load(t->job, b, t->job->b, k * s->ldb + t->j, t->n, 1, &t->seen);
}

/* The carrier's own arithmetic, nearest-even; it raises no flags. */
static void own_block(bool is_f32, double *out, hu_elementwise op, const double *a, const double *b, const double *c, size_t n)
{
    for (size_t l = 0; l < n; l++) {
        if (op == HU_FMA)
            out[l] = is_f32 ? (double)__builtin_fmaf((float)a[l], (float)b[l], (float)c[l]) : __builtin_fma(a[l], b[l], c[l]);
        else if (op == HU_MUL)
            out[l] = is_f32 ? (double)((float)a[l] * (float)b[l]) : a[l] * b[l];
        else if (op == HU_SUB)
            out[l] = is_f32 ? (double)((float)a[l] - (float)b[l]) : a[l] - b[l];
        else if (op == HU_ADD)
            out[l] = is_f32 ? (double)((float)a[l] + (float)b[l]) : a[l] + b[l];
        else
            out[l] = is_f32 ? (double)(float)a[l] : a[l];
        if (out[l] != out[l])
            out[l] = __builtin_nan("");                       /* the processor's may have a sign */
    }
}

void hu_tile_block(hu_tile *t, const hu_plan *plan, double *out, hu_elementwise op, const double *a, const double *b,
                  const double *c, hu_draw draw)
{
    if (plan)
        t->flags |= hu_plan_block(plan, out, op, a, b, c, t->n, t->job->is_f32 && !t->job->multiplier, draw);
    else
        own_block(t->job->is_f32, out, op, a, b, c, t->n);
}

/* Term k of the tile's first element draws the words 2e and 2e + 1, e being its place in [m][n][k]. */
hu_draw hu_tile_draw(const hu_tile *t, size_t k, int which)
{
    const hu_gemm_shape *s = &t->job->s;
    uint64_t place = ((uint64_t)t->i * s->n + t->j) * s->k + k;
    return (hu_draw){.index = t->job->index + 2 * place + (uint64_t)which, .stride = 2 * (uint64_t)s->k};
}

const uint64_t *hu_tile_words_of(const hu_tile *t, size_t k, uint64_t words[HU_TILE])
{
    const hu_accumulation *g = t->job;
    if (!g->sum || !g->sum->is_random)
        return NULL;
    const hu_random *random = &g->sum->env.random;
    uint64_t row = hu_random_word(random->seed, random->stream, g->index + HU_WORDS_ROWS + (uint64_t)t->i * g->s.k + k);
    g->lanes->words(words, t->n, random->seed, random->stream, g->index + HU_WORDS_COLUMNS + (uint64_t)t->j * g->s.k + k, g->s.k);
    for (size_t l = 0; l < t->n; l++)
        words[l] = (words[l] ^ row) >> 32 << 32;
    return words;
}

/* Term k's products by the table. */
static void look_up(hu_tile *t, size_t k, double *out)
{
    const hu_accumulation *g = t->job;
    const hu_gemm_shape *s = &g->s;
    const uint32_t *b = g->codes_b + (s->b_transposed ? t->j * s->k + k : k * s->n + t->j);
    size_t apart = s->b_transposed ? s->k : 1, code = g->codes_a[s->a_transposed ? k * s->m + t->i : t->i * s->k + k];
    const double *row = g->multiplier->table + (code << g->multiplier->b->width_bits);
    for (size_t l = 0; l < t->n; l++)
        out[l] = row[b[l * apart]];
}

void hu_tile_product(hu_tile *t, size_t k, double *out)
{
    const hu_accumulation *g = t->job;
    double a[HU_TILE];
    if (g->codes_a) {
        look_up(t, k, out);
    } else {
        hu_tile_load(t, k, a, out);
        if (!g->multiplier) {
            hu_tile_block(t, g->product, out, HU_MUL, a, out, NULL, hu_tile_draw(t, k, 0));
            return;
        }
        g->lanes->lmul(out, a, out, t->n, &g->lmul);
    }
    if (g->product)
        hu_tile_block(t, g->product, out, HU_ROUND_ONLY, out, NULL, NULL, hu_tile_draw(t, k, 0));
}
