/* wide.c - exact numbers of up to 320 significant bits, their words lent to MPFR. */
#include "src/num/wide.h"

#include <string.h>

#include "src/num/mpfr-state.h"

_Static_assert(sizeof(mp_limb_t) == sizeof(uint64_t) && GMP_NAIL_BITS == 0, "MPFR is to have words of 64 bits");

enum { N = HU_BITS_WORDS, TOP = HU_BITS_MAX - 1, BELOW = 64 };

hu_wide hu_wide_special(hu_kind kind, bool negative)
{
    return (hu_wide){.kind = kind, .negative = negative};
}

hu_wide hu_wide_make(bool negative, const hu_bits *sig, int exp)
{
    int length = hu_bits_length(sig);
    if (length == 0)
        return hu_wide_special(HU_ZERO, negative);
    return (hu_wide){.kind = HU_FINITE, .negative = negative, .sig = hu_bits_shift(sig, HU_BITS_MAX - length),
                     .exp = exp + length - 1};
}

hu_wide hu_wide_from_num(const hu_num *x)
{
    hu_bits low = hu_bits_from_code(x->sig);
    return (hu_wide){.kind = x->kind, .negative = x->negative, .sticky = x->sticky, .signaling = x->signaling,
                     .exp = x->exp, .sig = hu_bits_shift(&low, HU_BITS_MAX - 128)};
}

hu_num hu_wide_to_num(const hu_wide *x)
{
    bool cut = (x->sig.word[0] | x->sig.word[1] | x->sig.word[2]) != 0;
    return (hu_num){.kind = x->kind, .negative = x->negative, .signaling = x->signaling, .exp = x->exp,
                    .sticky = x->sticky || (x->kind == HU_FINITE && cut),
                    .sig = (hu_u128)x->sig.word[N - 1] << 64 | x->sig.word[N - 2]};
}

uint64_t hu_wide_below(const hu_wide *x, int kept)
{
    hu_bits below = hu_bits_shift(&x->sig, kept);
    bool sticky = x->sticky || (below.word[N - 1] & 1);
    for (int i = 0; i < N - 1; i++)
        sticky = sticky || below.word[i] != 0;
    if (kept < 0) {                                         /* what the shift to the right has cut */
        hu_bits cut = hu_bits_shift(&x->sig, kept <= -HU_BITS_MAX ? 0 : HU_BITS_MAX + kept);
        sticky = sticky || !hu_bits_is_zero(&cut);
    }
    return below.word[N - 1] >> 1 | sticky;
}

hu_bits hu_wide_above(const hu_wide *x, int kept)
{
    return hu_bits_shift(&x->sig, kept > 0 ? kept - HU_BITS_MAX : -HU_BITS_MAX);
}

static int compare_magnitude(const hu_wide *a, const hu_wide *b)
{
    if (a->kind != b->kind)                                 /* zero < finite < infinite */
        return a->kind < b->kind ? -1 : 1;
    if (a->kind != HU_FINITE)
        return 0;
    if (a->exp != b->exp)
        return a->exp < b->exp ? -1 : 1;
    return hu_bits_compare(&a->sig, &b->sig);
}

int hu_wide_compare(const hu_wide *a, const hu_wide *b)
{
    if (a->kind == HU_ZERO && b->kind == HU_ZERO)
        return 0;
    bool a_below = a->kind != HU_ZERO && a->negative, b_below = b->kind != HU_ZERO && b->negative;
    if (a_below != b_below)
        return a_below ? -1 : 1;
    int order = compare_magnitude(a, b);
    return a_below ? -order : order;
}

int hu_wide_words(int precision)
{
    return (precision + BELOW + 63) / 64;
}

/* ---- through MPFR, which counts exponents from the point before the first bit, and so one higher ---- */

void hu_wide_view(mpfr_ptr view, const hu_wide *x, int words)
{
    static const int kinds[] = {[HU_ZERO] = MPFR_ZERO_KIND, [HU_FINITE] = MPFR_REGULAR_KIND, [HU_INF] = MPFR_INF_KIND,
                                [HU_NAN] = MPFR_NAN_KIND};
    int kind = x->negative ? -kinds[x->kind] : kinds[x->kind];
    union { const uint64_t *ours; void *theirs; } lowest = {&x->sig.word[N - words]};
    mpfr_custom_init_set(view, kind, (mpfr_exp_t)x->exp + 1, 64 * words, lowest.theirs);
}

void hu_wide_begin(mpfr_ptr view, hu_wide *out, int words)
{
    *out = hu_wide_special(HU_NAN, false);
    hu_wide_view(view, out, words);
}

static int bounded(mpfr_exp_t exp)
{
    return exp > HU_EXP_FAR ? HU_EXP_FAR : exp < -HU_EXP_FAR ? -HU_EXP_FAR : (int)exp;
}

/* Fills in what MPFR has not left in the words. A zero that was cut off lies below the range. */
void hu_wide_finish(hu_wide *out, mpfr_srcptr view, bool cut)
{
    out->negative = mpfr_signbit(view);
    out->sticky = cut;
    if (mpfr_nan_p(view)) {
        out->kind = HU_NAN;
        out->sig = (hu_bits){{0}};
    } else if (mpfr_inf_p(view)) {
        out->kind = HU_INF;
    } else if (mpfr_zero_p(view) && !cut) {
        out->kind = HU_ZERO;
    } else {
        out->kind = HU_FINITE;
        if (mpfr_zero_p(view))
            out->sig = hu_bits_one(TOP);
        out->exp = mpfr_zero_p(view) ? -HU_EXP_FAR : bounded(mpfr_get_exp(view) - 1);
    }
}

hu_wide hu_wide_compute(const hu_wide_call *call, const hu_wide *x, int words)
{
    hu_wide out;
    mpfr_t a, b, c, result;
    hu_mpfr_state before = hu_mpfr_open(HU_MPFR_EXP);
    hu_wide_begin(result, &out, words);
    hu_wide_view(a, &x[0], words);
    int cut;
    if (call->one) {
        cut = call->one(result, a, MPFR_RNDZ);
    } else if (call->two) {
        hu_wide_view(b, &x[1], words);
        cut = call->two(result, a, b, MPFR_RNDZ);
    } else {
        hu_wide_view(b, &x[1], words);
        hu_wide_view(c, &x[2], words);
        cut = call->three(result, a, b, c, MPFR_RNDZ);
    }
    hu_wide_finish(&out, result, cut != 0);
    hu_mpfr_close(&before);
    return out;
}

/* MPFR would write b out in the units of a far smaller a; such an a is its own remainder. */
hu_wide hu_wide_rem(const hu_wide *a, const hu_wide *b, int words)
{
    static const hu_wide_call remainder = {.two = mpfr_remainder};
    if (a->kind != HU_FINITE || b->kind == HU_INF || a->exp < b->exp - 1)
        return *a;
    return hu_wide_compute(&remainder, (hu_wide[]){*a, *b}, words);
}

hu_wide hu_wide_from_mpfr(mpfr_srcptr x, bool cut)
{
    hu_wide out;
    mpfr_t view;
    hu_wide_begin(view, &out, N);
    mpfr_set(view, x, MPFR_RNDZ);
    hu_wide_finish(&out, view, cut);
    return out;
}
