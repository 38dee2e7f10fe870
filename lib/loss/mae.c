/* SPDX-License-Identifier: MIT */
#include "loss/loss.h"

#include <math.h>

/* Absolute error, a row's mean over its n features:
 *
 *   l(y, t) = 1/n sum_j |y[j] - t[j]|
 *   dl / dy[j] = 1/n sign(y[j] - t[j]), 0 where they are equal */
static void row(const rnni_loss_rows *r, int64_t i)
{
    const int64_t n = r->features;
    const rnni_real *y = r->y + i * n, *t = r->values + i * n;
    const double scale = (double)r->weight[i] / (double)n;
    double sum = 0;
    for (int64_t j = 0; j < n; j++) {
        double difference = (double)y[j] - (double)t[j];
        sum += fabs(difference);
        if (r->dy) r->dy[i * n + j] = (rnni_real)(difference == 0 ? 0 : copysign(scale, difference));
    }
    r->loss[i] = (rnni_real)(sum / (double)n);
}

static void rows(const rnni_loss_rows *r)
{
    for (int64_t i = 0; i < r->rows; i++) row(r, i);
}

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
