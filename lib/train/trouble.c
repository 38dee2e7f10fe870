/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "train/trainer.h"

#include <math.h>

/* What to say of a loss or of gradients that are not finite: where in the network they began to be so. */

static bool finite_numbers(const rnn_trainer_t *t, const rnni_real *numbers, int64_t count)
{
    return !numbers || t->kernels->all_finite(count, numbers);
}

/* Values of a node after the last forward. */
static bool has_finite_values(const rnn_trainer_t *t, const rnni_node *node)
{
    for (int32_t r = 0; r < t->train.run_count; r++) {
        const rnni_run *run = &t->train.runs[r];
        const rnni_slot *slot = &run->slots[node->id];
        if (!finite_numbers(t, slot->y, rnni_run_rows(run, node) * node->features)) return false;
        if (!finite_numbers(t, slot->final, slot->final_count)) return false;
    }
    return true;
}

/* The first weight of a node whose numbers in `block` are not finite, or NULL. */
static const rnni_weight *broken_weight(const rnn_trainer_t *t, const rnni_node *node, const rnni_real *block)
{
    for (int32_t j = 0; j < node->weight_count; j++)
        if (!finite_numbers(t, block + node->weights[j].offset, node->weights[j].count))
            return &node->weights[j];
    return NULL;
}

rnn_status_t rnni_trouble_loss(const rnn_trainer_t *t, double loss)
{
    const rnni_graph *graph = rnni_graph_of_const(t->model);
    const rnni_node *node = NULL;
    const rnni_weight *weight = NULL;
    for (int32_t i = 0; !node && i < graph->count; i++) {
        weight = broken_weight(t, graph->order[i], graph->weights);
        if (weight || !has_finite_values(t, graph->order[i])) node = graph->order[i];
    }
    return rnni_fail(RNN_ERROR_NUMERIC,
                     "the loss of update %lld (epoch %lld, batch %lld) is %s: %s%s%s%s%s; try a lower "
                     "learning rate or RNN_TRAIN_CLIP_NORM",
                     (long long)t->updates + 1, (long long)t->epoch + 1, (long long)t->batch + 1,
                     isnan(loss) ? "not a number" : "infinite",
                     node ? "the first layer whose values are not finite is '"
                          : "the values of all layers are finite",
                     node ? node->name : "", node ? "'" : "", weight ? ", and so is its weight " : "",
                     weight ? weight->name : "");
}

rnn_status_t rnni_trouble_gradients(const rnn_trainer_t *t)
{
    const rnni_graph *graph = rnni_graph_of_const(t->model);
    const rnni_weight *weight = NULL;
    for (int32_t i = graph->count - 1; !weight && i >= 0; i--)
        weight = broken_weight(t, graph->order[i], t->train.gradients);
    return rnni_fail(RNN_ERROR_NUMERIC,
                     "the gradients of update %lld (epoch %lld, batch %lld) are not finite%s%s; try a lower "
                     "learning rate",
                     (long long)t->updates + 1, (long long)t->epoch + 1, (long long)t->batch + 1,
                     weight ? ": the first on the way back are those of " : "", weight ? weight->full : "");
}
