/* SPDX-License-Identifier: MIT */
#include "optim/optim.h"

#include <math.h>
#include <stddef.h>

/* Adam (Kingma and Ba 2015), t counts updates from 1 on:
 *
 *   m = b1 m + (1 - b1) g                 v = b2 v + (1 - b2) g^2
 *   w = w - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
 *
 * AMSGrad (Reddi 2018): the largest v so far in place of v. AdamW (Loshchilov and Hutter 2019) differs in how
 * its weight decay is applied, and in its default. */

#define SETTING(settings, id) rnni_optim_setting(settings, id)

static int states(const double *settings) { return SETTING(settings, RNN_OPTIM_AMSGRAD) > 0 ? 3 : 2; }

static void update(const rnni_update *u)
{
    double b1 = SETTING(u->settings, RNN_OPTIM_BETA1), b2 = SETTING(u->settings, RNN_OPTIM_BETA2);
    double step = u->learning_rate / (1 - pow(b1, (double)u->step));
    double root = 1 / sqrt(1 - pow(b2, (double)u->step));
    u->kernels->adam(u->count, u->weights, u->gradients, u->state[0], u->state[1],
                     SETTING(u->settings, RNN_OPTIM_AMSGRAD) > 0 ? u->state[2] : NULL, step, b1, b2,
                     SETTING(u->settings, RNN_OPTIM_EPSILON), root);
}

static const int32_t takes[] = {
    RNN_OPTIM_LEARNING_RATE, RNN_OPTIM_WEIGHT_DECAY, RNN_OPTIM_EPSILON, RNN_OPTIM_BETA1,
    RNN_OPTIM_BETA2, RNN_OPTIM_AMSGRAD, 0
};
static const double defaults[] = { 0 };
static const double defaults_w[] = { RNN_OPTIM_WEIGHT_DECAY, 0.01, 0 };

extern const rnni_optim rnni_optim_adam, rnni_optim_adamw;
const rnni_optim rnni_optim_adam = { "adam", RNN_OPTIM_ADAM, takes, defaults, states,
                                      NULL, false, update };
const rnni_optim rnni_optim_adamw = { "adamw", RNN_OPTIM_ADAMW, takes, defaults_w, states,
                                      NULL, true, update };
