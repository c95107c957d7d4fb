/* quantizer-parts.h - what the files of the scaled quantizer share. Internal to src/tensor.
 *
 * Everything is computed in doubles, which hold the values of both carriers; a tensor's type says to which carrier scales
 * and results are rounded.
 */
#ifndef HU_TENSOR_QUANTIZER_PARTS_H
#define HU_TENSOR_QUANTIZER_PARTS_H

#include "src/tensor/quantizer.h"
#include "src/tensor/steps.h"

/* A quantizer made ready for tensors of one type. */
typedef struct hu_scale_maker {
    const hu_scaled *q;
    hu_dtype dtype;
    hu_env   env;                       /* of the elements                                             */
    double   lowest, largest;           /* elements that are used                                      */
    double   below, above;              /* past these a quotient counts as clipped                     */
    double   target;                    /* the element that c becomes                                  */
    const hu_format *scale_format;
    hu_env   scale_env;
    double   least_scale;               /* smallest positive value of the scale format                 */
    const hu_format *wide;              /* with a zero point: the integers that x / s is rounded to    */
} hu_scale_maker;

/* What belongs to one tensor while it is worked on: [n_groups] and [n] doubles. */
typedef struct hu_scale_work {
    hu_scale_maker m;
    hu_partition   p;
    const double *x;                    /* [n]                                    */
    double *low, *high, *scale, *zero;  /* [n_groups]                             */
    double *s, *z;                      /* [n] an element's own; z NULL without   */
    double *q, *v;                      /* [n] elements and values                */
    const double *unit;                 /* while searching: [n_groups], of what size a group's errors are counted */
    const hu_steps *steps;              /* while searching: elements by these; NULL: by hu_map_f64 */
    hu_tensor like;                     /* the tensor's type and shape            */
} hu_scale_work;

hu_status hu_scale_maker_init(hu_scale_maker *m, const hu_scaled *q, hu_dtype dtype, hu_error *err);

/* The scale of a range. */
double hu_scale_of_range(const hu_scale_maker *m, double low, double high);

/* low and high of all groups by q's rule, of a search the ranges that its candidates are factors of. */
hu_status hu_ranges_find(hu_scale_work *w, hu_error *err);

/* Replaces low and high by the best candidate's; and of frozen histograms. */
hu_status hu_ranges_search(hu_scale_work *w, hu_error *err);
hu_status hu_histograms_range(hu_scale_work *w, hu_error *err);
hu_status hu_histograms_search(const hu_scale_maker *m, const double *histogram, const double *top, size_t n_groups,
                               double *low, double *high, hu_error *err);

/* The power of two that brings numbers of up to that magnitude near 1, so that squares of them neither overflow nor vanish; 1 for all
 * that are not far from it. */
double hu_unit_for(double magnitude);

/* The elements' environment, to nearest-even where that draws random words. */
hu_env hu_search_env(const hu_scale_maker *m);

/* Adds the magnitudes of group g's finite elements to the histograms, each from 0 to top[g] (those past it to its last place). */
void hu_histograms_add(const hu_partition *p, const double *x, double *histogram, const double *top);

/* scale and zero from low and high, one by one; all that q makes of them; each element on the grid: s, z, q and v, by env. */
void      hu_scales_make(hu_scale_work *w);
hu_status hu_scales_finish(hu_scale_work *w, hu_error *err);
hu_status hu_scales_apply(hu_scale_work *w, hu_env *env, hu_error *err);

/* The ranges of the values x, which are a tensor's of like's type and shape. x is borrowed. w is to be cleared,
 * whatever the status. */
hu_status hu_scale_work_init(hu_scale_work *w, const hu_scaled *q, const hu_tensor *like, const double *x, hu_error *err);
void      hu_scale_work_clear(hu_scale_work *w);

/* The same for block formats. */
hu_status hu_block_scaled_check(const hu_scaled *q, hu_dtype dtype, hu_error *err);
hu_status hu_block_scaled_apply(hu_tensor *out, const hu_tensor *in, const hu_scaled *q, uint64_t seed, uint64_t stream,
                                const hu_scaled_result *also, hu_error *err);
hu_status hu_block_scaled_bits(const hu_scaled *q, const hu_tensor *like, double *bits, hu_error *err);

/* The values of t as doubles: its own, or *copy, which is new and the caller's to free; NULL when out of memory. */
const double *hu_tensor_doubles(const hu_tensor *t, double **copy, hu_error *err);

#endif
