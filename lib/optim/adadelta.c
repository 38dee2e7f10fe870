/* SPDX-License-Identifier: MIT */
#include "optim/optim.h"

#include <stddef.h>

/* Adadelta (Zeiler 2012):
 *
 *   v = alpha v + (1 - alpha) g^2         d = sqrt(u + eps) / sqrt(v + eps) g
 *   u = alpha u + (1 - alpha) d^2         w = w - lr d */

#define SETTING(settings, id) rnni_optim_setting(settings, id)

static int states(const double *settings)
{
    (void)settings;
    return 2;
}

static void update(const rnni_update *u)
{
    u->kernels->adadelta(u->count, u->weights, u->gradients, u->state[0], u->state[1], u->learning_rate,
                         SETTING(u->settings, RNN_OPTIM_ALPHA), SETTING(u->settings, RNN_OPTIM_EPSILON));
}

static const int32_t takes[] = {
    RNN_OPTIM_LEARNING_RATE, RNN_OPTIM_WEIGHT_DECAY, RNN_OPTIM_ALPHA, RNN_OPTIM_EPSILON, 0
};
static const double defaults[] = { RNN_OPTIM_LEARNING_RATE, 1, RNN_OPTIM_EPSILON, 1e-6, 0 };

extern const rnni_optim rnni_optim_adadelta;
const rnni_optim rnni_optim_adadelta = { "adadelta", RNN_OPTIM_ADADELTA, takes, defaults, states,
                                      NULL, false, update };
