/* SPDX-License-Identifier: MIT */
/* What a batch takes, counted before it is there: the planning code of exec.c runs on arenas without a block,
 * which only count, and on axes without arrays, so asking for a batch of any size takes no memory of that
 * size. */
#include "core/error.h"
#include "layers/recurrent.h"
#include "model/exec.h"
#include "model/memory_plan.h"
#include "model/words.h"

/* Useful steps that a batch may have: what layers make of them then still fits 64 bits. */
static const int64_t MOST_ROWS = (int64_t)1 << 40;

/* Sums that stay at SIZE_MAX once they do not fit. */
static void add(size_t *sum, size_t count, size_t size)
{
    size_t bytes;
    if (!rnni_mul(count, size, &bytes) || !rnni_add(*sum, bytes, sum)) *sum = SIZE_MAX;
}

/* The same for a block of its own: an empty one is one byte. */
static void add_block(size_t *sum, size_t count, size_t size)
{
    add(sum, count ? count : 1, count ? size : 1);
}

/* Everything that counting needs of a run; borrowed blocks of one number a node or an axis. */
typedef struct counting {
    const rnni_graph *graph;
    const rnni_plan *plan;
    rnni_whole whole;
    bool few_words;     /* as few occur as it takes for embeddings to be projected for them alone */
    rnni_axis *axes;
    rnni_slot *slots;
} counting;

static int64_t rows_of(const counting *c, const rnni_node *node)
{
    return node->axis < 0 ? c->plan->batch : c->plan->batch * c->plan->steps;
}

/* Whether a recurrent node gets projected tables, and of how many words; a place is marked where it also gets
 * a list of them. Tables that the model keeps are its own. */
static rnni_words words_of(const counting *c, const rnni_node *node, rnni_fold batch)
{
    static int32_t something;
    int64_t most = rnni_recurrent_most_words(node, batch);
    bool any = rnni_recurrent_any_words(node, batch);
    return (rnni_words){ any || c->few_words ? most : 0, any || most == 0 ? NULL : &something, NULL };
}

static int64_t tables_of(const counting *c, const rnni_node *node, size_t *bytes)
{
    const rnni_fold batch = rnni_words_batch(rows_of(c, node), c->plan->training, c->plan->recompute);
    c->whole.words[node->id] = words_of(c, node, batch);
    add(bytes, (size_t)rnni_words_size(node, batch), sizeof(int32_t));
    return rnni_recurrent_tables_size(node, c->whole.words[node->id].count);
}

/* Memory that shards share; a node's place is marked, so that plans see who has some. */
static size_t shared_bytes(const counting *c)
{
    static rnni_real something;
    size_t bytes = 0;
    for (int32_t i = 0; i < c->graph->count; i++) {
        const rnni_node *node = c->graph->nodes[i];
        bool kept = !c->plan->training && atomic_load(&node->projected);
        int64_t count = 0;
        if (rnni_is_recurrent(node)) count = kept ? 0 : tables_of(c, node, &bytes);
        else if (node->op->shared_size)
            count = node->op->shared_size(node, rows_of(c, node), c->plan->training);
        c->whole.shared[i] = count > 0 || kept ? &something : NULL;
        add(&bytes, (size_t)count, sizeof(rnni_real));
    }
    return bytes;
}

/* The two arenas of a shard of `count` sequences; `brief`: what the shards' third one has, at least. */
static size_t shard_bytes(counting *c, int64_t count, size_t *brief)
{
    const rnni_plan *plan = c->plan;
    rnni_arena shared = { 0 };
    rnni_run run = { .graph = c->graph, .kernels = c->graph->kernels,
                     .team = plan->training ? rnni_team_of(&c->whole) : NULL, .count = count,
                     .training = plan->training, .input_gradients = plan->input_gradients,
                     .recompute = plan->recompute, .halves = plan->halves, .raw = plan->raw, .axes = c->axes,
                     .slots = c->slots, .whole = &c->whole,
                     .brief = rnni_shards_in_turn(c->graph->context) ? &shared : NULL };
    size_t bytes = 0;
    for (int32_t a = 0; a < c->graph->axis_count; a++) {
        c->axes[a] = (rnni_axis){ .rows = count * plan->steps, .steps = count ? plan->steps : 0 };
        rnni_axis_take(&run.axis_arena, &c->axes[a], count, c->axes[a].steps, c->axes[a].rows);
        (void)rnni_axis_scratch(&run.axis_arena, count, c->axes[a].steps);
        if (plan->uneven && count > 1) c->axes[a].steps++;
    }
    rnni_run_lay_out(&run);
    add_block(&bytes, run.axis_arena.used, 1);
    add_block(&bytes, run.arena.used, 1);
    if (shared.used > *brief) *brief = shared.used;
    return bytes;
}

static size_t order_bytes(const counting *c)
{
    size_t bytes = 0;
    int64_t *steps;
    rnni_arena arena = { 0 };
    (void)rnni_order_take(&arena, c->plan->batch, c->plan->steps * c->graph->axis_count, &steps);
    add_block(&bytes, arena.used, 1);
    return bytes;
}

/* What an exec has whatever its batch, and with it one run a shard. */
static size_t fixed_bytes(const rnni_graph *graph, bool training, int32_t shards)
{
    size_t bytes = 0, nodes = (size_t)graph->count, axes = (size_t)graph->axis_count, runs = (size_t)shards;
    add(&bytes, nodes,
        1 + sizeof(size_t) + 2 * sizeof(rnni_real *) + sizeof(rnni_words) + sizeof(rnni_word_room));
    add_block(&bytes, axes, sizeof(int64_t));
    add(&bytes, runs, sizeof(rnni_run) + (axes ? axes * sizeof(rnni_axis) : 1) + nodes * sizeof(rnni_slot));
    if (!training) return bytes;
    add_block(&bytes, (size_t)graph->weight_total, sizeof(rnni_real));
    add_block(&bytes, (size_t)graph->input_count, sizeof(rnn_tensor_t *));
    add(&bytes, rnni_touched_bytes(graph), 1);
    add(&bytes, (runs - 1) * sizeof(rnni_real), (size_t)graph->dense_total);
    return bytes;
}

/* Gradients of inputs that are written where their readers get them. */
static size_t input_gradient_bytes(const counting *c)
{
    size_t bytes = 0;
    for (int32_t i = 0; c->plan->training && c->plan->input_gradients && i < c->graph->input_count; i++) {
        const rnni_node *input = c->graph->inputs[i];
        if (input->read_once) add(&bytes, (size_t)(rows_of(c, input) * input->features), sizeof(rnni_real));
    }
    return bytes;
}

static size_t count_all(counting *c)
{
    int64_t batch = c->plan->batch, shards = rnni_shard_count(c->graph, c->plan->training, batch),
            larger = batch % shards;
    size_t bytes = fixed_bytes(c->graph, c->plan->training, (int32_t)shards), brief = 0;
    c->whole.count = (int32_t)shards;
    c->whole.team = (rnni_team){ c->graph->context, c->graph->context->threads };
    add(&bytes, order_bytes(c), 1);
    add(&bytes, shared_bytes(c), 1);
    add(&bytes, input_gradient_bytes(c), 1);
    add(&bytes, (size_t)(shards - larger), shard_bytes(c, batch / shards, &brief));
    if (larger) add(&bytes, (size_t)larger, shard_bytes(c, batch / shards + 1, &brief));
    if (rnni_shards_in_turn(c->graph->context)) add_block(&bytes, brief, 1);
    return bytes;
}

rnn_status_t rnni_exec_bytes(const rnn_model_t *model, const rnni_plan *plan, int64_t *bytes)
{
    const rnni_graph *graph = &model->graph;
    rnn_context_t *context = graph->context;
    RNNI_REQUIRE(plan->batch >= 0 && plan->steps >= 0 && plan->batch <= INT32_MAX &&
                     plan->steps <= INT32_MAX && plan->batch * plan->steps <= MOST_ROWS,
                 RNN_ERROR_RANGE,
                 "%lld sequences of %lld steps, expected 0 or more and at most 2^40 steps in all",
                 (long long)plan->batch, (long long)plan->steps);
    size_t nodes = (size_t)graph->count, axes = (size_t)graph->axis_count;
    counting c = { .graph = graph, .plan = plan };
    c.axes = rnni_alloc_array(context, axes, sizeof *c.axes);
    c.slots = rnni_alloc_array(context, nodes, sizeof *c.slots);
    c.whole = (rnni_whole){ .graph = graph,
                            .shared = rnni_alloc_array(context, nodes, sizeof *c.whole.shared),
                            .words = rnni_alloc_array(context, nodes, sizeof *c.whole.words) };
    bool failed = !c.axes || !c.slots || !c.whole.shared || !c.whole.words;
    size_t all = failed ? 0 : count_all(&c);
    c.few_words = true;
    size_t few = failed ? 0 : count_all(&c);
    if (few > all) all = few;
    rnni_free(context, c.axes, axes * sizeof *c.axes);
    rnni_free(context, c.slots, nodes * sizeof *c.slots);
    rnni_free(context, c.whole.shared, nodes * sizeof *c.whole.shared);
    rnni_free(context, c.whole.words, nodes * sizeof *c.whole.words);
    if (failed) return RNN_ERROR_MEMORY;
    RNNI_REQUIRE(all <= INT64_MAX, RNN_ERROR_RANGE,
                 "%lld sequences of %lld steps take more bytes than there are addresses",
                 (long long)plan->batch, (long long)plan->steps);
    *bytes = (int64_t)all;
    return RNN_OK;
}

rnn_status_t rnni_exec_most_bytes(const rnn_model_t *model, rnni_plan plan, int64_t *bytes)
{
    int64_t even, uneven;
    plan.uneven = false;
    RNNI_TRY(rnni_exec_bytes(model, &plan, &even));
    plan.uneven = true;
    RNNI_TRY(rnni_exec_bytes(model, &plan, &uneven));
    *bytes = even > uneven ? even : uneven;
    return RNN_OK;
}

/* ---- the model itself */

/* Weights of a reduced precision, which products read in place of packed ones. */
static size_t reduced_bytes(const rnni_node *node)
{
    size_t bytes = (size_t)node->reduced_count * sizeof *node->reduced;
    for (int32_t i = 0; i < node->reduced_count; i++)
        if (node->reduced[i].block) add(&bytes, rnni_reduced_bytes(&node->reduced[i]), 1);
    add(&bytes, 2 * (size_t)node->halves_count, sizeof *node->halves);
    for (int32_t i = 0; i < 2 * node->halves_count; i++)
        if (node->halves[i].block) add(&bytes, rnni_reduced_bytes(&node->halves[i]), 1);
    return bytes;
}

static int64_t weight_bytes(const rnni_graph *graph)
{
    int64_t numbers = graph->weight_total * (graph->originals ? 2 : 1), reduced = 0;
    for (int32_t i = 0; i < graph->count; i++) {
        const rnni_node *node = graph->nodes[i];
        numbers += node->packed_count + node->packed_backward_count;
        reduced += (int64_t)reduced_bytes(node);
        if (rnni_is_recurrent(node))
            numbers += rnni_recurrent_rows_count(node) + rnni_recurrent_projected_count(node);
    }
    return numbers * (int64_t)sizeof(rnni_real) + reduced;
}

rnn_status_t rnn_model_memory(const rnn_model_t *model, int32_t what, int64_t batch, int64_t steps,
                              int64_t *bytes)
{
    RNNI_REQUIRE(model && bytes, RNN_ERROR_ARGUMENT, "rnn_model_memory: the %s is NULL",
                 model ? "place for the bytes" : "model");
    RNNI_REQUIRE(model->graph.built, RNN_ERROR_STATE, "rnn_model_memory: the model is not built");
    RNNI_REQUIRE(what >= RNN_MEMORY_MODEL && what <= RNN_MEMORY_STREAM, RNN_ERROR_ARGUMENT,
                 "rnn_model_memory: there is no RNN_MEMORY_* %d", (int)what);
    rnni_plan plan = { .batch = batch, .steps = steps, .training = what == RNN_MEMORY_TRAIN };
    if (what == RNN_MEMORY_STREAM) return rnni_state_bytes(model, bytes);
    if (what != RNN_MEMORY_MODEL) return rnni_exec_most_bytes(model, plan, bytes);
    *bytes = weight_bytes(&model->graph);
    return RNN_OK;
}
