/* SPDX-License-Identifier: MIT */
#include "optim/optim.h"

#include <math.h>
#include <stddef.h>

/* NAdam (Dozat 2016, PyTorch's form), t counts updates from 1 on:
 *
 *   mu_t = b1 (1 - 0.96^(0.004 t) / 2)    M_t = mu_1 mu_2 ... mu_t
 *   m = b1 m + (1 - b1) g                 v = b2 v + (1 - b2) g^2
 *   w = w - lr ((1 - mu_t) g / (1 - M_t) + mu_{t+1} m / (1 - M_{t+1})) / (sqrt(v / (1 - b2^t)) + eps) */

#define SETTING(settings, id) rnni_optim_setting(settings, id)

static int states(const double *settings)
{
    (void)settings;
    return 2;
}

static double momentum(double b1, int64_t step) { return b1 * (1 - 0.5 * pow(0.96, 0.004 * (double)step)); }

/* M_t. No factor is above b1 and the first ones are about b1 / 2, so it soon is nothing beside the 1 that
 * it is taken from. */
static double product_of(double b1, int64_t steps)
{
    double product = 1;
    for (int64_t step = 1; step <= steps && product > 1e-20; step++) product *= momentum(b1, step);
    return product;
}

static void update(const rnni_update *u)
{
    double b2 = SETTING(u->settings, RNN_OPTIM_BETA2), b1 = SETTING(u->settings, RNN_OPTIM_BETA1);
    double now = momentum(b1, u->step), next = momentum(b1, u->step + 1), product = product_of(b1, u->step);
    u->kernels->nadam(u->count, u->weights, u->gradients, u->state[0], u->state[1],
                      u->learning_rate * (1 - now) / (1 - product),
                      u->learning_rate * next / (1 - product * next), b1, b2,
                      SETTING(u->settings, RNN_OPTIM_EPSILON), 1 / sqrt(1 - pow(b2, (double)u->step)));
}

static const int32_t takes[] = {
    RNN_OPTIM_LEARNING_RATE, RNN_OPTIM_WEIGHT_DECAY, RNN_OPTIM_EPSILON, RNN_OPTIM_BETA1,
    RNN_OPTIM_BETA2, 0
};
static const double defaults[] = { 0 };

extern const rnni_optim rnni_optim_nadam;
const rnni_optim rnni_optim_nadam = { "nadam", RNN_OPTIM_NADAM, takes, defaults, states,
                                      NULL, false, update };
