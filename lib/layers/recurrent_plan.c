/* SPDX-License-Identifier: MIT */
#include "layers/precision.h"
#include "layers/recurrent_work.h"
#include <rnn/train.h>

/* The time loop's memory, and the states at the ends of a run. */

/* Numbers of z in a chunk. Not more rows than fill a product, so that small cells leave room for x and dy;
 * not fewer than a product needs to get over its beginning and end, and in training than make it worth while
 * to go through the weights' gradients, which large cells have in the third cache or beyond. Tiles (AMX)
 * multiply 60 rows in the time that LARGE weights, as halves, take to come from there. */
enum { CHUNK = 64 * 1024, MOST_ROWS = 1024, FEWEST_ROWS = 128, FEWEST_IN_TRAINING = 256,
       FEWEST_BY_TILES = 512, LARGE = 512 * 1024 };

static bool is_large_by_tiles(const rnni_recurrent *r, const rnni_run *run)
{
    const bool halves = run->training ? run->halves : run->graph->precision == RNN_PRECISION_BF16;
    return halves && r->cell->gates * r->h * (r->pass[0].input + r->o) >= LARGE &&
           rnni_reduced_by_tiles(run->kernels);
}

int64_t rnni_recurrent_chunk(const rnni_recurrent *r, const rnni_run *run, const rnni_axis *axis)
{
    int64_t rows = CHUNK / (r->cell->blocks * r->h),
            fewest = is_large_by_tiles(r, run) ? FEWEST_BY_TILES
                     : run->training           ? FEWEST_IN_TRAINING
                                               : FEWEST_ROWS;
    rows = rows < fewest ? fewest : rows > MOST_ROWS ? MOST_ROWS : rows;
    return rows < axis->count ? axis->count : rows;
}

/* Rows of the largest chunk. */
static int64_t rows_in_chunk(const rnni_recurrent *r, const rnni_run *run, const rnni_axis *axis)
{
    int64_t rows = rnni_recurrent_chunk(r, run, axis);
    return rows < axis->rows ? rows : axis->rows;
}

void rnni_recurrent_place_chunk(rnni_work *w)
{
    int64_t rows = rows_in_chunk(w->r, w->run, w->axis);
    w->chunk = w->run->room;
    w->gathered = w->chunk + rows * w->ldz;
    w->cells = w->gathered + (w->run->training ? rows * w->r->o : 0);
    w->chunk_x = w->cells + (w->run->training && w->r->cell->states == 2 ? rows * w->r->h : 0);
}

int64_t rnni_recurrent_step_scratch(const rnni_recurrent *r, const rnni_axis *axis)
{
    return (2 * axis->count + 4) * r->h;
}

static bool masks_input(const rnni_recurrent *r, const rnni_run *run)
{
    return run->training && (r->dropout > 0 || r->input_mask);
}
static bool masks_state(const rnni_recurrent *r, const rnni_run *run)
{
    return run->training && (r->recurrent_dropout > 0 || r->recurrent_mask);
}
static bool zones_out(const rnni_recurrent *r, const rnni_run *run, int state)
{
    return state < r->cell->states && (r->zoneout[state] > 0 || (run->training && r->zoneout_mask[state]));
}

rnni_real *rnni_recurrent_output(const rnni_recurrent *r, const rnni_axis *axis, const rnni_pass *pass,
                                 const rnni_pass_values *kept)
{
    return !kept->h || pass->reverse || kept->least < axis->steps ? NULL : kept->h + axis->count * r->o;
}

/* Gradients of all steps are added up by word in the end. */
static bool wants_whole(const rnni_node *node, const rnni_run *run, int32_t number)
{
    return number < rnni_recurrent_of(node)->directions && rnni_run_shared(run, node);
}

/* Rows of the largest segment of at least `least` steps: its last chunk may begin when one step is
 * missing. */
static int64_t segment_rows(const rnni_recurrent *r, const rnni_run *run, const rnni_axis *axis,
                            int64_t least)
{
    return (least - 1) * axis->count + rnni_recurrent_chunk(r, run, axis);
}

/* About the square root of all steps; all of them where segments are not asked for, or would save little. */
static int64_t least_of(const rnni_node *node, const rnni_run *run, int32_t number)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_axis *axis = &run->axes[node->axis];
    int64_t least = 1;
    bool top = number / r->directions == r->layers - 1,
         alone = r->directions == 1 && !r->pass[number].reverse;
    bool read = alone && r->cell->from_output &&
                (!top || node->sequence_read); /* all that is kept is the output, which is wanted */
    if (!run->training || run->recompute != RNN_RECOMPUTE_TIME || read || wants_whole(node, run, number))
        return axis->steps;
    while (least * least < axis->steps) least++;
    return 2 * segment_rows(r, run, axis, least) > axis->rows ? axis->steps : least;
}

static bool keeps_gates(const rnni_node *node, const rnni_run *run, int32_t number)
{
    return !rnni_recurrent_of(node)->cell->from_output &&
           (wants_whole(node, run, number) || run->recompute != RNN_RECOMPUTE_GATES);
}

/* What training keeps of the gates, and where backward writes their gradients. */
static void plan_gates(const rnni_node *node, rnni_run *run, int32_t number, int64_t rows,
                       rnni_pass_values *kept)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    int64_t z = r->cell->blocks * r->h;
    bool whole = wants_whole(node, run, number);
    if (keeps_gates(node, run, number)) kept->z = rnni_run_take(run, rows * z);
    if (r->cell->from_output && zones_out(r, run, 0)) kept->result = rnni_run_take(run, rows * r->o);
    if (!r->cell->dz_apart) kept->dz = kept->z;
    else if (whole) kept->dz = r->cell->from_output ? rnni_run_take(run, rows * z) : kept->z;
}

/* What training keeps of the cell states: all, or those with which stretches of steps begin. */
static void plan_cells(const rnni_node *node, rnni_run *run, int32_t number, int64_t rows,
                       rnni_pass_values *kept)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_axis *axis = &run->axes[node->axis];
    bool again = keeps_gates(node, run, number) && kept->least >= axis->steps && !zones_out(r, run, 1);
    int64_t stretches = again ? rnni_cells_stretches(r, run, axis) : 0;
    if (stretches == 0) {
        kept->c = rnni_run_take(run, (axis->count + rows) * r->h);
        return;
    }
    kept->marks_c = rnni_run_take(run, stretches * axis->count * r->h);
    kept->stretches = rnni_arena_take(&run->arena, (size_t)stretches + 1, sizeof *kept->stretches);
}

static void plan_pass(const rnni_node *node, rnni_run *run, int32_t number, rnni_pass_values *kept)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_axis *axis = &run->axes[node->axis];
    const rnni_pass *pass = &r->pass[number];
    int64_t h = r->h;
    memset(kept, 0, sizeof *kept);
    kept->least = least_of(node, run, number);
    kept->segments = 1;
    int64_t crossing = kept->least < axis->steps ? axis->steps / kept->least : 0, rows = axis->rows;
    if (crossing) {
        kept->edges = rnni_arena_take(&run->arena, (size_t)crossing + 2, sizeof *kept->edges);
        rows = segment_rows(r, run, axis, kept->least);
    }
    if (r->cell->extra)
        kept->extra = rnni_run_take(run, (run->training ? rows : axis->count) * r->cell->extra * h);
    for (int state = 0; state < 2; state++) {
        if (!zones_out(r, run, state)) continue;
        kept->keep[state] =
            rnni_run_take(run, (run->training ? rows : axis->count) * rnni_state_width(r, state));
        kept->old[state] = rnni_run_take(run, axis->count * rnni_state_width(r, state));
    }
    rnni_run_need_scratch(run, rnni_recurrent_step_scratch(r, axis));
    if (!run->training) return;
    plan_gates(node, run, number, rows, kept);
    kept->h = rnni_run_take(run, (axis->count + rows) * r->o);
    if (r->cell->states == 2) plan_cells(node, run, number, rows, kept);
    for (int state = 0; state < r->cell->states && crossing > 0; state++)
        kept->marks[state] = rnni_run_take(run, crossing * axis->count * rnni_state_width(r, state));
    if (masks_state(r, run)) {
        kept->h_masked = rnni_run_take(run, rows * r->o);
        kept->mask_h = rnni_run_take(run, axis->count * r->o);
    }
    if (masks_input(r, run)) {
        kept->x_masked = rnni_run_take(run, axis->rows * pass->input);
        kept->mask_x = rnni_run_take(run, axis->count * pass->input);
        rnni_run_need_scratch(run, axis->count * pass->input);
    }
    const int64_t together = rows_in_chunk(r, run, axis);
    rnni_run_need_scratch(run, rnni_gradient_scratch(run, r->cell->gates * h, pass->input, together));
    rnni_run_need_scratch(run, rnni_gradient_scratch(run, r->cell->gates * h, r->o, together));
    if (run->halves)
        rnni_run_need_scratch(run, rnni_recurrent_step_scratch(r, axis) +
                                       rnni_team_reduced_room(run->team, axis->count, r->o,
                                                              r->cell->gates * h));
    if (r->cell->projects)
        rnni_run_need_scratch(run, rnni_recurrent_step_scratch(r, axis) +
                                       rnni_team_outer_scratch(run->team, run->kernels, false, r->o, h,
                                                               axis->count));
}

/* The output of layer `l`, [rows][width]: memory of its own, unless the kept states are it. */
static rnni_real *take_output(const rnni_node *node, rnni_run *run, int32_t l, int64_t width,
                              const rnni_pass_values *kept)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_axis *axis = &run->axes[node->axis];
    const rnni_pass *pass = &r->pass[l * r->directions];
    bool there = run->training && r->directions == 1 && !pass->reverse && kept->least >= axis->steps;
    return there ? rnni_recurrent_output(r, axis, pass, kept) : rnni_run_take(run, axis->rows * width);
}

static void plan_layer(const rnni_node *node, rnni_run *run, int32_t l, rnni_layer_values *saved,
                       rnni_real **between, rnni_real **dbetween)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    int64_t rows = run->axes[node->axis].rows, wide = r->directions * r->o;
    bool top = l == r->layers - 1;
    rnni_pass_values kept;
    for (int32_t p = l * r->directions; p < (l + 1) * r->directions; p++) {
        plan_pass(node, run, p, &kept);
        if (top && rnni_merges(r) && node->sequence_read) {
            kept.part = rnni_run_take(run, rows * r->o);
            kept.dpart = run->training ? rnni_run_take_brief(run, rows * r->o) : NULL;
        }
        if (saved) saved->pass[p] = kept;
    }
    if (top) {
        run->slots[node->id].y =
            node->sequence_read ? take_output(node, run, l, node->features, &kept) : NULL;
        return;
    }
    rnni_real *y = take_output(node, run, l, wide, &kept), *dy = NULL;
    bool same =
        r->directions == 1 && l > 0; /* a step's gradient is read before that of the layer below is set */
    if (run->training && !same) dy = rnni_run_take_brief(run, rows * wide);
    if (saved) between[l] = y, dbetween[l] = same ? dbetween[0] : dy;
}

/* What projected tables take beside (recurrent_fold.c). */
static void plan_words(const rnni_node *node, rnni_run *run)
{
    if (!rnni_run_shared(run, node)) return;
    bool list = run->whole->words[node->id].list;
    rnni_run_need_scratch(run, rnni_recurrent_words_scratch(node, run->training, list));
    if (list) run->slots[node->inputs[RNNI_RECURRENT_X]->id].ids =
        rnni_arena_take(&run->arena, (size_t)run->axes[node->axis].rows, sizeof(int32_t));
}

void rnni_recurrent_plan_run(const rnni_node *node, rnni_run *run)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_axis *axis = &run->axes[node->axis];
    rnni_slot *slot = &run->slots[node->id];
    if (run->stream) {
        if (node->sequence_read) slot->y = rnni_run_take(run, node->features);
        rnni_recurrent_plan_stream(node, run);
        return;
    }
    rnni_layer_values *saved = rnni_arena_take(&run->arena, 1,
                                               sizeof *saved + (size_t)r->passes * sizeof *saved->pass),
                      values = { 0 };
    if (run->training) {
        values.dh = rnni_run_take(run, axis->count * r->o);
        values.dc = rnni_run_take(run, axis->count * r->h);
    } else values.h = rnni_run_take(run, axis->count * r->o);
    if (r->cell->states == 2) values.c = rnni_run_take(run, axis->count * r->h);
    plan_words(node, run);
    const rnni_node *in = node->inputs[RNNI_RECURRENT_X];
    int64_t wide = r->cell->blocks * r->h + (run->training ? r->o : 0) +
                   (run->training && r->cell->states == 2 ? r->h : 0) +
                   (rnni_run_in_table(run, in) ? in->features : 0);
    rnni_run_need_room(run, rows_in_chunk(r, run, axis) * wide);
    values.between = rnni_arena_take(&run->arena, (size_t)r->layers, sizeof *values.between);
    values.dbetween = rnni_arena_take(&run->arena, (size_t)r->layers, sizeof *values.dbetween);
    if (saved) *saved = values;
    for (int32_t l = 0; l < r->layers; l++) plan_layer(node, run, l, saved, values.between, values.dbetween);
    slot->final_count = axis->count * rnni_state_numbers(r);
    slot->final = rnni_run_take(run, slot->final_count);
    slot->dfinal = run->training ? rnni_run_take(run, slot->final_count) : NULL;
    slot->saved = saved;
}

/* ---- states at the ends */

/* Where state number `state` of a sequence comes from: the run before, an initial vector, or zero (NULL). */
static const rnni_real *initial_row(const rnni_work *w, int state, int64_t sequence)
{
    const rnni_real *carried = rnni_run_carried(w->run, w->node, sequence);
    if (carried)
        return carried + (state ? w->r->passes * w->r->o : 0) + w->number * rnni_state_width(w->r, state);
    int64_t at = w->number * rnni_state_width(w->r, state);
    const rnni_node *vector = w->node->inputs[RNNI_RECURRENT_HIDDEN + state];
    return vector ? w->run->slots[vector->id].y + sequence * vector->features + at : NULL;
}

/* All steps' rows of a state where they are kept, or NULL. */
static rnni_real *all_rows(const rnni_work *w, int state)
{
    return state ? w->kept->c : w->kept->h;
}

/* Rows of a state: all steps', else one a sequence. */
static rnni_real *rows_of(const rnni_work *w, int state)
{
    return all_rows(w, state) ? all_rows(w, state) : state ? w->saved->c : w->saved->h;
}

/* The row at which sorted sequence s ends going forwards, and begins going backwards; at the other end it is
 * row s. */
static int64_t far_row(const rnni_work *w, int state, int64_t s)
{
    int64_t steps = w->axis->lengths[s];
    return all_rows(w, state) && steps ? rnni_row_after(w, steps - 1) + s : s;
}

/* Whether sorted sequence s begins, or ends, in this segment. */
static bool is_here(const rnni_work *w, int64_t s, bool end)
{
    int64_t steps = w->axis->lengths[s];
    return !end ? w->from == 0 : steps ? steps > w->from && steps <= w->to : w->from == 0;
}

bool rnni_recurrent_segment(rnni_work *w, int64_t segment)
{
    const int64_t *edges = w->kept->edges;
    if (segment < 0 || segment >= w->kept->segments) return false;
    w->segment = segment;
    w->from = edges ? edges[segment] : 0;
    w->to = edges ? edges[segment + 1] : w->axis->steps;
    return true;
}

/* States that cross the edge below or above the segment, from their marks or to them. */
static void cross(const rnni_work *w, bool above, bool in)
{
    int64_t edge = above ? w->to : w->from, row = above ? rnni_row_before(w, edge) : 0;
    if (edge == 0 || edge == w->axis->steps) return;
    for (int state = 0; state < w->r->cell->states; state++) {
        int64_t n = rnni_state_width(w->r, state);
        rnni_real *mark = w->kept->marks[state] + (above ? w->segment : w->segment - 1) * w->axis->count * n,
                  *rows = rows_of(w, state) + row * n;
        memcpy(in ? rows : mark, in ? mark : rows, (size_t)(w->axis->active[edge] * n) * sizeof *rows);
    }
}

void rnni_recurrent_load_states(const rnni_work *w)
{
    for (int state = 0; state < w->r->cell->states; state++) {
        rnni_real *rows = rows_of(w, state);
        int64_t n = rnni_state_width(w->r, state);
        for (int64_t s = 0; s < w->axis->count; s++) {
            if (!is_here(w, s, w->pass->reverse)) continue;
            const rnni_real *from = initial_row(w, state, w->axis->order[s]);
            rnni_real *to = rows + (w->pass->reverse ? far_row(w, state, s) : s) * n;
            if (from) memcpy(to, from, (size_t)n * sizeof *to);
            else memset(to, 0, (size_t)n * sizeof *to);
        }
    }
    cross(w, w->pass->reverse, true);
}

void rnni_recurrent_store_states(const rnni_work *w)
{
    rnni_slot *slot = &w->run->slots[w->node->id];
    for (int state = 0; state < w->r->cell->states; state++) {
        const rnni_real *rows = rows_of(w, state);
        int64_t n = rnni_state_width(w->r, state);
        for (int64_t s = 0; s < w->axis->count; s++)
            if (is_here(w, s, !w->pass->reverse))
                memcpy(rnni_final_at(w->run, w->node, slot->final, state, w->axis->order[s], w->number),
                       rows + (w->pass->reverse ? s : far_row(w, state, s)) * n, (size_t)n * sizeof *rows);
    }
    cross(w, !w->pass->reverse, false);
}

void rnni_recurrent_load_gradients(const rnni_work *w)
{
    rnni_slot *slot = &w->run->slots[w->node->id];
    for (int state = 0; state < w->r->cell->states; state++) {
        rnni_real *to = state == 0 ? w->saved->dh : w->saved->dc;
        int64_t n = rnni_state_width(w->r, state);
        for (int64_t s = 0; s < w->axis->count; s++)
            memcpy(to + s * n,
                   rnni_final_at(w->run, w->node, slot->dfinal, state, w->axis->order[s], w->number),
                   (size_t)n * sizeof *to);
    }
}

void rnni_recurrent_store_gradients(const rnni_work *w)
{
    for (int state = 0; state < w->r->cell->states; state++) {
        const rnni_node *vector = w->node->inputs[RNNI_RECURRENT_HIDDEN + state];
        if (!vector || !w->run->slots[vector->id].dy) continue;
        const rnni_real *from = state == 0 ? w->saved->dh : w->saved->dc;
        int64_t n = rnni_state_width(w->r, state);
        rnni_real *to = w->run->slots[vector->id].dy + w->number * n;
        for (int64_t s = 0; s < w->axis->count; s++)
            if (!rnni_run_carried(w->run, w->node, w->axis->order[s]))
                w->run->kernels->axpy(n, 1, from + s * n, to + w->axis->order[s] * vector->features);
    }
}
