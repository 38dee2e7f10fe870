/* SPDX-License-Identifier: MIT */
#include "core/pool.h"
#include "layers/precision.h"
#include "layers/recurrent_work.h"
#include <stdlib.h>

/* The time loop of recurrent layers, forward and back through time; recurrent_work.h says how rows and states
 * lie. Time is cut into chunks of steps, which stay in the second-level cache (rnni_recurrent_chunk):
 *
 *   forward    z = b + W x for all steps of the chunk at once;  then step by step z += U h, and the gates
 *   back       step by step dz from dh, dc and dy, and dh = U^T dz;
 *              then for the chunk dW += dz^T x, dU += dz^T h, dx = dz W */

/* What all steps of a pass share. */
static rnni_cell_step begin_steps(const rnni_work *w)
{
    const rnni_real *packed = w->node->packed;
    return (rnni_cell_step){ .kernels = w->run->kernels, .team = w->run->team, .h = w->r->h, .o = w->r->o,
                             .activation = w->r->activation, .vectors = w->vectors, .epsilon = w->r->epsilon,
                             .scratch = w->run->scratch,
                             .reduced = rnni_reduced_of_pass(rnni_reduced_of(w->node, w->run), w->number),
                             .packed = packed + w->pass->packed_hh, .packed_out = packed + w->pass->packed_hr,
                             .bias = w->r->cell->apart >= 0 ? packed + w->pass->bias_apart : NULL,
                             .h_in = w->saved->h, .h_masked = w->saved->h, .c_in = w->saved->c,
                             .h_out = w->saved->h, .c_out = w->saved->c, .extra = w->kept->extra };
}

/* Where step t finds its numbers; its chunk begins with row `first`. */
static void place_step(const rnni_work *w, int64_t t, int64_t first, rnni_cell_step *step)
{
    const rnni_pass_values *kept = w->kept;
    int64_t row = rnni_kept_row(w, t);
    step->rows = w->axis->active[t];
    step->z = kept->z ? kept->z + row * w->ldz : w->chunk + (w->axis->offset[t] - first) * w->ldz;
    if (!w->run->training) return; /* states stay where they are */
    int64_t in = rnni_rows_in(w, t), out = rnni_rows_out(w, t);
    step->h_in = kept->h + in * w->r->o;
    step->h_out = kept->h + out * w->r->o;
    step->h_masked = kept->mask_h ? kept->h_masked + row * w->r->o : step->h_in;
    if (kept->c) step->c_in = kept->c + in * w->r->h, step->c_out = kept->c + out * w->r->h;
    if (kept->extra) step->extra = kept->extra + row * w->r->cell->extra * w->r->h;
}

/* Steps that are taken together: [from, to). */
typedef struct chunk { int64_t from, to; } chunk;

/* The chunk of the steps `all` that begins at `edge` and goes up, or down; empty behind the last one. */
static chunk chunk_at(const rnni_work *w, chunk all, bool down, int64_t edge)
{
    int64_t limit = rnni_recurrent_chunk(w->r, w->run, w->axis);
    const int64_t *offset = w->axis->offset;
    chunk c = { edge, edge };
    if (down)
        while (c.from > all.from && offset[c.to] - offset[c.from - 1] <= limit) --c.from;
    else
        while (c.to < all.to && offset[c.to + 1] - offset[c.from] <= limit) ++c.to;
    return c;
}

/* The products to come take part number i of `parts` of a chunk's rows along from a table, where they lie far
 * away and in another order. */
static void fetch_rows(const rnni_work *w, chunk c, const rnni_table *table, int64_t i, int64_t parts,
                       rnni_ahead *ahead)
{
    if (table->data && c.from < c.to)
        rnni_table_fetch(w->run, w->axis, c.from, c.to, table, i, parts, ahead);
}

/* The same with the rows of a projected table, and with z, to which they will be copied, where all steps' z
 * are kept. */
static void fetch_words(const rnni_work *w, chunk next, int64_t i, int64_t parts, rnni_ahead *ahead)
{
    if (!w->table || !w->kept->z || next.from == next.to) return;
    int64_t columns = w->r->cell->gates * w->r->h, first = w->axis->offset[next.from],
            rows = w->axis->offset[next.to] - first, from = rows * i / parts, to = rows * (i + 1) / parts;
    const int32_t *ids = w->ids + first;
    rnni_ahead_add(ahead, (to - from) * w->ldz,
                   w->kept->z + (rnni_kept_row(w, next.from) + from) * w->ldz);
    for (int64_t row = from; row < to; row++) rnni_ahead_add(ahead, columns, w->table + ids[row] * columns);
}

/* ---- forward */

/* Where y of step t goes, rows ldy apart; NULL: nowhere. */
static rnni_real *y_at(const rnni_work *w, int64_t t)
{
    return !w->y ? NULL : w->y + (w->y_step ? t * w->y_step : w->axis->offset[t] * w->ldy);
}

/* Step t, whose input products are in z. */
static void forward_step(const rnni_work *w, int64_t t, const rnni_cell_step *step)
{
    const rnni_kernels *k = w->run->kernels;
    int64_t o = w->r->o;
    if (w->kept->mask_h)
        k->multiply(step->rows * o, step->h_in, w->kept->mask_h, w->kept->h_masked + rnni_kept_row(w, t) * o);
    rnni_zoneout_before(w, t, step);
    w->r->cell->forward(step);
    if (w->kept->result)
        memcpy(w->kept->result + rnni_kept_row(w, t) * o, step->h_out,
               (size_t)(step->rows * o) * sizeof *step->h_out);
    rnni_zoneout_after(w, t, step);
    if (w->y) k->copy_rows(step->rows, o, step->h_out, o, y_at(w, t), w->ldy);
}

/* From step t on, whose z is given, all of at most `most` steps that only one sequence has; the count, or 0
 * where the cell has no kernel for that. */
static int64_t steps_alone(const rnni_work *w, int64_t t, int64_t most, rnni_real *z)
{
    int64_t direction = w->pass->reverse ? -1 : 1, count = 0;
    if (!atomic_load(&w->node->rows)) return 0;
    while (count < most && w->axis->active[t + direction * count] == 1) count++;
    rnni_row_steps steps = { .count = count, .z = z, .z_step = direction * w->r->cell->blocks * w->r->h,
                             .y = y_at(w, t), .y_step = direction * (w->y_step ? w->y_step : w->ldy),
                             .h = w->saved->h, .c = w->saved->c,
                             .scratch = w->run->scratch, .parts = w->parts };
    if (count) rnni_recurrent_row_steps(w->node, w->number, &steps);
    return count;
}

/* Whether no step leaves anything for the way back or for the next one but its states. */
static bool steps_in_place(const rnni_work *w)
{
    return !w->run->training && !w->kept->keep[0] && !w->kept->keep[1];
}

/* Some steps of the segment, chunk by chunk. */
static void forward_steps(const rnni_work *w, chunk all)
{
    bool down = w->pass->reverse, in_place = steps_in_place(w);
    rnni_ahead ahead = { .turns = 1 };
    rnni_cell_step step = begin_steps(w);
    step.ahead = &ahead;
    for (chunk now = chunk_at(w, all, down, down ? all.to : all.from), next; now.from < now.to; now = next) {
        int64_t first = w->axis->offset[now.from], count = now.to - now.from;
        rnni_cells_mark(w, now.from, now.to);
        next = chunk_at(w, all, down, down ? now.from : now.to);
        place_step(w, now.from, first, &step);
        rnni_ahead_pause(&ahead);
        rnni_recurrent_input_products(w, now.from, now.to, step.z, &ahead);
        rnni_ahead_resume(&ahead);
        for (int64_t i = 0, alone; i < count; i += alone ? alone : 1) {
            int64_t t = down ? now.to - 1 - i : now.from + i;
            place_step(w, t, first, &step);
            fetch_rows(w, next, &w->values, i, count, step.ahead);
            fetch_words(w, next, i, count, step.ahead);
            if (!step.reduced) rnni_ahead_wait(step.ahead);
            alone = in_place ? steps_alone(w, t, count - i, step.z) : 0;
            if (alone == 0) forward_step(w, t, &step);
            rnni_ahead_turn(&ahead);
        }
    }
}

/* Segments are whole chunks of the way back, so that the weights' gradients are added up as if there were
 * none. */
static void cut_segments(const rnni_work *w)
{
    rnni_pass_values *kept = w->kept;
    const chunk all = { 0, w->axis->steps };
    int64_t *edges = kept->edges, end = w->pass->reverse ? all.to : 0, edge = all.to - end;
    if (!edges) return;
    edges[0] = edge;
    for (kept->segments = 0; edge != end; edges[++kept->segments] = edge)
        do {
            chunk c = chunk_at(w, all, !w->pass->reverse, edge);
            edge = w->pass->reverse ? c.to : c.from;
        } while (edge != end && llabs(edge - edges[kept->segments]) < kept->least);
    for (int64_t i = 0, j = kept->segments; i < j && !w->pass->reverse; i++, j--) {
        int64_t other = edges[i];
        edges[i] = edges[j];
        edges[j] = other;
    }
}

static void pass_forward(rnni_work *w)
{
    if (steps_in_place(w) && w->axis->count == 1 && w->run->whole->count == 1 && atomic_load(&w->node->rows))
        w->parts = rnni_recurrent_row_parts(w->node, w->axis->steps);
    rnni_recurrent_drop(w);
    w->kept->stretch = 0;
    cut_segments(w);
    (void)rnni_recurrent_segment(w, w->pass->reverse ? w->kept->segments - 1 : 0);
    do {
        rnni_recurrent_load_states(w);
        forward_steps(w, (chunk){ w->from, w->to });
        rnni_recurrent_store_states(w);
    } while (rnni_recurrent_segment(w, w->segment + (w->pass->reverse ? -1 : 1)));
}

/* ---- back through time */

/* dy of step t, rows ldy apart; NULL: none. */
static const rnni_real *dy_at(const rnni_work *w, int64_t t)
{
    if (!w->dy) return NULL;
    return w->dy + (w->dy_step ? (t - w->dy_first) * w->dy_step
                               : (w->axis->offset[t] - w->dy_first) * w->ldy);
}

/* Numbers from a row of it to the one that the step after this one reads, where it is read in a table. */
static int64_t next_dy(const rnni_work *w, int64_t t)
{
    const int64_t next = w->pass->reverse ? t + 1 : t - 1;
    return next < 0 || next >= w->axis->steps ? 0 : (next - t) * w->dy_step;
}

static rnni_cell_step begin_steps_back(rnni_work *w)
{
    rnni_cell_step step = begin_steps(w);
    step.packed = w->node->packed_backward + w->pass->backward_hh;
    step.reduced = rnni_reduced_of_pass(rnni_reduced_back(w->node, w->run), w->number);
    step.dh = w->saved->dh;
    step.dc = w->saved->dc;
    step.mask = w->kept->mask_h;
    step.dvectors = w->dvectors;
    step.room = w->run->scratch + rnni_recurrent_step_scratch(w->r, w->axis);
    if (w->r->cell->projects) {
        step.packed_out = w->node->packed_backward + w->pass->backward_hr;
        step.dweight_out = w->run->gradients + w->node->weights[w->pass->weight_hr].offset;
        step.scratch_out = step.room; /* one product after the other */
    }
    return step;
}

static void add_rows(const rnni_kernels *k, int64_t rows, int64_t n, const rnni_real *from, int64_t ld,
                     rnni_real *to)
{
    if (ld == n) n *= rows, rows = 1;
    for (int64_t r = 0; r < rows; r++) k->axpy(n, 1, from + r * ld, to + r * n);
}

/* What step t back will read, and dz where it goes far away, if the segment has such a step: forward left it
 * long ago, and steps going down in memory are not foreseen by the machine. The products of the step before
 * take it along. */
static void fetch_step(const rnni_work *w, int64_t t, rnni_ahead *ahead)
{
    if (t < w->from || t >= w->to) return;
    const rnni_pass_values *kept = w->kept;
    int64_t rows = w->axis->active[t], h = kept->z ? rnni_rows_in(w, t) : rnni_rows_out(w, t);
    if (kept->z) rnni_ahead_add(ahead, rows * w->ldz, kept->z + rnni_kept_row(w, t) * w->ldz);
    rnni_ahead_add(ahead, rows * w->r->o, kept->h + h * w->r->o);
    if (kept->dz && kept->dz != kept->z)
        rnni_ahead_add(ahead, rows * w->ldz, rnni_dz_at(w, w->axis->offset[t], 0));
    if (kept->c) rnni_ahead_add(ahead, rows * w->r->h, kept->c + rnni_rows_in(w, t) * w->r->h);
    if (w->dy && !w->given.data) rnni_ahead_add(ahead, rows * w->ldy, dy_at(w, t));
}

/* Step t back: dh and dc, gradients of its states, become those of the step before. */
static void backward_step(const rnni_work *w, int64_t t, int64_t first, rnni_cell_step *step)
{
    int64_t row = w->axis->offset[t];
    place_step(w, t, first, step);
    step->dz = rnni_dz_at(w, row, first);
    if (w->kept->marks_c) step->c_in = rnni_cells_before(w, t);
    if (w->kept->result) step->h_out = w->kept->result + rnni_kept_row(w, t) * w->r->o;
    step->dy = dy_at(w, t);
    step->lddy = w->ldy;
    step->next_dy = next_dy(w, t);
    if (step->dy && (!w->r->cell->dz_apart || w->kept->keep[0])) { /* where the cell does not add it */
        add_rows(w->run->kernels, step->rows, w->r->o, step->dy, w->ldy, w->saved->dh);
        step->dy = NULL;
    }
    rnni_zoneout_part(w, t, step);
    w->r->cell->backward(step);
    rnni_zoneout_join(w, step);
}

/* The states, as the product sees them, that entered steps [from, to), one row below another. */
static const rnni_real *states_in(const rnni_work *w, int64_t from, int64_t to)
{
    int64_t o = w->r->o, first = w->axis->offset[from], begin = rnni_rows_in(w, from);
    if (w->kept->mask_h) return w->kept->h_masked + rnni_kept_row(w, from) * o;
    if (rnni_rows_in(w, to - 1) - begin == w->axis->offset[to - 1] - first) return w->kept->h + begin * o;
    for (int64_t t = from; t < to; t++) /* sequences end on the way */
        memcpy(w->gathered + (w->axis->offset[t] - first) * o, w->kept->h + rnni_rows_in(w, t) * o,
               (size_t)(w->axis->active[t] * o) * sizeof *w->kept->h);
    return w->gathered;
}

/* Adds what steps [from, to) give to the gradients of the weights; of the input's last, as its rows are still
 * on their way. */
static void weight_gradients(const rnni_work *w, int64_t from, int64_t to, rnni_ahead *ahead)
{
    const rnni_kernels *k = w->run->kernels;
    const rnni_pass *pass = w->pass;
    rnni_weight *weights = w->node->weights;
    rnni_real *g = w->run->gradients;
    int64_t first = w->axis->offset[from], rows = w->axis->offset[to] - first, h = w->r->h,
            columns = w->r->cell->gates * h;
    const rnni_real *dz = rnni_dz_at(w, first, first);
    if (pass->bias_ih >= 0) k->column_sums(rows, columns, dz, w->ldz, g + weights[pass->bias_ih].offset);
    rnni_cell_gradient gradient = {
        .kernels = k,
        .team = w->run->team,
        .halves = w->run->halves,
        .rows = rows,
        .h = h,
        .o = w->r->o,
        .dz = dz,
        .h_masked = states_in(w, from, to),
        .extra = w->kept->extra ? w->kept->extra + rnni_kept_row(w, from) * w->r->cell->extra * h : NULL,
        .weight_hh = g + weights[pass->weight_hh].offset,
        .bias_hh = pass->bias_hh < 0 ? NULL : g + weights[pass->bias_hh].offset,
        .bias_ih = pass->bias_ih < 0 ? NULL : g + weights[pass->bias_ih].offset,
        .scratch = w->run->scratch,
        .ahead = ahead
    };
    w->r->cell->gradient(&gradient);
    if (!w->table)
        rnni_gradient_product(w->run, columns, pass->input, rows, dz, w->ldz,
                              rnni_recurrent_inputs(w, from, to), g + weights[pass->weight_ih].offset,
                              ahead);
}

/* Steps forward once more: those of a segment, or of a chunk whose gates were not kept. Every step finds the
 * states it had. */
static void compute_again(const rnni_work *w, chunk steps)
{
    rnni_work again = *w;
    again.y = NULL;
    forward_steps(&again, steps);
}

/* What a chunk reads in tables after its steps, and the next one with them; the last one noted is needed
 * first. Float products of a chunk take all of it along, one after the other and not long before it is read:
 * asked for beside the steps, rows would be pushed out of the second cache again. Those in bf16 take nothing,
 * and steps ask for parts of it. */
static void fetch_tables(const rnni_work *w, chunk now, chunk next, bool moves, int64_t i, int64_t parts,
                         rnni_ahead *ahead)
{
    fetch_rows(w, next, &w->given, i, parts, ahead);
    if (moves) fetch_rows(w, now, &w->dvalues, i, parts, ahead);
    fetch_rows(w, now, &w->values, i, parts, ahead);
}

/* The steps of a chunk back, and then what is done with all rows of it. */
static void backward_chunk(const rnni_work *w, chunk now, chunk next, rnni_cell_step *step)
{
    const bool down = !w->pass->reverse, moves = rnni_recurrent_moves_gradient(w, now.from, now.to);
    const int64_t count = now.to - now.from;
    for (int64_t i = 0; i < count; i++) {
        int64_t t = down ? now.to - 1 - i : now.from + i;
        if (step->reduced) fetch_tables(w, now, next, moves, i, count, step->ahead);
        fetch_step(w, down ? t - 1 : t + 1, step->ahead);
        backward_step(w, t, w->axis->offset[now.from], step);
        rnni_ahead_turn(step->ahead);
    }
    rnni_ahead_pause(step->ahead);
    if (!step->reduced) fetch_tables(w, now, next, moves, 0, 1, step->ahead);
    if (w->run->slots[w->node->id].learns) weight_gradients(w, now.from, now.to, step->ahead);
    if (w->dx || w->dvalues.data) rnni_recurrent_input_gradient(w, now.from, now.to, step->ahead);
    rnni_ahead_resume(step->ahead);
}

/* The segment's steps back, chunk by chunk. */
static void backward_segment(rnni_work *w, rnni_cell_step *step)
{
    const chunk all = { w->from, w->to };
    bool down = !w->pass->reverse, again = !w->kept->z && !w->r->cell->from_output;
    if (w->kept->edges) {
        rnni_recurrent_load_states(w);
        compute_again(w, all);
        again = false;
    }
    for (chunk now = chunk_at(w, all, down, down ? all.to : all.from), next; now.from < now.to; now = next) {
        next = chunk_at(w, all, down, down ? now.from : now.to);
        if (again) compute_again(w, now);
        rnni_recurrent_take_given(w, now.from, now.to);
        backward_chunk(w, now, next, step);
    }
}

static void pass_backward(rnni_work *w)
{
    rnni_recurrent_load_gradients(w);
    if (w->kept->x_masked) w->x = w->kept->x_masked, w->values.data = NULL;
    rnni_ahead ahead = { .turns = 1 };
    rnni_cell_step step = begin_steps_back(w);
    step.ahead = &ahead;
    (void)rnni_recurrent_segment(w, w->pass->reverse ? 0 : w->kept->segments - 1);
    do backward_segment(w, &step);
    while (rnni_recurrent_segment(w, w->segment + (w->pass->reverse ? 1 : -1)));
    rnni_recurrent_store_gradients(w);
}

const rnni_real *rnni_recurrent_dz(const rnni_node *node, const rnni_run *run, int32_t pass, int64_t *ldz)
{
    const rnni_layer_values *saved = run->slots[node->id].saved;
    *ldz = rnni_recurrent_of(node)->cell->blocks * rnni_recurrent_of(node)->h;
    return saved->pass[pass].dz;
}

/* ---- layers and directions */

/* What a pass writes for its readers, and what they give back. */
static void connect_output(rnni_work *w, const rnni_slot *slot)
{
    const rnni_recurrent *r = w->r;
    int32_t layer = w->number / r->directions, direction = w->number % r->directions;
    bool top = layer == r->layers - 1;
    if (top && rnni_merges(r)) {
        w->y = w->kept->part;
        w->dy = w->kept->dpart;
        w->ldy = r->o;
        return;
    }
    rnni_real *y = top ? slot->y : w->saved->between[layer], *dy = NULL;
    if (w->run->training) dy = top ? slot->dy : w->saved->dbetween[layer];
    if (top && slot->results.data) {
        w->y = rnni_table_place(w->run, w->axis, 0, 0, &slot->results) + direction * r->o;
        w->ldy = rnni_table_distance(w->run, w->axis, 0, &slot->results);
        w->y_step = slot->results.ld;
        return;
    }
    bool there = w->run->training && y == rnni_recurrent_output(r, w->axis, w->pass, w->kept);
    w->y = y && !there ? y + direction * r->o : NULL;
    w->dy = dy ? dy + direction * r->o : NULL;
    w->ldy = r->directions * r->o;
    if (!top || !slot->given.data) return;
    w->given = slot->given;
    w->given.data += direction * r->o;
    w->dy_room = slot->dy; /* which has nothing else to do */
    w->ldy = r->o;
}

static rnni_work work_of(const rnni_node *node, rnni_run *run, int32_t number)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    rnni_slot *slot = &run->slots[node->id], *in = &run->slots[node->inputs[RNNI_RECURRENT_X]->id];
    rnni_layer_values *saved = slot->saved;
    int32_t layer = number / r->directions;
    rnni_work w = { .node = node, .run = run, .r = r, .axis = &run->axes[node->axis],
                    .pass = &r->pass[number], .number = number, .ldz = r->cell->blocks * r->h, .saved = saved,
                    .kept = &saved->pass[number], .parts = 1 };
    rnni_recurrent_place_chunk(&w);
    for (int i = 0; i < r->cell->vector_count; i++) {
        int64_t offset = node->weights[r->pass[number].vectors + i].offset;
        w.vectors[i] = run->graph->weights + offset;
        w.dvectors[i] = run->training ? run->gradients + offset : NULL;
    }
    w.table = rnni_recurrent_table(node, run, number);
    if (w.table) w.ids = rnni_recurrent_places(node, run);
    w.x = layer == 0 ? in->y : saved->between[layer - 1];
    if (layer == 0) w.values = in->values, w.dvalues = in->dvalues;
    w.dx = !run->training ? NULL : layer == 0 ? in->dy : saved->dbetween[layer - 1];
    /* the last direction is the first to go back */
    w.dx_empty = number % r->directions == r->directions - 1 && (layer > 0 || in->dy_empty);
    connect_output(&w, slot);
    return w;
}

/* The two directions' outputs, each [n], into y. */
static void merge(const rnni_kernels *k, int32_t how, int64_t n, const rnni_real *a, const rnni_real *b,
                  rnni_real *y)
{
    if (how == RNN_MERGE_MUL) k->multiply(n, a, b, y);
    else k->add(n, a, b, y);
    if (how == RNN_MERGE_AVE) k->scale(n, (rnni_real)0.5, y, y);
}

static void merge_backward(const rnni_kernels *k, int32_t how, int64_t n, const rnni_real *other,
                           const rnni_real *dy, rnni_real *dpart)
{
    if (how == RNN_MERGE_MUL) k->multiply(n, dy, other, dpart);
    else k->scale(n, how == RNN_MERGE_AVE ? (rnni_real)0.5 : 1, dy, dpart);
}

void rnni_recurrent_carry(const rnni_node *node, const rnni_run *run)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_whole *whole = run->whole;
    for (int64_t b = 0; b < run->count; b++) {
        rnni_real *carried =
            whole->carried + run->sequence[b] * whole->carried_size + whole->carried_at[node->id];
        for (int state = 0; state < r->cell->states; state++)
            memcpy(carried + (state ? r->passes * r->o : 0),
                   rnni_final_at(run, node, run->slots[node->id].final, state, b, 0),
                   (size_t)(r->passes * rnni_state_width(r, state)) * sizeof *carried);
    }
}

void rnni_recurrent_forward(const rnni_node *node, rnni_run *run)
{
    if (run->stream) {
        rnni_recurrent_stream(node, run);
        return;
    }
    const rnni_recurrent *r = rnni_recurrent_of(node);
    rnni_slot *slot = &run->slots[node->id];
    const rnni_layer_values *saved = slot->saved;
    for (int32_t p = 0; p < r->passes; p++) {
        rnni_work w = work_of(node, run, p);
        pass_forward(&w);
    }
    if (!rnni_merges(r) || !slot->y) return;
    merge(run->kernels, r->merge, run->axes[node->axis].rows * r->o, saved->pass[r->passes - 2].part,
          saved->pass[r->passes - 1].part, slot->y);
    if (slot->results.data) rnni_move_rows(run, node, &slot->results, slot->y, RNNI_MOVE_OUT);
}

void rnni_recurrent_backward(const rnni_node *node, rnni_run *run)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    rnni_slot *slot = &run->slots[node->id];
    const rnni_layer_values *saved = slot->saved;
    int64_t rows = run->axes[node->axis].rows;
    if (rnni_merges(r)) rnni_run_dy(run, node);
    for (int d = 0; rnni_merges(r) && slot->dy && d < 2; d++)
        merge_backward(run->kernels, r->merge, rows * r->o, saved->pass[r->passes - 1 - d].part, slot->dy,
                       saved->pass[r->passes - 2 + d].dpart);
    for (int32_t p = r->passes - 1; p >= 0; p--) {
        rnni_work w = work_of(node, run, p);
        pass_backward(&w);
    }
}
