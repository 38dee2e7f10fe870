/* SPDX-License-Identifier: MIT */
#include "loss/elements.h"

#include <math.h>

/* Absolute error: e(d) = |d|, and at 0 the slope 0. */
static double element(double d, double delta, double *slope)
{
    (void)delta;
    *slope = d == 0 ? 0 : copysign(1, d);
    return fabs(d);
}

static void rows(const rnni_loss_rows *r) { rnni_loss_elements(r, element); }

static const int32_t settings[] = { RNN_LOSS_WEIGHT, 0 };

extern const rnni_loss rnni_loss_mae;
const rnni_loss rnni_loss_mae = {
    .name = "mae",
    .id = RNN_LOSS_MAE,
    .activation = -1,
    .classes = false,
    .values = true,
    .classifies = false,
    .settings = settings,
    .rows = rows,
};
