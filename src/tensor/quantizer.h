/* quantizer.h - tensors on scaled grids: a format, which elements share a scale, and how the scale is chosen.
 *
 * For each element x with scale s (and zero point z):
 *
 *     symmetric       q = round(x / s)             the exact quotient, rounded once to the element format
 *                     v = q s                      rounded once to the carrier, nearest-even
 *     with zero point q = clip(round(x / s) + z)   the exact quotient, rounded once to an integer, then shifted and
 *                     v = (q - z) s                clipped to the element format, an integer one
 *
 * The range of the elements that share a scale is [-c, c], by a rule; with a zero point [low, high], which holds 0.
 * The scale is c / target, or (high - low) / (2^bits - 1), rounded once to the scale format (to the carrier where there is
 * none); the zero point is lowest + rne(-low / s), clipped to the element format. `target` is the element format's largest value
 * where nothing else is said, so that c becomes the largest element.
 *
 * Ranges and scores are over the finite elements. Elements that are all zero, or not finite, have the range [-1, 1]. A scale that
 * would be zero is the smallest positive value of its format instead, one past its largest value is that. A
 * NaN becomes the element format's NaN, where it has none what the format makes of it (zero, in integers); an infinity
 * what the overflow policy says. A finite v past the carrier's range is the carrier's largest value.
 *
 * A block format (formats/block.h) is a granularity with a scale rule of its own: the values are those of src/kernel/block.h.
 *
 * Sums run upward over the elements in storage order, in double; the random word of an element is that of its place in storage.
 * So nothing depends on the number of threads.
 */
#ifndef HU_TENSOR_QUANTIZER_H
#define HU_TENSOR_QUANTIZER_H

#include "src/kernel/block.h"
#include "src/tensor/partition.h"

/* How the range c of some elements is found. */
#define HU_RANGE_RULE_MAP(X)                                                                            \
    X(absmax,     "constant (1) times the largest magnitude")                                           \
    X(rms,        "constant (1) times the root of the mean square")                                     \
    X(absmean,    "constant (1) times the mean magnitude")                                              \
    X(percentile, "the magnitude below which the share `percentile` of the elements lies")              \
    X(search,     "the best of the candidates by a score")                                              \
    X(clip,       "a given number")                                                                     \
    X(fixed,      "the scale itself is a given number")
typedef enum hu_range_rule {
#define X(name, text) HU_RANGE_##name,
    HU_RANGE_RULE_MAP(X)
#undef X
} hu_range_rule;

/* What is made of a scale. Near means near in the logarithm. The ratio forms leave the largest scale as it is and bring the others
 * to it divided by a power of two: floor takes the smaller power, which never clips (ZeroQuant-FP, arXiv 2307.09782, its second
 * method). */
#define HU_POW2_MAP(X) X(none, "none") X(floor, "floor") X(near, "near") X(ceil, "ceil") \
                       X(ratio_floor, "ratio-floor") X(ratio_ceil, "ratio-ceil")
typedef enum hu_pow2 {
#define X(name, text) HU_POW2_##name,
    HU_POW2_MAP(X)
#undef X
} hu_pow2;

/* What a search makes small: a sum over the finite elements that share the scale, or over all elements for `layer`. */
#define HU_SCORE_MAP(X)                                                                                 \
    X(mse)          /* (x - v)^2                                                                     */ \
    X(lp)           /* |x - v|^power                                                                 */ \
    X(weighted)     /* weights (x - v)^2                                                             */ \
    X(cosine)       /* minus the cosine of the angle between x and v                                 */ \
    X(kl)           /* divergence of the histograms of |x| before and after, as quantizer-histogram.c says */ \
    X(layer)        /* what the function makes of v, or |activations (x - v)^T|^2                    */
typedef enum hu_score {
#define X(name) HU_SCORE_##name,
    HU_SCORE_MAP(X)
#undef X
} hu_score;

/* The score of a layer's output with the values v in the place of x; smaller is better. */
typedef hu_status hu_layer_score(void *context, const hu_tensor *v, double *score, hu_error *err);

typedef struct hu_scaled hu_scaled;
struct hu_scaled {
    const hu_block_format *block;       /* NULL: scales by what follows; else by it, and of the rest only rounding,
                                           overflow, per.axis and per.flat (blocks in storage order) are looked at */
    hu_quantizer   element;             /* format (not with a block format), rounding, overflow                  */
    hu_granularity per;
    bool           narrow;              /* a lowest value without counterpart is left out: -127 ... 127          */
    bool           zero_point;          /* integers only                                                         */
    hu_range_rule  rule;
    double         constant;            /* absmax, rms, absmean                                                  */
    double         percentile;          /* 0 < percentile <= 1; with a zero point of both tails                  */
    double         value;               /* clip, fixed                                                           */
    double         target;              /* the element that c becomes; 0: the largest                            */
    /* search: */
    const double  *candidates;          /* factors of the largest magnitude (with a zero point: of low and high), */
    size_t         n_candidates;        /* tried in this order; the first of equally good ones is taken          */
    hu_score       score;
    double         power;
    const hu_tensor *weights;           /* one for each element                                                  */
    const hu_tensor *activations;       /* [samples][last index]                                                 */
    hu_layer_score *layer;              /* looked at where there are no activations                              */
    void           *layer_context;
    /* the scale: */
    const hu_format   *scale_format;    /* NULL: the carrier                                                     */
    const hu_rounding *scale_rounding;  /* NULL: nearest-even                                                    */
    hu_pow2        pow2;
    bool           pow2_by_row;         /* ratio forms: the largest of those that differ in the last index alone */
    double         scale_least, scale_most;   /* 0: no bound                                                     */
    const hu_scaled *scales;            /* how the scales are quantized in turn; NULL: not                       */
    /* static scales: ranges that were observed; NULL: from the tensor at hand */
    const double  *frozen_low, *frozen_high;
    size_t         n_frozen;
};

/* rne and saturate, per tensor, absmax, constant 1, the candidates "ratios111", mse with power 2. */
void hu_scaled_init(hu_scaled *q, const hu_format *f);

/* Whether q can be carried out on tensors of that type: HU_OK, or the first impossible combination. */
hu_status hu_scaled_check(const hu_scaled *q, hu_dtype dtype, hu_error *err);

/* Lists of candidates by name (quantizer-search.c says whose they are); NULL with err naming those that there are. The list
 * lives as long as the process. The score and power that the source has with it go to *score and *power. */
const double *hu_candidates_find(const char *name, size_t *n, hu_score *score, double *power, hu_error *err);
const char   *hu_candidates_at(int i);           /* NULL: past the last */

/* What quantizing did, over the elements that are finite before and after. */
typedef struct hu_quantize_error {
    size_t n;               /* how many they are                                                          */
    double mse;             /* mean of (x - v)^2                                                          */
    double nmse;            /* sum of (x - v)^2 over sum of x^2; 0 where nothing changed                  */
    double sqnr_db;         /* -10 log10(nmse)                                                            */
    double max;             /* largest |x - v|                                                            */
    double clipped;         /* share of the elements of which x / s + z lies past the last element by more than half a step (in
                               block formats: past the last element) */
    double flushed;         /* share of the elements that were not zero and are                           */
} hu_quantize_error;

/* Results beside the values; what is NULL is not wanted. Arrays are empty (zeroed) on entry and the caller's to clear. */
typedef struct hu_scaled_result {
    hu_tensor *codes;             /* of the tensor's shape, doubles: the codes of q; elements of up to 53 bits             */
    hu_tensor *scales;            /* an array of as many indices as the tensor, in groups of storage order and rank1 one
                                     (rank1: all of the first index, then of the second, ...; a block format: one index, in its
                                     order, the tensor's scale multiplied in)                                         */
    hu_tensor *zeros;             /* the same for zero points; stays empty without                                    */
    hu_quantize_error *error;
    hu_flags  *flags;
} hu_scaled_result;

/* out = in on q's scaled grids. out may be in; shapes and types agree. Random words from (seed, stream, 0 ...). Takes memory of about
 * four doubles an element while it works. On failure out and the results are as they were. */
hu_status hu_scaled_apply(hu_tensor *out, const hu_tensor *in, const hu_scaled *q, uint64_t seed, uint64_t stream,
                          const hu_scaled_result *also, hu_error *err);

/* Bits that a tensor of that type and shape takes for each of its elements: codes, scales (of the scale format, of the carrier where
 * there is none, or as they are quantized in turn) and zero points, which have the width of an element. */
hu_status hu_scaled_bits(const hu_scaled *q, const hu_tensor *like, double *bits, hu_error *err);

/* ---- floats without the memory of the general way ---- */

/* Whether hu_scaled_floats is for matrices [rows][cols] on q's grids; then *run neighbors in storage share a scale. Scales of the
 * tensor, of rows, and of groups along the last index or in storage order; absmax, clips and fixed scales. */
bool hu_scaled_is_quick(const hu_scaled *q, size_t rows, size_t cols, size_t *run);

/* out = in, n floats of which `run` neighbors share a scale, with the values of hu_scaled_apply; where a stochastic mode meets a scale that
 * is no power of two, of the quotient rounded to a double. range > 0: the range of every run, in the place of q's rule.
 * scales [(n + run - 1) / run] or NULL: what they were. Random words from random->index on; out may be in. */
hu_status hu_scaled_floats(float *out, const float *in, size_t n, size_t run, const hu_scaled *q, double range,
                           const hu_random *random, float *scales, hu_error *err);

/* The largest magnitude of the finite ones, 0 where there is none. */
float hu_largest_f32(const float *x, size_t n);

/* Past these a number counts as cut: the format's lowest and largest value and half a step more. Infinite where there are none. */
void hu_format_ends(const hu_format *f, double *lowest, double *largest);

/* ---- static scales: ranges from calibration tensors ---- */

/* Combines the ranges of tensors of one shape of scales. Without momentum the widest range counts; with it low and high are momentum
 * times what they were plus 1 - momentum times the tensor's, from the first tensor's on. A score kl adds up histograms instead
 * and is searched when the ranges are asked for. */
typedef struct hu_observer {
    double  momentum;            /* 0 ... below 1; negative: without                              */
    size_t  n_tensors, n_groups;
    double *low, *high;          /* [n_groups]                                                    */
    double *histogram;           /* kl: [n_groups][HU_HISTOGRAM]                                  */
    double *top;                 /* kl: where each histogram ends                                 */
} hu_observer;

enum { HU_HISTOGRAM = 2048 };

hu_status hu_observer_add(hu_observer *o, const hu_scaled *q, const hu_tensor *t, hu_error *err);
/* Ends the observation: low and high become the ranges, which q may then use as frozen. HU_EINVAL where nothing was observed. */
hu_status hu_observer_finish(hu_observer *o, const hu_scaled *q, hu_error *err);
void      hu_observer_clear(hu_observer *o);

#endif
