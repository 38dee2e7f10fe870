/* SPDX-License-Identifier: MIT */
#include "loss/rows.h"

static const rnni_real ones[2] = { 1, 1 };

TEST(formula)
{
    const rnni_real y[4] = { 0, 0, 0, 0 }, t[4] = { 0.5f, -3, 2, 0 };
    rows_delta = 2;
    rows_run(RNN_LOSS_HUBER, 2, 2, y, NULL, t, ones);
    CHECK_NEAR(rows_loss[0], (0.125 + 2 * (3 - 1)) / 2, 1e-6);
    CHECK_NEAR(rows_loss[1], 1, 1e-6); /* both forms meet at delta */
    CHECK_NEAR(rows_dy[0], -0.25, 1e-7);
    CHECK_NEAR(rows_dy[1], 1, 1e-7);
    CHECK_NEAR(rows_dy[2], -1, 1e-7);
    CHECK_NEAR(rows_dy[3], 0, 0);
}

TEST(large_delta_is_half_the_squared_error)
{
    const rnni_real y[2] = { 1, -2 }, t[2] = { 4, 5 };
    rows_delta = 1000;
    rows_run(RNN_LOSS_HUBER, 1, 2, y, NULL, t, ones);
    double huber = (double)rows_loss[0];
    rows_run(RNN_LOSS_MSE, 1, 2, y, NULL, t, ones);
    CHECK_NEAR(huber, (double)rows_loss[0] / 2, 1e-5);
}

TEST_MAIN
