/* block-floats.c - strips of blocks of floats, as values or as codes, by the loops of strip.body.h.
 *
 * Where scales are powers of two, a block's scale follows from the bits of its largest magnitude: the exponent, one more from some
 * significand on, which the rule decides. Other scales, with one of the tensor or without, are quotients rounded to their format; these and those of
 * the elements are computed in float, and the strip is left to the way in double where they could be wrong.
 */
#include <math.h>
#include <string.h>

#include "src/kernel/block-job.h"
#include "src/kernel/pack.h"

enum { ONE = 127 << 23, SCALE_BITS = 8 };

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static int exponent_for(const hu_block_format *f, uint32_t significand, bool *known)
{
    int exp;
    *known = hu_block_scale_exponent(f, hu_num_from_double((double)float_of(ONE | significand)), &exp) && exp > f->scale->emin && exp < f->scale->emax;
    return exp;
}

/* The least significand from which on the scale of 1.xxx is the next one; 2^23: none. False: the scale is no such power. */
static bool find_step(const hu_block_format *f, int *base, uint32_t *step)
{
    const uint32_t last = (UINT32_C(1) << 23) - 1;
    bool known, known_last;
    *base = exponent_for(f, 0, &known);
    int most = exponent_for(f, last, &known_last);
    *step = last + 1;
    if (!known || !known_last || most < *base || most > *base + 1)
        return false;
    for (uint32_t lo = 0, n = last + 1; most > *base && n > 0;) {      /* the least of lo to lo + n - 1 is looked for */
        uint32_t half = n / 2;
        bool next = exponent_for(f, lo + half, &known) > *base;
        *step = next ? lo + half : *step;
        lo = next ? lo : lo + half + 1;
        n = next ? half : n - half - 1;
    }
    return true;
}

static void prepare_powers(hu_block_job *job)
{
    hu_block_floats *k = &job->floats;
    const hu_block_format *f = job->format;
    const hu_grid *g = &job->plan.grid_f32;
    int base, lowest = job->plan.format->man_bits + 2 - g->emin, highest = 126 - g->drop - job->plan.format->emax;
    uint32_t step;
    if (!find_step(f, &base, &step))
        return;
    k->carry = (UINT32_C(1) << 23) - step;
    k->base = base - 127;
    k->lowest = lowest > f->scale->emin ? lowest : f->scale->emin;
    k->highest = highest < f->scale->emax ? highest : f->scale->emax;
    k->way = HU_BLOCK_SHIFTED;
}

static void prepare_quotients(hu_block_job *job)
{
    static const char *const modes[] = {[HU_SCALE_floor] = "rz", [HU_SCALE_ceil] = "ru", [HU_SCALE_even] = "rne", [HU_SCALE_up] = "ru"};
    hu_block_floats *k = &job->floats;
    const hu_block_format *f = job->format;
    hu_env env = job->env;
    double tensor = hu_num_to_double(job->tensor), top = hu_num_to_double(hu_block_top(f));
    env.rounding = hu_rounding_find(modes[f->rule], NULL);
    env.overflow = HU_OVERFLOW_SATURATE;
    hu_plan_init(&k->scale, f->scale, &env);
    int bits = f->scale->man_bits + (f->tensor ? f->tensor->man_bits + 1 : 0) + job->plan.format->man_bits + 2;
    uint64_t least = (uint64_t)(127 - 40) << 23;             /* quotients() */
    if (!k->scale.has_f32 || k->scale.grid_f32.quick != HU_QUICK_ADD || bits > 53 || k->scale.grid_f32.min_subnormal < least
        || job->plan.grid_f32.min_subnormal < least || !(tensor * top > 0x1p-100 && tensor * top < 0x1p100))
        return;
    k->tensor = tensor;
    k->inverse = (float)(1 / (tensor * top));
    k->least = hu_num_to_double(hu_format_min_subnormal(f->scale));
    k->way = HU_BLOCK_DIVIDED;
}

/* Whether an element times a scale is a float, and times T has one rounding; and all blocks are whole and lie in a row. */
static void prepare_groups(hu_block_job *job)
{
    hu_block_floats *k = &job->floats;
    const hu_block_format *f = job->format;
    const hu_plan *p = &job->plan;
    const hu_grid *e = &p->grid_f32, *s = &k->scale.grid_f32;
    const uint64_t sign = UINT64_C(1) << 31, large = (uint64_t)(127 + 60) << 23;
    k->group = NULL;
    if (f->size % HU_GROUP != 0 || e->over[0] != e->max || (e->over[0] ^ e->over[1]) != sign)
        return;
    if (k->way == HU_BLOCK_SHIFTED)
        k->group = p->lanes->group_shifted[p->way];
    bool exact = f->element->man_bits + 1 + f->scale->man_bits + 1 <= 24 && (double)(float)k->tensor == k->tensor;
    if (k->way == HU_BLOCK_DIVIDED && exact && s->over[0] == s->max && e->max < large)
        k->group = p->lanes->group_divided[p->way];
}

void hu_block_floats_init(hu_block_job *job)
{
    const hu_block_format *f = job->format;
    const hu_plan *p = &job->plan;
    const hu_block_layout *l = job->layout;
    job->floats.way = HU_BLOCK_NOT_FLOATS;
    if (l->outer > 1 && f->size > 0 && l->length % f->size != 0)      /* short blocks among the others */
        return;
    if (!job->is_f32 || hu_block_strip_blocks(job) == 0 || !p->has_f32 || p->grid_f32.quick != HU_QUICK_ADD)
        return;
    if (f->tensor || !hu_block_scale_is_power(f->scale))
        prepare_quotients(job);
    else
        prepare_powers(job);
    prepare_groups(job);
}

/* ---- a group ---- */

size_t hu_block_floats_groups(const hu_block_job *job, float *out, size_t first, size_t n_blocks, bool streams)
{
    const hu_block_floats *k = &job->floats;
    const size_t size = job->format->size;
    const float *in = job->in;
    float buffer[HU_GROUP * HU_BLOCK / 2];
    hu_group group = {.element = &job->plan.grid_f32, .size = size, .streams = streams, .positive_zero = job->symmetric, .carry = k->carry, .base = k->base,
                      .lowest = k->lowest, .highest = k->highest, .scale = &k->scale.grid_f32, .inverse = k->inverse, .tensor = (float)k->tensor,
                      .tensor_inverse = (float)(1 / k->tensor), .least = (float)k->least};
    size_t done = 0, whole = hu_block_elements(job->layout) / size;
    if (first + n_blocks > whole)                            /* without a short last block */
        n_blocks = whole - first;
    for (; done + HU_GROUP <= n_blocks; done += HU_GROUP) {
        size_t at = (first + done) * size;
        if (!k->group(in == out ? buffer : out + at, in + at, &group))
            break;
        if (in == out)
            memcpy(out + at, buffer, HU_GROUP * size * sizeof *out);
    }
    if (streams)
        job->plan.lanes->stream(out, out, 0);
    return done;
}

/* ---- a strip ---- */

typedef struct strip {
    size_t start, n, n_blocks, size;
    uint32_t most[HU_BLOCK], shift[HU_BLOCK];
    float elements[HU_BLOCK];              /* without their scales                    */
    float scale[HU_BLOCK];                 /* of blocks, without that of the tensor   */
    double by[HU_BLOCK];                   /* of elements: both                       */
} strip;

static bool find_shifts(const hu_block_job *job, strip *s)
{
    const hu_block_floats *k = &job->floats;
    for (size_t b = 0, i = 0; b < s->n_blocks; b++) {
        int exp = s->most[b] ? (int)((s->most[b] + k->carry) >> 23) + k->base : 0;
        if (s->most[b] >= 0x7f800000 || (s->most[b] && (exp < k->lowest || exp > k->highest)))
            return false;
        size_t end = s->n - i < s->size ? s->n : i + s->size;
        uint32_t shift = (uint32_t)exp << 23;
        for (; i < end; i++)
            s->shift[i] = shift;
    }
    return true;
}

static bool find_scales(const hu_block_job *job, strip *s)
{
    const hu_block_floats *k = &job->floats;
    float most[HU_BLOCK], inverse[HU_BLOCK], quotient[HU_BLOCK];
    hu_seen seen = {0};
    for (size_t b = 0; b < s->n_blocks; b++) {
        most[b] = float_of(s->most[b]);
        inverse[b] = k->inverse;
        if (s->most[b] >= 0x7f800000)
            return false;
    }
    if (k->scale.lanes->quotients(quotient, most, inverse, s->n_blocks, &k->scale.grid_f32))
        return false;
    k->scale.lanes->round_f32[k->scale.way](s->scale, quotient, s->n_blocks, &k->scale.grid_f32, &seen);
    for (size_t b = 0; b < s->n_blocks; b++) {
        if (s->most[b] != 0 && s->scale[b] == 0)
            s->scale[b] = (float)k->least;
    }
    return true;
}

/* The elements rounded without their scales, and their scales. */
static bool divide(const hu_block_job *job, strip *s, hu_flags *flags)
{
    const hu_plan *p = &job->plan;
    float inverse[HU_BLOCK], quotient[HU_BLOCK];
    hu_seen seen = {0};
    if (!find_scales(job, s))
        return false;
    for (size_t b = 0, i = 0; b < s->n_blocks; b++) {
        double by = s->most[b] ? (double)s->scale[b] * job->floats.tensor : 1;
        if (!(by > 0x1p-100 && by < 0x1p100))
            return false;
        float over = (float)(1 / by);
        size_t end = s->n - i < s->size ? s->n : i + s->size;
        for (; i < end; i++) {
            s->by[i] = by;
            inverse[i] = over;
        }
    }
    if (p->lanes->quotients(quotient, (const float *)job->in + s->start, inverse, s->n, &p->grid_f32))
        return false;
    p->lanes->round_f32[p->way](s->elements, quotient, s->n, &p->grid_f32, &seen);
    *flags |= hu_plan_flags(&p->grid_f32, &seen);
    return true;
}

static void begin(const hu_block_job *job, strip *s, size_t start, size_t n)
{
    s->start = start;
    s->n = n;
    s->size = job->format->size;
    s->n_blocks = n / s->size + (n % s->size != 0);
    job->plan.lanes->largest(s->most, (const float *)job->in + start, n, s->size);
}

/* Symmetric elements in two's complement have no negative zero: their zeros become positive. */
static float to_zero(const hu_block_job *job)
{
    return job->symmetric ? 0.0f : -0.0f;
}

bool hu_block_floats_values(const hu_block_job *job, float *out, size_t start, size_t n, hu_flags *flags)
{
    const hu_plan *p = &job->plan;
    const float *in = (const float *)job->in + start;
    strip s;                                                /* its arrays are filled as far as they are used */
    hu_seen seen = {0};
    begin(job, &s, start, n);
    if (job->floats.way == HU_BLOCK_DIVIDED) {
        if (!divide(job, &s, flags))
            return false;
        p->lanes->products(out + start, s.elements, s.by, n, to_zero(job));
        return true;
    }
    if (!find_shifts(job, &s))
        return false;
    p->lanes->shifted[p->way](s.elements, in, s.shift, n, &p->grid_f32, &seen);
    *flags |= hu_plan_flags(&p->grid_f32, &seen);
    if (job->symmetric) {
        for (size_t i = 0; i < n; i++)
            out[start + i] = s.elements[i] + 0.0f;
    } else {
        memcpy(out + start, s.elements, n * sizeof *out);
    }
    return true;
}

/* ---- codes ---- */

bool hu_block_floats_pack(const hu_block_job *job, uint8_t *elements, uint8_t *scales, size_t start, size_t n, hu_flags *flags)
{
    const hu_plan *p = &job->plan;
    const hu_format *scale = job->format->scale;
    const float *in = (const float *)job->in + start;
    strip s;
    hu_seen seen = {0};
    uint8_t codes[HU_BLOCK];
    float values[HU_BLOCK];
    begin(job, &s, start, n);
    uint8_t *to_scale = scales + start / s.size;
    if (job->floats.way == HU_BLOCK_DIVIDED) {
        if (!divide(job, &s, flags))
            return false;
        job->floats.scale.lanes->to_u8(to_scale, s.scale, s.n_blocks, &job->floats.scale.fields_f32);
    } else {
        if (!find_shifts(job, &s))
            return false;
        p->lanes->shifted[p->way](values, in, s.shift, n, &p->grid_f32, &seen);
        *flags |= hu_plan_flags(&p->grid_f32, &seen);
        p->lanes->unshift(s.elements, values, s.shift, n);
        for (size_t b = 0; b < s.n_blocks; b++)
            to_scale[b] = s.most[b] ? (uint8_t)((int32_t)s.shift[b * s.size] / (1 << 23) - scale->emin) : job->floats.zero_scale;
    }
    p->lanes->to_u8(codes, s.elements, n, &p->fields_f32);
    hu_pack_u8(elements + start * (size_t)p->format->width_bits / 8, codes, n, p->format->width_bits);
    return true;
}

bool hu_block_floats_can_pack(hu_block_job *job)
{
    const hu_block_format *f = job->format;
    size_t block_bits = f->size * (size_t)f->element->width_bits;
    if (job->floats.way == HU_BLOCK_NOT_FLOATS || job->symmetric || !job->plan.has_codes_f32 || f->element->width_bits > 8 || block_bits % 8 != 0
        || f->scale->width_bits > SCALE_BITS || (job->floats.way == HU_BLOCK_DIVIDED && !job->floats.scale.has_codes_f32))
        return false;
    hu_env env = hu_env_default();
    job->floats.zero_scale = (uint8_t)hu_block_scale(f, hu_num_zero(false), job->tensor, &env);
    return true;
}
