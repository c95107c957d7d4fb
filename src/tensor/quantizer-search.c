/* quantizer-search.c - the best range by trying: candidates from the literature, and scores.
 *
 * Every candidate goes the whole way of the quantizer, its scale's rounding and power of two included, but for what looks at
 * all scales together (ratio forms, quantized scales); with a stochastic mode the search rounds to nearest-even.
 */
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/nearest.h"
#include "src/tensor/quantizer-parts.h"

/* ---- candidates ---- */

static double ratios100[100], ratios111[111], ratios200[200], ratios101[101];

static void make_lists(void)
{
    for (int i = 0; i < 100; i++)
        ratios100[i] = (100 - i) / 100.0;
    for (int i = 0; i < 111; i++)
        ratios111[i] = (10 + i) / 100.0;
    for (int i = 0; i < 101; i++)
        ratios101[i] = (100 + 119 * i) / 10000.0;
    for (int i = 0; i < 100; i++)
        ratios200[i] = 1 + i / 990.0;
    for (int i = 0; i < 50; i++) {
        ratios200[100 + i] = 1 - (i + 1) / 500.0;
        ratios200[150 + i] = 1 + (i + 1) / 500.0;
    }
}

static const struct { const char *name; const double *list; size_t n; hu_score score; double power; } lists[] = {
    {"ratios100", ratios100, 100, HU_SCORE_lp,    2.4},      /* 1.00, 0.99 ... 0.01: Genie, PD-Quant, Q-Diffusion               */
    {"ratios111", ratios111, 111, HU_SCORE_mse,   2},        /* 0.10, 0.11 ... 1.20: FP8 Quantization, the Power of the Exponent */
    {"ratios200", ratios200, 200, HU_SCORE_lp,    2.4},      /* 100 in [1, 1.1], then 50 and 50 around 1: SliM-LLM              */
    {"ratios101", ratios101, 101, HU_SCORE_layer, 2},        /* 0.01 + 1.19 i / 100: LLM-FP4                                    */
};

enum { N_LISTS = sizeof lists / sizeof lists[0] };

static pthread_once_t lists_once = PTHREAD_ONCE_INIT;

const char *hu_candidates_at(int i)
{
    return i >= 0 && i < N_LISTS ? lists[i].name : NULL;
}

const double *hu_candidates_find(const char *name, size_t *n, hu_score *score, double *power, hu_error *err)
{
    hu_nearest near = hu_nearest_to(name);
    pthread_once(&lists_once, make_lists);
    for (int i = 0; i < N_LISTS; i++) {
        if (strcmp(lists[i].name, name) == 0) {
            *n = lists[i].n;
            *score = lists[i].score;
            *power = lists[i].power;
            return lists[i].list;
        }
        hu_nearest_offer(&near, lists[i].name);
    }
    hu_fail(err, HU_ENAME, "quantizer: no candidates are called '%.40s'%s%s; there are ratios100, ratios111, ratios200 and ratios101, "
            "or a list of factors", name, near.best ? ", did you mean " : "", near.best ? near.best : "");
    return NULL;
}

/* ---- scores ---- */

double hu_unit_for(double magnitude)
{
    if (!(magnitude < 0x1p-300 || magnitude > 0x1p300) || magnitude == 0 || isinf(magnitude))
        return 1;
    int exp = -ilogb(magnitude);
    return ldexp(1, exp > 1023 ? 1023 : exp);
}

static double of_element(const hu_scale_work *w, size_t i)
{
    const hu_scaled *q = w->m.q;
    double d = fabs(w->x[i] - w->v[i]) * w->unit[w->p.group[i]];
    switch (q->score) {
    case HU_SCORE_lp:       return q->power == 2 ? d * d : pow(d, q->power);
    case HU_SCORE_weighted: return hu_tensor_get(q->weights, i) * d * d;
    default:                return d * d;
    }
}

static void add_elements(const hu_scale_work *w, double *score)
{
    memset(score, 0, w->p.n_groups * sizeof *score);
    for (size_t i = 0; i < w->p.n; i++)
        if (isfinite(w->x[i]))
            score[w->p.group[i]] += of_element(w, i);
}

/* Minus the cosines; 0 where x or v is zero. room: 3 n_groups doubles. */
static void add_cosines(const hu_scale_work *w, double *score, double *room)
{
    size_t n = w->p.n_groups;
    double *dot = room, *xx = room + n, *vv = room + 2 * n;
    memset(room, 0, 3 * n * sizeof *room);
    for (size_t i = 0; i < w->p.n; i++) {
        size_t g = w->p.group[i];
        if (!isfinite(w->x[i]) || !isfinite(w->v[i]))
            continue;
        double x = w->x[i] * w->unit[g], v = w->v[i] * w->unit[g];
        dot[g] += x * v;
        xx[g] += x * x;
        vv[g] += v * v;
    }
    for (size_t g = 0; g < n; g++)
        score[g] = xx[g] > 0 && vv[g] > 0 ? -dot[g] / (sqrt(xx[g]) * sqrt(vv[g])) : 0;
}

/* |activations (x - v)^T|^2: of each scale where every row has its own, else of all together, in score[0]. */
static hu_status add_outputs(const hu_scale_work *w, double *score, bool by_row, hu_error *err)
{
    const hu_tensor *a = w->m.q->activations;
    size_t rows = w->like.shape[0], k = w->like.shape[1], samples = a->shape[0];
    double *room = hu_calloc(rows * k + samples * rows + samples * k + 1, sizeof *room);
    double *d = room + samples * rows, *in = d + rows * k;
    if (!room)
        return hu_fail(err, HU_ENOMEM, "quantizer: no memory for the outputs of %zu samples", samples);
    for (size_t i = 0; i < rows * k; i++)
        d[i] = isfinite(w->x[i]) ? w->x[i] - w->v[i] : 0;
    for (size_t i = 0; i < samples * k; i++)
        in[i] = hu_tensor_get(a, i);
    hu_gemm_shape shape = {.m = samples, .n = rows, .k = k, .lda = k, .ldb = k, .ldc = rows, .b_transposed = true};
    hu_env env = hu_env_default();
    hu_status status = samples && rows && k ? hu_gemm_f64(room, in, d, shape, &(hu_accumulator){0}, &env, err) : HU_OK;
    memset(score, 0, w->p.n_groups * sizeof *score);
    for (size_t i = 0; !status && i < samples * rows; i++)
        score[by_row ? i % rows : 0] += room[i] * room[i];
    hu_free(room);
    return status;
}

static hu_status ask_layer(const hu_scale_work *w, double *score, hu_error *err)
{
    hu_tensor v = w->like;
    v.dtype = HU_F64;
    v.f64 = w->v;
    hu_status status = w->m.q->layer(w->m.q->layer_context, &v, score, err);
    if (!status && isnan(*score))
        return hu_fail(err, HU_EINVAL, "quantizer: the score of a candidate is not a number; it takes a number, the smaller the better");
    return status;
}

/* Whether the scales are judged one by one. */
static bool is_separate(const hu_scale_work *w)
{
    const hu_scaled *q = w->m.q;
    return q->score != HU_SCORE_layer || (q->activations && q->per.per == HU_PER_ROW);
}

/* How far the last index goes; 1 where there is none. */
static size_t last_size(const hu_tensor *t)
{
    return t->rank > 0 ? t->shape[t->rank - 1] : 1;
}

static hu_status check_operands(const hu_scale_work *w, hu_error *err)
{
    const hu_scaled *q = w->m.q;
    if (q->score == HU_SCORE_weighted && q->weights->n != w->p.n)
        return hu_fail(err, HU_ESHAPE, "quantizer: weights has %zu elements and the array %zu; it takes one for each", q->weights->n, w->p.n);
    const hu_tensor *a = q->activations;
    if (q->score == HU_SCORE_layer && a && (w->like.rank != 2 || a->rank != 2 || a->shape[1] != w->like.shape[1]))
        return hu_fail(err, HU_ESHAPE, "quantizer: activations has %d indices, the last of %zu, and the array %d, the last of %zu; "
                       "both take 2, the last alike", a->rank, last_size(a), w->like.rank, last_size(&w->like));
    return HU_OK;
}

static hu_status score_candidate(hu_scale_work *w, hu_env env, double *score, double *room, hu_error *err)
{
    hu_scales_make(w);
    hu_status status = hu_scales_apply(w, &env, err);
    if (status)
        return status;
    switch (w->m.q->score) {
    case HU_SCORE_cosine: add_cosines(w, score, room); return HU_OK;
    case HU_SCORE_layer:
        return w->m.q->activations ? add_outputs(w, score, is_separate(w), err) : ask_layer(w, score, err);
    default: add_elements(w, score); return HU_OK;
    }
}

hu_env hu_search_env(const hu_scale_maker *m)
{
    hu_env env = m->env;
    if (env.rounding->random_bits > 0)
        env.rounding = hu_env_default().rounding;
    return env;
}

static hu_status try_candidates(hu_scale_work *w, double *room, hu_error *err)
{
    const hu_scaled *q = w->m.q;
    size_t n = w->p.n_groups;
    double *low = room, *high = room + n, *best = room + 2 * n, *factor = room + 3 * n, *score = room + 4 * n;
    memcpy(low, w->low, n * sizeof *low);
    memcpy(high, w->high, n * sizeof *high);

    for (size_t c = 0; c < q->n_candidates; c++) {
        for (size_t g = 0; g < n; g++) {
            w->low[g] = fmax(low[g] * q->candidates[c], -DBL_MAX);
            w->high[g] = fmin(high[g] * q->candidates[c], DBL_MAX);
        }
        hu_status status = score_candidate(w, hu_search_env(&w->m), score, room + 5 * n, err);
        if (status)
            return status;
        for (size_t g = 0; g < n; g++) {
            double s = score[is_separate(w) ? g : 0];
            if (c == 0 || s < best[g]) {
                best[g] = s;
                factor[g] = q->candidates[c];
            }
        }
    }
    for (size_t g = 0; g < n; g++) {
        w->low[g] = fmax(low[g] * factor[g], -DBL_MAX);
        w->high[g] = fmin(high[g] * factor[g], DBL_MAX);
    }
    return HU_OK;
}

hu_status hu_ranges_search(hu_scale_work *w, hu_error *err)
{
    hu_status status = check_operands(w, err);
    if (status || w->p.n == 0)
        return status;
    if (w->m.q->score == HU_SCORE_kl)
        return hu_histograms_range(w, err);
    double *room = hu_calloc(9 * w->p.n_groups, sizeof *room), *unit = room + 8 * w->p.n_groups;
    if (!room)
        return hu_fail(err, HU_ENOMEM, "quantizer: no memory to search %zu scales", w->p.n_groups);
    for (size_t g = 0; g < w->p.n_groups; g++)
        unit[g] = hu_unit_for(fmax(-w->low[g], w->high[g]));
    w->unit = unit;
    hu_env env = hu_search_env(&w->m);
    hu_steps steps;
    if (hu_steps_init(&steps, w->m.wide ? w->m.wide : w->m.q->element.format, &env))
        w->steps = &steps;
    status = try_candidates(w, room, err);
    w->steps = NULL;
    w->unit = NULL;
    hu_free(room);
    return status;
}
