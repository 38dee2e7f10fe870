/* SPDX-License-Identifier: MIT */
#include "optim/update.h"

static void check(double rate, double epsilon)
{
    double settings[RNNI_OPTIM_SETTINGS];
    rnni_real weights[UPDATE_COUNT], parts[UPDATE_COUNT];
    update_settings(rnni_optim_find(RNN_OPTIM_ADAMAX), settings);
    settings[0] = rate;
    UPDATE_SETTING(settings, RNN_OPTIM_EPSILON) = epsilon;
    update_run(RNN_OPTIM_ADAMAX, settings, 0, weights);
    for (int i = 0; i < UPDATE_COUNT; i++) {
        double w = update_start(i), m = 0, u = 0;
        for (int step = 1; step <= UPDATE_STEPS; step++) {
            double g = update_gradient(step, i);
            m = 0.9 * m + 0.1 * g;
            u = fmax(0.999 * u, fabs(g) + epsilon);
            w -= rate * m / (1 - pow(0.9, step)) / u;
        }
        CHECK_NEAR(weights[i], w, 1e-6);
    }
    update_run(RNN_OPTIM_ADAMAX, settings, 16, parts);
    CHECK_BYTES(weights, parts, sizeof(weights));
}

TEST(small_epsilon) { check(0.01, 1e-8); }
TEST(large_epsilon) { check(0.1, 0.5); }

TEST_MAIN
