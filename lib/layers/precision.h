/* SPDX-License-Identifier: MIT */
#ifndef RNNI_LAYER_PRECISION_H
#define RNNI_LAYER_PRECISION_H

#include "layers/recurrent.h"

/* Models of reduced precision. graph->weights then holds the rounded weights, as floats, so whoever reads
 * them (embeddings, files, fingerprints) has what the products have; graph->originals holds the float
 * weights, if they are there. Nodes whose matrices are multiplied in 8 or 16 bits have them in node->reduced,
 * and node->packed is as small as it can be. */

/* Matrices of a pass of a recurrent node in node->reduced: the input's, the recurrent one (of a GRU: gates r
 * and z, then n), the projection. */
enum { RNNI_REDUCED_IH, RNNI_REDUCED_HH, RNNI_REDUCED_HH_N, RNNI_REDUCED_HR, RNNI_REDUCED_OF_PASS };

/* Training in bf16: graph->weights stay float, and products read node->halves. Its first halves_count
 * matrices are those of node->reduced, the others the same weights for the way back: dx = dz W has the rows
 * of W for its k. */

/* Whether a node's products read node->reduced. */
static inline bool rnni_graph_reduces(const rnni_graph *graph)
{
    return graph->precision == RNN_PRECISION_BF16 || graph->precision == RNN_PRECISION_INT8;
}

/* A node's matrices of 8 or 16 bits in a run, or NULL: forward, and on the way back. */
static inline const rnni_reduced *rnni_reduced_of(const rnni_node *node, const rnni_run *run)
{
    return run->halves ? node->halves : node->reduced;
}
static inline const rnni_reduced *rnni_reduced_back(const rnni_node *node, const rnni_run *run)
{
    return run->halves ? node->halves + node->halves_count : NULL;
}

/* The recurrent matrices of a pass as a cell's step takes them, or NULL. */
static inline const rnni_reduced *rnni_reduced_of_pass(const rnni_reduced *matrices, int32_t number)
{
    return matrices ? matrices + number * RNNI_REDUCED_OF_PASS + RNNI_REDUCED_HH : NULL;
}

/* z[rows][ldz] = b + x W^T of a pass; `matrices` are the node's, or NULL, and so is `team`. */
static inline void rnni_recurrent_input_product(const rnni_node *node, const rnni_reduced *matrices,
                                                int32_t number, const rnni_team *team, const rnni_kernels *k,
                                                int64_t rows, const rnni_real *x, rnni_real *z, int64_t ldz,
                                                rnni_ahead *ahead)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_pass *pass = &r->pass[number];
    const rnni_real *bias = node->packed + pass->bias;
    if (matrices)
        rnni_team_reduced(team, k, &matrices[number * RNNI_REDUCED_OF_PASS + RNNI_REDUCED_IH], rows, x,
                          pass->input, RNNI_FROM_BIAS, bias, z, ldz, ahead, NULL);
    else
        rnni_team_packed(team, k, rows, r->cell->gates * r->h, pass->input, x, pass->input,
                         node->packed + pass->packed_ih, RNNI_FROM_BIAS, bias, z, ldz, ahead);
}

/* Changes the precision of a built graph; with `keep` the float weights are kept when they are there, without
 * it graph->weights is all there is. */
rnn_status_t rnni_graph_change_precision(rnni_graph *graph, int32_t precision, bool keep);
/* Fills a piece of what is packed of a node again from graph->weights, if it is there: for the way forward,
 * in few bits, or for the way back. Pieces do not depend on each other. And all of them; projected tables,
 * which are stale then, are freed. */
enum { RNNI_PACK_FORWARD, RNNI_PACK_REDUCED, RNNI_PACK_BACKWARD, RNNI_PACKS };
void rnni_node_pack_piece(rnni_node *node, int piece);
void rnni_node_pack_again(rnni_node *node);
/* Makes node->halves where they are missing. RNN_ERROR_MEMORY. */
rnn_status_t rnni_graph_make_halves(rnni_graph *graph);
/* dW [m][n] += dz^T x over rows: as the run says, in float or bf16. Scratch: rnni_gradient_scratch
 * numbers. In float it takes lines of `ahead`, or NULL, along. */
void rnni_gradient_product(const rnni_run *run, int64_t m, int64_t n, int64_t rows, const rnni_real *dz,
                           int64_t lddz, const rnni_real *x, rnni_real *gradient, rnni_ahead *ahead);
int64_t rnni_gradient_scratch(const rnni_run *run, int64_t m, int64_t n, int64_t rows);
/* dx [rows][n] = (or +=) dz W by float weights packed for the way back, or by matrix number `number` where
 * the run is in bf16. Takes lines of `ahead`, or NULL, along. */
void rnni_back_product(const rnni_node *node, const rnni_run *run, int32_t number, int64_t rows, int64_t n,
                       int64_t k, const rnni_real *dz, int64_t lddz, const rnni_real *packed,
                       rnni_start start, rnni_real *dx, rnni_ahead *ahead);
void rnni_node_free_reduced(rnni_node *node);
/* After a weight's numbers were written into graph->weights: they are the originals, where these are kept,
 * and are rounded. */
void rnni_graph_written(rnni_graph *graph, const rnni_weight *weight);
/* Rounds a weight's numbers in place as the graph's precision says; vectors stay. */
void rnni_graph_round(const rnni_graph *graph, const rnni_weight *weight, rnni_real *numbers);

#endif
