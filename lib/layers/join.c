/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "layers/ops.h"

/* Joins of several layers on one axis: add (equal features) and concat (features side by side). */

static rnn_status_t infer(rnni_node *node, bool equal)
{
    const rnni_node *first = node->inputs[0];
    node->features = 0;
    for (int32_t i = 0; i < node->input_count; i++) {
        const rnni_node *x = node->inputs[i];
        RNNI_REQUIRE(x->flow != RNNI_FLOW_TOKENS, RNN_ERROR_SHAPE,
                     "layer %s joins values, '%s' gives token ids", node->name, x->name);
        RNNI_REQUIRE(x->flow == first->flow, RNN_ERROR_SHAPE,
                     "layer %s joins a sequence and a vector, '%s' and '%s'", node->name, first->name,
                     x->name);
        RNNI_REQUIRE(x->axis == first->axis, RNN_ERROR_SHAPE,
                     "layer %s joins sequences of two inputs, '%s' and '%s': their lengths may differ",
                     node->name, node->graph->axes[first->axis].input->name,
                     node->graph->axes[x->axis].input->name);
        RNNI_REQUIRE(!equal || x->features == first->features, RNN_ERROR_SHAPE,
                     "layer %s adds equal features, '%s' has %lld and '%s' has %lld", node->name, first->name,
                     (long long)first->features, x->name, (long long)x->features);
        RNNI_REQUIRE(node->features + x->features <= RNNI_FEATURES_MAX, RNN_ERROR_SHAPE,
                     "layer %s has more than 2^31 features", node->name);
        node->features += x->features;
    }
    if (equal) node->features = first->features;
    node->flow = first->flow;
    node->axis = first->axis;
    return RNN_OK;
}

static rnn_status_t infer_add(rnni_node *node) { return infer(node, true); }
static rnn_status_t infer_concat(rnni_node *node) { return infer(node, false); }

static void forward_add(const rnni_node *node, rnni_run *run)
{
    rnni_real *y = run->slots[node->id].y;
    int64_t n = rnni_run_rows(run, node) * node->features;
    if (n) memcpy(y, run->slots[node->inputs[0]->id].y, (size_t)n * sizeof *y);
    for (int32_t i = 1; i < node->input_count; i++)
        run->kernels->axpy(n, 1, run->slots[node->inputs[i]->id].y, y);
}

static void backward_add(const rnni_node *node, rnni_run *run)
{
    int64_t n = rnni_run_rows(run, node) * node->features;
    for (int32_t i = 0; i < node->input_count; i++) {
        rnni_real *dx = run->slots[node->inputs[i]->id].dy;
        if (dx) run->kernels->axpy(n, 1, run->slots[node->id].dy, dx);
    }
}

static void forward_concat(const rnni_node *node, rnni_run *run)
{
    int64_t rows = rnni_run_rows(run, node);
    rnni_real *y = run->slots[node->id].y;
    for (int32_t i = 0; i < node->input_count; i++) {
        const rnni_node *x = node->inputs[i];
        const rnni_real *from = run->slots[x->id].y;
        for (int64_t r = 0; r < rows; r++)
            memcpy(y + r * node->features, from + r * x->features, (size_t)x->features * sizeof *y);
        y += x->features;
    }
}

static void backward_concat(const rnni_node *node, rnni_run *run)
{
    int64_t rows = rnni_run_rows(run, node);
    const rnni_real *dy = run->slots[node->id].dy;
    for (int32_t i = 0; i < node->input_count; i++) {
        const rnni_node *x = node->inputs[i];
        rnni_real *dx = run->slots[x->id].dy;
        for (int64_t r = 0; dx && r < rows; r++)
            run->kernels->axpy(x->features, 1, dy + r * node->features, dx + r * x->features);
        dy += x->features;
    }
}

const rnni_op rnni_op_add = {
    .name = "add", .version = 1, .min_inputs = 1, .max_inputs = INT32_MAX,
    .infer = infer_add, .forward = forward_add, .backward = backward_add,
};

const rnni_op rnni_op_concat = {
    .name = "concat", .version = 1, .min_inputs = 1, .max_inputs = INT32_MAX,
    .infer = infer_concat, .forward = forward_concat, .backward = backward_concat,
};

static rnn_layer_t *join(rnn_model_t *model, const rnni_op *op, rnn_layer_t *const *layers, int32_t count)
{
    return rnni_construct(model, op, layers, layers && count > 0 ? count : 0);
}

rnn_layer_t *rnn_add(rnn_model_t *model, rnn_layer_t *const *layers, int32_t count)
{
    return join(model, &rnni_op_add, layers, count);
}
rnn_layer_t *rnn_concat(rnn_model_t *model, rnn_layer_t *const *layers, int32_t count)
{
    return join(model, &rnni_op_concat, layers, count);
}
