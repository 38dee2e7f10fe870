/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/pool.h"
#include "layers/graph.h"
#include "layers/ops.h"
#include "layers/precision.h"
#include "layers/recurrent.h"
#include <stdio.h>

/* Building a graph: bridges, order, shapes, weights, packed copies. */

void rnni_node_unbuild(rnni_node *node)
{
    rnn_context_t *context = node->graph->context;
    rnni_free(context, node->weights, node->weight_capacity * sizeof *node->weights);
    rnni_recurrent_free_rows(node);
    rnni_recurrent_free_projected(node);
    rnni_node_free_reduced(node);
    rnni_free(context, node->plan, node->plan_size);
    rnni_free(context, node->packed, (size_t)node->packed_count * sizeof *node->packed);
    rnni_free(context, node->packed_backward,
              (size_t)node->packed_backward_count * sizeof *node->packed_backward);
    node->weights = NULL;
    node->plan = NULL;
    node->packed = node->packed_backward = NULL;
    node->packed_count = node->packed_backward_count = 0;
    node->weight_count = 0;
    node->weight_capacity = 0;
    node->plan_size = 0;
    node->readers = 0;
    node->sequence_read = node->of_sequence = false;
    node->in_table = node->read_once = node->same_dy = node->brief_dy = false;
    node->folds_into = NULL;
    node->axis = -1;
    node->features = 0;
}

void rnni_graph_unbuild(rnni_graph *graph)
{
    rnn_context_t *context = graph->context;
    for (int32_t i = 0; i < graph->count; i++) rnni_node_unbuild(graph->nodes[i]);
    if (graph->order) rnni_free(context, graph->order, (size_t)graph->count * sizeof *graph->order);
    if (graph->axes) rnni_free(context, graph->axes, (size_t)graph->input_count * sizeof *graph->axes);
    if (graph->weights)
        rnni_free(context, graph->weights, (size_t)graph->weight_total * sizeof *graph->weights);
    if (graph->originals)
        rnni_free(context, graph->originals, (size_t)graph->weight_total * sizeof *graph->originals);
    graph->order = NULL;
    graph->axes = NULL;
    graph->weights = graph->originals = NULL;
    graph->precision = RNN_PRECISION_F32;
    graph->axis_count = 0;
    graph->weight_total = graph->trained_total = graph->dense_total = graph->parameters = 0;
    graph->built = false;
}

void *rnni_node_plan(rnni_node *node, size_t size)
{
    node->plan = rnni_alloc(node->graph->context, size);
    node->plan_size = node->plan ? size : 0;
    return node->plan;
}

rnn_status_t rnni_node_weight(rnni_node *node, const char *name, int32_t rank, int64_t rows, int64_t columns,
                              rnni_init init)
{
    RNNI_TRY(rnni_grow(node->graph->context, (void **)&node->weights, &node->weight_capacity,
                       (size_t)node->weight_count + 1, sizeof *node->weights));
    rnni_weight *weight = &node->weights[node->weight_count++];
    memset(weight, 0, sizeof *weight);
    snprintf(weight->name, sizeof weight->name, "%s", name);
    snprintf(weight->full, sizeof weight->full, "%s.%s", node->name, name);
    weight->rank = rank;
    weight->shape[0] = rows;
    weight->shape[1] = rank == 2 ? columns : 1;
    weight->init = init;
    RNNI_REQUIRE(rnni_mul_i64(rows, weight->shape[1], &weight->count) && weight->count < INT64_MAX / 64,
                 RNN_ERROR_SHAPE, "weight %s.%s of %lld x %lld numbers is too large", node->name, name,
                 (long long)rows, (long long)columns);
    return RNN_OK;
}

rnn_status_t rnni_node_weight_of_ones(rnni_node *node, const char *name, int64_t count)
{
    return rnni_node_weight(node, name, 1, count, 1, (rnni_init){ .kind = RNN_INIT_ZEROS, .one_count = count,
                                                                  .one = 1 });
}

/* Order in which nodes can be run: repeatedly the first node whose inputs are all placed. */
static rnn_status_t sort_nodes(rnni_graph *graph)
{
    graph->order = rnni_alloc_array(graph->context, (size_t)graph->count, sizeof *graph->order);
    if (!graph->order) return RNN_ERROR_MEMORY;
    for (int32_t i = 0; i < graph->count; i++) graph->nodes[i]->rank = -1;
    for (int32_t placed = 0; placed < graph->count;) {
        int32_t before = placed;
        for (int32_t i = 0; i < graph->count; i++) {
            rnni_node *node = graph->nodes[i];
            bool ready = node->rank < 0;
            for (int32_t j = 0; ready && j < node->input_count; j++)
                ready = !node->inputs[j] || node->inputs[j]->rank >= 0;
            if (!ready) continue;
            node->rank = placed;
            graph->order[placed++] = node;
        }
        if (placed > before) continue;
        int32_t stuck = 0;
        while (graph->nodes[stuck]->rank >= 0) stuck++;
        return rnni_fail(RNN_ERROR_ARGUMENT, "layer %s depends on its own output", graph->nodes[stuck]->name);
    }
    return RNN_OK;
}

/* Whether a reader of `input` looks at its sequence, or only at the states that a recurrent layer ends
 * with. */
static bool reads_sequence(const rnni_node *reader, const rnni_node *input)
{
    bool final_only = reader->op == &rnni_op_final_state || reader->op == &rnni_op_last;
    return !(final_only && rnni_is_recurrent(input));
}

/* Which nodes are used, and whose sequences are read. */
static rnn_status_t trace_use(rnni_graph *graph)
{
    bool *used = rnni_alloc_array(graph->context, (size_t)graph->count, sizeof *used);
    if (!used) return RNN_ERROR_MEMORY;
    for (int32_t i = 0; i < graph->output_count; i++) {
        used[graph->outputs[i].node->id] = true;
        graph->outputs[i].node->sequence_read = true;
    }
    const rnni_node *unused = NULL;
    for (int32_t i = graph->count - 1; i >= 0; i--) {
        const rnni_node *node = graph->order[i];
        if (!used[node->id]) unused = node;
        for (int32_t j = 0; j < node->input_count; j++) {
            if (!node->inputs[j]) continue;
            used[node->inputs[j]->id] = true;
            if (reads_sequence(node, node->inputs[j])) node->inputs[j]->sequence_read = true;
        }
    }
    rnni_free(graph->context, used, (size_t)graph->count * sizeof *used);
    RNNI_REQUIRE(!unused, RNN_ERROR_STATE, "layer %s leads to no output", unused->name);
    return RNN_OK;
}

/* Who reads a node: nodes, as often as they do, and outputs. */
typedef struct readers {
    int32_t count, passes; /* passes: of recurrent layers over the node's sequence */
    bool recurrent;        /* all are recurrent layers that go through it */
    bool output;           /* one is an output */
    rnni_node *last;
} readers;

static readers readers_of(const rnni_graph *graph, const rnni_node *node)
{
    readers all = { .recurrent = true };
    for (int32_t i = 0; i < graph->count; i++)
        for (int32_t j = 0; j < graph->nodes[i]->input_count; j++) {
            if (graph->nodes[i]->inputs[j] != node) continue;
            all.count++;
            all.last = graph->nodes[i];
            if (!rnni_is_recurrent(all.last) || j != RNNI_RECURRENT_X) all.recurrent = false;
            else all.passes += rnni_recurrent_of(all.last)->directions;
        }
    for (int32_t i = 0; i < graph->output_count; i++)
        if (graph->outputs[i].node == node) all.count++, all.recurrent = false, all.output = true;
    return all;
}

/* Not an output's: a gradient that the caller gives may stay where it is, and does not follow the rule. */
static bool has_same_dy(const rnni_node *node, bool output)
{
    if (!rnni_is_recurrent(node) || rnni_recurrent_of(node)->directions != 1 || output) return false;
    const rnni_node *input = node->inputs[RNNI_RECURRENT_X];
    return input->features == node->features && input->readers == 1;
}

/* Not an output's, which the loss writes; an input's, which the caller reads; an embedding's, of which its
 * table's gradient is made in the end. Where shards meet on their way, all have to stay. */
static bool has_brief_dy(const rnni_node *node, bool output, bool meet)
{
    return !meet && !output && node->op->max_inputs > 0 && node->op != &rnni_op_embedding;
}

/* Counts readers, of inputs before those who read them, and finds embeddings that nothing but the input of
 * one recurrent layer reads, inputs that only recurrent layers do, and gradients that share their place. */
static void trace_readers(rnni_graph *graph)
{
    bool meet = false;
    for (int32_t i = 0; i < graph->count; i++) meet = meet || graph->nodes[i]->op->couple;
    for (int32_t i = 0; i < graph->count; i++) {
        rnni_node *node = graph->order[i];
        readers all = readers_of(graph, node);
        node->readers = all.count;
        if (node->op == &rnni_op_embedding && all.count == 1 && all.last && rnni_is_recurrent(all.last))
            node->folds_into = all.last;
        node->in_table = node->op == &rnni_op_input_values && all.count > 0 && all.recurrent;
        node->read_once = node->in_table && all.passes == 1;
        node->same_dy = has_same_dy(node, all.output);
        node->brief_dy = has_brief_dy(node, all.output, meet);
    }
}

static rnn_status_t infer_nodes(rnni_graph *graph)
{
    graph->axes = rnni_alloc_array(graph->context, (size_t)graph->input_count, sizeof *graph->axes);
    if (!graph->axes) return RNN_ERROR_MEMORY;
    for (int32_t i = 0; i < graph->count; i++) {
        rnni_node *node = graph->order[i];
        RNNI_TRY(node->op->infer(node));
        for (int32_t j = 0; node->flow == RNNI_FLOW_VECTOR && j < node->input_count; j++)
            if (node->inputs[j] &&
                (node->inputs[j]->flow != RNNI_FLOW_VECTOR || node->inputs[j]->of_sequence))
                node->of_sequence = true;
    }
    return RNN_OK;
}

/* Parts of the block of weights, in their order. */
enum { DENSE, SPARSE, FIXED };

static int part_of(const rnni_weight *weight)
{
    return weight->fixed ? FIXED : weight->sparse ? SPARSE : DENSE;
}

/* Places the weights of one part from *total on, and counts their numbers. */
static rnn_status_t place_part(rnni_graph *graph, int part, int64_t *total, int64_t *numbers)
{
    const int64_t step = RNNI_ALIGNMENT / (int64_t)sizeof(rnni_real);
    for (int32_t i = 0; i < graph->count; i++) {
        for (int32_t w = 0; w < graph->nodes[i]->weight_count; w++) {
            rnni_weight *weight = &graph->nodes[i]->weights[w];
            if (part_of(weight) != part) continue;
            weight->offset = *total;
            RNNI_REQUIRE(rnni_add_i64(*total, (weight->count + step - 1) / step * step, total) &&
                             *total < INT64_MAX / 64,
                         RNN_ERROR_SHAPE, "the model's weights are too many to count");
            *numbers += weight->count;
        }
    }
    return RNN_OK;
}

static rnn_status_t place_weights(rnni_graph *graph, int64_t *numbers)
{
    *numbers = 0;
    graph->weight_total = 0;
    RNNI_TRY(place_part(graph, DENSE, &graph->weight_total, numbers));
    graph->dense_total = graph->weight_total;
    RNNI_TRY(place_part(graph, SPARSE, &graph->weight_total, numbers));
    graph->trained_total = graph->weight_total;
    graph->parameters = *numbers;
    return place_part(graph, FIXED, &graph->weight_total, numbers);
}

static rnn_status_t make_weights(rnni_graph *graph, int fill, int64_t weight_limit)
{
    int64_t numbers;
    for (int32_t i = 0; i < graph->count; i++) /* a tied layer gives the table a gradient for all its words */
        if (graph->nodes[i]->tied) graph->nodes[i]->tied->weights[0].sparse = 0;
    RNNI_TRY(place_weights(graph, &numbers));
    RNNI_REQUIRE(weight_limit < 0 || numbers <= weight_limit, RNN_ERROR_FORMAT,
                 "the graph needs %lld numbers of weights, %lld are there", (long long)numbers,
                 (long long)weight_limit);
    graph->weights = rnni_alloc_array(graph->context, (size_t)graph->weight_total, sizeof *graph->weights);
    if (!graph->weights) return RNN_ERROR_MEMORY;
    for (int32_t i = 0; fill && i < graph->count; i++) {
        const rnni_node *node = graph->nodes[i];
        for (int32_t w = 0; w < node->weight_count; w++)
            RNNI_TRY(rnni_weight_fill(graph->context, node, w, (uint64_t)graph->context->seed,
                                      graph->weights + node->weights[w].offset));
    }
    return RNN_OK;
}

static rnn_status_t make_packed(rnni_node *node, int backward)
{
    rnni_real **packed = backward ? &node->packed_backward : &node->packed;
    int64_t *count = backward ? &node->packed_backward_count : &node->packed_count;
    int64_t size = *packed ? 0 : node->op->packed_size(node, backward);
    if (size == 0) return RNN_OK;
    *packed = rnni_alloc_array(node->graph->context, (size_t)size, sizeof **packed);
    if (!*packed) return RNN_ERROR_MEMORY;
    *count = size;
    return RNN_OK;
}

static void pack_piece(int64_t index, void *graph)
{
    rnni_node_pack_piece(((rnni_graph *)graph)->nodes[index / RNNI_PACKS], (int)(index % RNNI_PACKS));
}

rnn_status_t rnni_graph_pack(rnni_graph *graph, int backward)
{
    enum { MANY = 256 * 1024 }; /* weights that take longer than another thread to begin */
    for (int32_t i = 0; i < graph->count; i++) {
        if (!graph->nodes[i]->op->pack) continue;
        rnni_recurrent_free_projected(graph->nodes[i]);
        RNNI_TRY(make_packed(graph->nodes[i], 0));
        if (backward) RNNI_TRY(make_packed(graph->nodes[i], 1));
    }
    const int64_t pieces = (int64_t)graph->count * RNNI_PACKS;
    if (backward && graph->weight_total >= MANY) rnni_parallel(graph->context, pieces, pack_piece, graph);
    else
        for (int64_t i = 0; i < pieces; i++) pack_piece(i, graph);
    return RNN_OK;
}

static rnn_status_t build(rnni_graph *graph, int fill, int64_t weight_limit)
{
    RNNI_TRY(rnni_recurrent_resolve_initial(graph));
    RNNI_TRY(sort_nodes(graph));
    RNNI_TRY(infer_nodes(graph));
    RNNI_TRY(trace_use(graph));
    trace_readers(graph);
    RNNI_TRY(make_weights(graph, fill, weight_limit));
    return rnni_graph_pack(graph, 0);
}

rnn_status_t rnni_graph_build(rnni_graph *graph, int fill, int64_t weight_limit)
{
    RNNI_REQUIRE(!graph->built, RNN_ERROR_STATE, "the model is built already");
    if (graph->first_status != RNN_OK) {
        rnni_set_last_error(graph->first_error);
        return graph->first_status;
    }
    RNNI_REQUIRE(graph->output_count > 0, RNN_ERROR_STATE,
                 "the model has no output, rnn_model_set_output names one");
    int32_t count = graph->count;
    rnn_status_t status = build(graph, fill, weight_limit);
    if (status != RNN_OK) {
        rnni_graph_unbuild(graph);
        rnni_recurrent_forget_initial(graph, count);
        rnni_graph_truncate(graph, count);
        graph->first_status = RNN_OK; /* what bridges may have kept */
        return status;
    }
    graph->built = true;
    return RNN_OK;
}
