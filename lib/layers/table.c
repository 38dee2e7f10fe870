/* SPDX-License-Identifier: MIT */
#include "layers/run.h"

/* Rows between runs, where they are packed by step, and the tables of a batch, where a sequence's steps lie
 * side by side. */

/* Steps of one sequence that are moved together: few enough that the run's rows of all sequences stay in the
 * first-level cache. */
enum { STEPS_AT_ONCE = 8 };

static void move_block(const rnni_kernels *k, int64_t count, int64_t n, rnni_real *rows, int64_t ld,
                       rnni_real *table, int64_t ld_table, int how)
{
    if (how == RNNI_MOVE_OUT) k->copy_rows(count, n, rows, ld, table, ld_table);
    else if (how == RNNI_MOVE_IN) k->copy_rows(count, n, table, ld_table, rows, ld);
    else
        for (int64_t i = 0; i < count; i++) k->axpy(n, 1, table + i * ld_table, rows + i * ld);
}

/* Steps [t, t + returned) of sorted sequence s lie side by side in the batch and equally far apart in the
 * run: the block's `count`, or 1. */
static int64_t even_steps(const rnni_axis *axis, int64_t s, int64_t t, int64_t count)
{
    const int64_t *offset = axis->offset + t;
    bool even = offset[count - 1] - offset[0] == (count - 1) * axis->active[t];
    return even && axis->position[offset[count - 1] + s] - axis->position[offset[0] + s] == count - 1 ? count
                                                                                                      : 1;
}

/* The row of a table where sorted sequence s stands at step t. */
static int64_t row_of(const rnni_run *run, const rnni_axis *axis, int64_t t, int64_t s, rnni_layout layout)
{
    int64_t b = run->sequence[axis->order[s]];
    int64_t shift = layout.starts ? b * layout.steps - layout.starts[b] : 0;
    return axis->position[axis->offset[t] + s] + shift;
}

rnni_real *rnni_table_place(const rnni_run *run, const rnni_axis *axis, int64_t t, int64_t s,
                            const rnni_table *table)
{
    return table->data + row_of(run, axis, t, s, table->layout) * table->ld;
}

bool rnni_axis_even(const rnni_axis *axis, int64_t from, int64_t to)
{
    enum { FEWEST = 4 };
    int64_t count = to - from;
    if (count < FEWEST || axis->active[from] != axis->active[to - 1]) return false;
    for (int64_t s = 0; s < axis->active[from]; s++)
        if (even_steps(axis, s, from, count) != count) return false;
    return true;
}

int64_t rnni_table_distance(const rnni_run *run, const rnni_axis *axis, int64_t t, const rnni_table *table)
{
    int64_t count = axis->active[t], first = row_of(run, axis, t, 0, table->layout);
    int64_t distance = count > 1 ? row_of(run, axis, t, 1, table->layout) - first : 1;
    if (distance < 1) return 0;
    for (int64_t s = 2; s < count; s++)
        if (row_of(run, axis, t, s, table->layout) - first != s * distance) return 0;
    return distance * table->ld;
}

void rnni_move_steps(const rnni_run *run, const rnni_axis *axis, int64_t from, int64_t to, int64_t n,
                     const rnni_table *table, rnni_real *rows, int how)
{
    for (int64_t first = from; first < to; first += STEPS_AT_ONCE)
        for (int64_t s = 0; s < axis->active[first]; s++) {
            int64_t end = first + STEPS_AT_ONCE;
            if (end > to) end = to;
            if (end > axis->lengths[s]) end = axis->lengths[s];
            for (int64_t t = first, count; t < end; t += count) {
                count = even_steps(axis, s, t, end - t);
                move_block(run->kernels, count, n, rows + (axis->offset[t] - axis->offset[from] + s) * n,
                           axis->active[t] * n, rnni_table_place(run, axis, t, s, table), table->ld, how);
            }
        }
}

void rnni_move_rows(const rnni_run *run, const rnni_node *node, const rnni_table *table, rnni_real *rows,
                    int how)
{
    const rnni_axis *axis = node->axis < 0 ? NULL : &run->axes[node->axis];
    int64_t n = node->features;
    if (axis) rnni_move_steps(run, axis, 0, axis->steps, n, table, rows, how);
    for (int64_t b = 0; !axis && b < run->count; b++)
        move_block(run->kernels, 1, n, rows + b * n, n, table->data + run->sequence[b] * table->ld, table->ld,
                   how);
}

const rnni_real *rnni_table_steps(const rnni_run *run, const rnni_axis *axis, int64_t from, int64_t to,
                                  int64_t n, const rnni_table *table, rnni_real *room)
{
    bool alone = from < to && axis->active[from] == 1 && table->ld == n;
    if (alone && even_steps(axis, 0, from, to - from) == to - from)
        return rnni_table_place(run, axis, from, 0, table);
    rnni_move_steps(run, axis, from, to, n, table, room, RNNI_MOVE_IN);
    return room;
}

void rnni_table_fetch(const rnni_run *run, const rnni_axis *axis, int64_t from, int64_t to,
                      const rnni_table *table, int64_t part, int64_t parts, rnni_ahead *ahead)
{
    int64_t count = axis->active[from];
    for (int64_t s = count * part / parts; s < count * (part + 1) / parts; s++) {
        int64_t end = axis->lengths[s] < to ? axis->lengths[s] : to;
        rnni_ahead_add(ahead, (end - from) * table->ld, rnni_table_place(run, axis, from, s, table));
    }
}

int64_t rnni_table_share(const rnni_node *node, int64_t n)
{
    enum { LINE = 16, SHARES = 2 }; /* more shares than threads: they are not equally fast */
    int64_t threads = node->graph->context->threads, parts = threads > 1 ? SHARES * threads : 1;
    return ((n + parts - 1) / parts + LINE - 1) / LINE * LINE;
}

rnni_real *rnni_run_dy(const rnni_run *run, const rnni_node *node)
{
    rnni_slot *slot = &run->slots[node->id];
    if (slot->dy && slot->given.data) rnni_move_rows(run, node, &slot->given, slot->dy, RNNI_MOVE_IN);
    else if (slot->dy && slot->dy_empty)
        memset(slot->dy, 0, (size_t)(rnni_run_rows(run, node) * node->features) * sizeof *slot->dy);
    slot->given.data = NULL;
    slot->dy_empty = false;
    return slot->dy;
}
