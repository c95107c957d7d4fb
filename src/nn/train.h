/* train.h - training: batches, steps, evaluation, checkpoints.
 *
 * Everything is a function of the configuration and the seeds: the same run gives the same bits, whether it ran through
 * or was stopped, saved and taken up again, and at any number of threads.
 */
#ifndef HU_NN_TRAIN_H
#define HU_NN_TRAIN_H

#include "src/nn/data.h"
#include "src/nn/model.h"
#include "src/nn/optimizer.h"
#include "src/nn/reduce.h"
#include "src/nn/text.h"

typedef struct hu_train_config {
    size_t      batch;        /* sequences a step                                          */
    hu_schedule schedule;
    hu_adamw    adamw;
    double      clip;         /* largest norm of the gradient; 0: not clipped              */
    uint64_t    seed;         /* of the batches                                            */
    hu_policy   policy;       /* with the seed of its stochastic modes; its rules are copied */
    hu_optimizer_config optimizer;
    size_t      accumulate;   /* parts that a batch is cut into, whose gradients are added up; 0: 1 */
    size_t      shards;       /* simulated machines, each with as many of the parts; 0: 1  */
    hu_collective collective; /* how they reduce their gradients, by the policy's HU_P_REDUCE */
    size_t      group;        /* of a hierarchical one                                     */
    double      loss_scale;   /* 0: 1                                                      */
    bool        dynamic_scale;   /* it is halved, and the step changes nothing, where a gradient is not finite, and doubled after
                                    `growth` steps without; below 2^-24 the run has diverged */
    uint64_t    growth;       /* 0: 2000                                                   */
    bool        counters;     /* quantizers count                                          */
} hu_train_config;

typedef struct hu_trainer {
    hu_model       *model;    /* borrowed */
    const hu_text  *text;     /* borrowed; NULL: batches are handed in, or come from data */
    const hu_data  *data;     /* borrowed; see hu_trainer_use */
    float          *features, *values;   /* room for a batch of the data */
    int32_t        *classes;
    hu_train_config config;
    float          *states[HU_OPTIMIZER_STATES];      /* of all parameters, one after the other */
    size_t          n_states[HU_OPTIMIZER_STATES];
    double         *scalars;  /* [n_parameters][HU_OPTIMIZER_SCALARS] */
    hu_policy       policy;   /* the configuration's, bound to the model, with `memory` as its state */
    hu_policy      *layers;   /* room for it */
    unsigned       *owner;    /* [n_parameters] the layer of each; n_layers: none */
    hu_policy_state memory;   /* histories and counts: a row a layer, a row a parameter, one for what the shards send */
    float          *room;     /* for two of the largest parameter */
    float          *shards;   /* [shards][n_weights]; NULL: the gradient comes in one part */
    float          *kept;     /* the weights during a sharpness-aware step; NULL: none */
    uint8_t        *bytes;    /* room for a batch and its targets */
    uint64_t        step;     /* steps done                                                */
    uint64_t        updates;  /* those of them that changed the weights                    */
    double          loss_scale;
    uint64_t        good;     /* steps since the scale was last changed                    */
    double          loss;     /* of the last step, before its update: nats a target        */
    double          norm;     /* of its gradient, before clipping                          */
    double          rate;     /* its learning rate                                         */
    bool            diverged; /* loss or gradient was not finite: that step changed nothing, and no further one will */
} hu_trainer;

/* The settings that a run has unless it says otherwise: batch 8, rate 1e-3 to 1e-4 over 300 steps with 10 of
 * warm-up, betas 0.9 and 0.95, epsilon 1e-8, decay 0.1, clip 1, full precision. */
hu_train_config hu_train_default(void);

/* HU_EINVAL names the setting that does not fit, or the text that is too short for the model's context. */
hu_status hu_trainer_init(hu_trainer *t, hu_model *model, const hu_text *text, hu_train_config config, hu_error *err);
void      hu_trainer_clear(hu_trainer *t);   /* a zeroed one may be cleared */

/* The row of the state's counters that belongs to a parameter; n_parameters: to what the shards send. */
size_t hu_trainer_row(const hu_trainer *t, size_t parameter);

/* What a run needs beside its weights and states: scale of the loss, scalars of the optimizer, histories of the policy's scales. How
 * many numbers they are; out = them; and back, HU_EPARSE where they are not those of such a trainer. */
size_t    hu_trainer_numbers(const hu_trainer *t);
size_t    hu_trainer_scalars(const hu_trainer *t);      /* the first of them, without the histories */
void      hu_trainer_numbers_save(const hu_trainer *t, double *out);
hu_status hu_trainer_numbers_load(hu_trainer *t, const double *in, size_t n, hu_error *err);

/* Optimizer and formats of its states in words: what a checkpoint has to agree with; NULL when out of memory. */
char *hu_trainer_text(const hu_trainer *t);

/* For the steps: states and room for them; and the optimizer on every parameter, then the master weights on their grids. */
hu_status hu_update_init(hu_trainer *t, hu_error *err);
void      hu_update_clear(hu_trainer *t);
hu_status hu_update_step(hu_trainer *t, double scale, hu_error *err);

/* One step on the next batch of the text, or on the batch given. Divergence is not an error. */
hu_status hu_trainer_step(hu_trainer *t, hu_error *err);
hu_status hu_trainer_step_on(hu_trainer *t, const hu_batch *batch, hu_error *err);

/* Examples to train on, for a trainer without a text. HU_EINVAL, HU_ESHAPE, HU_ERANGE: they are not what the model takes. */
hu_status hu_trainer_use(hu_trainer *t, const hu_data *data, hu_error *err);

/* HU_OK where the model takes such examples; else what does not fit. */
hu_status hu_data_fits(const hu_data *data, const hu_model *m, hu_error *err);

/* The next batch of the data, in the trainer's memory. */
hu_batch hu_trainer_batch(const hu_trainer *t);

/* The mean loss in nats over one part of the data and the share of right classes (NaN where there are values), with the
 * statistics of training, in float32 by the policy or without one. */
hu_status hu_evaluate_data(hu_model *m, const hu_data *data, bool heldout, const hu_policy *policy, uint64_t step, double *loss,
                           double *accuracy, hu_error *err);

/* Bits per byte over one part of a text, cut into pieces as long as the model's context; what is left over at the end
 * is not counted. `most` > 0: at most that many pieces, evenly spread. In float32 by the policy, or without one, with
 * the random streams of `step`. */
hu_status hu_evaluate(hu_model *m, const hu_text *text, bool heldout, size_t most, const hu_policy *policy, uint64_t step,
                      double *bits, hu_error *err);

/* A file with the model's configuration and weights and, with a trainer, its moments and step. Written beside its
 * name first and then moved there, so that a full disk leaves the older one. HU_EIO with the reason. */
hu_status hu_checkpoint_save(const hu_model *m, const hu_trainer *t, const char *path, hu_error *err);

/* A new model from such a file. HU_EPARSE: the file is not one. */
hu_status hu_checkpoint_load(hu_model *m, const char *path, hu_error *err);

/* The weights (and statistics) of such a file into a model that it was written from. HU_ESHAPE: it was another one. */
hu_status hu_checkpoint_read(hu_model *m, const char *path, hu_error *err);

/* A trainer and its model as they were; the model has to have the file's configuration. */
hu_status hu_checkpoint_resume(hu_trainer *t, const char *path, hu_error *err);

#endif
