/* policy.c - which format, rounding and accumulator each part of a training step gets. */
#include "src/nn/policy.h"

#include <math.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/nearest.h"

static bool is_float32(const hu_format *f)
{
    return f->exp_bits == 8 && f->man_bits == 23 && f->bias == 127 && f->specials == HU_SPECIALS_IEEE &&
           f->subnormals == 0 && f->width_bits == 32;
}

hu_status hu_quantizer_init(hu_quantizer *q, const hu_format *format, const hu_rounding *rounding,
                            hu_overflow overflow, hu_error *err)
{
    if (!format || (is_float32(format) && overflow == HU_OVERFLOW_IEEE)) {
        *q = (hu_quantizer){0};
        return HU_OK;
    }
    if (!hu_fits_f32(format))
        return hu_fail(err, HU_ERANGE,
                       "policy: %s has values that a float32 cannot hold; a policy takes formats within fp32",
                       format->name);
    if (!rounding)
        rounding = hu_env_default().rounding;
    *q = (hu_quantizer){format, rounding, overflow};
    return HU_OK;
}

hu_status hu_policy_set_scaling(hu_policy *p, hu_operand operand, const hu_scaling *s, hu_error *err)
{
    enum { MOST = 65536 };
    const hu_scaled *q = &s->q;
    if (q->zero_point || q->scales || q->frozen_high || q->rule == HU_RANGE_search)
        return hu_fail(err, HU_EINVAL, "policy: %s has %s; the scales of a policy are those of a rule, such as absmax", hu_operand_name(operand),
                       q->zero_point ? "zero points" : q->scales ? "quantized scales" : q->frozen_high ? "frozen scales" : "a search");
    if (s->history > MOST)
        return hu_fail(err, HU_ERANGE, "policy: %s has a history of %u steps; it takes up to %d", hu_operand_name(operand), s->history, MOST);
    if (s->history && (q->per.per != HU_PER_TENSOR || q->rule != HU_RANGE_absmax))
        return hu_fail(err, HU_EINVAL, "policy: %s has a history; delayed scaling is for one scale a tensor, by absmax", hu_operand_name(operand));
    if (!(s->margin >= -64 && s->margin <= 64) || (s->margin != 0 && !s->history))
        return hu_fail(err, HU_EINVAL, "policy: %s has the margin %g; a margin goes with a history, in powers of two from -64 to 64",
                       hu_operand_name(operand), s->margin);
    hu_status status = hu_scaled_check(q, HU_F32, err);
    if (status)
        return status;
    p->operand[operand] = q->element;
    if (!p->operand[operand].rounding)
        p->operand[operand].rounding = hu_env_default().rounding;
    if (operand <= HU_P6)
        p->block[operand] = NULL;
    p->scaling[operand] = *s;
    p->scaling[operand].on = true;
    p->scaling[operand].q.element = p->operand[operand];
    return HU_OK;
}

/* What a policy's text says about one or both of its formats. */
typedef struct wish {
    char    name[HU_BLOCK_NAME_SIZE];
    hu_env  env;
    bool    scaled;
    hu_per  per;
    hu_pow2 pow2;
} wish;

static hu_status set_wish(hu_policy *p, hu_operand k, const wish *w, hu_error *err)
{
    bool is_block = hu_block_is_name(w->name);
    const hu_block_format *block = is_block ? hu_block_find(w->name, err) : NULL;
    const hu_format *format = is_block ? NULL : hu_format_find(w->name, err);
    if (!block && !format)
        return HU_ENAME;
    if (is_block && w->scaled)
        return hu_fail(err, HU_EINVAL, "policy: %s has scales of its own; an @ goes with a format, as in e4m3fn@tensor", w->name);
    if (w->scaled) {
        hu_scaling s = {.on = true};
        hu_scaled_init(&s.q, format);
        s.q.element.rounding = w->env.rounding;
        s.q.element.overflow = w->env.overflow == HU_OVERFLOW_IEEE ? HU_OVERFLOW_SATURATE : w->env.overflow;
        s.q.per.per = w->per;
        s.q.pow2 = w->pow2;
        return hu_policy_set_scaling(p, k, &s, err);
    }
    hu_quantizer q = {.rounding = w->env.rounding, .overflow = w->env.overflow};
    hu_status status = is_block ? HU_OK : hu_quantizer_init(&q, format, w->env.rounding, w->env.overflow, err);
    if (!status) {
        p->operand[k] = q;
        p->block[k] = block;
        p->scaling[k] = (hu_scaling){0};
    }
    return status;
}

static hu_status parse_scale(wish *w, const char *text, hu_error *err)
{
    static const struct { const char *name; hu_per per; } names[] = {
        {"tensor", HU_PER_TENSOR}, {"row", HU_PER_ROW}, {"column", HU_PER_COLUMN},
    };
    hu_nearest near = hu_nearest_to(text);
    size_t n = strlen(text);
    bool is_power = n > 0 && text[n - 1] == '2';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        hu_nearest_offer(&near, names[i].name);
        if (strlen(names[i].name) == n - is_power && strncmp(names[i].name, text, n - is_power) == 0) {
            w->scaled = true;
            w->per = names[i].per;
            w->pow2 = is_power ? HU_POW2_ceil : HU_POW2_none;
            return HU_OK;
        }
    }
    return hu_fail(err, HU_ENAME, "policy: no scale is called '%.40s'; it takes tensor, row or column, with a 2 at the end for powers of two%s%s%s",
                   text, near.best ? ": did you mean '" : "", near.best ? near.best : "", near.best ? "'?" : "");
}

hu_status hu_policy_parse(hu_policy *p, const char *text, hu_error *err)
{
    char all[2 * HU_BLOCK_NAME_SIZE];
    if (strlen(text) >= sizeof all)
        return hu_fail(err, HU_EPARSE, "policy: '%.40s...' is too long; expected a format, as in e8m3 or e8m3:rz+sat", text);
    memcpy(all, text, strlen(text) + 1);

    wish w = {.env = hu_env_default()};
    char *at = strchr(all, '@'), *colon = strchr(all, ':');
    if (at && colon && at < colon)
        return hu_fail(err, HU_EPARSE, "policy: '%.60s' has its scale before its mode; expected e4m3fn:rne@tensor", text);
    hu_status status = HU_OK;
    if (at) {
        *at = 0;
        status = parse_scale(&w, at + 1, err);
    }
    if (!status && colon) {
        *colon = 0;
        status = hu_env_parse_mode(&w.env, colon + 1, err);
    }
    if (status)
        return status;
    char *slash = strchr(all, '/');
    const char *second = slash ? slash + 1 : all;
    if (slash)
        *slash = 0;
    hu_policy made = *p;
    for (int k = HU_P1; k <= HU_P6 && !status; k++) {
        const char *name = k == HU_P3 || k == HU_P5 ? second : all;
        if (strlen(name) >= sizeof w.name)
            return hu_fail(err, HU_EPARSE, "policy: '%.40s...' is too long; expected a format, as in e8m3 or e8m3:rz+sat", name);
        memcpy(w.name, name, strlen(name) + 1);
        status = set_wish(&made, (hu_operand)k, &w, err);
    }
    if (!status)
        *p = made;
    return status;
}

static const hu_block_format *block_of(const hu_policy *p, hu_operand operand)
{
    return operand <= HU_P6 ? p->block[operand] : NULL;
}

/* The index that groups and blocks lie along, which of P1 ... P6 is the one that the product sums over. */
static int sum_axis(hu_operand operand)
{
    return operand >= HU_P4 && operand <= HU_P6 ? 0 : 1;
}

static bool same_scaling(const hu_scaling *a, const hu_scaling *b)
{
    const hu_scaled *x = &a->q, *y = &b->q;
    if (!a->on || !b->on)
        return a->on == b->on;
    return a->history == b->history && a->margin == b->margin && x->per.per == y->per.per && x->per.flat == y->per.flat &&
           x->per.axis == y->per.axis && x->per.group == y->per.group && x->per.tile[0] == y->per.tile[0] &&
           x->per.tile[1] == y->per.tile[1] && x->narrow == y->narrow && x->rule == y->rule && x->constant == y->constant &&
           x->percentile == y->percentile && x->value == y->value && x->target == y->target &&
           x->scale_format == y->scale_format && x->scale_rounding == y->scale_rounding && x->pow2 == y->pow2 &&
           x->pow2_by_row == y->pow2_by_row && x->scale_least == y->scale_least && x->scale_most == y->scale_most;
}

bool hu_policy_same(const hu_policy *p, hu_operand a, hu_operand b)
{
    const hu_quantizer *x = &p->operand[a], *y = &p->operand[b];
    const hu_block_format *f = block_of(p, a);
    bool same = x->format == y->format && f == block_of(p, b) && x->rounding == y->rounding && x->overflow == y->overflow &&
                same_scaling(&p->scaling[a], &p->scaling[b]);
    if (sum_axis(a) != sum_axis(b)) {
        const hu_granularity *per = &p->scaling[a].q.per;
        if (f && f->size != 0 && f->rows != f->size)
            return false;
        if (p->scaling[a].on && per->per == HU_PER_GROUP && !per->flat)
            return false;
    }
    return same && (!x->rounding || x->rounding->random_bits == 0);
}

uint64_t hu_policy_stream(uint64_t step, unsigned layer, hu_operand operand)
{
    return step << 16 | (uint64_t)(layer & 0xfff) << 4 | (uint64_t)operand;
}

bool hu_policy_has(const hu_policy *p, hu_operand operand)
{
    return p && (p->operand[operand].format || block_of(p, operand));
}

bool hu_policy_accumulates(const hu_policy *p, hu_gemm_role role)
{
    return p && !hu_accumulator_is_own(&p->accumulator[role]);
}

static hu_env operand_env(const hu_policy *p, const hu_policy_use *use)
{
    const hu_quantizer *q = &p->operand[use->operand];
    hu_env env = hu_env_default();
    if (q->rounding)
        env.rounding = q->rounding;
    env.overflow = q->overflow;
    env.random = (hu_random){p->seed, hu_policy_stream(use->step, use->layer, use->operand), use->first};
    return env;
}

static size_t row_of(const hu_policy_use *use)
{
    return use->row ? use->row - 1 : use->layer;
}

bool hu_policy_looks(const hu_policy *p, hu_operand operand)
{
    return hu_policy_has(p, operand) && p->state && (p->state->counting || p->scaling[operand].history);
}

void hu_policy_note(const hu_policy *p, hu_operand operand, unsigned layer, const hu_policy_seen *seen)
{
    p = hu_policy_at(p, layer);
    hu_policy_state_add(p->state, layer, (int)operand, p->scaling[operand].history, seen);
}

#include "src/nn/real-f32.h"
#include "src/nn/policy-apply.body.h"
#include "src/nn/real-f64.h"
#include "src/nn/policy-apply.body.h"
