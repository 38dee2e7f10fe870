/* SPDX-License-Identifier: MIT */
#ifndef RNNI_OPTIM_H
#define RNNI_OPTIM_H

#include "core/settings.h"
#include "kernels/kernels.h"
#include <rnn/optim.h>
#include <stdbool.h>

#define RNNI_OPTIM_SETTINGS 11 /* RNN_OPTIM_LEARNING_RATE ... without gaps */
#define RNNI_OPTIM_STATES 3   /* the most blocks of state that an optimizer keeps */
extern const rnni_setting rnni_optim_settings[RNNI_OPTIM_SETTINGS];

/* One update of `count` weights. Element by element, so any split of a block gives the same bits. */
typedef struct rnni_update {
    const rnni_kernels *kernels;
    const double *settings;   /* [RNNI_OPTIM_SETTINGS] */
    double learning_rate;     /* of this update (a schedule's, a layer's) */
    int64_t step;             /* from 1 on */
    int64_t count;
    rnni_real *weights;
    const rnni_real *gradients;
    rnni_real *state[RNNI_OPTIM_STATES];
    double decay;             /* decay * w is added to the gradients: coupled weight decay, L2 */
    double shrink;            /* weights are multiplied by 1 - learning_rate * shrink before: decoupled
                                 decay */
} rnni_update;

typedef struct rnni_optim {
    const char *name;             /* in files and histories: "sgd", "rmsprop", "adam" */
    int32_t id;                   /* RNN_OPTIM_* */
    const int32_t *settings;      /* those it takes, ended by 0 */
    const double *defaults;       /* pairs id, value, where they differ from the table, ended by 0 */
    int (*states)(const double *settings); /* blocks of state it needs with these settings */
    bool (*rests)(const double *settings); /* whether a weight whose gradient is 0, and its state, stay as
                                              they are; NULL: never */
    bool decoupled;               /* its weight decay shrinks the weights, not by the gradient */
    void (*update)(const rnni_update *update); /* without decay and shrink: use rnni_optim_update */
} rnni_optim;

void rnni_optim_update(const rnni_optim *optim, const rnni_update *update);
static inline double rnni_optim_setting(const double *settings, int32_t id)
{
    return settings[id - RNN_OPTIM_LEARNING_RATE];
}

const rnni_optim *rnni_optim_find(int32_t id);
const rnni_optim *rnni_optim_find_name(const char *name);

/* Global norm of a gradient block, summed in double in blocks of fixed size (any number of threads gives the
 * same bits). */
double rnni_global_norm(const rnni_kernels *kernels, int64_t count, const rnni_real *gradients);

#endif
