/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "core/pool.h"
#include "layers/precision.h"
#include "tensor/tensor.h"
#include "train/trainer.h"

rnn_status_t rnni_trainer_idle(const rnn_trainer_t *t, const char *what)
{
    RNNI_REQUIRE(t, RNN_ERROR_ARGUMENT, "%s: the trainer is NULL", what);
    RNNI_REQUIRE(!t->fitting, RNN_ERROR_STATE, "%s: not possible while rnn_trainer_fit runs", what);
    return RNN_OK;
}

/* ---- Forward and backward ---- */

rnn_status_t rnni_trainer_pass(rnn_trainer_t *t, rnni_exec *exec, const rnn_batch_t *batch, bool all,
                               rnni_sums *sums, double *loss)
{
    RNNI_TRY(rnni_goals_check(t, batch, all));
    rnni_goals_mark(t, exec);
    exec->seed = (uint64_t)rnni_train_int(t, RNN_TRAIN_SEED);
    /* Dropout draws by epoch; in a loop of the caller's own each update draws anew. */
    exec->epoch = (uint64_t)(t->fitting ? t->epoch : t->updates);
    exec->recompute = (int32_t)rnni_train_int(t, RNN_TRAIN_RECOMPUTE);
    exec->halves = exec->training && rnni_train_int(t, RNN_TRAIN_PRECISION) == RNN_PRECISION_BF16;
    if (exec->halves) RNNI_TRY(rnni_graph_make_halves(rnni_graph_of(t->model)));
    RNNI_TRY(rnni_exec_bind(exec, batch));
    RNNI_TRY(rnni_goals_place(t, exec));
    uint64_t mode = rnni_denormals_flush();
    rnni_exec_forward(exec);
    if (exec->training) rnni_exec_clear_gradients(exec);
    rnni_goals_rows(t, exec, exec->training);
    double sum = rnni_goals_sum(t, exec, sums);
    rnni_denormals_restore(mode);
    if (loss) *loss = sum;
    return RNN_OK;
}

static bool any_present(const rnn_trainer_t *t)
{
    for (int32_t i = 0; i < t->outputs; i++)
        if (t->goals[i].present) return true;
    return false;
}

void rnni_trainer_back(rnn_trainer_t *t)
{
    uint64_t mode = rnni_denormals_flush();
    rnni_exec_backward(&t->train);
    rnni_denormals_restore(mode);
    rnni_parts_freeze(t);
    t->phase = RNNI_PHASE_BACKWARD;
    t->differentiated = true;
}

rnn_status_t rnn_trainer_forward(rnn_trainer_t *t, const rnn_batch_t *batch, double *loss)
{
    RNNI_TRY(rnni_trainer_idle(t, "rnn_trainer_forward"));
    RNNI_REQUIRE(batch, RNN_ERROR_ARGUMENT, "rnn_trainer_forward: the batch is NULL");
    t->phase = RNNI_PHASE_NONE;
    RNNI_TRY(rnni_trainer_pass(t, &t->train, batch, false, NULL, loss));
    t->has_loss = any_present(t);
    t->phase = RNNI_PHASE_FORWARD;
    return RNN_OK;
}

static rnn_status_t after_forward(const rnn_trainer_t *t, const char *what)
{
    RNNI_TRY(rnni_trainer_idle(t, what));
    RNNI_REQUIRE(t->phase == RNNI_PHASE_FORWARD, RNN_ERROR_STATE,
                 "%s: each backward needs an rnn_trainer_forward before it", what);
    return RNN_OK;
}

rnn_status_t rnn_trainer_backward(rnn_trainer_t *t)
{
    RNNI_TRY(after_forward(t, "rnn_trainer_backward"));
    RNNI_REQUIRE(t->has_loss, RNN_ERROR_STATE,
                 "rnn_trainer_backward: the last forward had no loss (its batch has no target for an output "
                 "with a loss)");
    rnni_trainer_back(t);
    return RNN_OK;
}

/* Upstream gradients are those of the activated output, but a node that was run raw expects those of the
 * values before. */
static rnn_status_t through_activations(rnn_trainer_t *t)
{
    for (int32_t i = 0; i < t->outputs; i++) {
        if (!t->train.raw[t->goals[i].node->id]) continue;
        RNNI_TRY(rnni_goal_activate(t, &t->goals[i], &t->train));
        rnni_goal_activate_backward(&t->goals[i], &t->train);
    }
    return RNN_OK;
}

/* Shapes are those that rnn_model_run gives: [B, features] or [B, T, features] with T steps of the longest
 * input sequence. */
static rnn_status_t check_upstream(const rnn_trainer_t *t, int32_t output, const rnn_tensor_t *upstream)
{
    const rnni_graph *graph = rnni_graph_of_const(t->model);
    const rnni_node *node = t->goals[output].node;
    const rnn_batch_t *batch = t->train.batch;
    int64_t shape[3] = { batch->count, 0, node->features };
    char expected[RNNI_SHAPE_TEXT], got[RNNI_SHAPE_TEXT];
    int32_t rank = node->axis < 0 ? 2 : 3, input = 0;
    while (rank == 3 && graph->inputs[input] != graph->axes[node->axis].input) input++;
    shape[1] = rank == 3 ? rnni_column_longest(&batch->input[input]) : node->features;
    bool same = rnn_tensor_rank(upstream) == rank;
    for (int32_t i = 0; same && i < rank; i++) same = rnn_tensor_size(upstream, i) == shape[i];
    RNNI_REQUIRE(same, RNN_ERROR_SHAPE, "the gradient of output '%s' has the shape %s, expected %s",
                 graph->outputs[output].name, rnni_shape_text(upstream->rank, upstream->shape, got),
                 rnni_shape_text(rank, shape, expected));
    return RNN_OK;
}

rnn_status_t rnn_trainer_backward_from(rnn_trainer_t *t, const rnn_tensor_t *const *upstream, int32_t count)
{
    RNNI_TRY(after_forward(t, "rnn_trainer_backward_from"));
    RNNI_REQUIRE(upstream && count >= 0 && count <= t->outputs, RNN_ERROR_ARGUMENT,
                 "rnn_trainer_backward_from: %d gradients, but the model has %d outputs", (int)count,
                 (int)t->outputs);
    for (int32_t i = 0; i < count; i++)
        if (upstream[i]) RNNI_TRY(check_upstream(t, i, upstream[i]));
    t->phase = RNNI_PHASE_NONE; /* the gradients of the loss are gone, whatever comes */
    rnni_exec_clear_gradients(&t->train);
    for (int32_t i = 0; i < count; i++)
        if (upstream[i]) RNNI_TRY(rnni_exec_add_upstream(&t->train, t->goals[i].node, upstream[i]));
    RNNI_TRY(through_activations(t));
    rnni_trainer_back(t);
    return RNN_OK;
}

/* Exchanges the values of an output with those in the goal's work rows. */
static void exchange(const rnni_goal *goal, const rnni_exec *exec)
{
    const int64_t n = goal->node->features;
    for (int32_t r = 0; r < exec->run_count; r++) {
        rnni_real *y = exec->runs[r].slots[goal->node->id].y, *work = goal->work + goal->first[r] * n;
        int64_t count = rnni_run_rows(&exec->runs[r], goal->node) * n;
        for (int64_t i = 0; i < count; i++) {
            rnni_real kept = y[i];
            y[i] = work[i];
            work[i] = kept;
        }
    }
}

rnn_status_t rnn_trainer_output(rnn_trainer_t *t, int32_t index, rnn_tensor_t **output)
{
    RNNI_TRY(rnni_trainer_idle(t, "rnn_trainer_output"));
    RNNI_REQUIRE(output, RNN_ERROR_ARGUMENT, "rnn_trainer_output: the place for the tensor is NULL");
    RNNI_REQUIRE(t->phase != RNNI_PHASE_NONE, RNN_ERROR_STATE,
                 "rnn_trainer_output: there was no rnn_trainer_forward");
    RNNI_REQUIRE(index >= 0 && index < t->outputs, RNN_ERROR_ARGUMENT,
                 "rnn_trainer_output: output %d, but the model has %d", (int)index, (int)t->outputs);
    rnni_goal *goal = &t->goals[index];
    if (!t->train.raw[goal->node->id]) return rnni_exec_tensor(&t->train, goal->node, 0, output);
    RNNI_TRY(rnni_goal_activate(t, goal, &t->train));
    exchange(goal, &t->train);
    rnn_status_t status = rnni_exec_tensor(&t->train, goal->node, 0, output);
    exchange(goal, &t->train);
    return status;
}

/* ---- Gradients ---- */

static void release_trainer(void *trainer) { rnn_trainer_free(trainer); }

rnn_tensor_t *rnn_trainer_gradient(rnn_trainer_t *t, const char *weight)
{
    if (!t || !weight) {
        rnni_fail(RNN_ERROR_ARGUMENT, "rnn_trainer_gradient: the %s is NULL", t ? "name" : "trainer");
        return NULL;
    }
    if (!t->differentiated) {
        rnni_fail(RNN_ERROR_STATE, "rnn_trainer_gradient: there was no rnn_trainer_backward");
        return NULL;
    }
    const rnni_weight *w = rnni_graph_weight(rnni_graph_of_const(t->model), weight, NULL);
    if (!w) {
        rnni_fail(RNN_ERROR_NAME, "the model has no weight '%s'", weight);
        return NULL;
    }
    atomic_fetch_add(&t->references, 1);
    rnn_tensor_t *view = rnni_tensor_view_const(t->context, RNNI_REAL_DTYPE, w->rank, w->shape,
                                                t->train.gradients + w->offset, release_trainer, t);
    if (!view) rnn_trainer_free(t);
    return view;
}

rnn_status_t rnn_trainer_input_gradient(rnn_trainer_t *t, int32_t index, rnn_tensor_t **gradient)
{
    RNNI_TRY(rnni_trainer_idle(t, "rnn_trainer_input_gradient"));
    const rnni_graph *graph = rnni_graph_of_const(t->model);
    RNNI_REQUIRE(index >= 0 && index < graph->input_count, RNN_ERROR_ARGUMENT,
                 "rnn_trainer_input_gradient: input %d, but the model has %d", (int)index,
                 (int)graph->input_count);
    const rnni_node *node = graph->inputs[index];
    RNNI_REQUIRE(node->flow != RNNI_FLOW_TOKENS, RNN_ERROR_ARGUMENT,
                 "rnn_trainer_input_gradient: input '%s' is tokens, which have no gradient", node->name);
    if (!gradient) {
        t->train.input_gradients = true;
        return RNN_OK;
    }
    RNNI_REQUIRE(t->phase == RNNI_PHASE_BACKWARD && t->train.input_gradients, RNN_ERROR_STATE,
                 "rnn_trainer_input_gradient: ask with NULL first, then run forward and backward");
    RNNI_REQUIRE(
        t->train.run_count == 0 || t->train.runs[0].input_gradients, RNN_ERROR_STATE,
        "rnn_trainer_input_gradient: the last forward ran before gradients of inputs were asked for");
    return rnni_exec_tensor(&t->train, node, 1, gradient);
}
