/* SPDX-License-Identifier: MIT */
#ifndef RNNI_RECURRENT_H
#define RNNI_RECURRENT_H

#include "cells/cell.h"
#include "layers/run.h"

/* Recurrent layers: stacked passes of a cell over a ragged axis, in one or two directions. */

/* Inputs of a recurrent node. */
enum { RNNI_RECURRENT_X, RNNI_RECURRENT_HIDDEN, RNNI_RECURRENT_CELL, RNNI_RECURRENT_INPUTS };

/* One stacked layer in one direction. Offsets count numbers in the node's packed blocks. */
typedef struct rnni_pass {
    int64_t input;                              /* features of what it reads */
    bool reverse;
    int32_t weight_ih, weight_hh;               /* numbers in node->weights */
    int32_t bias_ih, bias_hh;                   /* or -1 */
    int32_t weight_hr;                          /* cells that project: its number, else -1 */
    int32_t vectors;                            /* number of the first of the cell's own vectors */
    int64_t packed_ih, packed_hh, packed_hr, bias, bias_apart;   /* forward block */
    int64_t backward_ih, backward_hh, backward_hr;           /* backward block */
} rnni_pass;

/* What infer makes of the settings. Passes are numbered layer * directions + direction, as PyTorch orders
 * states. */
typedef struct rnni_recurrent {
    const rnni_cell *cell;
    int64_t h, o;                               /* units; numbers of the state h, which is units but for cells
                                                   that project */
    int32_t layers, directions, passes, merge, activation;
    double dropout, recurrent_dropout, zoneout[2], epsilon;
    int64_t packed, packed_backward;            /* sizes of the blocks */
    int64_t vocabulary;                         /* of the embedding that it reads; 0: it reads no such */
    const rnni_real *input_mask, *recurrent_mask; /* tests put fixed masks here, [sequences][features] */
    const rnni_real *zoneout_mask[2];           /* likewise: 1 keeps the old number, in all steps */
    rnni_pass pass[];
} rnni_recurrent;

bool rnni_is_recurrent(const rnni_node *node);
static inline const rnni_recurrent *rnni_recurrent_of(const rnni_node *node) { return node->plan; }
/* Numbers of a state of one pass in one sequence, and of all its states and passes. */
static inline int64_t rnni_state_width(const rnni_recurrent *r, int state) { return state ? r->h : r->o; }
static inline int64_t rnni_state_numbers(const rnni_recurrent *r)
{
    return r->passes * (r->o + (r->cell->states == 2 ? r->h : 0));
}

/* Numbers of one state in one pass, and layers * directions times that; known before build. */
int64_t rnni_recurrent_width(const rnni_node *node, int state);
int64_t rnni_recurrent_state_features(const rnni_node *node, int state);
/* 2 for an LSTM, 1 for the others. */
int rnni_recurrent_states(const rnni_node *node);

/* Turns every set_initial_state into edges: final states of the source, through bridges where sizes
 * differ. */
rnn_status_t rnni_recurrent_resolve_initial(rnni_graph *graph);
/* Takes those edges back that lead to nodes numbered from `count` on. */
void rnni_recurrent_forget_initial(rnni_graph *graph, int32_t count);

/* Fixed dropout masks in place of random ones, for all runs in training; borrowed, [sequences of a
 * batch][features]; NULL: none. For tests. */
void rnni_recurrent_set_zoneout(rnni_node *node, const rnni_real *hidden, const rnni_real *cell);
void rnni_recurrent_set_masks(rnni_node *node, const rnni_real *input_mask, const rnni_real *recurrent_mask);

/* Where a state's final values begin, [sequence][pass][width], one state behind another. */
static inline rnni_real *rnni_final_of(const rnni_run *run, const rnni_node *node, rnni_real *final,
                                       int state)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    return state ? final + run->count * r->passes * r->o : final;
}

/* The final state of one pass: final[state][sequence][pass][width]. */
static inline rnni_real *rnni_final_at(const rnni_run *run, const rnni_node *node, rnni_real *final,
                                       int state, int64_t sequence, int32_t pass)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    return rnni_final_of(run, node, final, state) +
           (sequence * r->passes + pass) * rnni_state_width(r, state);
}

/* For the ops' tables in recurrent_ops.c. */
rnn_status_t rnni_recurrent_infer(rnni_node *node, const rnni_cell *cell);
int64_t rnni_recurrent_packed_size(const rnni_node *node, int backward);
void rnni_recurrent_pack(const rnni_node *node, const rnni_real *weights, rnni_real *packed, int backward);
void rnni_recurrent_plan_run(const rnni_node *node, rnni_run *run);
void rnni_recurrent_forward(const rnni_node *node, rnni_run *run);
void rnni_recurrent_backward(const rnni_node *node, rnni_run *run);
int64_t rnni_recurrent_state_size(const rnni_node *node);
/* Copies the final states of a run's sequences to whole->carried. */
void rnni_recurrent_carry(const rnni_node *node, const rnni_run *run);
/* dz of a pass after backward: [rows][*ldz], the input product's columns first. */
const rnni_real *rnni_recurrent_dz(const rnni_node *node, const rnni_run *run, int32_t pass, int64_t *ldz);
/* recurrent_stream.c: plan and forward of a stream's run. */
void rnni_recurrent_plan_stream(const rnni_node *node, rnni_run *run);
void rnni_recurrent_stream(const rnni_node *node, rnni_run *run);
/* One step of run->count streams together: row i of `run`, which has one step a sequence, is the next step of
 * streams[i]. */
void rnni_recurrent_plan_streams(const rnni_node *node, rnni_run *run);
void rnni_recurrent_streams(const rnni_node *node, rnni_run *run, rnni_run *const *streams);
/* A node's second packed copy, for steps of one row (kernels of rnni_row). It is made when a stream or a
 * batch of one sequence first wants it, on any thread, and follows node->packed from then on. */
rnn_status_t rnni_recurrent_make_rows(rnni_node *node);
void rnni_recurrent_refresh_rows(const rnni_node *node, const rnni_real *weights, const rnni_real *packed);
void rnni_recurrent_free_rows(rnni_node *node);
/* Numbers of that copy; 0 while there is none. */
int64_t rnni_recurrent_rows_count(const rnni_node *node);
/* Consecutive steps of one sequence whose input products are in z, for nodes that have that copy. */
typedef struct rnni_row_steps {
    int64_t count;                /* >= 1 */
    const rnni_real *z;           /* of the first step; the next one's is z_step numbers on (or back) */
    rnni_real *y;                 /* outputs likewise, or NULL */
    int64_t z_step, y_step;
    rnni_real *h, *c, *scratch;   /* [h] states, replaced; [h] scratch */
    int64_t parts;                /* of the units, one a thread: 1 or rnni_recurrent_row_parts */
} rnni_row_steps;
/* Among how many of the context's threads a sequence of so many steps is to be shared by units. */
int64_t rnni_recurrent_row_parts(const rnni_node *node, int64_t steps);
void rnni_recurrent_row_steps(const rnni_node *node, int32_t number, const rnni_row_steps *steps);
/* recurrent_projected.c: the projected tables of a model that is not trained are kept with the node when they
 * are small: a stream makes them, or a batch whose `rows` steps bring those read since the last change of
 * weights to one for every word. Any thread may ask, of any node. */
rnn_status_t rnni_recurrent_make_projected(rnni_node *node);
rnn_status_t rnni_recurrent_read_projected(rnni_node *node, int64_t rows);
void rnni_recurrent_free_projected(rnni_node *node);
int64_t rnni_recurrent_projected_count(const rnni_node *node);
/* The kept table of pass `number`, [vocabulary][gates * h], or NULL. */
const rnni_real *rnni_recurrent_projected(const rnni_node *node, int32_t number);
/* recurrent_fold.c: the embedding that is folded into a node, or NULL. */
const rnni_node *rnni_recurrent_folded(const rnni_node *node);
/* What it depends on whether a batch's embedding is projected. */
typedef struct rnni_fold {
    int64_t rows;  /* useful steps */
    bool training, again; /* gradients of all steps are kept then, which goes against RNN_RECOMPUTE_* */
} rnni_fold;
/* Words that a batch may have at most for that; 0: it will not be done. Then whether it is done whatever
 * words occur, whether so many words are to have a list, and numbers of tables, as large as they are, and as
 * they are had: somewhat larger, as the next batch may have some words more, but not than most_words asks
 * for. */
int64_t rnni_recurrent_most_words(const rnni_node *node, rnni_fold batch);
bool rnni_recurrent_any_words(const rnni_node *node, rnni_fold batch);
bool rnni_recurrent_lists_words(const rnni_node *node, rnni_fold batch, int64_t words, int32_t shards);
int64_t rnni_recurrent_tables_size(const rnni_node *node, int64_t words);
int64_t rnni_recurrent_tables_room(const rnni_node *node, rnni_fold batch, int64_t words);
/* Scratch that a run needs for projected tables. */
int64_t rnni_recurrent_words_scratch(const rnni_node *node, bool training, bool list);
/* [rows] rows of the projected table that a run's or stream's steps read: the ids, or, where there is a list,
 * what place_words has set. */
const int32_t *rnni_recurrent_places(const rnni_node *node, const rnni_run *run);
void rnni_recurrent_place_words(const rnni_node *node, const rnni_run *run);
int64_t rnni_recurrent_before_pieces(const rnni_node *node, const rnni_whole *whole);
void rnni_recurrent_before(const rnni_node *node, const rnni_whole *whole, int64_t piece);
int64_t rnni_recurrent_after_pieces(const rnni_node *node, const rnni_whole *whole, int stage);
void rnni_recurrent_after(const rnni_node *node, const rnni_whole *whole, int stage, int64_t piece);
/* The projected table [words][gates * h] of a pass that reads the folded embedding, or NULL. */
const rnni_real *rnni_recurrent_table(const rnni_node *node, const rnni_run *run, int32_t pass);

#endif
