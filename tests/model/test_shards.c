/* SPDX-License-Identifier: MIT */
/* A training batch is sorted by length and cut into shards: fair ones, and nobody sees which. */
#include "model/exec.h"
#include "model/zoo.h"

enum { COUNT = 70, STEPS = 11 };

/* 0 to STEPS, in no order. */
static int64_t length_of(int64_t sequence) { return sequence * 7 % (STEPS + 1); }

/* ---- what comes back ---- */

/* Sequence i of the one batch is sequence COUNT - 1 - i of the other. */
static rnn_batch_t *make_batch(const zoo_row *row, int turned)
{
    rnn_tensor_t *data = zoo_data(row, COUNT, STEPS, 9), *placed = help_copy(data);
    int64_t lengths[COUNT], width = rnn_tensor_count(data) / COUNT;
    for (int64_t i = 0; i < COUNT; i++) {
        int64_t from = turned ? COUNT - 1 - i : i;
        lengths[i] = length_of(from);
        for (int64_t k = 0; k < width; k++)
            CHECK_OK(rnn_tensor_set(placed, i * width + k, rnn_tensor_get(data, from * width + k)));
    }
    rnn_tensor_free(data);
    rnn_batch_t *batch = help_batch(placed, help_integers(COUNT, lengths));
    for (int64_t i = 0; i < COUNT; i++) batch->index[i] = turned ? COUNT - 1 - i : i;
    return batch;
}

/* Forward, and back from the outputs themselves. */
static void train(rnni_exec *exec, const zoo_row *row, const rnn_batch_t *batch, rnn_tensor_t **y,
                  rnn_tensor_t **dx)
{
    const rnni_graph *graph = &exec->model->graph;
    CHECK_OK(rnni_exec_bind(exec, batch));
    rnni_exec_forward(exec);
    CHECK_OK(rnni_exec_tensor(exec, graph->outputs[0].node, 0, y));
    rnni_exec_clear_gradients(exec);
    CHECK_OK(rnni_exec_add_upstream(exec, graph->outputs[0].node, *y));
    rnni_exec_backward(exec);
    if (!row->tokens) CHECK_OK(rnni_exec_tensor(exec, graph->inputs[0], 1, dx));
}

static void check_turned(const zoo_row *row, const rnn_tensor_t *a, const rnn_tensor_t *b)
{
    if (!a) return;
    const float *x = rnn_tensor_const_data(a), *y = rnn_tensor_const_data(b);
    int64_t n = rnn_tensor_count(a) / COUNT;
    CHECK_INT(rnn_tensor_count(a), rnn_tensor_count(b));
    for (int64_t i = 0; i < COUNT; i++) {
        int same = memcmp(x + i * n, y + (COUNT - 1 - i) * n, (size_t)n * sizeof *x) == 0;
        if (!same) printf("%s: sequence %d\n", row->name, (int)i);
        CHECK(same);
    }
}

static void check_order(rnn_context_t *context, const zoo_row *row)
{
    rnn_model_t *model = zoo_make(context, row);
    rnn_tensor_t *y[2] = { NULL, NULL }, *dx[2] = { NULL, NULL };
    rnni_exec exec[2];
    CHECK_OK(rnni_graph_pack(&model->graph, 1));
    for (int turned = 0; turned < 2; turned++) {
        rnn_batch_t *batch = make_batch(row, turned);
        CHECK_OK(rnni_exec_init(&exec[turned], model, true));
        exec[turned].input_gradients = true;
        train(&exec[turned], row, batch, &y[turned], &dx[turned]);
        rnn_batch_free(batch);
    }
    check_turned(row, y[0], y[1]);
    check_turned(row, dx[0], dx[1]);
    for (int64_t i = 0; i < model->graph.trained_total; i++) /* sums in another order */
        CHECK_NEAR(exec[0].gradients[i], exec[1].gradients[i],
                   2e-4 * (1 + fabs((double)exec[0].gradients[i])));
    for (int i = 0; i < 2; i++) {
        rnn_tensor_free(y[i]);
        rnn_tensor_free(dx[i]);
        rnni_exec_release(&exec[i]);
    }
    rnn_model_free(model);
}

TEST(order_in_a_training_batch_does_not_matter)
{
    rnn_context_t *context = rnn_context_create(NULL);
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, 2));
    for (int i = 0; i < ZOO_ROWS; i++)
        /* which adds up the batch in its order */
        if (!strstr(zoo[i].name, "batch norm")) check_order(context, &zoo[i]);
    rnn_context_free(context);
}

/* ---- how it is cut ---- */

/* Runs a batch of such lengths as far as its shards. */
static void cut(rnn_model_t *model, rnni_exec *exec, int64_t count, const int64_t *lengths)
{
    rnn_batch_t *batch = help_batch(zoo_data(&zoo[0], count, STEPS, 3), help_integers(count, lengths));
    CHECK_OK(rnni_exec_init(exec, model, true));
    CHECK_OK(rnni_exec_bind(exec, batch));
    rnn_batch_free(batch);
}

TEST(shards_have_the_same_work)
{
    rnn_model_t *model = zoo_make(NULL, &zoo[0]);
    rnni_exec exec;
    int64_t lengths[COUNT], total = 0, before = STEPS;
    for (int64_t i = 0; i < COUNT; i++) total += 1 + (lengths[i] = length_of(i));
    cut(model, &exec, COUNT, lengths);
    CHECK_INT(exec.run_count, 3);
    for (int32_t i = 0; i < 3; i++) {
        const rnni_run *run = &exec.runs[i];
        int64_t work = run->count + run->axes[0].rows;
        CHECK(work > total / 3 - STEPS - 1 && work < total / 3 + STEPS + 1);
        CHECK(run->axes[0].steps <= before);
        before = run->axes[0].lengths[run->count - 1];
    }
    rnni_exec_release(&exec);
    rnn_model_free(model);
}

TEST(one_long_sequence_leaves_no_shard_empty)
{
    rnn_model_t *model = zoo_make(NULL, &zoo[0]);
    rnni_exec exec;
    int64_t lengths[COUNT] = { 0 };
    lengths[40] = STEPS;
    cut(model, &exec, COUNT, lengths);
    for (int32_t i = 0; i < exec.run_count; i++) CHECK(exec.runs[i].count > 0);
    CHECK_INT(exec.runs[0].sequence[0], 40);
    rnni_exec_release(&exec);
    rnn_model_free(model);
}

TEST(equal_lengths_keep_their_order)
{
    static const int64_t counts[][4] = { { 7, 1, 7, 7 }, { 17, 2, 9, 8 }, { 64, 2, 32, 32 },
                                         { COUNT, 3, 24, 23 } };
    rnn_model_t *model = zoo_make(NULL, &zoo[0]);
    for (int row = 0; row < 4; row++) {
        rnni_exec exec;
        int64_t lengths[COUNT];
        for (int64_t i = 0; i < counts[row][0]; i++) lengths[i] = STEPS;
        cut(model, &exec, counts[row][0], lengths);
        CHECK_INT(exec.run_count, counts[row][1]);
        CHECK_INT(exec.runs[0].count, counts[row][2]);
        CHECK_INT(exec.runs[exec.run_count - 1].count, counts[row][3]);
        for (int64_t i = 0; i < counts[row][0]; i++) CHECK_INT(exec.sequence[i], i);
        rnni_exec_release(&exec);
    }
    rnn_model_free(model);
}

TEST_MAIN
