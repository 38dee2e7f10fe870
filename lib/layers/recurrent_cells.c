/* SPDX-License-Identifier: MIT */
#include "layers/recurrent_work.h"
#include <stdlib.h>

/* Cell states on the way back. c_out = f c_in + i g follows from gates that are kept in any case, with the
 * bits it had, so of all c only those are kept with which a stretch of steps begins, the chunks of the way
 * there: about an eighth for shards of 32 sequences. The way back goes through a stretch once more before its
 * first step, with no product and no exponential, and finds the gates in the cache after that. */

/* Chunks that have room for fewer steps than LEAST_STEPS would keep about as much as they save. And layers of
 * at most FEW_UNITS keep c whole: going through the gates once more is a fortieth of their training step. */
enum { LEAST_STEPS = 4, FEW_UNITS = 64 };

int64_t rnni_cells_stretches(const rnni_recurrent *r, const rnni_run *run, const rnni_axis *axis)
{
    int64_t rows = rnni_recurrent_chunk(r, run, axis);
    if (rows < LEAST_STEPS * axis->count || r->h <= FEW_UNITS) return 0;
    /* a stretch has more than rows - count rows, as one more step would not fit, but for the last one */
    return axis->rows / (rows - axis->count + 1) + 1;
}

void rnni_cells_mark(const rnni_work *w, int64_t from, int64_t to)
{
    rnni_pass_values *kept = w->kept;
    if (!kept->marks_c) return;
    /* forwards in time these have come to `from`; backwards, those that join on the way are still waiting */
    int64_t rows = w->axis->active[from], n = w->r->h;
    memcpy(kept->marks_c + kept->stretch * w->axis->count * n, w->saved->c,
           (size_t)(rows * n) * sizeof *kept->marks_c);
    kept->stretches[kept->stretch++] = w->pass->reverse ? to : from;
    kept->stretches[kept->stretch] = w->pass->reverse ? from : to;
}

/* From step t of a stretch, c before it in `from`, to the step after: the first `rows` rows. */
static void step_on(const rnni_work *w, int64_t t, int64_t rows, const rnni_real *from, rnni_real *to)
{
    const rnni_real *gates =
        w->kept->z + w->axis->offset[t] * w->ldz + w->r->cell->cell_gates * w->r->h;
    w->run->kernels->lstm_cell_again(rows, w->r->h, gates, w->ldz, from, w->r->h, to, w->r->h);
}

/* c before every step of stretch number i. */
static void fill_stretch(const rnni_work *w, int64_t i)
{
    const int64_t *active = w->axis->active, *edge = w->kept->stretches + i;
    bool reverse = w->pass->reverse;
    int64_t n = w->r->h, count = llabs(edge[1] - edge[0]), there = 0;
    const rnni_real *mark = w->kept->marks_c + i * w->axis->count * n;
    rnni_real *c = w->cells + (reverse ? w->axis->offset[edge[0] - 1] - w->axis->offset[edge[1]] : 0) * n;
    for (int64_t k = 0; k < count; k++) {
        int64_t t = reverse ? edge[0] - 1 - k : edge[0] + k;
        if (there < active[t]) /* the stretch begins, or sequences join */
            memcpy(c + there * n, mark + there * n, (size_t)((active[t] - there) * n) * sizeof *c);
        if (k + 1 == count) return;
        rnni_real *after = reverse ? c - active[t - 1] * n : c + active[t] * n;
        there = reverse ? active[t] : active[t + 1];
        step_on(w, t, there, c, after);
        c = after;
    }
}

const rnni_real *rnni_cells_before(const rnni_work *w, int64_t t)
{
    int64_t *now = &w->kept->stretch, begin = w->kept->stretches[*now];
    if (w->pass->reverse ? t >= begin : t < begin) fill_stretch(w, --*now);
    int64_t first = w->kept->stretches[w->pass->reverse ? *now + 1 : *now];
    return w->cells + (w->axis->offset[t] - w->axis->offset[first]) * w->r->h;
}
