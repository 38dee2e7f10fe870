/* SPDX-License-Identifier: MIT */
/* Names, kinds and NULL arguments of layers. */
#include "model/helpers.h"

TEST(default_names)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_input_values(m, "x", 3);
    CHECK_STR(rnn_layer_name(x), "x");
    CHECK_STR(rnn_layer_kind(x), "input_values");
    rnn_layer_t *first = rnn_lstm(m, x, 4), *second = rnn_lstm(m, first, 4);
    CHECK_STR(rnn_layer_name(first), "lstm");
    CHECK_STR(rnn_layer_name(second), "lstm_1");
    CHECK_OK(rnn_layer_set_name(first, "encoder"));
    CHECK_STR(rnn_layer_name(first), "encoder");
    CHECK_STR(rnn_layer_name(rnn_lstm(m, x, 4)), "lstm");
    CHECK(rnn_model_layer(m, "encoder") == first);
    CHECK(rnn_model_layer(m, "lstm_1") == second);
    CHECK(rnn_model_layer(m, "nothing") == NULL && rnn_model_layer(m, NULL) == NULL);
    rnn_model_free(m);
}

/* A default name steps aside for one that was given. */
TEST(default_names_avoid_given_ones)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_input_values(m, "gru", 3);
    CHECK_STR(rnn_layer_name(rnn_gru(m, x, 4)), "gru_1");
    CHECK_STR(rnn_layer_name(rnn_gru(m, x, 4)), "gru_2");
    rnn_model_free(m);
}

TEST(names)
{
    static const struct {
        const char *name;
        rnn_status_t status;
    } table[] = {
        { "a", RNN_OK },
        { "Encoder_1-b", RNN_OK },
        { "0", RNN_OK },
        { "a23456789012345678901234567890123456789012345678901234567890123", RNN_OK },
        { "a234567890123456789012345678901234567890123456789012345678901234", RNN_ERROR_ARGUMENT },
        { "", RNN_ERROR_ARGUMENT },
        { NULL, RNN_ERROR_ARGUMENT },
        { "a b", RNN_ERROR_ARGUMENT },
        { "a/b", RNN_ERROR_ARGUMENT },
        { "\xc3\xa4", RNN_ERROR_ARGUMENT },
        { "rnn", RNN_ERROR_ARGUMENT },
        { "x", RNN_ERROR_NAME },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        rnn_model_t *m = rnn_model_create(NULL);
        rnn_layer_t *layer = rnn_dense(m, rnn_input_values(m, "x", 3), 4, RNN_RELU);
        CHECK_STATUS(rnn_layer_set_name(layer, table[i].name), table[i].status);
        CHECK_STR(rnn_layer_name(layer), table[i].status == RNN_OK ? table[i].name : "dense");
        rnn_model_free(m);
    }
}

TEST(a_layer_may_keep_its_name)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *layer = rnn_dense(m, rnn_input_values(m, "x", 3), 4, RNN_RELU);
    CHECK_OK(rnn_layer_set_name(layer, "dense"));
    rnn_model_free(m);
}

TEST(layers_of_another_model)
{
    rnn_model_t *one = rnn_model_create(NULL), *other = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_input_values(one, "x", 3), *mine = rnn_input_values(other, "mine", 3);
    CHECK(rnn_lstm(other, x, 4) == NULL);
    CHECK(strstr(rnn_last_error(), "another model") != NULL);
    CHECK_STATUS(rnn_model_set_output(other, x, "y"), RNN_ERROR_ARGUMENT);
    rnn_layer_t *layer = rnn_gru(one, x, 3), *foreign = rnn_gru(other, mine, 3);
    CHECK(rnn_layer_set_initial_state(layer, foreign) < 0);
    CHECK(rnn_layer_set_initial_vector(layer, RNN_STATE_HIDDEN, mine) < 0);
    CHECK_STATUS(rnn_model_build(other), RNN_ERROR_ARGUMENT);
    rnn_model_free(one);
    rnn_model_free(other);
}

/* Every function takes NULL for its layer or model and says so. */
TEST(null_arguments)
{
    int64_t number = 7;
    double real = 7;
    CHECK(rnn_input_tokens(NULL, "x") == NULL && rnn_input_values(NULL, "x", 1) == NULL);
    CHECK(rnn_input_vector(NULL, "x", 1) == NULL && rnn_embedding(NULL, NULL, 1, 1) == NULL);
    CHECK(rnn_simple_rnn(NULL, NULL, 1) == NULL && rnn_lstm(NULL, NULL, 1) == NULL &&
          rnn_gru(NULL, NULL, 1) == NULL);
    CHECK(rnn_dense(NULL, NULL, 1, 0) == NULL && rnn_dropout(NULL, NULL, 0.5) == NULL);
    CHECK(rnn_add(NULL, NULL, 0) == NULL && rnn_concat(NULL, NULL, 0) == NULL);
    CHECK(rnn_last(NULL, NULL) == NULL && rnn_mean_pool(NULL, NULL) == NULL &&
          rnn_max_pool(NULL, NULL) == NULL);
    CHECK(rnn_final_state(NULL, NULL, 0) == NULL);
    CHECK_STATUS(rnn_layer_set_int(NULL, RNN_LAYER_UNITS, 1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_layer_set_float(NULL, RNN_LAYER_DROPOUT, 0), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_layer_get_int(NULL, RNN_LAYER_UNITS, &number), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_layer_get_float(NULL, RNN_LAYER_DROPOUT, &real), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_layer_set_name(NULL, "a"), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_layer_set_initial_state(NULL, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_layer_set_initial_vector(NULL, 0, NULL), RNN_ERROR_ARGUMENT);
    CHECK(rnn_layer_name(NULL) == NULL && rnn_layer_kind(NULL) == NULL);
    CHECK_INT(rnn_layer_features(NULL), 0);
    CHECK_INT(number, 7);
    CHECK_NEAR(real, 7, 0);
}

/* Inputs need names of their own as well. */
TEST(input_names)
{
    rnn_model_t *m = rnn_model_create(NULL);
    CHECK(rnn_input_values(m, "no good", 1) == NULL);
    CHECK_STATUS(rnn_model_build(m), RNN_ERROR_ARGUMENT);
    CHECK(strstr(rnn_last_error(), "no good") != NULL);
    rnn_model_free(m);
}

TEST(kinds)
{
    static const char *const kinds[] = { "input_tokens", "input_values", "input_vector", "embedding",
                                         "simple_rnn",   "lstm",         "gru",          "final_state",
                                         "dense",        "dropout",      "add",          "concat",
                                         "last",         "mean_pool",    "max_pool" };
    int32_t count = 0;
    while (rnn_layer_kind_at(count)) count++;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        int32_t k = 0;
        while (rnn_layer_kind_at(k) && strcmp(rnn_layer_kind_at(k), kinds[i]) != 0) k++;
        CHECK(k < count);
    }
    CHECK(rnn_layer_kind_at(-1) == NULL && rnn_layer_kind_at(count) == NULL);
}

/* A layer that nothing else reads may be an output twice, under two names; an input may be one. */
TEST(outputs)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_input_values(m, "x", 3), *h = rnn_dense(m, x, 4, RNN_RELU);
    CHECK_OK(rnn_model_set_output(m, h, "a"));
    CHECK_OK(rnn_model_set_output(m, h, "b"));
    CHECK_OK(rnn_model_set_output(m, x, "c"));
    CHECK_OK(rnn_model_build(m));
    CHECK_INT(rnn_model_outputs(m), 3);
    CHECK_STR(rnn_model_output_name(m, 1), "b");
    CHECK(rnn_model_output_name(m, 3) == NULL && rnn_model_output_name(m, -1) == NULL);
    CHECK_INT(rnn_model_output_features(m, 2), 3);
    CHECK_INT(rnn_model_inputs(m), 1);
    CHECK_STR(rnn_model_input_name(m, 0), "x");
    rnn_batch_t *batch = help_batch(help_random_tensor(RNN_F32, 2, 3, 3, 1), NULL);
    rnn_tensor_t *y[3];
    CHECK_OK(rnn_model_run(m, batch, y, 3));
    help_same(y[0], y[1]);
    CHECK_INT(rnn_tensor_size(y[2], 2), 3);
    for (int i = 0; i < 3; i++) rnn_tensor_free(y[i]);
    rnn_batch_free(batch);
    rnn_model_free(m);
}

TEST_MAIN
