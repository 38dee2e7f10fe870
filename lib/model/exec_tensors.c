/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/pool.h"
#include "model/exec.h"
#include "tensor/tensor.h"

/* Values between runs, whose rows are packed by step, and batches, where a sequence's steps lie side by
 * side. */

int32_t rnni_input_number(const rnni_graph *graph, const rnni_node *input)
{
    int32_t i = 0;
    while (graph->inputs[i] != input) i++;
    return i;
}

int64_t rnni_exec_target_row(const rnni_run *run, const rnni_node *node, const rnn_batch_t *batch,
                             int32_t target, int64_t row)
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

typedef struct moving {
    const rnni_exec *exec;
    const rnni_node *node;
    rnni_table table;
    bool into, gradient;          /* into: from the run to the table */
    bool stays;                   /* the table is there until backward is done */
} moving;

static void move_shard(int64_t index, void *argument)
{
    const moving *m = argument;
    const rnni_run *run = &m->exec->runs[index];
    rnni_slot *slot = &run->slots[m->node->id];
    if (m->into) {
        rnni_real *rows = m->gradient ? rnni_run_dy(run, m->node) : slot->y;
        if (rows) rnni_move_rows(run, m->node, &m->table, rows, RNNI_MOVE_OUT);
        return;
    }
    if (!slot->dy) return;
    if (slot->given.data) rnni_run_dy(run, m->node);
    if (slot->dy_empty && m->stays && m->node->op->takes_given) {
        slot->given = m->table;
        return;
    }
    rnni_move_rows(run, m->node, &m->table, slot->dy, slot->dy_empty ? RNNI_MOVE_IN : RNNI_MOVE_ADD);
    slot->dy_empty = false;
}

static void move_all(moving m) { rnni_parallel(m.exec->context, m.exec->run_count, move_shard, &m); }

static rnni_table table_of(const rnni_node *node, rnni_layout layout, const rnn_tensor_t *tensor)
{
    return (rnni_table){ (rnni_real *)rnn_tensor_const_data(tensor), node->features, layout };
}

static void clear_shard(int64_t index, void *argument)
{
    const moving *m = argument;
    const rnni_run *run = &m->exec->runs[index];
    rnni_table_clear_rest(run, &run->axes[m->node->axis], &m->table);
}

/* [B, T, features], or [B, features] of a vector. */
static rnn_tensor_t *make_table(const rnni_exec *exec, const rnni_node *node, rnni_layout layout, bool zeroed)
{
    int64_t shape[3] = { exec->batch->count, layout.steps, node->features };
    if (node->axis < 0) shape[1] = node->features;
    return (zeroed ? rnn_tensor_create : rnni_tensor_create_unset)(exec->context, RNNI_REAL_DTYPE,
                                                                   node->axis < 0 ? 2 : 3, shape);
}

/* The same, where entries that the runs will give their rows to are not set and all others are zero. */
static rnn_tensor_t *table_for(const rnni_exec *exec, const rnni_node *node, rnni_layout layout,
                               bool gradient)
{
    const rnni_slot *slot = &exec->runs[0].slots[node->id];
    bool there = gradient ? slot->dy || node->read_once : slot->y != NULL;
    rnn_tensor_t *made = make_table(exec, node, layout, !there);
    if (made && there && node->axis >= 0 &&
        exec->whole.rows[node->axis] < exec->batch->count * layout.steps) {
        moving m = { .exec = exec, .node = node, .table = table_of(node, layout, made) };
        rnni_parallel(exec->context, exec->run_count, clear_shard, &m);
    }
    return made;
}

rnn_status_t rnni_exec_tensor(const rnni_exec *exec, const rnni_node *node, int gradient,
                              rnn_tensor_t **tensor)
{
    rnni_layout layout = layout_of(exec, node);
    if (gradient && node->read_once) { /* it was written there */
        *tensor = rnn_tensor_retain(exec->input_gradient[rnni_input_number(&exec->model->graph, node)]);
        return RNN_OK;
    }
    rnn_tensor_t *made = table_for(exec, node, layout, gradient != 0);
    if (!made) return RNN_ERROR_MEMORY;
    move_all((moving){ exec, node, table_of(node, layout, made), true, gradient != 0, false });
    *tensor = made;
    return RNN_OK;
}

/* Whether every run can put a node's rows into its table as they come. */
static bool gives_results(const rnni_exec *exec, const rnni_node *node, const rnni_table *table)
{
    if (exec->training || !node->op->gives_results || node->axis < 0 || node->readers != 1) return false;
    for (int32_t i = 0; i < exec->run_count; i++) {
        const rnni_run *run = &exec->runs[i];
        const rnni_axis *axis = &run->axes[node->axis];
        if (!run->slots[node->id].y || !rnni_axis_even(axis, 0, axis->steps) ||
            !rnni_table_distance(run, axis, 0, table))
            return false;
    }
    return true;
}

rnn_status_t rnni_exec_early_tensor(rnni_exec *exec, const rnni_node *node, rnn_tensor_t **tensor)
{
    rnni_layout layout = layout_of(exec, node);
    rnni_table table = { NULL, node->features, layout };
    *tensor = NULL;
    if (!gives_results(exec, node, &table)) return RNN_OK;
    *tensor = table_for(exec, node, layout, false);
    if (!*tensor) return RNN_ERROR_MEMORY;
    for (int32_t i = 0; i < exec->run_count; i++)
        exec->runs[i].slots[node->id].results = table_of(node, layout, *tensor);
    return RNN_OK;
}

rnn_status_t rnni_exec_add_upstream(rnni_exec *exec, const rnni_node *node, const rnn_tensor_t *upstream)
{
    rnni_layout layout = layout_of(exec, node);
    if (rnn_tensor_dtype(upstream) == RNNI_REAL_DTYPE &&
        rnn_tensor_is_contiguous(upstream)) { /* as it lies there; only read */
        move_all((moving){ exec, node, table_of(node, layout, upstream), false, true, true });
        return RNN_OK;
    }
    rnn_tensor_t *copy = make_table(exec, node, layout, false);
    if (!copy) return RNN_ERROR_MEMORY;
    rnn_status_t status = rnn_tensor_copy(copy, upstream);
    if (status == RNN_OK) move_all((moving){ exec, node, table_of(node, layout, copy), false, true, false });
    rnn_tensor_free(copy);
    return status;
}

/* ---- inputs that stay in their tables */

static rnn_status_t make_input_gradient(rnni_exec *exec, const rnni_node *input, rnn_tensor_t **tensor)
{
    rnni_layout layout = layout_of(exec, input);
    rnn_tensor_free(*tensor);
    *tensor = table_for(exec, input, layout, true);
    if (!*tensor) return RNN_ERROR_MEMORY;
    for (int32_t i = 0; i < exec->run_count; i++)
        exec->runs[i].slots[input->id].dvalues = table_of(input, layout, *tensor);
    return RNN_OK;
}

rnn_status_t rnni_exec_make_input_gradients(rnni_exec *exec)
{
    const rnni_graph *graph = &exec->model->graph;
    for (int32_t i = 0; exec->training && exec->input_gradients && i < graph->input_count; i++)
        if (graph->inputs[i]->read_once)
            RNNI_TRY(make_input_gradient(exec, graph->inputs[i], &exec->input_gradient[i]));
    return RNN_OK;
}
