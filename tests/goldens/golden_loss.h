/* SPDX-License-Identifier: MIT */
#ifndef GOLDEN_LOSS_H
#define GOLDEN_LOSS_H

#include "goldens/golden_case.h"
#include "loss/loss.h"

/* Cases of kind "loss": rows of logits or predictions, a mean over the rows that count, and its gradient. */

/* The library's loss of that name, or NULL. An "_ignored" case is the same loss with rows of class -1. */
GOLDEN_STATIC const rnni_loss *golden_find_loss(const char *name)
{
    static const char ignored[] = "_ignored";
    size_t size = strlen(name), tail = sizeof ignored - 1;
    if (size > tail && strcmp(name + size - tail, ignored) == 0) size -= tail;
    const rnni_loss *loss = NULL;
    for (int i = 0; (loss = rnni_loss_at(i)) != NULL; i++)
        if (strlen(loss->name) == size && strncmp(loss->name, name, size) == 0) break;
    return loss;
}

/* Targets as the loss takes them, and each row's weight in the mean: 1 / rows that count. */
GOLDEN_STATIC void golden_loss_targets(golden_case *c, rnni_loss_rows *rows)
{
    rnn_tensor_t *target = golden_need(c, "target");
    rnn_tensor_t *weight = golden_new(c, RNNI_REAL_DTYPE, 1, &rows->rows);
    int is_class = rnn_tensor_dtype(target) == RNN_I64, counting = 0;
    for (int64_t r = 0; r < rows->rows; r++) counting += !is_class || rnn_tensor_get(target, r) >= 0;
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
    const rnni_loss *loss = golden_find_loss(golden_text(c->file, "loss"));
    if (!loss) golden_skip(c, golden_text(c->file, "loss"));
    const char *leaf = rnni_safetensors_find(c->file, "logits") ? "logits" : "prediction";
    rnn_tensor_t *y = golden_real(c, golden_need(c, leaf)), *dy = golden_real(c, y);
    rnni_loss_rows rows = { .rows = rnn_tensor_size(y, 0), .features = rnn_tensor_size(y, 1) };
    golden_must(c, rnni_kernels_get(c->context, &rows.kernels), "rnni_kernels_get");
    rnn_tensor_t *values = golden_new(c, RNNI_REAL_DTYPE, 1, &rows.rows);
    rows.y = rnn_tensor_const_data(y);
    rows.dy = rnn_tensor_data(dy);
    rows.loss = rnn_tensor_data(values);
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
