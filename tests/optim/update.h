/* SPDX-License-Identifier: MIT */
#ifndef UPDATE_H
#define UPDATE_H

#include "harness.h"
#include "kernels/kernels.h"
#include "optim/optim.h"

enum { UPDATE_COUNT = 37, UPDATE_STEPS = 5 };

static inline void update_settings(const rnni_optim *optim, double *settings)
{
    rnni_setting_defaults(rnni_optim_settings, RNNI_OPTIM_SETTINGS, settings);
    for (const double *pair = optim->defaults; *pair > 0; pair += 2)
        settings[(int)pair[0] - RNN_OPTIM_LEARNING_RATE] = pair[1];
}

static inline double update_gradient(int step, int i) { return sin(3.7 * step + 1.3 * i); }
static inline double update_start(int i) { return cos(0.7 * i); }

/* Some updates of the optimizer; in two parts when `split`, which must not show. */
static inline void update_run(int32_t id, const double *settings, int split, rnni_real *weights)
{
    const rnni_optim *optim = rnni_optim_find(id);
    rnni_real gradients[UPDATE_COUNT], state[RNNI_OPTIM_STATES][UPDATE_COUNT] = { { 0 } };
    for (int i = 0; i < UPDATE_COUNT; i++) weights[i] = (rnni_real)update_start(i);
    for (int step = 1; step <= UPDATE_STEPS; step++) {
        for (int i = 0; i < UPDATE_COUNT; i++) gradients[i] = (rnni_real)update_gradient(step, i);
        for (int first = 0; first < UPDATE_COUNT; first += split ? split : UPDATE_COUNT) {
            int left = UPDATE_COUNT - first, count = split && split < left ? split : left;
            rnni_update u = { .kernels = rnni_kernels_of(RNN_ISA_SCALAR),
                              .settings = settings,
                              .learning_rate = settings[0],
                              .step = step,
                              .count = count,
                              .weights = weights + first,
                              .gradients = gradients + first };
            *(optim->decoupled ? &u.shrink : &u.decay) = rnni_optim_setting(settings, RNN_OPTIM_WEIGHT_DECAY);
            for (int k = 0; k < optim->states(settings); k++) u.state[k] = state[k] + first;
            rnni_optim_update(optim, &u);
        }
    }
}

#define UPDATE_SETTING(settings, id) ((settings)[(id) - RNN_OPTIM_LEARNING_RATE])

#endif
