/* stairs-random.c - numbers rounded in a mode that draws, by what the stairs say of their neighbors.
 *
 * A number's position between its neighbors is computed in doubles, which is off by less than 2^-50: three roundings of at most 2^-53 of a position
 * of at most one, and that the bracket's is cut to 63 bits. A mode takes the neighbor farther from zero from some position on, so that where both
 * ends of the margin say the same, so does the position itself. src/ops rounds the rest, numbers past the range, and those whose tininess
 * depends on the word.
 */
#include <math.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/kernel/plan.h"
#include "src/kernel/stairs-list.h"

#define MARGIN (UINT64_C(1) << 14)

static inline uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double number_of(uint64_t key)
{
    uint64_t bits = key >> 63 ? key & ~(UINT64_C(1) << 63) : ~key;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* In units of 2^-63. */
static inline uint64_t position(const hu_span *s, double x)
{
    return (uint64_t)(fabs(x - s->low) * s->per_gap * 0x1p63);
}

/* ---- making ---- */

static hu_span span_at(hu_bracket b, const hu_format *f, hu_tininess tininess)
{
    double low = hu_plan_value(f, b.lo), high = hu_plan_value(f, b.hi);
    hu_span s = {.low = low, .high = bits_of(high), .per_gap = 1 / fabs(high - low), .high_code = (uint16_t)b.hi};
    bool is_tiny_by_word = b.tiny && b.fine && tininess == HU_TININESS_AFTER;
    s.flags = HU_INEXACT | (b.tiny ? HU_UNDERFLOW : 0);
    s.is_even = !b.overflow && !b.lo_wraps && !b.hi_wraps && !is_tiny_by_word && isnormal(s.per_gap) && isfinite(high);
    return s;
}

/* Whether x lies between the same neighbors, in the position that the span says. */
static bool agrees(const hu_span *s, const hu_stair *stair, const hu_format *f, double x)
{
    hu_bracket b = f->family->bracket(f, hu_num_from_double(x));
    uint64_t at = position(s, x), part = b.part;
    return part == 0 || (b.lo == stair->code && b.hi == s->high_code && part < HU_ONE && (at > part ? at - part : part - at) < MARGIN / 4);
}

/* Values and positions both grow with the logarithm of the number in some spans, and evenly in all others: a few of its numbers tell. */
static hu_span make_span(const hu_stair_list *list, size_t i, const hu_format *f, hu_tininess tininess)
{
    double first = number_of(i ? list->last[i - 1] + 1 : 0), last = number_of(list->last[i]), value;
    const hu_stair *stair = &list->step[i];
    memcpy(&value, &stair->value, sizeof value);
    double inside = list->last[i] == hu_stairs_key(value) ? first : last;       /* a value is one of the ends, if it is there */
    if (inside == 0)
        inside = last == 0 ? first : last;
    if (!isfinite(inside) || inside == 0 || !isfinite(value))
        return (hu_span){0};
    hu_span s = span_at(f->family->bracket(f, hu_num_from_double(inside)), f, tininess);
    double low = isfinite(first) ? first : inside, high = isfinite(last) ? last : inside;
    for (int k = 0; k <= 8 && s.is_even; k++) {
        double x = low + (high - low) * (k / 8.0);
        s.is_even = x == 0 || (s.low == value && agrees(&s, stair, f, x));
    }
    return s;
}

hu_span *hu_spans_make(const hu_stair_list *list, const hu_format *f, hu_tininess tininess)
{
    hu_span *spans = hu_malloc(list->n * sizeof *spans);
    for (size_t i = 0; spans && i < list->n; i++)
        spans[i] = make_span(list, i, f, tininess);
    return spans;
}

/* ---- rounding ---- */

/* What stands for a number, but where src/ops has to say. */
typedef struct drawn {
    bool     asks;
    uint64_t high;            /* all bits: the neighbor farther from zero; none: the nearer one */
    hu_flags flags;
} drawn;

/* Without branches on what is drawn, which nobody foresees. */
static inline drawn draw(const hu_span *s, const hu_stair *stair, double x, const hu_rounding *mode, uint64_t word)
{
    if (__builtin_expect(!s->is_even, 0))
        return (drawn){.asks = true};
    if (bits_of(x) == stair->value)
        return (drawn){0};
    uint64_t at = position(s, x);
    hu_bracket least = {.part = at > MARGIN ? at - MARGIN : 1}, most = {.part = at + MARGIN < HU_ONE ? at + MARGIN : HU_ONE - 1};
    bool up = mode->pick(mode, &most, word), surely = mode->pick(mode, &least, word);
    return (drawn){.asks = (up != surely) | (x == 0), .high = -(uint64_t)up, .flags = s->flags};
}

static hu_code ask(const hu_stairs *s, double x, size_t i, const hu_stairs_draw *d, hu_flags *flags)
{
    hu_env env = *d->env;
    env.flags = 0;
    env.random.index = d->index + i * d->stride;
    hu_code code = hu_plan_code(s->format, &env, x, d->narrow);
    *flags |= env.flags;
    return code;
}

/* Into `out`: codes, or the bits of values. */
static inline __attribute__((always_inline)) hu_flags run(const hu_stairs *s, void *out, const double *in, size_t n, const hu_stairs_draw *d, bool codes)
{
    hu_flags flags = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = hu_stairs_find(s, in[i]);
        uint64_t low = codes ? s->list.step[k].code : s->list.step[k].value;
        drawn r = draw(&s->span[k], &s->list.step[k], in[i], d->env->rounding, d->words[i]);
        uint64_t result = low ^ (r.high & (low ^ (codes ? s->span[k].high_code : s->span[k].high)));
        if (__builtin_expect(r.asks, 0)) {
            hu_code code = ask(s, in[i], i, d, &flags);
            result = codes ? (uint64_t)code : bits_of(hu_plan_value(s->format, code));
            r.flags = 0;
        }
        flags |= r.flags;
        memcpy((uint64_t *)out + i, &result, sizeof result);
    }
    return flags;
}

hu_flags hu_stairs_round_drawn(const hu_stairs *s, double *out, const double *in, size_t n, const hu_stairs_draw *d)
{
    return run(s, out, in, n, d, false);
}

hu_flags hu_stairs_codes_drawn(const hu_stairs *s, uint64_t *out, const double *in, size_t n, const hu_stairs_draw *d)
{
    return run(s, out, in, n, d, true);
}
