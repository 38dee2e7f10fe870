/* SPDX-License-Identifier: MIT */
#include "optim/optim.h"

#include <stddef.h>

/* Stochastic gradient descent; classical momentum as PyTorch writes it (Sutskever 2013 for Nesterov's):
 *
 *   m = momentum m + g
 *   w = w - lr m            Nesterov: w - lr (g + momentum m) */

#define SETTING(settings, id) rnni_optim_setting(settings, id)

static int states(const double *settings) { return SETTING(settings, RNN_OPTIM_MOMENTUM) > 0; }

static void update(const rnni_update *u)
{
    double momentum = SETTING(u->settings, RNN_OPTIM_MOMENTUM);
    u->kernels->sgd(u->count, u->weights, u->gradients, momentum > 0 ? u->state[0] : NULL, u->learning_rate,
                    momentum, SETTING(u->settings, RNN_OPTIM_NESTEROV) > 0);
}

static bool rests(const double *settings) { return SETTING(settings, RNN_OPTIM_MOMENTUM) == 0; }

static const int32_t takes[] = { RNN_OPTIM_LEARNING_RATE, RNN_OPTIM_MOMENTUM, RNN_OPTIM_NESTEROV,
                                 RNN_OPTIM_WEIGHT_DECAY, 0 };
static const double defaults[] = { RNN_OPTIM_LEARNING_RATE, 0.01, 0 };

extern const rnni_optim rnni_optim_sgd;
const rnni_optim rnni_optim_sgd = { "sgd", RNN_OPTIM_SGD, takes, defaults, states, rests, false, update };
