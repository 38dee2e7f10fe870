/* SPDX-License-Identifier: MIT */
#ifndef RNNI_ELEMENTS_H
#define RNNI_ELEMENTS_H

#include "loss/loss.h"

/* Losses that are a row's mean over its n features of a function e of the difference d = y[j] - t[j]:
 *
 *   l(y, t) = 1/n sum_j e(d)          dl / dy[j] = 1/n e'(d)
 *
 * `element` gives e(d) and, in *slope, e'(d). Called with a constant function it is built in. */
static inline void rnni_loss_elements(const rnni_loss_rows *r,
                                      double (*element)(double d, double delta, double *slope))
{
    const int64_t n = r->features;
    for (int64_t i = 0; i < r->rows; i++) {
        const rnni_real *y = r->y + i * n, *t = r->values + i * n;
        const double scale = (double)r->weight[i] / (double)n;
        double sum = 0, slope;
        for (int64_t j = 0; j < n; j++) {
            sum += element((double)y[j] - (double)t[j], r->delta, &slope);
            if (r->dy) r->dy[i * n + j] = (rnni_real)(scale * slope);
        }
        r->loss[i] = (rnni_real)(sum / (double)n);
    }
}

#endif
