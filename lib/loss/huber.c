/* SPDX-License-Identifier: MIT */
#include "loss/elements.h"

#include <math.h>

/* Huber's loss (1964):
 *
 *   |d| <= delta   e(d) = d^2 / 2                        e'(d) = d
 *   else           e(d) = delta (|d| - delta / 2)        e'(d) = delta sign(d) */
static double element(double d, double delta, double *slope)
{
    bool near = fabs(d) <= delta;
    *slope = near ? d : copysign(delta, d);
    return near ? d * d / 2 : delta * (fabs(d) - delta / 2);
}

static void rows(const rnni_loss_rows *r) { rnni_loss_elements(r, element); }

static const int32_t settings[] = { RNN_LOSS_WEIGHT, RNN_LOSS_DELTA, 0 };

extern const rnni_loss rnni_loss_huber;
const rnni_loss rnni_loss_huber = {
    .name = "huber",
    .id = RNN_LOSS_HUBER,
    .activation = -1,
    .classes = false,
    .values = true,
    .classifies = false,
    .settings = settings,
    .rows = rows,
};
