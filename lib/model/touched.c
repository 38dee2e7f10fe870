/* SPDX-License-Identifier: MIT */
#include "model/touched.h"
#include "core/memory.h"

static bool is_sparse(const rnni_node *node) { return node->weight_count > 0 && node->weights[0].sparse; }

static size_t words(const rnni_node *node) { return (size_t)node->weights[0].shape[0]; }

rnni_touched *rnni_touched_create(const rnni_graph *graph)
{
    rnni_touched *touched = rnni_alloc_array(graph->context, (size_t)graph->count, sizeof *touched);
    for (int32_t i = 0; touched && i < graph->count; i++) {
        const rnni_node *node = graph->nodes[i];
        if (!is_sparse(node)) continue;
        touched[i].rows = rnni_alloc_array(graph->context, words(node), sizeof *touched[i].rows);
        touched[i].marks = rnni_alloc_array(graph->context, words(node), 1);
        if (touched[i].rows && touched[i].marks) continue;
        rnni_touched_free(graph, touched);
        return NULL;
    }
    return touched;
}

void rnni_touched_free(const rnni_graph *graph, rnni_touched *touched)
{
    for (int32_t i = 0; touched && i < graph->count; i++) {
        const rnni_node *node = graph->nodes[i];
        if (!is_sparse(node)) continue;
        rnni_free(graph->context, touched[i].rows, words(node) * sizeof *touched[i].rows);
        rnni_free(graph->context, touched[i].marks, words(node));
    }
    rnni_free(graph->context, touched, (size_t)graph->count * sizeof *touched);
}

size_t rnni_touched_bytes(const rnni_graph *graph)
{
    size_t bytes = (size_t)graph->count * sizeof(rnni_touched);
    for (int32_t i = 0; i < graph->count; i++)
        if (is_sparse(graph->nodes[i])) bytes += words(graph->nodes[i]) * (sizeof(int32_t) + 1);
    return bytes;
}

void rnni_touched_clear(const rnni_node *node, rnni_touched *touched, rnni_real *gradients)
{
    if (!is_sparse(node)) return;
    const rnni_weight *weight = &node->weights[0];
    int64_t n = weight->shape[1];
    rnni_real *rows = gradients + weight->offset;
    if (touched->all) memset(rows, 0, (size_t)weight->count * sizeof *rows);
    for (int64_t i = 0; !touched->all && i < touched->count; i++)
        memset(rows + touched->rows[i] * n, 0, (size_t)n * sizeof *rows);
    for (int64_t i = 0; i < touched->count; i++) touched->marks[touched->rows[i]] = 0;
    touched->count = 0;
    touched->all = false;
}

static void note(rnni_touched *touched, int64_t count, const int32_t *ids)
{
    for (int64_t i = 0; i < count; i++)
        if (!touched->marks[ids[i]]) {
            touched->marks[ids[i]] = 1;
            touched->rows[touched->count++] = ids[i];
        }
}

/* Where the embedding is folded, its gradient is a product of the words listed, or of all. */
void rnni_touched_note(const rnni_node *node, rnni_touched *touched, const rnni_whole *whole)
{
    if (!is_sparse(node)) return;
    bool folded = rnni_run_folded(whole->runs, node);
    const rnni_words *words = folded ? &whole->words[node->folds_into->id] : NULL;
    touched->all = folded && !words->list;
    if (touched->all) return;
    if (folded) note(touched, words->count, words->list);
    for (int32_t i = 0; !folded && i < whole->count; i++)
        note(touched, rnni_run_rows(&whole->runs[i], node), whole->runs[i].slots[node->inputs[0]->id].ids);
}
