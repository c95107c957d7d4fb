/* optimizer.h - optimizers, one a row of a table; the learning-rate schedule and the norm of the gradient, in float32.
 *
 * An optimizer keeps states for each parameter: arrays of the parameter's size, of its rows or of its columns, and a few
 * doubles. A state may have a format (state.h): after every step its values are put on the format's grid.
 */
#ifndef HU_NN_OPTIMIZER_H
#define HU_NN_OPTIMIZER_H

#include "src/nn/state.h"

/* After the warm-up: half a cosine, a straight line, or the rate itself until the last `decay` steps, in which it falls in a straight
 * line (warm-up, stable, decay). */
#define HU_CURVE_MAP(X) X(cosine) X(linear) X(constant) X(wsd)
typedef enum hu_curve {
#define X(name) HU_CURVE_##name,
    HU_CURVE_MAP(X)
#undef X
} hu_curve;

typedef struct hu_schedule {
    double   rate;       /* after the warm-up                                      */
    double   least;      /* at the end                                             */
    uint64_t warmup;     /* steps of linear growth                                 */
    uint64_t steps;      /* all of them; 0: the rate stays after the warm-up       */
    hu_curve curve;
    uint64_t decay;      /* wsd: the last steps, in which the rate falls           */
} hu_schedule;

/* The learning rate of step 0, 1, ...: rate (step + 1) / warmup while step < warmup, then by the curve from rate
 * down to least at `steps`, and least from there on (constant: the rate). */
double hu_schedule_at(const hu_schedule *s, uint64_t step);

typedef struct hu_adamw {
    double beta1, beta2, epsilon;
    double decay;        /* weight decay, decoupled: w -= rate * decay * w         */
} hu_adamw;

/* The Euclidean norm of g, in double. */
double hu_norm(const float *g, size_t n);

/* One step on n weights; g is multiplied by `scale` first (the clipping). `count` is 1 at the first step.
 *
 *   m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2,
 *   w = w - rate (m / (1 - beta1^count)) / (sqrt(v / (1 - beta2^count)) + epsilon) - rate decay w
 *
 * Source: Loshchilov and Hutter, "Decoupled weight decay regularization", 2019, algorithm 2. */
void hu_adamw_step(const hu_adamw *a, float *w, float *m, float *v, const float *g, size_t n, double rate, double decay,
                   double scale, uint64_t count);

/* ---- the table ---- */

enum { HU_OPTIMIZER_STATES = 2, HU_OPTIMIZER_SCALARS = 5 };

typedef struct hu_optimizer hu_optimizer;

/* The numbers that an optimizer has beside the learning rate; each row says which it looks at. */
typedef struct hu_optimizer_config {
    const hu_optimizer *kind;      /* NULL: adamw                                                                       */
    double   momentum;             /* sgd                                                                               */
    bool     nesterov;             /* sgd                                                                               */
    double   eps1, eps2;           /* adafactor: added to the squares; the least root mean square of the weights        */
    double   threshold;            /* adafactor: the largest root mean square of an update                              */
    double   fading;               /* adafactor: the squares fade by 1 - t^-fading                                      */
    bool     relative;             /* adafactor: the rate is that share of the weights' root mean square                */
    double   gamma1, gamma2, gamma3;   /* stable-spam: of the norm, of its square, of the largest magnitude             */
    uint64_t reset;                /* stable-spam, spam: steps between resets of the moments; 0: none                   */
    uint64_t total;                /* stable-spam: gamma1 and beta1 fall to their half over that many steps; 0: they stay */
    double   theta;                /* spam: magnitudes are cut to the root of that many times v; 0: they are not        */
    uint64_t rewarm;               /* spam: after a reset the rate grows along a cosine over that many steps            */
    double   rho;                  /* > 0: sharpness-aware, the gradient is that of a point that far up                 */
    bool     adaptive;             /* in units of the weights' magnitudes plus eta                                      */
    double   eta;
    bool     each_part;            /* and each part of a batch climbs by its own gradient (m-sharpness)                 */
    hu_state_format state[HU_OPTIMIZER_STATES];
    size_t   least_elements;       /* arrays of up to that many elements, and those of one row or column, stay float    */
} hu_optimizer_config;

/* momentum 0.9, eps1 1e-30, eps2 1e-3, threshold 1, fading 0.8, gammas 0.7, 0.9, 0.999, reset 1000, theta 5000, rewarm 150, eta 0.01, 4096. */
hu_optimizer_config hu_optimizer_default(void);

/* One parameter in one step. */
typedef struct hu_update {
    float       *w;
    const float *g;                            /* the gradient; it counts times `scale`                 */
    size_t       rows, cols;
    float       *state[HU_OPTIMIZER_STATES];
    double      *scalar;                       /* [HU_OPTIMIZER_SCALARS], zero before the first step     */
    float       *room;                         /* [2 rows cols], 8-byte aligned, for whoever needs it    */
    double       rate, decay, scale;
    uint64_t     count;                        /* 1 at the first step                                    */
} hu_update;

struct hu_optimizer {
    const char *name;
    const char *state[HU_OPTIMIZER_STATES];    /* their names; NULL: it has not so many                  */
    double      beta1, beta2;                  /* where nothing else is said; negative: it has none      */
    void      (*step)(const hu_optimizer_config *c, const hu_adamw *a, const hu_update *u);
    size_t    (*size)(size_t rows, size_t cols, int state);    /* elements of a state; NULL: rows cols   */
    const char *source;
    bool        has_epsilon;
    uint64_t    reset;                         /* where nothing else is said; 0: as hu_optimizer_default */
};

/* By name, NULL with err naming those that there are; by number, NULL past the last. */
const hu_optimizer *hu_optimizer_find(const char *name, hu_error *err);
const hu_optimizer *hu_optimizer_at(int i);

/* Floats of state 0 or 1 of a parameter [rows][cols]; 0: the optimizer has no such state. */
size_t hu_optimizer_size(const hu_optimizer *o, size_t rows, size_t cols, int state);

/* HU_ERANGE names a number out of its range, HU_EINVAL a state's format that cannot be. */
hu_status hu_optimizer_check(const hu_optimizer_config *c, hu_error *err);

/* w moved up to the point at which sharpness-aware minimization takes its gradient: by rho g / (|g| + 1e-12), or, adaptive,
 * rho t^2 g / |t g| with t = |w| + eta for what decays and 1 for the rest. norm: of g, or of t g, over all parameters.
 * Source: Foret et al., arXiv 2010.01412; Kwon et al., arXiv 2102.11600. */
void hu_sam_climb(const hu_optimizer_config *c, float *w, const float *g, size_t n, bool decays, double norm);

/* The sum of squares of t g. */
double hu_sam_square(const hu_optimizer_config *c, const float *w, const float *g, size_t n, bool decays);

#endif
