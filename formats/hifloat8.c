/* hifloat8.c - HiFloat8: 8 bits whose exponent field is as long as a prefix code says, so that there are more bits for the
 * significand near 1.
 *
 *     bits below the sign      exponent                                          significand
 *     11 seeee... 10 s.. 01 s  D = 4, 3, 2 bits: a sign, and the magnitude       1, 2, 3 bits
 *     001 s                    without its leading one; D = 1: the sign of 1     3 bits
 *     0001                     0                                                 3 bits
 *     0000 mmm                 2^(m - 23), m from 1 to 7; m = 0 is zero          none
 *
 * 0x80 is NaN, 0x6f and 0xef are the infinities; there is no negative zero. Positions are measured on the real line; past the
 * largest value, 2^15, the grid goes on with the code of infinity, which would be 1.5 2^15. The smallest normal is 2^-15.
 * Source: Luo et al., Ascend HiFloat8 Format for Deep Learning, 2024 (arXiv 2409.16626).
 */
#include <pthread.h>
#include <string.h>

#include "formats/codebook.h"
#include "formats/registry.h"

enum { NAN_CODE = 0x80, INF_CODE = 0x6f, MAX_CODE = 0x6e, SIGN = 0x80, SMALLEST_NORMAL_EXP = -15 };

/* The exponent length D of the seven bits below the sign, and how long its prefix is; -1: the denormals. */
static int exponent_length(unsigned bits, int *prefix)
{
    *prefix = bits >> 5 ? 2 : bits >> 4 ? 3 : 4;
    return bits >> 5 ? (int)(bits >> 5) + 1 : bits >> 4 ? 1 : bits >> 3 ? 0 : -1;
}

static hu_num decode_bits(unsigned bits, bool negative)
{
    int prefix, d = exponent_length(bits, &prefix);
    if (d < 0)
        return bits ? hu_num_make(negative, 1, (int)bits - 23) : hu_num_zero(false);
    int m = 7 - prefix - d, exp = 0;
    unsigned field = (bits >> m) & ((1U << d) - 1), sig = bits & ((1U << m) - 1);
    if (d > 0) {
        unsigned half = 1U << (d - 1);                       /* the leading one that is not written */
        exp = (int)((field & (half - 1)) | half);
        exp = field & half ? -exp : exp;
    }
    return hu_num_make(negative, sig | 1U << m, exp - m);
}

static hu_num decode(const hu_format *f, hu_code code)
{
    (void)f;
    unsigned bits = (unsigned)code & (SIGN - 1);
    if (code == NAN_CODE)
        return hu_num_nan();
    return bits == INF_CODE ? hu_num_inf(code & SIGN) : decode_bits(bits, code & SIGN);
}

static hu_code special(const hu_format *f, hu_num x)
{
    (void)f;
    if (x.kind == HU_NAN)
        return NAN_CODE;
    return x.kind == HU_ZERO ? 0 : x.negative ? INF_CODE | SIGN : INF_CODE;
}

static hu_code negate(const hu_format *f, hu_code code)
{
    (void)f;
    return code & (SIGN - 1) ? code ^ SIGN : code;
}

const hu_family hu_family_hifloat8 = {.name = "hifloat8", .decode = decode, .bracket = hu_codebook_bracket, .special = special, .negate = negate};

static hu_codebook book;
static pthread_once_t book_once = PTHREAD_ONCE_INIT;

static int64_t in_units(hu_num x)
{
    if (x.kind != HU_FINITE)
        return 0;
    int64_t n = (int64_t)(x.sig >> (127 - x.exp + HU_CODEBOOK_UNIT));
    return x.negative ? -n : n;
}

static bool is_finite(int code)
{
    return code != NAN_CODE && (code & (SIGN - 1)) != INF_CODE;
}

static void make_book(void)
{
    for (int code = 0; code < 256; code++)
        book.by_code[code] = in_units(decode(NULL, (hu_code)code));
    hu_codebook_sort(&book, 256, is_finite);
    book.min_normal = INT64_C(1) << (SMALLEST_NORMAL_EXP - HU_CODEBOOK_UNIT);
    book.fine_bits = 1;
    book.beyond = in_units(decode_bits(INF_CODE, false));
}

hu_reading hu_read_hifloat8(const char *name, hu_format *f, char canonical[HU_FORMAT_NAME_SIZE], hu_error *err)
{
    (void)err;
    if (strcmp(name, "hif8") != 0)
        return HU_NOT_MINE;
    pthread_once(&book_once, make_book);
    *f = (hu_format){.family = &hu_family_hifloat8, .width_bits = 8, .man_bits = 3, .emin = -22, .emax = 15,
                     .max_code = MAX_CODE, .nan_code = NAN_CODE, .inf_code = INF_CODE, .has_inf = true, .has_nan = true,
                     .is_signed = true, .codebook = &book,
                     .source = "Luo et al., Ascend HiFloat8 Format for Deep Learning, 2024 (arXiv 2409.16626)"};
    memcpy(canonical, "hif8", sizeof "hif8");
    return HU_READ;
}
