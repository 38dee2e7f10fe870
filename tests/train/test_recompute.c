/* SPDX-License-Identifier: MIT */
/* Gates and states that are computed again on the way back give the same bits as kept ones, in less
 * memory. */
#include "model/zoo.h"

enum { COUNT = 20, STEPS = 2000 }; /* long enough that every cell has segments of time */

/* Gradients of all weights, one tensor behind another, after a forward and a backward on
 * ragged sequences. */
static rnn_tensor_t *gradients(const zoo_row *row, int64_t recompute, int64_t *memory)
{
    int64_t lengths[COUNT];
    for (int64_t i = 0; i < COUNT; i++) lengths[i] = (i * 707 + 3) % (STEPS + 1);
    rnn_model_t *model = zoo_make(NULL, row);
    rnn_batch_t *batch = help_batch(zoo_data(row, COUNT, STEPS, 9), help_integers(COUNT, lengths));
    rnn_tensor_t *output = help_run(model, batch);
    rnn_tensor_t *upstream = help_upstream(output, 4);
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    CHECK_OK(rnn_trainer_set_int(trainer, RNN_TRAIN_RECOMPUTE, recompute));
    CHECK_OK(rnn_trainer_memory(trainer, COUNT, STEPS, memory));
    CHECK_OK(rnn_trainer_forward(trainer, batch, NULL));
    CHECK_OK(rnn_trainer_backward_from(trainer, (const rnn_tensor_t *const[]){ upstream }, 1));
    rnn_tensor_t *all = help_gradients(trainer, model, NULL);
    rnn_trainer_free(trainer);
    rnn_tensor_free(upstream);
    rnn_tensor_free(output);
    rnn_batch_free(batch);
    rnn_model_free(model);
    return all;
}

/* The same bits at all levels; counts in `smaller` those that take less memory. */
static void check_levels(const zoo_row *row, int *smaller)
{
    int64_t kept, again;
    rnn_tensor_t *a = gradients(row, RNN_RECOMPUTE_NONE, &kept);
    for (int64_t how = RNN_RECOMPUTE_GATES; how <= RNN_RECOMPUTE_TIME; how++) {
        rnn_tensor_t *b = gradients(row, how, &again);
        /* whose words are projected where nothing is computed again (test_words.c) */
        int rounded = row->make == zoo_large_table;
        if (!rounded && memcmp(rnn_tensor_const_data(a), rnn_tensor_const_data(b), help_bytes(a)) != 0)
            printf("%s, %d\n", row->name, (int)how);
        if (!rounded) help_same(a, b);
        CHECK(again <= kept);
        smaller[how] += again < kept;
        rnn_tensor_free(b);
    }
    rnn_tensor_free(a);
}

TEST(gradients_of_every_model)
{
    int smaller[RNN_RECOMPUTE_TIME + 1] = { 0 };
    for (int i = 0; i < ZOO_ROWS; i++) check_levels(&zoo[i], smaller);
    CHECK(smaller[RNN_RECOMPUTE_GATES] >= 25 && smaller[RNN_RECOMPUTE_TIME] >= 25);
}

static rnn_layer_t *reverse_wide(rnn_model_t *model, rnn_layer_t *x)
{
    return zoo_set(rnn_lstm(model, x, 66), RNN_LAYER_DIRECTION, RNN_REVERSE);
}

static rnn_layer_t *both_wide(rnn_model_t *model, rnn_layer_t *x)
{
    rnn_layer_t *both = zoo_set(rnn_lstm(model, x, 68), RNN_LAYER_DIRECTION, RNN_BIDIRECTIONAL);
    return zoo_set(both, RNN_LAYER_LAYERS, 2);
}

/* Layers of more than 64 units, which keep c at the beginning of stretches alone, against the direction of
 * time as well. */
TEST(gradients_of_wide_models)
{
    static const zoo_row wide[] = { { "wide reverse", 0, 0, reverse_wide },
                                    { "wide, both ways, stacked", 0, 0, both_wide } };
    int smaller[RNN_RECOMPUTE_TIME + 1] = { 0 };
    for (int i = 0; i < 2; i++) check_levels(&wide[i], smaller);
    CHECK(smaller[RNN_RECOMPUTE_GATES] == 2 && smaller[RNN_RECOMPUTE_TIME] == 2);
}

/* For each unit and step an LSTM keeps h, four gates, and of c those rows with which chunks of 16 steps begin; or
 * h and c, where gates are computed again. */
TEST(memory_shrinks)
{
    int64_t kept, again;
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *h = rnn_lstm(model, rnn_input_values(model, "x", 16), 128);
    CHECK_OK(rnn_model_set_output(model, rnn_last(model, h), "y"));
    CHECK_OK(rnn_model_build(model));
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    CHECK_OK(rnn_trainer_memory(trainer, 32, 1000, &kept));
    CHECK_OK(rnn_trainer_set_int(trainer, RNN_TRAIN_RECOMPUTE, 1));
    CHECK_OK(rnn_trainer_memory(trainer, 32, 1000, &again));
    CHECK_NEAR((double)(kept - again) / (32000.0 * 128 * sizeof(float)), 1 + 4 + 1.0 / 16 - 2, 0.03);
    rnn_trainer_free(trainer);
    rnn_model_free(model);
}

/* The outputs of a layer that goes forwards are its states: reading them all takes their gradients alone. */
TEST(outputs_take_no_memory)
{
    enum { BATCH = 32, LONG = 500, UNITS = 64 };
    int64_t bytes[2];
    for (int all = 0; all < 2; all++) {
        rnn_model_t *model = rnn_model_create(NULL);
        rnn_layer_t *h = rnn_lstm(model, rnn_input_values(model, "x", 16), UNITS);
        CHECK_OK(rnn_model_set_output(model, all ? h : rnn_last(model, h), "y"));
        CHECK_OK(rnn_model_build(model));
        CHECK_OK(rnn_model_memory(model, RNN_MEMORY_TRAIN, BATCH, LONG, &bytes[all]));
        rnn_model_free(model);
    }
    CHECK_NEAR((double)(bytes[1] - bytes[0]), (double)(BATCH * LONG * UNITS) * sizeof(float), 65536.0);
}

TEST_MAIN
