/* SPDX-License-Identifier: MIT */
/* Dropout: only in training, at its rate, with the mean kept, and repeatable. */
#include "model/helpers.h"

enum { COUNT = 40, STEPS = 10, FEATURES = 30 };

static rnn_batch_t *ones(void)
{
    rnn_tensor_t *data = help_tensor(RNN_F32, COUNT, STEPS, FEATURES);
    for (int64_t i = 0; i < rnn_tensor_count(data); i++) CHECK_OK(rnn_tensor_set(data, i, 1));
    return help_batch(data, NULL);
}

static rnn_model_t *make(double rate, int64_t seed)
{
    rnn_context_t *context = rnn_context_create(NULL);
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_SEED, seed));
    rnn_model_t *model = rnn_model_create(context);
    CHECK_OK(
        rnn_model_set_output(model, rnn_dropout(model, rnn_input_values(model, "x", FEATURES), rate), "y"));
    CHECK_OK(rnn_model_build(model));
    rnn_context_free(context);
    return model;
}

/* The output of a forward in training mode. */
static rnn_tensor_t *train_output(rnn_model_t *model, rnn_batch_t *batch)
{
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    rnn_tensor_t *y = NULL;
    CHECK(trainer != NULL);
    CHECK_OK(rnn_trainer_forward(trainer, batch, NULL));
    CHECK_OK(rnn_trainer_output(trainer, 0, &y));
    rnn_trainer_free(trainer);
    return y;
}

static void check_rate(double rate)
{
    rnn_model_t *model = make(rate, 3);
    rnn_batch_t *batch = ones();
    rnn_tensor_t *y = train_output(model, batch);
    double zeros = 0, count = (double)rnn_tensor_count(y);
    for (int64_t i = 0; i < rnn_tensor_count(y); i++) {
        double value = rnn_tensor_get(y, i);
        zeros += value == 0;
        if (value != 0) CHECK_NEAR(value, 1 / (1 - rate), 1e-5 / (1 - rate));
    }
    CHECK_NEAR(zeros / count, rate, 4 * sqrt(rate * (1 - rate) / count));
    rnn_tensor_free(y);
    rnn_batch_free(batch);
    rnn_model_free(model);
}

TEST(rates)
{
    check_rate(0);
    check_rate(0.1);
    check_rate(0.5);
    check_rate(0.9);
}

TEST(prediction_is_not_touched)
{
    rnn_model_t *model = make(0.5, 3);
    rnn_batch_t *batch = ones();
    rnn_tensor_t *y = help_run(model, batch);
    for (int64_t i = 0; i < rnn_tensor_count(y); i++) CHECK_NEAR(rnn_tensor_get(y, i), 1, 0);
    rnn_tensor_free(y);
    rnn_batch_free(batch);
    rnn_model_free(model);
}

TEST(masks_follow_the_seed)
{
    rnn_batch_t *batch = ones();
    rnn_tensor_t *y[3];
    for (int i = 0; i < 3; i++) {
        rnn_model_t *model = make(0.5, i == 2 ? 4 : 3);
        y[i] = train_output(model, batch);
        rnn_model_free(model);
    }
    help_same(y[0], y[1]);
    CHECK(memcmp(rnn_tensor_const_data(y[0]), rnn_tensor_const_data(y[2]), help_bytes(y[0])) != 0);
    for (int i = 0; i < 3; i++) rnn_tensor_free(y[i]);
    rnn_batch_free(batch);
}

/* Sequences, steps and features have masks of their own: no two rows are alike. */
TEST(rows_differ)
{
    rnn_model_t *model = make(0.5, 3);
    rnn_batch_t *batch = ones();
    rnn_tensor_t *y = train_output(model, batch);
    const float *rows = rnn_tensor_const_data(y);
    for (int64_t a = 0; a < COUNT * STEPS; a++)
        for (int64_t b = 0; b < a; b++)
            CHECK(memcmp(rows + a * FEATURES, rows + b * FEATURES, FEATURES * sizeof *rows) != 0);
    rnn_tensor_free(y);
    rnn_batch_free(batch);
    rnn_model_free(model);
}

/* A recurrent layer's input mask is one for all steps of a sequence: with an input of ones and no recurrence,
 * all steps are alike, and sequences differ. */
TEST(recurrent_layers_keep_a_mask)
{
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *h = rnn_simple_rnn(model, rnn_input_values(model, "x", FEATURES), 8);
    CHECK_OK(rnn_layer_set_float(h, RNN_LAYER_DROPOUT, 0.5));
    CHECK_OK(rnn_layer_set_int(h, RNN_LAYER_RECURRENT_INIT, RNN_INIT_ZEROS));
    CHECK_OK(rnn_model_set_output(model, h, "y"));
    CHECK_OK(rnn_model_build(model));
    rnn_batch_t *batch = ones();
    rnn_tensor_t *y = train_output(model, batch);
    const float *rows = rnn_tensor_const_data(y);
    for (int64_t b = 0; b < COUNT; b++) {
        for (int64_t t = 1; t < STEPS; t++)
            CHECK_BYTES(rows + (b * STEPS + t) * 8, rows + b * STEPS * 8, 8 * sizeof *rows);
        if (b) CHECK(memcmp(rows + b * STEPS * 8, rows + (b - 1) * STEPS * 8, 8 * sizeof *rows) != 0);
    }
    rnn_tensor_free(y);
    rnn_batch_free(batch);
    rnn_model_free(model);
}

TEST_MAIN
