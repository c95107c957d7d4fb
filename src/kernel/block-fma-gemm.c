/* block-fma-gemm.c - GEMM under a block FMA: packed operands, and steps for many elements at once.
 *
 * Both matrices are packed once, with the exponents of their elements, in the order in which groups take their terms; what fills
 * up the last run of a chunk is zeros. A strip is ROWS rows by HU_STEP_ACROSS columns of c, whose accumulators stay in the first
 * cache while the groups are gone through. A strip in which some accumulator would leave the finite numbers gives up, and so does the call.
 */
#include <math.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/kernel/gemm.h"
#include "src/ops/ops.h"

enum { ROWS = 16, ACROSS = HU_STEP_ACROSS };

static const double WORTH_THREADS = 1 << 14;      /* multiplications */

typedef struct job {
    void *c;
    const void *a, *b;
    const hu_gemm_shape *s;
    bool is_f32, is_narrow, has_chunks;           /* narrow: packed as floats */
    hu_step step;
    const hu_block_fma *m;
    const hu_lanes *lanes;
    hu_plan final;
    const hu_plan *outer;
    double limit;                                 /* sums below this stay finite, whatever the mode */
    size_t chunk, chunks, depth;                  /* depth: packed terms, chunks * padded */
    size_t padded;
    size_t *place;                                /* [depth]: the k of a packed term; SIZE_MAX: none */
    void *packed_a, *packed_b;                    /* a [m][depth], b [strips][depth][ACROSS]         */
    int16_t *exp_a, *exp_b;
} job;

/* What the elements of a matrix are like. */
typedef struct survey {
    bool finite;
    int lowest, highest;                          /* exponents of those that are not zero */
    uint64_t bits;                                /* of all significands, or-ed           */
} survey;

static double at(const job *g, const void *x, size_t i)
{
    return g->is_f32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

static double a_at(const job *g, size_t i, size_t k)
{
    return at(g, g->a, g->s->a_transposed ? k * g->s->lda + i : i * g->s->lda + k);
}

static double b_at(const job *g, size_t k, size_t j)
{
    if (!g->b)
        return 1;
    return at(g, g->b, g->s->b_transposed ? j * g->s->ldb + k : k * g->s->ldb + j);
}

static int exponent(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (int)(bits >> 52 & 0x7ff) - 1023;
}

static void look_at(survey *s, double x)
{
    uint64_t bits;
    int exp = exponent(x);
    memcpy(&bits, &x, sizeof bits);
    if (x == 0)
        return;
    s->finite = s->finite && exp <= 1023;
    s->bits |= bits & (UINT64_MAX >> 12);
    s->lowest = exp < s->lowest ? exp : s->lowest;
    s->highest = exp > s->highest ? exp : s->highest;
}

static int significant(const survey *s)
{
    return s->bits ? 53 - __builtin_ctzll(s->bits) : 1;
}

/* Whether products are exact in a carrier of `bits` bits and exponents from -range to range, and so are the scales. */
static bool fits(const job *g, const survey *a, const survey *b, int bits, int range)
{
    int low = a->lowest + b->lowest, high = a->highest + b->highest, grown = 2;
    for (size_t k = g->s->k; k > 0; k /= 2)
        grown++;
    return significant(a) + significant(b) <= bits && low > 2 * g->m->width - range + 2 && low > 2 - range && high + grown < range
        && g->m->lowest < range - 2 && g->m->emin_a + g->m->emin_b < range - 2 && g->m->output->emin < range - 2;
}

/* Chooses the carrier; false: neither will do. */
static bool choose(job *g)
{
    survey a = {true, 4096, -4096, 0}, b = {true, 4096, -4096, 0};
    const hu_gemm_shape *s = g->s;
    for (size_t i = 0; i < s->m; i++)
        for (size_t k = 0; k < s->k; k++)
            look_at(&a, a_at(g, i, k));
    for (size_t k = 0; k < s->k; k++)
        for (size_t j = 0; j < s->n; j++)
            look_at(&b, b_at(g, k, j));
    if (!a.finite || !b.finite)
        return false;
    if (a.highest < a.lowest || b.highest < b.lowest)                     /* all zeros */
        a = b = (survey){true, 0, 0, 0};
    g->is_narrow = fits(g, &a, &b, 24, 126);
    g->step.lowest = g->m->width - (g->is_narrow ? 126 : 900);            /* what zeros alone are aligned to */
    if (g->m->lowest > g->step.lowest)
        g->step.lowest = g->m->lowest;
    return g->is_narrow || fits(g, &a, &b, 53, 900);
}

static void make_places(job *g)
{
    size_t deal = (size_t)g->m->interleave, group = (size_t)g->m->group, run = deal * group;
    for (size_t p = 0; p < g->depth; p++) {
        size_t in_chunk = p % g->padded, in_run = in_chunk % run;
        size_t k = in_chunk - in_run + in_run % group * deal + in_run / group, first = p / g->padded * g->chunk;
        g->place[p] = k < g->chunk && first + k < g->s->k ? first + k : SIZE_MAX;
    }
}

static void pack_one(const job *g, void *values, int16_t *exps, size_t i, double x, int emin)
{
    int exp = exponent(x);
    exps[i] = (int16_t)(x == 0 ? HU_STEP_ZERO : exp < emin ? emin : exp);
    if (g->is_narrow)
        ((float *)values)[i] = (float)x;
    else
        ((double *)values)[i] = x;
}

static void pack_row(const job *g, size_t i)
{
    for (size_t p = 0; p < g->depth; p++)
        pack_one(g, g->packed_a, g->exp_a, i * g->depth + p, g->place[p] == SIZE_MAX ? 0 : a_at(g, i, g->place[p]), g->m->emin_a);
}

static void pack_strip(const job *g, size_t strip)
{
    for (size_t p = 0; p < g->depth; p++)
        for (size_t l = 0; l < ACROSS; l++) {
            size_t j = strip * ACROSS + l;
            double x = g->place[p] == SIZE_MAX || j >= g->s->n ? 0 : b_at(g, g->place[p], j);
            pack_one(g, g->packed_b, g->exp_b, (strip * g->depth + p) * ACROSS + l, x, g->m->emin_b);
        }
}

/* One step of a row: c and the packed terms from p on. False: it would not stay finite. */
static bool step_row(const job *g, double *c, size_t row, size_t strip, size_t p)
{
    double sum[ACROSS];
    size_t at_a = row * g->depth + p, at_b = (strip * g->depth + p) * ACROSS;
    bool finite = true;
    if (g->is_narrow)
        g->lanes->step_f32(sum, c, (const float *)g->packed_a + at_a, g->exp_a + at_a, (const float *)g->packed_b + at_b, g->exp_b + at_b, &g->step);
    else
        g->lanes->step_f64(sum, c, (const double *)g->packed_a + at_a, g->exp_a + at_a, (const double *)g->packed_b + at_b, g->exp_b + at_b, &g->step);
    for (size_t l = 0; l < ACROSS; l++)
        finite = finite & (fabs(sum[l]) <= g->limit);
    if (finite)
        hu_plan_block(&g->final, c, HU_ROUND_ONLY, sum, NULL, NULL, ACROSS, false, (hu_draw){0});
    return finite;
}

/* Adds a chunk's sums. */
static void add_outer(const job *g, double *total, const double *part)
{
    if (g->outer)
        hu_plan_block(g->outer, total, HU_ADD, total, part, NULL, ACROSS, g->is_f32, (hu_draw){0});
    else
        for (size_t l = 0; l < ACROSS; l++)
            total[l] = g->is_f32 ? (double)((float)total[l] + (float)part[l]) : total[l] + part[l];
}

static void store_row(const job *g, size_t row, size_t strip, const double *x)
{
    size_t j0 = strip * ACROSS, n = g->s->n - j0 < ACROSS ? g->s->n - j0 : ACROSS, to = row * g->s->ldc + j0;
    for (size_t l = 0; l < n; l++) {
        if (g->is_f32)
            ((float *)g->c)[to + l] = (float)x[l];
        else
            ((double *)g->c)[to + l] = x[l];
    }
}

static bool run_strip(const job *g, size_t row0, size_t strip)
{
    double part[ROWS][ACROSS], total[ROWS][ACROSS] = {{0}};
    size_t rows = g->s->m - row0 < ROWS ? g->s->m - row0 : ROWS, group = (size_t)g->m->group;
    for (size_t chunk = 0; chunk < g->chunks; chunk++) {
        memset(part, 0, sizeof part);
        size_t left = g->s->k - chunk * g->chunk, run = group * (size_t)g->m->interleave;
        size_t terms = left < g->chunk ? (left + run - 1) / run * run : g->padded;
        for (size_t p = 0; p < terms; p += group)
            for (size_t r = 0; r < rows; r++)
                if (!step_row(g, part[r], row0 + r, strip, chunk * g->padded + p))
                    return false;
        for (size_t r = 0; r < rows && g->has_chunks; r++)
            add_outer(g, total[r], part[r]);
    }
    for (size_t r = 0; r < rows; r++)
        store_row(g, row0 + r, strip, g->has_chunks ? total[r] : part[r]);
    return true;
}

static bool run(job *g)
{
    size_t across = (g->s->n + ACROSS - 1) / ACROSS, down = (g->s->m + ROWS - 1) / ROWS, size = g->is_narrow ? sizeof(float) : sizeof(double);
    int threads = (double)g->s->m * (double)g->s->n * (double)g->s->k >= WORTH_THREADS ? hu_threads() : 1;
    g->place    = hu_aligned(g->depth, sizeof *g->place);
    g->packed_a = hu_aligned(g->s->m * g->depth, size);
    g->exp_a    = hu_aligned(g->s->m * g->depth, sizeof *g->exp_a);
    g->packed_b = hu_aligned(across * g->depth * ACROSS, size);
    g->exp_b    = hu_aligned(across * g->depth * ACROSS, sizeof *g->exp_b);
    bool done = g->place && g->packed_a && g->exp_a && g->packed_b && g->exp_b;
    if (done) {
        make_places(g);
        #pragma omp parallel num_threads(threads) if (threads > 1)
        {
            #pragma omp for schedule(static) nowait
            for (size_t i = 0; i < g->s->m; i++)
                pack_row(g, i);
            #pragma omp for schedule(static)
            for (size_t strip = 0; strip < across; strip++)
                pack_strip(g, strip);
            #pragma omp for schedule(dynamic) reduction(&&:done)
            for (size_t t = 0; t < across * down; t++)
                done = done && run_strip(g, t % down * ROWS, t / down);
        }
    }
    hu_free(g->place);
    hu_free(g->packed_a);
    hu_free(g->exp_a);
    hu_free(g->packed_b);
    hu_free(g->exp_b);
    return done;
}

/* The largest sums that no mode rounds past the largest value. */
static double limit_of(const hu_format *f)
{
    return hu_to_double(f, f->max_code);
}

bool hu_block_fma_gemm(void *c, const void *a, const void *b, const hu_gemm_shape *s, bool is_f32, const hu_accumulator *acc,
                       const hu_plan *outer)
{
    const hu_block_fma *m = &acc->block;
    hu_env env = hu_env_default();
    env.rounding = m->final;
    if (s->m == 0 || s->n == 0 || s->k == 0 || m->normalizes || m->adds_late || m->width > 28 || strcmp(m->align->name, "rz") != 0
        || !m->output->has_inf || (outer && outer->is_random))
        return false;
    job g = {.c = c, .a = a, .b = b, .s = s, .is_f32 = is_f32, .m = m, .lanes = hu_lanes_chosen(), .outer = outer,
             .limit = limit_of(m->output), .chunk = acc->chunk ? acc->chunk : s->k, .has_chunks = acc->chunk > 0};
    size_t run_length = (size_t)m->group * (size_t)m->interleave;
    g.chunk  = g.chunk < s->k ? g.chunk : s->k;
    g.chunks = (s->k + g.chunk - 1) / g.chunk;
    g.padded = (g.chunk + run_length - 1) / run_length * run_length;
    g.depth  = g.padded * g.chunks;
    g.step   = (hu_step){.group = m->group, .width = m->width, .room = m->width < 22 ? 128 : 1 << (29 - m->width), .emin_c = m->output->emin};
    if (!choose(&g))
        return false;
    hu_plan_init(&g.final, m->output, &env);
    return run(&g);
}
