/* SPDX-License-Identifier: MIT */
#ifndef GOLDEN_CLIP_H
#define GOLDEN_CLIP_H

#include "goldens/golden_model.h"

/* Cases of kind "clip": gradients scaled down to a global norm. The trainer is given exactly these gradients:
 * a dense layer without bias on a unit matrix has its upstream gradient, transposed, as the weight's. */

GOLDEN_STATIC void golden_clip_layer(golden_case *c, const char *name, int64_t units, int64_t features)
{
    char input[8];
    snprintf(input, sizeof input, "x_%s", name);
    rnn_layer_t *layer = rnn_dense(c->model, rnn_input_vector(c->model, input, features), units, RNN_LINEAR);
    golden_must(c, rnn_layer_set_int(layer, RNN_LAYER_BIAS, RNN_BIAS_NONE), "rnn_layer_set_int");
    golden_must(c, rnn_layer_set_name(layer, name), "rnn_layer_set_name");
    golden_must(c, rnn_model_set_output(c->model, layer, name), "rnn_model_set_output");
}

/* Input `index` of the batch: the first `features` rows of a unit matrix, the rest zeros. Returns the
 * upstream gradient. */
GOLDEN_STATIC rnn_tensor_t *golden_clip_column(golden_case *c, int32_t index, const rnn_tensor_t *g,
                                               int64_t rows)
{
    int64_t units = rnn_tensor_size(g, 0), features = rnn_tensor_count(g) / units;
    int64_t x_shape[2] = { rows, features }, up_shape[2] = { rows, units };
    rnn_tensor_t *x = golden_new(c, RNN_F64, 2, x_shape), *up = golden_new(c, RNN_F64, 2, up_shape);
    for (int64_t f = 0; f < features; f++) {
        golden_must(c, rnn_tensor_set(x, f * features + f, 1), "rnn_tensor_set");
        for (int64_t u = 0; u < units; u++)
            golden_must(c, rnn_tensor_set(up, f * units + u, rnn_tensor_get(g, u * features + f)),
                        "rnn_tensor_set");
    }
    golden_must(c, rnn_batch_set_input(c->batch, index, x, NULL), "rnn_batch_set_input");
    return up;
}

GOLDEN_STATIC void golden_clip_compare(golden_case *c, const char *weight, const char *name)
{
    golden_compare(c, name, golden_keep(c, rnn_trainer_gradient(c->trainer, weight), weight),
                   golden_need(c, name));
}

GOLDEN_STATIC void golden_clip(golden_case *c)
{
    rnn_tensor_t *g0 = golden_need(c, "g0"), *g1 = golden_need(c, "g1");
    int64_t rows = rnn_tensor_size(g0, 1);
    double norm, limit = golden_number(c->file, "max_norm", 0);
    golden_clip_layer(c, "a", rnn_tensor_size(g0, 0), rows);
    golden_clip_layer(c, "b", rnn_tensor_size(g1, 0), 1);
    golden_must(c, rnn_model_build(c->model), "rnn_model_build");
    c->batch = rnn_batch_create(c->context);
    c->trainer = rnn_trainer_create(c->model);
    if (!c->batch || !c->trainer) golden_fail(c, "batch, trainer", rnn_last_error());
    const rnn_tensor_t *upstream[2] = { golden_clip_column(c, 0, g0, rows),
                                        golden_clip_column(c, 1, g1, rows) };
    golden_must(c, rnn_trainer_forward(c->trainer, c->batch, NULL), "rnn_trainer_forward");
    golden_must(c, rnn_trainer_backward_from(c->trainer, upstream, 2), "rnn_trainer_backward_from");
    golden_must(c, rnn_trainer_clip(c->trainer, limit, &norm), "rnn_trainer_clip");

    double want = rnn_tensor_get(golden_need(c, "norm"), 0);
    golden_note(c, "norm", fabs(norm - want), want, 0);
    c->tolerance = fmax(c->tolerance, 1e-6); /* PyTorch divides by norm + 1e-6 */
    golden_clip_compare(c, "a.weight", "clipped0");
    golden_clip_compare(c, "b.weight", "clipped1");
}

#endif
