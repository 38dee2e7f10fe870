/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "layers/recurrent.h"
#include "model/exec.h"
#include "model/state.h"

/* Many streams of one model, one step each: a batch of sequences that have one step. Layers without a state
 * work on all rows at once, recurrent ones gather the streams' states into rows and put them back; the few
 * others that carry something (pools) step stream by stream. Sums do not depend on the rows beside them, so
 * every stream gets the bits of a step of its own. */

/* Streams that are worked on together: enough to read the weights seldom, few enough that their rows stay in
 * the second-level cache. */
enum { GROUP = 32 };

struct rnn_states {
    rnn_context_t *context;
    rnn_model_t *model;   /* held */
    rnni_run run;         /* with room for GROUP rows */
    int64_t index[GROUP]; /* what run.index points to */
};

/* ---- creating */

static void set_rows(rnni_run *run, int64_t rows)
{
    rnni_axis *axis = run->axes;
    run->count = axis->count = axis->rows = rows;
    axis->steps = 1;
    axis->active[0] = rows;
    axis->offset[0] = 0;
    axis->offset[1] = rows;
    for (int64_t i = 0; i < rows; i++) axis->order[i] = axis->position[i] = i, axis->lengths[i] = 1;
}

static void lay_out_nodes(rnni_run *run)
{
    const rnni_graph *graph = run->graph;
    rnni_run_begin_plan(run);
    for (int32_t i = 0; i < graph->count; i++) {
        const rnni_node *node = graph->order[i];
        rnni_slot *slot = &run->slots[node->id];
        if (node->flow == RNNI_FLOW_TOKENS)
            slot->ids = rnni_arena_take(&run->arena, GROUP, sizeof *slot->ids);
        else
            slot->y = node->sequence_read || node->flow == RNNI_FLOW_VECTOR
                          ? rnni_run_take(run, GROUP * node->features)
                          : NULL;
        if (rnni_is_recurrent(node)) rnni_recurrent_plan_streams(node, run);
        else if (node->op->plan && rnni_state_size_of(node) == 0) node->op->plan(node, run);
    }
    rnni_run_end_plan(run);
}

static rnn_status_t lay_out(rnn_states_t *states)
{
    const rnni_graph *graph = &states->model->graph;
    rnni_run *run = &states->run;
    run->graph = graph;
    run->kernels = graph->kernels;
    run->index = states->index;
    run->axes = rnni_alloc(states->context, sizeof *run->axes);
    run->slots = rnni_alloc_array(states->context, (size_t)graph->count, sizeof *run->slots);
    if (!run->axes || !run->slots) return RNN_ERROR_MEMORY;
    rnni_axis_take(&run->axis_arena, run->axes, GROUP, 1, GROUP);
    RNNI_TRY(rnni_arena_reserve(&run->axis_arena, states->context, run->axis_arena.used));
    rnni_axis_take(&run->axis_arena, run->axes, GROUP, 1, GROUP);
    set_rows(run, GROUP);
    lay_out_nodes(run);
    RNNI_TRY(rnni_arena_reserve(&run->arena, states->context, run->arena.used));
    lay_out_nodes(run);
    return RNN_OK;
}

rnn_states_t *rnn_states_create(rnn_model_t *model)
{
    if (rnni_state_check_model(model) != RNN_OK) return NULL;
    rnn_states_t *states = rnni_alloc(model->graph.context, sizeof *states);
    if (!states) return NULL;
    states->context = model->graph.context;
    states->model = rnn_model_retain(model);
    if (lay_out(states) == RNN_OK) return states;
    rnn_states_free(states);
    return NULL;
}

void rnn_states_free(rnn_states_t *states)
{
    if (!states) return;
    rnn_model_t *model = states->model;
    rnn_context_t *context = states->context;
    rnni_arena_release(&states->run.arena, context);
    rnni_arena_release(&states->run.axis_arena, context);
    rnni_free(context, states->run.axes, sizeof *states->run.axes);
    rnni_free(context, states->run.slots, (size_t)model->graph.count * sizeof *states->run.slots);
    rnni_free(context, states, sizeof *states);
    rnn_model_free(model);
}

int64_t rnn_states_memory(const rnn_states_t *states)
{
    if (!states) return 0;
    const rnni_run *run = &states->run;
    return (int64_t)(sizeof *states + run->arena.capacity + run->axis_arena.capacity + sizeof *run->axes +
                     (size_t)states->model->graph.count * sizeof *run->slots);
}

/* ---- a group */

/* A layer with a state of its own kind: row by row in the streams' runs, whose slots are lent the rows for
 * the length of a call. */
static void step_apart(const rnni_node *node, const rnni_run *run, rnni_run *const *streams)
{
    const rnni_node *in = node->inputs[0];
    for (int64_t i = 0; i < run->count; i++) {
        rnni_slot *x = &streams[i]->slots[in->id], *y = &streams[i]->slots[node->id];
        rnni_real *own_x = x->y, *own_y = y->y;
        x->y = run->slots[in->id].y + i * in->features;
        y->y = run->slots[node->id].y + i * node->features;
        node->op->forward(node, streams[i]);
        x->y = own_x;
        y->y = own_y;
    }
}

/* A stream that has no company takes its own, shorter way. */
static void step_single(const rnni_run *run, rnn_state_t *stream, float *out)
{
    rnni_slot *slot = &stream->run.slots[stream->input->id];
    const rnni_slot *from = &run->slots[stream->input->id];
    rnni_real *own = slot->y;
    if (stream->input->flow == RNNI_FLOW_TOKENS) slot->ids[0] = from->ids[0];
    else slot->y = from->y;
    rnni_state_step(stream, 1, out);
    slot->y = own;
}

/* One step of `count` streams whose inputs are in the run; none is masked. */
static void step_group(rnn_states_t *states, rnn_state_t *const *group, int64_t count, float *const *out)
{
    rnni_run *run = &states->run, *streams[GROUP];
    if (count == 1) {
        step_single(run, group[0], out[0]);
        return;
    }
    if (run->count != count) set_rows(run, count);
    for (int64_t b = 0; b < count; b++) {
        streams[b] = &group[b]->run;
        if (streams[b]->axes->steps != 1) rnni_state_set_steps(streams[b]->axes, 1);
        if (group[b]->vector_count) rnni_state_load_vectors(group[b], run, b);
    }
    for (int32_t i = 0; i < group[0]->order_count; i++) {
        const rnni_node *node = group[0]->order[i];
        if (rnni_is_recurrent(node)) rnni_recurrent_streams(node, run, streams);
        else if (rnni_state_size_of(node) != 0) step_apart(node, run, streams);
        else node->op->forward(node, run);
    }
    for (int64_t b = 0; b < count; b++) {
        streams[b]->fresh = false;
        rnni_state_store_outputs(run, b, false, out[b]);
    }
}

/* ---- all of them */

/* Every stream is there, belongs to the model, and comes only once; then nothing can fail any more. */
static rnn_status_t check_streams(const rnn_states_t *states, rnn_state_t *const *streams, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        RNNI_REQUIRE(streams[i], RNN_ERROR_ARGUMENT, "stream %lld is NULL", (long long)i);
        RNNI_REQUIRE(streams[i]->model == states->model, RNN_ERROR_ARGUMENT,
                     "stream %lld belongs to another model", (long long)i);
        RNNI_TRY(rnni_state_check_precision(streams[i]));
    }
    int64_t marked = 0;
    while (marked < count && !streams[marked]->marked) streams[marked++]->marked = true;
    for (int64_t i = 0; i < marked; i++) streams[i]->marked = false;
    RNNI_REQUIRE(marked == count, RNN_ERROR_ARGUMENT, "stream %lld comes twice", (long long)marked);
    return RNN_OK;
}

static rnn_status_t check_call(const rnn_states_t *states, rnn_state_t *const *streams, int64_t count,
                               const void *in, const void *out)
{
    RNNI_REQUIRE(states && streams && in && out, RNN_ERROR_ARGUMENT,
                 "expected a workspace, streams, their inputs and a place for the outputs, one is NULL");
    RNNI_REQUIRE(count >= 0, RNN_ERROR_ARGUMENT, "%lld streams", (long long)count);
    return check_streams(states, streams, count);
}

rnn_status_t rnn_states_step(rnn_states_t *states, rnn_state_t *const *streams, int64_t count,
                             const float *in, float *out)
{
    RNNI_TRY(check_call(states, streams, count, in, out));
    const rnni_node *input = states->model->graph.axes[0].input;
    RNNI_REQUIRE(input->flow == RNNI_FLOW_SEQUENCE, RNN_ERROR_TYPE,
                 "input '%s' takes token ids, rnn_states_step_tokens steps it", input->name);
    uint64_t mode = rnni_denormals_flush();
    for (int64_t first = 0, n; first < count; first += n) {
        float *places[GROUP];
        n = count - first < GROUP ? count - first : GROUP;
        for (int64_t b = 0; b < n; b++) places[b] = out + (first + b) * streams[first]->output_size;
        rnni_state_take_in(&states->run.slots[input->id], false, n * input->features,
                           in + first * input->features);
        step_group(states, streams + first, n, places);
    }
    rnni_denormals_restore(mode);
    return RNN_OK;
}

/* Masked steps are made by their streams alone, and leave the group to the others. */
rnn_status_t rnn_states_step_tokens(rnn_states_t *states, rnn_state_t *const *streams, int64_t count,
                                    const int32_t *ids, float *out)
{
    RNNI_TRY(check_call(states, streams, count, ids, out));
    const rnni_graph *graph = &states->model->graph;
    const rnni_node *input = graph->axes[0].input;
    RNNI_REQUIRE(input->flow == RNNI_FLOW_TOKENS, RNN_ERROR_TYPE,
                 "input '%s' takes values, rnn_states_step steps it", input->name);
    for (int64_t i = 0; i < count; i++) RNNI_TRY(rnni_state_check_id(streams[i], ids[i]));
    uint64_t mode = rnni_denormals_flush();
    rnn_state_t *group[GROUP];
    float *places[GROUP];
    int64_t n = 0;
    for (int64_t i = 0; i < count; i++) {
        float *place = out + i * streams[i]->output_size;
        if (ids[i] == graph->axes[0].mask_id) {
            rnni_state_step(streams[i], 0, place);
        } else {
            group[n] = streams[i];
            states->run.slots[input->id].ids[n] = ids[i];
            places[n++] = place;
        }
        if (n == GROUP || (n && i == count - 1)) step_group(states, group, n, places), n = 0;
    }
    rnni_denormals_restore(mode);
    return RNN_OK;
}
