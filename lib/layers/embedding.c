/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "layers/ops.h"

/* Embedding: y[row] = table[ids[row]]. Its gradient touches only the rows that occurred: dtable[id] +=
 * dy[row], in the order of shards and rows, which `after` does when all shards are through, so that threads
 * (which share out the columns) cannot change a sum. */

static rnn_status_t infer(rnni_node *node)
{
    const rnni_node *tokens = node->inputs[0];
    int64_t vocabulary = rnni_node_int(node, RNN_LAYER_VOCABULARY),
            mask = rnni_node_int(node, RNN_LAYER_MASK_ID);
    RNNI_REQUIRE(tokens->flow == RNNI_FLOW_TOKENS, RNN_ERROR_SHAPE,
                 "layer %s reads token ids, '%s' gives values", node->name, tokens->name);
    RNNI_REQUIRE(mask < vocabulary, RNN_ERROR_RANGE, "layer %s: mask_id is %lld, expected -1 to %lld",
                 node->name, (long long)mask, (long long)vocabulary - 1);
    rnni_axis_info *axis = &node->graph->axes[tokens->axis];
    if (mask >= 0) {
        RNNI_REQUIRE(axis->mask_id < 0 || axis->mask_id == mask, RNN_ERROR_ARGUMENT,
                     "layers %s and %s read '%s' with different mask ids, %d and %lld",
                     axis->mask_owner->name, node->name, tokens->name, (int)axis->mask_id, (long long)mask);
        axis->mask_id = (int32_t)mask;
        axis->mask_owner = node;
    }
    node->flow = RNNI_FLOW_SEQUENCE;
    node->axis = tokens->axis;
    node->features = rnni_node_int(node, RNN_LAYER_UNITS);
    int32_t kind = (int32_t)rnni_node_int(node, RNN_LAYER_INIT);
    rnni_init init = { .kind = kind == RNN_INIT_AUTO ? RNN_INIT_UNIFORM : kind, .fan_in = vocabulary,
                       .fan_out = node->features, .scale = rnni_node_get(node, RNN_LAYER_INIT_SCALE) };
    RNNI_TRY(rnni_node_weight(node, "weight", 2, vocabulary, node->features, init));
    node->weights[0].sparse = 1;
    return RNN_OK;
}

static void forward(const rnni_node *node, rnni_run *run)
{
    const rnni_real *table = rnni_weight_at(node, run->graph->weights, 0);
    const int32_t *ids = run->slots[node->inputs[0]->id].ids;
    int64_t rows = rnni_run_rows(run, node), n = node->features;
    if (rnni_run_folded(run, node)) return;
    run->kernels->gather_rows(rows, n, ids, table, n, run->slots[node->id].y, n);
}

static void backward(const rnni_node *node, rnni_run *run)
{
    (void)node;
    (void)run;
}

static int64_t after_pieces(const rnni_node *node, const rnni_whole *whole, int stage)
{
    int64_t columns = rnni_table_share(node, node->features);
    return stage > 0 || rnni_run_folded(whole->runs, node) ? 0 : (node->features + columns - 1) / columns;
}

static void after(const rnni_node *node, const rnni_whole *whole, int stage, int64_t piece)
{
    (void)stage;
    int64_t n = node->features, columns = rnni_table_share(node, n), first = piece * columns,
            width = n - first < columns ? n - first : columns;
    rnni_real *table = whole->gradients + node->weights[0].offset + first;
    for (int32_t i = 0; i < whole->count; i++) {
        const rnni_run *run = &whole->runs[i];
        run->kernels->scatter_add(rnni_run_rows(run, node), width, run->slots[node->inputs[0]->id].ids,
                                  run->slots[node->id].dy + first, n, table, n, -1);
    }
}

static const int32_t settings[] = { RNN_LAYER_VOCABULARY, RNN_LAYER_UNITS, RNN_LAYER_MASK_ID, RNN_LAYER_INIT,
                                    RNN_LAYER_INIT_SCALE, RNNI_TRAINING_SETTINGS, 0 };

const rnni_op rnni_op_embedding = {
    .name = "embedding", .version = 1, .min_inputs = 1, .max_inputs = 1, .settings = settings,
    .infer = infer, .forward = forward, .backward = backward,
    .after_pieces = after_pieces, .after = after,
};

rnn_layer_t *rnn_embedding(rnn_model_t *model, rnn_layer_t *tokens, int64_t vocabulary, int64_t units)
{
    rnn_layer_t *layer = rnni_construct(model, &rnni_op_embedding, &tokens, 1);
    if (!layer || rnn_layer_set_int(layer, RNN_LAYER_VOCABULARY, vocabulary) != RNN_OK) return NULL;
    return rnn_layer_set_int(layer, RNN_LAYER_UNITS, units) == RNN_OK ? layer : NULL;
}
