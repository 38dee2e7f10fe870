/* SPDX-License-Identifier: MIT */
#include "loss/loss.h"

#include <math.h>

/* Binary cross-entropy of a logit z and a target t in [0, 1], p = sigmoid(z):
 *
 *   l(z, t) = -t log p - (1 - t) log(1 - p) = max(z, 0) - z t + log(1 + exp(-|z|))
 *   dl / dz = p - t
 *
 * The form on the right loses nothing where p rounds to 0 or 1. Smoothing s makes t into (1 - s) t + s / 2. A
 * row's loss is the mean over its features, times the weight of its class where there are class weights (then
 * it has one feature). */
static double element(double z, double t, double *slope)
{
    double e = exp(-fabs(z)), p = z >= 0 ? 1 / (1 + e) : e / (1 + e);
    *slope = p - t;
    return (z > 0 ? z : 0) - z * t + log1p(e);
}

static void row(const rnni_loss_rows *r, int64_t i)
{
    const int64_t n = r->features;
    const rnni_real *z = r->y + i * n;
    double sum = 0, slope;
    for (int64_t j = 0; j < n; j++) {
        double t = r->classes ? (double)r->classes[i] : (double)r->values[i * n + j];
        double factor = rnni_loss_binary_weight(r->class_weights, t) / (double)n;
        sum += factor * element((double)z[j], (1 - r->smoothing) * t + r->smoothing / 2, &slope);
        if (r->dy) r->dy[i * n + j] = (rnni_real)((double)r->weight[i] * factor * slope);
    }
    r->loss[i] = (rnni_real)sum;
}

/* A class of -1: the row does not count. */
static void empty_row(const rnni_loss_rows *r, int64_t i)
{
    r->loss[i] = 0;
    for (int64_t j = 0; r->dy && j < r->features; j++) r->dy[i * r->features + j] = 0;
}

static void rows(const rnni_loss_rows *r)
{
    for (int64_t i = 0; i < r->rows; i++)
        if (r->classes && r->classes[i] < 0)
            empty_row(r, i);
        else
            row(r, i);
}

static const int32_t settings[] = { RNN_LOSS_WEIGHT, RNN_LOSS_LABEL_SMOOTHING, RNN_LOSS_IGNORE, 0 };

extern const rnni_loss rnni_loss_binary_cross_entropy;
const rnni_loss rnni_loss_binary_cross_entropy = {
    .name = "binary_cross_entropy",
    .id = RNN_LOSS_BINARY_CROSS_ENTROPY,
    .activation = RNNI_ACT_SIGMOID,
    .classes = true,
    .values = true,
    .classifies = true,
    .settings = settings,
    .weighs_classes = true,
    .rows = rows,
};
