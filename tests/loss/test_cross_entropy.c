/* SPDX-License-Identifier: MIT */
#include "loss/rows.h"

static const rnni_real ones[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };

static void run(int64_t rows, int64_t features, const rnni_real *z, const int32_t *t, const rnni_real *weight)
{
    rows_run(RNN_LOSS_CROSS_ENTROPY, rows, features, z, t, NULL, weight);
}

TEST(formula)
{
    const rnni_real z[6] = { 1, 2, 0.5f, -1, 0, 3 };
    const int32_t t[2] = { 1, 0 };
    run(2, 3, z, t, ones);
    for (int r = 0; r < 2; r++) {
        double sum = 0;
        for (int j = 0; j < 3; j++) sum += exp((double)z[r * 3 + j]);
        CHECK_NEAR(rows_loss[r], log(sum) - (double)z[r * 3 + t[r]], 1e-6);
        for (int j = 0; j < 3; j++)
            CHECK_NEAR(rows_dy[r * 3 + j], exp((double)z[r * 3 + j]) / sum - (j == t[r]), 1e-6);
    }
}

TEST(saturated_logits_stay_finite)
{
    const rnni_real z[4] = { 1000, -1000, 1000, -1000 };
    const int32_t t[2] = { 0, 1 };
    run(2, 2, z, t, ones);
    CHECK_NEAR(rows_loss[0], 0, 0);
    CHECK_NEAR(rows_loss[1], 2000, 0);
    CHECK_NEAR(rows_dy[2], 1, 0);
    CHECK_NEAR(rows_dy[3], -1, 0);
}

TEST(ignored_class_has_neither_loss_nor_gradient)
{
    const rnni_real z[4] = { 1, 2, 3, 4 }, weight[2] = { 0, 1 };
    const int32_t t[2] = { -1, 1 };
    run(2, 2, z, t, weight);
    CHECK_NEAR(rows_loss[0], 0, 0);
    CHECK_NEAR(rows_dy[0], 0, 0);
    CHECK_NEAR(rows_dy[1], 0, 0);
    CHECK_NEAR(rows_loss[1], log1p(exp(-1.0)), 1e-6);
}

TEST(weight_scales_the_gradient_alone)
{
    const rnni_real z[2] = { 0, 0 }, weight[1] = { 0.5f };
    const int32_t t[1] = { 0 };
    run(1, 2, z, t, weight);
    CHECK_NEAR(rows_loss[0], log(2), 1e-6);
    CHECK_NEAR(rows_dy[0], -0.25, 1e-7);
    CHECK_NEAR(rows_dy[1], 0.25, 1e-7);
}

/* Central differences of the loss where weights and smoothing mix. */
TEST(smoothing_and_class_weights)
{
    const rnni_real w[3] = { 0.5f, 2, 0 }, one[1] = { 1 };
    rnni_real z[3] = { 0.5f, -1, 2 };
    rows_class_weights = w;
    rows_smoothing = 0.3;
    for (int32_t t = 0; t < 3; t++) {
        double sum = 0, want, slope[3];
        for (int j = 0; j < 3; j++) sum += exp((double)z[j]);
        want = 0.7 * (double)w[t] * (log(sum) - (double)z[t]);
        for (int j = 0; j < 3; j++) want += 0.1 * (double)w[j] * (log(sum) - (double)z[j]);
        run(1, 3, z, &t, one);
        CHECK_NEAR(rows_loss[0], want, 1e-6);
        for (int j = 0; j < 3; j++) slope[j] = (double)rows_dy[j];
        for (int j = 0; j < 3; j++) {
            rnni_real kept = z[j];
            z[j] = kept + (rnni_real)0.01;
            run(1, 3, z, &t, one);
            double up = (double)rows_loss[0];
            z[j] = kept - (rnni_real)0.01;
            run(1, 3, z, &t, one);
            CHECK_NEAR(slope[j], (up - (double)rows_loss[0]) / 0.02, 2e-4);
            z[j] = kept;
        }
    }
    rows_class_weights = NULL;
    rows_smoothing = 0;
}

TEST(smoothed_logits_may_be_large)
{
    const rnni_real z[2] = { 1000, -1000 };
    const int32_t t = 0;
    rows_smoothing = 0.2;
    run(1, 2, z, &t, ones);
    CHECK_NEAR(rows_loss[0], 0.1 * 2000, 1e-3);
    rows_smoothing = 0;
}

TEST_MAIN
