/* stability.h - did a training run diverge, and how often did its loss spike?
 *
 * The paper these counts are made for ("To FP8 and Back Again", arXiv:2405.18710) defines neither, so two
 * rules for each are reported side by side. Losses are in nats, one a step.
 *
 * The smoothed loss is EMA_t = (sum_{s <= t} d^(t-s) loss_s) / (sum_{s <= t} d^(t-s)) with d = 0.99: an
 * exponential moving average with its bias at the start divided out, so that EMA_0 = loss_0 and short runs
 * are not ruled by it.
 */
#ifndef HU_ANALYSIS_STABILITY_H
#define HU_ANALYSIS_STABILITY_H

#include <stdbool.h>
#include <stddef.h>

#include "src/base/status.h"

typedef struct hu_divergence {
    bool   by_average;     /* rule 1: a loss is not finite, or at the end EMA > 1.5 times its running minimum      */
    bool   by_level;       /* rule 2: a loss is not finite, or the final level is above the reference: the model
                              ends no better than one that has learned nothing                                     */
    bool   nonfinite;
    size_t first_nonfinite;     /* its step; n where there is none                                                  */
    double average, minimum;    /* EMA at the end and the smallest it has been, up to the first non-finite loss     */
    double level, reference;    /* mean of the last twentieth of the losses (at least one), and what it is held against */
} hu_divergence;

/* reference: the loss of an untrained or unigram model; NaN: the first loss of the series.
 * HU_EINVAL when n is 0. */
hu_status hu_diverged(hu_divergence *out, const double *loss, size_t n, double reference, hu_error *err);

typedef enum hu_spike_rule {
    HU_SPIKE_RESIDUAL,     /* loss_t > EMA_{t-1} + 4 sd of the last 200 residuals loss_s - EMA_{s-1} before t; needs
                              at least 20 of them                                                                   */
    HU_SPIKE_RISE          /* loss_t > (the smallest EMA_s, s < t) + 0.5 nats                                       */
} hu_spike_rule;

/* Spikes of a series up to its first non-finite loss. Steps in a row above the threshold are one spike,
 * counted at its first step.
 *
 *   steps   [capacity]  first steps of the spikes, counted from 0; may be NULL with capacity 0
 *
 * Returns the number of spikes, also those that did not fit. */
size_t hu_spikes(const double *loss, size_t n, hu_spike_rule rule, size_t *steps, size_t capacity);

#endif
