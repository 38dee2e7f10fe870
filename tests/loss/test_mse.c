/* SPDX-License-Identifier: MIT */
#include "loss/rows.h"

static void run(int64_t rows, int64_t features, const rnni_real *y, const rnni_real *t,
                const rnni_real *weight)
{
    rows_run(RNN_LOSS_MSE, rows, features, y, NULL, t, weight);
}

TEST(mean_over_features)
{
    const rnni_real y[4] = { 1, 2, 3, 4 }, t[4] = { 1, 0, 0, 8 }, weight[2] = { 1, 0.5f };
    run(2, 2, y, t, weight);
    CHECK_NEAR(rows_loss[0], 2, 0);
    CHECK_NEAR(rows_loss[1], 12.5, 0);
    CHECK_NEAR(rows_dy[0], 0, 0);
    CHECK_NEAR(rows_dy[1], 2, 0);
    CHECK_NEAR(rows_dy[2], 1.5, 0);
    CHECK_NEAR(rows_dy[3], -2, 0);
}

TEST(rows_without_weight_have_no_gradient)
{
    const rnni_real y[2] = { 5, 5 }, t[2] = { 0, 0 }, weight[2] = { 0, 1 };
    run(2, 1, y, t, weight);
    CHECK_NEAR(rows_dy[0], 0, 0);
    CHECK_NEAR(rows_dy[1], 10, 0);
}

TEST_MAIN
