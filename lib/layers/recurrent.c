/* SPDX-License-Identifier: MIT */
#include "layers/recurrent.h"
#include "core/random.h"

/* The time loop of recurrent layers, forward and back. Rows of a run lie time-major and packed (run.h): step t is the rows
 * offset[t] .. offset[t] + active[t], and sorted sequence s is row s of them. State buffers are [count][width] in sorted order (the state h has o
 * numbers, which is h but for cells that project; c has h); a step works on
 * their first active[t] rows. Going backwards in time, sequences join as t reaches their own last step, with their initial state still in place;
 * going forwards they leave, with their final state left behind. So neither direction ever touches padding. */

/* Numbers of z that one time chunk may have: with it the input product's result is still in the second-level cache when the steps read it. */
enum { CHUNK = 128 * 1024 };

/* What forward keeps for backward, for one pass; NULL members are not needed. Rows as in the run. */
typedef struct pass_values {
    rnni_real *z;             /* [rows][blocks h] in training, [chunk][blocks h] otherwise */
    rnni_real *x_masked;      /* [rows][input] under input dropout */
    rnni_real *h_in;          /* [rows + count][o]: a step writes its result where the next one reads, with room for sequences that end */
    rnni_real *h_masked;      /* [rows][o] under recurrent dropout, else h_in */
    rnni_real *c_in;          /* [rows + count][h] */
    rnni_real *extra;         /* [rows][extra h] in training, [count][extra h] otherwise */
    rnni_real *mask_x;        /* [count][input], sorted */
    rnni_real *mask_h;        /* [count][o], sorted */
    rnni_real *keep[2];       /* zoneout of h and c: [rows][width] in training, [count][width] otherwise; or NULL */
    rnni_real *old[2];        /* [count][width]: the state before a step, or the part of its gradient that goes around the step */
    rnni_real *part;          /* [rows][o]: output of one direction where directions are merged by sum, product or mean */
    rnni_real *dpart;
} pass_values;

typedef struct layer_values {
    rnni_real *h, *c;         /* [count][o] and [count][h]: states of the running pass */
    rnni_real *dh, *dc;
    rnni_real **between;      /* [layers - 1] outputs of stacked layers below the top: [rows][directions o] */
    rnni_real **dbetween;
    pass_values pass[];
} layer_values;

/* One pass at work. */
typedef struct work {
    const rnni_node *node;
    rnni_run *run;
    const rnni_recurrent *r;
    const rnni_axis *axis;
    const rnni_pass *pass;
    int32_t number;           /* of the pass */
    layer_values *saved;
    pass_values *kept;
    const rnni_real *x;       /* [rows][input]; NULL where an embedding is folded in */
    const rnni_real *table;   /* that embedding, projected: [vocabulary][gates h] */
    const int32_t *ids;       /* [rows] */
    rnni_real *dx;            /* the same, added to; or NULL */
    rnni_real *y;             /* [rows], leading dimension ldy; or NULL */
    const rnni_real *dy;
    int64_t ldy;
    const rnni_real *vectors[RNNI_CELL_VECTORS]; /* the cell's own, and their gradients */
    rnni_real *dvectors[RNNI_CELL_VECTORS];
} work;

/* ---- memory ------------------------------------------------------------------------------------------------------- */

static int64_t chunk_rows(const rnni_recurrent *r, const rnni_axis *axis)
{
    int64_t rows = CHUNK / (r->cell->blocks * r->h);
    return rows < axis->count ? axis->count : rows;
}

static bool masks_input(const rnni_recurrent *r, const rnni_run *run) { return run->training && (r->dropout > 0 || r->input_mask); }
static bool masks_state(const rnni_recurrent *r, const rnni_run *run)
{
    return run->training && (r->recurrent_dropout > 0 || r->recurrent_mask);
}
static bool zones_out(const rnni_recurrent *r, const rnni_run *run, int state)
{
    return state < r->cell->states && (r->zoneout[state] > 0 || (run->training && r->zoneout_mask[state]));
}
static int64_t width_of(const rnni_recurrent *r, int state) { return state ? r->h : r->o; }
static bool merges(const rnni_recurrent *r) { return r->directions == 2 && r->merge != RNN_MERGE_CONCAT; }

/* Numbers of scratch that a cell's step has: [count][2 h], and the gates of a row. */
static int64_t scratch_of_cell(const rnni_recurrent *r, const rnni_axis *axis) { return (2 * axis->count + 4) * r->h; }

static void plan_pass(const rnni_recurrent *r, rnni_run *run, const rnni_axis *axis, const rnni_pass *pass,
                      pass_values *kept)
{
    int64_t rows = axis->rows, h = r->h, z = r->cell->blocks * h;
    memset(kept, 0, sizeof *kept);
    kept->z = rnni_run_take(run, (run->training ? rows : chunk_rows(r, axis) < rows ? chunk_rows(r, axis) : rows) * z);
    if (r->cell->extra) kept->extra = rnni_run_take(run, (run->training ? rows : axis->count) * r->cell->extra * h);
    for (int state = 0; state < 2; state++) {
        if (!zones_out(r, run, state)) continue;
        kept->keep[state] = rnni_run_take(run, (run->training ? rows : axis->count) * width_of(r, state));
        kept->old[state] = rnni_run_take(run, axis->count * width_of(r, state));
    }
    rnni_run_need_scratch(run, scratch_of_cell(r, axis));
    if (!run->training) return;
    kept->h_in = rnni_run_take(run, (rows + axis->count) * r->o);
    kept->h_masked = masks_state(r, run) ? rnni_run_take(run, rows * r->o) : kept->h_in;
    if (r->cell->states == 2) kept->c_in = rnni_run_take(run, (rows + axis->count) * h);
    if (masks_state(r, run)) kept->mask_h = rnni_run_take(run, axis->count * r->o);
    if (masks_input(r, run)) {
        kept->x_masked = rnni_run_take(run, rows * pass->input);
        kept->mask_x = rnni_run_take(run, axis->count * pass->input);
        rnni_run_need_scratch(run, axis->count * pass->input);
    }
    rnni_run_need_scratch(run, rnni_gemm_scratch(run->kernels, r->cell->gates * h, pass->input, rows));
    rnni_run_need_scratch(run, rnni_gemm_scratch(run->kernels, r->cell->gates * h, r->o, rows));
    if (r->cell->projects) rnni_run_need_scratch(run, scratch_of_cell(r, axis) + rnni_gemm_scratch(run->kernels, r->o, h, axis->count));
}

void rnni_recurrent_plan_run(const rnni_node *node, rnni_run *run)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_axis *axis = &run->axes[node->axis];
    rnni_slot *slot = &run->slots[node->id];
    int64_t hidden = axis->count * r->o, cell = axis->count * r->h, wide = axis->rows * r->directions * r->o;
    layer_values *saved = rnni_arena_take(&run->arena, 1, sizeof *saved + (size_t)r->passes * sizeof *saved->pass);
    rnni_real *h = rnni_run_take(run, hidden), *c = rnni_run_take(run, cell);
    rnni_real *dh = run->training ? rnni_run_take(run, hidden) : NULL, *dc = run->training ? rnni_run_take(run, cell) : NULL;
    rnni_real **between = rnni_arena_take(&run->arena, (size_t)r->layers, sizeof *between);
    rnni_real **dbetween = rnni_arena_take(&run->arena, (size_t)r->layers, sizeof *dbetween);
    for (int32_t l = 0; l + 1 < r->layers; l++) {
        rnni_real *y = rnni_run_take(run, wide), *dy = run->training ? rnni_run_take(run, wide) : NULL;
        if (saved) between[l] = y, dbetween[l] = dy;
    }
    for (int32_t p = 0; p < r->passes; p++) {
        pass_values kept;
        plan_pass(r, run, axis, &r->pass[p], &kept);
        if (merges(r) && p / r->directions == r->layers - 1 && node->sequence_read) {
            kept.part = rnni_run_take(run, axis->rows * r->o);
            kept.dpart = run->training ? rnni_run_take(run, axis->rows * r->o) : NULL;
        }
        if (saved) saved->pass[p] = kept;
    }
    slot->final_count = axis->count * r->passes * (r->o + (r->cell->states == 2 ? r->h : 0));
    /* a stream steps its states in place: what it carries is what it ends with */
    slot->final = run->stream ? slot->carried : rnni_run_take(run, slot->final_count);
    slot->dfinal = run->training ? rnni_run_take(run, slot->final_count) : NULL;
    slot->saved = saved;
    if (saved) saved->h = h, saved->c = c, saved->dh = dh, saved->dc = dc, saved->between = between, saved->dbetween = dbetween;
}

int64_t rnni_recurrent_state_size(const rnni_node *node)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    for (int i = RNNI_RECURRENT_HIDDEN; i < RNNI_RECURRENT_INPUTS; i++) /* begins with what a whole sequence gives */
        if (node->inputs[i] && node->inputs[i]->of_sequence) return -1;
    return rnni_node_int(node, RNN_LAYER_DIRECTION) == RNN_FORWARD ? r->passes * (r->o + (r->cell->states == 2 ? r->h : 0)) : -1;
}

/* ---- masks -------------------------------------------------------------------------------------------------------- */

/* One row of factors a sorted sequence: 0 with probability `rate`, else 1 / (1 - rate); or the rows of `fixed`. */
static void fill_mask(const work *w, uint32_t purpose, double rate, int64_t features, const rnni_real *fixed, rnni_real *mask)
{
    for (int64_t s = 0; s < w->axis->count; s++) {
        int64_t sequence = w->axis->order[s];
        rnni_real *row = mask + s * features;
        if (fixed) {
            memcpy(row, fixed + (w->run->first + sequence) * features, (size_t)features * sizeof *row);
            continue;
        }
        rnni_random stream = rnni_random_stream(w->run->seed, purpose, (uint64_t)w->node->id * 128 + (uint64_t)w->number, w->run->epoch,
                                                (uint64_t)w->run->index[sequence]);
        for (int64_t i = 0; i < features; i++)
            row[i] = rnni_random_uniform(&stream, (uint64_t)i) < rate ? 0 : (rnni_real)(1 / (1 - rate));
    }
}

static void mask_input(work *w)
{
    const rnni_axis *axis = w->axis;
    int64_t n = w->pass->input;
    fill_mask(w, RNNI_RANDOM_DROPOUT, w->r->dropout, n, w->r->input_mask, w->kept->mask_x);
    for (int64_t t = 0; t < axis->steps; t++)
        w->run->kernels->multiply(axis->active[t] * n, w->x + axis->offset[t] * n, w->kept->mask_x, w->kept->x_masked + axis->offset[t] * n);
    w->x = w->kept->x_masked;
}

/* ---- states at the ends ------------------------------------------------------------------------------------------- */

/* Where state number `state` of a sequence comes from: the run before, an initial vector, or zero (NULL). */
static const rnni_real *initial_row(const work *w, int state, int64_t sequence)
{
    const rnni_real *carried = rnni_run_carried(w->run, w->node, sequence);
    if (carried) return carried + (state ? w->r->passes * w->r->o : 0) + w->number * width_of(w->r, state);
    int64_t at = w->number * width_of(w->r, state);
    const rnni_node *vector = w->node->inputs[RNNI_RECURRENT_HIDDEN + state];
    return vector ? w->run->slots[vector->id].y + sequence * vector->features + at : NULL;
}

static void load_states(const work *w)
{
    for (int state = 0; state < w->r->cell->states; state++) {
        rnni_real *to = state == 0 ? w->saved->h : w->saved->c;
        int64_t n = width_of(w->r, state);
        for (int64_t s = 0; s < w->axis->count; s++) {
            const rnni_real *from = initial_row(w, state, w->axis->order[s]);
            if (from) memcpy(to + s * n, from, (size_t)n * sizeof *to);
            else memset(to + s * n, 0, (size_t)n * sizeof *to);
        }
    }
}

static void store_states(const work *w)
{
    rnni_slot *slot = &w->run->slots[w->node->id];
    for (int state = 0; state < w->r->cell->states; state++) {
        const rnni_real *from = state == 0 ? w->saved->h : w->saved->c;
        int64_t n = width_of(w->r, state);
        for (int64_t s = 0; s < w->axis->count; s++)
            memcpy(rnni_final_at(w->run, w->node, slot->final, state, w->axis->order[s], w->number), from + s * n, (size_t)n * sizeof *from);
    }
}

static void load_state_gradients(const work *w)
{
    rnni_slot *slot = &w->run->slots[w->node->id];
    for (int state = 0; state < w->r->cell->states; state++) {
        rnni_real *to = state == 0 ? w->saved->dh : w->saved->dc;
        int64_t n = width_of(w->r, state);
        for (int64_t s = 0; s < w->axis->count; s++)
            memcpy(to + s * n, rnni_final_at(w->run, w->node, slot->dfinal, state, w->axis->order[s], w->number), (size_t)n * sizeof *to);
    }
}

static void store_state_gradients(const work *w)
{
    for (int state = 0; state < w->r->cell->states; state++) {
        const rnni_node *vector = w->node->inputs[RNNI_RECURRENT_HIDDEN + state];
        if (!vector || !w->run->slots[vector->id].dy) continue;
        const rnni_real *from = state == 0 ? w->saved->dh : w->saved->dc;
        int64_t n = width_of(w->r, state);
        rnni_real *to = w->run->slots[vector->id].dy + w->number * n;
        for (int64_t s = 0; s < w->axis->count; s++)
            if (!rnni_run_carried(w->run, w->node, w->axis->order[s]))
                w->run->kernels->axpy(n, 1, from + s * n, to + w->axis->order[s] * vector->features);
    }
}

/* ---- forward ------------------------------------------------------------------------------------------------------ */

static rnni_cell_step step_of(const work *w, int64_t t)
{
    int64_t row = w->axis->offset[t], h = w->r->h;
    rnni_cell_step step = { .kernels = w->run->kernels, .rows = w->axis->active[t], .h = h, .o = w->r->o, .activation = w->r->activation,
                            .vectors = w->vectors, .epsilon = w->r->epsilon, .packed_out = w->node->packed + w->pass->packed_hr,
                            .scratch = w->run->scratch, .h_in = w->saved->h, .h_masked = w->saved->h, .c_in = w->saved->c,
                            .h_out = w->saved->h, .c_out = w->saved->c, .extra = w->kept->extra };
    if (!w->run->training) return step;
    step.h_in = w->kept->h_in + row * w->r->o;
    step.h_masked = w->kept->h_masked + row * w->r->o;
    step.c_in = w->kept->c_in ? w->kept->c_in + row * h : NULL;
    step.extra = w->kept->extra ? w->kept->extra + row * w->r->cell->extra * h : NULL;
    step.z = w->kept->z + row * w->r->cell->blocks * h;
    return step;
}

/* The step after t in the pass's direction, or -1. */
static int64_t step_after(const work *w, int64_t t)
{
    if (w->pass->reverse) return t - 1;
    return t + 1 < w->axis->steps ? t + 1 : -1;
}

/* Rows [first, last) of a state buffer to or from a step's kept rows. */
static void copy_states(int64_t n, rnni_real *to, const rnni_real *from, int64_t first, int64_t last)
{
    if (last > first) memcpy(to + first * n, from + first * n, (size_t)((last - first) * n) * sizeof *to);
}

/* In training a step writes into the rows that the next one reads, so nothing is copied while the same sequences go on. */
static void chain_states(const work *w, int64_t t, rnni_cell_step *step)
{
    int64_t next = step_after(w, t), row = next < 0 ? 0 : w->axis->offset[next];
    if (next < 0) return;
    step->h_out = w->kept->h_in + row * w->r->o;
    if (w->kept->c_in) step->c_out = w->kept->c_in + row * w->r->h;
}

/* What is left to copy after step t: sequences that end leave their state in the state buffers, sequences that join bring theirs. */
static void join_and_leave(const work *w, int64_t t, const rnni_cell_step *step)
{
    int64_t next = step_after(w, t), active = next < 0 ? step->rows : w->axis->active[next];
    if (next < 0) return;
    copy_states(w->r->o, w->saved->h, step->h_out, active, step->rows);
    copy_states(w->r->o, step->h_out, w->saved->h, step->rows, active);
    if (!w->kept->c_in) return;
    copy_states(w->r->h, w->saved->c, step->c_out, active, step->rows);
    copy_states(w->r->h, step->c_out, w->saved->c, step->rows, active);
}

/* The states that the first step of a pass reads. */
static void begin_states(const work *w)
{
    if (w->axis->steps == 0) return;
    int64_t t = w->pass->reverse ? w->axis->steps - 1 : 0, row = w->axis->offset[t];
    copy_states(w->r->o, w->kept->h_in + row * w->r->o, w->saved->h, 0, w->axis->active[t]);
    if (w->kept->c_in) copy_states(w->r->h, w->kept->c_in + row * w->r->h, w->saved->c, 0, w->axis->active[t]);
}

/* ---- zoneout (Krueger 2017): each number of a state keeps its old value with some probability --------------------- */

/* Factors of step t, [rows][width]: 1 keeps the old number, 0 takes the new one. Outside training all are the probability itself. */
static void fill_keep(const work *w, int64_t t, int state, rnni_real *keep)
{
    int64_t n = width_of(w->r, state);
    double rate = w->r->zoneout[state];
    const rnni_real *fixed = w->r->zoneout_mask[state];
    for (int64_t s = 0; s < w->axis->active[t]; s++, keep += n) {
        int64_t sequence = w->axis->order[s];
        if (!w->run->training) {
            for (int64_t i = 0; i < n; i++) keep[i] = (rnni_real)rate;
        } else if (fixed) {
            memcpy(keep, fixed + (w->run->first + sequence) * n, (size_t)n * sizeof *keep);
        } else {
            rnni_random stream = rnni_random_stream(w->run->seed, RNNI_RANDOM_ZONEOUT, (uint64_t)w->node->id * 256 + (uint64_t)(w->number * 2 + state),
                                                    w->run->epoch, (uint64_t)w->run->index[sequence]);
            for (int64_t i = 0; i < n; i++) keep[i] = rnni_random_uniform(&stream, (uint64_t)((rnni_run_first_step(w->run) + t) * n + i)) < rate;
        }
    }
}

static rnni_real *keep_at(const work *w, int64_t t, int state)
{
    return w->kept->keep[state] + (w->run->training ? w->axis->offset[t] * width_of(w->r, state) : 0);
}

/* Before a step: its factors, and the states that it may overwrite. */
static void zoneout_before(const work *w, int64_t t, const rnni_cell_step *step)
{
    for (int state = 0; state < 2; state++) {
        if (!w->kept->keep[state]) continue;
        fill_keep(w, t, state, keep_at(w, t, state));
        copy_states(width_of(w->r, state), w->kept->old[state], state ? step->c_in : step->h_in, 0, step->rows);
    }
}

static void zoneout_after(const work *w, int64_t t, const rnni_cell_step *step)
{
    for (int state = 0; state < 2; state++)
        if (w->kept->keep[state])
            w->run->kernels->zoneout(step->rows * width_of(w->r, state), keep_at(w, t, state), w->kept->old[state], state ? step->c_out : step->h_out);
}

/* Back: what goes around the step is kept, what is left goes through it; afterwards both meet. */
static void zoneout_part(const work *w, int64_t t, const rnni_cell_step *step)
{
    for (int state = 0; state < 2; state++)
        if (w->kept->keep[state])
            w->run->kernels->zoneout_backward(step->rows * width_of(w->r, state), keep_at(w, t, state), state ? step->dc : step->dh,
                                              w->kept->old[state]);
}

static void zoneout_join(const work *w, const rnni_cell_step *step)
{
    for (int state = 0; state < 2; state++)
        if (w->kept->keep[state])
            w->run->kernels->axpy(step->rows * width_of(w->r, state), 1, w->kept->old[state], state ? step->dc : step->dh);
}

/* ---- steps -------------------------------------------------------------------------------------------------------- */

static void copy_rows(int64_t rows, int64_t n, const rnni_real *from, rnni_real *to, int64_t ld)
{
    if (ld == n) n *= rows, rows = 1;
    for (int64_t r = 0; r < rows; r++) memcpy(to + r * ld, from + r * n, (size_t)n * sizeof *to);
}

static void add_rows(const rnni_kernels *k, int64_t rows, int64_t n, const rnni_real *from, int64_t ld, rnni_real *to)
{
    if (ld == n) n *= rows, rows = 1;
    for (int64_t r = 0; r < rows; r++) k->axpy(n, 1, from + r * ld, to + r * n);
}

/* Step t, whose input products (and those of a chunk from row `first` on) are in z. */
static void forward_step(const work *w, int64_t t, rnni_real *z, int64_t first)
{
    int64_t row = w->axis->offset[t], o = w->r->o, ldz = w->r->cell->blocks * w->r->h;
    rnni_cell_step step = step_of(w, t);
    step.z = z + (row - first) * ldz;
    step.packed = w->node->packed + w->pass->packed_hh;
    step.bias = w->r->cell->apart >= 0 ? w->node->packed + w->pass->bias_apart : NULL;
    if (w->run->training) chain_states(w, t, &step);
    if (w->kept->mask_h) w->run->kernels->multiply(step.rows * o, step.h_in, w->kept->mask_h, w->kept->h_masked + row * o);
    zoneout_before(w, t, &step);
    w->r->cell->forward(&step);
    zoneout_after(w, t, &step);
    if (w->y) copy_rows(step.rows, o, step.h_out, w->y + row * w->ldy, w->ldy);
    if (w->run->training) join_and_leave(w, t, &step);
}

/* One row through a cell whose product is one over all gates: z += U h (after z = b + W x when x is given), then the gates. Weights that
 * are larger than a cache would be thrown out of it before their next use if every step went through them in the same order; so every second
 * step goes backwards and meets first what the step before left. Columns are taken in groups that the row kernel works on at once, and each
 * is finished, x and h, before the next. The order of columns does not change their sums. */
static void row_step(const rnni_node *node, const rnni_pass *pass, const rnni_recurrent *r, const rnni_real *x, bool odd, const rnni_cell_step *step)
{
    const rnni_kernels *k = step->kernels;
    int64_t columns = r->cell->gates * r->h, group = 4 * k->nr, groups = (columns + group - 1) / group;
    for (int64_t i = 0; i < groups; i++) {
        int64_t at = (odd ? groups - 1 - i : i) * group, n = columns - at < group ? columns - at : group;
        if (x)
            k->row(n, pass->input, x, 1, node->packed + pass->packed_ih + at * pass->input, RNNI_FROM_BIAS, node->packed + pass->bias + at,
                   step->z + at);
        k->row(n, r->h, step->h_masked, 1, step->packed + at * r->h, RNNI_FROM_C, NULL, step->z + at);
    }
    r->cell->activate(step);
}

/* Steps [from, to) of a run that keeps nothing: states stay where they are, so a step differs from the one before in its rows alone. */
static void steps_in_place(const work *w, int64_t from, int64_t to, rnni_real *z, int64_t first)
{
    int64_t ldz = w->r->cell->blocks * w->r->h;
    rnni_cell_step step = step_of(w, from);
    step.packed = w->node->packed + w->pass->packed_hh;
    step.bias = w->r->cell->apart >= 0 ? w->node->packed + w->pass->bias_apart : NULL;
    for (int64_t i = 0; i < to - from; i++) {
        int64_t t = w->pass->reverse ? to - 1 - i : from + i, row = w->axis->offset[t];
        step.rows = w->axis->active[t];
        step.z = z + (row - first) * ldz;
        if (step.rows == 1 && w->r->cell->activate) row_step(w->node, w->pass, w->r, NULL, t & 1, &step);
        else w->r->cell->forward(&step);
        if (w->y) copy_rows(step.rows, step.o, step.h_out, w->y + row * w->ldy, w->ldy);
    }
}

/* b + W x for the rows of steps [from, to), all at once. */
static void input_products(const work *w, int64_t from, int64_t to, rnni_real *z)
{
    int64_t first = w->axis->offset[from], last = w->axis->offset[to], columns = w->r->cell->gates * w->r->h, ldz = w->r->cell->blocks * w->r->h;
    if (w->table) {
        for (int64_t r = first; r < last; r++)
            memcpy(z + (r - first) * ldz, w->table + w->ids[r] * columns, (size_t)columns * sizeof *z);
        return;
    }
    rnni_gemm_packed(w->run->kernels, last - first, columns, w->pass->input, w->x + first * w->pass->input, w->pass->input, 1,
                     w->node->packed + w->pass->packed_ih, RNNI_FROM_BIAS, w->node->packed + w->pass->bias, z,
                     ldz);
}

/* The chunk of steps that begins at `edge` and goes up, or down: [*from, *to). */
static void next_chunk(const work *w, bool down, int64_t edge, int64_t *from, int64_t *to)
{
    int64_t limit = chunk_rows(w->r, w->axis);
    const int64_t *offset = w->axis->offset;
    *from = *to = edge;
    if (down)
        while (*from > 0 && offset[*to] - offset[*from - 1] <= limit) --*from;
    else
        while (*to < w->axis->steps && offset[*to + 1] - offset[*from] <= limit) ++*to;
}

static void pass_forward(work *w)
{
    int64_t steps = w->axis->steps, ldz = w->r->cell->blocks * w->r->h;
    load_states(w);
    if (w->kept->mask_h)
        fill_mask(w, RNNI_RANDOM_RECURRENT_DROPOUT, w->r->recurrent_dropout, w->r->o, w->r->recurrent_mask, w->kept->mask_h);
    if (w->kept->mask_x) mask_input(w);
    if (w->run->training) begin_states(w);
    for (int64_t done = 0, from, to; done < steps; done += to - from) {
        next_chunk(w, w->pass->reverse, w->pass->reverse ? steps - done : done, &from, &to);
        int64_t first = w->axis->offset[from];
        rnni_real *z = w->kept->z + (w->run->training ? first * ldz : 0);
        input_products(w, from, to, z);
        if (!w->run->training && !w->kept->keep[0] && !w->kept->keep[1]) {
            steps_in_place(w, from, to, z, first);
            continue;
        }
        for (int64_t i = 0; i < to - from; i++) forward_step(w, w->pass->reverse ? to - 1 - i : from + i, z, first);
    }
    store_states(w);
}

/* ---- backward ----------------------------------------------------------------------------------------------------- */

static void backward_step(const work *w, int64_t t)
{
    int64_t row = w->axis->offset[t];
    rnni_cell_step step = step_of(w, t);
    if (w->dy) add_rows(w->run->kernels, step.rows, w->r->o, w->dy + row * w->ldy, w->ldy, w->saved->dh);
    step.packed = w->node->packed_backward + w->pass->backward_hh;
    step.dh = w->saved->dh;
    step.dc = w->saved->dc;
    step.mask = w->kept->mask_h;
    step.dvectors = w->dvectors;
    if (w->r->cell->projects) {
        step.packed_out = w->node->packed_backward + w->pass->backward_hr;
        step.dweight_out = w->run->gradients + w->node->weights[w->pass->weight_hr].offset;
        step.scratch_out = w->run->scratch + scratch_of_cell(w->r, w->axis);
    }
    zoneout_part(w, t, &step);
    w->r->cell->backward(&step);
    zoneout_join(w, &step);
}

/* Adds what rows [first, last) give to the gradients of the weights. */
static void weight_gradients(const work *w, int64_t first, int64_t last)
{
    const rnni_kernels *k = w->run->kernels;
    const rnni_pass *pass = w->pass;
    rnni_weight *weights = w->node->weights;
    rnni_real *g = w->run->gradients;
    int64_t rows = last - first, h = w->r->h, columns = w->r->cell->gates * h, ldz = w->r->cell->blocks * h, extra = w->r->cell->extra * h;
    const rnni_real *x = w->kept->x_masked ? w->kept->x_masked : w->x, *dz = w->kept->z + first * ldz;
    if (!w->table)
        rnni_gemm(k, columns, pass->input, rows, dz, 1, ldz, x + first * pass->input, pass->input, 1, RNNI_FROM_C,
                  g + weights[pass->weight_ih].offset, pass->input, w->run->scratch);
    if (pass->bias_ih >= 0) k->column_sums(rows, columns, dz, ldz, g + weights[pass->bias_ih].offset);
    rnni_cell_gradient gradient = { .kernels = k, .rows = rows, .h = h, .o = w->r->o, .z = dz, .h_masked = w->kept->h_masked + first * w->r->o,
                                    .extra = w->kept->extra ? w->kept->extra + first * extra : NULL,
                                    .weight_hh = g + weights[pass->weight_hh].offset,
                                    .bias_hh = pass->bias_hh < 0 ? NULL : g + weights[pass->bias_hh].offset, .scratch = w->run->scratch };
    w->r->cell->gradient(&gradient);
}

/* dx += mask * (dz W) for steps [from, to). */
static void input_gradient(const work *w, int64_t from, int64_t to)
{
    const rnni_axis *axis = w->axis;
    const rnni_kernels *k = w->run->kernels;
    int64_t n = w->pass->input, columns = w->r->cell->gates * w->r->h, ldz = w->r->cell->blocks * w->r->h, first = axis->offset[from];
    const rnni_real *packed = w->node->packed_backward + w->pass->backward_ih;
    if (!w->kept->mask_x) {
        rnni_gemm_packed(k, axis->offset[to] - first, n, columns, w->kept->z + first * ldz, ldz, 1, packed, RNNI_FROM_C, NULL,
                         w->dx + first * n, n);
        return;
    }
    for (int64_t t = from; t < to; t++) {
        int64_t row = axis->offset[t];
        rnni_gemm_packed(k, axis->active[t], n, columns, w->kept->z + row * ldz, ldz, 1, packed, RNNI_FROM_ZERO, NULL, w->run->scratch, n);
        k->multiply_add(axis->active[t] * n, w->run->scratch, w->kept->mask_x, w->dx + row * n);
    }
}

/* Back through time; after each chunk of steps, while its gradients are in the second-level cache, what they give to weights and input. */
static void pass_backward(const work *w)
{
    int64_t steps = w->axis->steps;
    load_state_gradients(w);
    for (int64_t done = 0, from, to; done < steps; done += to - from) {
        next_chunk(w, !w->pass->reverse, w->pass->reverse ? done : steps - done, &from, &to);
        for (int64_t i = 0; i < to - from; i++) backward_step(w, w->pass->reverse ? from + i : to - 1 - i);
        weight_gradients(w, w->axis->offset[from], w->axis->offset[to]);
        if (w->dx) input_gradient(w, from, to);
    }
    store_state_gradients(w);
}

const rnni_real *rnni_recurrent_dz(const rnni_node *node, const rnni_run *run, int32_t pass, int64_t *ldz)
{
    const layer_values *saved = run->slots[node->id].saved;
    *ldz = rnni_recurrent_of(node)->cell->blocks * rnni_recurrent_of(node)->h;
    return saved->pass[pass].z;
}

/* ---- layers and directions ---------------------------------------------------------------------------------------- */

static work work_of(const rnni_node *node, rnni_run *run, int32_t number)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    rnni_slot *slot = &run->slots[node->id], *in = &run->slots[node->inputs[RNNI_RECURRENT_X]->id];
    layer_values *saved = slot->saved;
    int32_t layer = number / r->directions, direction = number % r->directions;
    work w = { .node = node, .run = run, .r = r, .axis = &run->axes[node->axis], .pass = &r->pass[number], .number = number,
               .saved = saved, .kept = &saved->pass[number], .ldy = r->directions * r->o };
    for (int i = 0; i < r->cell->vector_count; i++) {
        int64_t offset = node->weights[r->pass[number].vectors + i].offset;
        w.vectors[i] = run->graph->weights + offset;
        w.dvectors[i] = run->training ? run->gradients + offset : NULL;
    }
    w.table = rnni_recurrent_table(node, run, number);
    if (w.table) w.ids = run->slots[node->inputs[RNNI_RECURRENT_X]->inputs[0]->id].ids;
    w.x = layer == 0 ? in->y : saved->between[layer - 1];
    w.dx = !run->training ? NULL : layer == 0 ? in->dy : saved->dbetween[layer - 1];
    bool top = layer == r->layers - 1;
    if (top && merges(r)) {
        w.y = w.kept->part;
        w.dy = w.kept->dpart;
        w.ldy = r->o;
    } else {
        rnni_real *y = top ? slot->y : saved->between[layer], *dy = !run->training ? NULL : top ? slot->dy : saved->dbetween[layer];
        w.y = y ? y + direction * r->o : NULL;
        w.dy = dy ? dy + direction * r->o : NULL;
    }
    return w;
}

/* The two directions' outputs, each [n], into y. */
static void merge(const rnni_kernels *k, int32_t how, int64_t n, const rnni_real *a, const rnni_real *b, rnni_real *y)
{
    if (how == RNN_MERGE_MUL) k->multiply(n, a, b, y);
    else k->add(n, a, b, y);
    if (how == RNN_MERGE_AVE) k->scale(n, (rnni_real)0.5, y, y);
}

static void merge_backward(const rnni_kernels *k, int32_t how, int64_t n, const rnni_real *other, const rnni_real *dy, rnni_real *dpart)
{
    if (how == RNN_MERGE_MUL) k->multiply(n, dy, other, dpart);
    else k->scale(n, how == RNN_MERGE_AVE ? (rnni_real)0.5 : 1, dy, dpart);
}

/* ---- streams ------------------------------------------------------------------------------------------------------ */

/* The state of a pass in the carried block. */
static rnni_real *carried_at(const rnni_recurrent *r, const rnni_slot *slot, int state, int32_t number)
{
    return state ? slot->carried + r->passes * r->o + number * r->h : slot->carried + number * r->o;
}

/* The step of a cell with vectors of its own, or of one that zones out. */
static void step_variant(const rnni_node *node, rnni_run *run, int32_t number, rnni_cell_step *step)
{
    work w = work_of(node, run, number);
    step->vectors = w.vectors;
    step->epsilon = w.r->epsilon;
    zoneout_before(&w, 0, step);
    w.r->cell->forward(step);
    zoneout_after(&w, 0, step);
}

/* One step of one stream through one pass: the same products and gates as in a whole run, on states that stay where they are. */
static void stream_pass(const rnni_node *node, rnni_run *run, int32_t number, const rnni_real *x)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_pass *pass = &r->pass[number];
    const rnni_slot *slot = &run->slots[node->id];
    const pass_values *kept = &((const layer_values *)slot->saved)->pass[number];
    rnni_real *h = carried_at(r, slot, 0, number), *c = carried_at(r, slot, 1, number);
    rnni_cell_step step = { .kernels = run->kernels, .rows = 1, .h = r->h, .o = r->o, .activation = r->activation,
                            .packed = node->packed + pass->packed_hh, .bias = r->cell->apart >= 0 ? node->packed + pass->bias_apart : NULL,
                            .z = kept->z, .h_in = h, .h_masked = h, .c_in = c, .h_out = h, .c_out = c, .extra = kept->extra,
                            .scratch = run->scratch, .packed_out = node->packed + pass->packed_hr };
    bool plain = !r->cell->vector_count && !kept->keep[0] && !kept->keep[1];
    if (plain && r->cell->activate) {
        row_step(node, pass, r, x, run->odd, &step);
        return;
    }
    rnni_gemm_packed(run->kernels, 1, r->cell->gates * r->h, pass->input, x, pass->input, 1, node->packed + pass->packed_ih, RNNI_FROM_BIAS,
                     node->packed + pass->bias, kept->z, r->cell->blocks * r->h);
    if (plain) r->cell->forward(&step);
    else step_variant(node, run, number, &step);
}

/* What the states of a stream's first step are, from zero or from initial vectors. */
static void begin_stream(const rnni_node *node, const rnni_run *run)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    for (int state = 0; state < r->cell->states; state++) {
        const rnni_node *vector = node->inputs[RNNI_RECURRENT_HIDDEN + state];
        rnni_real *to = carried_at(r, &run->slots[node->id], state, 0);
        size_t bytes = (size_t)(r->passes * width_of(r, state)) * sizeof *to;
        if (vector) memcpy(to, run->slots[vector->id].y, bytes);
        else memset(to, 0, bytes);
    }
}

static void stream_forward(const rnni_node *node, rnni_run *run)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_slot *slot = &run->slots[node->id];
    const rnni_real *x = run->slots[node->inputs[RNNI_RECURRENT_X]->id].y;
    if (run->fresh) begin_stream(node, run);
    if (run->axes[node->axis].steps == 0) return;
    for (int32_t p = 0; p < r->passes; p++) {
        stream_pass(node, run, p, x);
        x = carried_at(r, slot, 0, p);
    }
    if (slot->y) memcpy(slot->y, x, (size_t)r->o * sizeof *x);
}

void rnni_recurrent_carry(const rnni_node *node, const rnni_run *run)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_whole *whole = run->whole;
    for (int64_t b = 0; b < run->count; b++) {
        rnni_real *carried = whole->carried + (run->first + b) * whole->carried_size + whole->carried_at[node->id];
        for (int state = 0; state < r->cell->states; state++)
            memcpy(carried + (state ? r->passes * r->o : 0), rnni_final_at(run, node, run->slots[node->id].final, state, b, 0),
                   (size_t)(r->passes * width_of(r, state)) * sizeof *carried);
    }
}

void rnni_recurrent_forward(const rnni_node *node, rnni_run *run)
{
    if (run->stream) {
        stream_forward(node, run);
        return;
    }
    const rnni_recurrent *r = rnni_recurrent_of(node);
    rnni_slot *slot = &run->slots[node->id];
    const layer_values *saved = slot->saved;
    for (int32_t p = 0; p < r->passes; p++) {
        work w = work_of(node, run, p);
        pass_forward(&w);
    }
    if (merges(r) && slot->y)
        merge(run->kernels, r->merge, run->axes[node->axis].rows * r->o, saved->pass[r->passes - 2].part, saved->pass[r->passes - 1].part,
              slot->y);
}

void rnni_recurrent_backward(const rnni_node *node, rnni_run *run)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    rnni_slot *slot = &run->slots[node->id];
    const layer_values *saved = slot->saved;
    int64_t rows = run->axes[node->axis].rows;
    for (int32_t l = 0; l + 1 < r->layers; l++)
        memset(saved->dbetween[l], 0, (size_t)(rows * r->directions * r->o) * sizeof(rnni_real));
    for (int d = 0; merges(r) && slot->dy && d < 2; d++)
        merge_backward(run->kernels, r->merge, rows * r->o, saved->pass[r->passes - 1 - d].part, slot->dy, saved->pass[r->passes - 2 + d].dpart);
    for (int32_t p = r->passes - 1; p >= 0; p--) {
        work w = work_of(node, run, p);
        pass_backward(&w);
    }
}
