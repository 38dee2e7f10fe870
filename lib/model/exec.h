/* SPDX-License-Identifier: MIT */
#ifndef RNNI_EXEC_H
#define RNNI_EXEC_H

#include "data/batch.h"
#include "layers/run.h"
#include "model/model.h"
#include "model/touched.h"

/* Room for the words of a batch (words.c). */
typedef struct rnni_word_room {
    int32_t *numbers;
    size_t count;
    int64_t listed;                  /* words of the batch before, whose places are still marked */
} rnni_word_room;

/* Runs batches through a model: cuts a batch, sorted by length, into shards of equal work, one run each, and
 * runs the shards in parallel. How a batch is cut in training depends on the batch and the model alone, so
 * that gradients do not depend on threads. Reused from batch to batch; memory grows to the largest seen. */
typedef struct rnni_exec {
    rnn_model_t *model;              /* borrowed */
    rnn_context_t *context;
    const rnn_batch_t *batch;        /* of the last bind */
    rnni_arena order;                /* has the two that follow */
    int64_t *steps;                  /* [sequences] useful steps of each, on all its axes */
    int64_t *sequence;               /* [sequences] numbers in the batch in the order in which runs take them,
                                        the first ones by the first run */
    rnni_run *runs;
    int32_t run_count, run_capacity;
    rnni_whole whole;                /* what the shards share */
    size_t *shared_counts;           /* [nodes] numbers allocated for whole.shared */
    rnni_real **shared_blocks;       /* [nodes] kept from batch to batch; whole.shared has those in use */
    rnni_word_room *word_rooms;      /* [nodes] */
    bool training, input_gradients;
    bool in_turn;                    /* one thread runs all shards, one after another, whatever becomes of the
                                        context's threads until the next bind */
    rnni_arena brief;                /* then: the runs' */
    bool summed; /* gradients or losses are summed in the order of rows; in training, else set after init */
    int32_t recompute;               /* RNN_RECOMPUTE_*; set before bind */
    bool halves;                     /* see rnni_run; set before bind */
    uint64_t seed, epoch;            /* set before bind */
    uint8_t *raw;                    /* [nodes] outputs wanted before their activation; set before bind */
    rnni_real *gradients;            /* [weight_total]: sum over shards, after backward */
    rnni_touched *touched;           /* [nodes] in training: rows of sparse gradients */
    rnni_real *shard_gradients;      /* [run_count - 1][dense_total]: the first shard writes into
                                        `gradients` */
    size_t shard_gradient_count;
    rnn_tensor_t **input_gradient;   /* [inputs] in training: of inputs that are read once, where they are
                                        wanted, of the last batch; or NULL */
    int64_t carried_capacity;        /* sequences that whole.carried has room for */
} rnni_exec;

rnn_status_t rnni_exec_init(rnni_exec *exec, rnn_model_t *model, bool training);
void rnni_exec_release(rnni_exec *exec);
/* One for rnn_model_run, not training: the model's idle one, or a new one. And back: the model keeps it for
 * the next call if it is small and there is none yet; rnni_exec_drop_idle frees that. */
rnn_status_t rnni_exec_take(rnn_model_t *model, rnni_exec **exec);
void rnni_exec_give_back(rnni_exec *exec);
void rnni_exec_drop_idle(rnn_model_t *model);

/* Checks the batch against the model's inputs (kinds, features, id ranges, NaN, equal axes) and lays out all
 * buffers. RNN_ERROR_SHAPE, RNN_ERROR_RANGE, RNN_ERROR_DATA, RNN_ERROR_MEMORY. */
rnn_status_t rnni_exec_bind(rnni_exec *exec, const rnn_batch_t *batch);

/* Makes an exec stateful: sequence i of a batch goes on where sequence i of the batch before ended.
 * RNN_ERROR_UNSUPPORTED when a layer looks ahead, or needs the whole sequence (pools). Gradients do not flow
 * back into earlier batches. */
rnn_status_t rnni_exec_carry(rnni_exec *exec);
/* After a forward (and its backward): keeps the states that its sequences end with; the next batch begins
 * with them. RNN_ERROR_MEMORY. */
rnn_status_t rnni_exec_keep_states(rnni_exec *exec);
/* The next batch begins anew. */
void rnni_exec_reset_states(rnni_exec *exec);

/* The number of an input node among the graph's inputs. */
int32_t rnni_input_number(const rnni_graph *graph, const rnni_node *input);

/* Shards of a batch of so many sequences, at least one; `summed`: a function of that and the graph alone. */
int32_t rnni_shard_count(const rnni_graph *graph, bool summed, int64_t count);
/* The threads that share the products of a batch's only shard, where batch follows batch as in training: a
 * run that comes alone would have to wake them. NULL where there are more shards, or no more threads. */
const rnni_team *rnni_team_of(const rnni_whole *whole);
/* Whether one thread is to run all shards, which then share what lasts for one's forward or backward. */
bool rnni_shards_in_turn(const rnn_context_t *context);
/* Takes an axis' arrays, of sizes that hold whatever the masks are. */
void rnni_axis_take(rnni_arena *arena, rnni_axis *axis, int64_t count, int64_t steps, int64_t rows);
/* Numbers that filling them takes beside: count + steps + 2. */
int64_t *rnni_axis_scratch(rnni_arena *arena, int64_t count, int64_t steps);
/* The order of a batch's sequences, [count], and their steps, [count], behind which there is room for
 * sorting; `most`: steps that one may have on all axes. */
int64_t *rnni_order_take(rnni_arena *arena, int64_t count, int64_t most, int64_t **steps);
/* Places a run's buffers in its arena (or measures them); the run's axes are laid out. While measuring, of an
 * axis only count, rows and steps are read. */
void rnni_run_lay_out(rnni_run *run);

/* All nodes forward, all shards. */
void rnni_exec_forward(rnni_exec *exec);
/* All dy are empty and all dfinal zero; after it, gradients of outputs are written into
 * run->slots[node->id].dy (dy_empty is unset) or added to rnni_run_dy. */
void rnni_exec_clear_gradients(rnni_exec *exec);
/* All nodes backward, all shards; then exec->gradients = the fixed tree sum over shards. */
void rnni_exec_backward(rnni_exec *exec);

/* An output node's values as a new tensor in the batch's layout: [B, features], or [B, T, features] with
 * zeros elsewhere (T: the longest sequence of the axis' input column, masked steps counted). With `gradient`
 * dy instead. The node may be an input node (values, vector) when dy is asked for; asked twice, the two may
 * be the same tensor. */
rnn_status_t rnni_exec_tensor(const rnni_exec *exec, const rnni_node *node, int gradient,
                              rnn_tensor_t **tensor);
/* Before forward: that tensor already, if forward will put the node's rows there itself; else NULL. */
rnn_status_t rnni_exec_early_tensor(rnni_exec *exec, const rnni_node *node, rnn_tensor_t **tensor);
/* Adds a tensor of that layout, which has to stay as it is until backward is done, to the node's dy. */
rnn_status_t rnni_exec_add_upstream(rnni_exec *exec, const rnni_node *node, const rnn_tensor_t *upstream);

/* For bind: the tensors that get the gradients of inputs which are read once, where they are wanted. */
rnn_status_t rnni_exec_make_input_gradients(rnni_exec *exec);

/* The row of a target column that belongs to row `row` of a run: for outputs per step the target's row at the
 * same step, for vectors the sequence. */
int64_t rnni_exec_target_row(const rnni_run *run, const rnni_node *node, const rnn_batch_t *batch,
                             int32_t target, int64_t row);

#endif
