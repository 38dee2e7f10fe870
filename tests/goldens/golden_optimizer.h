/* SPDX-License-Identifier: MIT */
#ifndef GOLDEN_OPTIMIZER_H
#define GOLDEN_OPTIMIZER_H

#include "goldens/golden_case.h"
#include "optim/optim.h"

/* Cases of kind "optimizer": twelve updates of one parameter under given gradients. */

/* What a case is called: variants are settings of one optimizer. */
static const struct {
    const char *name, *optimizer;
} golden_optimizers[] = { { "sgd_momentum", "sgd" },         { "sgd_nesterov", "sgd" },
                          { "sgd_weight_decay", "sgd" },     { "rmsprop_centered_momentum", "rmsprop" },
                          { "amsgrad", "adam" } };

static const struct {
    const char *key;
    int32_t setting;
} golden_optimizer_settings[] = {
    { "opt.lr", RNN_OPTIM_LEARNING_RATE }, { "opt.momentum", RNN_OPTIM_MOMENTUM },
    { "opt.nesterov", RNN_OPTIM_NESTEROV }, { "opt.alpha", RNN_OPTIM_ALPHA },
    { "opt.eps", RNN_OPTIM_EPSILON },       { "opt.epsilon_inside", RNN_OPTIM_EPSILON_INSIDE },
    { "opt.beta1", RNN_OPTIM_BETA1 },       { "opt.beta2", RNN_OPTIM_BETA2 },
    { "opt.rho", RNN_OPTIM_ALPHA },         { "opt.weight_decay", RNN_OPTIM_WEIGHT_DECAY },
    { "opt.centered", RNN_OPTIM_CENTERED }, { "opt.amsgrad", RNN_OPTIM_AMSGRAD },
};

GOLDEN_STATIC const rnni_optim *golden_find_optimizer(const char *name)
{
    for (size_t i = 0; i < sizeof golden_optimizers / sizeof *golden_optimizers; i++)
        if (strcmp(golden_optimizers[i].name, name) == 0) name = golden_optimizers[i].optimizer;
    return rnni_optim_find_name(name);
}

/* The case's constants in the optimizer's table. */
GOLDEN_STATIC void golden_optimizer_constants(golden_case *c, const rnni_optim *optim, double *settings)
{
    rnni_setting_defaults(rnni_optim_settings, RNNI_OPTIM_SETTINGS, settings);
    for (const double *pair = optim->defaults; pair && pair[0] != 0; pair += 2)
        settings[(int)pair[0] - RNN_OPTIM_LEARNING_RATE] = pair[1];
    for (size_t i = 0; i < sizeof golden_optimizer_settings / sizeof *golden_optimizer_settings; i++) {
        double value = golden_number(c->file, golden_optimizer_settings[i].key, NAN);
        if (value == value) settings[golden_optimizer_settings[i].setting - RNN_OPTIM_LEARNING_RATE] = value;
    }
}

GOLDEN_STATIC void golden_optimizer(golden_case *c)
{
    const char *name = golden_text(c->file, "optimizer");
    const rnni_optim *optim = golden_find_optimizer(name);
    if (!optim) golden_skip(c, name);
    double settings[RNNI_OPTIM_SETTINGS];
    golden_optimizer_constants(c, optim, settings);
    rnn_tensor_t *weights = golden_real(c, golden_need(c, "start"));
    rnn_tensor_t *gradients = golden_real(c, golden_need(c, "gradients"));
    rnn_tensor_t *trajectory = golden_real(c, gradients);
    rnni_update update = { .settings = settings, .learning_rate = settings[0] };
    double decay = rnni_optim_setting(settings, RNN_OPTIM_WEIGHT_DECAY);
    *(optim->decoupled ? &update.shrink : &update.decay) = decay;
    golden_must(c, rnni_kernels_get(c->context, &update.kernels), "rnni_kernels_get");
    update.count = rnn_tensor_count(weights);
    update.weights = rnn_tensor_data(weights);
    for (int i = 0; i < optim->states(settings); i++)
        update.state[i] = rnn_tensor_data(golden_new(c, RNNI_REAL_DTYPE, 1, &update.count));

    rnni_real *place = rnn_tensor_data(trajectory);
    const rnni_real *gradient = rnn_tensor_const_data(gradients);
    for (int64_t i = 0; i < rnn_tensor_size(gradients, 0); i++) {
        update.step = i + 1;
        update.gradients = gradient + i * update.count;
        rnni_optim_update(optim, &update);
        memcpy(place + i * update.count, update.weights, (size_t)update.count * sizeof *place);
    }
    golden_compare(c, "trajectory", trajectory, golden_need(c, "trajectory"));
}

#endif
