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

/* The words for which a node's gradient is a product (recurrent_fold.c), or NULL. */
static const rnni_words *words_of_product(const rnni_node *node, const rnni_whole *whole)
{
    return rnni_run_folded(whole->runs, node) ? &whole->words[node->folds_into->id] : NULL;
}

/* Rows that are other than 0, but for those in `set`; NULL: all of them. */
static void clear_rows(const rnni_weight *weight, const rnni_touched *touched, const rnni_words *set,
                       rnni_real *gradients)
{
    const int64_t n = weight->shape[1], count = touched->all ? weight->shape[0] : touched->count;
    rnni_real *rows = gradients + weight->offset;
    if (set && !set->list) return; /* every word */
    for (int64_t i = 0; i < count; i++) {
        const int64_t row = touched->all ? i : touched->rows[i];
        if (!set || !set->place[row]) memset(rows + row * n, 0, (size_t)n * sizeof *rows);
    }
}

void rnni_touched_clear(const rnni_node *node, rnni_touched *touched, const rnni_whole *whole)
{
    if (!is_sparse(node)) return;
    const bool learns = whole->runs[0].slots[node->id].learns;
    clear_rows(&node->weights[0], touched, learns ? words_of_product(node, whole) : NULL, whole->gradients);
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
    const rnni_words *words = words_of_product(node, whole);
    touched->all = words && !words->list;
    if (touched->all) return;
    if (words) note(touched, words->count, words->list);
    for (int32_t i = 0; !words && i < whole->count; i++)
        note(touched, rnni_run_rows(&whole->runs[i], node), whole->runs[i].slots[node->inputs[0]->id].ids);
}
