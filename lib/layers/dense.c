/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "layers/activation.h"
#include "layers/ops.h"
#include "layers/precision.h"

/* Dense: z = x W^T + b, y = act(z), on every row; W [units][features].
 *
 *   dz = dy act'(z)     dW = sum over rows of dz^T x     db = sum over rows of dz     dx = dz W
 *
 * z is kept where the slope needs it (rnni_activation_keeps_x), else y takes its place. When a loss wants the
 * values before the activation (run->raw), y holds z and dy is dz. */

/* A tied layer has no weight of its own, but the embedding's table. */
static const rnni_weight *weight_of(const rnni_node *node)
{
    return node->tied ? &node->tied->weights[0] : &node->weights[0];
}
static const rnni_weight *bias_of(const rnni_node *node)
{
    int32_t number = node->tied ? 0 : 1;
    return number < node->weight_count ? &node->weights[number] : NULL;
}

static rnn_status_t check_tie(const rnni_node *node, int64_t units, int64_t features)
{
    const rnni_node *table = node->tied;
    int64_t vocabulary = rnni_node_int(table, RNN_LAYER_VOCABULARY),
            width = rnni_node_int(table, RNN_LAYER_UNITS);
    RNNI_REQUIRE(units == vocabulary && features == width, RNN_ERROR_SHAPE,
                 "layer %s is tied to '%s', whose table is %lld x %lld, but takes a weight of %lld x %lld",
                 node->name, table->name, (long long)vocabulary, (long long)width, (long long)units,
                 (long long)features);
    return RNN_OK;
}

static rnn_status_t infer(rnni_node *node)
{
    const rnni_node *x = node->inputs[0];
    int64_t units = rnni_node_int(node, RNN_LAYER_UNITS), bias = rnni_node_int(node, RNN_LAYER_BIAS);
    RNNI_REQUIRE(x->flow != RNNI_FLOW_TOKENS, RNN_ERROR_SHAPE,
                 "layer %s reads values, '%s' gives token ids (put an embedding between)", node->name,
                 x->name);
    RNNI_REQUIRE(bias != RNN_BIAS_TWO, RNN_ERROR_RANGE,
                 "layer %s: a dense layer has no second bias, expected none or one", node->name);
    node->flow = x->flow;
    node->axis = x->axis;
    node->features = units;
    int32_t kind = (int32_t)rnni_node_int(node, RNN_LAYER_INIT);
    rnni_init init = { .kind = kind == RNN_INIT_AUTO ? RNN_INIT_GLOROT_UNIFORM : kind, .fan_in = x->features,
                       .fan_out = units, .scale = rnni_node_get(node, RNN_LAYER_INIT_SCALE) };
    if (node->tied) RNNI_TRY(check_tie(node, units, x->features));
    else RNNI_TRY(rnni_node_weight(node, "weight", 2, units, x->features, init));
    return bias ? rnni_node_weight(node, "bias", 1, units, 1, (rnni_init){ .kind = RNN_INIT_ZEROS }) : RNN_OK;
}

/* A product with so few columns is as many single chains, and reads whole vectors for one number of each:
 * such layers take every number as a sum in the fixed lanes of `dot`, from the weights as they are. That
 * depends on the layer alone, not on the rows. */
enum { FEW_UNITS = 2 };

static void few_units(const rnni_node *node, const rnni_run *run, int64_t rows, const rnni_real *bias,
                      const rnni_real *x, rnni_real *z)
{
    const rnni_real *w = run->graph->weights + weight_of(node)->offset;
    int64_t features = node->inputs[0]->features, n = node->features;
    for (int64_t r = 0; r < rows; r++, x += features, z += n)
        for (int64_t j = 0; j < n; j++)
            z[j] = run->kernels->dot(features, x, w + j * features) + (bias ? bias[j] : 0);
}

static int64_t packed_size(const rnni_node *node, int backward)
{
    int64_t features = node->inputs[0]->features;
    if (!backward && (rnni_graph_reduces(node->graph) || node->features <= FEW_UNITS)) return 0;
    return backward ? rnni_packed_size(node->graph->kernels, node->features, features)
                    : rnni_packed_size(node->graph->kernels, features, node->features);
}

static void pack(const rnni_node *node, const rnni_real *weights, rnni_real *packed, int backward)
{
    const rnni_real *w = weights + weight_of(node)->offset;
    int64_t features = node->inputs[0]->features;
    if (backward) rnni_pack(node->graph->kernels, node->features, features, w, features, 1, packed);
    else if (node->features > FEW_UNITS)
        rnni_pack(node->graph->kernels, features, node->features, w, 1, features, packed);
}

static void plan(const rnni_node *node, rnni_run *run)
{
    int64_t rows = rnni_run_rows(run, node);
    bool keeps = run->training && rnni_activation_keeps_x((int)rnni_node_int(node, RNN_LAYER_ACTIVATION));
    run->slots[node->id].saved = keeps ? rnni_run_take(run, rows * node->features) : NULL;
    if (run->training)
        rnni_run_need_scratch(run,
                              rnni_gradient_scratch(run, node->features, node->inputs[0]->features, rows));
}

static void forward(const rnni_node *node, rnni_run *run)
{
    const rnni_kernels *k = run->kernels;
    const rnni_node *in = node->inputs[0];
    rnni_real *y = run->slots[node->id].y, *z = run->slots[node->id].saved ? run->slots[node->id].saved : y;
    int64_t rows = rnni_run_rows(run, node), n = node->features;
    const rnni_real *bias = bias_of(node) ? run->graph->weights + bias_of(node)->offset : NULL;
    const rnni_real *x = run->slots[in->id].y;
    rnni_start start = bias ? RNNI_FROM_BIAS : RNNI_FROM_ZERO;
    const rnni_reduced *matrix = rnni_reduced_of(node, run);
    if (matrix)
        rnni_team_reduced(run->team, k, matrix, rows, x, in->features, start, bias, z, n, NULL, NULL);
    else if (n <= FEW_UNITS) few_units(node, run, rows, bias, x, z);
    else rnni_team_packed(run->team, k, rows, n, in->features, x, in->features, node->packed, start, bias, z,
                          n, NULL);
    rnni_activate(k, rnni_activation_of(node, run), rows, n, z, y);
}

static void backward(const rnni_node *node, rnni_run *run)
{
    const rnni_kernels *k = run->kernels;
    const rnni_node *in = node->inputs[0];
    const rnni_slot *slot = &run->slots[node->id], *x = &run->slots[in->id];
    int64_t rows = rnni_run_rows(run, node), n = node->features;
    rnni_real *dz = slot->dy, *g = run->gradients;
    rnni_activate_backward(k, rnni_activation_of(node, run), rows, n, slot->saved, slot->y, dz);
    if (slot->learns)
        rnni_gradient_product(run, n, in->features, rows, dz, n, x->y, g + weight_of(node)->offset,
                              NULL);
    if (slot->learns && bias_of(node)) k->column_sums(rows, n, dz, n, g + bias_of(node)->offset);
    if (x->dy)
        rnni_back_product(node, run, 0, rows, in->features, n, dz, n, node->packed_backward,
                          x->dy_empty ? RNNI_FROM_ZERO : RNNI_FROM_C, x->dy, NULL);
}

static const int32_t settings[] = { RNN_LAYER_UNITS, RNN_LAYER_ACTIVATION, RNN_LAYER_BIAS, RNN_LAYER_INIT,
                                    RNN_LAYER_INIT_SCALE, RNNI_TRAINING_SETTINGS, 0 };

const rnni_op rnni_op_dense = {
    .name = "dense", .version = 1, .min_inputs = 1, .max_inputs = 1, .settings = settings, .infer = infer,
    .packed_size = packed_size, .pack = pack, .plan = plan, .forward = forward, .backward = backward,
    .sets_dx = true,
};

rnn_layer_t *rnn_dense(rnn_model_t *model, rnn_layer_t *x, int64_t units, int32_t activation)
{
    rnn_layer_t *layer = rnni_construct(model, &rnni_op_dense, &x, 1);
    if (!layer || rnn_layer_set_int(layer, RNN_LAYER_UNITS, units) != RNN_OK) return NULL;
    return rnn_layer_set_int(layer, RNN_LAYER_ACTIVATION, activation) == RNN_OK ? layer : NULL;
}

/* Each keeps packed copies of the table, and a file that asks for very many of them must not cost more memory
 * than that. */
enum { MOST_TIES = 8 };

rnn_status_t rnni_node_tie(rnni_node *node, rnni_node *embedding)
{
    RNNI_REQUIRE(!node->graph->built, RNN_ERROR_STATE, "layer %s: ties lock when the model is built",
                 node->name);
    RNNI_REQUIRE(node->op == &rnni_op_dense && embedding->op == &rnni_op_embedding, RNN_ERROR_ARGUMENT,
                 "a dense layer is tied to an embedding, '%s' is a %s and '%s' is a %s", node->name,
                 node->op->name, embedding->name, embedding->op->name);
    RNNI_REQUIRE(node->graph == embedding->graph, RNN_ERROR_ARGUMENT, "layer '%s' belongs to another model",
                 embedding->name);
    int32_t ties = 0;
    for (int32_t i = 0; i < node->graph->count; i++)
        ties += node->graph->nodes[i] != node && node->graph->nodes[i]->tied == embedding;
    RNNI_REQUIRE(ties < MOST_TIES, RNN_ERROR_UNSUPPORTED,
                 "embedding %s has %d layers tied to it already, the most there can be", embedding->name,
                 MOST_TIES);
    node->tied = embedding;
    return RNN_OK;
}

rnn_status_t rnn_layer_tie(rnn_layer_t *dense, rnn_layer_t *embedding)
{
    RNNI_REQUIRE(dense, RNN_ERROR_ARGUMENT, "the layer is NULL, expected a dense layer");
    if (!embedding)
        return rnni_graph_keep_error(
            dense->graph,
            rnni_fail(RNN_ERROR_ARGUMENT, "layer %s: the embedding it is tied to is NULL", dense->name));
    return rnni_graph_keep_error(dense->graph, rnni_node_tie(dense, embedding));
}
