/* SPDX-License-Identifier: MIT */
#include "core/pool.h"
#include "model/exec.h"
#include "tensor/tensor.h"

/* Values between runs, whose rows are packed by step, and batches, where a sequence's steps lie side by side. */

int32_t rnni_input_number(const rnni_graph *graph, const rnni_node *input)
{
    int32_t i = 0;
    while (graph->inputs[i] != input) i++;
    return i;
}

int64_t rnni_exec_target_row(const rnni_run *run, const rnni_node *node, const rnn_batch_t *batch, int32_t target, int64_t row)
{
    if (node->axis < 0) return run->sequence[row];
    const rnni_graph *graph = run->graph;
    const rnni_column *input = &batch->input[rnni_input_number(graph, graph->axes[node->axis].input)];
    const rnni_axis *axis = &run->axes[node->axis];
    int64_t position = axis->position[row], t = 0, low = 0, high = axis->steps;
    while (high - low > 1) { /* the step that the row belongs to */
        int64_t middle = (low + high) / 2;
        if (axis->offset[middle] <= row) low = middle;
        else high = middle;
    }
    t = low;
    int64_t sequence = run->sequence[axis->order[row - axis->offset[t]]];
    return batch->target[target].starts[sequence] + position - input->starts[sequence];
}

/* The layout of a node's [B, T] table. */
static rnni_layout layout_of(const rnni_exec *exec, const rnni_node *node)
{
    if (node->axis < 0) return (rnni_layout){ NULL, 1 };
    const rnni_graph *graph = &exec->model->graph;
    const rnni_column *column = &exec->batch->input[rnni_input_number(graph, graph->axes[node->axis].input)];
    return (rnni_layout){ column->starts, rnni_column_longest(column) };
}

/* Steps of one sequence that are moved together between a batch, where they lie side by side, and a run, where they are a step's rows
 * apart: few enough that the run's rows of all sequences stay in the first-level cache. */
enum { STEPS_AT_ONCE = 8 };

static void move_block(const rnni_kernels *k, int64_t count, int64_t n, rnni_real *rows, int64_t ld, rnni_real *table, int how)
{
    if (how == RNNI_MOVE_OUT) k->copy_rows(count, n, rows, ld, table, n);
    else if (how == RNNI_MOVE_IN) k->copy_rows(count, n, table, n, rows, ld);
    else
        for (int64_t i = 0; i < count; i++) k->axpy(n, 1, table + i * n, rows + i * ld);
}

/* Steps [t, t + returned) of sorted sequence s lie side by side in the batch and equally far apart in the run: the block's `count`, or 1. */
static int64_t even_steps(const rnni_axis *axis, int64_t s, int64_t t, int64_t count)
{
    const int64_t *offset = axis->offset + t;
    bool even = offset[count - 1] - offset[0] == (count - 1) * axis->active[t];
    return even && axis->position[offset[count - 1] + s] - axis->position[offset[0] + s] == count - 1 ? count : 1;
}

void rnni_move_rows(const rnni_run *run, const rnni_node *node, rnni_layout layout, rnni_real *rows, rnni_real *table, int how)
{
    int64_t n = node->features;
    if (node->axis < 0) {
        for (int64_t b = 0; b < run->count; b++) move_block(run->kernels, 1, n, rows + b * n, n, table + run->sequence[b] * n, how);
        return;
    }
    const rnni_axis *axis = &run->axes[node->axis];
    for (int64_t first = 0; first < axis->steps; first += STEPS_AT_ONCE)
        for (int64_t s = 0; s < axis->active[first]; s++) {
            int64_t left = axis->lengths[s] - first, end = first + (left < STEPS_AT_ONCE ? left : STEPS_AT_ONCE);
            int64_t b = run->sequence[axis->order[s]], shift = layout.starts ? b * layout.steps - layout.starts[b] : 0;
            for (int64_t t = first, count; t < end; t += count) {
                int64_t row = axis->offset[t] + s;
                count = even_steps(axis, s, t, end - t);
                move_block(run->kernels, count, n, rows + row * n, axis->active[t] * n, table + (axis->position[row] + shift) * n, how);
            }
        }
}

typedef struct moving {
    const rnni_exec *exec;
    const rnni_node *node;
    rnni_layout layout;
    rnni_real *table;
    bool into, gradient;          /* into: from the run to the table */
} moving;

static void move_shard(int64_t index, void *argument)
{
    const moving *m = argument;
    const rnni_run *run = &m->exec->runs[index];
    rnni_slot *slot = &run->slots[m->node->id];
    if (m->into) {
        rnni_real *rows = m->gradient ? rnni_run_dy(run, m->node) : slot->y;
        if (rows) rnni_move_rows(run, m->node, m->layout, rows, m->table, RNNI_MOVE_OUT);
    } else if (slot->dy) {
        rnni_move_rows(run, m->node, m->layout, slot->dy, m->table, slot->dy_empty ? RNNI_MOVE_IN : RNNI_MOVE_ADD);
        slot->dy_empty = false;
    }
}

static void move_all(moving m) { rnni_parallel(m.exec->context, m.exec->run_count, move_shard, &m); }

static rnn_tensor_t *table_for(const rnni_exec *exec, const rnni_node *node, rnni_layout layout, bool zeroed)
{
    int64_t shape[3] = { exec->batch->count, layout.steps, node->features };
    if (node->axis < 0) shape[1] = node->features;
    return (zeroed ? rnn_tensor_create : rnni_tensor_create_unset)(exec->context, RNNI_REAL_DTYPE, node->axis < 0 ? 2 : 3, shape);
}

/* Whether the runs' rows fill every entry of a node's table. */
static bool fills(const rnni_exec *exec, const rnni_node *node, rnni_layout layout, bool gradient)
{
    const rnni_slot *slot = &exec->runs[0].slots[node->id];
    return (gradient ? slot->dy : slot->y) && (node->axis < 0 || exec->whole.rows[node->axis] == exec->batch->count * layout.steps);
}

rnn_status_t rnni_exec_tensor(const rnni_exec *exec, const rnni_node *node, int gradient, rnn_tensor_t **tensor)
{
    rnni_layout layout = layout_of(exec, node);
    rnn_tensor_t *table = table_for(exec, node, layout, !fills(exec, node, layout, gradient));
    if (!table) return RNN_ERROR_MEMORY;
    move_all((moving){ exec, node, layout, rnn_tensor_data(table), true, gradient != 0 });
    *tensor = table;
    return RNN_OK;
}

rnn_status_t rnni_exec_add_upstream(rnni_exec *exec, const rnni_node *node, const rnn_tensor_t *upstream)
{
    rnni_layout layout = layout_of(exec, node);
    if (rnn_tensor_dtype(upstream) == RNNI_REAL_DTYPE && rnn_tensor_is_contiguous(upstream)) { /* as it lies there; only read */
        move_all((moving){ exec, node, layout, (rnni_real *)rnn_tensor_const_data(upstream), false, true });
        return RNN_OK;
    }
    rnn_tensor_t *table = table_for(exec, node, layout, false);
    if (!table) return RNN_ERROR_MEMORY;
    rnn_status_t status = rnn_tensor_copy(table, upstream);
    if (status == RNN_OK) move_all((moving){ exec, node, layout, rnn_tensor_data(table), false, true });
    rnn_tensor_free(table);
    return status;
}
