/* SPDX-License-Identifier: MIT */
#include "optim/update.h"

static void check(double rate, double epsilon)
{
    double settings[RNNI_OPTIM_SETTINGS];
    rnni_real weights[UPDATE_COUNT], parts[UPDATE_COUNT];
    update_settings(rnni_optim_find(RNN_OPTIM_NADAM), settings);
    settings[0] = rate;
    UPDATE_SETTING(settings, RNN_OPTIM_EPSILON) = epsilon;
    update_run(RNN_OPTIM_NADAM, settings, 0, weights);
    for (int i = 0; i < UPDATE_COUNT; i++) {
        double w = update_start(i), m = 0, v = 0, product = 1;
        for (int step = 1; step <= UPDATE_STEPS; step++) {
            double g = update_gradient(step, i);
            double now = 0.9 * (1 - 0.5 * pow(0.96, 0.004 * step));
            double next = 0.9 * (1 - 0.5 * pow(0.96, 0.004 * (step + 1)));
            product *= now;
            m = 0.9 * m + 0.1 * g;
            v = 0.999 * v + 0.001 * g * g;
            double divisor = sqrt(v / (1 - pow(0.999, step))) + epsilon;
            w -= rate * ((1 - now) * g / (1 - product) + next * m / (1 - product * next)) / divisor;
        }
        CHECK_NEAR(weights[i], w, 1e-6);
    }
    update_run(RNN_OPTIM_NADAM, settings, 16, parts);
    CHECK_BYTES(weights, parts, sizeof(weights));
}

TEST(small_epsilon) { check(0.01, 1e-8); }
TEST(large_epsilon) { check(0.1, 0.5); }

TEST_MAIN
