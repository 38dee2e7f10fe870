/* SPDX-License-Identifier: MIT */
#include "optim/update.h"

static void check(double b1, double b2, double epsilon)
{
    double settings[RNNI_OPTIM_SETTINGS];
    rnni_real weights[UPDATE_COUNT], parts[UPDATE_COUNT];
    update_settings(rnni_optim_find(RNN_OPTIM_ADAM), settings);
    UPDATE_SETTING(settings, RNN_OPTIM_BETA1) = b1;
    UPDATE_SETTING(settings, RNN_OPTIM_BETA2) = b2;
    UPDATE_SETTING(settings, RNN_OPTIM_EPSILON) = epsilon;
    update_run(RNN_OPTIM_ADAM, settings, 0, weights);
    for (int i = 0; i < UPDATE_COUNT; i++) {
        double w = update_start(i), m = 0, v = 0;
        for (int step = 1; step <= UPDATE_STEPS; step++) {
            double g = update_gradient(step, i);
            m = b1 * m + (1 - b1) * g;
            v = b2 * v + (1 - b2) * g * g;
            w -= 0.001 * (m / (1 - pow(b1, step))) / (sqrt(v / (1 - pow(b2, step))) + epsilon);
        }
        CHECK_NEAR(weights[i], w, 1e-6);
    }
    update_run(RNN_OPTIM_ADAM, settings, 16, parts);
    CHECK_BYTES(weights, parts, sizeof(weights));
}

TEST(defaults) { check(0.9, 0.999, 1e-7); }
TEST(large_epsilon) { check(0.9, 0.999, 0.5); }
TEST(no_memory) { check(0, 0, 1e-3); }

TEST_MAIN
