/* env.h - the surroundings of an operation: how it rounds, what it does at the edges, what it raised.
 *
 * Passed explicitly; there is no global state and the processor's own modes and flags are left alone.
 */
#ifndef HU_OPS_ENV_H
#define HU_OPS_ENV_H

#include "rounding/rounding.h"
#include "src/base/random.h"

typedef unsigned hu_flags;            /* sticky: operations OR into them */

#define HU_FLAG_MAP(X)                                  \
    X(HU_INVALID,   0x10, "invalid")                    \
    X(HU_DIVBYZERO, 0x08, "divbyzero")                  \
    X(HU_OVERFLOW,  0x04, "overflow")                   \
    X(HU_UNDERFLOW, 0x02, "underflow")                  \
    X(HU_INEXACT,   0x01, "inexact")

enum {
#define X(name, bit, text) name = bit,
    HU_FLAG_MAP(X)
#undef X
};

typedef enum hu_overflow {
    HU_OVERFLOW_IEEE,           /* infinity (or NaN, or the largest value, by what the format has), except
                                   where the mode picks the largest finite value                        */
    HU_OVERFLOW_SATURATE,       /* the largest finite value, for infinities too                         */
    HU_OVERFLOW_SATURATE_FINITE /* the largest finite value; infinities stay (saturate-finite-only)     */
} hu_overflow;

typedef enum hu_tininess { HU_TININESS_AFTER, HU_TININESS_BEFORE } hu_tininess;

typedef enum hu_nan_rule {
    HU_NAN_CANONICAL,           /* every NaN result is the format's canonical quiet NaN                 */
    HU_NAN_PROPAGATE            /* the payload and sign of the first NaN operand, made quiet            */
} hu_nan_rule;

typedef struct hu_env {
    const hu_rounding *rounding;
    hu_overflow        overflow;
    hu_tininess        tininess;
    hu_nan_rule        nan;
    hu_random          random;  /* a stochastic rounding takes the word at random.index, which moves on */
    const uint64_t    *word;    /* not NULL: src/ops takes this word instead, and random.index moves on all the same;
                                   array kernels do not look at it */
    hu_flags           flags;
    bool               no_flags;   /* nobody will look at the flags: array kernels need not raise them, and may be faster so */
} hu_env;

/* Nearest-even, ieee, after, canonical, seed 0, no flags. */
hu_env hu_env_default(void);

/* The random word of the next rounding, by which random.index moves on; 0 where the mode takes none. */
uint64_t hu_env_draw(hu_env *env);

/* ieee, saturate (sat), saturate-finite-only (satfinite). */
hu_status hu_overflow_find(const char *name, hu_overflow *out, hu_error *err);

/* Reads "rne", "rne+sat", "rz+satfinite" (mode, then the overflow policy) into env.
 * Long names ("saturate", "saturate-finite-only") are read after the plus too. */
hu_status hu_env_parse_mode(hu_env *env, const char *text, hu_error *err);

/* "invalid,inexact", or "-" when none; at most HU_FLAGS_SIZE bytes with the final 0. Returns text. */
#define HU_FLAGS_SIZE 48
char *hu_flags_to_text(hu_flags flags, char text[HU_FLAGS_SIZE]);

#endif
