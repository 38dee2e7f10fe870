/* SPDX-License-Identifier: MIT */
#ifndef ROWS_H
#define ROWS_H

#include "harness.h"
#include "kernels/kernels.h"
#include "loss/loss.h"

/* Runs a loss over a few rows on the scalar kernels; results lie in rows_loss and rows_dy. */
enum { ROWS_MOST = 64 };
static rnni_real rows_loss[ROWS_MOST], rows_dy[ROWS_MOST];
/* The loss's settings, and the class weights. */
__attribute__((unused)) static const rnni_real *rows_class_weights;
__attribute__((unused)) static double rows_smoothing, rows_delta = 1;

static inline void rows_run(int32_t id, int64_t rows, int64_t features, const rnni_real *y,
                            const int32_t *classes, const rnni_real *values, const rnni_real *weight)
{
    for (int i = 0; i < ROWS_MOST; i++) rows_loss[i] = rows_dy[i] = -77;
    rnni_loss_rows r = {
        .kernels = rnni_kernels_of(RNN_ISA_SCALAR), .rows = rows, .features = features, .y = y,
        .classes = classes, .values = values, .weight = weight, .loss = rows_loss, .dy = rows_dy,
        .class_weights = rows_class_weights, .smoothing = rows_smoothing, .delta = rows_delta
    };
    rnni_loss_find(id)->rows(&r);
    CHECK(rows_loss[rows] == -77 && rows_dy[rows * features] == -77);
    rnni_real kept[ROWS_MOST];
    memcpy(kept, rows_loss, sizeof(kept));
    r.dy = NULL; /* the loss alone is the same */
    rnni_loss_find(id)->rows(&r);
    CHECK_BYTES(kept, rows_loss, sizeof(kept));
}

#endif
