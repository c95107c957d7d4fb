/* cases.h - the operands of a set of vectors, by number.
 *
 * Where the operands have at most 2^18 combinations, every one of them. Else, and where fewer lines are asked for, the ones that
 * show errors (src/hardware/lister.h) and after them random ones. The operands of line i are a function of the task, the seed, the count and i alone.
 */
#ifndef HU_HARDWARE_CASES_H
#define HU_HARDWARE_CASES_H

#include "src/hardware/task.h"

#define HU_CASES_CLASSES(X)                                                                                                     \
    X(HU_CASES_BOUNDARY,     "boundary")     /* values at the edges of the format, crossed with each other */                   \
    X(HU_CASES_TIES,         "ties")         /* results at a midpoint, and as near to one as the operands allow */              \
    X(HU_CASES_FLIPS,        "flips")        /* neighboring operands with different nearest results */                          \
    X(HU_CASES_CANCELLATION, "cancellation") /* differences of nearly equal numbers */                                          \
    X(HU_CASES_SUBNORMAL,    "subnormal")    /* results below and beside the smallest normal */                                 \
    X(HU_CASES_OVERFLOW,     "overflow")     /* results beside the largest finite value */                                      \
    X(HU_CASES_STYLES,       "styles")       /* dot products and blocks: cancellation, midpoints, thresholds, special values */ \
    X(HU_CASES_RANDOM,       "random")       /* random codes, codes of few bits, and operands of near exponents */              \
    X(HU_CASES_ALL,          "all")          /* all operands there are */

typedef enum hu_cases_class {
#define X(name, text) name,
    HU_CASES_CLASSES(X)
#undef X
    HU_CASES_N
} hu_cases_class;

const char *hu_cases_class_name(hu_cases_class c);

typedef struct hu_cases hu_cases;

/* count 0: all combinations, or 100000 lines where there are more, or as many as the list of special ones has. A smaller count
 * takes lines from all classes evenly; a larger one is filled with random lines (of a mode without random bits never more
 * than there are combinations). Of at most 2^18 combinations none comes twice before every one has come. `t` stays the caller's and is used as long as the cases are.
 * HU_ENOMEM. Costs some thousand operations for the list. */
hu_status hu_cases_new(hu_cases **out, const hu_task *t, uint64_t seed, uint64_t count, hu_error *err);
void      hu_cases_free(hu_cases *c);

uint64_t hu_cases_count(const hu_cases *c);
uint64_t hu_cases_in_class(const hu_cases *c, hu_cases_class which);

/* The operands and random bits of line i < count, into in[t->in_words]. */
void hu_cases_get(const hu_cases *c, uint64_t i, uint64_t *in);

#endif
