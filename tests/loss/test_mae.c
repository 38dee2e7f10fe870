/* SPDX-License-Identifier: MIT */
#include "loss/rows.h"

TEST(formula)
{
    const rnni_real y[4] = { 1, 2, -3, 4 }, t[4] = { 3, 2, -4, 4.5f }, weight[2] = { 1, 0.5f };
    rows_run(RNN_LOSS_MAE, 2, 2, y, NULL, t, weight);
    CHECK_NEAR(rows_loss[0], 1, 1e-7);
    CHECK_NEAR(rows_loss[1], 0.75, 1e-7);
    CHECK_NEAR(rows_dy[0], -0.5, 1e-7);
    CHECK_NEAR(rows_dy[1], 0, 0);
    CHECK_NEAR(rows_dy[2], 0.25, 1e-7);
    CHECK_NEAR(rows_dy[3], -0.25, 1e-7);
}

TEST_MAIN
