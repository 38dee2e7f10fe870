/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "model/memory_plan.h"
#include "train/trainer.h"

/* Numbers that an output's loss has in each of its rows, in bytes: weight, share and loss, the answer, the
 * target, and where the loss needs a place of its own, the output again. */
static int64_t goal_bytes(const rnni_goal *goal)
{
    const int64_t real = sizeof(rnni_real), features = goal->node->features;
    if (!goal->loss) return 0;
    int64_t bytes = 3 * real + (int64_t)sizeof(int32_t);
    bytes += goal->loss->classes ? (int64_t)sizeof(int32_t) : features * real;
    return goal->probable || goal->added ? bytes + features * real : bytes;
}

/* Beside what an exec has: both are products of numbers that were checked, with shapes of layers. */
static int64_t own_bytes(const rnn_trainer_t *t, int64_t batch, int64_t steps)
{
    const rnni_graph *graph = rnni_graph_of_const(t->model);
    int64_t numbers = t->optim->states(t->optim_settings) * graph->weight_total, rows = 0;
    if (rnni_train_int(t, RNN_TRAIN_ACCUMULATE) > 1) numbers += graph->trained_total;
    for (int32_t i = 0; i < t->outputs; i++)
        rows += goal_bytes(&t->goals[i]) * (t->goals[i].node->axis < 0 ? batch : batch * steps);
    return numbers * (int64_t)sizeof(rnni_real) + rows;
}

rnn_status_t rnn_trainer_memory(rnn_trainer_t *t, int64_t batch, int64_t steps, int64_t *bytes)
{
    RNNI_TRY(rnni_trainer_idle(t, "rnn_trainer_memory"));
    RNNI_REQUIRE(bytes, RNN_ERROR_ARGUMENT, "rnn_trainer_memory: the place for the bytes is NULL");
    rnni_plan plan = { .batch = batch, .steps = steps, .training = true,
                       .input_gradients = t->train.input_gradients,
                       .recompute = (int32_t)rnni_train_int(t, RNN_TRAIN_RECOMPUTE),
                       .halves = rnni_train_int(t, RNN_TRAIN_PRECISION) == RNN_PRECISION_BF16,
                       .raw = t->train.raw };
    int64_t counted;
    RNNI_TRY(rnni_exec_most_bytes(t->model, plan, &counted));
    *bytes = counted + own_bytes(t, batch, steps);
    return RNN_OK;
}
