/* SPDX-License-Identifier: MIT */
#include "core/pool.h"
#include "layers/precision.h"
#include "layers/recurrent.h"

/* Recurrent layers one step of one sequence at a time: the same products and gates as in a whole run, on
 * states that stay where they are.
 *
 * Plain cells have a kernel that does a step of one row at once (kernels.h, rnni_row). It reads weights that
 * are packed by units, not by gates: `rows`, a second copy beside node->packed, for every pass
 * [W][U][bias]. */

/* ---- the packed copy */

/* Where the parts of pass `number` begin, each a multiple of a vector; returns where the next pass begins. */
static int64_t place_rows(const rnni_node *node, int32_t number, int64_t *ih, int64_t *hh, int64_t *bias)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_kernels *k = node->graph->kernels;
    int64_t at = 0;
    for (int32_t i = 0; i <= number; i++) {
        *ih = at;
        *hh = *ih + rnni_row_size(k, r->cell->gates, r->h, r->pass[i].input);
        *bias = *hh + rnni_row_size(k, r->cell->gates, r->h, r->h);
        at = *bias + rnni_row_size(k, r->cell->blocks, r->h, 1);
    }
    return at;
}

static int64_t rows_size(const rnni_node *node)
{
    int64_t ih, hh, bias;
    return place_rows(node, rnni_recurrent_of(node)->passes - 1, &ih, &hh, &bias);
}

/* Both biases of a pass, [blocks of units][gates, then the one kept apart][width], from where pack has put
 * them. */
static void pack_row_bias(const rnni_node *node, const rnni_pass *pass, const rnni_real *packed,
                          rnni_real *to)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    int64_t width = node->graph->kernels->width;
    for (int64_t first = 0; first < r->h; first += width)
        for (int g = 0; g < r->cell->blocks; g++, to += width) {
            const rnni_real *bias = packed + (g < r->cell->gates ? pass->bias + g * r->h : pass->bias_apart);
            for (int64_t u = 0; u < width; u++) to[u] = first + u < r->h ? bias[first + u] : 0;
        }
}

static void pack_rows(const rnni_node *node, const rnni_real *weights, const rnni_real *packed,
                      rnni_real *rows)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_kernels *k = node->graph->kernels;
    for (int32_t p = 0; p < r->passes; p++) {
        const rnni_pass *pass = &r->pass[p];
        int64_t ih, hh, bias;
        place_rows(node, p, &ih, &hh, &bias);
        rnni_row_pack(k, r->cell->gates, r->h, pass->input, rnni_weight_at(node, weights, pass->weight_ih),
                      rows + ih);
        rnni_row_pack(k, r->cell->gates, r->h, r->h, rnni_weight_at(node, weights, pass->weight_hh),
                      rows + hh);
        pack_row_bias(node, pass, packed, rows + bias);
    }
}

/* When two threads want it at once, both make it and one takes its own back. */
rnn_status_t rnni_recurrent_make_rows(rnni_node *node)
{
    rnni_real *none = NULL;
    if (node->reduced || atomic_load(&node->rows) || !rnni_recurrent_of(node)->cell->row) return RNN_OK;
    rnni_real *rows = rnni_alloc_array(node->graph->context, (size_t)rows_size(node), sizeof *rows);
    if (!rows) return RNN_ERROR_MEMORY;
    pack_rows(node, node->graph->weights, node->packed, rows);
    if (!atomic_compare_exchange_strong(&node->rows, &none, rows))
        rnni_free(node->graph->context, rows, (size_t)rows_size(node) * sizeof *rows);
    return RNN_OK;
}

void rnni_recurrent_refresh_rows(const rnni_node *node, const rnni_real *weights, const rnni_real *packed)
{
    rnni_real *rows = atomic_load(&node->rows);
    if (rows) pack_rows(node, weights, packed, rows);
}

void rnni_recurrent_free_rows(rnni_node *node)
{
    rnni_real *rows = atomic_exchange(&node->rows, NULL);
    if (rows) rnni_free(node->graph->context, rows, (size_t)rows_size(node) * sizeof *rows);
}

int64_t rnni_recurrent_rows_count(const rnni_node *node)
{
    return atomic_load(&node->rows) ? rows_size(node) : 0;
}

/* What is the same in every step of a pass; while memory is counted the weights may not be there yet. */
static rnni_row row_of(const rnni_node *node, int32_t number)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_real *rows = atomic_load(&node->rows);
    int64_t ih, hh, bias;
    place_rows(node, number, &ih, &hh, &bias);
    return (rnni_row){ .h = r->h,
                       .inputs = r->pass[number].input,
                       .packed_ih = rows ? rows + ih : NULL,
                       .packed_hh = rows ? rows + hh : NULL,
                       .bias = rows ? rows + bias : NULL,
                       .activation = r->activation,
                       .last = rnni_row_blocks(node->graph->kernels, r->h),
                       .first_cache = rnni_cpu_first_cache() };
}

/* ---- consecutive steps of one sequence */

/* What a split has to give: bytes of recurrent weights of a part, and of all parts in all steps. Below that a
 * core reads the weights from its own cache as fast as two do and tell each other (docs/performance.md has
 * the times), or a sleeping thread wakes up too late. */
enum { PART_BYTES = 128 * 1024, SPLIT_BYTES = 16 * 1024 * 1024 };

int64_t rnni_recurrent_row_parts(const rnni_node *node, int64_t steps)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    int64_t bytes =
        rnni_row_size(node->graph->kernels, r->cell->gates, r->h, r->h) * (int64_t)sizeof(rnni_real);
    int64_t parts = bytes / PART_BYTES, most = node->graph->context->threads;
    if (most > RNNI_MOST_PARTS) most = RNNI_MOST_PARTS;
    if (most < 2 || parts < 2 || bytes * steps < SPLIT_BYTES) return 1;
    return parts < most ? parts : most;
}

typedef struct row_work {
    const rnni_row_steps *steps;
    rnni_row_kernel *kernel;
    rnni_row row; /* what all steps share */
    int64_t share; /* blocks of a part */
} row_work;

/* Where step i leaves h: at its output, or in turn in two places, since it reads what the step before has
 * left. */
static rnni_real *row_out(const rnni_row_steps *s, int64_t i)
{
    return s->y ? s->y + i * s->y_step : i % 2 ? s->h : s->scratch;
}

/* Every part has the same units in all steps, and steps them on its own: c is its alone, h is everyone's. */
static void row_step(int64_t step, int64_t part, void *argument)
{
    const row_work *w = argument;
    rnni_row row = w->row;
    row.z = w->steps->z + step * w->steps->z_step;
    row.h_in = step ? row_out(w->steps, step - 1) : w->steps->h;
    row.h_out = row_out(w->steps, step);
    row.first = part * w->share;
    if (row.last > row.first + w->share) row.last = row.first + w->share;
    row.backwards = (int)(step & 1);
    w->kernel(&row);
}

void rnni_recurrent_row_steps(const rnni_node *node, int32_t number, const rnni_row_steps *steps)
{
    row_work w = { .steps = steps, .kernel = rnni_recurrent_of(node)->cell->row(node->graph->kernels),
                   .row = row_of(node, number) };
    int64_t blocks = w.row.last, share = (blocks + steps->parts - 1) / steps->parts;
    w.row.c_in = w.row.c_out = steps->c;
    w.share = share + share % 2; /* kernels work on several blocks at once */
    int64_t parts = (blocks + w.share - 1) / w.share;
    if (parts > 1) rnni_parallel_steps(node->graph->context, steps->count, parts, row_step, &w);
    else
        for (int64_t i = 0; i < steps->count; i++) row_step(i, 0, &w);
    const rnni_real *h = row_out(steps, steps->count - 1);
    if (h != steps->h) memcpy(steps->h, h, (size_t)w.row.h * sizeof *h);
}

/* ---- memory of a stream */

/* What one pass needs for a step. */
typedef struct stream_pass {
    rnni_row_kernel *kernel;     /* NULL: the cell's own forward */
    rnni_row row;                /* for it: all but the turn, and x of the first layer */
    rnni_real *z;                /* [blocks h] */
    rnni_real *extra;            /* [extra h] */
    rnni_real *keep[2], *old[2]; /* zoneout of h and c: factors, and the state before the step; or NULL */
} stream_pass;

int64_t rnni_recurrent_state_size(const rnni_node *node)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    /* not when it begins with what a whole sequence gives */
    for (int i = RNNI_RECURRENT_HIDDEN; i < RNNI_RECURRENT_INPUTS; i++)
        if (node->inputs[i] && node->inputs[i]->of_sequence) return -1;
    return rnni_node_int(node, RNN_LAYER_DIRECTION) == RNN_FORWARD ? rnni_state_numbers(r) : -1;
}

static bool zones_out(const rnni_recurrent *r)
{
    return r->zoneout[0] > 0 || (r->cell->states == 2 && r->zoneout[1] > 0);
}

/* The state of a pass in the carried block. */
static rnni_real *carried_at(const rnni_recurrent *r, const rnni_slot *slot, int state, int32_t number)
{
    return state ? slot->carried + r->passes * r->o + number * r->h : slot->carried + number * r->o;
}

/* A pass that the row kernel steps. Only the new h needs a place beside its state: the layer's output, where
 * somebody reads it. */
static stream_pass plan_row(const rnni_node *node, rnni_run *run, int32_t number)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_slot *slot = &run->slots[node->id];
    stream_pass pass = { .kernel = r->cell->row(run->kernels), .row = row_of(node, number) };
    pass.row.h_in = carried_at(r, slot, 0, number);
    if (r->cell->states == 2) pass.row.c_in = pass.row.c_out = carried_at(r, slot, 1, number);
    pass.row.h_out = number == r->passes - 1 && node->sequence_read ? slot->y : rnni_run_take(run, r->h);
    if (number > 0) pass.row.x = carried_at(r, slot, 0, number - 1);
    return pass;
}

static stream_pass plan_pass(const rnni_recurrent *r, rnni_run *run)
{
    stream_pass pass = { .z = rnni_run_take(run, r->cell->blocks * r->h) };
    if (r->cell->extra) pass.extra = rnni_run_take(run, r->cell->extra * r->h);
    for (int state = 0; state < r->cell->states; state++) {
        if (r->zoneout[state] <= 0) continue;
        pass.keep[state] = rnni_run_take(run, rnni_state_width(r, state));
        pass.old[state] = rnni_run_take(run, rnni_state_width(r, state));
    }
    rnni_run_need_scratch(run, 6 * r->h); /* a cell's step: [2 h], and the gates of a row */
    return pass;
}

void rnni_recurrent_plan_stream(const rnni_node *node, rnni_run *run)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    rnni_slot *slot = &run->slots[node->id];
    stream_pass *passes = rnni_arena_take(&run->arena, (size_t)r->passes, sizeof *passes);
    bool by_row = r->cell->row && !zones_out(r) && !node->reduced;
    for (int32_t p = 0; p < r->passes; p++) {
        stream_pass pass = by_row ? plan_row(node, run, p) : plan_pass(r, run);
        if (passes) passes[p] = pass;
    }
    slot->final_count = rnni_state_numbers(r);
    slot->final = slot->carried; /* in place: what is carried is what the stream ends with */
    slot->dfinal = NULL;
    slot->saved = passes;
}

/* ---- steps of a stream */

/* A step of a cell; outside training zoneout keeps a fixed part of every old number. `keep` and `old` have
 * room for the step's rows. */
static void step_cell(const rnni_recurrent *r, rnni_real *const *keep, rnni_real *const *old,
                      const rnni_cell_step *step)
{
    for (int state = 0; state < 2; state++) {
        if (!keep[state]) continue;
        int64_t n = step->rows * rnni_state_width(r, state);
        memcpy(old[state], state ? step->c_in : step->h_in, (size_t)n * sizeof *step->h_in);
        for (int64_t i = 0; i < n; i++) keep[state][i] = (rnni_real)r->zoneout[state];
    }
    r->cell->forward(step);
    for (int state = 0; state < 2; state++)
        if (keep[state])
            step->kernels->zoneout(step->rows * rnni_state_width(r, state), keep[state], old[state],
                                   state ? step->c_out : step->h_out);
}

/* What is the same for a cell's step in every run; `vectors` has room for the cell's. */
static rnni_cell_step cell_step_of(const rnni_node *node, const rnni_run *run, int32_t number,
                                   const rnni_real **vectors)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_pass *pass = &r->pass[number];
    for (int i = 0; i < r->cell->vector_count; i++)
        vectors[i] = rnni_weight_at(node, run->graph->weights, pass->vectors + i);
    return (rnni_cell_step){ .kernels = run->kernels,
                             .rows = 1,
                             .h = r->h,
                             .o = r->o,
                             .activation = r->activation,
                             .packed = node->packed + pass->packed_hh,
                             .bias = r->cell->apart >= 0 ? node->packed + pass->bias_apart : NULL,
                             .vectors = vectors,
                             .epsilon = r->epsilon,
                             .packed_out = node->packed + pass->packed_hr,
                             .reduced = rnni_reduced_of_pass(node->reduced, number) };
}

static void input_product(const rnni_node *node, const rnni_run *run, int32_t number,
                          const rnni_cell_step *step, const rnni_real *x)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_real *words = rnni_recurrent_projected(node, number);
    int64_t ldz = r->cell->blocks * r->h, columns = r->cell->gates * r->h;
    if (words)
        step->kernels->gather_rows(step->rows, columns, rnni_recurrent_places(node, run), words, columns,
                                   step->z, ldz);
    else
        rnni_recurrent_input_product(node, node->reduced, number, NULL, step->kernels, step->rows, x, step->z,
                                     ldz, NULL);
}

/* One step through one pass of any cell. */
static void step_pass(const rnni_node *node, const rnni_run *run, int32_t number, const rnni_real *x)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_slot *slot = &run->slots[node->id];
    const stream_pass *values = (const stream_pass *)slot->saved + number;
    const rnni_real *vectors[RNNI_CELL_VECTORS] = { 0 };
    rnni_cell_step step = cell_step_of(node, run, number, vectors);
    step.z = values->z;
    step.extra = values->extra;
    step.scratch = run->scratch;
    step.h_in = step.h_masked = step.h_out = carried_at(r, slot, 0, number);
    step.c_in = step.c_out = carried_at(r, slot, 1, number);
    input_product(node, run, number, &step, x);
    step_cell(r, values->keep, values->old, &step);
}

/* What the states of a stream's first step are, from zero or from initial vectors, which are row `row` of
 * `run`. */
static void begin_stream(const rnni_node *node, const rnni_slot *slot, const rnni_run *run, int64_t row)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    for (int state = 0; state < r->cell->states; state++) {
        const rnni_node *vector = node->inputs[RNNI_RECURRENT_HIDDEN + state];
        rnni_real *to = carried_at(r, slot, state, 0);
        int64_t n = r->passes * rnni_state_width(r, state);
        if (vector) memcpy(to, run->slots[vector->id].y + row * n, (size_t)n * sizeof *to);
        else memset(to, 0, (size_t)n * sizeof *to);
    }
}

/* b + W x of a stream's step in a kept table, or NULL. */
static const rnni_real *word_of(const rnni_node *node, const rnni_run *run, int32_t number)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_real *words = rnni_recurrent_projected(node, number);
    return words ? words + rnni_recurrent_places(node, run)[0] * r->cell->gates * r->h : NULL;
}

void rnni_recurrent_stream(const rnni_node *node, rnni_run *run)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_slot *slot = &run->slots[node->id];
    const rnni_real *x = run->slots[node->inputs[RNNI_RECURRENT_X]->id].y;
    stream_pass *passes = slot->saved;
    if (run->fresh) begin_stream(node, slot, run, 0);
    if (run->axes[node->axis].steps == 0) return;
    bool by_row = passes[0].kernel != NULL;
    for (int32_t p = 0; p < r->passes; p++) {
        rnni_real *h = carried_at(r, slot, 0, p);
        if (by_row) {
            rnni_row *row = &passes[p].row;
            row->x = x;
            row->z = word_of(node, run, p);
            row->backwards = run->odd;
            passes[p].kernel(row);
            memcpy(h, row->h_out, (size_t)r->h * sizeof *h);
        } else {
            step_pass(node, run, p, x);
        }
        x = h;
    }
    if (slot->y && !by_row) memcpy(slot->y, x, (size_t)r->o * sizeof *x);
}

/* ---- many streams */

/* Scratch for one step of `rows` streams, cut from run->scratch. */
typedef struct streams_scratch {
    rnni_real *cell, *z, *h_in, *h_out, *c, *extra, *keep[2], *old[2];
    int64_t used;
} streams_scratch;

static rnni_real *cut(rnni_real *base, int64_t *used, int64_t count)
{
    const int64_t step = RNNI_ALIGNMENT / (int64_t)sizeof *base;
    rnni_real *at = base ? base + *used : NULL;
    *used += (count + step - 1) / step * step;
    return at;
}

static streams_scratch scratch_of(const rnni_recurrent *r, rnni_real *base, int64_t rows)
{
    streams_scratch s = { .used = 0 };
    s.cell = cut(base, &s.used, (2 * rows + 4) * r->h);
    s.z = cut(base, &s.used, rows * r->cell->blocks * r->h);
    s.h_in = cut(base, &s.used, rows * r->o);
    s.h_out = cut(base, &s.used, rows * r->o);
    s.c = cut(base, &s.used, rows * r->h);
    s.extra = cut(base, &s.used, rows * r->cell->extra * r->h);
    for (int state = 0; state < r->cell->states; state++) {
        if (r->zoneout[state] <= 0) continue;
        s.keep[state] = cut(base, &s.used, rows * rnni_state_width(r, state));
        s.old[state] = cut(base, &s.used, rows * rnni_state_width(r, state));
    }
    return s;
}

void rnni_recurrent_plan_streams(const rnni_node *node, rnni_run *run)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    rnni_slot *slot = &run->slots[node->id];
    slot->final_count = run->count * rnni_state_numbers(r);
    slot->final = rnni_run_take(run, slot->final_count);
    rnni_run_need_scratch(run, scratch_of(r, NULL, run->count).used);
}

/* State number `state` of a pass: from every stream into rows, or from rows into every stream and to where
 * layers read final states. */
static void gather(const rnni_node *node, const rnni_run *run, rnni_run *const *streams, int state,
                   int32_t number, rnni_real *rows)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    int64_t n = rnni_state_width(r, state);
    for (int64_t i = 0; i < run->count; i++)
        memcpy(rows + i * n, carried_at(r, &streams[i]->slots[node->id], state, number),
               (size_t)n * sizeof *rows);
}

static void scatter(const rnni_node *node, const rnni_run *run, rnni_run *const *streams, int state,
                    int32_t number, const rnni_real *rows)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    int64_t n = rnni_state_width(r, state);
    for (int64_t i = 0; i < run->count; i++) {
        memcpy(carried_at(r, &streams[i]->slots[node->id], state, number), rows + i * n,
               (size_t)n * sizeof *rows);
        memcpy(rnni_final_at(run, node, run->slots[node->id].final, state, i, number), rows + i * n,
               (size_t)n * sizeof *rows);
    }
}

void rnni_recurrent_streams(const rnni_node *node, rnni_run *run, rnni_run *const *streams)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_slot *slot = &run->slots[node->id];
    streams_scratch s = scratch_of(r, run->scratch, run->count);
    const rnni_real *x = run->slots[node->inputs[RNNI_RECURRENT_X]->id].y,
                    *vectors[RNNI_CELL_VECTORS] = { 0 };
    for (int64_t i = 0; i < run->count; i++)
        if (streams[i]->fresh) begin_stream(node, &streams[i]->slots[node->id], run, i);
    for (int32_t p = 0; p < r->passes; p++) {
        rnni_cell_step step = cell_step_of(node, run, p, vectors);
        step.rows = run->count;
        step.z = s.z;
        step.extra = s.extra;
        step.scratch = s.cell;
        step.h_in = step.h_masked = s.h_in;
        step.h_out = p == r->passes - 1 && slot->y ? slot->y : s.h_out;
        step.c_in = step.c_out = s.c;
        gather(node, run, streams, 0, p, s.h_in);
        if (r->cell->states == 2) gather(node, run, streams, 1, p, s.c);
        input_product(node, run, p, &step, x);
        step_cell(r, s.keep, s.old, &step);
        scatter(node, run, streams, 0, p, step.h_out);
        if (r->cell->states == 2) scatter(node, run, streams, 1, p, s.c);
        x = step.h_out;
    }
}
