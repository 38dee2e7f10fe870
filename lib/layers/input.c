/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "layers/ops.h"

/* Inputs: their values are put into the slots by whoever binds a batch; a sequence input begins an axis. */

static void begin_axis(rnni_node *node)
{
    rnni_graph *graph = node->graph;
    node->axis = graph->axis_count++;
    graph->axes[node->axis] = (rnni_axis_info){ .input = node, .mask_id = -1 };
}

static rnn_status_t infer_tokens(rnni_node *node)
{
    node->flow = RNNI_FLOW_TOKENS;
    node->features = 1;
    begin_axis(node);
    return RNN_OK;
}

static rnn_status_t infer_values(rnni_node *node)
{
    node->flow = RNNI_FLOW_SEQUENCE;
    node->features = rnni_node_int(node, RNN_LAYER_FEATURES);
    begin_axis(node);
    return RNN_OK;
}

static rnn_status_t infer_vector(rnni_node *node)
{
    node->flow = RNNI_FLOW_VECTOR;
    node->features = rnni_node_int(node, RNN_LAYER_FEATURES);
    return RNN_OK;
}

static void nothing(const rnni_node *node, rnni_run *run)
{
    (void)node;
    (void)run;
}

static const int32_t feature_settings[] = { RNN_LAYER_FEATURES, 0 };

const rnni_op rnni_op_input_tokens = { .name = "input_tokens", .version = 1, .infer = infer_tokens,
                                       .forward = nothing };
const rnni_op rnni_op_input_values = { .name = "input_values", .version = 1, .settings = feature_settings,
                                       .infer = infer_values, .forward = nothing };
const rnni_op rnni_op_input_vector = { .name = "input_vector", .version = 1, .settings = feature_settings,
                                       .infer = infer_vector, .forward = nothing };

static rnn_layer_t *input(rnn_model_t *model, const rnni_op *op, const char *name, int64_t features)
{
    rnn_layer_t *layer = rnni_construct(model, op, NULL, 0);
    if (!layer || rnn_layer_set_name(layer, name) != RNN_OK) return NULL;
    return features == 0 ||
                   rnn_layer_set_int(layer, RNN_LAYER_FEATURES, features < 0 ? 0 : features) == RNN_OK
               ? layer
               : NULL;
}

rnn_layer_t *rnn_input_tokens(rnn_model_t *model, const char *name)
{
    return input(model, &rnni_op_input_tokens, name, 0);
}

rnn_layer_t *rnn_input_values(rnn_model_t *model, const char *name, int64_t features)
{
    return input(model, &rnni_op_input_values, name, features ? features : -1);
}

rnn_layer_t *rnn_input_vector(rnn_model_t *model, const char *name, int64_t features)
{
    return input(model, &rnni_op_input_vector, name, features ? features : -1);
}
