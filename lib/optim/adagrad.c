/* SPDX-License-Identifier: MIT */
#include "optim/optim.h"

#include <stddef.h>

/* AdaGrad (Duchi, Hazan and Singer 2011):
 *
 *   v = v + g^2                           w = w - lr g / (sqrt(v) + eps) */

#define SETTING(settings, id) rnni_optim_setting(settings, id)

static int states(const double *settings)
{
    (void)settings;
    return 1;
}

static void update(const rnni_update *u)
{
    u->kernels->adagrad(u->count, u->weights, u->gradients, u->state[0], u->learning_rate,
                        SETTING(u->settings, RNN_OPTIM_EPSILON));
}

/* Without epsilon 0 / 0 is possible. */
static bool rests(const double *settings) { return SETTING(settings, RNN_OPTIM_EPSILON) > 0; }

static const int32_t takes[] = {
    RNN_OPTIM_LEARNING_RATE, RNN_OPTIM_WEIGHT_DECAY, RNN_OPTIM_EPSILON, 0
};
static const double defaults[] = { RNN_OPTIM_LEARNING_RATE, 0.01, RNN_OPTIM_EPSILON, 1e-10, 0 };

extern const rnni_optim rnni_optim_adagrad;
const rnni_optim rnni_optim_adagrad = { "adagrad", RNN_OPTIM_ADAGRAD, takes, defaults, states,
                                          rests, false, update };
