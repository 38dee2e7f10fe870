/* SPDX-License-Identifier: MIT */
#include "optim/update.h"

static void check(double momentum, int inside, double epsilon)
{
    double settings[RNNI_OPTIM_SETTINGS];
    rnni_real weights[UPDATE_COUNT], parts[UPDATE_COUNT];
    update_settings(rnni_optim_find(RNN_OPTIM_RMSPROP), settings);
    UPDATE_SETTING(settings, RNN_OPTIM_MOMENTUM) = momentum;
    UPDATE_SETTING(settings, RNN_OPTIM_EPSILON_INSIDE) = inside;
    UPDATE_SETTING(settings, RNN_OPTIM_EPSILON) = epsilon;
    update_run(RNN_OPTIM_RMSPROP, settings, 0, weights);
    for (int i = 0; i < UPDATE_COUNT; i++) {
        double w = update_start(i), v = 0, m = 0;
        for (int step = 1; step <= UPDATE_STEPS; step++) {
            double g = update_gradient(step, i);
            v = 0.9 * v + 0.1 * g * g;
            double move = g / (inside ? sqrt(v + epsilon) : sqrt(v) + epsilon);
            m = momentum * m + move;
            w -= 0.001 * m;
        }
        CHECK_NEAR(weights[i], w, 1e-6);
    }
    update_run(RNN_OPTIM_RMSPROP, settings, 16, parts);
    CHECK_BYTES(weights, parts, sizeof(weights));
}

TEST(epsilon_outside_the_root) { check(0, 0, 1e-2); }
TEST(epsilon_inside_the_root) { check(0, 1, 1e-2); }
TEST(momentum) { check(0.8, 0, 1e-7); }

TEST(centered_with_momentum)
{
    double settings[RNNI_OPTIM_SETTINGS];
    rnni_real weights[UPDATE_COUNT];
    update_settings(rnni_optim_find(RNN_OPTIM_RMSPROP), settings);
    UPDATE_SETTING(settings, RNN_OPTIM_MOMENTUM) = 0.5;
    UPDATE_SETTING(settings, RNN_OPTIM_CENTERED) = 1;
    UPDATE_SETTING(settings, RNN_OPTIM_EPSILON) = 1e-2;
    update_run(RNN_OPTIM_RMSPROP, settings, 0, weights);
    for (int i = 0; i < UPDATE_COUNT; i++) {
        double w = update_start(i), v = 0, a = 0, m = 0;
        for (int step = 1; step <= UPDATE_STEPS; step++) {
            double g = update_gradient(step, i);
            v = 0.9 * v + 0.1 * g * g;
            a = 0.9 * a + 0.1 * g;
            m = 0.5 * m + g / (sqrt(v - a * a) + 1e-2);
            w -= 0.001 * m;
        }
        CHECK_NEAR(weights[i], w, 1e-6);
    }
}

TEST_MAIN
