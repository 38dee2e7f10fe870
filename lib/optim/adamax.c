/* SPDX-License-Identifier: MIT */
#include "optim/optim.h"

#include <math.h>
#include <stddef.h>

/* Adamax (Kingma and Ba 2015, section 7.1; PyTorch's place of eps):
 *
 *   m = b1 m + (1 - b1) g                 u = max(b2 u, |g| + eps)
 *   w = w - lr (m / (1 - b1^t)) / u */

#define SETTING(settings, id) rnni_optim_setting(settings, id)

static int states(const double *settings)
{
    (void)settings;
    return 2;
}

static void update(const rnni_update *u)
{
    double b1 = SETTING(u->settings, RNN_OPTIM_BETA1);
    u->kernels->adamax(u->count, u->weights, u->gradients, u->state[0], u->state[1],
                       u->learning_rate / (1 - pow(b1, (double)u->step)), b1,
                       SETTING(u->settings, RNN_OPTIM_BETA2), SETTING(u->settings, RNN_OPTIM_EPSILON));
}

static const int32_t takes[] = {
    RNN_OPTIM_LEARNING_RATE, RNN_OPTIM_WEIGHT_DECAY, RNN_OPTIM_EPSILON, RNN_OPTIM_BETA1,
    RNN_OPTIM_BETA2, 0
};
static const double defaults[] = { 0 };

extern const rnni_optim rnni_optim_adamax;
const rnni_optim rnni_optim_adamax = { "adamax", RNN_OPTIM_ADAMAX, takes, defaults, states,
                                      NULL, false, update };
