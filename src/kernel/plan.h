/* plan.h - a rounding, made ready: the format's grid among the carriers' bits, and which loops may be used.
 *
 * Internal to src/kernel. A plan is made once a call of a kernel and shared by its threads.
 */
#ifndef HU_KERNEL_PLAN_H
#define HU_KERNEL_PLAN_H

#include "src/kernel/lanes.h"
#include "src/kernel/stairs.h"

/* An output of so many bytes is written past the caches. Quantizing to e5m2 on a Xeon with 2 MiB of L2 and a share of 480 MiB of L3, as shares of memcpy, with
 * and without: 0.92 and 0.96 at 4 MiB, 0.93 and 0.92 at 8, 1.27 and 0.89 at 16, 1.03 and 0.90 at 32, 1.25 and 0.95 at 128. */
#define HU_WORTH_STREAMING ((size_t)1 << 24)

typedef struct hu_plan {
    const hu_format *format;
    const hu_lanes  *lanes;
    hu_env   env;             /* how to round; its flags are not used                               */
    hu_way   way;
    bool     is_random;
    bool     has_f32;         /* grid_f32 may be used: a fixed way of picking, at most 23 bits       */
    bool     has_odd_f32;     /* and that for floats rounded to odd                                  */
    bool     has_quick_random;   /* grid_f32 may be used with halves of random words                 */
    bool     has_f64;         /* grid_f64 may be used for exact numbers                              */
    bool     has_odd;         /* and for numbers rounded to odd                                      */
    bool     has_codes_f32, has_codes_f64;      /* fields_f32 and fields_f64 may be used              */
    hu_grid  grid_f32, grid_f64;
    hu_fields fields_f32, fields_f64;
    const hu_stairs *stairs;   /* of this format and rounding, or of the values of its codes; NULL, as made: none */
} hu_plan;

/* A block's operation: which words it draws, and the flags that it raised (OR-ed). */
typedef struct hu_draw {
    uint64_t index, stride;   /* element i draws the word index + i * stride of env's seed and stream */
    const uint64_t *words;    /* or, where this is not NULL, words[i]                                 */
} hu_draw;

/* Takes as long as rounding some thousand elements, but where it is the plan that this thread made last. It has no stairs yet. */
void hu_plan_init(hu_plan *plan, const hu_format *f, const hu_env *env);

/* HU_OK where f fits the carrier. what: who asks for it; role: "", or what it is there, such as "the sum ". */
hu_status hu_check_fit(const char *what, const char *role, const hu_format *f, bool is_f32, hu_error *err);

/* HU_OK where an output lies apart from an input, or is it from the first byte on and `may_be_same`. what: who asks for it; role: what the input is. */
hu_status hu_check_apart(const char *what, const char *role, const void *out, size_t out_bytes, const void *in, size_t in_bytes, bool may_be_same, hu_error *err);

/* The flags of what a loop met. */
hu_flags hu_plan_flags(const hu_grid *g, const hu_seen *seen);

/* out = op(a, b, c), rounded; op HU_ROUND_ONLY: out = a, rounded. n <= HU_BLOCK. out may be an operand.
 * narrow: the operands are values of float. Returns the flags. */
hu_flags hu_plan_block(const hu_plan *plan, double *out, hu_elementwise op, const double *a, const double *b,
                       const double *c, size_t n, bool narrow, hu_draw draw);

/* The codes of numbers rounded so, and the values of codes (a NaN's is the canonical one). n <= HU_BLOCK. */
hu_flags hu_plan_codes(const hu_plan *plan, uint64_t *out, const double *in, size_t n, bool narrow, hu_draw draw);
void     hu_plan_values(const hu_plan *plan, double *out, const uint64_t *in, size_t n);

/* The code of one number, by src/ops; a NaN has the canonical code. And the value of one code. */
hu_code hu_plan_code(const hu_format *f, hu_env *env, double x, bool narrow);
double  hu_plan_value(const hu_format *f, hu_code code);

/* At the end of a parallel region that rounded to f: what MPFR keeps is freed in all threads but the first, which wait for more
 * work from here on. */
void hu_plan_end_of_thread(const hu_format *f);

/* How often a block went through src/ops since the process began; for tests and benches. */
unsigned long hu_plan_slow_blocks(void);

#endif
