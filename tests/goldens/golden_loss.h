/* SPDX-License-Identifier: MIT */
#ifndef GOLDEN_LOSS_H
#define GOLDEN_LOSS_H

#include "goldens/golden_case.h"
#include "loss/loss.h"

/* Cases of kind "loss": rows of logits or predictions, a mean over the rows that count, and its gradient. */

/* What a case is called: variants are settings of one loss. */
static const struct {
    const char *name, *loss;
    double smoothing;
} golden_losses[] = { { "cross_entropy_smoothed", "cross_entropy", 0.1 },
                      { "cross_entropy_class_weights", "cross_entropy", 0 },
                      { "cross_entropy_smoothed_weights_ignored", "cross_entropy", 0.1 },
                      { "cross_entropy_ignored", "cross_entropy", 0 } };

/* The library's loss of that name, or NULL; its smoothing goes to *smoothing. */
GOLDEN_STATIC const rnni_loss *golden_find_loss(const char *name, double *smoothing)
{
    const rnni_loss *loss = NULL;
    *smoothing = 0;
    for (size_t i = 0; i < sizeof golden_losses / sizeof *golden_losses; i++) {
        if (strcmp(golden_losses[i].name, name) != 0) continue;
        *smoothing = golden_losses[i].smoothing;
        name = golden_losses[i].loss;
    }
    for (int i = 0; (loss = rnni_loss_at(i)) != NULL; i++)
        if (strcmp(loss->name, name) == 0) break;
    return loss;
}

/* Targets as the loss takes them, and each row's weight in the mean: 1 / rows that count, each as often as
 * its class weighs. */
GOLDEN_STATIC void golden_loss_targets(golden_case *c, rnni_loss_rows *rows)
{
    rnn_tensor_t *target = golden_need(c, "target");
    rnn_tensor_t *weight = golden_new(c, RNNI_REAL_DTYPE, 1, &rows->rows);
    int is_class = rnn_tensor_dtype(target) == RNN_I64;
    double counting = 0;
    for (int64_t r = 0; r < rows->rows; r++) {
        double class = rnn_tensor_get(target, r);
        if (!is_class || class >= 0)
            counting += rows->class_weights ? (double)rows->class_weights[(int)class] : 1;
    }
    for (int64_t r = 0; r < rows->rows; r++) {
        int counts = !is_class || rnn_tensor_get(target, r) >= 0;
        golden_must(c, rnn_tensor_set(weight, r, counts ? 1.0 / counting : 0), "rnn_tensor_set");
    }
    rows->weight = rnn_tensor_const_data(weight);
    if (!is_class) {
        rows->values = rnn_tensor_const_data(golden_real(c, target));
        return;
    }
    rnn_tensor_t *classes = golden_new(c, RNN_I32, 1, &rows->rows);
    golden_must(c, rnn_tensor_copy(classes, target), "rnn_tensor_copy");
    rows->classes = rnn_tensor_const_data(classes);
}

GOLDEN_STATIC void golden_loss(golden_case *c)
{
    double smoothing;
    const rnni_loss *loss = golden_find_loss(golden_text(c->file, "loss"), &smoothing);
    if (!loss) golden_skip(c, golden_text(c->file, "loss"));
    const char *leaf = rnni_safetensors_find(c->file, "logits") ? "logits" : "prediction";
    rnn_tensor_t *y = golden_real(c, golden_need(c, leaf)), *dy = golden_real(c, y);
    rnni_loss_rows rows = { .rows = rnn_tensor_size(y, 0), .features = rnn_tensor_size(y, 1) };
    golden_must(c, rnni_kernels_get(c->context, &rows.kernels), "rnni_kernels_get");
    rnn_tensor_t *values = golden_new(c, RNNI_REAL_DTYPE, 1, &rows.rows);
    rows.y = rnn_tensor_const_data(y);
    rows.dy = rnn_tensor_data(dy);
    rows.loss = rnn_tensor_data(values);
    rows.smoothing = smoothing;
    rows.delta = 1;
    if (rnni_safetensors_find(c->file, "class_weights"))
        rows.class_weights = rnn_tensor_const_data(golden_real(c, golden_need(c, "class_weights")));
    golden_loss_targets(c, &rows);
    loss->rows(&rows);

    double sum = 0, want = rnn_tensor_get(golden_need(c, "loss"), 0);
    for (int64_t r = 0; r < rows.rows; r++) sum += (double)rows.weight[r] * rnn_tensor_get(values, r);
    char name[32];
    snprintf(name, sizeof name, "d_%s", leaf);
    golden_note(c, "loss", fabs(sum - want), fabs(want), 1e-3);
    golden_compare(c, name, dy, golden_need(c, name));
}

#endif
