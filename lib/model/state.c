/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/io.h"
#include "layers/recurrent.h"
#include "model/exec.h"
#include "model/memory_plan.h"
#include "model/state.h"

/* A stream is a run of one sequence that sees one step at a time. Nodes keep what they need from step to step
 * in slot->carried. */

/* ---- creating */

rnn_status_t rnni_state_check_model(const rnn_model_t *model)
{
    if (!model) return rnni_fail_null("the model");
    const rnni_graph *graph = &model->graph;
    RNNI_REQUIRE(graph->built, RNN_ERROR_STATE, "the model is not built");
    RNNI_REQUIRE(graph->axis_count == 1, RNN_ERROR_UNSUPPORTED,
                 "a stream needs a model with one sequence input, this one has %d", (int)graph->axis_count);
    for (int32_t i = 0; i < graph->count; i++)
        RNNI_REQUIRE(rnni_state_size_of(graph->nodes[i]) >= 0, RNN_ERROR_UNSUPPORTED,
                     "layer %s looks ahead (reverse, bidirectional, or it reads what a whole sequence gives) "
                     "and cannot be stepped",
                     graph->nodes[i]->name);
    return RNN_OK;
}

static rnn_status_t survey_model(rnn_state_t *state)
{
    const rnni_graph *graph = &state->model->graph;
    state->input = graph->axes[0].input;
    for (int32_t i = 0; i < graph->count; i++) {
        const rnni_node *node = graph->nodes[i];
        state->carried_count += rnni_state_size_of(node);
        if (node->op->max_inputs == 0 && node->flow == RNNI_FLOW_VECTOR)
            state->vector_count += node->features;
    }
    for (int32_t i = 0; i < graph->output_count; i++) {
        state->output_size += graph->outputs[i].node->features;
        if (graph->outputs[i].node == state->input) state->copies_in = true;
    }
    state->order = rnni_alloc_array(state->context, (size_t)graph->count, sizeof *state->order);
    if (!state->order) return RNN_ERROR_MEMORY;
    for (int32_t i = 0; i < graph->count; i++)
        if (graph->order[i]->op->max_inputs) state->order[state->order_count++] = graph->order[i];
    return RNN_OK;
}

static void begin_run(rnn_state_t *state)
{
    const rnni_graph *graph = &state->model->graph;
    state->run.graph = graph;
    state->run.kernels = graph->kernels;
    state->run.count = 1;
    state->run.index = &state->index;
    state->run.stream = state->run.fresh = true;
}

static rnn_status_t lay_out(rnn_state_t *state)
{
    const rnni_graph *graph = &state->model->graph;
    rnni_run *run = &state->run;
    for (int32_t i = 0; i < graph->count; i++)
        if (rnni_is_recurrent(graph->nodes[i])) {
            RNNI_TRY(rnni_recurrent_make_rows(graph->nodes[i]));
            RNNI_TRY(rnni_recurrent_make_projected(graph->nodes[i]));
        }
    begin_run(state);
    run->axes = rnni_alloc(state->context, sizeof *run->axes);
    run->slots = rnni_alloc_array(state->context, (size_t)graph->count, sizeof *run->slots);
    state->carried = rnni_alloc_array(state->context, (size_t)state->carried_count, sizeof *state->carried);
    state->vectors = rnni_alloc_array(state->context, (size_t)state->vector_count, sizeof *state->vectors);
    if (!run->axes || !run->slots || !state->carried || !state->vectors) return RNN_ERROR_MEMORY;
    rnni_axis_take(&run->axis_arena, run->axes, 1, 1, 1);
    RNNI_TRY(rnni_arena_reserve(&run->axis_arena, state->context, run->axis_arena.used));
    rnni_axis_take(&run->axis_arena, run->axes, 1, 1, 1);
    rnni_state_set_steps(run->axes, 1);
    rnni_real *carried = state->carried;
    for (int32_t i = 0; i < graph->count; i++) {
        run->slots[i].carried = carried;
        carried += rnni_state_size_of(graph->nodes[i]);
    }
    rnni_run_lay_out(run);
    RNNI_TRY(rnni_arena_reserve(&run->arena, state->context, run->arena.used));
    rnni_run_lay_out(run);
    return RNN_OK;
}

/* As lay_out, on arenas without a block, which only count. */
rnn_status_t rnni_state_bytes(const rnn_model_t *model, int64_t *bytes)
{
    size_t nodes = (size_t)model->graph.count;
    rnn_context_t *context = model->graph.context;
    rnn_state_t state = { .context = context, .model = (rnn_model_t *)model };
    rnni_axis axis = { 0 };
    RNNI_TRY(rnni_state_check_model(model));
    RNNI_TRY(survey_model(&state));
    rnni_free(context, state.order, nodes * sizeof *state.order);
    begin_run(&state);
    state.run.axes = &axis;
    state.run.slots = rnni_alloc_array(context, nodes, sizeof *state.run.slots);
    if (!state.run.slots) return RNN_ERROR_MEMORY;
    rnni_axis_take(&state.run.axis_arena, &axis, 1, 1, 1);
    axis.rows = axis.steps = 1;
    rnni_run_lay_out(&state.run);
    rnni_free(context, state.run.slots, nodes * sizeof *state.run.slots);
    *bytes = (int64_t)(sizeof state + sizeof axis + nodes * (sizeof *state.order + sizeof *state.run.slots) +
                       state.run.axis_arena.used + state.run.arena.used +
                       (size_t)(state.carried_count + state.vector_count) * sizeof *state.carried +
                       (state.run.arena.used == 0) + (state.carried_count == 0) +
                       (state.vector_count == 0)); /* an empty block is one byte */
    return RNN_OK;
}

rnn_state_t *rnn_state_create(rnn_model_t *model)
{
    if (rnni_state_check_model(model) != RNN_OK) return NULL;
    rnn_state_t *state = rnni_alloc(model->graph.context, sizeof *state);
    if (!state) return NULL;
    state->context = model->graph.context;
    state->model = rnn_model_retain(model);
    state->generation = model->graph.generation;
    if (survey_model(state) == RNN_OK && lay_out(state) == RNN_OK) return state;
    rnn_state_free(state);
    return NULL;
}

void rnn_state_free(rnn_state_t *state)
{
    if (!state) return;
    rnn_model_t *model = state->model;
    rnn_context_t *context = state->context;
    rnni_arena_release(&state->run.arena, context);
    rnni_arena_release(&state->run.axis_arena, context);
    rnni_free(context, state->run.axes, sizeof *state->run.axes);
    rnni_free(context, state->run.slots, (size_t)model->graph.count * sizeof *state->run.slots);
    rnni_free(context, state->carried, (size_t)state->carried_count * sizeof *state->carried);
    rnni_free(context, state->vectors, (size_t)state->vector_count * sizeof *state->vectors);
    if (state->order) rnni_free(context, state->order, (size_t)model->graph.count * sizeof *state->order);
    rnni_free(context, state, sizeof *state);
    rnn_model_free(model);
}

int64_t rnn_state_memory(const rnn_state_t *state)
{
    if (!state) return 0;
    const rnni_run *run = &state->run;
    size_t nodes = (size_t)state->model->graph.count;
    size_t bytes = sizeof *state + run->arena.capacity + run->axis_arena.capacity + sizeof *run->axes +
                   nodes * (sizeof *run->slots + sizeof *state->order);
    size_t numbers = (size_t)(state->carried_count + state->vector_count) * sizeof(rnni_real);
    return (int64_t)(bytes + numbers + (state->carried_count == 0) +
                     (state->vector_count == 0)); /* an empty block has a byte */
}

/* ---- stepping */

void rnni_state_load_vectors(const rnn_state_t *state, const rnni_run *run, int64_t row)
{
    const rnni_real *from = state->vectors;
    for (int32_t i = 0; i < run->graph->input_count; i++) {
        const rnni_node *input = run->graph->inputs[i];
        if (input->flow != RNNI_FLOW_VECTOR) continue;
        memcpy(run->slots[input->id].y + row * input->features, from, (size_t)input->features * sizeof *from);
        from += input->features;
    }
}

/* To where the caller wants them, which may be where the input came from. */
static void copy_out(int64_t n, const rnni_real *from, float *to)
{
#ifdef RNNI_REAL_IS_DOUBLE
    for (int64_t i = 0; i < n; i++) to[i] = (float)from[i];
#else
    memmove(to, from, (size_t)n * sizeof *to);
#endif
}

void rnni_state_store_outputs(const rnni_run *run, int64_t row, bool masked, float *out)
{
    const rnni_graph *graph = run->graph;
    for (int32_t i = 0; i < graph->output_count; i++) {
        const rnni_node *node = graph->outputs[i].node;
        if (node->axis >= 0 && masked) memset(out, 0, (size_t)node->features * sizeof *out);
        else copy_out(node->features, run->slots[node->id].y + row * node->features, out);
        out += node->features;
    }
}

void rnni_state_step(rnn_state_t *state, int64_t steps, float *out)
{
    rnni_run *run = &state->run;
    if (run->axes->steps != steps) rnni_state_set_steps(run->axes, steps);
    if (state->vector_count) rnni_state_load_vectors(state, run, 0);
    uint64_t mode = rnni_denormals_flush();
    for (int32_t i = 0; i < state->order_count; i++) state->order[i]->op->forward(state->order[i], run);
    run->fresh = false;
    run->odd = !run->odd;
    rnni_state_store_outputs(run, 0, steps == 0, out);
    rnni_denormals_restore(mode); /* last, as what follows it waits for the step's arithmetic */
}

rnn_status_t rnni_state_check_precision(const rnn_state_t *state)
{
    RNNI_REQUIRE(state->generation == state->model->graph.generation, RNN_ERROR_STATE,
                 "the model's precision was changed after the state was made, a new one is needed");
    return RNN_OK;
}

rnn_status_t rnn_state_step(rnn_state_t *state, const float *in, float *out)
{
    RNNI_REQUIRE(state && in && out, RNN_ERROR_ARGUMENT,
                 "expected a state, an input and a place for the output, one is NULL");
    RNNI_REQUIRE(state->input->flow == RNNI_FLOW_SEQUENCE, RNN_ERROR_TYPE,
                 "input '%s' takes token ids, rnn_state_step_token steps it", state->input->name);
    RNNI_TRY(rnni_state_check_precision(state));
    rnni_state_take_in(&state->run.slots[state->input->id], state->copies_in, state->input->features, in);
    rnni_state_step(state, 1, out);
    return RNN_OK;
}

rnn_status_t rnni_state_check_id(const rnn_state_t *state, int32_t id)
{
    const rnni_graph *graph = &state->model->graph;
    for (int32_t i = 0; i < graph->count; i++) {
        const rnni_node *node = graph->nodes[i];
        if (node->input_count == 0 || node->inputs[0] != state->input) continue;
        int64_t limit = rnni_node_int(node, RNN_LAYER_VOCABULARY);
        RNNI_REQUIRE(id >= 0 && id < limit, RNN_ERROR_RANGE, "input '%s' has token id %d, expected 0 to %lld",
                     state->input->name, (int)id, (long long)limit - 1);
    }
    return RNN_OK;
}

rnn_status_t rnn_state_step_token(rnn_state_t *state, int32_t id, float *out)
{
    RNNI_REQUIRE(state && out, RNN_ERROR_ARGUMENT,
                 "expected a state and a place for the output, one is NULL");
    RNNI_REQUIRE(state->input->flow == RNNI_FLOW_TOKENS, RNN_ERROR_TYPE,
                 "input '%s' takes values, rnn_state_step steps it", state->input->name);
    RNNI_TRY(rnni_state_check_precision(state));
    RNNI_TRY(rnni_state_check_id(state, id));
    state->run.slots[state->input->id].ids[0] = id;
    rnni_state_step(state, id != state->model->graph.axes[0].mask_id, out);
    return RNN_OK;
}

int64_t rnn_state_output_size(const rnn_state_t *state) { return state ? state->output_size : 0; }

rnn_status_t rnn_state_reset(rnn_state_t *state)
{
    RNNI_REQUIRE(state, RNN_ERROR_ARGUMENT, "the state is NULL");
    if (state->carried_count)
        memset(state->carried, 0, (size_t)state->carried_count * sizeof *state->carried);
    state->run.fresh = true;
    return RNN_OK;
}

rnn_status_t rnn_state_set_vector(rnn_state_t *state, int32_t index, const float *values, int64_t count)
{
    RNNI_REQUIRE(state && values, RNN_ERROR_ARGUMENT, "expected a state and values, one is NULL");
    const rnni_graph *graph = &state->model->graph;
    RNNI_REQUIRE(index >= 0 && index < graph->input_count, RNN_ERROR_RANGE, "input %d, expected 0 to %d",
                 (int)index, (int)graph->input_count - 1);
    const rnni_node *input = graph->inputs[index];
    RNNI_REQUIRE(input->flow == RNNI_FLOW_VECTOR, RNN_ERROR_TYPE,
                 "input '%s' is a sequence, expected a vector input", input->name);
    RNNI_REQUIRE(count == input->features, RNN_ERROR_SHAPE, "input '%s' takes %lld numbers, %lld were given",
                 input->name, (long long)input->features, (long long)count);
    rnni_real *to = state->vectors;
    for (int32_t i = 0; i < index; i++)
        if (graph->inputs[i]->flow == RNNI_FLOW_VECTOR) to += graph->inputs[i]->features;
    for (int64_t i = 0; i < count; i++) to[i] = values[i];
    return RNN_OK;
}

/* ---- saving and restoring
 * -----------------------------------------------------------------------------------------
 *
 *   offset  bytes  what
 *        0      8  "rnnstate"
 *        8      8  format 1, little-endian like all numbers that follow
 *       16      8  fingerprint of graph and weights
 *       24      8  n: numbers that follow
 *       32      8  1 when no step was made yet, else 0
 *       40     4n  carried states in the order of the layers, then the vector inputs: float32 */

enum { HEADER = 40 };
static const char magic[8] = { 'r', 'n', 'n', 's', 't', 'a', 't', 'e' };

/* FNV-1a over 64-bit values, so that byte order does not matter. */
static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x100000001b3u;
    return hash ^ hash >> 29;
}

static uint64_t mix_number(uint64_t hash, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return mix(hash, bits);
}

static uint64_t fingerprint(const rnn_model_t *model)
{
    const rnni_graph *graph = &model->graph;
    uint64_t hash = 0xcbf29ce484222325u;
    for (int32_t i = 0; i < graph->count; i++) {
        const rnni_node *node = graph->nodes[i];
        for (const char *c = node->op->name; *c; c++) hash = mix(hash, (unsigned char)*c);
        hash = mix(hash, node->tied ? (uint64_t)node->tied->id : UINT64_MAX);
        for (int s = 1; s < RNN_LAYER_TRAINABLE; s++) /* those of training do not matter */
            if (rnni_op_takes(node->op, s)) hash = mix_number(hash, node->settings[s - 1]);
        for (int32_t j = 0; j < node->input_count; j++)
            hash = mix(hash, node->inputs[j] ? (uint64_t)node->inputs[j]->id : UINT64_MAX);
        for (int32_t w = 0; w < node->weight_count; w++)
            for (int64_t k = 0; k < node->weights[w].count; k++)
                hash = mix_number(hash, graph->weights[node->weights[w].offset + k]);
    }
    return hash;
}

static int64_t saved_numbers(const rnn_state_t *state) { return state->carried_count + state->vector_count; }

int64_t rnn_state_size(const rnn_state_t *state) { return state ? HEADER + 4 * saved_numbers(state) : 0; }

static rnni_real *number_at(const rnn_state_t *state, int64_t i)
{
    return i < state->carried_count ? &state->carried[i] : &state->vectors[i - state->carried_count];
}

rnn_status_t rnn_state_export(const rnn_state_t *state, void *buffer, int64_t size)
{
    RNNI_REQUIRE(state && buffer, RNN_ERROR_ARGUMENT, "expected a state and a buffer, one is NULL");
    RNNI_REQUIRE(size >= rnn_state_size(state), RNN_ERROR_ARGUMENT,
                 "the buffer has %lld bytes, the state needs %lld", (long long)size,
                 (long long)rnn_state_size(state));
    unsigned char *out = buffer;
    memcpy(out, magic, sizeof magic);
    rnni_store_u64(out + 8, 1);
    rnni_store_u64(out + 16, fingerprint(state->model));
    rnni_store_u64(out + 24, (uint64_t)saved_numbers(state));
    rnni_store_u64(out + 32, state->run.fresh);
    for (int64_t i = 0; i < saved_numbers(state); i++) {
        float value = (float)*number_at(state, i);
        uint32_t bits;
        memcpy(&bits, &value, 4);
        for (int b = 0; b < 4; b++) out[HEADER + 4 * i + b] = (unsigned char)(bits >> 8 * b);
    }
    return RNN_OK;
}

static float load_float(const unsigned char *bytes)
{
    uint32_t bits = 0;
    float value;
    for (int b = 3; b >= 0; b--) bits = bits << 8 | bytes[b];
    memcpy(&value, &bits, 4);
    return value;
}

rnn_status_t rnn_state_import(rnn_state_t *state, const void *buffer, int64_t size)
{
    RNNI_REQUIRE(state && buffer, RNN_ERROR_ARGUMENT, "expected a state and a buffer, one is NULL");
    const unsigned char *in = buffer;
    RNNI_REQUIRE(size >= HEADER && !memcmp(in, magic, sizeof magic), RNN_ERROR_FORMAT,
                 "the buffer does not hold a saved state");
    RNNI_REQUIRE(rnni_load_u64(in + 8) == 1, RNN_ERROR_UNSUPPORTED,
                 "the saved state has format %llu, expected 1", (unsigned long long)rnni_load_u64(in + 8));
    RNNI_REQUIRE(size == rnn_state_size(state) && rnni_load_u64(in + 24) == (uint64_t)saved_numbers(state),
                 RNN_ERROR_FORMAT, "the saved state has %lld bytes, this model's have %lld", (long long)size,
                 (long long)rnn_state_size(state));
    RNNI_REQUIRE(rnni_load_u64(in + 16) == fingerprint(state->model), RNN_ERROR_FORMAT,
                 "the saved state belongs to another model or to other weights");
    RNNI_REQUIRE(rnni_load_u64(in + 32) <= 1, RNN_ERROR_FORMAT, "the saved state is damaged");
    for (int64_t i = 0; i < saved_numbers(state); i++) *number_at(state, i) = load_float(in + HEADER + 4 * i);
    state->run.fresh = rnni_load_u64(in + 32) == 1;
    return RNN_OK;
}
