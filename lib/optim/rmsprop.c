/* SPDX-License-Identifier: MIT */
#include "optim/optim.h"

#include <stddef.h>

/* RMSprop (Hinton 2012, lecture 6e):
 *
 *   v = alpha v + (1 - alpha) g^2
 *   step = g / (sqrt(v) + eps)            EPSILON_INSIDE: g / sqrt(v + eps)
 *   w = w - lr step                       with momentum: m = momentum m + step; w - lr m
 *
 * Centered (Graves 2013): a = alpha a + (1 - alpha) g, and v - a^2 in place of v in the step. */

#define SETTING(settings, id) rnni_optim_setting(settings, id)

static int states(const double *settings)
{
    if (SETTING(settings, RNN_OPTIM_CENTERED) > 0) return 3; /* the momentum's block keeps its place */
    return SETTING(settings, RNN_OPTIM_MOMENTUM) > 0 ? 2 : 1;
}

static void update(const rnni_update *u)
{
    double momentum = SETTING(u->settings, RNN_OPTIM_MOMENTUM);
    u->kernels->rmsprop(u->count, u->weights, u->gradients, u->state[0],
                        SETTING(u->settings, RNN_OPTIM_CENTERED) > 0 ? u->state[2] : NULL,
                        momentum > 0 ? u->state[1] : NULL, u->learning_rate,
                        SETTING(u->settings, RNN_OPTIM_ALPHA), SETTING(u->settings, RNN_OPTIM_EPSILON),
                        momentum, SETTING(u->settings, RNN_OPTIM_EPSILON_INSIDE) > 0);
}

static const int32_t takes[] = {
    RNN_OPTIM_LEARNING_RATE, RNN_OPTIM_MOMENTUM, RNN_OPTIM_ALPHA, RNN_OPTIM_EPSILON,
    RNN_OPTIM_EPSILON_INSIDE, RNN_OPTIM_CENTERED, RNN_OPTIM_WEIGHT_DECAY, 0
};
static const double defaults[] = { 0 };

extern const rnni_optim rnni_optim_rmsprop;
const rnni_optim rnni_optim_rmsprop = { "rmsprop", RNN_OPTIM_RMSPROP, takes, defaults, states,
                                      NULL, false, update };
