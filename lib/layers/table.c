/* SPDX-License-Identifier: MIT */
#include "layers/run.h"

/* Rows between runs, where they are packed by step, and the tables of a batch, where a sequence's steps lie
 * side by side. */

/* Steps of one sequence that are moved together: few enough that the run's rows of all sequences stay in the
 * first-level cache. */
enum { STEPS_AT_ONCE = 8 };

static void move_row(const rnni_kernels *k, int64_t n, rnni_real *row, rnni_real *table, int how)
{
    if (how == RNNI_MOVE_OUT) memcpy(table, row, (size_t)n * sizeof *row);
    else if (how == RNNI_MOVE_IN) memcpy(row, table, (size_t)n * sizeof *row);
    else k->axpy(n, 1, table, row);
}

static void move_block(const rnni_kernels *k, int64_t count, int64_t n, rnni_real *rows, int64_t ld,
                       rnni_real *table, int64_t ld_table, int how)
{
    if (how == RNNI_MOVE_OUT) k->copy_rows(count, n, rows, ld, table, ld_table);
    else if (how == RNNI_MOVE_IN) k->copy_rows(count, n, table, ld_table, rows, ld);
    else
        for (int64_t i = 0; i < count; i++) move_row(k, n, rows + i * ld, table + i * ld_table, how);
}

/* How many steps from t on of sorted sequence s lie side by side in the batch: all `count`, or 1. */
static int64_t steps_abreast(const rnni_axis *axis, int64_t s, int64_t t, int64_t count)
{
    const int64_t *offset = axis->offset + t, *position = axis->position + s;
    return position[offset[count - 1]] - position[offset[0]] == count - 1 ? count : 1;
}

/* How many of a sequence's steps [t, t + count), from t on, have rows that are equally far apart in the run:
 * until another sequence has ended. */
static int64_t steps_evenly_apart(const rnni_axis *axis, int64_t t, int64_t count)
{
    const int64_t *active = axis->active + t;
    int64_t same = 1;
    if (axis->offset[t + count - 1] - axis->offset[t] == (count - 1) * *active) return count;
    while (active[same] == *active) same++;
    return same;
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
    /* active never rises: equal at both ends it is equal between, and rows are evenly apart */
    if (count < FEWEST || axis->active[from] != axis->active[to - 1]) return false;
    for (int64_t s = 0; s < axis->active[from]; s++)
        if (steps_abreast(axis, s, from, count) != count) return false;
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

/* Steps [t, t + count) of sorted sequence s, which lie side by side in the table; `rows` begins with row
 * `first` of the run. */
static void move_sequence(const rnni_run *run, const rnni_axis *axis, int64_t s, int64_t t, int64_t count,
                          int64_t n, const rnni_table *table, rnni_real *rows, int64_t first, int how)
{
    rnni_real *at = rnni_table_place(run, axis, t, s, table);
    for (int64_t i = 0, even; i < count; i += even) {
        even = steps_evenly_apart(axis, t + i, count - i);
        move_block(run->kernels, even, n, rows + (axis->offset[t + i] - first + s) * n,
                   axis->active[t + i] * n, at + i * table->ld, table->ld, how);
    }
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
                count = steps_abreast(axis, s, t, end - t);
                move_sequence(run, axis, s, t, count, n, table, rows, axis->offset[from], how);
            }
        }
}

static void clear_rows(const rnni_table *table, int64_t from, int64_t to)
{
    memset(table->data + from * table->ld, 0, (size_t)((to - from) * table->ld) * sizeof *table->data);
}

void rnni_table_clear_rest(const rnni_run *run, const rnni_axis *axis, const rnni_table *table)
{
    for (int64_t s = 0; s < axis->count; s++) {
        int64_t next = run->sequence[axis->order[s]] * table->layout.steps, end = next + table->layout.steps;
        for (int64_t t = 0, count; t < axis->lengths[s]; t += count) {
            int64_t row = row_of(run, axis, t, s, table->layout);
            count = steps_abreast(axis, s, t, axis->lengths[s] - t);
            clear_rows(table, next, row);
            next = row + count;
        }
        clear_rows(table, next, end);
    }
}

void rnni_move_rows(const rnni_run *run, const rnni_node *node, const rnni_table *table, rnni_real *rows,
                    int how)
{
    const rnni_axis *axis = node->axis < 0 ? NULL : &run->axes[node->axis];
    int64_t n = node->features;
    if (axis) rnni_move_steps(run, axis, 0, axis->steps, n, table, rows, how);
    for (int64_t b = 0; !axis && b < run->count; b++)
        move_row(run->kernels, n, rows + b * n, table->data + run->sequence[b] * table->ld, how);
}

const rnni_real *rnni_table_steps(const rnni_run *run, const rnni_axis *axis, int64_t from, int64_t to,
                                  int64_t n, const rnni_table *table, rnni_real *room)
{
    bool alone = from < to && axis->active[from] == 1 && table->ld == n;
    if (alone && steps_abreast(axis, 0, from, to - from) == to - from)
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
