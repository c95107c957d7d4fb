/* counters.h - what quantizers did during training, and how large their inputs were: counts and histories.
 *
 * A state has a row for each layer and, after those, one for each parameter, and in each row a place for every role.
 * Counts are exact: whole numbers, and sums in double over the elements in storage order, call by call.
 */
#ifndef HU_NN_COUNTERS_H
#define HU_NN_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/status.h"

/* Exponents -150 ... 129 of what is counted; smaller and larger ones count as these. */
enum { HU_EXPONENTS = 280, HU_EXPONENT_LEAST = -150 };

typedef struct hu_counts {
    uint64_t n;                         /* elements                                                         */
    uint64_t zeros, not_finite;         /* of the input                                                     */
    uint64_t saturated;                 /* finite ones past the largest value by more than half a step; block formats: cut */
    uint64_t flushed;                   /* finite ones that were not zero and are                           */
    uint64_t exponent[HU_EXPONENTS];    /* of finite ones that are not zero: floor(log2(|x|))               */
    double   signal, noise;             /* sums of x^2 and (x - v)^2 over those finite before and after     */
} hu_counts;

/* What one or more uses of a quantizer saw. */
typedef struct hu_policy_seen {
    double    largest;                  /* magnitude of the finite ones */
    hu_counts counts;
} hu_policy_seen;

/* The largest magnitudes of the last steps, in a ring. */
typedef struct hu_history {
    double  *ring;                      /* [length], the oldest is overwritten */
    unsigned length, filled, next;
    double   now;                       /* of this step so far                 */
    bool     used;
} hu_history;

/* Roles that are counted: those of policies, then the states of the optimizer. */
enum { HU_ROLE_STATES = 16, HU_ROLE_COUNT = HU_ROLE_STATES + 3 };

typedef struct hu_policy_state {
    size_t      n_rows;
    bool        counting;               /* false: histories alone              */
    hu_counts **counts;                 /* [n_rows][HU_ROLE_COUNT], each NULL until it is first used */
    hu_history *history;                /* [n_rows][HU_ROLE_COUNT]             */
    bool        failed;                 /* there was no memory for something   */
} hu_policy_state;

hu_status hu_policy_state_init(hu_policy_state *s, size_t n_rows, hu_error *err);
void      hu_policy_state_clear(hu_policy_state *s);     /* a zeroed one may be cleared */

/* Ends a step: what was seen in it becomes the newest of each history. */
void hu_policy_state_advance(hu_policy_state *s);

/* What is not to count: a step that was skipped. */
void hu_policy_state_forget(hu_policy_state *s);

/* All counts zero. */
void hu_policy_state_reset(hu_policy_state *s);

/* The largest magnitude in a history; 0 while it is empty. s may be NULL. */
double hu_policy_state_largest(const hu_policy_state *s, size_t row, int role);

/* Adds what was seen. length: of the history, 0: none. */
void hu_policy_state_add(hu_policy_state *s, size_t row, int role, unsigned length, const hu_policy_seen *seen);

/* The histories as numbers, and back: how many there are, for a checkpoint. Sizes follow from what was used. */
size_t    hu_policy_state_size(const hu_policy_state *s);
void      hu_policy_state_save(const hu_policy_state *s, double *out);
hu_status hu_policy_state_load(hu_policy_state *s, const double *in, size_t n, hu_error *err);

/* Counts n inputs and what became of them. `largest` is the last value of the format times its scale, plus half a step: finite
 * inputs of a larger magnitude, or on the other side of `lowest`, are saturated. */
void hu_counts_add_f32(hu_counts *c, const float *in, const float *out, size_t n, double lowest, double largest);
void hu_counts_add_f64(hu_counts *c, const double *in, const double *out, size_t n, double lowest, double largest);

/* -10 log10(noise / signal). */
double hu_counts_sqnr(const hu_counts *c);

#endif
