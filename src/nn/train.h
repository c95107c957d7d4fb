/* train.h - training: batches, steps, evaluation, checkpoints.
 *
 * Everything is a function of the configuration and the seeds: the same run gives the same bits, whether it ran through
 * or was stopped, saved and taken up again, and at any number of threads.
 */
#ifndef HU_NN_TRAIN_H
#define HU_NN_TRAIN_H

#include "src/nn/model.h"
#include "src/nn/optimizer.h"
#include "src/nn/text.h"

typedef struct hu_train_config {
    size_t      batch;        /* sequences a step                                          */
    hu_schedule schedule;
    hu_adamw    adamw;
    double      clip;         /* largest norm of the gradient; 0: not clipped              */
    uint64_t    seed;         /* of the batches                                            */
    hu_policy   policy;       /* with the seed of its stochastic modes                     */
} hu_train_config;

typedef struct hu_trainer {
    hu_model       *model;    /* borrowed */
    const hu_text  *text;     /* borrowed; NULL: batches are handed in */
    hu_train_config config;
    float          *m, *v;    /* AdamW's moments */
    uint8_t        *bytes;    /* room for a batch and its targets */
    uint64_t        step;     /* steps done                                                */
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

/* One step on the next batch of the text, or on the batch given. Divergence is not an error. */
hu_status hu_trainer_step(hu_trainer *t, hu_error *err);
hu_status hu_trainer_step_on(hu_trainer *t, const hu_batch *batch, hu_error *err);

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

/* A trainer and its model as they were; the model has to have the file's configuration. */
hu_status hu_checkpoint_resume(hu_trainer *t, const char *path, hu_error *err);

#endif
