/* takum-log.c - logarithmic takums: the same bits as a linear one's, but they say a logarithm to base sqrt(e).
 *
 * With the characteristic c and the fraction of takum.c the value is sqrt(e)^(c + fraction) = e^((c + fraction) / 2), from
 * about 4.2e-56 to 2.4e55. This is how takums were first defined.
 *
 * Positions are measured on the bit string, as the source has it, which between two codes of one characteristic is the position
 * among the logarithms (logarithmic.c); beyond the smallest and the largest value all is as in tapered.c: saturation, never
 * zero nor NaR in the nearest modes.
 *
 * Source: Hunhold, Beating Posits at Their Own Game: Takum Arithmetic, 2024 (arXiv 2404.18603), definition of a takum's
 * value and of rounding; the types takum_log8 ... takum_log64 of the library libtakum.
 */
#include "formats/logarithmic.h"
#include "formats/takum.h"

static bool log_of(const hu_format *f, hu_code code, hu_log *out)
{
    hu_takum t;
    hu_num special;
    *out = (hu_log){.kind = HU_ZERO};
    if (!hu_takum_read(f, code, &t, &special))
        return special.kind == HU_ZERO;
    *out = (hu_log){.kind = HU_FINITE, .negative = t.negative, .whole = t.characteristic, .fraction = t.fraction};
    return true;
}

static hu_bracket bracket_log(const hu_format *f, hu_log l)
{
    int64_t bound = 1 << 20;
    int whole = (int)(l.whole > bound ? bound : l.whole < -bound ? -bound : l.whole);
    return hu_tapered_bracket(f, (hu_num){.negative = l.negative}, hu_takum_write(whole, l.fraction, l.sticky));
}

static long rank(const hu_format *f, hu_code code)
{
    return (long)(code > f->max_code ? hu_tapered_negate(f, code) : code) - 1;
}

static long half_steps(const hu_format *f)
{
    return 2 * (long)f->max_code - 1;
}

/* A takum of one bit more: between two codes lies the string that has both as its neighbors. */
static hu_log half_step(const hu_format *f, long i)
{
    hu_format finer = *f;
    hu_log l;
    finer.width_bits++;
    finer.nan_code <<= 1;
    log_of(&finer, (hu_code)i + 2, &l);
    return l;
}

static const hu_logarithmic logarithmic = {HU_LOG_SQRT_E, log_of, bracket_log, rank, half_steps, half_step};

const hu_family hu_family_takum_log = {
    .name = "takum_log", .decode = hu_logarithmic_decode, .bracket = hu_logarithmic_bracket,
    .special = hu_tapered_special, .negate = hu_tapered_negate,
    .wide = hu_logarithmic_wide, .result = hu_logarithmic_result, .quick = hu_logarithmic_quick, .quick_result = hu_logarithmic_quick_result,
    .operations = hu_logarithmic_operations, .logarithmic = &logarithmic,
};
