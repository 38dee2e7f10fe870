/* SPDX-License-Identifier: MIT */
#ifndef RNNI_RUN_H
#define RNNI_RUN_H

#include "cells/team.h"
#include "layers/graph.h"

/* One pass of some sequences (a shard of a batch, or one step of a stream) through a graph. A run belongs to
 * one thread at a time.
 *
 * Sequences of an axis are packed: sorted by falling length (stable), their steps lie time-major without
 * gaps, so every layer that works row by row sees one dense matrix, and cost follows the useful steps:
 *
 *   row(t, s) = offset[t] + s     for sorted sequence s < active[t]
 *
 * Vectors (one row a sequence) have the order of the run's sequences, which is rnni_run.sequence. */
typedef struct rnni_axis {
    int64_t count;      /* sequences */
    int64_t rows;       /* useful steps of all */
    int64_t steps;      /* of the longest */
    int64_t *order;     /* [count] sorted sequence -> sequence of the shard */
    int64_t *lengths;   /* [count] of sorted sequences, falling */
    int64_t *active;    /* [steps] sequences that have step t */
    int64_t *offset;    /* [steps + 1] first row of step t */
    int64_t *position;  /* [rows] where a row stands in the batch's column: starts[b] + step as given, masked
                           steps counted */
} rnni_axis;

/* The words of a batch for which a layer projects its embedding (recurrent_fold.c). */
typedef struct rnni_words {
    int64_t count;            /* rows of the projected table */
    const int32_t *list;      /* [count] those that occur, in the order in which they do; NULL: the whole
                                 vocabulary */
    const int32_t *place;     /* [vocabulary] where each of these stands in the list, counted from 1 */
} rnni_words;

/* A batch as all its shards see it. */
typedef struct rnni_whole {
    const rnni_graph *graph;
    struct rnni_run *runs;
    int32_t count;            /* shards */
    rnni_team team;           /* the context's threads when the batch came in */
    int64_t *rows;            /* [axis_count] useful steps of all shards */
    rnni_real **shared;       /* [nodes] memory that a node's shards share, or NULL */
    rnni_words *words;        /* [nodes] of those that have projected tables there */
    rnni_real *gradients;     /* [weight_total], in training */
    int64_t *carried_at;      /* stateful runs: [nodes] where a node's states begin in a row of `carried`;
                                 NULL: not stateful */
    rnni_real *carried;       /* [sequences][carried_size] states that sequences begin with */
    int64_t carried_size;
    int64_t carried_count;    /* sequences that have such a state; others begin as ever */
    int64_t first_step;       /* steps of these sequences that earlier runs have seen: key of random
                                 numbers */
} rnni_whole;

/* Where the rows of a batch's sequences lie: one behind another as in a column, or, with `starts` of that
 * column, each at a multiple of `steps`. */
typedef struct rnni_layout {
    const int64_t *starts;
    int64_t steps;
} rnni_layout;

/* Such rows, `ld` numbers from one to the next. */
typedef struct rnni_table {
    rnni_real *data;
    int64_t ld;
    rnni_layout layout;
} rnni_table;

typedef struct rnni_slot {
    rnni_real *y;       /* [rows][features]; NULL where nobody reads it, or the rows stay in `values` */
    rnni_real *dy;      /* gradient of y, added to by every reader; NULL where nothing flows back, or it goes
                           to `dvalues` */
    rnni_table values;  /* inputs that recurrent layers alone read (node->in_table): the batch's column; else
                           data is NULL */
    rnni_table dvalues; /* of these, where one pass alone reads them: the table that gets their gradient; else
                           data is NULL */
    rnni_table results; /* recurrent, of a run without gradients whose steps are even (rnni_axis_even): the
                           output that alone would read y, and gets it row by row; else data is NULL */
    rnni_table given;   /* gradient of an output as the caller gave it, in place of dy until somebody else
                           wants to read or add to that; or data is NULL */
    bool dy_empty;      /* no reader has added to it yet, and its numbers are not set: the first one may set
                           them */
    bool learns;        /* in training: the node's own weights are trained; it had some and was not frozen
                           when the run was laid out */
    bool trains;        /* it or something before it learns: gradients flow back to it */
    int32_t *ids;       /* token inputs: [rows]; a folded embedding: rows of the projected table, where it
                           has a list of words; else NULL */
    rnni_real *final;   /* recurrent: [states][count][layers * directions * h], sequences in batch order */
    rnni_real *dfinal;
    int64_t final_count; /* numbers of final */
    rnni_real *carried; /* streams: state that comes from the last step and goes to the next; NULL in whole
                           runs */
    void *saved;        /* op's own, planned */
} rnni_slot;

typedef struct rnni_run {
    const rnni_graph *graph;
    const rnni_kernels *kernels;
    const rnni_team *team;    /* that shares products, where the run is the only one of its batch; or NULL */
    int64_t count;            /* sequences */
    const int64_t *sequence;  /* [count] their numbers in the batch; NULL in a stream */
    const int64_t *index;     /* [sequences of the batch] numbers in the dataset: keys of random numbers */
    bool training;            /* dropout acts, values are kept for backward */
    bool stream;              /* one step of one stream: slots' carried states are used */
    bool fresh;               /* the stream's first step: states start as in a whole run */
    bool odd;                 /* a stream's every second step: it goes through weights backwards */
    bool halves;              /* in training: products in bf16, with nodes' halves */
    int32_t recompute;        /* in training: RNN_RECOMPUTE_* */
    bool input_gradients;     /* dy of value and vector inputs is wanted */
    const uint8_t *raw;       /* [nodes] 1: give the values before the activation (fused losses); NULL:
                                 none */
    uint64_t seed, epoch;
    rnni_axis *axes;          /* [axis_count] */
    rnni_slot *slots;         /* [nodes] */
    rnni_arena arena, axis_arena;
    rnni_arena *brief;        /* for what lasts from the beginning of this run's forward or backward to its
                                 end: one that runs share which are at work in turn; NULL: `arena` */
    rnni_real *gradients;     /* [dense_total] of this shard: dense weights only */
    const rnni_whole *whole;  /* NULL in a stream */
    rnni_real *scratch;       /* shared by ops that need some for the length of a call */
    rnni_real *room;          /* likewise, for the length of an op's forward or backward */
    int64_t scratch_count, room_count; /* numbers, grown while planning */
} rnni_run;

/* The memory that a node's shards share, NULL when there is none. */
static inline rnni_real *rnni_run_shared(const rnni_run *run, const rnni_node *node)
{
    return run->whole ? run->whole->shared[node->id] : NULL;
}

/* The state that a sequence of this run begins with, or NULL. */
static inline const rnni_real *rnni_run_carried(const rnni_run *run, const rnni_node *node, int64_t sequence)
{
    const rnni_whole *whole = run->whole;
    if (!whole || run->sequence[sequence] >= whole->carried_count) return NULL;
    return whole->carried + run->sequence[sequence] * whole->carried_size + whole->carried_at[node->id];
}

/* What random numbers of a sequence are keyed by: the same wherever in a batch it stands. */
static inline uint64_t rnni_run_key(const rnni_run *run, int64_t sequence)
{
    return (uint64_t)run->index[run->sequence[sequence]];
}

/* Steps that came before this run's. */
static inline int64_t rnni_run_first_step(const rnni_run *run)
{
    return run->whole ? run->whole->first_step : 0;
}

/* Whether the layer that reads this embedding has taken its place in this run (recurrent_fold.c). */
static inline bool rnni_run_folded(const rnni_run *run, const rnni_node *node)
{
    return node->folds_into && rnni_run_shared(run, node->folds_into);
}

/* Whether an input's rows are read from slot->values. */
static inline bool rnni_run_in_table(const rnni_run *run, const rnni_node *node)
{
    return node->in_table && !run->stream;
}

/* Rows of a node's output in this run. */
static inline int64_t rnni_run_rows(const rnni_run *run, const rnni_node *node)
{
    return node->axis < 0 ? run->count : run->axes[node->axis].rows;
}

/* ---- table.c: between a run, whose rows are packed by step, and tables, where a sequence's steps lie side
 * by side */

/* Moves the rows of a node, packed, between a run and a table of such rows: into the run, added to it, or out
 * of it. */
enum { RNNI_MOVE_IN, RNNI_MOVE_ADD, RNNI_MOVE_OUT };
void rnni_move_rows(const rnni_run *run, const rnni_node *node, const rnni_table *table, rnni_real *rows,
                    int how);
/* The same for steps [from, to) of an axis and n numbers a row; rows begin with those of step `from`. */
void rnni_move_steps(const rnni_run *run, const rnni_axis *axis, int64_t from, int64_t to, int64_t n,
                     const rnni_table *table, rnni_real *rows, int how);
/* Sets those rows of the run's sequences in a table to zero that no step stands in: padding and masked
 * steps. */
void rnni_table_clear_rest(const rnni_run *run, const rnni_axis *axis, const rnni_table *table);
/* Those steps' rows of a table, one below another: where they lie when they lie so, else brought to
 * `room`. */
const rnni_real *rnni_table_steps(const rnni_run *run, const rnni_axis *axis, int64_t from, int64_t to,
                                  int64_t n, const rnni_table *table, rnni_real *room);
/* Where the row of sorted sequence s at step t lies in a table. */
rnni_real *rnni_table_place(const rnni_run *run, const rnni_axis *axis, int64_t t, int64_t s,
                            const rnni_table *table);
/* Whether steps [from, to), a handful at least, have the same sequences, and those of each lie side by side
 * in a batch and equally far apart in the run. Then they can be worked on where they lie, a sequence at a
 * time. */
bool rnni_axis_even(const rnni_axis *axis, int64_t from, int64_t to);
/* Numbers from a sequence's row at step t to the next one's, or 0 where they are not equally far apart in
 * rising order. Does not look at the table's data. */
int64_t rnni_table_distance(const rnni_run *run, const rnni_axis *axis, int64_t t, const rnni_table *table);
/* Notes in `ahead` that steps [from, to) will be read from a table soon; calls for parts 0 ... parts - 1 say
 * it of all sequences. */
void rnni_table_fetch(const rnni_run *run, const rnni_axis *axis, int64_t from, int64_t to,
                      const rnni_table *table, int64_t part, int64_t parts, rnni_ahead *ahead);
/* How many of n columns a thread takes at a time where each goes through all rows of a table: whole lines of
 * it, all of them when it is alone. */
int64_t rnni_table_share(const rnni_node *node, int64_t n);
/* A node's dy, ready to be added to; or NULL. */
rnni_real *rnni_run_dy(const rnni_run *run, const rnni_node *node);

/* For plan functions: memory from the arena, such memory for the length of a forward or a backward, and a
 * promise that run->scratch, or run->room, has at least `count` numbers; and for those who plan a whole run,
 * before and after. */
static inline rnni_real *rnni_run_take(rnni_run *run, int64_t count)
{
    return rnni_arena_take(&run->arena, (size_t)count, sizeof(rnni_real));
}
static inline rnni_real *rnni_run_take_brief(rnni_run *run, int64_t count)
{
    return rnni_arena_take(run->brief ? run->brief : &run->arena, (size_t)count, sizeof(rnni_real));
}
static inline void rnni_run_need_scratch(rnni_run *run, int64_t count)
{
    if (count > run->scratch_count) run->scratch_count = count;
}
static inline void rnni_run_need_room(rnni_run *run, int64_t count)
{
    if (count > run->room_count) run->room_count = count;
}
static inline void rnni_run_begin_plan(rnni_run *run) { run->scratch_count = run->room_count = 0; }
static inline void rnni_run_end_plan(rnni_run *run)
{
    run->room = rnni_run_take_brief(run, run->room_count);
    run->scratch = rnni_run_take_brief(run, run->scratch_count);
}

#endif
