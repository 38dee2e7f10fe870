/* SPDX-License-Identifier: MIT */
#include "core/pool.h"
#include "layers/precision.h"
#include "layers/recurrent_work.h"

/* What the time loop does with a chunk's inputs, all steps at once: their products before it, their gradient
 * after it, and the gradients of outputs that are given. The caller's tensors, where a sequence's steps lie
 * side by side, are worked on where they lie if all sequences of the chunk go through all of its steps, and
 * x and dx only if the weights are near enough to be read once a sequence; else rows are moved. */

/* Whether x or dx of steps [from, to) is taken from the table, or left in it, sequence by sequence. Each
 * sequence's product reads all weights: those that no first cache holds want more rows than a few steps, and
 * rows are moved then. */
static bool goes_by_sequence(const rnni_work *w, int64_t from, int64_t to, const rnni_table *table)
{
    enum { NEAR_WEIGHTS = 32 * 1024, MANY_STEPS = 64 };
    const int64_t weights = w->r->cell->gates * w->r->h * w->pass->input;
    return table->ld == w->pass->input && rnni_axis_even(w->axis, from, to) &&
           (weights <= NEAR_WEIGHTS || to - from >= MANY_STEPS || w->axis->active[from] == 1);
}

const rnni_real *rnni_recurrent_inputs(const rnni_work *w, int64_t from, int64_t to)
{
    int64_t n = w->pass->input;
    return w->x ? w->x + w->axis->offset[from] * n
                : rnni_table_steps(w->run, w->axis, from, to, n, &w->values, w->chunk_x);
}

/* The input product of a chunk's rows, cut into parts for as many threads. */
typedef struct input_work {
    const rnni_work *w;
    const rnni_real *x;
    int64_t rows, share;
    rnni_real *z;
} input_work;

static void input_part(int64_t part, void *argument)
{
    const input_work *in = argument;
    const rnni_work *w = in->w;
    int64_t from = part * in->share, rows = in->rows - from < in->share ? in->rows - from : in->share;
    if (rows > 0)
        rnni_recurrent_input_product(w->node, rnni_reduced_of(w->node, w->run), w->number,
                                     w->parts > 1 ? NULL : w->run->team, w->run->kernels, rows,
                                     in->x + from * w->pass->input, in->z + from * w->ldz, w->ldz, NULL);
}

static void products_by_sequence(const rnni_work *w, int64_t from, int64_t to, rnni_real *z,
                                 rnni_ahead *ahead)
{
    const rnni_reduced *matrices = rnni_reduced_of(w->node, w->run);
    for (int64_t s = 0, count = w->axis->active[from]; s < count; s++)
        rnni_recurrent_input_product(w->node, matrices, w->number, w->run->team, w->run->kernels, to - from,
                                     rnni_table_place(w->run, w->axis, from, s, &w->values), z + s * w->ldz,
                                     count * w->ldz, ahead);
}

void rnni_recurrent_input_products(const rnni_work *w, int64_t from, int64_t to, rnni_real *z,
                                   rnni_ahead *ahead)
{
    int64_t first = w->axis->offset[from], rows = w->axis->offset[to] - first,
            columns = w->r->cell->gates * w->r->h;
    if (!w->table && !w->x && w->parts == 1 && goes_by_sequence(w, from, to, &w->values)) {
        products_by_sequence(w, from, to, z, ahead);
        return;
    }
    rnni_ahead_rest(ahead);
    if (w->table) {
        w->run->kernels->gather_rows(rows, columns, w->ids + first, w->table, columns, z, w->ldz);
        return;
    }
    input_work in = { w, rnni_recurrent_inputs(w, from, to), rows, (rows + w->parts - 1) / w->parts, z };
    if (w->parts > 1) rnni_parallel(w->node->graph->context, w->parts, input_part, &in);
    else input_part(0, &in);
}

/* dx = (or +=) dz W of some rows, `apart` numbers from one row of dz to the next. */
static void back(const rnni_work *w, int64_t rows, const rnni_real *dz, int64_t apart, rnni_start start,
                 rnni_real *dx, rnni_ahead *ahead)
{
    rnni_back_product(w->node, w->run, w->number * RNNI_REDUCED_OF_PASS + RNNI_REDUCED_IH, rows,
                      w->pass->input, w->r->cell->gates * w->r->h, dz, apart,
                      w->node->packed_backward + w->pass->backward_ih, start, dx, ahead);
}

/* Products of all rows at once, or, under a mask, step by step. */
static void gradient_by_step(const rnni_work *w, int64_t from, int64_t to, rnni_real *dx, rnni_ahead *ahead)
{
    const rnni_axis *axis = w->axis;
    const rnni_kernels *k = w->run->kernels;
    int64_t n = w->pass->input, first = axis->offset[from];
    if (!w->kept->mask_x) back(w, axis->offset[to] - first, rnni_dz_at(w, first, first), w->ldz,
                               w->dx_empty ? RNNI_FROM_ZERO : RNNI_FROM_C, dx, ahead);
    for (int64_t t = from; w->kept->mask_x && t < to; t++) {
        int64_t row = axis->offset[t];
        back(w, axis->active[t], rnni_dz_at(w, row, first), w->ldz, RNNI_FROM_ZERO, w->run->scratch, ahead);
        (w->dx_empty ? k->multiply : k->multiply_add)(axis->active[t] * n, w->run->scratch, w->kept->mask_x,
                                                      dx + (row - first) * n);
    }
}

static void gradient_by_sequence(const rnni_work *w, int64_t from, int64_t to, rnni_ahead *ahead)
{
    int64_t first = w->axis->offset[from], count = w->axis->active[from];
    for (int64_t s = 0; s < count; s++)
        back(w, to - from, rnni_dz_at(w, first + s, first), count * w->ldz, RNNI_FROM_ZERO,
             rnni_table_place(w->run, w->axis, from, s, &w->dvalues), ahead);
}

bool rnni_recurrent_moves_gradient(const rnni_work *w, int64_t from, int64_t to)
{
    return w->dvalues.data &&
           (w->kept->mask_x || !w->dx_empty || !goes_by_sequence(w, from, to, &w->dvalues));
}

void rnni_recurrent_input_gradient(const rnni_work *w, int64_t from, int64_t to, rnni_ahead *ahead)
{
    int64_t n = w->pass->input;
    if (!w->dvalues.data) {
        gradient_by_step(w, from, to, w->dx + w->axis->offset[from] * n, ahead);
    } else if (!rnni_recurrent_moves_gradient(w, from, to)) {
        gradient_by_sequence(w, from, to, ahead);
    } else {
        gradient_by_step(w, from, to, w->chunk_x, ahead);
        rnni_move_steps(w->run, w->axis, from, to, n, &w->dvalues, w->chunk_x, RNNI_MOVE_OUT);
    }
}

void rnni_recurrent_take_given(rnni_work *w, int64_t from, int64_t to)
{
    if (!w->given.data) return;
    int64_t distance =
        rnni_axis_even(w->axis, from, to) ? rnni_table_distance(w->run, w->axis, from, &w->given) : 0;
    w->dy_step = distance ? w->given.ld : 0;
    w->dy_first = distance ? from : w->axis->offset[from];
    w->ldy = distance ? distance : w->r->o;
    w->dy = distance ? rnni_table_place(w->run, w->axis, from, 0, &w->given)
                     : rnni_table_steps(w->run, w->axis, from, to, w->r->o, &w->given, w->dy_room);
}
