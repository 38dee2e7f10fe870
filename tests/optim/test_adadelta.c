/* SPDX-License-Identifier: MIT */
#include "optim/update.h"

static void check(double rate, double epsilon)
{
    double settings[RNNI_OPTIM_SETTINGS];
    rnni_real weights[UPDATE_COUNT], parts[UPDATE_COUNT];
    update_settings(rnni_optim_find(RNN_OPTIM_ADADELTA), settings);
    settings[0] = rate;
    UPDATE_SETTING(settings, RNN_OPTIM_EPSILON) = epsilon;
    update_run(RNN_OPTIM_ADADELTA, settings, 0, weights);
    for (int i = 0; i < UPDATE_COUNT; i++) {
        double w = update_start(i), u = 0, v = 0;
        for (int step = 1; step <= UPDATE_STEPS; step++) {
            double g = update_gradient(step, i);
            v = 0.9 * v + 0.1 * g * g;
            double d = sqrt(u + epsilon) / sqrt(v + epsilon) * g;
            u = 0.9 * u + 0.1 * d * d;
            w -= rate * d;
        }
        CHECK_NEAR(weights[i], w, 1e-6);
    }
    update_run(RNN_OPTIM_ADADELTA, settings, 16, parts);
    CHECK_BYTES(weights, parts, sizeof(weights));
}

TEST(small_epsilon) { check(1, 1e-6); }
TEST(large_epsilon) { check(0.5, 0.5); }

TEST_MAIN
