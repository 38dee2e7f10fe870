/* SPDX-License-Identifier: MIT */
#include "loss/rows.h"

static const rnni_real ones[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };

static void run(int64_t rows, int64_t features, const rnni_real *z, const int32_t *classes,
                const rnni_real *values, const rnni_real *weight)
{
    rows_run(RNN_LOSS_BINARY_CROSS_ENTROPY, rows, features, z, classes, values, weight);
}

TEST(formula_on_classes)
{
    const rnni_real z[3] = { 0, 1.5f, -0.75f };
    const int32_t t[3] = { 1, 1, 0 };
    run(3, 1, z, t, NULL, ones);
    CHECK_NEAR(rows_loss[0], log(2), 1e-7);
    for (int i = 0; i < 3; i++) {
        double p = 1 / (1 + exp(-(double)z[i]));
        CHECK_NEAR(rows_loss[i], t[i] ? -log(p) : -log(1 - p), 1e-6);
        CHECK_NEAR(rows_dy[i], p - t[i], 1e-7);
    }
}

TEST(values_between_0_and_1)
{
    const rnni_real z[1] = { 0.5f }, t[1] = { 0.25f };
    double p = 1 / (1 + exp(-0.5));
    run(1, 1, z, NULL, t, ones);
    CHECK_NEAR(rows_loss[0], -0.25 * log(p) - 0.75 * log(1 - p), 1e-7);
    CHECK_NEAR(rows_dy[0], p - 0.25, 1e-7);
}

TEST(mean_over_features)
{
    const rnni_real z[4] = { 0, 0, 0, 0 }, t[4] = { 1, 0, 1, 0 };
    run(1, 4, z, NULL, t, ones);
    CHECK_NEAR(rows_loss[0], log(2), 1e-7);
    CHECK_NEAR(rows_dy[0], -0.125, 1e-8);
    CHECK_NEAR(rows_dy[1], 0.125, 1e-8);
}

TEST(saturated_logits_stay_finite)
{
    const rnni_real z[4] = { 1000, -1000, 1000, -1000 };
    const int32_t t[4] = { 1, 0, 0, 1 };
    run(4, 1, z, t, NULL, ones);
    CHECK_NEAR(rows_loss[0], 0, 0);
    CHECK_NEAR(rows_loss[1], 0, 0);
    CHECK_NEAR(rows_loss[2], 1000, 0);
    CHECK_NEAR(rows_loss[3], 1000, 0);
    CHECK_NEAR(rows_dy[0], 0, 0);
    CHECK_NEAR(rows_dy[2], 1, 0);
    CHECK_NEAR(rows_dy[3], -1, 0);
}

TEST(small_losses_are_not_rounded_away)
{
    const rnni_real z[1] = { 30 };
    const int32_t t[1] = { 1 };
    run(1, 1, z, t, NULL, ones);
    CHECK_NEAR(rows_loss[0], exp(-30.0), 1e-19);
    CHECK_NEAR(rows_dy[0], 0, 1e-12);
}

TEST(weight_scales_the_gradient_alone)
{
    const rnni_real z[2] = { 0, 0 }, weight[2] = { 0.25f, 0 };
    const int32_t t[2] = { 0, 0 };
    run(2, 1, z, t, NULL, weight);
    CHECK_NEAR(rows_loss[0], log(2), 1e-7);
    CHECK_NEAR(rows_dy[0], 0.125, 0);
    CHECK_NEAR(rows_dy[1], 0, 0);
}

TEST(ignored_class_has_neither_loss_nor_gradient)
{
    const rnni_real z[2] = { 3, NAN };
    const int32_t t[2] = { 1, -1 };
    const rnni_real weight[2] = { 1, 0 };
    run(2, 1, z, t, NULL, weight);
    CHECK(rows_loss[0] > 0);
    CHECK_NEAR(rows_loss[1], 0, 0);
    CHECK_NEAR(rows_dy[1], 0, 0);
}

TEST_MAIN
