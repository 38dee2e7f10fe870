/* SPDX-License-Identifier: MIT */
#include "optim/update.h"

static void check(double momentum, int nesterov)
{
    double settings[RNNI_OPTIM_SETTINGS], w, m, g;
    rnni_real weights[UPDATE_COUNT], parts[UPDATE_COUNT];
    update_settings(rnni_optim_find(RNN_OPTIM_SGD), settings);
    UPDATE_SETTING(settings, RNN_OPTIM_MOMENTUM) = momentum;
    UPDATE_SETTING(settings, RNN_OPTIM_NESTEROV) = nesterov;
    update_run(RNN_OPTIM_SGD, settings, 0, weights);
    for (int i = 0; i < UPDATE_COUNT; i++) {
        w = update_start(i);
        m = 0;
        for (int step = 1; step <= UPDATE_STEPS; step++) {
            g = update_gradient(step, i);
            m = momentum * m + g;
            w -= 0.01 * (nesterov ? g + momentum * m : m);
        }
        CHECK_NEAR(weights[i], w, 1e-6);
    }
    update_run(RNN_OPTIM_SGD, settings, 16, parts);
    CHECK_BYTES(weights, parts, sizeof(weights));
}

TEST(plain) { check(0, 0); }
TEST(momentum) { check(0.9, 0); }
TEST(nesterov) { check(0.9, 1); }

TEST(state_is_for_momentum_alone)
{
    double settings[RNNI_OPTIM_SETTINGS];
    update_settings(rnni_optim_find(RNN_OPTIM_SGD), settings);
    CHECK_NEAR(settings[0], 0.01, 0);
    CHECK_INT(rnni_optim_find(RNN_OPTIM_SGD)->states(settings), 0);
    UPDATE_SETTING(settings, RNN_OPTIM_MOMENTUM) = 0.5;
    CHECK_INT(rnni_optim_find(RNN_OPTIM_SGD)->states(settings), 1);
}

TEST_MAIN
