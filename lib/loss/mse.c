/* SPDX-License-Identifier: MIT */
#include "loss/loss.h"

/* Squared error, a row's mean over its n features:
 *
 *   l(y, t) = 1/n sum_j (y[j] - t[j])^2
 *   dl / dy[j] = 2/n (y[j] - t[j]) */
static void row(const rnni_loss_rows *r, int64_t i)
{
    const int64_t n = r->features;
    const rnni_real *y = r->y + i * n, *t = r->values + i * n;
    const double scale = 2 * (double)r->weight[i] / (double)n;
    double sum = 0;
    for (int64_t j = 0; j < n; j++) {
        double difference = (double)y[j] - (double)t[j];
        sum += difference * difference;
        if (r->dy) r->dy[i * n + j] = (rnni_real)(scale * difference);
    }
    r->loss[i] = (rnni_real)(sum / (double)n);
}

static void rows(const rnni_loss_rows *r)
{
    for (int64_t i = 0; i < r->rows; i++) row(r, i);
}

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
