/* SPDX-License-Identifier: MIT */
#ifndef RNNI_LOSS_H
#define RNNI_LOSS_H

#include "core/settings.h"
#include "kernels/kernels.h"
#include <rnn/loss.h>
#include <stdbool.h>

#define RNNI_LOSS_SETTINGS 4 /* RNN_LOSS_WEIGHT ... without gaps */
extern const rnni_setting rnni_loss_settings[RNNI_LOSS_SETTINGS];

/* Losses work on rows of values before the output's activation ("raw") where `fused` says so, else on the
 * output itself. */
typedef struct rnni_loss_rows {
    const rnni_kernels *kernels;
    int64_t rows, features;
    const rnni_real *y;        /* [rows][features] */
    const int32_t *classes;    /* [rows], -1: does not count; or NULL */
    const rnni_real *values;   /* [rows][features], or NULL. Exactly one of the two is given */
    const rnni_real *weight;   /* [rows] factor of each row's gradient (weight / sum of weights); 0 for rows
                                  that do not count */
    rnni_real *loss;           /* [rows] out: loss of each row, times its class weight but not its weight */
    rnni_real *dy;             /* [rows][features] out, or NULL: weight * d loss / d y; may be y */
    const rnni_real *class_weights; /* [classes], or NULL: all 1 */
    double smoothing, delta;
} rnni_loss_rows;

typedef struct rnni_loss {
    const char *name;          /* in files: "cross_entropy" */
    int32_t id;                /* RNN_LOSS_* */
    int activation;            /* RNNI_ACT_* that it is fused with, or -1 */
    bool classes, values;      /* kinds of targets it takes */
    bool classifies;           /* accuracy makes sense */
    const int32_t *settings;   /* RNN_LOSS_* settings it takes, ended by 0 */
    bool weighs_classes;       /* takes class weights */
    void (*rows)(const rnni_loss_rows *rows);
} rnni_loss;

const rnni_loss *rnni_loss_find(int32_t id);
const rnni_loss *rnni_loss_at(int index); /* by index, NULL past the last */

bool rnni_loss_takes(const rnni_loss *loss, int32_t setting);
/* The class weight of a binary target t in [0, 1]. */
static inline double rnni_loss_binary_weight(const rnni_real *class_weights, double t)
{
    return class_weights ? (1 - t) * (double)class_weights[0] + t * (double)class_weights[1] : 1;
}

#endif
