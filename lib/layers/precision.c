/* SPDX-License-Identifier: MIT */
#include "layers/precision.h"
#include "core/error.h"
#include "layers/ops.h"
#include <math.h>

/* ---- rounding */

static void round_row(int64_t n, rnni_real *row)
{
    enum { PART = 256 };
    int8_t q[PART];
    float scale = rnni_int8_scale(n, row);
    for (int64_t i = 0; i < n; i += PART) {
        int64_t count = n - i < PART ? n - i : PART;
        rnni_int8_round(count, row + i, scale, q);
        for (int64_t j = 0; j < count; j++) row[i + j] = q[j] * scale;
    }
}

void rnni_graph_round(const rnni_graph *graph, const rnni_weight *weight, rnni_real *numbers)
{
    if (weight->rank != 2 || graph->precision == RNN_PRECISION_F32) return;
    for (int64_t r = 0; r < weight->shape[0]; r++) {
        rnni_real *row = numbers + r * weight->shape[1];
        if (graph->precision != RNN_PRECISION_BF16) round_row(weight->shape[1], row);
        for (int64_t i = 0; graph->precision == RNN_PRECISION_BF16 &&
             i < weight->shape[1]; i++) row[i] = rnni_bf16_value(rnni_bf16_round(row[i]));
    }
}

void rnni_graph_written(rnni_graph *graph, const rnni_weight *weight)
{
    rnni_real *numbers = graph->weights + weight->offset;
    if (graph->originals) memcpy(graph->originals + weight->offset, numbers,
                                 (size_t)weight->count * sizeof *numbers);
    rnni_graph_round(graph, weight, numbers);
}

static rnn_status_t check_finite(const rnni_graph *graph)
{
    for (int32_t i = 0; i < graph->count; i++)
        for (int32_t w = 0; w < graph->nodes[i]->weight_count; w++) {
            const rnni_weight *weight = &graph->nodes[i]->weights[w];
            RNNI_REQUIRE(graph->kernels->all_finite(weight->count, graph->weights + weight->offset),
                         RNN_ERROR_DATA,
                         "weight %s has a number that is not finite, it cannot be rounded", weight->full);
        }
    return RNN_OK;
}

/* ---- a node's matrices */

/* Cells whose h is an output gate times a tanh, or a tanh, or a mean of such: never beyond 1 unless it begins
 * there. */
static rnni_real bound_of(const rnni_node *node)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    bool begins = false;
    for (int i = RNNI_RECURRENT_HIDDEN; i < node->input_count; i++) begins = begins || node->inputs[i];
    return begins || r->cell->projects || r->activation != RNNI_ACT_TANH ? 0 : 1;
}

static rnni_reduced matrix(int64_t n, int64_t k, rnni_real bound)
{
    return (rnni_reduced){ .n = n, .k = k, .bound = bound };
}

/* A GRU's product of the gate n stands apart. */
static bool has_two(const rnni_cell *cell) { return cell == &rnni_cell_gru || cell == &rnni_cell_gru_before; }

static void matrices_of_pass(const rnni_node *node, const rnni_pass *pass, rnni_reduced *m)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    int64_t h = r->h, first = has_two(r->cell) ? 2 * h : r->cell->gates * h;
    m[RNNI_REDUCED_IH] = matrix(r->cell->gates * h, pass->input, 0);
    m[RNNI_REDUCED_HH] = matrix(first, r->o, bound_of(node));
    m[RNNI_REDUCED_HH_N] = matrix(r->cell->gates * h - first, r->o, bound_of(node));
    m[RNNI_REDUCED_HR] = matrix(r->cell->projects ? r->o : 0, r->h, 1);
}

static int32_t count_matrices(const rnni_node *node)
{
    if (node->op == &rnni_op_dense) return 1;
    return rnni_is_recurrent(node) ? rnni_recurrent_of(node)->passes * RNNI_REDUCED_OF_PASS : 0;
}

/* Their sizes; those of no columns are not there. */
static void list_matrices(const rnni_node *node, rnni_reduced *m)
{
    if (node->op == &rnni_op_dense) *m = matrix(node->features, node->inputs[0]->features, 0);
    for (int32_t p = 0; rnni_is_recurrent(node) && p < rnni_recurrent_of(node)->passes; p++)
        matrices_of_pass(node, &rnni_recurrent_of(node)->pass[p], m + p * RNNI_REDUCED_OF_PASS);
}

/* Where the numbers of matrix number i are. */
static const rnni_real *matrix_at(const rnni_node *node, int32_t i)
{
    const rnni_real *weights = node->graph->weights;
    if (node->op == &rnni_op_dense) return weights + (node->tied ? node->tied : node)->weights[0].offset;
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_pass *pass = &r->pass[i / RNNI_REDUCED_OF_PASS];
    switch (i % RNNI_REDUCED_OF_PASS) {
    case RNNI_REDUCED_IH: return rnni_weight_at(node, weights, pass->weight_ih);
    case RNNI_REDUCED_HH: return rnni_weight_at(node, weights, pass->weight_hh);
    case RNNI_REDUCED_HH_N: return rnni_weight_at(node, weights, pass->weight_hh) + 2 * r->h * r->o;
    default: return rnni_weight_at(node, weights, pass->weight_hr);
    }
}

static void free_matrices(rnn_context_t *context, rnni_reduced *m, int32_t count)
{
    for (int32_t i = 0; m && i < count; i++)
        if (m[i].block) rnni_free(context, m[i].block, rnni_reduced_bytes(&m[i]));
    rnni_free(context, m, (size_t)count * sizeof *m);
}

/* Memory for those of a list that are there; else the list is freed. */
static bool give_blocks(rnn_context_t *context, rnni_reduced *m, int32_t precision, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        if (m[i].n == 0 || m[i].k == 0) continue;
        m[i].precision = precision;
        m[i].block = rnni_alloc(context, rnni_reduced_bytes(&m[i]));
        if (m[i].block) continue;
        free_matrices(context, m, count);
        return false;
    }
    return true;
}

static rnni_reduced *make_matrices(const rnni_node *node, int32_t precision, int32_t count)
{
    rnn_context_t *context = node->graph->context;
    rnni_reduced *m = rnni_alloc_array(context, (size_t)count, sizeof *m);
    if (!m) return NULL;
    list_matrices(node, m);
    return give_blocks(context, m, precision, count) ? m : NULL;
}

void rnni_node_free_reduced(rnni_node *node)
{
    free_matrices(node->graph->context, node->reduced, node->reduced_count);
    free_matrices(node->graph->context, node->halves, 2 * node->halves_count);
    node->reduced = node->halves = NULL;
    node->reduced_count = node->halves_count = 0;
}

static void fill_halves(rnni_node *node)
{
    for (int32_t i = 0; i < node->halves_count; i++) {
        if (!node->halves[i].block) continue;
        rnni_reduced_fill(node->graph->kernels, &node->halves[i], matrix_at(node, i));
        rnni_reduced_fill_rows(node->graph->kernels, &node->halves[node->halves_count + i],
                               matrix_at(node, i));
    }
}

/* Each matrix, and its transpose. */
static rnn_status_t make_halves(rnni_node *node)
{
    rnn_context_t *context = node->graph->context;
    int32_t count = count_matrices(node);
    if (count == 0 || node->halves) return RNN_OK;
    rnni_reduced *m = rnni_alloc_array(context, 2 * (size_t)count, sizeof *m);
    if (!m) return RNN_ERROR_MEMORY;
    list_matrices(node, m);
    for (int32_t i = 0; i < count; i++) m[count + i] = matrix(m[i].k, m[i].n, 0);
    if (!give_blocks(context, m, RNN_PRECISION_BF16, 2 * count)) return RNN_ERROR_MEMORY;
    node->halves = m;
    node->halves_count = count;
    fill_halves(node);
    return RNN_OK;
}

rnn_status_t rnni_graph_make_halves(rnni_graph *graph)
{
    for (int32_t i = 0; i < graph->count; i++) RNNI_TRY(make_halves(graph->nodes[i]));
    return RNN_OK;
}

static void fill_reduced(rnni_node *node)
{
    fill_halves(node);
    for (int32_t i = 0; i < node->reduced_count; i++)
        if (node->reduced[i].block)
            rnni_reduced_fill(node->graph->kernels, &node->reduced[i], matrix_at(node, i));
}

void rnni_node_pack_piece(rnni_node *node, int piece)
{
    const rnni_real *weights = node->graph->weights;
    if (piece == RNNI_PACK_REDUCED) fill_reduced(node);
    if (piece == RNNI_PACK_FORWARD && node->packed) node->op->pack(node, weights, node->packed, 0);
    if (piece == RNNI_PACK_BACKWARD && node->packed_backward)
        node->op->pack(node, weights, node->packed_backward, 1);
}

void rnni_node_pack_again(rnni_node *node)
{
    rnni_recurrent_free_projected(node);
    for (int piece = 0; piece < RNNI_PACKS; piece++) rnni_node_pack_piece(node, piece);
}

/* ---- products of training */

int64_t rnni_gradient_scratch(const rnni_run *run, int64_t m, int64_t n, int64_t rows)
{
    return rnni_team_outer_scratch(run->team, run->kernels, run->halves, m, n, rows);
}

void rnni_gradient_product(const rnni_run *run, int64_t m, int64_t n, int64_t rows, const rnni_real *dz,
                           int64_t lddz, const rnni_real *x, rnni_real *gradient, rnni_ahead *ahead)
{
    rnni_team_outer(run->team, run->kernels, run->halves, m, n, rows, dz, lddz, x, n, gradient, n,
                    run->scratch, ahead);
}

void rnni_back_product(const rnni_node *node, const rnni_run *run, int32_t number, int64_t rows, int64_t n,
                       int64_t k, const rnni_real *dz, int64_t lddz, const rnni_real *packed,
                       rnni_start start, rnni_real *dx, rnni_ahead *ahead)
{
    const rnni_reduced *matrices = rnni_reduced_back(node, run);
    if (matrices)
        rnni_team_reduced(run->team, run->kernels, &matrices[number], rows, dz, lddz, start, NULL, dx, n,
                          ahead, NULL);
    else rnni_team_packed(run->team, run->kernels, rows, n, k, dz, lddz, packed, start, NULL, dx, n, ahead);
}

/* ---- changing */

/* What a node will have: made before anything changes. */
typedef struct replacement {
    rnni_reduced *reduced;
    rnni_real *packed;
    int64_t packed_count;
    int32_t count;
} replacement;

static rnn_status_t make_replacement(const rnni_node *node, replacement *fresh)
{
    const rnni_graph *graph = node->graph;
    if (!node->op->pack) return RNN_OK;
    fresh->packed_count = node->op->packed_size(node, 0);
    if (fresh->packed_count) fresh->packed = rnni_alloc_array(graph->context, (size_t)fresh->packed_count,
                                                              sizeof *fresh->packed);
    if (fresh->packed_count && !fresh->packed) return RNN_ERROR_MEMORY;
    if (!rnni_graph_reduces(graph)) return RNN_OK;
    fresh->count = count_matrices(node);
    fresh->reduced = make_matrices(node, graph->precision, fresh->count);
    return fresh->reduced ? RNN_OK : RNN_ERROR_MEMORY;
}

/* Frees what a list of replacements holds, and the list. */
static void free_replacements(const rnni_graph *graph, replacement *list)
{
    for (int32_t i = 0; list && i < graph->count; i++) {
        free_matrices(graph->context, list[i].reduced, list[i].count);
        rnni_free(graph->context, list[i].packed, (size_t)list[i].packed_count * sizeof *list[i].packed);
    }
    rnni_free(graph->context, list, (size_t)graph->count * sizeof *list);
}

/* Gives the nodes what was made for them, and the list what they had. */
static void exchange(rnni_graph *graph, replacement *list)
{
    for (int32_t i = 0; i < graph->count; i++) {
        rnni_node *node = graph->nodes[i];
        replacement old = { node->reduced, node->packed, node->packed_count, node->reduced_count };
        if (rnni_is_recurrent(node) && rnni_graph_reduces(graph)) rnni_recurrent_free_rows(node);
        node->reduced = list[i].reduced;
        node->packed = list[i].packed;
        node->packed_count = list[i].packed_count;
        node->reduced_count = list[i].count;
        list[i] = old;
    }
}

static void copy_weights(const rnni_graph *graph, rnni_real *to, const rnni_real *from)
{
    memcpy(to, from, (size_t)graph->weight_total * sizeof *to);
}

/* graph->weights of the new precision, from the originals where there are some; backward copies follow as
 * well. */
static void fill(rnni_graph *graph)
{
    if (graph->originals) copy_weights(graph, graph->weights, graph->originals);
    for (int32_t i = 0; i < graph->count; i++)
        for (int32_t w = 0; w < graph->nodes[i]->weight_count; w++)
            rnni_graph_round(graph, &graph->nodes[i]->weights[w],
                             graph->weights + graph->nodes[i]->weights[w].offset);
    for (int32_t i = 0; i < graph->count; i++) rnni_node_pack_again(graph->nodes[i]);
}

static rnn_status_t make_replacements(const rnni_graph *graph, replacement **list)
{
    *list = rnni_alloc_array(graph->context, (size_t)graph->count, sizeof **list);
    if (!*list) return RNN_ERROR_MEMORY;
    for (int32_t i = 0; i < graph->count; i++) {
        if (make_replacement(graph->nodes[i], &(*list)[i]) == RNN_OK) continue;
        free_replacements(graph, *list);
        return RNN_ERROR_MEMORY;
    }
    return RNN_OK;
}

rnn_status_t rnni_graph_change_precision(rnni_graph *graph, int32_t precision, bool keep)
{
    int32_t old = graph->precision;
    replacement *list = NULL;
    rnni_real *originals = NULL;
    size_t bytes = (size_t)graph->weight_total * sizeof *originals;
    RNNI_TRY(check_finite(graph));
    if (keep && old == RNN_PRECISION_F32) {
        originals = rnni_alloc(graph->context, bytes);
        if (!originals) return RNN_ERROR_MEMORY;
    }
    graph->precision = precision;
    rnn_status_t status = make_replacements(graph, &list);
    if (status != RNN_OK) {
        graph->precision = old;
        rnni_free(graph->context, originals, bytes);
        return status;
    }
    if (originals) {
        copy_weights(graph, originals, graph->weights);
        graph->originals = originals;
    }
    exchange(graph, list);
    fill(graph);
    free_replacements(graph, list);
    graph->generation++;
    if (precision == RNN_PRECISION_F32) {
        rnni_free(graph->context, graph->originals, bytes);
        graph->originals = NULL;
    }
    return RNN_OK;
}
