/* SPDX-License-Identifier: MIT */
#include "optim/optim.h"

#include <float.h>
#include <stddef.h>
#include <string.h>

#define BELOW_ONE (1 - DBL_EPSILON / 2)

/* Defaults of the public table; an optimizer's row says where its own differ. */
const rnni_setting rnni_optim_settings[RNNI_OPTIM_SETTINGS] = {
    { RNN_OPTIM_LEARNING_RATE, RNN_SETTING_FLOAT, "learning_rate", 0, DBL_MAX, 0.001, NULL },
    { RNN_OPTIM_MOMENTUM, RNN_SETTING_FLOAT, "momentum", 0, BELOW_ONE, 0, NULL },
    { RNN_OPTIM_NESTEROV, RNN_SETTING_INT, "nesterov", 0, 1, 0, NULL },
    { RNN_OPTIM_ALPHA, RNN_SETTING_FLOAT, "alpha", 0, BELOW_ONE, 0.9, NULL },
    { RNN_OPTIM_EPSILON, RNN_SETTING_FLOAT, "epsilon", 0, DBL_MAX, 1e-7, NULL },
    { RNN_OPTIM_EPSILON_INSIDE, RNN_SETTING_INT, "epsilon_inside", 0, 1, 0, NULL },
    { RNN_OPTIM_BETA1, RNN_SETTING_FLOAT, "beta1", 0, BELOW_ONE, 0.9, NULL },
    { RNN_OPTIM_BETA2, RNN_SETTING_FLOAT, "beta2", 0, BELOW_ONE, 0.999, NULL },
    { RNN_OPTIM_WEIGHT_DECAY, RNN_SETTING_FLOAT, "weight_decay", 0, DBL_MAX, 0, NULL },
    { RNN_OPTIM_CENTERED, RNN_SETTING_INT, "centered", 0, 1, 0, NULL },
    { RNN_OPTIM_AMSGRAD, RNN_SETTING_INT, "amsgrad", 0, 1, 0, NULL },
};

/* THE LIST of optimizers: one file and one row here for each. */
extern const rnni_optim rnni_optim_sgd, rnni_optim_rmsprop, rnni_optim_adam, rnni_optim_adamw,
    rnni_optim_nadam, rnni_optim_adamax, rnni_optim_adagrad, rnni_optim_adadelta;

static const rnni_optim *const optimizers[] = {
    &rnni_optim_sgd,    &rnni_optim_rmsprop, &rnni_optim_adam,    &rnni_optim_adamw,
    &rnni_optim_nadam,  &rnni_optim_adamax,  &rnni_optim_adagrad, &rnni_optim_adadelta,
};

enum { OPTIMIZERS = sizeof(optimizers) / sizeof(optimizers[0]) };

const rnni_optim *rnni_optim_find(int32_t id)
{
    for (int i = 0; i < OPTIMIZERS; i++)
        if (optimizers[i]->id == id) return optimizers[i];
    return NULL;
}

const rnni_optim *rnni_optim_find_name(const char *name)
{
    for (int i = 0; name && i < OPTIMIZERS; i++)
        if (strcmp(optimizers[i]->name, name) == 0) return optimizers[i];
    return NULL;
}

#define BLOCK 1024 /* decayed gradients that lie on the stack at a time */

/* The block [first, first + count) of an update. */
static rnni_update part_of(const rnni_update *whole, int64_t first, int64_t count)
{
    rnni_update part = *whole;
    part.count = count;
    part.weights += first;
    part.gradients += first;
    for (int k = 0; k < RNNI_OPTIM_STATES; k++)
        if (part.state[k]) part.state[k] += first;
    return part;
}

void rnni_optim_update(const rnni_optim *optim, const rnni_update *update)
{
    if (update->shrink != 0)
        update->kernels->scale(update->count, (rnni_real)(1 - update->learning_rate * update->shrink),
                               update->weights, update->weights);
    if (update->decay == 0) {
        optim->update(update);
        return;
    }
    for (int64_t first = 0; first < update->count; first += BLOCK) {
        rnni_real decayed[BLOCK];
        int64_t left = update->count - first;
        rnni_update part = part_of(update, first, left < BLOCK ? left : BLOCK);
        memcpy(decayed, part.gradients, (size_t)part.count * sizeof(*decayed));
        part.kernels->axpy(part.count, (rnni_real)part.decay, part.weights, decayed);
        part.gradients = decayed;
        optim->update(&part);
    }
}
