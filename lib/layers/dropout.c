/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/random.h"
#include "layers/ops.h"

/* Dropout (Srivastava 2014), inverted: y = x m, m = 0 with probability `rate`, else 1 / (1 - rate). A factor
 * is a function of seed, layer, epoch, sequence, step and feature. Only in training. */

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

static bool acts(const rnni_node *node, const rnni_run *run)
{
    return run->training && rnni_node_get(node, RNN_LAYER_DROPOUT) > 0;
}

static void plan(const rnni_node *node, rnni_run *run)
{
    if (acts(node, run))
        run->slots[node->id].saved = rnni_run_take(run, rnni_run_rows(run, node) * node->features);
}

/* Factors of one row: step `step` of sequence `sequence`. */
static void fill_row(const rnni_node *node, const rnni_run *run, int64_t sequence, int64_t step,
                     rnni_real *mask)
{
    double rate = rnni_node_get(node, RNN_LAYER_DROPOUT);
    rnni_random stream = rnni_random_stream(run->seed, RNNI_RANDOM_DROPOUT, (uint64_t)node->id * 128,
                                            run->epoch, rnni_run_key(run, sequence));
    for (int64_t i = 0; i < node->features; i++)
        mask[i] = rnni_random_uniform(&stream, (uint64_t)(step * node->features + i)) < rate
                      ? 0
                      : (rnni_real)(1 / (1 - rate));
}

static void fill_mask(const rnni_node *node, const rnni_run *run, rnni_real *mask)
{
    int64_t n = node->features;
    if (node->axis < 0) {
        for (int64_t b = 0; b < run->count; b++) fill_row(node, run, b, 0, mask + b * n);
        return;
    }
    const rnni_axis *axis = &run->axes[node->axis];
    for (int64_t t = 0; t < axis->steps; t++)
        for (int64_t s = 0; s < axis->active[t]; s++)
            fill_row(node, run, axis->order[s], rnni_run_first_step(run) + t,
                     mask + (axis->offset[t] + s) * n);
}

static void forward(const rnni_node *node, rnni_run *run)
{
    const rnni_slot *slot = &run->slots[node->id];
    const rnni_real *x = run->slots[node->inputs[0]->id].y;
    int64_t n = rnni_run_rows(run, node) * node->features;
    if (acts(node, run)) {
        fill_mask(node, run, slot->saved);
        run->kernels->multiply(n, x, slot->saved, slot->y);
    } else if (n) memcpy(slot->y, x, (size_t)n * sizeof *x);
}

static void backward(const rnni_node *node, rnni_run *run)
{
    const rnni_slot *slot = &run->slots[node->id];
    rnni_real *dx = run->slots[node->inputs[0]->id].dy;
    int64_t n = rnni_run_rows(run, node) * node->features;
    if (!dx) return;
    if (acts(node, run)) run->kernels->multiply_add(n, slot->dy, slot->saved, dx);
    else run->kernels->axpy(n, 1, slot->dy, dx);
}

static const int32_t settings[] = { RNN_LAYER_DROPOUT, 0 };

const rnni_op rnni_op_dropout = {
    .name = "dropout", .version = 1, .min_inputs = 1, .max_inputs = 1, .settings = settings,
    .infer = infer, .plan = plan, .forward = forward, .backward = backward,
};

rnn_layer_t *rnn_dropout(rnn_model_t *model, rnn_layer_t *x, double rate)
{
    rnn_layer_t *layer = rnni_construct(model, &rnni_op_dropout, &x, 1);
    return layer && rnn_layer_set_float(layer, RNN_LAYER_DROPOUT, rate) == RNN_OK ? layer : NULL;
}
