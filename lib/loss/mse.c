/* SPDX-License-Identifier: MIT */
#include "loss/elements.h"

/* Squared error: e(d) = d^2. */
static double element(double d, double delta, double *slope)
{
    (void)delta;
    *slope = 2 * d;
    return d * d;
}

static void rows(const rnni_loss_rows *r) { rnni_loss_elements(r, element); }

static const int32_t settings[] = { RNN_LOSS_WEIGHT, 0 };

extern const rnni_loss rnni_loss_mse;
const rnni_loss rnni_loss_mse = {
    .name = "mse",
    .id = RNN_LOSS_MSE,
    .activation = -1,
    .classes = false,
    .values = true,
    .classifies = false,
    .settings = settings,
    .rows = rows,
};
