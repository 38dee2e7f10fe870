/* SPDX-License-Identifier: MIT */
#include "layers/precision.h"
#include "layers/recurrent.h"

/* An embedding that is folded into a recurrent layer (recurrent_fold.c), projected once for the whole
 * vocabulary and kept with the node, P = b + E W^T [vocabulary][gates h] for each direction: batches of any
 * size and streams take W x from there. Only in models that are used and not trained, only where it is small,
 * and only as long as no weight changes. */

/* Numbers of the largest that is kept. */
static const int64_t LARGEST = (int64_t)1 << 19;

/* Numbers of one direction's table, and of all. */
static int64_t table_size(const rnni_recurrent *r) { return r->vocabulary * r->cell->gates * r->h; }
static int64_t all_size(const rnni_recurrent *r) { return table_size(r) * r->directions; }

/* Training changes weights with every step, and reduced precision is there to save memory. */
static bool is_small(const rnni_recurrent *r)
{
    return r->vocabulary <= LARGEST / (r->cell->gates * r->h * r->directions);
}

static bool keeps_projected(const rnni_node *node)
{
    return rnni_is_recurrent(node) && rnni_recurrent_folded(node) && !node->packed_backward &&
           !node->reduced && is_small(rnni_recurrent_of(node));
}

static void project(const rnni_node *node, rnni_real *tables)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_real *embedding = rnni_weight_at(rnni_recurrent_folded(node), node->graph->weights, 0);
    for (int32_t pass = 0; pass < r->directions; pass++)
        rnni_recurrent_input_product(node, NULL, pass, NULL, node->graph->kernels, r->vocabulary, embedding,
                                     tables + pass * table_size(r), r->cell->gates * r->h, NULL);
}

/* When two threads want it at once, both make it and one takes its own back. */
rnn_status_t rnni_recurrent_make_projected(rnni_node *node)
{
    rnni_real *none = NULL;
    if (!keeps_projected(node) || atomic_load(&node->projected)) return RNN_OK;
    size_t count = (size_t)all_size(rnni_recurrent_of(node));
    rnni_real *tables = rnni_alloc_array(node->graph->context, count, sizeof *tables);
    if (!tables) return RNN_ERROR_MEMORY;
    project(node, tables);
    if (!atomic_compare_exchange_strong(&node->projected, &none, tables))
        rnni_free(node->graph->context, tables, count * sizeof *tables);
    return RNN_OK;
}

rnn_status_t rnni_recurrent_read_projected(rnni_node *node, int64_t rows)
{
    if (!keeps_projected(node) || atomic_load(&node->projected)) return RNN_OK;
    int64_t read = atomic_fetch_add(&node->projected_read, rows) + rows;
    return read < rnni_recurrent_of(node)->vocabulary ? RNN_OK : rnni_recurrent_make_projected(node);
}

void rnni_recurrent_free_projected(rnni_node *node)
{
    rnni_real *tables = atomic_exchange(&node->projected, NULL);
    if (tables)
        rnni_free(node->graph->context, tables, (size_t)all_size(rnni_recurrent_of(node)) * sizeof *tables);
    atomic_store(&node->projected_read, 0);
}

int64_t rnni_recurrent_projected_count(const rnni_node *node)
{
    return atomic_load(&node->projected) ? all_size(rnni_recurrent_of(node)) : 0;
}

const rnni_real *rnni_recurrent_projected(const rnni_node *node, int32_t number)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    rnni_real *tables = number < r->directions ? atomic_load(&node->projected) : NULL;
    return tables ? tables + number * table_size(r) : NULL;
}
