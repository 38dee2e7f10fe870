/* SPDX-License-Identifier: MIT */
#include "loss/loss.h"

#include <stddef.h>

/* Cross-entropy of a row of logits z and a class t, p = softmax(z):
 *
 *   l(z, t) = -log p[t] = log(sum_j exp z[j]) - z[t]
 *   dl / dz[j] = p[j] - (j == t)
 *
 * computed by one kernel, which takes the row's maximum off first. A class of -1: loss and gradient are 0. */
static void plain_rows(const rnni_loss_rows *r, int64_t first, int64_t rows, const rnni_real *weight)
{
    const int64_t n = r->features;
    r->kernels->softmax_cross_entropy(rows, n, r->y + first * n, n, r->classes + first, weight,
                                      r->loss + first, r->dy ? r->dy + first * n : NULL, n);
}

/* With class weights w and smoothing s, K classes (PyTorch's form):
 *
 *   l = (1 - s) w[t] (-log p[t]) + s/K sum_j w[j] (-log p[j])
 *     = A l0 + s/K sum_j w[j] (z[t] - z[j]),   A = (1 - s) w[t] + s/K sum_j w[j],   l0 = -log p[t]
 *   dl / dz[j] = A (p[j] - (j == t)) + s/K ((j == t) sum_k w[k] - w[j])
 *
 * so that the kernel does the exponentials here too. */
static void mixed_row(const rnni_loss_rows *r, int64_t i)
{
    const int64_t n = r->features;
    const int32_t t = r->classes[i];
    const rnni_real *w = r->class_weights, *z = r->y + i * n;
    double share = r->smoothing / (double)n, weights = 0, differences = 0;
    if (t < 0) {
        plain_rows(r, i, 1, r->weight + i);
        return;
    }
    for (int64_t j = 0; share > 0 && j < n; j++) {
        weights += w ? (double)w[j] : 1;
        differences += (w ? (double)w[j] : 1) * ((double)z[t] - (double)z[j]);
    }
    double all = (1 - r->smoothing) * (w ? (double)w[t] : 1) + share * weights;
    rnni_real scaled = (rnni_real)((double)r->weight[i] * all);
    plain_rows(r, i, 1, &scaled);
    r->loss[i] = (rnni_real)(all * (double)r->loss[i] + share * differences);
    if (!r->dy || share == 0) return;
    share *= (double)r->weight[i];
    for (int64_t j = 0; j < n; j++) r->dy[i * n + j] -= (rnni_real)(share * (w ? (double)w[j] : 1));
    r->dy[i * n + t] += (rnni_real)(share * weights);
}

static void rows(const rnni_loss_rows *r)
{
    if (!r->class_weights && r->smoothing == 0) {
        plain_rows(r, 0, r->rows, r->weight);
        return;
    }
    for (int64_t i = 0; i < r->rows; i++) mixed_row(r, i);
}

static const int32_t settings[] = { RNN_LOSS_WEIGHT, RNN_LOSS_LABEL_SMOOTHING, RNN_LOSS_IGNORE, 0 };

extern const rnni_loss rnni_loss_cross_entropy;
const rnni_loss rnni_loss_cross_entropy = {
    .name = "cross_entropy",
    .id = RNN_LOSS_CROSS_ENTROPY,
    .activation = RNNI_ACT_SOFTMAX,
    .classes = true,
    .values = false,
    .classifies = true,
    .settings = settings,
    .weighs_classes = true,
    .rows = rows,
};
