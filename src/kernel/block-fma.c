/* block-fma.c - the adder of a matrix unit, one step at a time, in integers: the truth that faster loops are compared with. */
#include "src/kernel/block-fma.h"

#include <math.h>

#include "src/kernel/kernel.h"
#include "src/ops/ops.h"

/* A term: a product, or the accumulator times one. |x| = sig 2^(exp - 126), 2^126 <= sig < 2^128. */
typedef struct term {
    hu_u128 sig;
    int     exp;            /* sum of the factors' exponents                             */
    int     counts_as;      /* the exponent that it takes part with in finding the largest */
    bool    negative;
} term;

/* What a step has met. */
typedef struct seen {
    bool nan, invalid, plus, minus, inexact;      /* plus, minus: infinities */
} seen;

static term multiply(const hu_block_fma *m, hu_num a, hu_num b, int emin_a, int emin_b)
{
    term t = {.sig = (hu_u128)(uint64_t)(a.sig >> 64) * (uint64_t)(b.sig >> 64), .exp = a.exp + b.exp, .negative = a.negative != b.negative};
    int exact = t.exp + (int)(t.sig >> 127);
    t.counts_as = (a.exp > emin_a ? a.exp : emin_a) + (b.exp > emin_b ? b.exp : emin_b);
    if (m->normalizes && exact > t.counts_as)
        t.counts_as = exact;
    return t;
}

/* Whether a b is a number other than zero; what else it is goes to *s. */
static bool is_term(hu_num a, hu_num b, seen *s)
{
    bool inf = a.kind == HU_INF || b.kind == HU_INF, zero = a.kind == HU_ZERO || b.kind == HU_ZERO;
    if (a.kind == HU_NAN || b.kind == HU_NAN) {
        s->nan = true;
        s->invalid |= (a.kind == HU_NAN && a.signaling) || (b.kind == HU_NAN && b.signaling);
    } else if (inf && zero) {
        s->invalid = true;
    } else if (inf) {
        *(a.negative != b.negative ? &s->minus : &s->plus) = true;
    }
    return a.kind == HU_FINITE && b.kind == HU_FINITE;
}

/* t as a multiple of 2^unit, by the mode; the sign apart. */
static hu_u128 cut(const term *t, int unit, const hu_rounding *mode, bool *inexact)
{
    int drop = unit - (t->exp - 126);                      /* at least 26: the width is at most 100 */
    hu_u128 kept = drop < 128 ? t->sig >> drop : 0, rest = drop < 128 ? t->sig & (((hu_u128)1 << drop) - 1) : t->sig;
    if (rest == 0)
        return kept;
    *inexact = true;
    int to_part = drop - 63;
    hu_u128 part = to_part <= 0 ? rest << -to_part : to_part < 128 ? rest >> to_part : 0;
    bool sticky = to_part > 0 && (to_part >= 128 || (rest & (((hu_u128)1 << to_part) - 1)) != 0);
    hu_bracket b = {.lo = kept, .hi = kept + 1, .part = (uint64_t)part | sticky, .negative = t->negative, .odd = kept & 1};
    return kept + mode->pick(mode, &b, 0);
}

/* The last rounding, and the infinity that comes of an overflow. */
static double round_sum(const hu_block_fma *m, hu_num x, hu_flags *flags)
{
    hu_env env = hu_env_default();
    env.rounding = m->final;
    hu_code code = hu_round_with(m->output, &env, x, 0);
    *flags |= env.flags;
    if ((env.flags & HU_OVERFLOW) && m->output->has_inf && !m->overflows_by_mode)
        return x.negative ? -INFINITY : INFINITY;
    return hu_to_double(m->output, code);
}

static double special(const hu_block_fma *m, const seen *s, hu_flags *flags)
{
    bool mixed = s->plus && s->minus;
    if (s->invalid || (mixed && !s->nan))
        *flags |= HU_INVALID;
    hu_env env = hu_env_default();
    hu_num x = s->nan || s->invalid || mixed ? hu_num_nan() : hu_num_inf(s->minus);
    double y = hu_to_double(m->output, hu_round_with(m->output, &env, x, 0));
    return isnan(y) ? (double)NAN : y;
}

double hu_block_fma_step(const hu_block_fma *m, double c, const double *a, const double *b, size_t n, size_t stride, hu_flags *flags)
{
    term terms[HU_BLOCK_FMA_MOST + 1];
    size_t count = 0;
    seen s = {0};
    hu_num one = hu_num_from_u64(1), base = hu_num_from_double(c);
    for (size_t i = 0; i < n; i++) {
        hu_num x = hu_num_from_double(a[i * stride]), y = hu_num_from_double(b[i * stride]);
        if (is_term(x, y, &s))
            terms[count++] = multiply(m, x, y, m->emin_a, m->emin_b);
    }
    if (is_term(base, one, &s) && !m->adds_late)
        terms[count++] = multiply(m, base, one, m->output->emin, 0);
    if (s.nan || s.invalid || s.plus || s.minus)
        return special(m, &s, flags);

    int top = m->lowest;
    for (size_t i = 0; i < count; i++)
        top = terms[i].counts_as > top ? terms[i].counts_as : top;
    __extension__ __int128 sum = 0;
    for (size_t i = 0; i < count; i++) {
        hu_u128 kept = cut(&terms[i], top - m->width, m->align, &s.inexact);
        sum += terms[i].negative ? -(__int128)kept : (__int128)kept;
    }
    hu_num x = sum == 0 ? hu_num_zero(false) : hu_num_make(sum < 0, (hu_u128)(sum < 0 ? -sum : sum), top - m->width);
    if (m->adds_late && base.kind == HU_FINITE)
        x = x.kind == HU_ZERO ? base : hu_num_add(x, base, false);
    *flags |= s.inexact ? HU_INEXACT : 0;
    return x.kind == HU_ZERO ? 0 : round_sum(m, x, flags);
}

double hu_block_fma_run(const hu_block_fma *m, double c, const double *a, const double *b, size_t k, hu_flags *flags)
{
    size_t deal = (size_t)m->interleave, run = deal * (size_t)m->group;
    for (size_t k0 = 0; k0 < k; k0 += run) {
        size_t left = k - k0 < run ? k - k0 : run;
        for (size_t g = 0; g < deal; g++) {
            size_t n = left > g ? (left - g + deal - 1) / deal : 0;
            c = hu_block_fma_step(m, c, a + k0 + (n ? g : 0), b + k0 + (n ? g : 0), n, deal, flags);
        }
    }
    return c;
}

hu_block_fma hu_block_fma_make(const hu_format *a, const hu_format *b, int group, int width)
{
    const hu_rounding *rz = hu_rounding_find("rz", NULL);
    return (hu_block_fma){.group = group, .interleave = 1, .width = width, .lowest = HU_BLOCK_FMA_NO_LOWEST, .emin_a = a->emin,
                          .emin_b = b->emin, .align = rz, .final = rz, .output = hu_format_find("e8m23", NULL)};
}

hu_status hu_block_fma_check(const hu_block_fma *m, const char *what, bool is_f32, hu_error *err)
{
    const struct { const char *name; int value, least, most; } ranges[] = {
        {"group", m->group, 1, HU_BLOCK_FMA_MOST}, {"interleave", m->interleave, 1, HU_BLOCK_FMA_MOST},
        {"width", m->width, 0, HU_BLOCK_FMA_WIDEST}, {"lowest exponent", m->lowest, HU_BLOCK_FMA_NO_LOWEST, 4096},
        {"least exponent of a", m->emin_a, -4096, 4096}, {"least exponent of b", m->emin_b, -4096, 4096},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (ranges[i].value < ranges[i].least || ranges[i].value > ranges[i].most)
            return hu_fail(err, HU_EINVAL, "%s: the %s of a block FMA is %d; it lies between %d and %d", what, ranges[i].name,
                           ranges[i].value, ranges[i].least, ranges[i].most);
    if (!m->align || !m->final || !m->output)
        return hu_fail(err, HU_EINVAL, "%s: a block FMA needs a mode to align by, a mode to round by and an output format", what);
    if (m->align->random_bits || m->final->random_bits)
        return hu_fail(err, HU_EINVAL, "%s: a block FMA rounds by modes that draw no random bits, not by %s", what,
                       (m->align->random_bits ? m->align : m->final)->name);
    if (!(is_f32 ? hu_fits_f32(m->output) : hu_fits_f64(m->output)))
        return hu_fail(err, HU_EINVAL, "%s: the output format %s of a block FMA has values that are no values of %s", what,
                       m->output->name, is_f32 ? "float" : "double");
    return HU_OK;
}
