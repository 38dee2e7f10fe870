/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/pool.h"
#include "layers/recurrent.h"
#include "model/exec.h"
#include "model/words.h"

#include <stdatomic.h>

/* A batch comes in: it is checked, its sequences are sorted by length and cut into shards, each shard's axes
 * and buffers are laid out, and its values are moved there. */

/* ---- shards */

/* Whether recurrent weights are more than second caches hold: then every shard has them come from further
 * away in each of its steps. */
static bool has_large_weights(const rnni_graph *graph)
{
    enum { LARGE = 512 * 1024 };
    for (int32_t i = 0; i < graph->count; i++) {
        if (!rnni_is_recurrent(graph->nodes[i])) continue;
        const rnni_recurrent *r = rnni_recurrent_of(graph->nodes[i]);
        if (r->cell->gates * r->h >= LARGE / r->o) return true;
    }
    return false;
}

/* About how many sequences a shard has. A function of the batch's size and the model alone where gradients or
 * losses are summed shard by shard. Small batches for large weights are one, whose products the threads
 * share (cells/team.h). */
static int64_t shard_size(const rnni_graph *graph, bool summed, int64_t count)
{
    /* Products of four rows run at nine tenths of full speed everywhere, of one at half. */
    enum { SMALL = 4, LARGE = 64, SHARD = 32 };
    if (!summed) { /* as many as the threads share out; weights are read once a step for all of them */
        int64_t size = (count + graph->context->threads - 1) / graph->context->threads;
        return count <= SMALL ? count : size < SMALL ? SMALL : size > LARGE ? LARGE : size;
    }
    if (count < SHARD / 2 || (count <= 2 * SHARD && has_large_weights(graph))) return count;
    return count < 2 * SHARD ? (count + 1) / 2 : SHARD;
}

int32_t rnni_shard_count(const rnni_graph *graph, bool summed, int64_t count)
{
    int64_t size = shard_size(graph, summed, count);
    return count == 0 ? 1 : (int32_t)((count + size - 1) / size);
}

const rnni_team *rnni_team_of(const rnni_whole *whole)
{
    return whole->count == 1 && whole->team.threads > 1 ? &whole->team : NULL;
}

bool rnni_shards_in_turn(const rnn_context_t *context) { return context->threads == 1; }

static rnn_status_t grow_runs(rnni_exec *exec, int32_t count)
{
    const rnni_graph *graph = &exec->model->graph;
    if (exec->run_capacity < count) {
        rnni_run *runs = rnni_realloc(exec->context, exec->runs, (size_t)exec->run_capacity * sizeof *runs,
                                      (size_t)count * sizeof *runs);
        if (!runs) return RNN_ERROR_MEMORY;
        exec->runs = runs;
        exec->run_capacity = count;
    }
    for (int32_t i = 0; i < count; i++) {
        rnni_run *run = &exec->runs[i];
        if (!run->axes)
            run->axes = rnni_alloc_array(exec->context, (size_t)graph->axis_count, sizeof *run->axes);
        if (run->axes && !run->slots)
            run->slots = rnni_alloc_array(exec->context, (size_t)graph->count, sizeof *run->slots);
        if (!run->axes || !run->slots) return RNN_ERROR_MEMORY;
    }
    size_t needed = 0;
    if (!exec->training || count < 2) return RNN_OK;
    if (!rnni_mul((size_t)(count - 1), (size_t)graph->dense_total, &needed))
        return rnni_fail_memory("gradients", SIZE_MAX);
    if (needed <= exec->shard_gradient_count) return RNN_OK;
    rnni_real *gradients = rnni_alloc_array(exec->context, needed, sizeof *gradients);
    if (!gradients) return RNN_ERROR_MEMORY;
    rnni_free(exec->context, exec->shard_gradients, exec->shard_gradient_count * sizeof *gradients);
    exec->shard_gradients = gradients;
    exec->shard_gradient_count = needed;
    return RNN_OK;
}

/* ---- checks */

static rnni_column_kind kind_of(const rnni_node *input)
{
    return input->flow == RNNI_FLOW_TOKENS     ? RNNI_COLUMN_TOKENS
           : input->flow == RNNI_FLOW_SEQUENCE ? RNNI_COLUMN_VALUES
                                               : RNNI_COLUMN_VECTOR;
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

/* A look through all of a column, which may be far away: threads share it, a piece each. */
typedef struct {
    const rnni_kernels *kernels;
    const rnni_column *column;
    int64_t count;                /* numbers */
    uint32_t limit;               /* token ids are below it */
    atomic_bool wrong;
} column_look;

enum { LOOK_PIECE = 64 * 1024 };

static void look_at_piece(int64_t index, void *argument)
{
    column_look *look = argument;
    const rnni_column *column = look->column;
    const int64_t first = index * LOOK_PIECE, left = look->count - first,
                  n = left < LOOK_PIECE ? left : LOOK_PIECE;
    int wrong = 0;
    if (column->kind == RNNI_COLUMN_TOKENS)
        for (int64_t r = first; r < first + n; r++) wrong |= (uint32_t)column->ids[r] >= look->limit;
    else wrong = !look->kernels->all_finite(n, column->values + first);
    if (wrong) atomic_store_explicit(&look->wrong, true, memory_order_relaxed);
}

static bool all_right(const rnni_exec *exec, const rnni_column *column, int64_t count, int64_t limit)
{
    column_look look = {exec->model->graph.kernels, column, count, (uint32_t)limit, false};
    rnni_parallel(exec->context, (count + LOOK_PIECE - 1) / LOOK_PIECE, look_at_piece, &look);
    return !atomic_load_explicit(&look.wrong, memory_order_relaxed);
}

static rnn_status_t check_ids(const rnni_exec *exec, const rnni_node *input, const rnni_column *column)
{
    const int64_t limit = vocabulary_of(&exec->model->graph, input), rows = rnni_column_rows(column);
    if (all_right(exec, column, rows, limit)) return RNN_OK;
    for (int64_t r = 0; r < rows; r++)
        RNNI_REQUIRE(column->ids[r] >= 0 && column->ids[r] < limit, RNN_ERROR_RANGE,
                     "input '%s' has token id %d, expected 0 to %lld", input->name, (int)column->ids[r],
                     (long long)limit - 1);
    return RNN_OK;
}

static rnn_status_t check_input(const rnni_exec *exec, const rnni_node *input, const rnni_column *column)
{
    static const char *const names[] = { "nothing", "token ids", "a sequence of values", "a vector",
                                         "classes" };
    RNNI_REQUIRE(column->kind == kind_of(input), RNN_ERROR_SHAPE, "input '%s' takes %s, the batch has %s",
                 input->name, names[kind_of(input)], names[column->kind]);
    if (input->flow == RNNI_FLOW_TOKENS) return check_ids(exec, input, column);
    RNNI_REQUIRE(column->width == input->features || column->count == 0, RNN_ERROR_SHAPE,
                 "input '%s' takes %lld features, the batch has %lld", input->name,
                 (long long)input->features, (long long)column->width);
    RNNI_REQUIRE(all_right(exec, column, rnni_column_rows(column) * column->width, 0), RNN_ERROR_DATA,
                 "input '%s' has a value that is not finite", input->name);
    return RNN_OK;
}

static rnn_status_t check_batch(const rnni_exec *exec, const rnn_batch_t *batch)
{
    const rnni_graph *graph = &exec->model->graph;
    RNNI_REQUIRE(batch->inputs >= graph->input_count && batch->count >= 0, RNN_ERROR_SHAPE,
                 "the model has %d inputs, the batch has %d", (int)graph->input_count, (int)batch->inputs);
    for (int32_t i = 0; i < graph->input_count; i++)
        RNNI_TRY(check_input(exec, graph->inputs[i], &batch->input[i]));
    return RNN_OK;
}

/* ---- axes */

static bool all_useful(const rnni_column *column, int32_t mask_id) { return !column->mask && mask_id < 0; }

static bool useful(const rnni_column *column, int32_t mask_id, int64_t row)
{
    return (!column->mask || column->mask[row]) && (mask_id < 0 || column->ids[row] != mask_id);
}

static int64_t useful_steps(const rnni_column *column, int32_t mask_id, int64_t sequence)
{
    int64_t steps = column->starts[sequence + 1] - column->starts[sequence], left_out = 0;
    if (all_useful(column, mask_id)) return steps;
    for (int64_t r = column->starts[sequence]; r < column->starts[sequence + 1]; r++)
        left_out += !useful(column, mask_id, r);
    return steps - left_out;
}

/* order[count]: sequences by falling length, equal ones in their order. Counting sort over lengths 0 ..
 * longest; `places` has longest + 2. */
static void sort_by_length(int64_t count, const int64_t *lengths, int64_t longest, int64_t *places,
                           int64_t *order)
{
    if (count == 1) {
        order[0] = 0;
        return;
    }
    memset(places, 0, (size_t)(longest + 2) * sizeof *places);
    for (int64_t b = 0; b < count; b++) places[longest - lengths[b] + 1]++;
    for (int64_t i = 1; i <= longest + 1; i++) places[i] += places[i - 1];
    for (int64_t b = 0; b < count; b++) order[places[longest - lengths[b]]++] = b;
}

static void place_rows(rnni_axis *axis)
{
    axis->steps = axis->count ? axis->lengths[0] : 0;
    axis->rows = 0;
    for (int64_t active = axis->count, t = 0; active > 0; active--) {
        const int64_t first = axis->rows - t * active, end = axis->lengths[active - 1];
        for (; t < end; t++) {
            axis->active[t] = active;
            axis->offset[t] = first + t * active;
        }
        axis->rows = first + t * active;
    }
    axis->offset[axis->steps] = axis->rows;
}

/* position, where all steps are useful; `starts` is scratch for `count` numbers. */
static void place_all(rnni_axis *axis, const rnni_column *column, const int64_t *sequence, int64_t *starts)
{
    for (int64_t s = 0; s < axis->count; s++) starts[s] = column->starts[sequence[axis->order[s]]];
    if (axis->count == 1) {
        for (int64_t t = 0; t < axis->steps; t++) axis->position[t] = starts[0] + t;
        return;
    }
    for (int64_t t = 0; t < axis->steps; t++)
        for (int64_t s = 0; s < axis->active[t]; s++) axis->position[axis->offset[t] + s] = starts[s] + t;
}

static void place_useful(rnni_axis *axis, const rnni_column *column, int32_t mask_id, const int64_t *sequence)
{
    for (int64_t s = 0; s < axis->count; s++) {
        int64_t t = 0, b = sequence[axis->order[s]];
        for (int64_t r = column->starts[b]; r < column->starts[b + 1]; r++)
            if (useful(column, mask_id, r)) axis->position[axis->offset[t++] + s] = r;
    }
}

/* Lays out one axis of a run over these sequences of its column. `lengths` and `places` are scratch. */
static void fill_axis(rnni_axis *axis, const rnni_column *column, int32_t mask_id, const int64_t *sequence,
                      int64_t *lengths, int64_t *places)
{
    int64_t longest = 0;
    for (int64_t i = 0; i < axis->count; i++) {
        lengths[i] = useful_steps(column, mask_id, sequence[i]);
        if (lengths[i] > longest) longest = lengths[i];
    }
    sort_by_length(axis->count, lengths, longest, places, axis->order);
    for (int64_t s = 0; s < axis->count; s++) axis->lengths[s] = lengths[axis->order[s]];
    place_rows(axis);
    if (all_useful(column, mask_id)) place_all(axis, column, sequence, lengths);
    else place_useful(axis, column, mask_id, sequence);
}

void rnni_axis_take(rnni_arena *arena, rnni_axis *axis, int64_t count, int64_t steps, int64_t rows)
{
    axis->count = count;
    axis->order = rnni_arena_take(arena, (size_t)count, sizeof(int64_t));
    axis->lengths = rnni_arena_take(arena, (size_t)count, sizeof(int64_t));
    axis->active = rnni_arena_take(arena, (size_t)steps, sizeof(int64_t));
    axis->offset = rnni_arena_take(arena, (size_t)steps + 1, sizeof(int64_t));
    axis->position = rnni_arena_take(arena, (size_t)rows, sizeof(int64_t));
}

int64_t *rnni_axis_scratch(rnni_arena *arena, int64_t count, int64_t steps)
{
    return rnni_arena_take(arena, (size_t)count + (size_t)steps + 2, sizeof(int64_t));
}

int64_t *rnni_order_take(rnni_arena *arena, int64_t count, int64_t most, int64_t **steps)
{
    int64_t *order = rnni_arena_take(arena, (size_t)count, sizeof(int64_t));
    *steps = rnni_axis_scratch(arena, count, most);
    return order;
}

static const rnni_column *column_of(const rnni_exec *exec, int32_t axis)
{
    const rnni_graph *graph = &exec->model->graph;
    return &exec->batch->input[rnni_input_number(graph, graph->axes[axis].input)];
}

static void lay_out_axes(const rnni_exec *exec, rnni_run *run, bool fill)
{
    const rnni_graph *graph = &exec->model->graph;
    for (int32_t a = 0; a < graph->axis_count; a++) {
        const rnni_column *column = column_of(exec, a);
        int64_t steps = 0, rows = 0;
        for (int64_t i = 0; i < run->count; i++) {
            int64_t length = column->starts[run->sequence[i] + 1] - column->starts[run->sequence[i]];
            if (length > steps) steps = length;
            rows += length;
        }
        rnni_axis_take(&run->axis_arena, &run->axes[a], run->count, steps, rows);
        int64_t *scratch = rnni_axis_scratch(&run->axis_arena, run->count, steps);
        if (fill)
            fill_axis(&run->axes[a], column, graph->axes[a].mask_id, run->sequence, scratch,
                      scratch + run->count);
    }
}

/* ---- the order of a batch */

/* Useful steps of each sequence, on all its axes; in inference they are taken as equal. Returns the most that
 * one has. */
static int64_t count_steps(const rnni_exec *exec, int64_t *steps)
{
    const rnni_graph *graph = &exec->model->graph;
    int64_t most = 0;
    for (int64_t b = 0; b < exec->batch->count; b++) {
        steps[b] = 0;
        for (int32_t a = 0; exec->training && a < graph->axis_count; a++)
            steps[b] += useful_steps(column_of(exec, a), graph->axes[a].mask_id, b);
        if (steps[b] > most) most = steps[b];
    }
    return most;
}

/* The order in which sequences are dealt out to shards: by falling length, so that those of a shard end at
 * about the same time. */
static rnn_status_t sort_batch(rnni_exec *exec)
{
    const rnni_graph *graph = &exec->model->graph;
    int64_t count = exec->batch->count, steps = 0;
    rnni_arena counting = { 0 };
    for (int32_t a = 0; a < graph->axis_count; a++) steps += rnni_column_longest(column_of(exec, a));
    (void)rnni_order_take(&counting, count, steps, &exec->steps);
    RNNI_TRY(rnni_arena_reserve(&exec->order, exec->context, counting.used));
    exec->sequence = rnni_order_take(&exec->order, count, steps, &exec->steps);
    sort_by_length(count, exec->steps, count_steps(exec, exec->steps), exec->steps + count, exec->sequence);
    return RNN_OK;
}

static int64_t work_of(const rnni_exec *exec, int64_t sequence) { return 1 + exec->steps[sequence]; }

/* ---- buffers */

static bool is_trainable(const rnni_node *node)
{
    return node->weight_count > 0 && rnni_node_int(node, RNN_LAYER_TRAINABLE) != 0;
}

/* What a node learns and trains in this run; its inputs' part is known. Layers that are frozen or freed later
 * change only the next run. */
static void trace_training(const rnni_run *run, const rnni_node *node)
{
    rnni_slot *slot = &run->slots[node->id];
    slot->trains = slot->learns =
        run->training && (is_trainable(node) || (node->tied && is_trainable(node->tied)));
    for (int32_t j = 0; run->training && j < node->input_count; j++)
        if (node->inputs[j] && run->slots[node->inputs[j]->id].trains) slot->trains = true;
}

/* Whether somebody reads a node's values, and they are its own: tokens have none, and a folded embedding's
 * are in the table. */
static bool has_values(const rnni_run *run, const rnni_node *node)
{
    return node->flow != RNNI_FLOW_TOKENS && (node->sequence_read || node->flow == RNNI_FLOW_VECTOR) &&
           !rnni_run_folded(run, node);
}

static bool has_gradient(const rnni_run *run, const rnni_node *node)
{
    return run->training && has_values(run, node) && (run->slots[node->id].trains || run->input_gradients) &&
           !node->read_once;
}

/* A node's dy, where its input's has been placed. */
static rnni_real *place_gradient(rnni_run *run, const rnni_node *node)
{
    if (!has_gradient(run, node)) return NULL;
    if (node->same_dy && has_gradient(run, node->inputs[0])) return run->slots[node->inputs[0]->id].dy;
    int64_t count = rnni_run_rows(run, node) * node->features;
    return node->brief_dy ? rnni_run_take_brief(run, count) : rnni_run_take(run, count);
}

void rnni_run_lay_out(rnni_run *run)
{
    const rnni_graph *graph = run->graph;
    rnni_run_begin_plan(run);
    for (int32_t i = 0; i < graph->count; i++) {
        const rnni_node *node = graph->order[i];
        rnni_slot *slot = &run->slots[node->id];
        int64_t rows = rnni_run_rows(run, node), n = rows * node->features;
        slot->y = NULL;
        slot->values.data = slot->dvalues.data = slot->results.data = slot->given.data = NULL;
        slot->final_count = 0;
        slot->ids = NULL;
        trace_training(run, node);
        if (node->flow == RNNI_FLOW_TOKENS)
            slot->ids = rnni_arena_take(&run->arena, (size_t)rows, sizeof *slot->ids);
        else if (has_values(run, node) && !node->op->places_y && !rnni_run_in_table(run, node))
            slot->y = rnni_run_take(run, n);
        slot->dy = place_gradient(run, node);
        if (node->op->plan) node->op->plan(node, run);
    }
    rnni_run_end_plan(run);
}

static rnn_status_t reserve_axes(rnni_exec *exec, rnni_run *run)
{
    rnni_arena place = run->axis_arena;
    run->axis_arena = (rnni_arena){ 0 };
    lay_out_axes(exec, run, false);
    size_t size = run->axis_arena.used;
    run->axis_arena = place;
    return rnni_arena_reserve(&run->axis_arena, exec->context, size);
}

static void fill_axes(int64_t index, void *argument)
{
    const rnni_exec *exec = argument;
    lay_out_axes(exec, &exec->runs[index], true);
}

static rnn_status_t place_axes(rnni_exec *exec, int32_t count)
{
    const rnni_graph *graph = &exec->model->graph;
    enum { FEW = 4096 }; /* places that one thread has filled before others would have begun */
    int64_t places = 0;
    for (int32_t a = 0; a < graph->axis_count; a++) places += rnni_column_rows(column_of(exec, a));
    for (int32_t i = 0; i < count; i++) RNNI_TRY(reserve_axes(exec, &exec->runs[i]));
    for (int32_t i = 0; places < FEW && i < count; i++) fill_axes(i, exec);
    if (places >= FEW) rnni_parallel(exec->context, count, fill_axes, exec);
    memset(exec->whole.rows, 0, (size_t)graph->axis_count * sizeof *exec->whole.rows);
    for (int32_t i = 0; i < count; i++)
        for (int32_t a = 0; a < graph->axis_count; a++) exec->whole.rows[a] += exec->runs[i].axes[a].rows;
    return RNN_OK;
}

/* Makes room for a run's buffers; `brief` gets the bytes that it wants of exec->brief. */
static rnn_status_t reserve_buffers(rnni_exec *exec, rnni_run *run, size_t *brief)
{
    rnni_arena place = run->arena, counting = { 0 };
    run->arena = (rnni_arena){ 0 };
    run->brief = exec->in_turn ? &counting : NULL;
    rnni_run_lay_out(run);
    size_t size = run->arena.used;
    run->arena = place;
    run->brief = exec->in_turn ? &exec->brief : NULL;
    if (counting.used > *brief) *brief = counting.used;
    return rnni_arena_reserve(&run->arena, exec->context, size);
}

static rnn_status_t place_buffers(rnni_exec *exec, int32_t count)
{
    size_t brief = 0;
    exec->in_turn = rnni_shards_in_turn(exec->context);
    for (int32_t i = 0; i < count; i++) RNNI_TRY(reserve_buffers(exec, &exec->runs[i], &brief));
    if (exec->in_turn) RNNI_TRY(rnni_arena_reserve(&exec->brief, exec->context, brief));
    for (int32_t i = 0; i < count; i++) {
        exec->brief.used = 0;
        rnni_run_lay_out(&exec->runs[i]);
    }
    return RNN_OK;
}

static int64_t rows_of(const rnni_exec *exec, const rnni_node *node)
{
    return node->axis < 0 ? exec->batch->count : exec->whole.rows[node->axis];
}

/* Numbers that a node's shards share in this batch, and those that are to be had then. */
static rnn_status_t count_shared(rnni_exec *exec, const rnni_node *node, size_t *count, size_t *room)
{
    *count = *room = 0;
    if (rnni_is_recurrent(node)) {
        const rnni_fold batch = rnni_words_batch(rows_of(exec, node), exec->training, exec->recompute);
        RNNI_TRY(rnni_words_find(exec, node, batch));
        int64_t words = exec->whole.words[node->id].count;
        *count = (size_t)rnni_recurrent_tables_size(node, words);
        *room = (size_t)rnni_recurrent_tables_room(node, batch, words);
    } else if (node->op->shared_size) {
        *count = *room = (size_t)node->op->shared_size(node, rows_of(exec, node), exec->training);
    }
    return RNN_OK;
}

/* The tables that a model keeps do for its batches, too. */
static rnn_status_t take_projected(rnni_exec *exec, rnni_node *node)
{
    if (exec->training || !rnni_is_recurrent(node)) return RNN_OK;
    RNNI_TRY(rnni_recurrent_read_projected(node, rows_of(exec, node)));
    exec->whole.shared[node->id] = atomic_load(&node->projected);
    exec->whole.words[node->id] = (rnni_words){ .count = rnni_recurrent_of(node)->vocabulary };
    return RNN_OK;
}

/* Memory that shards share, for the nodes that want some in this batch, or have it already. */
static rnn_status_t place_shared(rnni_exec *exec)
{
    const rnni_graph *graph = &exec->model->graph;
    for (int32_t i = 0; i < graph->count; i++) {
        size_t count, room;
        exec->whole.shared[i] = NULL;
        RNNI_TRY(take_projected(exec, graph->nodes[i]));
        if (exec->whole.shared[i]) continue;
        RNNI_TRY(count_shared(exec, graph->nodes[i], &count, &room));
        if (count > exec->shared_counts[i]) {
            rnni_free(exec->context, exec->shared_blocks[i],
                      exec->shared_counts[i] * sizeof **exec->shared_blocks);
            exec->shared_counts[i] = 0;
            exec->shared_blocks[i] = rnni_alloc_array(exec->context, room, sizeof **exec->shared_blocks);
            if (!exec->shared_blocks[i]) return RNN_ERROR_MEMORY;
            exec->shared_counts[i] = room;
        }
        if (count) exec->whole.shared[i] = exec->shared_blocks[i];
    }
    return RNN_OK;
}

/* ---- values in */

static void load_input(const rnni_run *run, const rnni_node *input, const rnni_column *column)
{
    rnni_slot *slot = &run->slots[input->id];
    rnni_table table = { (rnni_real *)column->values, input->features, { NULL, 0 } };
    if (input->flow == RNNI_FLOW_TOKENS) {
        const rnni_axis *axis = &run->axes[input->axis];
        for (int64_t r = 0; r < axis->rows; r++) slot->ids[r] = column->ids[axis->position[r]];
    } else if (rnni_run_in_table(run, input)) {
        slot->values = table;
    } else if (slot->y) {
        rnni_move_rows(run, input, &table, slot->y, RNNI_MOVE_IN);
    }
}

static void load_shard(int64_t index, void *argument)
{
    const rnni_exec *exec = argument;
    const rnni_graph *graph = &exec->model->graph;
    for (int32_t i = 0; i < graph->input_count; i++)
        load_input(&exec->runs[index], graph->inputs[i], &exec->batch->input[i]);
    for (int32_t i = 0; i < graph->count; i++)
        if (exec->whole.words[i].list) rnni_recurrent_place_words(graph->nodes[i], &exec->runs[index]);
}

/* Run number `index` of a batch, over `count` sequences of its order. */
static void begin_run(rnni_exec *exec, int32_t index, int64_t first, int64_t count)
{
    const rnni_graph *graph = &exec->model->graph;
    rnni_run *run = &exec->runs[index];
    run->graph = graph;
    run->kernels = graph->kernels;
    run->team = exec->summed ? rnni_team_of(&exec->whole) : NULL;
    run->whole = &exec->whole;
    run->count = count;
    run->sequence = exec->sequence + first;
    run->index = exec->batch->index;
    run->training = exec->training;
    run->recompute = exec->recompute;
    run->halves = exec->halves;
    run->input_gradients = exec->input_gradients;
    run->stream = false;
    run->raw = exec->raw;
    run->seed = exec->seed;
    run->epoch = exec->epoch;
    run->gradients = !exec->training ? NULL
                     : index == 0 || graph->dense_total == 0
                         ? exec->gradients
                         : exec->shard_gradients + (index - 1) * graph->dense_total;
}

/* Cuts a batch into shards that have about the same work: each takes its part of what is left, so none is
 * empty while there are as many sequences as shards. Where lengths are equal, so are counts of sequences, but
 * for one. */
static void begin_runs(rnni_exec *exec, int32_t shards)
{
    int64_t left = 0, first = 0;
    for (int64_t b = 0; b < exec->batch->count; b++) left += work_of(exec, b);
    for (int32_t i = 0; i < shards; i++) {
        int64_t most = (left + shards - i - 1) / (shards - i), end = first, work = 0;
        while (end < exec->batch->count && work < most) work += work_of(exec, exec->sequence[end++]);
        begin_run(exec, i, first, end - first);
        first = end;
        left -= work;
    }
}

/* A batch of one sequence goes through weights that are packed for one row. Not in a model that is being
 * trained: they would have to be packed again after every update. */
static rnn_status_t make_rows(const rnni_exec *exec, const rnn_batch_t *batch)
{
    const rnni_graph *graph = &exec->model->graph;
    for (int32_t i = 0; batch->count == 1 && !exec->training && i < graph->count; i++) {
        rnni_node *node = graph->nodes[i];
        if (rnni_is_recurrent(node) && !node->packed_backward) RNNI_TRY(rnni_recurrent_make_rows(node));
    }
    return RNN_OK;
}

rnn_status_t rnni_exec_bind(rnni_exec *exec, const rnn_batch_t *batch)
{
    const rnni_graph *graph = &exec->model->graph;
    RNNI_REQUIRE(!exec->training || graph->precision == RNN_PRECISION_F32, RNN_ERROR_STATE,
                 "the model's precision is %s, training needs f32 (rnn_model_set_precision)",
                 rnn_precision_name(graph->precision));
    RNNI_TRY(check_batch(exec, batch));
    RNNI_TRY(make_rows(exec, batch));
    int32_t count = rnni_shard_count(graph, exec->summed, batch->count);
    RNNI_TRY(grow_runs(exec, count));
    exec->batch = batch;
    exec->run_count = 0;
    exec->whole.runs = exec->runs;
    exec->whole.count = count;
    exec->whole.team = (rnni_team){ exec->context, exec->context->threads };
    RNNI_TRY(sort_batch(exec));
    begin_runs(exec, count);
    RNNI_TRY(place_axes(exec, count));
    RNNI_TRY(place_shared(exec));
    RNNI_TRY(place_buffers(exec, count));
    rnni_parallel(exec->context, count, load_shard, exec);
    exec->run_count = count;
    return rnni_exec_make_input_gradients(exec);
}
