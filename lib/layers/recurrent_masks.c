/* SPDX-License-Identifier: MIT */
#include "core/random.h"
#include "layers/recurrent_work.h"

/* Dropout of a recurrent layer's input and state, one mask a sequence, and zoneout, one mask a step. Random
 * numbers are keyed by layer, sequence and step, so they do not depend on how sequences are sorted, cut into
 * shards or split over runs. */

/* ---- dropout (Gal and Ghahramani 2016) */

/* One row of factors a sorted sequence: 0 with probability `rate`, else 1 / (1 - rate); or the rows of
 * `fixed`. */
static void fill_mask(const rnni_work *w, uint32_t purpose, double rate, int64_t features,
                      const rnni_real *fixed, rnni_real *mask)
{
    for (int64_t s = 0; s < w->axis->count; s++) {
        int64_t sequence = w->axis->order[s];
        rnni_real *row = mask + s * features;
        if (fixed) {
            memcpy(row, fixed + w->run->sequence[sequence] * features, (size_t)features * sizeof *row);
            continue;
        }
        rnni_random stream =
            rnni_random_stream(w->run->seed, purpose, (uint64_t)w->node->id * 128 + (uint64_t)w->number,
                               w->run->epoch, rnni_run_key(w->run, sequence));
        for (int64_t i = 0; i < features; i++)
            row[i] = rnni_random_uniform(&stream, (uint64_t)i) < rate ? 0 : (rnni_real)(1 / (1 - rate));
    }
}

void rnni_recurrent_drop(rnni_work *w)
{
    const rnni_axis *axis = w->axis;
    const rnni_pass_values *kept = w->kept;
    int64_t n = w->pass->input;
    if (kept->mask_h)
        fill_mask(w, RNNI_RANDOM_RECURRENT_DROPOUT, w->r->recurrent_dropout, w->r->o, w->r->recurrent_mask,
                  kept->mask_h);
    if (!kept->mask_x) return;
    fill_mask(w, RNNI_RANDOM_DROPOUT, w->r->dropout, n, w->r->input_mask, kept->mask_x);
    if (!w->x) rnni_move_steps(w->run, axis, 0, axis->steps, n, &w->values, kept->x_masked, RNNI_MOVE_IN);
    const rnni_real *x = w->x ? w->x : kept->x_masked;
    for (int64_t t = 0; t < axis->steps; t++)
        w->run->kernels->multiply(axis->active[t] * n, x + axis->offset[t] * n, kept->mask_x,
                                  kept->x_masked + axis->offset[t] * n);
    w->x = kept->x_masked;
    w->values.data = NULL;
}

/* ---- zoneout (Krueger 2017): each number of a state keeps its old value with some probability */

/* Factors of step t, [rows][width]: 1 keeps the old number, 0 takes the new one. Outside training all are the
 * probability itself. */
static void fill_keep(const rnni_work *w, int64_t t, int state, rnni_real *keep)
{
    int64_t n = rnni_state_width(w->r, state);
    double rate = w->r->zoneout[state];
    const rnni_real *fixed = w->r->zoneout_mask[state];
    for (int64_t s = 0; s < w->axis->active[t]; s++, keep += n) {
        int64_t sequence = w->axis->order[s];
        if (!w->run->training) {
            for (int64_t i = 0; i < n; i++) keep[i] = (rnni_real)rate;
        } else if (fixed) {
            memcpy(keep, fixed + w->run->sequence[sequence] * n, (size_t)n * sizeof *keep);
        } else {
            rnni_random stream =
                rnni_random_stream(w->run->seed, RNNI_RANDOM_ZONEOUT,
                                   (uint64_t)w->node->id * 256 + (uint64_t)(w->number * 2 + state),
                                   w->run->epoch, rnni_run_key(w->run, sequence));
            for (int64_t i = 0; i < n; i++)
                keep[i] = rnni_random_uniform(&stream,
                                              (uint64_t)((rnni_run_first_step(w->run) + t) * n + i)) < rate;
        }
    }
}

static rnni_real *keep_at(const rnni_work *w, int64_t t, int state)
{
    return w->kept->keep[state] +
           (w->run->training ? rnni_kept_row(w, t) * rnni_state_width(w->r, state) : 0);
}

/* Before a step: its factors, and the states that it may overwrite. */
void rnni_zoneout_before(const rnni_work *w, int64_t t, const rnni_cell_step *step)
{
    for (int state = 0; state < 2; state++) {
        if (!w->kept->keep[state]) continue;
        fill_keep(w, t, state, keep_at(w, t, state));
        memcpy(w->kept->old[state], state ? step->c_in : step->h_in,
               (size_t)(step->rows * rnni_state_width(w->r, state)) * sizeof *step->h_in);
    }
}

void rnni_zoneout_after(const rnni_work *w, int64_t t, const rnni_cell_step *step)
{
    for (int state = 0; state < 2; state++)
        if (w->kept->keep[state])
            w->run->kernels->zoneout(step->rows * rnni_state_width(w->r, state), keep_at(w, t, state),
                                     w->kept->old[state], state ? step->c_out : step->h_out);
}

/* Back: what goes around the step is kept, what is left goes through it; afterwards both meet. */
void rnni_zoneout_part(const rnni_work *w, int64_t t, const rnni_cell_step *step)
{
    for (int state = 0; state < 2; state++)
        if (w->kept->keep[state])
            w->run->kernels->zoneout_backward(step->rows * rnni_state_width(w->r, state),
                                              keep_at(w, t, state), state ? step->dc : step->dh,
                                              w->kept->old[state]);
}

void rnni_zoneout_join(const rnni_work *w, const rnni_cell_step *step)
{
    for (int state = 0; state < 2; state++)
        if (w->kept->keep[state])
            w->run->kernels->axpy(step->rows * rnni_state_width(w->r, state), 1, w->kept->old[state],
                                  state ? step->dc : step->dh);
}
