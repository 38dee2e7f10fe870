/* SPDX-License-Identifier: MIT */
#include "model/exec.h"
#include "core/error.h"
#include "core/pool.h"
#include "layers/recurrent.h"

/* ---- shards ------------------------------------------------------------------------------------------------------- */

/* Sequences of one shard, a function of the batch's size alone: gradients are summed shard by shard. */
static int64_t shard_size(int64_t count)
{
    if (count >= 64) return 32;
    if (count >= 16) return (count + 1) / 2;
    return count;
}

static int32_t shard_count(int64_t count) { return count == 0 ? 1 : (int32_t)((count + shard_size(count) - 1) / shard_size(count)); }

rnn_status_t rnni_exec_init(rnni_exec *exec, rnn_model_t *model, bool training)
{
    memset(exec, 0, sizeof *exec);
    RNNI_REQUIRE(model->graph.built, RNN_ERROR_STATE, "the model is not built");
    exec->model = model;
    exec->context = model->graph.context;
    exec->training = training;
    size_t nodes = (size_t)model->graph.count;
    rnni_whole *whole = &exec->whole;
    whole->graph = &model->graph;
    exec->raw = rnni_alloc_array(exec->context, nodes, 1);
    exec->shared_counts = rnni_alloc_array(exec->context, nodes, sizeof *exec->shared_counts);
    exec->shared_blocks = rnni_alloc_array(exec->context, nodes, sizeof *exec->shared_blocks);
    whole->shared = rnni_alloc_array(exec->context, nodes, sizeof *whole->shared);
    whole->rows = rnni_alloc_array(exec->context, (size_t)model->graph.axis_count, sizeof *whole->rows);
    if (training) exec->gradients = rnni_alloc_array(exec->context, (size_t)model->graph.weight_total, sizeof *exec->gradients);
    whole->gradients = exec->gradients;
    if (exec->raw && exec->shared_counts && exec->shared_blocks && whole->shared && whole->rows && (exec->gradients || !training))
        return RNN_OK;
    rnni_exec_release(exec);
    return RNN_ERROR_MEMORY;
}

static size_t state_bytes(const rnni_exec *exec, int64_t sequences)
{
    return (size_t)(sequences * exec->whole.carried_size) * sizeof(rnni_real);
}

static void release_run(rnni_exec *exec, rnni_run *run)
{
    rnn_context_t *context = exec->context;
    const rnni_graph *graph = &exec->model->graph;
    rnni_arena_release(&run->arena, context);
    rnni_arena_release(&run->axis_arena, context);
    rnni_free(context, run->axes, (size_t)graph->axis_count * sizeof *run->axes);
    rnni_free(context, run->slots, (size_t)graph->count * sizeof *run->slots);
}

void rnni_exec_release(rnni_exec *exec)
{
    if (!exec->model) return;
    rnn_context_t *context = exec->context;
    const rnni_graph *graph = &exec->model->graph;
    for (int32_t i = 0; i < exec->run_capacity; i++) release_run(exec, &exec->runs[i]);
    rnni_free(context, exec->runs, (size_t)exec->run_capacity * sizeof *exec->runs);
    for (int32_t i = 0; exec->shared_blocks && exec->shared_counts && i < graph->count; i++)
        rnni_free(context, exec->shared_blocks[i], exec->shared_counts[i] * sizeof **exec->shared_blocks);
    rnni_free(context, exec->shared_blocks, (size_t)graph->count * sizeof *exec->shared_blocks);
    rnni_free(context, exec->shared_counts, (size_t)graph->count * sizeof *exec->shared_counts);
    rnni_free(context, exec->whole.shared, (size_t)graph->count * sizeof *exec->whole.shared);
    rnni_free(context, exec->whole.rows, (size_t)graph->axis_count * sizeof *exec->whole.rows);
    rnni_free(context, exec->raw, (size_t)graph->count);
    if (exec->whole.carried) rnni_free(context, exec->whole.carried, state_bytes(exec, exec->carried_capacity));
    rnni_free(context, exec->whole.carried_at, (size_t)graph->count * sizeof *exec->whole.carried_at);
    if (exec->gradients) rnni_free(context, exec->gradients, (size_t)graph->weight_total * sizeof *exec->gradients);
    rnni_free(context, exec->shard_gradients, exec->shard_gradient_count * sizeof *exec->shard_gradients);
    memset(exec, 0, sizeof *exec);
}

static rnn_status_t grow_runs(rnni_exec *exec, int32_t count)
{
    const rnni_graph *graph = &exec->model->graph;
    if (exec->run_capacity < count) {
        rnni_run *runs = rnni_realloc(exec->context, exec->runs, (size_t)exec->run_capacity * sizeof *runs, (size_t)count * sizeof *runs);
        if (!runs) return RNN_ERROR_MEMORY;
        exec->runs = runs;
        exec->run_capacity = count;
    }
    for (int32_t i = 0; i < count; i++) {
        rnni_run *run = &exec->runs[i];
        if (!run->axes) run->axes = rnni_alloc_array(exec->context, (size_t)graph->axis_count, sizeof *run->axes);
        if (run->axes && !run->slots) run->slots = rnni_alloc_array(exec->context, (size_t)graph->count, sizeof *run->slots);
        if (!run->axes || !run->slots) return RNN_ERROR_MEMORY;
    }
    size_t needed = 0;
    if (!exec->training || count < 2) return RNN_OK;
    if (!rnni_mul((size_t)(count - 1), (size_t)graph->dense_total, &needed)) return rnni_fail_memory("gradients", SIZE_MAX);
    if (needed <= exec->shard_gradient_count) return RNN_OK;
    rnni_real *gradients = rnni_alloc_array(exec->context, needed, sizeof *gradients);
    if (!gradients) return RNN_ERROR_MEMORY;
    rnni_free(exec->context, exec->shard_gradients, exec->shard_gradient_count * sizeof *gradients);
    exec->shard_gradients = gradients;
    exec->shard_gradient_count = needed;
    return RNN_OK;
}

/* ---- checks ------------------------------------------------------------------------------------------------------- */

static rnni_column_kind kind_of(const rnni_node *input)
{
    return input->flow == RNNI_FLOW_TOKENS ? RNNI_COLUMN_TOKENS : input->flow == RNNI_FLOW_SEQUENCE ? RNNI_COLUMN_VALUES : RNNI_COLUMN_VECTOR;
}

/* The number of ids that all readers of a token input have rows for. */
static int64_t vocabulary_of(const rnni_graph *graph, const rnni_node *input)
{
    int64_t least = INT32_MAX;
    for (int32_t i = 0; i < graph->count; i++) {
        const rnni_node *node = graph->nodes[i];
        if (node->input_count && node->inputs[0] == input && rnni_op_takes(node->op, RNN_LAYER_VOCABULARY) &&
            rnni_node_int(node, RNN_LAYER_VOCABULARY) < least)
            least = rnni_node_int(node, RNN_LAYER_VOCABULARY);
    }
    return least;
}

static rnn_status_t check_ids(const rnni_graph *graph, const rnni_node *input, const rnni_column *column)
{
    int64_t limit = vocabulary_of(graph, input), rows = rnni_column_rows(column);
    for (int64_t r = 0; r < rows; r++)
        RNNI_REQUIRE(column->ids[r] >= 0 && column->ids[r] < limit, RNN_ERROR_RANGE, "input '%s' has token id %d, expected 0 to %lld", input->name,
                     (int)column->ids[r], (long long)limit - 1);
    return RNN_OK;
}

static rnn_status_t check_input(const rnni_graph *graph, const rnni_node *input, const rnni_column *column)
{
    static const char *const names[] = { "nothing", "token ids", "a sequence of values", "a vector", "classes" };
    RNNI_REQUIRE(column->kind == kind_of(input), RNN_ERROR_SHAPE, "input '%s' takes %s, the batch has %s", input->name, names[kind_of(input)],
                 names[column->kind]);
    if (input->flow == RNNI_FLOW_TOKENS) return check_ids(graph, input, column);
    RNNI_REQUIRE(column->width == input->features || column->count == 0, RNN_ERROR_SHAPE, "input '%s' takes %lld features, the batch has %lld", input->name,
                 (long long)input->features, (long long)column->width);
    RNNI_REQUIRE(graph->kernels->all_finite(rnni_column_rows(column) * column->width, column->values), RNN_ERROR_DATA,
                 "input '%s' has a value that is not finite", input->name);
    return RNN_OK;
}

static rnn_status_t check_batch(const rnni_graph *graph, const rnn_batch_t *batch)
{
    RNNI_REQUIRE(batch->inputs >= graph->input_count && batch->count >= 0, RNN_ERROR_SHAPE, "the model has %d inputs, the batch has %d",
                 (int)graph->input_count, (int)batch->inputs);
    for (int32_t i = 0; i < graph->input_count; i++) RNNI_TRY(check_input(graph, graph->inputs[i], &batch->input[i]));
    return RNN_OK;
}

/* ---- axes --------------------------------------------------------------------------------------------------------- */

static bool useful(const rnni_column *column, int32_t mask_id, int64_t row)
{
    return (!column->mask || column->mask[row]) && (mask_id < 0 || column->ids[row] != mask_id);
}

/* Sorts sequences by falling length, equal ones in their order: counting sort over lengths 0 .. longest. */
static void sort_by_length(rnni_axis *axis, const int64_t *lengths, int64_t *places, int64_t longest)
{
    memset(places, 0, (size_t)(longest + 2) * sizeof *places);
    for (int64_t b = 0; b < axis->count; b++) places[longest - lengths[b] + 1]++;
    for (int64_t i = 1; i <= longest + 1; i++) places[i] += places[i - 1];
    for (int64_t b = 0; b < axis->count; b++) {
        int64_t s = places[longest - lengths[b]]++;
        axis->order[s] = b;
        axis->lengths[s] = lengths[b];
    }
}

static void place_rows(rnni_axis *axis)
{
    axis->steps = axis->count ? axis->lengths[0] : 0;
    axis->rows = 0;
    int64_t active = axis->count;
    for (int64_t t = 0; t < axis->steps; t++) {
        while (active > 0 && axis->lengths[active - 1] <= t) active--;
        axis->active[t] = active;
        axis->offset[t] = axis->rows;
        axis->rows += active;
    }
    axis->offset[axis->steps] = axis->rows;
}

/* Lays out one axis of a run over sequences [first, first + count) of its column. `lengths` and `places` are scratch. */
static void fill_axis(rnni_axis *axis, const rnni_column *column, int32_t mask_id, int64_t first, int64_t *lengths, int64_t *places)
{
    int64_t longest = 0;
    for (int64_t b = 0; b < axis->count; b++) {
        lengths[b] = 0;
        for (int64_t r = column->starts[first + b]; r < column->starts[first + b + 1]; r++) lengths[b] += useful(column, mask_id, r);
        if (lengths[b] > longest) longest = lengths[b];
    }
    sort_by_length(axis, lengths, places, longest);
    place_rows(axis);
    for (int64_t s = 0; s < axis->count; s++) {
        int64_t t = 0, b = first + axis->order[s];
        for (int64_t r = column->starts[b]; r < column->starts[b + 1]; r++)
            if (useful(column, mask_id, r)) axis->position[axis->offset[t++] + s] = r;
    }
}

/* Takes an axis' arrays, of sizes that hold whatever the masks are. */
static void take_axis(rnni_arena *arena, rnni_axis *axis, int64_t count, int64_t steps, int64_t rows)
{
    axis->count = count;
    axis->order = rnni_arena_take(arena, (size_t)count, sizeof(int64_t));
    axis->lengths = rnni_arena_take(arena, (size_t)count, sizeof(int64_t));
    axis->active = rnni_arena_take(arena, (size_t)steps, sizeof(int64_t));
    axis->offset = rnni_arena_take(arena, (size_t)steps + 1, sizeof(int64_t));
    axis->position = rnni_arena_take(arena, (size_t)rows, sizeof(int64_t));
}

static int64_t longest_of(const rnni_column *column, int64_t first, int64_t count)
{
    int64_t longest = 0;
    for (int64_t b = first; b < first + count; b++) {
        int64_t length = column->starts[b + 1] - column->starts[b];
        if (length > longest) longest = length;
    }
    return longest;
}

static int32_t input_number(const rnni_graph *graph, const rnni_node *input)
{
    int32_t i = 0;
    while (graph->inputs[i] != input) i++;
    return i;
}

static void lay_out_axes(rnni_exec *exec, rnni_run *run, bool fill)
{
    const rnni_graph *graph = &exec->model->graph;
    for (int32_t a = 0; a < graph->axis_count; a++) {
        const rnni_column *column = &exec->batch->input[input_number(graph, graph->axes[a].input)];
        int64_t steps = longest_of(column, run->first, run->count);
        take_axis(&run->axis_arena, &run->axes[a], run->count, steps, column->starts[run->first + run->count] - column->starts[run->first]);
        int64_t *lengths = rnni_arena_take(&run->axis_arena, (size_t)run->count, sizeof *lengths);
        int64_t *places = rnni_arena_take(&run->axis_arena, (size_t)steps + 2, sizeof *places);
        if (fill) fill_axis(&run->axes[a], column, graph->axes[a].mask_id, run->first, lengths, places);
    }
}

/* ---- buffers ------------------------------------------------------------------------------------------------------ */

static bool wants_gradient(const rnni_run *run, const rnni_node *node)
{
    return run->training && node->flow != RNNI_FLOW_TOKENS && (node->trains || run->input_gradients);
}

void rnni_run_lay_out(rnni_run *run)
{
    const rnni_graph *graph = run->graph;
    run->scratch_count = 0;
    for (int32_t i = 0; i < graph->count; i++) {
        const rnni_node *node = graph->order[i];
        rnni_slot *slot = &run->slots[node->id];
        int64_t rows = rnni_run_rows(run, node), n = rows * node->features;
        slot->y = slot->dy = NULL;
        slot->final_count = 0;
        if (node->flow == RNNI_FLOW_TOKENS) slot->ids = rnni_arena_take(&run->arena, (size_t)rows, sizeof *slot->ids);
        else if ((node->sequence_read || node->flow == RNNI_FLOW_VECTOR) && !rnni_run_folded(run, node)) {
            slot->y = rnni_run_take(run, n);
            if (wants_gradient(run, node)) slot->dy = rnni_run_take(run, n);
        }
        if (node->op->plan) node->op->plan(node, run);
    }
    run->scratch = rnni_run_take(run, run->scratch_count);
}

/* Both count first, then place. */
static rnn_status_t place_axes(rnni_exec *exec, rnni_run *run)
{
    rnni_arena place = run->axis_arena;
    run->axis_arena = (rnni_arena){ 0 };
    lay_out_axes(exec, run, false);
    size_t size = run->axis_arena.used;
    run->axis_arena = place;
    RNNI_TRY(rnni_arena_reserve(&run->axis_arena, exec->context, size));
    lay_out_axes(exec, run, true);
    return RNN_OK;
}

static rnn_status_t place_buffers(rnni_exec *exec, rnni_run *run)
{
    rnni_arena place = run->arena;
    run->arena = (rnni_arena){ 0 };
    rnni_run_lay_out(run);
    size_t size = run->arena.used;
    run->arena = place;
    RNNI_TRY(rnni_arena_reserve(&run->arena, exec->context, size));
    rnni_run_lay_out(run);
    return RNN_OK;
}

/* Memory that shards share, for the nodes that want some in a batch of this size. */
static rnn_status_t place_shared(rnni_exec *exec)
{
    const rnni_graph *graph = &exec->model->graph;
    for (int32_t i = 0; i < graph->count; i++) {
        const rnni_node *node = graph->nodes[i];
        exec->whole.shared[i] = NULL;
        if (!node->op->shared_size) continue;
        size_t count = (size_t)node->op->shared_size(node, node->axis < 0 ? exec->batch->count : exec->whole.rows[node->axis], exec->training);
        if (count > exec->shared_counts[i]) {
            rnni_free(exec->context, exec->shared_blocks[i], exec->shared_counts[i] * sizeof **exec->shared_blocks);
            exec->shared_counts[i] = 0;
            exec->shared_blocks[i] = rnni_alloc_array(exec->context, count, sizeof **exec->shared_blocks);
            if (!exec->shared_blocks[i]) return RNN_ERROR_MEMORY;
            exec->shared_counts[i] = count;
        }
        if (count) exec->whole.shared[i] = exec->shared_blocks[i];
    }
    return RNN_OK;
}

/* ---- values in ---------------------------------------------------------------------------------------------------- */

/* Steps of one sequence that are moved together between a batch, where they lie side by side, and a run, where they are a step's rows
 * apart: few enough that the run's rows of all sequences stay in the first-level cache. */
enum { STEPS_AT_ONCE = 8 };

/* All rows of an axis, in blocks of steps. */
#define FOR_ROWS(axis, row)                                                                                   \
    for (int64_t t0_ = 0; t0_ < (axis)->steps; t0_ += STEPS_AT_ONCE)                                          \
        for (int64_t s_ = 0; s_ < (axis)->active[t0_]; s_++)                                                  \
            for (int64_t t_ = t0_, row = (axis)->offset[t_] + s_;                                             \
                 t_ < t0_ + STEPS_AT_ONCE && t_ < (axis)->lengths[s_] && (row = (axis)->offset[t_] + s_, 1); t_++)

static void load_input(const rnni_run *run, const rnni_node *input, const rnni_column *column)
{
    const rnni_slot *slot = &run->slots[input->id];
    int64_t n = input->features;
    if (input->flow == RNNI_FLOW_VECTOR) {
        if (slot->y && run->count) memcpy(slot->y, column->values + run->first * n, (size_t)(run->count * n) * sizeof *slot->y);
        return;
    }
    const rnni_axis *axis = &run->axes[input->axis];
    if (input->flow == RNNI_FLOW_TOKENS)
        for (int64_t r = 0; r < axis->rows; r++) slot->ids[r] = column->ids[axis->position[r]];
    else
        FOR_ROWS(axis, r) memcpy(slot->y + r * n, column->values + axis->position[r] * n, (size_t)n * sizeof *slot->y);
}

/* Run number `index` of a batch cut into shards of `size` sequences. */
static void begin_run(rnni_exec *exec, int32_t index, int64_t size)
{
    const rnni_graph *graph = &exec->model->graph;
    rnni_run *run = &exec->runs[index];
    int64_t first = index * size, left = exec->batch->count - first;
    run->graph = graph;
    run->kernels = graph->kernels;
    run->whole = &exec->whole;
    run->first = first;
    run->count = left < size ? left : size;
    run->index = run->count ? exec->batch->index + first : NULL;
    run->training = exec->training;
    run->input_gradients = exec->input_gradients;
    run->stream = false;
    run->raw = exec->raw;
    run->seed = exec->seed;
    run->epoch = exec->epoch;
    run->gradients = !exec->training ? NULL
                     : index == 0 || graph->dense_total == 0 ? exec->gradients
                                                             : exec->shard_gradients + (index - 1) * graph->dense_total;
}

rnn_status_t rnni_exec_bind(rnni_exec *exec, const rnn_batch_t *batch)
{
    const rnni_graph *graph = &exec->model->graph;
    RNNI_TRY(check_batch(graph, batch));
    int32_t count = shard_count(batch->count);
    RNNI_TRY(grow_runs(exec, count));
    exec->batch = batch;
    exec->run_count = 0;
    exec->whole.runs = exec->runs;
    exec->whole.count = count;
    memset(exec->whole.rows, 0, (size_t)graph->axis_count * sizeof *exec->whole.rows);
    for (int32_t i = 0; i < count; i++) {
        begin_run(exec, i, shard_size(batch->count));
        RNNI_TRY(place_axes(exec, &exec->runs[i]));
        for (int32_t a = 0; a < graph->axis_count; a++) exec->whole.rows[a] += exec->runs[i].axes[a].rows;
    }
    RNNI_TRY(place_shared(exec));
    for (int32_t i = 0; i < count; i++) {
        RNNI_TRY(place_buffers(exec, &exec->runs[i]));
        for (int32_t j = 0; j < graph->input_count; j++) load_input(&exec->runs[i], graph->inputs[j], &batch->input[j]);
    }
    exec->run_count = count;
    return RNN_OK;
}

/* ---- running ------------------------------------------------------------------------------------------------------ */

void rnni_run_forward(rnni_run *run)
{
    for (int32_t i = 0; i < run->graph->count; i++) run->graph->order[i]->op->forward(run->graph->order[i], run);
}

/* Nodes [from, to) of graph->order, between two that couple the shards (or the ends). */
typedef struct segment {
    rnni_exec *exec;
    int32_t from, to;
    bool again; /* backward: not the first one */
} segment;

/* The node at rank `rank` when the shards have to meet there, else NULL. */
static const rnni_node *meeting(const rnni_exec *exec, int32_t rank)
{
    const rnni_graph *graph = &exec->model->graph;
    if (!exec->training || rank < 0 || rank >= graph->count) return NULL;
    const rnni_node *node = graph->order[rank];
    return node->op->couple && exec->whole.shared[node->id] ? node : NULL;
}

static void forward_shard(int64_t index, void *argument)
{
    const segment *s = argument;
    rnni_run *run = &s->exec->runs[index];
    const rnni_node *next = meeting(s->exec, s->to);
    uint64_t mode = rnni_denormals_flush();
    for (int32_t i = s->from; i < s->to; i++) run->graph->order[i]->op->forward(run->graph->order[i], run);
    if (next) next->op->gather(next, run);
    rnni_denormals_restore(mode);
}

/* A piece of one node's work on the whole batch. */
typedef struct whole_work {
    const rnni_whole *whole;
    const rnni_node *node;
    int stage; /* of `after`; -1: before */
} whole_work;

static void whole_piece(int64_t piece, void *argument)
{
    const whole_work *w = argument;
    uint64_t mode = rnni_denormals_flush();
    if (w->stage < 0) w->node->op->before(w->node, w->whole, piece);
    else w->node->op->after(w->node, w->whole, w->stage, piece);
    rnni_denormals_restore(mode);
}

void rnni_exec_forward(rnni_exec *exec)
{
    const rnni_graph *graph = &exec->model->graph;
    for (int32_t i = 0; i < graph->count; i++) {
        whole_work w = { &exec->whole, graph->nodes[i], -1 };
        if (w.node->op->before) rnni_parallel(exec->context, w.node->op->before_pieces(w.node, &exec->whole), whole_piece, &w);
    }
    for (segment s = { exec, 0, 0, false }; s.from < graph->count; s.from = s.to) {
        do s.to++;
        while (s.to < graph->count && !meeting(exec, s.to));
        rnni_parallel(exec->context, exec->run_count, forward_shard, &s);
        const rnni_node *next = meeting(exec, s.to);
        if (next) next->op->couple(next, &exec->whole);
    }
}

static void clear_shard(int64_t index, void *argument)
{
    const rnni_exec *exec = argument;
    const rnni_graph *graph = &exec->model->graph;
    const rnni_run *run = &exec->runs[index];
    for (int32_t j = 0; j < graph->count; j++) {
        const rnni_node *node = graph->nodes[j];
        const rnni_slot *slot = &run->slots[j];
        if (slot->dy) memset(slot->dy, 0, (size_t)(rnni_run_rows(run, node) * node->features) * sizeof *slot->dy);
        if (slot->final_count) memset(slot->dfinal, 0, (size_t)slot->final_count * sizeof *slot->dfinal);
    }
}

void rnni_exec_clear_gradients(rnni_exec *exec) { rnni_parallel(exec->context, exec->run_count, clear_shard, exec); }

static void backward_shard(int64_t index, void *argument)
{
    const segment *s = argument;
    rnni_run *run = &s->exec->runs[index];
    const rnni_graph *graph = run->graph;
    const rnni_node *next = meeting(s->exec, s->from - 1);
    uint64_t mode = rnni_denormals_flush();
    if (!s->again && graph->dense_total) memset(run->gradients, 0, (size_t)graph->dense_total * sizeof *run->gradients);
    for (int32_t i = s->to - 1; i >= s->from; i--) {
        const rnni_node *node = graph->order[i];
        if (node->op->backward && (node->trains || run->input_gradients)) node->op->backward(node, run);
    }
    if (next) next->op->gather_backward(next, run);
    rnni_denormals_restore(mode);
}

/* From the last node to the first. A node where the shards meet ends a segment, and begins the next one. */
static void backward_segments(rnni_exec *exec)
{
    int32_t count = exec->model->graph.count;
    segment s = { exec, count, count, false };
    while (s.from > 0 && !meeting(exec, s.from - 1)) s.from--;
    for (;;) {
        rnni_parallel(exec->context, exec->run_count, backward_shard, &s);
        const rnni_node *next = meeting(exec, s.from - 1);
        if (!next) return;
        next->op->couple_backward(next, &exec->whole);
        s.again = true;
        s.to = s.from--;
        while (s.from > 0 && !meeting(exec, s.from - 1)) s.from--;
    }
}

/* Numbers of one piece of the sum over shards. */
enum { SUM_PIECE = 16384 };

/* The sum over shards as a tree of pairs that neighbour: (0 + 1) + (2 + 3) ... */
static void sum_piece(int64_t index, void *argument)
{
    rnni_exec *exec = argument;
    int64_t total = exec->model->graph.dense_total, first = index * SUM_PIECE, n = total - first < SUM_PIECE ? total - first : SUM_PIECE;
    for (int32_t step = 1; step < exec->run_count; step *= 2)
        for (int32_t i = 0; i + step < exec->run_count; i += 2 * step)
            exec->model->graph.kernels->axpy(n, 1, exec->runs[i + step].gradients + first, exec->runs[i].gradients + first);
}

static void run_after(rnni_exec *exec, const rnni_node *node)
{
    for (int stage = 0;; stage++) {
        whole_work w = { &exec->whole, node, stage };
        int64_t pieces = node->op->after_pieces(node, &exec->whole, stage);
        if (pieces == 0) return;
        rnni_parallel(exec->context, pieces, whole_piece, &w);
    }
}

void rnni_exec_backward(rnni_exec *exec)
{
    const rnni_graph *graph = &exec->model->graph;
    backward_segments(exec);
    if (exec->run_count > 1) rnni_parallel(exec->context, (graph->dense_total + SUM_PIECE - 1) / SUM_PIECE, sum_piece, exec);
    memset(exec->gradients + graph->dense_total, 0, (size_t)(graph->weight_total - graph->dense_total) * sizeof *exec->gradients);
    for (int32_t i = 0; i < graph->count; i++)
        if (graph->nodes[i]->op->after) run_after(exec, graph->nodes[i]);
}

/* ---- states from batch to batch ----------------------------------------------------------------------------------- */

rnn_status_t rnni_exec_carry(rnni_exec *exec)
{
    const rnni_graph *graph = &exec->model->graph;
    int64_t total = 0, *places = rnni_alloc_array(exec->context, (size_t)graph->count, sizeof *places);
    if (!places) return RNN_ERROR_MEMORY;
    for (int32_t i = 0; i < graph->count; i++) {
        const rnni_node *node = graph->nodes[i];
        int64_t size = node->op->state_size ? node->op->state_size(node) : 0;
        if (rnni_is_recurrent(node) ? size < 0 : size != 0 || node->of_sequence) {
            rnni_free(exec->context, places, (size_t)graph->count * sizeof *places);
            return rnni_fail(RNN_ERROR_UNSUPPORTED, "layer %s cannot go on from batch to batch: it looks ahead or needs whole sequences", node->name);
        }
        places[i] = total;
        total += size;
    }
    rnni_free(exec->context, exec->whole.carried_at, (size_t)graph->count * sizeof *places);
    exec->whole.carried_at = places;
    exec->whole.carried_size = total;
    return RNN_OK;
}

rnn_status_t rnni_exec_keep_states(rnni_exec *exec)
{
    const rnni_graph *graph = &exec->model->graph;
    rnni_whole *whole = &exec->whole;
    int64_t count = exec->batch->count;
    if (!whole->carried || exec->carried_capacity < count) {
        rnni_real *block = rnni_realloc(exec->context, whole->carried, state_bytes(exec, exec->carried_capacity), state_bytes(exec, count));
        if (!block) return RNN_ERROR_MEMORY;
        whole->carried = block;
        exec->carried_capacity = count;
    }
    for (int32_t i = 0; i < exec->run_count; i++)
        for (int32_t j = 0; j < graph->count; j++)
            if (rnni_is_recurrent(graph->nodes[j])) rnni_recurrent_carry(graph->nodes[j], &exec->runs[i]);
    if (whole->carried_count < count) whole->carried_count = count;
    return RNN_OK;
}

void rnni_exec_reset_states(rnni_exec *exec)
{
    exec->whole.carried_count = 0;
    exec->whole.first_step = 0;
}

/* ---- values out --------------------------------------------------------------------------------------------------- */

int64_t rnni_exec_target_row(const rnni_run *run, const rnni_node *node, const rnn_batch_t *batch, int32_t target, int64_t row)
{
    if (node->axis < 0) return run->first + row;
    const rnni_graph *graph = run->graph;
    const rnni_column *input = &batch->input[input_number(graph, graph->axes[node->axis].input)];
    const rnni_axis *axis = &run->axes[node->axis];
    int64_t position = axis->position[row], t = 0, low = 0, high = axis->steps;
    while (high - low > 1) { /* the step that the row belongs to */
        int64_t middle = (low + high) / 2;
        if (axis->offset[middle] <= row) low = middle;
        else high = middle;
    }
    t = low;
    int64_t sequence = run->first + axis->order[row - axis->offset[t]];
    return batch->target[target].starts[sequence] + position - input->starts[sequence];
}

/* Visits a node's rows in the batch's layout: row r of a run is row at(b, step) of a [B, T] table. */
typedef struct layout {
    const rnni_column *column; /* of the axis' input, or NULL for a vector */
    int64_t steps;             /* T */
} layout;

static layout layout_of(const rnni_exec *exec, const rnni_node *node)
{
    if (node->axis < 0) return (layout){ NULL, 1 };
    const rnni_graph *graph = &exec->model->graph;
    const rnni_column *column = &exec->batch->input[input_number(graph, graph->axes[node->axis].input)];
    return (layout){ column, rnni_column_longest(column) };
}

static void move_row(int64_t n, rnni_real *row, rnni_real *entry, bool into)
{
    if (into) memcpy(entry, row, (size_t)n * sizeof *row);
    else
        for (int64_t i = 0; i < n; i++) row[i] += entry[i];
}

/* Moves rows between a run and a table [B][T][features]; into the table, or out of it (added). */
static void move_rows(const rnni_run *run, const rnni_node *node, layout l, rnni_real *rows, rnni_real *table, bool into)
{
    int64_t n = node->features;
    if (node->axis < 0) {
        for (int64_t b = 0; b < run->count; b++) move_row(n, rows + b * n, table + (run->first + b) * n, into);
        return;
    }
    const rnni_axis *axis = &run->axes[node->axis];
    FOR_ROWS(axis, r) {
        int64_t b = run->first + axis->order[s_];
        move_row(n, rows + r * n, table + (b * l.steps + axis->position[r] - l.column->starts[b]) * n, into);
    }
}

typedef struct moving {
    const rnni_exec *exec;
    const rnni_node *node;
    layout l;
    rnni_real *table;
    bool into, gradient;
} moving;

static void move_shard(int64_t index, void *argument)
{
    const moving *m = argument;
    const rnni_run *run = &m->exec->runs[index];
    rnni_real *rows = m->gradient ? run->slots[m->node->id].dy : run->slots[m->node->id].y;
    if (rows) move_rows(run, m->node, m->l, rows, m->table, m->into);
}

static void move_all(moving m) { rnni_parallel(m.exec->context, m.exec->run_count, move_shard, &m); }

static rnn_tensor_t *table_for(const rnni_exec *exec, const rnni_node *node, layout l)
{
    int64_t shape[3] = { exec->batch->count, l.steps, node->features };
    if (node->axis < 0) shape[1] = node->features;
    return rnn_tensor_create(exec->context, RNNI_REAL_DTYPE, node->axis < 0 ? 2 : 3, shape);
}

rnn_status_t rnni_exec_tensor(const rnni_exec *exec, const rnni_node *node, int gradient, rnn_tensor_t **tensor)
{
    layout l = layout_of(exec, node);
    rnn_tensor_t *table = table_for(exec, node, l);
    if (!table) return RNN_ERROR_MEMORY;
    move_all((moving){ exec, node, l, rnn_tensor_data(table), true, gradient != 0 });
    *tensor = table;
    return RNN_OK;
}

rnn_status_t rnni_exec_add_upstream(rnni_exec *exec, const rnni_node *node, const rnn_tensor_t *upstream)
{
    layout l = layout_of(exec, node);
    if (rnn_tensor_dtype(upstream) == RNNI_REAL_DTYPE && rnn_tensor_is_contiguous(upstream)) { /* as it lies there; only read */
        move_all((moving){ exec, node, l, (rnni_real *)rnn_tensor_const_data(upstream), false, true });
        return RNN_OK;
    }
    rnn_tensor_t *table = table_for(exec, node, l);
    if (!table) return RNN_ERROR_MEMORY;
    rnn_status_t status = rnn_tensor_copy(table, upstream);
    if (status == RNN_OK) move_all((moving){ exec, node, l, rnn_tensor_data(table), false, true });
    rnn_tensor_free(table);
    return status;
}
