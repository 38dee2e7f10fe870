/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "train/trainer.h"

#include <math.h>
#include <string.h>

/* Norms of each layer's gradients, before clipping, as means over the updates of an epoch. */

static bool trains(const rnni_node *node)
{
    for (int32_t j = 0; j < node->weight_count; j++)
        if (!node->weights[j].fixed) return true;
    return false;
}

rnn_status_t rnni_norms_init(rnn_trainer_t *t)
{
    const rnni_graph *graph = rnni_graph_of_const(t->model);
    rnni_norms *norms = &t->norms;
    norms->layers = rnni_alloc_array(t->context, (size_t)graph->count, sizeof(*norms->layers));
    norms->sums = rnni_alloc_array(t->context, (size_t)graph->count, sizeof(*norms->sums));
    if (!norms->layers || !norms->sums) return RNN_ERROR_MEMORY;
    for (int32_t i = 0; i < graph->count; i++)
        if (trains(graph->nodes[i])) norms->layers[norms->count++] = graph->nodes[i];
    return RNN_OK;
}

void rnni_norms_release(rnn_trainer_t *t)
{
    const size_t nodes = (size_t)rnni_graph_of_const(t->model)->count;
    rnni_free(t->context, t->norms.layers, nodes * sizeof(*t->norms.layers));
    rnni_free(t->context, t->norms.sums, nodes * sizeof(*t->norms.sums));
    rnni_free(t->context, t->norms.rows, t->norms.capacity * sizeof(*t->norms.rows));
    t->norms = (rnni_norms){ .count = 0 };
}

void rnni_norms_clear(rnn_trainer_t *t)
{
    for (int32_t i = 0; i < t->norms.count; i++) t->norms.sums[i] = 0;
    t->norms.updates = 0;
}

static double norm_of(const rnn_trainer_t *t, const rnni_node *node)
{
    double sum = 0;
    for (int32_t j = 0; j < node->weight_count; j++) {
        if (node->weights[j].fixed) continue;
        double norm = rnni_global_norm(t->kernels, node->weights[j].count,
                                       t->train.gradients + node->weights[j].offset);
        sum += norm * norm;
    }
    return sqrt(sum);
}

void rnni_norms_add(rnn_trainer_t *t)
{
    if (!rnni_train_int(t, RNN_TRAIN_GRADIENT_NORMS)) return;
    for (int32_t i = 0; i < t->norms.count; i++) t->norms.sums[i] += norm_of(t, t->norms.layers[i]);
    t->norms.updates++;
}

rnn_status_t rnni_norms_epoch(rnn_trainer_t *t)
{
    rnni_norms *norms = &t->norms;
    const bool first = !norms->rows;
    const int64_t count = norms->count;
    int64_t needed;
    if (count == 0 || (first && norms->updates == 0)) return RNN_OK;
    RNNI_REQUIRE(rnni_mul_i64(t->epoch + 1, count, &needed), RNN_ERROR_MEMORY,
                 "out of memory: gradient norms");
    RNNI_TRY(rnni_grow(t->context, (void **)&norms->rows, &norms->capacity, (size_t)needed,
                       sizeof(*norms->rows)));
    for (int64_t i = 0; first && i < t->epoch * count; i++) norms->rows[i] = NAN;
    for (int64_t i = 0; i < count; i++)
        norms->rows[t->epoch * count + i] = norms->updates ? norms->sums[i] / (double)norms->updates : NAN;
    return RNN_OK;
}

int32_t rnni_norms_find(const rnn_trainer_t *t, const char *figure)
{
    static const char prefix[] = "gradient_norm.";
    if (strncmp(figure, prefix, sizeof(prefix) - 1) != 0) return -1;
    for (int32_t i = 0; i < t->norms.count; i++)
        if (strcmp(figure + sizeof(prefix) - 1, t->norms.layers[i]->name) == 0) return i;
    return -1;
}
