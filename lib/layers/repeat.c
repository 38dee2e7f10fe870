/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "layers/ops.h"

/* Repeat: a vector v [n] of each sequence at every useful step of another layer's axis.
 *
 *   y[t] = v            dv = sum over steps of dy[t] */

enum { VECTOR, LIKE };

static rnn_status_t infer(rnni_node *node)
{
    const rnni_node *vector = node->inputs[VECTOR], *like = node->inputs[LIKE];
    RNNI_REQUIRE(vector->flow == RNNI_FLOW_VECTOR, RNN_ERROR_SHAPE,
                 "layer %s repeats a vector, '%s' gives a sequence", node->name, vector->name);
    RNNI_REQUIRE(like->axis >= 0, RNN_ERROR_SHAPE,
                 "layer %s repeats to the steps of a sequence, '%s' gives a vector", node->name, like->name);
    node->flow = RNNI_FLOW_SEQUENCE;
    node->axis = like->axis;
    node->features = vector->features;
    return RNN_OK;
}

static void forward(const rnni_node *node, rnni_run *run)
{
    const rnni_axis *axis = &run->axes[node->axis];
    const rnni_real *v = run->slots[node->inputs[VECTOR]->id].y;
    rnni_real *y = run->slots[node->id].y;
    int64_t n = node->features;
    for (int64_t t = 0; t < axis->steps; t++)
        for (int64_t s = 0; s < axis->active[t]; s++)
            memcpy(y + (axis->offset[t] + s) * n, v + axis->order[s] * n, (size_t)n * sizeof *y);
}

static void backward(const rnni_node *node, rnni_run *run)
{
    const rnni_axis *axis = &run->axes[node->axis];
    rnni_real *dv = run->slots[node->inputs[VECTOR]->id].dy;
    const rnni_real *dy = run->slots[node->id].dy;
    int64_t n = node->features;
    for (int64_t t = 0; dv && t < axis->steps; t++)
        for (int64_t s = 0; s < axis->active[t]; s++)
            run->kernels->axpy(n, 1, dy + (axis->offset[t] + s) * n, dv + axis->order[s] * n);
}

/* What a whole sequence gives is not known in its middle. */
static int64_t state_size(const rnni_node *node) { return node->inputs[VECTOR]->of_sequence ? -1 : 0; }

const rnni_op rnni_op_repeat = {
    .name = "repeat", .version = 1, .min_inputs = 2, .max_inputs = 2,
    .infer = infer, .forward = forward, .backward = backward, .state_size = state_size,
};

rnn_layer_t *rnn_repeat(rnn_model_t *model, rnn_layer_t *vector, rnn_layer_t *like)
{
    return rnni_construct(model, &rnni_op_repeat, (rnni_node *[]){ vector, like }, 2);
}
