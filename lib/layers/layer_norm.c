/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "layers/ops.h"

/* Layer norm (Ba, Kiros and Hinton 2016) of every row of n features:
 *
 *   u = (x - mean(x)) / sqrt(var(x) + epsilon)      y = u * weight + bias,  var the biased variance
 *
 * Back: with g = dy * weight and f = 1 / sqrt(var + epsilon),
 *
 *   dx = f (g - mean(g) - u mean(g u))     dweight = sum over rows of dy u     dbias = sum over rows of dy */

enum { WEIGHT, BIAS };

static rnn_status_t infer(rnni_node *node)
{
    const rnni_node *x = node->inputs[0];
    RNNI_REQUIRE(x->flow != RNNI_FLOW_TOKENS, RNN_ERROR_SHAPE, "layer %s reads values, '%s' gives token ids",
                 node->name, x->name);
    node->flow = x->flow;
    node->axis = x->axis;
    node->features = x->features;
    RNNI_TRY(rnni_node_weight_of_ones(node, "weight", x->features));
    return rnni_node_weight(node, "bias", 1, x->features, 1, (rnni_init){ .kind = RNN_INIT_ZEROS });
}

static void forward(const rnni_node *node, rnni_run *run)
{
    int64_t n = node->features;
    run->kernels->layer_norm(rnni_run_rows(run, node), n, run->slots[node->inputs[0]->id].y, n,
                             rnni_weight_at(node, run->graph->weights, WEIGHT),
                             rnni_weight_at(node, run->graph->weights, BIAS),
                             rnni_node_get(node, RNN_LAYER_EPSILON), run->slots[node->id].y, n);
}

static void backward(const rnni_node *node, rnni_run *run)
{
    const rnni_slot *slot = &run->slots[node->id], *x = &run->slots[node->inputs[0]->id];
    int64_t rows = rnni_run_rows(run, node), n = node->features;
    run->kernels->layer_norm_backward(rows, n, x->y, n, rnni_weight_at(node, run->graph->weights, WEIGHT),
                                      rnni_node_get(node, RNN_LAYER_EPSILON), slot->dy, n, slot->dy, n,
                                      run->gradients + node->weights[WEIGHT].offset,
                                      run->gradients + node->weights[BIAS].offset);
    if (x->dy) run->kernels->axpy(rows * n, 1, slot->dy, x->dy);
}

static const int32_t settings[] = { RNN_LAYER_EPSILON, RNNI_TRAINING_SETTINGS, 0 };

const rnni_op rnni_op_layer_norm = {
    .name = "layer_norm", .version = 1, .min_inputs = 1, .max_inputs = 1, .settings = settings,
    .infer = infer, .forward = forward, .backward = backward,
};

rnn_layer_t *rnn_layer_norm(rnn_model_t *model, rnn_layer_t *x)
{
    return rnni_construct(model, &rnni_op_layer_norm, &x, 1);
}
