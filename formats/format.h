/* format.h - what a number system is.
 *
 * A format is an immutable description, found by name, shared by all threads and never freed by its
 * users. Its family has three functions: decode (code -> exact number), bracket (exact number -> the
 * two neighbors and the position between them) and special (the code of a zero, a NaN or an infinity). Formats know
 * nothing of rounding modes.
 * Needs src/num. Used by rounding/, src/ops and everything above.
 */
#ifndef HU_FORMATS_FORMAT_H
#define HU_FORMATS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/status.h"
#include "src/num/bits.h"

typedef hu_u128 hu_code;             /* the bit pattern of a value, right-aligned */

#define HU_HALF (UINT64_C(1) << 62)  /* bracket position: the midpoint            */
#define HU_ONE  (UINT64_C(1) << 63)  /* bracket position: at or past `hi`         */

/* Where an exact number lies among the values of a format. `lo` is the neighbor nearer zero and `hi`
 * the one farther from it. Beyond the largest finite value `hi` stands for overflow and the position
 * counts as if the grid went on (IEEE 754-2019, section 4.3.1). */
typedef struct hu_bracket {
    hu_code  lo, hi;
    uint64_t part;        /* (|x| - |lo|) / (|hi| - |lo|) in units of 2^-63; the last bit is a sticky one;
                             0: x is lo exactly; HU_ONE only when `overflow`, or where the family lets no
                             mode but a directed one take lo (a zero lo, in posits and takums)     */
    bool     negative;    /* sign of x                                                             */
    bool     odd;         /* lo is the odd one of the two                                          */
    bool     overflow;    /* lo is the finite value farthest out on x's side of zero (0 where the format has no
                             numbers there), and x is not lo                                       */
    bool     odd_hi;      /* overflow: hi is an odd code and round to odd takes it; else it stays at lo */
    bool     invalid;     /* overflow: hi is a NaN for want of numbers below zero; taking it is invalid */
    bool     tiny;        /* 0 < |x| < smallest normal                                             */
    bool     lo_wraps;    /* lo, or hi, is what its neighbor past the range becomes in a format    */
    bool     hi_wraps;    /* that wraps around; to take it is an overflow and inexact              */
    uint64_t fine;        /* tiny and hi is the smallest normal: the position between hi and the value just
                             below it that an unbounded exponent range would have (odd when lo is), in the
                             same units; else 0. From it follows tininess after rounding.          */
} hu_bracket;

typedef struct hu_format hu_format;

/* What an operation makes of its operands x, where the family itself has to say. */
typedef enum hu_term {
    HU_TERM_NONE,
    HU_TERM_SUM, HU_TERM_DIFFERENCE, HU_TERM_PRODUCT, HU_TERM_QUOTIENT, HU_TERM_ROOT,
    HU_TERM_FUSED         /* x[0] x[1] + x[2] */
} hu_term;

struct hu_wide;                       /* src/num/wide.h, internal */
struct hu_logarithmic;                /* formats/logarithmic.h, internal */

typedef struct hu_family {
    const char *name;                                         /* "float", ...                      */
    hu_num     (*decode)(const hu_format *f, hu_code code);
    hu_bracket (*bracket)(const hu_format *f, hu_num x);      /* x: HU_FINITE                      */
    hu_code    (*special)(const hu_format *f, hu_num x);      /* x: HU_ZERO, HU_INF or HU_NAN; where the format
                                                                 has no code for it, the nearest honest one:
                                                                 see the family's head              */
    hu_code    (*negate)(const hu_format *f, hu_code code);   /* the code of -x; x's own where there is none */
    void       (*wide)(const hu_format *f, hu_code code, struct hu_wide *out);   /* where there is a `result`: decode, to 320 bits */
    bool       (*result)(const hu_format *f, hu_term term, const hu_code *x, hu_bracket *out);
                                                              /* where values are irrational and decode cuts them: the
                                                                 bracket of the exact result on codes of finite values (no
                                                                 division by zero, no root of a negative); false: the
                                                                 result is zero. NULL: all values are exact numbers */
    bool       (*quick)(const hu_format *f, hu_num x, hu_bracket *out);   /* bracket, but of `part` only whether it is 0, HU_HALF or HU_ONE
                                                                 or on which side of HU_HALF; much faster. false, or NULL: only
                                                                 bracket can say */
    bool       (*quick_result)(const hu_format *f, hu_term term, const hu_code *x, hu_bracket *out);   /* so, too, result; false: only result can say */
    const char *operations;                                   /* those of src/ops/table.c that the family has, by name with
                                                                 a space between them; NULL: all of them */
    const struct hu_logarithmic *logarithmic;                 /* how codes say a logarithm, where they do */
} hu_family;

extern const hu_family hu_family_float;
extern const hu_family hu_family_wide;
extern const hu_family hu_family_posit;
extern const hu_family hu_family_takum;
extern const hu_family hu_family_takum_log;
extern const hu_family hu_family_lns;
extern const hu_family hu_family_p3109;
extern const hu_family hu_family_ufloat;
extern const hu_family hu_family_fixed;
extern const hu_family hu_family_codebook;
extern const hu_family hu_family_hifloat8;
extern const hu_family hu_family_listed;

struct hu_codebook;                   /* the list of values of a codebook: formats/codebook.h */
struct hu_listed;                     /* the values of a format defined by a user: formats/listed.h */

typedef enum hu_specials {
    HU_SPECIALS_IEEE,     /* exponent all ones: infinity when the trailing significand is 0, else NaN */
    HU_SPECIALS_FN,       /* no infinity; NaN where exponent and trailing significand are all ones    */
    HU_SPECIALS_FNUZ,     /* no infinity, no negative zero; NaN is the code of -0                     */
    HU_SPECIALS_FINITE,   /* neither infinity nor NaN                                                 */
} hu_specials;

typedef enum hu_subnormals {          /* a set of bits; 0: kept                                       */
    HU_FLUSH_IN  = 1,     /* a subnormal code is read as a zero of its sign                           */
    HU_FLUSH_OUT = 2,     /* a result that is tiny after rounding becomes a zero of its sign          */
} hu_subnormals;

struct hu_format {
    const char      *name;          /* canonical: as the grammar writes it                            */
    const hu_family *family;
    int              width_bits;    /* of a code                                                      */
    int              exp_bits;      /* of the exponent field                                          */
    int              man_bits;      /* of the trailing significand, the longest where that varies; precision p = man_bits + 1 */
    int              bias;
    hu_specials      specials;
    unsigned         subnormals;    /* HU_FLUSH_IN | HU_FLUSH_OUT                                     */
    int              emin;          /* exponent of the smallest normal, 1 - bias; of the smallest positive value in posits, takums, codebooks; fixed: see there */
    int              emax;          /* exponent of the largest finite value                           */
    hu_code          max_code;      /* of the largest finite value                                    */
    hu_code          nan_code;      /* canonical quiet NaN; without one, what a NaN becomes           */
    hu_code          inf_code;      /* positive infinity; equals nan_code or max_code without one     */
    bool             has_inf, has_nan, has_negative_zero, is_signed;
    bool             lacks_zero;    /* zero becomes the smallest value, which is inexact              */
    bool             is_wide;       /* floating point with man_bits > 62: operations go through src/ops/bits.h; where width_bits
                                       > 128, no hu_code holds its codes, and max_code, nan_code and inf_code are 0 */
    bool             explicit_leading; /* the leading bit is written out between exponent and trailing significand */
    bool             wraps;         /* fixed: results past the range come back at its other end       */
    const struct hu_codebook *codebook;   /* codebooks, HiFloat8: their values                        */
    const struct hu_listed *listed;       /* formats defined by a user: theirs                        */
    const char      *source;        /* where the format is defined                                    */
};

/* The format of that name, by the grammar of the manual: e5m2 e4m3fn e4m3b11fnuz e5m7{bias=20,subnormals=flush}
 * fp32 bf16 ... NULL with err saying what was expected and the nearest valid name. A format found
 * once stays for the life of the process; finding it again gives the same pointer. Thread-safe. */
const hu_format *hu_format_find(const char *name, hu_error *err);

/* A format of your own: a list of values.
 *
 *   name       letters, digits and underscores, a letter first, at most 40; not one that stands for a format already
 *   values     [n], what codes 0 to n - 1 stand for: doubles, zero or at least 2^-1022 in size, in any order; of two codes of one value
 *              results have the first. At least two different ones, one of them positive. 0.0 and -0.0 give the format a negative zero.
 *   n          2 to 65536; a code has as many bits as n - 1, and codes from n up, which no result has, are NaNs
 *   nonfinite  values may be NaN or infinite too: the format then has these; else that is an error
 *   source     where it is defined, for its description; NULL: "defined by the user". Copied, as the rest is.
 *
 * From then on hu_format_find finds it by its name. The same name with the same values again gives the same pointer, with others it is an
 * error. How it rounds is told at the head of formats/listed.c. NULL with err where something does not hold or memory is short. Thread-safe. */
enum { HU_DEFINED_CODES = 1 << 16 };

typedef struct hu_definition {
    const char   *name;
    const double *values;
    size_t        n;
    bool          nonfinite;
    const char   *source;
} hu_definition;

const hu_format *hu_format_define(const hu_definition *d, hu_error *err);

/* The i-th format so defined, in their order, and the SHA-256 of its values, in hexadecimal (formats/listed.h says of which bytes); NULL past the last. */
const hu_format *hu_format_defined_at(int i, const char **sha256);

/* The i-th named format of the table (not the ones made by the grammar); NULL past the last. */
const hu_format *hu_format_at(int i);

/* The sentence that says what a format name looks like, for error messages and help. */
extern const char hu_format_grammar[];

/* The i-th alias and what it stands for; NULL past the last. */
const char *hu_format_alias_at(int i, const char **stands_for);

/* Whether the codes have fields for a sign, an exponent and a significand, and count magnitudes up to max_code; then every
 * finite value is a number of man_bits + 1 bits, with exponents from emin, where the steps stay the same below, to emax. */
bool hu_format_has_fields(const hu_format *f);

/* Properties of a format, exact: largest finite, smallest positive normal and subnormal (zero where there is none), and the
 * distance from 1 to the next larger value (zero where 1 is not a value or the largest). */
hu_num hu_format_max(const hu_format *f);             /* of more than 128 bits of precision: cut to so many, with the sticky bit */
hu_num hu_format_min_normal(const hu_format *f);
hu_num hu_format_min_subnormal(const hu_format *f);   /* the smallest normal where subnormals are flushed (in or out) or absent */
hu_num hu_format_epsilon(const hu_format *f);

/* The code of the largest finite value, whatever the width. */
hu_bits hu_format_max_bits(const hu_format *f);

static inline hu_num hu_decode(const hu_format *f, hu_code code)
{
    return f->family->decode(f, code);
}

/* The codes of f run from 0 to this one, where width_bits <= 128. */
hu_code hu_format_last_code(const hu_format *f);

#endif
