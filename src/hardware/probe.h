/* probe.h - dot products that show how a matrix unit adds, and what their results say of it.
 *
 * A probe is an accumulator c and a few products at places of a dot product of `terms` terms; all others are zero. The unit computes
 * c + sum of a[k] b[k], its instructions one after another upward over k, and the results tell its parameters (block-fma.h):
 *
 *     part 1   c and the product at place 0, which every unit adds in one step: width, modes, precision, and what of c is cut
 *     part 2   products at many places: which are added at once
 *     part 3   the smallest products: the lowest exponent
 *
 * The fit tries all parameters against each part in turn and keeps those that explain every result.
 */
#ifndef HU_HARDWARE_PROBE_H
#define HU_HARDWARE_PROBE_H

#include <stdio.h>

#include "src/kernel/block-fma.h"

enum { HU_PROBE_PARTS = 3, HU_PROBE_NEAREST = 12, HU_PROBE_MOST_TERMS = 1024 };

typedef struct hu_probe_term {
    int    place;
    double a, b;
} hu_probe_term;

typedef struct hu_probe {
    int    part, n;
    size_t first;            /* of its terms in the set's, by place upward */
    double c, result;
} hu_probe;

typedef struct hu_probe_set {
    const hu_format *a, *b, *output;     /* output: of c and the results */
    int            terms;
    bool           has_results;
    hu_probe      *probe;
    size_t         n, room;
    hu_probe_term *term;
    size_t         n_terms, term_room;
} hu_probe_set;

/* The probes for operands of these formats; a function of its arguments. Release it with clear, also after a failure.
 * HU_EINVAL where the formats are not of the float family or terms is not from 2 to HU_PROBE_MOST_TERMS; HU_ENOMEM. */
hu_status hu_probe_make(hu_probe_set *set, const hu_format *a, const hu_format *b, const hu_format *output, int terms, uint64_t seed, hu_error *err);
void hu_probe_clear(hu_probe_set *set);

/* What an adder makes of a probe. least: NULL, or lowered to the least exponent that a step aligned to, leaving m->lowest aside. */
double hu_probe_run(const hu_probe_set *set, const hu_probe *p, const hu_block_fma *m, int *least);

/* Fills in all results. */
void hu_probe_answer(hu_probe_set *set, const hu_block_fma *m);

/* Text: a header of lines "# key: value", then a line a probe: its part, c, and place, a and b of each term, all as codes; then, if it has
 * one, "=" and the result. docs/vectors.md describes it. False: it could not be written. */
bool hu_probe_write(const hu_probe_set *set, FILE *out);

/* Reads such a file ("-": standard input); results: NULL, or a file with a code a line. HU_EPARSE names the line. */
hu_status hu_probe_read(hu_probe_set *set, const char *path, const char *results, hu_error *err);

/* What explains all results: the parameters that remain, least and most of each. */
typedef struct hu_probe_fit {
    size_t           survivors;                    /* sets of parameters that explain everything; 0: none    */
    int              part;                         /* without survivors: the first part that nothing explains */
    hu_block_fma     first;                        /* the plainest of them                                   */
    int              group[2], interleave[2], width[2], lowest[2];
    unsigned         align, final;                 /* sets of modes, by their place in hu_rounding_at        */
    unsigned         normalizes, late;             /* 1: may be false, 2: may be true                        */
    const hu_block_profile *nearest[HU_PROBE_NEAREST];     /* the profiles of these formats that err least, then NULL */
    size_t           nearest_wrong;                /* results that they have otherwise                       */
} hu_probe_fit;

/* Tries the parts one after the other, each with what explains those before. HU_EINVAL: the probes have no results; HU_ENOMEM. */
hu_status hu_probe_fit_all(const hu_probe_set *set, hu_probe_fit *fit, hu_error *err);

#endif
