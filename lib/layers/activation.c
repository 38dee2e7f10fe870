/* SPDX-License-Identifier: MIT */
#include "layers/activation.h"
#include "core/error.h"
#include "layers/ops.h"

/* An activation by itself: y = f(x) on every row, dx += dy f'(x). */

static rnn_status_t infer(rnni_node *node)
{
    const rnni_node *x = node->inputs[0];
    RNNI_REQUIRE(x->flow != RNNI_FLOW_TOKENS, RNN_ERROR_SHAPE, "layer %s reads values, '%s' gives token ids",
                 node->name, x->name);
    node->flow = x->flow;
    node->axis = x->axis;
    node->features = x->features;
    return RNN_OK;
}

static void forward(const rnni_node *node, rnni_run *run)
{
    rnni_activate(run->kernels, rnni_activation_of(node, run), rnni_run_rows(run, node), node->features,
                  run->slots[node->inputs[0]->id].y, run->slots[node->id].y);
}

static void backward(const rnni_node *node, rnni_run *run)
{
    const rnni_slot *slot = &run->slots[node->id], *x = &run->slots[node->inputs[0]->id];
    int64_t rows = rnni_run_rows(run, node);
    if (!x->dy) return;
    rnni_activate_backward(run->kernels, rnni_activation_of(node, run), rows, node->features, x->y, slot->y,
                           slot->dy);
    run->kernels->axpy(rows * node->features, 1, slot->dy, x->dy);
}

static const int32_t settings[] = { RNN_LAYER_ACTIVATION, 0 };

const rnni_op rnni_op_activation = {
    .name = "activation", .version = 1, .min_inputs = 1, .max_inputs = 1, .settings = settings,
    .infer = infer, .forward = forward, .backward = backward,
};

rnn_layer_t *rnn_activation(rnn_model_t *model, rnn_layer_t *x, int32_t activation)
{
    rnn_layer_t *layer = rnni_construct(model, &rnni_op_activation, &x, 1);
    return layer && rnn_layer_set_int(layer, RNN_LAYER_ACTIVATION, activation) == RNN_OK ? layer : NULL;
}
