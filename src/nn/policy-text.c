/* policy-text.c - a policy in words: one line a role, and the rules of layers under them. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/nn/policy.h"

static const char *const names[HU_P_COUNT] = {
    [HU_P1] = "p1", [HU_P2] = "p2", [HU_P3] = "p3", [HU_P4] = "p4", [HU_P5] = "p5", [HU_P6] = "p6",
    [HU_P_QKV] = "attention.qkv", [HU_P_WEIGHTS] = "attention.weights", [HU_P_DOUT] = "attention.dout",
    [HU_P_DSCORES] = "attention.dscores", [HU_P_MASTER] = "master", [HU_P_SAVED] = "saved", [HU_P_REDUCE] = "reduce",
};

const char *hu_operand_name(hu_operand operand)
{
    return operand < HU_P_COUNT ? names[operand] : NULL;
}

/* Text that grows; failed: there was no memory for it. */
typedef struct text {
    char  *bytes;
    size_t n;
    bool   failed;
} text;

static void put(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(text *t, const char *format, ...)
{
    char line[768];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    size_t length = n < 0 ? 0 : (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    char *bytes = t->failed ? NULL : hu_realloc(t->bytes, t->n + length + 1);
    if (!bytes) {
        t->failed = true;
        return;
    }
    memcpy(bytes + t->n, line, length + 1);
    t->bytes = bytes;
    t->n += length;
}

static const char *mode_of(const hu_rounding *r)
{
    return r ? r->name : "rne";
}

static void put_overflow(text *t, hu_overflow o)
{
    if (o != HU_OVERFLOW_IEEE)
        put(t, " %s", o == HU_OVERFLOW_SATURATE ? "saturate" : "saturate-finite-only");
}

static void put_granularity(text *t, const hu_granularity *g)
{
    static const char *const per[HU_PER_COUNT] = {"tensor", "row", "column", "channel", "group", "tile", "rank1"};
    put(t, " per %s", per[g->per]);
    if (g->per == HU_PER_GROUP)
        put(t, " of %zu%s", g->group, g->flat ? " in storage order" : "");
    if (g->per == HU_PER_CHANNEL)
        put(t, " of index %d", g->axis);
    if (g->per == HU_PER_TILE)
        put(t, " of %zu x %zu", g->tile[0], g->tile[1]);
}

static void put_scaling(text *t, const hu_scaling *s)
{
    static const char *const rules[] = {
#define X(name, text) #name,
        HU_RANGE_RULE_MAP(X)
#undef X
    };
    static const char *const powers[] = {
#define X(name, text) text,
        HU_POW2_MAP(X)
#undef X
    };
    const hu_scaled *q = &s->q;
    if (!s->on)
        return;
    put_granularity(t, &q->per);
    put(t, ", %s", rules[q->rule]);
    if (q->rule == HU_RANGE_clip || q->rule == HU_RANGE_fixed)
        put(t, " %.17g", q->value);
    if (q->rule == HU_RANGE_percentile)
        put(t, " %.17g", q->percentile);
    if (q->constant != 1)
        put(t, " times %.17g", q->constant);
    if (q->target > 0)
        put(t, " to %.17g", q->target);
    if (q->narrow)
        put(t, ", narrow");
    if (q->pow2)
        put(t, ", powers of two (%s%s)", powers[q->pow2], q->pow2_by_row ? " by row" : "");
    if (q->scale_format)
        put(t, ", scales %s %s", q->scale_format->name, mode_of(q->scale_rounding));
    if (q->scale_least > 0 || q->scale_most > 0)
        put(t, ", scales from %.17g to %.17g", q->scale_least, q->scale_most);
    if (s->history)
        put(t, ", delayed by %u steps, margin %.17g", s->history, s->margin);
}

static void put_operand(text *t, const char *before, const hu_policy *p, int k)
{
    const hu_quantizer *q = &p->operand[k];
    const hu_block_format *f = k <= HU_P6 ? p->block[k] : NULL;
    put(t, "%s%s: %s", before, names[k], f ? f->name : q->format ? q->format->name : "fp32");
    if (f || q->format) {
        put(t, " %s", mode_of(q->rounding));
        put_overflow(t, q->overflow);
        put_scaling(t, &p->scaling[k]);
    }
    put(t, "\n");
}

static void put_accumulator(text *t, const char *before, const hu_policy *p, int role)
{
    static const char *const roles[] = {"forward", "dgrad", "wgrad"}, *const orders[] = {"sequential", "pairwise", "exact"};
    const hu_accumulator *a = &p->accumulator[role];
    const hu_block_fma *b = &a->block;
    put(t, "%s%s: ", before, roles[role]);
    if (b->group)
        put(t, "groups of %d by %d, width %d, lowest %d, operands from 2^%d and 2^%d, %s, %s to %s%s%s%s", b->group, b->interleave,
            b->width, b->lowest, b->emin_a, b->emin_b, mode_of(b->align), mode_of(b->final), b->output ? b->output->name : "fp32",
            b->normalizes ? ", normalizes" : "", b->adds_late ? ", adds late" : "", b->overflows_by_mode ? ", overflows by mode" : "");
    else
        put(t, "product %s, sum %s, %s", a->product ? a->product->name : "exact", a->sum ? a->sum->name : "fp32", orders[a->order]);
    if (a->chunk)
        put(t, ", chunks of %zu added in %s", a->chunk, a->outer ? a->outer->name : a->sum ? a->sum->name : "fp32");
    if (a->multiplier.kind)
        put(t, ", L-Mul of %s by %s, l %d", a->multiplier.a->name, a->multiplier.kind == HU_MULTIPLIER_LMUL_FORMULA ? "the formula" : "bits", a->multiplier.l);
    if (a->integer.bits && a->integer.shared)
        put(t, ", integers of %d bits of dynamic fixed point of %d, that %s", a->integer.bits, a->integer.shared, a->integer.saturates ? "saturate" : "wrap");
    else if (a->integer.bits)
        put(t, ", integers of %d bits, %d of fraction, that %s", a->integer.bits, a->integer.fraction, a->integer.saturates ? "saturate" : "wrap");
    put(t, "\n");
}

static void put_all(text *t, const char *before, const hu_policy *p, uint32_t operands, uint32_t accumulators)
{
    for (int k = 0; k < HU_P_COUNT; k++)
        if (names[k] && operands >> k & 1)
            put_operand(t, before, p, k);
    for (int k = 0; k < HU_GEMM_COUNT; k++)
        if (accumulators >> k & 1)
            put_accumulator(t, before, p, k);
    if (p->accumulate_rounding)
        put(t, "%saccumulate_rounding: %s\n", before, p->accumulate_rounding->name);
}

static void put_moments(text *t, const hu_policy *p)
{
    for (int s = 0; s < HU_MOMENTS; s++) {
        const hu_state_format *f = &p->moment[s].format;
        if (!p->moment[s].name[0])
            continue;
        put(t, "  states.%s: %s %s", p->moment[s].name, f->q.block ? f->q.block->name : f->q.element.format->name, mode_of(f->q.element.rounding));
        if (f->expands)
            put(t, ", expanded by groups of %zu", f->group);
        if (f->expands && f->range > 0)
            put(t, " to a range of %.17g", f->range);
        if (!f->expands && !f->q.block)
            put_scaling(t, &(hu_scaling){.on = true, .q = f->q});
        put(t, "\n");
    }
}

/* The operands and accumulators that are not the carrier's own. */
static uint32_t used_operands(const hu_policy *p)
{
    uint32_t used = 0;
    for (int k = 0; k < HU_P_COUNT; k++)
        used |= (uint32_t)hu_policy_has(p, (hu_operand)k) << k;
    return used;
}

static uint32_t used_accumulators(const hu_policy *p)
{
    uint32_t used = 0;
    for (int k = 0; k < HU_GEMM_COUNT; k++)
        used |= (uint32_t)hu_policy_accumulates(p, (hu_gemm_role)k) << k;
    return used;
}

char *hu_policy_text(const hu_policy *p)
{
    text t = {0};
    put(&t, "policy, seed %" PRIu64 "\n", p->seed);
    put_all(&t, "  ", p, used_operands(p), used_accumulators(p));
    put_moments(&t, p);
    if (p->head_full)
        put(&t, "  head: fp32\n");
    for (size_t i = 0; i < p->n_rules; i++) {
        const hu_policy_rule *r = &p->rules[i];
        bool is_empty = r->whole && !used_operands(&r->values) && !used_accumulators(&r->values);
        put(&t, "  %s:%s\n", r->glob, is_empty ? " fp32" : r->whole ? " nothing but" : "");
        put_all(&t, "    ", &r->values, r->whole ? used_operands(&r->values) : r->operands,
                r->whole ? used_accumulators(&r->values) : r->accumulators);
    }
    if (!t.failed)
        return t.bytes;
    hu_free(t.bytes);
    return NULL;
}
