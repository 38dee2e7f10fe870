/* SPDX-License-Identifier: MIT */
#include "layers/graph.h"
#include "core/error.h"
#include "layers/ops.h"
#include <stdio.h>

static const rnni_op *const ops[] = {
#define RNNI_OP(name) &rnni_op_##name,
#include "layers/ops.def"
#undef RNNI_OP
    NULL,
};

const rnni_op *rnni_op_at(int32_t index)
{
    int32_t count = (int32_t)(sizeof ops / sizeof *ops) - 1;
    return index < 0 || index >= count ? NULL : ops[index];
}

const rnni_op *rnni_op_find(const char *name)
{
    for (const rnni_op *const *op = ops; *op; op++)
        if (!strcmp((*op)->name, name)) return *op;
    return NULL;
}

const char *rnn_layer_kind_at(int32_t index)
{
    const rnni_op *op = rnni_op_at(index);
    return op ? op->name : NULL;
}

rnn_status_t rnni_graph_init(rnni_graph *graph, rnn_context_t *context)
{
    graph->context = context;
    return rnni_kernels_get(context, &graph->kernels);
}

static void free_node(rnni_node *node)
{
    rnn_context_t *context = node->graph->context;
    rnni_node_unbuild(node);
    rnni_free(context, node->inputs, (size_t)node->input_count * sizeof *node->inputs);
    rnni_free(context, node, sizeof *node);
}

void rnni_graph_truncate(rnni_graph *graph, int32_t count)
{
    while (graph->count > count) free_node(graph->nodes[--graph->count]);
}

void rnni_graph_release(rnni_graph *graph)
{
    if (!graph->context) return;
    rnni_graph_unbuild(graph);
    rnni_graph_truncate(graph, 0);
    rnni_free(graph->context, graph->nodes, graph->capacity * sizeof *graph->nodes);
    rnni_free(graph->context, graph->inputs, graph->input_capacity * sizeof *graph->inputs);
    rnni_free(graph->context, graph->outputs, graph->output_capacity * sizeof *graph->outputs);
}

rnn_status_t rnni_graph_keep_error(rnni_graph *graph, rnn_status_t status)
{
    if (status < 0 && graph->first_status == RNN_OK && !graph->built) {
        graph->first_status = status;
        snprintf(graph->first_error, sizeof graph->first_error, "%s", rnn_last_error());
    }
    return status;
}

rnni_node *rnni_graph_find(const rnni_graph *graph, const char *name)
{
    for (int32_t i = 0; i < graph->count; i++)
        if (!strcmp(graph->nodes[i]->name, name)) return graph->nodes[i];
    return NULL;
}

const rnni_weight *rnni_graph_weight(const rnni_graph *graph, const char *name, rnni_node **owner)
{
    const char *dot = strchr(name, '.');
    for (int32_t i = 0; dot && i < graph->count; i++) {
        rnni_node *node = graph->nodes[i];
        if (strlen(node->name) != (size_t)(dot - name) || strncmp(node->name, name, (size_t)(dot - name)))
            continue;
        for (int32_t w = 0; w < node->weight_count; w++) {
            if (strcmp(node->weights[w].name, dot + 1)) continue;
            if (owner) *owner = node;
            return &node->weights[w];
        }
    }
    rnni_fail(RNN_ERROR_NAME, "the model has no weight named '%s'", name);
    return NULL;
}

/* "lstm", then "lstm_1", "lstm_2", ... */
static void default_name(const rnni_graph *graph, rnni_node *node)
{
    snprintf(node->name, sizeof node->name, "%s", node->op->name);
    for (int32_t i = 1; rnni_graph_find(graph, node->name); i++)
        snprintf(node->name, sizeof node->name, "%s_%d", node->op->name, (int)i);
}

static rnn_status_t check_inputs(const rnni_graph *graph, const rnni_op *op, rnni_node *const *inputs,
                                 int32_t count)
{
    RNNI_REQUIRE(!graph->built, RNN_ERROR_STATE, "the model is built, layers can no longer be added");
    RNNI_REQUIRE(count >= op->min_inputs && count <= op->max_inputs, RNN_ERROR_ARGUMENT,
                 "a %s layer takes at least %d input%s, %d were given", op->name, (int)op->min_inputs,
                 op->min_inputs == 1 ? "" : "s", (int)count);
    for (int32_t i = 0; i < count; i++) {
        bool optional = i >= op->min_inputs && op->max_inputs != INT32_MAX;
        RNNI_REQUIRE(inputs[i] || optional, RNN_ERROR_ARGUMENT, "input %d of a %s layer is NULL", (int)i,
                     op->name);
        RNNI_REQUIRE(!inputs[i] || inputs[i]->graph == graph, RNN_ERROR_ARGUMENT,
                     "input %d of a %s layer, '%s', belongs to another model", (int)i, op->name,
                     inputs[i]->name);
    }
    return RNN_OK;
}

static rnn_status_t make_node(rnni_graph *graph, const rnni_op *op, rnni_node *const *inputs, int32_t count,
                              rnni_node **out)
{
    RNNI_TRY(check_inputs(graph, op, inputs, count));
    RNNI_TRY(rnni_grow(graph->context, (void **)&graph->nodes, &graph->capacity, (size_t)graph->count + 1,
                       sizeof *graph->nodes));
    if (op->max_inputs == 0)
        RNNI_TRY(rnni_grow(graph->context, (void **)&graph->inputs, &graph->input_capacity,
                           (size_t)graph->input_count + 1, sizeof *graph->inputs));
    rnni_node *node = rnni_alloc(graph->context, sizeof *node);
    if (!node) return RNN_ERROR_MEMORY;
    /* a recurrent layer has room for its two initial states from the start */
    node->input_count = op->max_inputs == INT32_MAX ? count : op->max_inputs;
    node->inputs = rnni_alloc_array(graph->context, (size_t)node->input_count, sizeof *node->inputs);
    if (!node->inputs) {
        rnni_free(graph->context, node, sizeof *node);
        return RNN_ERROR_MEMORY;
    }
    if (count) memcpy(node->inputs, inputs, (size_t)count * sizeof *inputs);
    node->graph = graph;
    node->op = op;
    node->id = graph->count;
    node->axis = -1;
    rnni_node_defaults(node);
    default_name(graph, node);
    graph->nodes[graph->count++] = node;
    if (op->max_inputs == 0) graph->inputs[graph->input_count++] = node;
    *out = node;
    return RNN_OK;
}

rnni_node *rnni_graph_add(rnni_graph *graph, const rnni_op *op, rnni_node *const *inputs, int32_t count)
{
    rnni_node *node = NULL;
    return rnni_graph_keep_error(graph, make_node(graph, op, inputs, count, &node)) == RNN_OK ? node : NULL;
}

rnni_node *rnni_construct(rnn_model_t *model, const rnni_op *op, rnni_node *const *inputs, int32_t count)
{
    if (model) return rnni_graph_add(rnni_graph_of(model), op, inputs, count);
    rnni_fail_null("the model that a layer is added to");
    return NULL;
}

static rnn_status_t check_name(const char *what, const char *name)
{
    RNNI_REQUIRE(name && *name, RNN_ERROR_ARGUMENT, "the name of %s is empty", what);
    RNNI_REQUIRE(strlen(name) < RNNI_NAME_SIZE, RNN_ERROR_ARGUMENT,
                 "the name of %s has %zu characters, expected at most %d", what, strlen(name),
                 RNNI_NAME_SIZE - 1);
    for (const char *c = name; *c; c++)
        RNNI_REQUIRE((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
                         *c == '_' || *c == '-',
                     RNN_ERROR_ARGUMENT,
                     "the name of %s, '%s', has a character other than letters, digits, _ and -", what, name);
    RNNI_REQUIRE(strcmp(name, "rnn"), RNN_ERROR_ARGUMENT, "the name 'rnn' is reserved");
    return RNN_OK;
}

rnn_status_t rnni_node_set_name(rnni_node *node, const char *name)
{
    RNNI_REQUIRE(!node->graph->built, RNN_ERROR_STATE, "layer %s: names lock when the model is built",
                 node->name);
    RNNI_TRY(check_name("a layer", name));
    const rnni_node *other = rnni_graph_find(node->graph, name);
    RNNI_REQUIRE(!other || other == node, RNN_ERROR_NAME, "two layers are named '%s'", name);
    memcpy(node->name, name, strlen(name) + 1);
    return RNN_OK;
}

rnn_status_t rnn_layer_set_name(rnn_layer_t *layer, const char *name)
{
    RNNI_REQUIRE(layer, RNN_ERROR_ARGUMENT, "the layer is NULL, expected one that a constructor returned");
    return rnni_graph_keep_error(layer->graph, rnni_node_set_name(layer, name));
}

const char *rnn_layer_name(const rnn_layer_t *layer) { return layer ? layer->name : NULL; }
const char *rnn_layer_kind(const rnn_layer_t *layer) { return layer ? layer->op->name : NULL; }
int64_t rnn_layer_features(const rnn_layer_t *layer)
{
    return layer && layer->graph->built ? layer->features : 0;
}

static rnn_status_t add_output(rnni_graph *graph, rnni_node *node, const char *name)
{
    RNNI_REQUIRE(!graph->built, RNN_ERROR_STATE, "the model is built, outputs can no longer be added");
    RNNI_REQUIRE(node, RNN_ERROR_ARGUMENT, "the layer of output '%s' is NULL", name ? name : "");
    RNNI_REQUIRE(node->graph == graph, RNN_ERROR_ARGUMENT, "layer '%s' belongs to another model", node->name);
    RNNI_TRY(check_name("an output", name));
    for (int32_t i = 0; i < graph->output_count; i++)
        RNNI_REQUIRE(strcmp(graph->outputs[i].name, name), RNN_ERROR_NAME, "two outputs are named '%s'",
                     name);
    RNNI_TRY(rnni_grow(graph->context, (void **)&graph->outputs, &graph->output_capacity,
                       (size_t)graph->output_count + 1, sizeof *graph->outputs));
    rnni_output *output = &graph->outputs[graph->output_count++];
    memcpy(output->name, name, strlen(name) + 1);
    output->node = node;
    return RNN_OK;
}

rnn_status_t rnni_graph_add_output(rnni_graph *graph, rnni_node *node, const char *name)
{
    return rnni_graph_keep_error(graph, add_output(graph, node, name));
}
