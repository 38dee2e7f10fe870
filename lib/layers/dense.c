/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "layers/ops.h"

/* Dense: z = x W^T + b, y = act(z), on every row; W [units][features].
 *
 *   dz = dy act'(z)     dW = sum over rows of dz^T x     db = sum over rows of dz     dx = dz W
 *
 * When a loss wants the values before the activation (run->raw), y holds z and dy is dz. */

static rnn_status_t infer(rnni_node *node)
{
    const rnni_node *x = node->inputs[0];
    int64_t units = rnni_node_int(node, RNN_LAYER_UNITS), bias = rnni_node_int(node, RNN_LAYER_BIAS);
    RNNI_REQUIRE(x->flow != RNNI_FLOW_TOKENS, RNN_ERROR_SHAPE, "layer %s reads values, '%s' gives token ids (put an embedding between)",
                 node->name, x->name);
    RNNI_REQUIRE(bias != RNN_BIAS_TWO, RNN_ERROR_RANGE, "layer %s: a dense layer has no second bias, expected none or one", node->name);
    node->flow = x->flow;
    node->axis = x->axis;
    node->features = units;
    int32_t kind = (int32_t)rnni_node_int(node, RNN_LAYER_INIT);
    rnni_init init = { .kind = kind == RNN_INIT_AUTO ? RNN_INIT_GLOROT_UNIFORM : kind, .fan_in = x->features, .fan_out = units,
                       .scale = rnni_node_get(node, RNN_LAYER_INIT_SCALE) };
    RNNI_TRY(rnni_node_weight(node, "weight", 2, units, x->features, init));
    return bias ? rnni_node_weight(node, "bias", 1, units, 1, (rnni_init){ .kind = RNN_INIT_ZEROS }) : RNN_OK;
}

static int64_t packed_size(const rnni_node *node, int backward)
{
    int64_t features = node->inputs[0]->features;
    return backward ? rnni_packed_size(node->graph->kernels, node->features, features)
                    : rnni_packed_size(node->graph->kernels, features, node->features);
}

static void pack(const rnni_node *node, const rnni_real *weights, rnni_real *packed, int backward)
{
    const rnni_real *w = rnni_weight_at(node, weights, 0);
    int64_t features = node->inputs[0]->features;
    if (backward) rnni_pack(node->graph->kernels, node->features, features, w, features, 1, packed);
    else rnni_pack(node->graph->kernels, features, node->features, w, 1, features, packed);
}

static void plan(const rnni_node *node, rnni_run *run)
{
    if (run->training)
        rnni_run_need_scratch(run, rnni_gemm_scratch(run->kernels, node->features, node->inputs[0]->features, rnni_run_rows(run, node)));
}

static int activation_of(const rnni_node *node, const rnni_run *run)
{
    return run->raw && run->raw[node->id] ? RNNI_ACT_LINEAR : (int)rnni_node_int(node, RNN_LAYER_ACTIVATION);
}

static void forward(const rnni_node *node, rnni_run *run)
{
    const rnni_kernels *k = run->kernels;
    const rnni_node *in = node->inputs[0];
    rnni_real *y = run->slots[node->id].y;
    int64_t rows = rnni_run_rows(run, node), n = node->features;
    const rnni_real *bias = node->weight_count > 1 ? rnni_weight_at(node, run->graph->weights, 1) : NULL;
    int activation = activation_of(node, run);
    rnni_gemm_packed(k, rows, n, in->features, run->slots[in->id].y, in->features, 1, node->packed, bias ? RNNI_FROM_BIAS : RNNI_FROM_ZERO,
                     bias, y, n);
    if (activation == RNNI_ACT_SOFTMAX) k->softmax(rows, n, y, n, y, n);
    else if (activation != RNNI_ACT_LINEAR) k->activate(activation, rows * n, y, y);
}

static void backward(const rnni_node *node, rnni_run *run)
{
    const rnni_kernels *k = run->kernels;
    const rnni_node *in = node->inputs[0];
    const rnni_slot *slot = &run->slots[node->id], *x = &run->slots[in->id];
    int64_t rows = rnni_run_rows(run, node), n = node->features;
    rnni_real *dz = slot->dy, *g = run->gradients;
    int activation = activation_of(node, run);
    if (activation == RNNI_ACT_SOFTMAX) k->softmax_backward(rows, n, slot->y, n, slot->dy, n, dz, n);
    else if (activation != RNNI_ACT_LINEAR) k->activate_backward(activation, rows * n, slot->y, slot->dy, dz);
    rnni_gemm(k, n, in->features, rows, dz, 1, n, x->y, in->features, 1, RNNI_FROM_C, g + node->weights[0].offset, in->features, run->scratch);
    if (node->weight_count > 1) k->column_sums(rows, n, dz, n, g + node->weights[1].offset);
    if (x->dy) rnni_gemm_packed(k, rows, in->features, n, dz, n, 1, node->packed_backward, RNNI_FROM_C, NULL, x->dy, in->features);
}

static const int32_t settings[] = { RNN_LAYER_UNITS, RNN_LAYER_ACTIVATION, RNN_LAYER_BIAS, RNN_LAYER_INIT, RNN_LAYER_INIT_SCALE, 0 };

const rnni_op rnni_op_dense = {
    .name = "dense", .version = 1, .min_inputs = 1, .max_inputs = 1, .settings = settings, .infer = infer,
    .packed_size = packed_size, .pack = pack, .plan = plan, .forward = forward, .backward = backward,
};

rnn_layer_t *rnn_dense(rnn_model_t *model, rnn_layer_t *x, int64_t units, int32_t activation)
{
    rnn_layer_t *layer = rnni_construct(model, &rnni_op_dense, &x, 1);
    if (!layer || rnn_layer_set_int(layer, RNN_LAYER_UNITS, units) != RNN_OK) return NULL;
    return rnn_layer_set_int(layer, RNN_LAYER_ACTIVATION, activation) == RNN_OK ? layer : NULL;
}
