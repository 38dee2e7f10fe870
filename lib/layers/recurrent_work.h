/* SPDX-License-Identifier: MIT */
#ifndef RNNI_RECURRENT_WORK_H
#define RNNI_RECURRENT_WORK_H

#include "layers/recurrent.h"

/* What the files of the time loop share: recurrent_plan.c places memory and brings states in and out,
 * recurrent_masks.c has dropout and zoneout, recurrent_cells.c the cell states that are not kept,
 * recurrent_inputs.c works on the inputs of a chunk of steps, recurrent.c is the loop itself, forward and
 * back.
 *
 * Rows of a run lie time-major and packed (run.h): step t is the rows offset[t] .. offset[t] + active[t], and
 * sorted sequence s is row s of them. Going forwards in time, sequences leave after their last step; going
 * backwards, they join as t reaches it. So neither touches padding.
 *
 * In training all of h stays, and nothing is copied from step to step: it has count + rows rows, and step t
 *
 *   forwards    reads rows from count + offset[t - 1] on (the first step: from 0),
 *               writes from count + offset[t] on,
 *   backwards   reads rows from count + offset[t] on,
 *               writes from count + offset[t - 1] on (the last step: from 0).
 *
 * What a step writes is what the next one reads. Forwards, it reads only the first active[t] of these rows:
 * sequences that have ended leave their final state behind. Backwards, the rows below what was written hold
 * the initial states of those that join. The two are mirror images. Otherwise states are [count], stepped in
 * place, and likewise left behind, or waiting.
 *
 * c of all but small layers is stepped in place in training, too: the way back has it again from the gates
 * (recurrent_cells.c). Else c lies as h does.
 *
 * Under RNN_RECOMPUTE_TIME what training keeps has room for one segment of steps: that many rows, counted
 * from the segment's first one, as if there were no other steps. States that cross from one segment to the
 * next are kept apart (marks); on the way back they begin their segment once more.
 *
 * The state h has o numbers, which is h but for cells that project; c has h. */

/* What forward keeps for backward, for one pass; NULL members are not needed. */
typedef struct rnni_pass_values {
    int64_t *edges;           /* [segments + 1] the step with which a segment begins; NULL: there is but
                                 one */
    int64_t segments, least;  /* steps that a segment has at least, but for one */
    rnni_real *marks[2];      /* [segments - 1][count][width]: states that cross from segment to segment */
    rnni_real *z;             /* [rows][blocks h] in training, where the cell's backward reads it; NULL: a
                                 chunk at a time in the layer's */
    rnni_real *dz;            /* [rows][blocks h] where backward overwrites z, or all steps' are wanted in the
                                 end; NULL: in the layer's chunk */
    rnni_real *x_masked;      /* [rows][input] under input dropout */
    rnni_real *h, *c;         /* [count + rows][o] and [h] in training, as above; c NULL: it is not kept but
                                 for marks_c */
    rnni_real *marks_c;       /* [stretches][count][h] c before the first step that each stretch takes */
    int64_t *stretches;       /* [stretches + 1] where each begins, as forward comes to them, and the last
                                 one ends */
    int64_t stretch;          /* forward: how many there are; back: the one that `cells` has */
    rnni_real *h_masked;      /* [rows][o] under recurrent dropout */
    rnni_real *result;        /* [rows][o] h_out before zoneout, where the cell's backward reads it */
    rnni_real *extra;         /* [rows][extra h] in training, [count][extra h] otherwise */
    rnni_real *mask_x;        /* [count][input], sorted */
    rnni_real *mask_h;        /* [count][o], sorted */
    rnni_real *keep[2];       /* zoneout of h and c: [rows][width] in training, [count][width] otherwise; or
                                 NULL */
    rnni_real *old[2];        /* [count][width]: the state before a step, or the part of its gradient that
                                 goes around the step */
    rnni_real *part;          /* [rows][o]: output of one direction where directions are merged by sum,
                                 product or mean */
    rnni_real *dpart;
} rnni_pass_values;

typedef struct rnni_layer_values {
    rnni_real *h, *c;         /* [count][o] and [count][h]: states of the running pass that are stepped in
                                 place */
    rnni_real *dh, *dc;       /* [count][o] and [count][h]: their gradients, in training */
    rnni_real **between;      /* [layers - 1] outputs of stacked layers below the top: [rows][directions o] */
    rnni_real **dbetween;
    rnni_pass_values pass[];
} rnni_layer_values;

/* One pass at work. */
typedef struct rnni_work {
    const rnni_node *node;
    rnni_run *run;
    const rnni_recurrent *r;
    const rnni_axis *axis;
    const rnni_pass *pass;
    int32_t number;           /* of the pass */
    int64_t ldz;              /* blocks h */
    int64_t segment, from, to; /* the one at work and its steps */
    rnni_layer_values *saved;
    rnni_pass_values *kept;
    rnni_real *chunk;         /* in the run's room: [rows of a chunk][blocks h]: z forward, dz back */
    rnni_real *gathered;      /* [rows of a chunk][o]: states that do not lie together, for the weights'
                                 gradient */
    rnni_real *cells;         /* [rows of a chunk][h]: c before each step of a stretch, in training */
    rnni_real *chunk_x;       /* [rows of a chunk][input]: x, and later dx, where they come from and go to
                                 tables */
    const rnni_real *x;       /* [rows][input]; NULL where an embedding is folded in, or in a table */
    rnni_table values;        /* that table */
    const rnni_real *table;   /* that embedding, projected: [vocabulary][gates h] */
    const int32_t *ids;       /* [rows] */
    rnni_real *dx;            /* the same; or NULL */
    rnni_table dvalues;       /* the table that gets dx; or data is NULL */
    bool dx_empty;            /* dx is to be set, not added to */
    rnni_real *y;             /* [rows], leading dimension ldy, to be copied to; NULL: nobody reads it, or the
                                 kept states are it */
    int64_t y_step;           /* y goes to a table: numbers from one step's rows to the next; or 0 */
    const rnni_real *dy;      /* of the rows from dy_first on; or NULL. Where it is read in a table: of the
                                 steps from dy_first on, dy_step numbers apart */
    int64_t dy_first, dy_step;
    rnni_table given;         /* the table that dy comes from, a chunk at a time, to dy_room; or data is
                                 NULL */
    rnni_real *dy_room;
    int64_t ldy;
    int64_t parts;            /* threads that share a sequence which is alone: parts of rows in the input
                                 product, of units in a step */
    const rnni_real *vectors[RNNI_CELL_VECTORS]; /* the cell's own, and their gradients */
    rnni_real *dvectors[RNNI_CELL_VECTORS];
} rnni_work;

/* The first row of step t among what training keeps of its segment. */
static inline int64_t rnni_kept_row(const rnni_work *w, int64_t t)
{
    return w->axis->offset[t] - w->axis->offset[w->from];
}

/* The rows of h and c, in training, from which step t reads and to which it writes. */
static inline int64_t rnni_row_after(const rnni_work *w, int64_t t)
{
    return w->axis->count + rnni_kept_row(w, t);
}
static inline int64_t rnni_row_before(const rnni_work *w, int64_t t)
{
    return t > w->from ? rnni_row_after(w, t - 1) : 0;
}
static inline int64_t rnni_rows_in(const rnni_work *w, int64_t t)
{
    return w->pass->reverse ? rnni_row_after(w, t) : rnni_row_before(w, t);
}
static inline int64_t rnni_rows_out(const rnni_work *w, int64_t t)
{
    return w->pass->reverse ? rnni_row_before(w, t) : rnni_row_after(w, t);
}

/* dz of the chunk that begins with row `first`, from row `row` on. */
static inline rnni_real *rnni_dz_at(const rnni_work *w, int64_t row, int64_t first)
{
    return w->kept->dz ? w->kept->dz + (row - w->axis->offset[w->from]) * w->ldz
                       : w->chunk + (row - first) * w->ldz;
}

static inline bool rnni_merges(const rnni_recurrent *r)
{
    return r->directions == 2 && r->merge != RNN_MERGE_CONCAT;
}

/* ---- recurrent_plan.c */

/* Rows of a chunk of steps: one chunk's z stays in the second-level cache from the input product to the
 * gates, and its dz to the weights' gradient; but where large weights go by tiles, they are what should come
 * from far away as seldom as can be. */
int64_t rnni_recurrent_chunk(const rnni_recurrent *r, const rnni_run *run, const rnni_axis *axis);
/* Where a pass has its chunk. */
void rnni_recurrent_place_chunk(rnni_work *w);
/* Numbers of scratch that a cell's step has. */
int64_t rnni_recurrent_step_scratch(const rnni_recurrent *r, const rnni_axis *axis);
/* Where the kept states are a pass' output as its readers want it, rows packed by step: forwards; else
 * NULL. */
rnni_real *rnni_recurrent_output(const rnni_recurrent *r, const rnni_axis *axis, const rnni_pass *pass,
                                 const rnni_pass_values *kept);
/* Turns to a segment; false: there is no such one. */
bool rnni_recurrent_segment(rnni_work *w, int64_t segment);
/* The states of sequences that begin in this segment, or come from another, come to where the first steps
 * read them; states with which they end, or go to another, go from where they were left to slot->final and
 * kept->marks. Gradients of all sequences the other way round. */
void rnni_recurrent_load_states(const rnni_work *w);
void rnni_recurrent_store_states(const rnni_work *w);
void rnni_recurrent_load_gradients(const rnni_work *w);
void rnni_recurrent_store_gradients(const rnni_work *w);

/* ---- recurrent_inputs.c */

/* x of steps [from, to), one row below another. */
const rnni_real *rnni_recurrent_inputs(const rnni_work *w, int64_t from, int64_t to);
/* z = b + W x for the rows of steps [from, to), all at once. What is left in `ahead` goes before it or with
 * it. */
void rnni_recurrent_input_products(const rnni_work *w, int64_t from, int64_t to, rnni_real *z,
                                   rnni_ahead *ahead);
/* dx = (or +=) mask * (dz W) for steps [from, to); and whether its rows are computed elsewhere and then moved
 * to the caller's tensor. */
bool rnni_recurrent_moves_gradient(const rnni_work *w, int64_t from, int64_t to);
void rnni_recurrent_input_gradient(const rnni_work *w, int64_t from, int64_t to, rnni_ahead *ahead);
/* dy of steps [from, to), where it still lies in a table: read there, if it lies evenly. */
void rnni_recurrent_take_given(rnni_work *w, int64_t from, int64_t to);

/* ---- recurrent_cells.c */

/* Stretches that a pass which does not keep c has at most; 0: it had better keep it. */
int64_t rnni_cells_stretches(const rnni_recurrent *r, const rnni_run *run, const rnni_axis *axis);
/* Forward: steps [from, to) are the next stretch, and saved->c is what they begin with. Nothing to do where c
 * is kept. */
void rnni_cells_mark(const rnni_work *w, int64_t from, int64_t to);
/* Back: c before step t; t goes back from the last step that forward took, one by one. */
const rnni_real *rnni_cells_before(const rnni_work *w, int64_t t);

/* ---- recurrent_masks.c */

/* Fills the masks of input and state where there is dropout, and masks the input: w->x is the masked one
 * then. */
void rnni_recurrent_drop(rnni_work *w);
/* Around a step forward and a step back; `step` has its places. */
void rnni_zoneout_before(const rnni_work *w, int64_t t, const rnni_cell_step *step);
void rnni_zoneout_after(const rnni_work *w, int64_t t, const rnni_cell_step *step);
void rnni_zoneout_part(const rnni_work *w, int64_t t, const rnni_cell_step *step);
void rnni_zoneout_join(const rnni_work *w, const rnni_cell_step *step);

#endif
