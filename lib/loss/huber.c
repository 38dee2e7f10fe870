/* SPDX-License-Identifier: MIT */
#include "loss/loss.h"

#include <math.h>

/* Huber's loss (1964), a row's mean over its n features, with d = y[j] - t[j]:
 *
 *   |d| <= delta   d^2 / 2                        dl / dy[j] = d / n
 *   else           delta (|d| - delta / 2)        dl / dy[j] = delta sign(d) / n */
static double element(double d, double delta, double *slope)
{
    bool near = fabs(d) <= delta;
    *slope = near ? d : copysign(delta, d);
    return near ? d * d / 2 : delta * (fabs(d) - delta / 2);
}

static void row(const rnni_loss_rows *r, int64_t i)
{
    const int64_t n = r->features;
    const rnni_real *y = r->y + i * n, *t = r->values + i * n;
    const double scale = (double)r->weight[i] / (double)n;
    double sum = 0, slope;
    for (int64_t j = 0; j < n; j++) {
        sum += element((double)y[j] - (double)t[j], r->delta, &slope);
        if (r->dy) r->dy[i * n + j] = (rnni_real)(scale * slope);
    }
    r->loss[i] = (rnni_real)(sum / (double)n);
}

static void rows(const rnni_loss_rows *r)
{
    for (int64_t i = 0; i < r->rows; i++) row(r, i);
}

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
