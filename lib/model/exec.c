/* SPDX-License-Identifier: MIT */
#include "model/exec.h"
#include "core/error.h"
#include "core/pool.h"
#include "layers/recurrent.h"
#include "model/words.h"

/* Runs a batch that bind.c has laid out: all nodes forward, all nodes backward, shard by shard. */

rnn_status_t rnni_exec_init(rnni_exec *exec, rnn_model_t *model, bool training)
{
    memset(exec, 0, sizeof *exec);
    RNNI_REQUIRE(model->graph.built, RNN_ERROR_STATE, "the model is not built");
    exec->model = model;
    exec->context = model->graph.context;
    exec->training = exec->summed = training;
    size_t nodes = (size_t)model->graph.count;
    rnni_whole *whole = &exec->whole;
    whole->graph = &model->graph;
    exec->raw = rnni_alloc_array(exec->context, nodes, 1);
    exec->shared_counts = rnni_alloc_array(exec->context, nodes, sizeof *exec->shared_counts);
    exec->shared_blocks = rnni_alloc_array(exec->context, nodes, sizeof *exec->shared_blocks);
    whole->shared = rnni_alloc_array(exec->context, nodes, sizeof *whole->shared);
    whole->words = rnni_alloc_array(exec->context, nodes, sizeof *whole->words);
    exec->word_rooms = rnni_alloc_array(exec->context, nodes, sizeof *exec->word_rooms);
    whole->rows = rnni_alloc_array(exec->context, (size_t)model->graph.axis_count, sizeof *whole->rows);
    if (training)
        exec->gradients =
            rnni_alloc_array(exec->context, (size_t)model->graph.weight_total, sizeof *exec->gradients);
    if (training) exec->touched = rnni_touched_create(&model->graph);
    if (training)
        exec->input_gradient =
            rnni_alloc_array(exec->context, (size_t)model->graph.input_count, sizeof *exec->input_gradient);
    whole->gradients = exec->gradients;
    if (exec->raw && exec->shared_counts && exec->shared_blocks && whole->shared && whole->rows &&
        whole->words && exec->word_rooms &&
        ((exec->gradients && exec->touched && exec->input_gradient) || !training))
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
    rnni_arena_release(&exec->order, context);
    rnni_arena_release(&exec->brief, context);
    for (int32_t i = 0; i < exec->run_capacity; i++) release_run(exec, &exec->runs[i]);
    rnni_free(context, exec->runs, (size_t)exec->run_capacity * sizeof *exec->runs);
    for (int32_t i = 0; exec->shared_blocks && exec->shared_counts && i < graph->count; i++)
        rnni_free(context, exec->shared_blocks[i], exec->shared_counts[i] * sizeof **exec->shared_blocks);
    rnni_free(context, exec->shared_blocks, (size_t)graph->count * sizeof *exec->shared_blocks);
    rnni_free(context, exec->shared_counts, (size_t)graph->count * sizeof *exec->shared_counts);
    rnni_free(context, exec->whole.shared, (size_t)graph->count * sizeof *exec->whole.shared);
    rnni_words_release(exec);
    rnni_free(context, exec->whole.rows, (size_t)graph->axis_count * sizeof *exec->whole.rows);
    rnni_free(context, exec->raw, (size_t)graph->count);
    if (exec->whole.carried)
        rnni_free(context, exec->whole.carried, state_bytes(exec, exec->carried_capacity));
    rnni_free(context, exec->whole.carried_at, (size_t)graph->count * sizeof *exec->whole.carried_at);
    for (int32_t i = 0; exec->input_gradient && i < graph->input_count; i++)
        rnn_tensor_free(exec->input_gradient[i]);
    rnni_free(context, exec->input_gradient, (size_t)graph->input_count * sizeof *exec->input_gradient);
    if (exec->gradients)
        rnni_free(context, exec->gradients, (size_t)graph->weight_total * sizeof *exec->gradients);
    rnni_touched_free(graph, exec->touched);
    rnni_free(context, exec->shard_gradients, exec->shard_gradient_count * sizeof *exec->shard_gradients);
    memset(exec, 0, sizeof *exec);
}

/* ---- one that is used again */

/* Bytes that a model may keep between two calls. */
enum { KEPT_BYTES = 1 << 20 };

static size_t bytes_of(const rnni_exec *exec)
{
    size_t bytes = exec->order.capacity + exec->brief.capacity;
    for (int32_t i = 0; i < exec->run_capacity; i++)
        bytes += exec->runs[i].arena.capacity + exec->runs[i].axis_arena.capacity;
    for (int32_t i = 0; i < exec->model->graph.count; i++)
        bytes += exec->shared_counts[i] * sizeof **exec->shared_blocks +
                 exec->word_rooms[i].count * sizeof *exec->word_rooms[i].numbers;
    return bytes;
}

static void free_exec(rnni_exec *exec)
{
    rnn_context_t *context = exec->context;
    rnni_exec_release(exec);
    rnni_free(context, exec, sizeof *exec);
}

rnn_status_t rnni_exec_take(rnn_model_t *model, rnni_exec **exec)
{
    rnn_context_t *context = model->graph.context;
    *exec = atomic_exchange(&model->idle, NULL);
    if (*exec) return RNN_OK;
    *exec = rnni_alloc(context, sizeof **exec);
    rnn_status_t status = *exec ? rnni_exec_init(*exec, model, false) : RNN_ERROR_MEMORY;
    if (status != RNN_OK) rnni_free(context, *exec, sizeof **exec);
    return status;
}

void rnni_exec_give_back(rnni_exec *exec)
{
    rnni_exec *none = NULL;
    if (bytes_of(exec) > KEPT_BYTES || !atomic_compare_exchange_strong(&exec->model->idle, &none, exec))
        free_exec(exec);
}

void rnni_exec_drop_idle(rnn_model_t *model)
{
    rnni_exec *exec = atomic_exchange(&model->idle, NULL);
    if (exec) free_exec(exec);
}

/* ---- running */

/* Shards, or pieces of the whole, of which each may have a run's scratch: as the runs were laid out. */
static void each(rnni_exec *exec, int64_t count, void (*work)(int64_t index, void *argument), void *argument)
{
    for (int64_t i = 0; exec->in_turn && i < count; i++) work(i, argument);
    if (!exec->in_turn) rnni_parallel(exec->context, count, work, argument);
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
        if (w.node->op->before)
            each(exec, w.node->op->before_pieces(w.node, &exec->whole), whole_piece, &w);
    }
    for (segment s = { exec, 0, 0, false }; s.from < graph->count; s.from = s.to) {
        do s.to++;
        while (s.to < graph->count && !meeting(exec, s.to));
        each(exec, exec->run_count, forward_shard, &s);
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
        rnni_slot *slot = &run->slots[j];
        slot->dy_empty = true;
        slot->given.data = NULL;
        if (slot->final_count) memset(slot->dfinal, 0, (size_t)slot->final_count * sizeof *slot->dfinal);
    }
}

void rnni_exec_clear_gradients(rnni_exec *exec)
{
    rnni_parallel(exec->context, exec->run_count, clear_shard, exec);
}

/* A node's backward, for which all dy are made ready but the one that it sets itself and one that it takes
 * from where the caller gave it. */
static void backward_node(const rnni_node *node, rnni_run *run)
{
    if (!node->op->takes_given || !run->slots[node->id].given.data) rnni_run_dy(run, node);
    for (int32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] && !(node->op->sets_dx && i == 0)) rnni_run_dy(run, node->inputs[i]);
    node->op->backward(node, run);
    run->slots[node->inputs[0]->id].dy_empty = false;
}

/* Numbers of a shard's gradients that a thread clears at a time, where it is the only shard. */
enum { CLEARED = 128 * 1024 };

static void clear_piece(int64_t index, void *argument)
{
    const rnni_run *run = argument;
    const int64_t first = index * CLEARED, left = run->graph->dense_total - first;
    memset(run->gradients + first, 0, (size_t)(left < CLEARED ? left : CLEARED) * sizeof *run->gradients);
}

static void clear_weight_gradients(rnni_run *run)
{
    const int64_t total = run->graph->dense_total;
    if (run->team) rnni_parallel(run->team->context, (total + CLEARED - 1) / CLEARED, clear_piece, run);
    else if (total) memset(run->gradients, 0, (size_t)total * sizeof *run->gradients);
}

static void backward_shard(int64_t index, void *argument)
{
    const segment *s = argument;
    rnni_run *run = &s->exec->runs[index];
    const rnni_graph *graph = run->graph;
    const rnni_node *next = meeting(s->exec, s->from - 1);
    uint64_t mode = rnni_denormals_flush();
    if (!s->again) clear_weight_gradients(run);
    for (int32_t i = s->to - 1; i >= s->from; i--) {
        const rnni_node *node = graph->order[i];
        if (node->op->backward && (run->slots[node->id].trains || run->input_gradients))
            backward_node(node, run);
    }
    if (next) {
        rnni_run_dy(run, next);
        next->op->gather_backward(next, run);
    }
    rnni_denormals_restore(mode);
}

/* From the last node to the first. A node where the shards meet ends a segment, and begins the next one. */
static void backward_segments(rnni_exec *exec)
{
    int32_t count = exec->model->graph.count;
    segment s = { exec, count, count, false };
    while (s.from > 0 && !meeting(exec, s.from - 1)) s.from--;
    for (;;) {
        each(exec, exec->run_count, backward_shard, &s);
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
    int64_t total = exec->model->graph.dense_total, first = index * SUM_PIECE,
            n = total - first < SUM_PIECE ? total - first : SUM_PIECE;
    for (int32_t step = 1; step < exec->run_count; step *= 2)
        for (int32_t i = 0; i + step < exec->run_count; i += 2 * step)
            exec->model->graph.kernels->axpy(n, 1, exec->runs[i + step].gradients + first,
                                             exec->runs[i].gradients + first);
}

static void run_after(rnni_exec *exec, const rnni_node *node)
{
    for (int stage = 0;; stage++) {
        whole_work w = { &exec->whole, node, stage };
        int64_t pieces = node->op->after_pieces(node, &exec->whole, stage);
        if (pieces == 0) return;
        each(exec, pieces, whole_piece, &w);
    }
}

void rnni_exec_backward(rnni_exec *exec)
{
    const rnni_graph *graph = &exec->model->graph;
    backward_segments(exec);
    if (exec->run_count > 1)
        rnni_parallel(exec->context, (graph->dense_total + SUM_PIECE - 1) / SUM_PIECE, sum_piece, exec);
    const rnni_slot *slots = exec->runs[0].slots; /* what trains is the same in every shard */
    for (int32_t i = 0; i < graph->count; i++)
        rnni_touched_clear(graph->nodes[i], &exec->touched[i], &exec->whole);
    for (int32_t i = 0; i < graph->count; i++) {
        if (!graph->nodes[i]->op->after || !slots[i].trains) continue;
        run_after(exec, graph->nodes[i]);
        rnni_touched_note(graph->nodes[i], &exec->touched[i], &exec->whole);
    }
}

/* ---- states from batch to batch */

rnn_status_t rnni_exec_carry(rnni_exec *exec)
{
    const rnni_graph *graph = &exec->model->graph;
    int64_t total = 0, *places = rnni_alloc_array(exec->context, (size_t)graph->count, sizeof *places);
    if (!places) return RNN_ERROR_MEMORY;
    for (int32_t i = 0; i < graph->count; i++) {
        const rnni_node *node = graph->nodes[i];
        int64_t size = node->op->state_size ? node->op->state_size(node) : 0;
        if (size < 0) {
            rnni_free(exec->context, places, (size_t)graph->count * sizeof *places);
            return rnni_fail(
                RNN_ERROR_UNSUPPORTED,
                "layer %s cannot go on from batch to batch: it looks ahead or needs whole sequences",
                node->name);
        }
        places[i] = total;
        if (rnni_is_recurrent(node)) total += size; /* pools and the like begin anew with each batch */
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
        rnni_real *block = rnni_realloc(exec->context, whole->carried,
                                        state_bytes(exec, exec->carried_capacity), state_bytes(exec, count));
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
