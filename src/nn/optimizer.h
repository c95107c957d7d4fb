/* optimizer.h - AdamW, the learning-rate schedule and the clipping of the gradient, in float32. */
#ifndef HU_NN_OPTIMIZER_H
#define HU_NN_OPTIMIZER_H

#include <stddef.h>
#include <stdint.h>

typedef struct hu_schedule {
    double   rate;       /* after the warm-up                                      */
    double   least;      /* at the end                                             */
    uint64_t warmup;     /* steps of linear growth                                 */
    uint64_t steps;      /* all of them; 0: the rate stays after the warm-up       */
} hu_schedule;

/* The learning rate of step 0, 1, ...: rate (step + 1) / warmup while step < warmup, then half a cosine from rate
 * down to least at `steps`, and least from there on. */
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

#endif
